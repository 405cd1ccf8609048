//! Module zips: spooled while they arrive, followed while they are spooled, proven before they are whole.

use std::{
    convert::Infallible,
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use gomod::{
    dirhash::H1,
    module::{ModulePath, Version},
    zip::{FileFault, MAX_ZIP_BYTES, check::Report},
};
use plan::{Event, Reason};
use store::{FileAt, Kind, Part, Stage};
use tokio::sync::Semaphore;

use super::Fetcher;
use crate::{
    answer::{Answer, Body, Caching, Media},
    cache::{immutable, in_trouble},
    chain::{Chain, Miss},
    crew::check_zip,
    flight::Landing,
    journey::Journey,
    limits,
    proxy::Landed,
    spool::{Settled, SpoolReader, SpoolWriter},
    upstream::Failure,
    vouch::Sums,
};

/// A zip that arrived whole.
struct Arrived {
    spool: SpoolWriter,
    origin: String,
}

/// What is told early, at most once: from then on the bytes may be on their way to clients.
struct Early<'a> {
    landing: &'a Landing<Landed>,
    told: AtomicBool,
    /// False if these bytes were cut the last time.
    allowed: bool,
}

impl Fetcher {
    /// Fetches a zip. `landing` hears of it early if it is large; everyone else waits for the proof.
    pub(super) async fn zip(
        &self,
        chain: &Chain,
        module: &ModulePath,
        version: &Version,
        journey: &Journey,
        landing: &Landing<Landed>,
    ) -> Landed {
        let stage = self.cache.blobs.stage().map_err(|error| Miss::Failed(in_trouble(error.into())))?;
        let what = format!("{}/@v/{}.zip", module.escaped(), version.escaped());
        let early = Early { landing, told: AtomicBool::new(false), allowed: !self.distrusted.holds(&what) };
        let end = self.zip_to(stage, &early, chain, module, version, journey).await;
        let was_cut = early.told.load(Ordering::Acquire) && end.is_err();
        if let (true, Err(Miss::Failed(reason))) = (was_cut, &end) {
            // Who is cut cannot be told; the trace can.
            journey.note(Event::Refused(reason.clone()));
        }
        if was_cut || !early.allowed {
            self.distrusted.set(&what, end.is_err());
        }
        end
    }

    async fn zip_to(
        &self,
        stage: Stage,
        early: &Early<'_>,
        chain: &Chain,
        module: &ModulePath,
        version: &Version,
        journey: &Journey,
    ) -> Landed {
        // Side by side: the database is asked while the zip arrives, so a small zip waits for the slower of the two, not for both.
        let (arrived, sums) = tokio::join!(
            self.arrive(chain, module, version, &stage, journey, early),
            self.voucher.sums(module, version, journey)
        );
        let Arrived { spool, origin } = arrived?;
        let proof = match sums {
            Ok(sums) => self.prove(module, version, &stage, &spool, sums).await,
            Err(reason) => Err(reason),
        };
        match proof {
            Ok((sums, h1)) => self.keep_zip(module, version, stage, spool, (origin, sums, h1), journey).await,
            Err(reason) => {
                spool.settle(Settled::Refused);
                Err(Miss::Failed(reason))
            }
        }
    }

    async fn arrive(
        &self,
        chain: &Chain,
        module: &ModulePath,
        version: &Version,
        stage: &Stage,
        journey: &Journey,
        early: &Early<'_>,
    ) -> Result<Arrived, Miss> {
        let what = format!("{}/@v/{}.zip", module.escaped(), version.escaped());
        let mut travel = chain.travel(what, journey);
        let mut spool = SpoolWriter::new(stage);
        while let Some(upstream) = travel.here() {
            let announce = early.announce(spool.reader(), self.clock.now());
            let end = tokio::select! {
                end = upstream.zip(module, version, &mut spool, journey) => end,
                never = announce.then_never() => match never {},
            };
            match end {
                Ok(()) => return Ok(Arrived { spool, origin: upstream.name().to_owned() }),
                // The disk did not take the bytes: no other upstream would help.
                Err(_) if let Some(error) = spool.fault() => return Err(Miss::Failed(in_trouble(error.into()))),
                // Clients have bytes of this upstream already: another one's cannot be mixed in. They see a cut connection.
                Err(failure) if early.told.load(Ordering::Acquire) => return Err(Miss::Failed(broken(upstream.name(), failure))),
                Err(failure) => {
                    travel.failed(failure);
                    spool.restart().await.map_err(|error| Miss::Failed(in_trouble(error.into())))?;
                }
            }
        }
        Err(travel.miss())
    }

    /// Holds the h1 of the zip against the sums. One that came from elsewhere is checked by all rules first; one that was made here was made by them.
    async fn prove(
        &self,
        module: &ModulePath,
        version: &Version,
        stage: &Stage,
        spool: &SpoolWriter,
        sums: Sums,
    ) -> Result<(Sums, H1), Reason> {
        let h1 = match spool.h1() {
            Some(h1) if spool.written() <= MAX_ZIP_BYTES => h1,
            Some(_) | None => self.check(module, version, stage, spool.written()).await?,
        };
        sums.check_zip(module, version, &h1)?;
        Ok((sums, h1))
    }

    /// Checks the zip by all rules. Takes one core, so only so many at once; where cores are free, a large zip takes more.
    async fn check(&self, module: &ModulePath, version: &Version, stage: &Stage, size_bytes: u64) -> Result<H1, Reason> {
        let _permit = self.checks.acquire().await.map_err(|_| Reason::Stopping)?;
        let (file, module, version, checks) =
            (Arc::clone(&stage.file), module.clone(), version.clone(), Arc::clone(&self.checks));
        let check = tokio::task::spawn_blocking(move || check_file((&file, size_bytes), &module, &version, &checks));
        check.await.map_err(|error| Reason::Internal(error.to_string()))?
    }

    async fn keep_zip(
        &self,
        module: &ModulePath,
        version: &Version,
        stage: Stage,
        spool: SpoolWriter,
        (origin, sums, h1): (String, Sums, H1),
        journey: &Journey,
    ) -> Landed {
        let (digest, size_bytes, file) = (spool.digest(), spool.written(), Arc::clone(&stage.file));
        let vouched = sums.vouched().to_owned();
        let part = Part { digest, size_bytes, h1: Some(h1.to_string()), vouched, origin, kept_at: self.clock.now() };
        let kept = match self.cache.blobs.put(stage, digest, size_bytes).await {
            // A crash here leaves a blob without a record: swept, never served.
            Ok(()) => self.cache.index.keep(module.as_str(), version.as_str(), Kind::Zip, part.clone()).await,
            Err(error) => Err(error.into()),
        };
        // Other bytes with another h1 were kept first: those that are on their way are cut.
        let drifted = matches!(&kept, Ok(store::Kept::Differs(first)) if first.h1 != part.h1);
        spool.settle(if drifted { Settled::Refused } else { Settled::Proven });
        let fresh = match self.cache.blobs.open(digest, size_bytes).await {
            Ok(Some(blob)) => immutable(Kind::Zip, &part, blob),
            Ok(None) | Err(_) => passing(file, &part),
        };
        self.after_keeping((module, version, Kind::Zip), (kept, &part), fresh, journey).await
    }
}

impl<'a> Early<'a> {
    fn announce(&'a self, reader: SpoolReader, modified_at: i64) -> Announcement<'a> {
        Announcement { early: self, reader, modified_at }
    }
}

/// Waits for the length of a zip, and tells everyone if it is large enough to stream.
struct Announcement<'a> {
    early: &'a Early<'a>,
    reader: SpoolReader,
    modified_at: i64,
}

impl Announcement<'_> {
    async fn then_never(mut self) -> Infallible {
        self.until_known().await;
        std::future::pending().await
    }

    async fn until_known(&mut self) {
        let state = self.reader.wait(|state| state.length.is_some()).await;
        let Some(length) = state.length.filter(|length| *length > limits::PROVEN_FIRST_BYTES && state.settled.is_none()) else {
            return;
        };
        if self.early.allowed && !self.early.told.swap(true, Ordering::AcqRel) {
            self.early.landing.tell(Ok(growing(self.reader.clone(), length, self.modified_at)));
        }
    }
}

fn growing(reader: SpoolReader, length: u64, modified_at: i64) -> Answer {
    let body = Body::Growing(reader, length);
    Answer { body, digest: None, modified_at, media: Media::Zip, caching: Caching::Immutable, hot_for: Duration::ZERO }
}

/// A proven zip that could not be kept: served from its temporary file while somebody holds it.
fn passing(file: Arc<File>, part: &Part) -> Answer {
    let body = Body::File(file, part.size_bytes);
    let digest = Some(part.digest);
    Answer { body, digest, modified_at: part.kept_at, media: Media::Zip, caching: Caching::Immutable, hot_for: Duration::ZERO }
}

fn check_file((file, size_bytes): (&File, u64), module: &ModulePath, version: &Version, free: &Semaphore) -> Result<H1, Reason> {
    let zip = || format!("{}/@v/{}.zip", module.as_str(), version.as_str());
    let report = check_zip(&|| Box::new(FileAt::new(file, size_bytes)), module, version, free)
        .map_err(|error| Reason::BadContent(format!("{}: {error}", zip())))?;
    report.h1.ok_or_else(|| Reason::BadContent(bad_zip(&zip(), module, version, &report)))
}

/// The go command's words: those of its download for an entry outside of the module, those of its unpacking for everything else.
fn bad_zip(zip: &str, module: &ModulePath, version: &Version, report: &Report) -> String {
    let stranger = report.invalid.iter().find(|file| matches!(file.why, FileFault::Prefix(_)));
    match stranger {
        Some(file) => format!("zip for {}@{} has unexpected file {}", module.as_str(), version.as_str(), file.path),
        None => format!("unzip {zip}: {}", report.fault().unwrap_or_else(|| "no h1".into())),
    }
}

fn broken(upstream: &str, failure: Failure) -> Reason {
    match failure {
        Failure::Trouble(trouble) => crate::chain::trouble_reason(upstream, "the zip", &trouble),
        Failure::NotExist(text) => crate::chain::trouble_reason(upstream, "the zip", &plan::Trouble::Status(404, text)),
    }
}

//! Proves all that a store holds again: every log of our own, tile by tile, against its signed head and the index's lock; every kept tile and lookup of
//! checksum databases of others; every blob's digest, every h1 out of the bytes, against the record and against the records of all these databases.
//! It asks nobody.
//!
//! What is wrong is put aside where the store is held alone, and then comes back only as bytes with the recorded h1. A kept tile or
//! lookup of others that does not prove is removed there. Two things are told and left: bytes that a database proves although their record says
//! otherwise, for then the record is what is damaged; and logs of our own, which nobody else has.

use std::{collections::VecDeque, sync::Arc, thread::available_parallelism};

use gomod::{
    module::{ModulePath, Version},
    sumdb::note::SignerKey,
};
use store::{
    Gone, Index, Kind, Part, Reference, StoreError, VersionRecord,
    limits::PAGE,
    stock::{Hold, Stock},
};
use tokio::{
    sync::Semaphore,
    task::{JoinSet, spawn_blocking},
};

use self::{logs::Known, read::read_parts, teller::Teller, voice::Voice};
use crate::{
    BadSettings,
    limits::{STOCK_AT_ONCE, STOCK_PER_CORE},
    notary,
    replay::Holds,
    settings::{self, OwnSumdb},
    sumdb::Sumdb,
};

mod databases;
mod fault;
mod logs;
mod read;
mod teller;
mod voice;

pub use self::fault::{Fault, Finding};

/// All that is needed to prove a store again.
pub struct Stocktake {
    stock: Arc<Stock>,
    databases: Vec<Arc<Sumdb>>,
    own: Option<OwnSumdb>,
    logs: Vec<Known>,
}

/// What is told while a store is proven.
#[derive(Debug)]
pub enum Told<'a> {
    /// Something is wrong.
    Found(&'a Finding),
    /// Here is a log or what is kept of a database, `logs/NAME` or `sumdb/NAME`, whose key the configuration does not name: nobody can say who signed it.
    Unsigned(&'a str),
    /// So far it went.
    Read(&'a Tally),
}

/// What was proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Module versions.
    pub versions: u64,
    /// Files of them: `.info`, `.mod` and `.zip`.
    pub files: u64,
    /// The length of these files in bytes.
    pub bytes: u64,
    /// Versions whose sums were held against a checksum database's.
    pub compared: u64,
    /// Logs of our own.
    pub logs: u64,
    /// Records of these logs.
    pub records: u64,
    /// Tiles of these logs.
    pub tiles: u64,
    /// Kept lookups of checksum databases of others.
    pub lookups: u64,
    /// Kept tiles of checksum databases of others.
    pub kept_tiles: u64,
    /// The length in bytes of what was read of logs and of kept lookups and tiles.
    pub log_bytes: u64,
    /// Findings, those that could not be read among them.
    pub found: u64,
    /// Files that could not be read, so that nobody knows.
    pub unreadable: u64,
}

/// One version, read again.
struct Taken {
    module: String,
    version: String,
    record: VersionRecord,
    compared: bool,
    faults: Vec<(Kind, Fault)>,
}

impl Stocktake {
    /// Proves `stock`, and holds it against what is kept of the databases of `sums`, our own among them.
    ///
    /// # Errors
    /// [`BadSettings::Key`].
    pub fn new(stock: Arc<Stock>, sums: &settings::Sums) -> Result<Self, BadSettings> {
        let (databases, own) = (Voice::others(&stock, sums)?, sums.own.clone());
        let signers = |own: &OwnSumdb| std::iter::once(&own.key).chain(&own.old_key).cloned().collect();
        let known = |own| Known { log: notary::LOG.to_owned(), signers: signers(own), holds: Holds::Sums };
        let logs = own.iter().map(known).collect();
        Ok(Self { stock, databases, own, logs })
    }

    /// With the audit log that the store calls `log`, signed by `key`.
    pub fn with_audit(mut self, log: &str, key: SignerKey) -> Self {
        self.logs.push(Known { log: log.to_owned(), signers: vec![key], holds: Holds::Lines });
        self
    }

    /// Proves everything, and tells what is wrong and how far it is.
    ///
    /// Two versions a core are read at a time, on threads that may block; where fewer are left, several threads read one zip. What is kept meanwhile by a server beside it may be looked at or not.
    ///
    /// # Errors
    /// [`StoreError`] if the index cannot be read, or what is wrong cannot be put aside.
    pub async fn run(&self, tell: &mut (dyn FnMut(Told<'_>) + Send)) -> Result<Tally, StoreError> {
        let mut teller = Teller::new(tell);
        logs::prove_all(&self.stock, &self.logs, &mut teller).await;
        let voices = self.check_databases(&mut teller).await?;
        let at_once = (STOCK_PER_CORE * available_parallelism().map_or(1, usize::from)).min(STOCK_AT_ONCE);
        let (mut names, mut tasks, free) = (Names::new(&self.stock), JoinSet::new(), Arc::new(Semaphore::new(at_once)));
        loop {
            while tasks.len() < at_once {
                let Some((module, version)) = names.next().await? else { break };
                let (stock, voices, free) = (Arc::clone(&self.stock), Arc::clone(&voices), Arc::clone(&free));
                tasks.spawn(async move { take(&stock, &voices, (module, version), &free).await });
            }
            let Some(end) = tasks.join_next().await else { return Ok(teller.tally) };
            if let Some(taken) = end.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))? {
                self.count(taken, &mut teller).await?;
            }
            teller.read();
        }
    }

    /// The databases whose kept tree heads can be believed, proven. Without one, nothing of it can be, and saying so once is enough.
    async fn check_databases(&self, teller: &mut Teller<'_>) -> Result<Arc<[Voice]>, StoreError> {
        let mut good = Vec::new();
        for database in &self.databases {
            match database.head().await {
                Ok(head) => {
                    databases::prove(&self.stock, database, head.tree(), teller).await?;
                    good.push(Voice::Others(Arc::clone(database)));
                }
                Err(reason) => {
                    let path = format!("sumdb/{}/latest", database.name());
                    teller.found(&path, Fault::Unproven(reason.to_string()), false);
                }
            }
        }
        for (name, ..) in self.stock.index().sumdbs()? {
            if self.databases.iter().all(|database| database.name() != name) {
                teller.unsigned(&format!("sumdb/{name}"));
            }
        }
        if let Some(own) = &self.own {
            // Why it cannot be read, its log said.
            good.extend(Voice::own(&self.stock, own).await.ok().flatten());
        }
        Ok(good.into())
    }

    async fn count(&self, taken: Taken, teller: &mut Teller<'_>) -> Result<(), StoreError> {
        let parts = [&taken.record.info, &taken.record.go_mod, &taken.record.zip].into_iter().flatten();
        teller.tally.versions += 1;
        teller.tally.compared += u64::from(taken.compared);
        for part in parts {
            teller.tally.files += 1;
            teller.tally.bytes += part.size_bytes;
        }
        for (kind, fault) in taken.faults {
            let Some(reference) = reference(&taken.module, &taken.version, kind, &taken.record) else { continue };
            // A server beside us may have found it first.
            if !self.is_named(&reference).await? {
                continue;
            }
            let aside = fault.goes_aside() && self.stock.hold() == Hold::Alone;
            if aside {
                let gone = if matches!(fault, Fault::UnlikeDatabase { .. }) { Gone::Disproven } else { Gone::Lost };
                self.stock.put_aside(&reference, gone).await?;
            }
            teller.found(&path(&taken.module, &taken.version, kind), fault, aside);
        }
        Ok(())
    }

    async fn is_named(&self, reference: &Reference) -> Result<bool, StoreError> {
        let record = self.stock.index().version(&reference.module, &reference.version).await?;
        Ok(record.and_then(|record| record.part(reference.kind).map(|part| part.digest)) == Some(reference.digest))
    }
}

/// Where it is served.
fn path(module: &str, version: &str, kind: Kind) -> String {
    let escaped = || Some((ModulePath::parse(module).ok()?.escaped(), Version::parse(version).ok()?.escaped()));
    let (module, version) = escaped().unwrap_or_else(|| (module.to_owned(), version.to_owned()));
    match kind {
        Kind::Info => format!("{module}/@v/{version}.info"),
        Kind::Mod => format!("{module}/@v/{version}.mod"),
        Kind::Zip => format!("{module}/@v/{version}.zip"),
    }
}

fn reference(module: &str, version: &str, kind: Kind, record: &VersionRecord) -> Option<Reference> {
    let Part { digest, size_bytes, .. } = *record.part(kind)?;
    Some(Reference { module: module.to_owned(), version: version.to_owned(), kind, digest, size_bytes })
}

/// The names of all versions, a page at a time.
struct Names<'a> {
    stock: &'a Stock,
    page: VecDeque<Reference>,
    last: Option<Reference>,
}

impl<'a> Names<'a> {
    fn new(stock: &'a Stock) -> Self {
        Self { stock, page: VecDeque::new(), last: None }
    }

    async fn next(&mut self) -> Result<Option<(String, String)>, StoreError> {
        loop {
            if self.page.is_empty() {
                self.page = self.stock.index().references(self.last.as_ref(), PAGE).await?.into();
            }
            let Some(next) = self.page.pop_front() else { return Ok(None) };
            let is_new = self.last.as_ref().is_none_or(|last| (&last.module, &last.version) != (&next.module, &next.version));
            let name = (next.module.clone(), next.version.clone());
            self.last = Some(next);
            if is_new {
                return Ok(Some(name));
            }
        }
    }
}

/// Reads one version again; `None` if it is gone by now.
async fn take(
    stock: &Arc<Stock>,
    voices: &[Voice],
    (module, version): (String, String),
    free: &Arc<Semaphore>,
) -> Result<Option<Taken>, StoreError> {
    let Some(record) = stock.index().version(&module, &version).await? else { return Ok(None) };
    let (to_read, subject, parts, free) =
        (Arc::clone(stock), (module.clone(), version.clone()), record.clone(), Arc::clone(free));
    // One for this thread; what is left is for zips that have work for more than one.
    let permit = Arc::clone(&free).acquire_owned().await.expect("nobody closes it");
    let read = spawn_blocking(move || {
        let _permit = permit;
        read_parts(&to_read, (&subject.0, &subject.1), &parts, &free)
    });
    let mut read = read.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    let mut compared = false;
    if let (Ok(module), Ok(version)) = (ModulePath::parse(&module), Version::parse(&version)) {
        for voice in voices {
            match voice.sums(&**stock.index(), &module, &version).await? {
                // What does not prove was told with its database.
                None | Some(Err(_)) => {}
                Some(Ok(sums)) => {
                    compared = true;
                    read.iter_mut().for_each(|read| read.compare(voice.name(), &sums));
                }
            }
        }
    }
    let faults = read.into_iter().filter_map(|read| Some((read.kind, read.fault?))).collect();
    Ok(Some(Taken { module, version, record, compared, faults }))
}

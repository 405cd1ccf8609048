//! The ledger of drifts: what origins have for versions of which something else is kept (promise 2).
//!
//! Nobody is asked for it. Bytes that differ come to light when they are kept; a tag that moved, or is gone, when a repository's references were
//! asked for anyway and lead elsewhere than the kept `.info` says, or nowhere. What is found is recorded, told, counted, and never adopted.

use std::{fmt, sync::Arc};

use gomod::{
    info::{Info, Origin},
    module::{ModulePath, Version},
};
use plan::Event;
use quick_cache::sync::Cache;
use store::{Blobs, Digest, Drift, Index, Kind, Part, StoreError, What};

use crate::{
    cache::read_whole,
    clock::Clock,
    journey::Journey,
    limits,
    metrics::Metrics,
    upstream::direct::{
        self,
        coderepo::CodeRepo,
        repo::{TagSum, Told},
    },
};

/// Who is told of a drift that was not known: module, version, what changed.
#[derive(Clone)]
pub struct Alarm(Arc<Tell>);

type Tell = dyn Fn(&str, &str, &Drift) + Send + Sync;

impl Alarm {
    /// One that calls `tell`, which must not wait.
    pub fn new(tell: impl Fn(&str, &str, &Drift) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

/// Nobody is told.
impl Default for Alarm {
    fn default() -> Self {
        Self::new(|_, _, _| {})
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Alarm")
    }
}

/// The ledger. Cheap to clone.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    blobs: Arc<dyn Blobs>,
    index: Arc<dyn Index>,
    clock: Clock,
    metrics: Metrics,
    alarm: Alarm,
    /// Where a `.info` says that it comes from, if it names a commit. Such a file never changes.
    origins: Cache<Digest, Option<Arc<Origin>>>,
    /// What a module, with all its kept `.info`s, was held against last: the sum of its repository's references.
    compared: Cache<ModulePath, TagSum>,
}

impl Ledger {
    /// A ledger in `index`.
    pub fn new(blobs: Arc<dyn Blobs>, index: Arc<dyn Index>, clock: Clock, metrics: Metrics, alarm: Alarm) -> Self {
        let (origins, compared) = (Cache::new(limits::MAX_ORIGINS_NAMED), Cache::new(limits::MAX_COMPARED));
        Self(Arc::new(Inner { blobs, index, clock, metrics, alarm, origins, compared }))
    }

    /// Bytes came for a file of which `kept` was first. They are told once: when the ledger has them for the first time.
    pub async fn differs(
        &self,
        (module, version, kind): (&ModulePath, &Version, Kind),
        kept: &Part,
        seen: &Part,
        journey: &Journey,
    ) {
        let info = self.0.index.version(module.as_str(), version.as_str()).await.ok().flatten().and_then(|record| record.info);
        let kept_commit = match info {
            Some(info) => self.origin(&info).await.map(|origin| origin.hash.clone()),
            None => None,
        };
        let seen_commit = match kind {
            Kind::Info => self.origin(seen).await.map(|origin| origin.hash.clone()),
            Kind::Mod | Kind::Zip => self.commit_at(module, version, &seen.origin).await,
        };
        let drift = Drift {
            kind,
            kept: kept.digest,
            kept_h1: kept.h1.clone(),
            kept_commit,
            seen: Some(seen.digest),
            seen_h1: seen.h1.clone(),
            seen_commit,
            origin: seen.origin.clone(),
            seen_at: seen.kept_at,
        };
        // With a store that fails there is no ledger: the request ends in words of its own, and whoever comes next tries again.
        if let Ok(true) = self.0.index.put_drift(module.as_str(), version.as_str(), drift.clone()).await {
            self.tell(module, version.as_str(), &drift, journey);
        }
    }

    /// One more `.info` of a module is kept: the next time it is held against the tags that are known.
    pub fn grew(&self, module: &ModulePath) {
        self.0.compared.remove(module);
    }

    /// Holds the kept versions of a module against the tags of its repository, if any of both changed. `origin` is the repository, for readers.
    ///
    /// If it is dropped at an await, the module is held against its tags when either changes next.
    pub async fn compare(&self, module: &ModulePath, code: &CodeRepo, origin: &str, journey: &Journey) {
        let Some(told) = code.repo().told(self.0.compared.get(module)) else { return };
        // First of all: what is kept from here on takes this back, what was kept before is read now.
        self.0.compared.insert(module.clone(), told.sum);
        if !matches!(self.hold_against(&told, module, code, origin, journey).await, Ok(true)) {
            self.0.compared.remove(module);
        }
    }

    /// Answers whether all could be judged: a tag that is missed may be younger than what was told.
    async fn hold_against(
        &self,
        told: &Told,
        module: &ModulePath,
        code: &CodeRepo,
        origin: &str,
        journey: &Journey,
    ) -> Result<bool, StoreError> {
        // A second that began counts whole.
        let ago = told.settled.as_secs().saturating_add(u64::from(told.settled.subsec_nanos() > 0));
        let settled = self.0.clock.now().saturating_sub(i64::try_from(ago).unwrap_or(i64::MAX));
        let mut is_judged = true;
        for (version, info) in self.0.index.infos(module.as_str()).await? {
            let Some(tag) = code.tag_of(&version) else { continue };
            let Some(kept) = self.origin(&info).await else { continue };
            let now = told.tags.get(&tag);
            match now {
                Some(now) if *now == kept.hash => continue,
                Some(_) => {}
                // It came from elsewhere: that it is not here says nothing.
                None if kept.url != code.repo().url() => continue,
                None if info.kept_at >= settled => {
                    is_judged = false;
                    continue;
                }
                None => {}
            }
            self.moved(module, (&version, info.digest), (&kept.hash, now), origin, journey).await?;
        }
        Ok(is_judged)
    }

    /// A tag leads elsewhere `now`, or nowhere.
    async fn moved(
        &self,
        module: &ModulePath,
        (version, info): (&str, Digest),
        (kept, now): (&str, Option<&String>),
        origin: &str,
        journey: &Journey,
    ) -> Result<(), StoreError> {
        let zip = self.0.index.version(module.as_str(), version).await?.and_then(|record| record.zip);
        let drift = Drift {
            kind: Kind::Info,
            kept: info,
            kept_h1: zip.and_then(|zip| zip.h1),
            kept_commit: Some(kept.to_owned()),
            seen: None,
            seen_h1: None,
            seen_commit: now.cloned(),
            origin: origin.to_owned(),
            seen_at: self.0.clock.now(),
        };
        if self.0.index.put_drift(module.as_str(), version, drift.clone()).await? {
            self.tell(module, version, &drift, journey);
        }
        Ok(())
    }

    fn tell(&self, module: &ModulePath, version: &str, drift: &Drift, journey: &Journey) {
        self.0.metrics.drifted();
        journey.note(Event::Drifted(format!("{}@{version}: {}", module.as_str(), sentence(drift))));
        (self.0.alarm.0)(module.as_str(), version, drift);
    }

    /// The commit that other bytes from `origin` are of: the one that its `.info` was seen with, or to which the tag was seen to move.
    async fn commit_at(&self, module: &ModulePath, version: &Version, origin: &str) -> Option<String> {
        let drifts = self.0.index.drifts(module.as_str(), version.as_str()).await.unwrap_or_default();
        let is_there = |drift: &Drift| match drift.what() {
            What::BytesDiffer => drift.origin == origin,
            What::TagMoved | What::TagGone => origin == direct::NAME,
        };
        let last = drifts.into_iter().rfind(|drift| drift.kind == Kind::Info && is_there(drift));
        last.and_then(|drift| drift.seen_commit)
    }

    /// Where a `.info` says that it comes from, if it names a commit. One that cannot be read says nothing now; whoever serves it will find out.
    async fn origin(&self, info: &Part) -> Option<Arc<Origin>> {
        if let Some(origin) = self.0.origins.get(&info.digest) {
            return origin;
        }
        let blob = self.0.blobs.open(info.digest, info.size_bytes).await.ok()??;
        let bytes = read_whole(&blob).ok()?;
        let info_said = Info::parse(&bytes).ok().and_then(|info| info.origin().cloned());
        let origin = info_said.filter(|origin| !origin.hash.is_empty()).map(Arc::new);
        self.0.origins.insert(info.digest, origin.clone());
        origin
    }
}

/// What a drift is, in one sentence for a reader.
pub fn sentence(drift: &Drift) -> String {
    let of = |commit: &Option<String>, h1: &Option<String>| {
        let commit = commit.as_ref().map(|commit| format!("commit {commit}"));
        [commit, h1.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    let (kept, seen) = (of(&drift.kept_commit, &drift.kept_h1), of(&drift.seen_commit, &drift.seen_h1));
    let what = match (drift.what(), drift.kind) {
        (What::TagMoved, _) => "its tag moved",
        (What::TagGone, _) => "its tag is gone",
        (What::BytesDiffer, Kind::Info) => "other bytes came for its .info",
        (What::BytesDiffer, Kind::Mod) => "other bytes came for its go.mod",
        (What::BytesDiffer, Kind::Zip) => "other bytes came for its zip",
    };
    let has = if drift.what() == What::TagGone { "has none any more" } else { "now has another" };
    let some = |text: String| if text.is_empty() { String::new() } else { format!(" ({text})") };
    format!("{what}: kept{}, {} {has}{}", some(kept), drift.origin, some(seen))
}

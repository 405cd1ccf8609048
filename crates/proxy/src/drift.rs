//! The ledger of drifts: what origins have for versions of which something else is kept (promise 2).
//!
//! Nobody is asked for it. Bytes that differ come to light when they are kept; a tag that moved, when a repository's references were asked for
//! anyway and lead elsewhere than the kept `.info` says. What is found is recorded, told, counted, and never adopted.

use std::{fmt, sync::Arc};

use gomod::{
    info::Info,
    module::{ModulePath, Version},
};
use plan::Event;
use quick_cache::sync::Cache;
use store::{Blobs, Digest, Drift, Index, Kind, Part, StoreError};

use crate::{
    cache::read_whole,
    clock::Clock,
    journey::Journey,
    limits,
    metrics::Metrics,
    upstream::direct::{
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
    /// The commit that a kept `.info` names; empty if it names none. Such a file never changes.
    commits: Cache<Digest, String>,
    /// What a module, with all its kept `.info`s, was held against last: the sum of its repository's references.
    compared: Cache<ModulePath, TagSum>,
}

impl Ledger {
    /// A ledger in `index`.
    pub fn new(blobs: Arc<dyn Blobs>, index: Arc<dyn Index>, clock: Clock, metrics: Metrics, alarm: Alarm) -> Self {
        let (commits, compared) = (Cache::new(limits::MAX_COMMITS), Cache::new(limits::MAX_COMPARED));
        Self(Arc::new(Inner { blobs, index, clock, metrics, alarm, commits, compared }))
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
            Some(info) => self.commit(info.digest, info.size_bytes).await,
            None => None,
        };
        let drift = Drift {
            kind,
            kept: kept.digest,
            kept_h1: kept.h1.clone(),
            kept_commit,
            seen: Some(seen.digest),
            seen_h1: seen.h1.clone(),
            seen_commit: None,
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
        if self.hold_against(&told, module, code, origin, journey).await.is_err() {
            self.0.compared.remove(module);
        }
    }

    async fn hold_against(
        &self,
        told: &Told,
        module: &ModulePath,
        code: &CodeRepo,
        origin: &str,
        journey: &Journey,
    ) -> Result<(), StoreError> {
        for (version, info) in self.0.index.infos(module.as_str()).await? {
            let Some(now) = code.tag_of(&version).and_then(|tag| told.tags.get(&tag)) else { continue };
            if let Some(kept) = self.commit(info.digest, info.size_bytes).await
                && kept != *now
            {
                self.moved(module, (&version, info.digest), (kept, now.clone()), origin, journey).await?;
            }
        }
        Ok(())
    }

    async fn moved(
        &self,
        module: &ModulePath,
        (version, info): (&str, Digest),
        (kept, now): (String, String),
        origin: &str,
        journey: &Journey,
    ) -> Result<(), StoreError> {
        let zip = self.0.index.version(module.as_str(), version).await?.and_then(|record| record.zip);
        let drift = Drift {
            kind: Kind::Info,
            kept: info,
            kept_h1: zip.and_then(|zip| zip.h1),
            kept_commit: Some(kept),
            seen: None,
            seen_h1: None,
            seen_commit: Some(now),
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

    /// The commit that a kept `.info` names. One that cannot be read names none now; whoever serves it will find out.
    async fn commit(&self, digest: Digest, size_bytes: u64) -> Option<String> {
        if let Some(commit) = self.0.commits.get(&digest) {
            return Some(commit).filter(|commit| !commit.is_empty());
        }
        let blob = self.0.blobs.open(digest, size_bytes).await.ok()??;
        let bytes = read_whole(&blob).ok()?;
        let commit =
            Info::parse(&bytes).ok().and_then(|info| info.origin().map(|origin| origin.hash.clone())).unwrap_or_default();
        self.0.commits.insert(digest, commit.clone());
        Some(commit).filter(|commit| !commit.is_empty())
    }
}

/// What a drift is, in one sentence for a reader.
pub fn sentence(drift: &Drift) -> String {
    let of = |commit: &Option<String>, h1: &Option<String>| {
        let commit = commit.as_ref().map(|commit| format!("commit {commit}"));
        [commit, h1.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    let (kept, seen) = (of(&drift.kept_commit, &drift.kept_h1), of(&drift.seen_commit, &drift.seen_h1));
    let what = match (drift.kind, &drift.seen) {
        (_, None) => "its tag moved",
        (Kind::Info, Some(_)) => "other bytes came for its .info",
        (Kind::Mod, Some(_)) => "other bytes came for its go.mod",
        (Kind::Zip, Some(_)) => "other bytes came for its zip",
    };
    let some = |text: String| if text.is_empty() { String::new() } else { format!(" ({text})") };
    format!("{what}: kept{}, {} now has another{}", some(kept), drift.origin, some(seen))
}

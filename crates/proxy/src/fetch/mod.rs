//! Fetching what the store does not have: ask, prove, keep, and tell everyone who waits.

mod document;
mod zip;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use gomod::module::ModulePath;
use plan::{Ask, Event};
use store::{Kept, Kind, Part, StoreError};
use tokio::sync::Semaphore;

use crate::{
    answer::Answer,
    cache::Cache,
    chain::{Chain, Miss},
    clock::Clock,
    drift::Ledger,
    flight::Landing,
    journey::Journey,
    limits,
    metrics::Metrics,
    proxy::Landed,
    vouch::Voucher,
};

/// Who fetches.
pub struct Fetcher {
    /// Where it is kept.
    pub cache: Cache,
    /// Who vouches for it.
    pub voucher: Voucher,
    /// The time of day.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// How many zips are checked at once: it takes a core each.
    pub checks: Arc<Semaphore>,
    /// Zips that were cut on their way.
    pub distrusted: Distrusted,
    /// Where it is written down that an origin changed.
    pub ledger: Ledger,
}

/// Zips that were on their way to clients when they turned out wrong, the newest [`limits::MAX_DISTRUSTED`] of them. The next request for
/// one does not stream: it waits for the proof, and so can hear the reason as text (promise 3).
#[derive(Default, Debug)]
pub struct Distrusted(Mutex<VecDeque<String>>);

impl Distrusted {
    fn holds(&self, zip: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| known == zip)
    }

    fn set(&self, zip: &str, is_distrusted: bool) {
        let mut zips = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        zips.retain(|known| known != zip);
        if is_distrusted {
            zips.push_back(zip.to_owned());
            let surplus = zips.len().saturating_sub(limits::MAX_DISTRUSTED);
            zips.drain(..surplus);
        }
    }
}

impl Fetcher {
    /// Fetches the answer to `ask` along `chain` and tells it to `landing`, perhaps while it still arrives.
    pub async fn fetch(&self, chain: &Chain, module: &ModulePath, ask: &Ask, journey: &Journey, landing: Landing<Landed>) {
        let (kind, end) = match ask {
            Ask::List => ("list", self.changing(chain, module, ask, journey).await),
            Ask::Latest => ("latest", self.changing(chain, module, ask, journey).await),
            Ask::Info(rev) => (
                "info",
                match rev.as_version() {
                    Some(version) => self.info(chain, module, &version, journey).await,
                    None => self.changing(chain, module, ask, journey).await,
                },
            ),
            Ask::Mod(version) => ("mod", self.go_mod(chain, module, version, journey).await),
            Ask::Zip(version) => ("zip", self.zip(chain, module, version, journey, &landing).await),
        };
        self.metrics.fetched(kind, end_of(&end));
        landing.tell(end);
    }

    /// What is served after keeping: the new bytes, or those that were there first.
    async fn after_keeping(
        &self,
        subject: (&ModulePath, &gomod::module::Version, store::Kind),
        (kept, part): (Result<Kept, StoreError>, &Part),
        fresh: Answer,
        journey: &Journey,
    ) -> Landed {
        match kept {
            Ok(kept @ (Kept::New | Kept::Same)) => {
                if kept == Kept::New && subject.2 == Kind::Info {
                    self.ledger.grew(subject.0);
                }
                let size_bytes = fresh.body.size_bytes();
                self.metrics.kept(size_bytes);
                journey.note(Event::Kept { size_bytes });
                Ok(fresh)
            }
            Ok(Kept::Differs(first)) => self.first_wins(subject, &first, part, journey).await,
            Err(error) => {
                journey.note(Event::NotKept(error.to_string()));
                Ok(Answer { hot_for: std::time::Duration::ZERO, ..fresh })
            }
        }
    }

    /// A version once served never changes (promise 2): what was kept first is served, and the drift is told.
    async fn first_wins(
        &self,
        subject: (&ModulePath, &gomod::module::Version, store::Kind),
        first: &Part,
        offered: &Part,
        journey: &Journey,
    ) -> Landed {
        let (module, version, kind) = subject;
        self.ledger.differs(subject, first, offered, journey).await;
        let kept = self.cache.part(module, version, kind).await.map_err(Miss::Failed)?;
        let drifted = || format!("{}@{}: the upstream has other bytes than those kept first", module.as_str(), version.as_str());
        kept.ok_or_else(|| Miss::Failed(plan::Reason::Mismatch(drifted())))
    }
}

const fn end_of(end: &Landed) -> &'static str {
    match end {
        Ok(_) => "found",
        Err(Miss::NotExist(_)) => "not-exist",
        Err(Miss::Failed(reason)) => reason.code(),
    }
}

//! Where a checksum database is read: through a proxy that supports it, or at its origins.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use plan::{Reason, Trouble};
use tokio::sync::Semaphore;

use crate::{
    flight::{Flight, Landing, Lost},
    journey::Journey,
    limits,
    settings::StepDown,
    upstream::{Failure, Files},
};

/// One way to read the database.
#[derive(Clone)]
pub struct Source {
    /// Where its files are read.
    pub files: Arc<dyn Files>,
    /// What stands before their paths: `sumdb/NAME/` below a module proxy, empty at an origin: the database itself, or a copy of it.
    pub prefix: String,
    /// Whether trouble gives way to the next source: that with the `supported` of a proxy with a bar behind it, any at an origin.
    pub gives_way: bool,
    /// Which trouble gives way although a comma follows the proxy.
    pub step_down: Vec<StepDown>,
}

/// All ways to read one database, and the one in use.
pub(super) struct Sources {
    name: String,
    all: Arc<[Source]>,
    chosen: Arc<Mutex<Option<usize>>>,
    choosing: Flight<Result<usize, Reason>>,
    /// Requests that come together are one: the `.mod` and the `.zip` of a version need the same lookup, all proofs the same few tiles.
    air: Flight<Result<Bytes, Failure>>,
    /// How many are asked at once; the others wait for their turn.
    turns: Arc<Semaphore>,
}

impl Sources {
    pub(super) fn new(name: String, all: Vec<Source>) -> Self {
        let (choosing, air, turns) = (Flight::default(), Flight::default(), Arc::new(Semaphore::new(limits::SUMDB_REQUESTS)));
        Self { name, all: all.into(), chosen: Arc::default(), choosing, air, turns }
    }

    /// The body at `path` below the database.
    pub(super) async fn get(&self, path: &str, limit_bytes: u64, journey: &Journey) -> Result<Bytes, Failure> {
        let first = self.source(journey).await.map_err(|reason| Failure::Trouble(Trouble::Refused(reason.to_string())))?;
        if !self.air.takes(path, limits::MAX_FLIGHTS) {
            let busy = format!("{} requests to {} wait for their turn", limits::MAX_FLIGHTS, self.name);
            return Err(Failure::Trouble(Trouble::Refused(busy)));
        }
        let (all, chosen, turns) = (Arc::clone(&self.all), Arc::clone(&self.chosen), Arc::clone(&self.turns));
        let (wanted, journey) = (path.to_owned(), journey.clone());
        let fetch = |landing: Landing<Result<Bytes, Failure>>| async move {
            // Nobody closes it; if somebody did, only the bound would be gone.
            let _turn = turns.acquire().await;
            let end = ask(&all[first..], &wanted, limit_bytes, &journey).await;
            if matches!(end, Err(Failure::Trouble(_))) {
                // Choose again the next time: another source may be better by then.
                *chosen.lock().unwrap_or_else(PoisonError::into_inner) = None;
            }
            landing.tell(end);
        };
        let lost = |lost: Lost| Err(Failure::Trouble(Trouble::Refused(lost.to_string())));
        self.air.join(path.to_owned(), fetch).await.1.unwrap_or_else(lost)
    }

    /// The source in use: as the go command does, the first proxy whose `supported` is answered, else the database itself.
    async fn source(&self, journey: &Journey) -> Result<usize, Reason> {
        let chosen = *self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = chosen {
            return Ok(index);
        }
        let (name, sources, journey) = (self.name.clone(), Arc::clone(&self.all), journey.clone());
        let chosen = Arc::clone(&self.chosen);
        let choose = |landing: Landing<Result<usize, Reason>>| async move {
            let end = choose(&name, &sources, &journey).await;
            *chosen.lock().unwrap_or_else(PoisonError::into_inner) = end.clone().ok();
            landing.tell(end);
        };
        let lost = |lost: Lost| Err(Reason::Internal(lost.to_string()));
        self.choosing.join(String::new(), choose).await.1.unwrap_or_else(lost)
    }
}

/// The first source that supports the database; trouble ends the search as the separator and `step_down` of the proxy have it.
async fn choose(name: &str, sources: &[Source], journey: &Journey) -> Result<usize, Reason> {
    for (index, source) in sources.iter().enumerate() {
        if source.prefix.is_empty() {
            return Ok(index);
        }
        match source.files.get(&format!("{}supported", source.prefix), limits::MAX_INFO_BYTES, journey).await {
            Ok(_) => return Ok(index),
            Err(Failure::NotExist(_)) => {}
            Err(Failure::Trouble(trouble)) if source.gives_way || source.step_down.iter().any(|rule| rule.covers(&trouble)) => {}
            Err(Failure::Trouble(trouble)) => return Err(unproven(name, source.files.name(), "supported", &trouble)),
        }
    }
    Err(Reason::Unproven(format!("{name}: no upstream proxies this checksum database")))
}

/// The body from the first of `sources`; if that is an origin, from the first one that has it, in their order: one log has one truth, and
/// whoever brings it, it is proven. It does not exist only if every origin says so (promise 6).
async fn ask(sources: &[Source], path: &str, limit_bytes: u64, journey: &Journey) -> Result<Bytes, Failure> {
    let origins = sources.iter().take_while(|source| source.prefix.is_empty()).count();
    let (mut told, last) = (None, origins.max(1) - 1);
    for (place, source) in sources.iter().take(last + 1).enumerate() {
        // One that keeps failing is passed over while there is another; the last one is asked whatever it did before.
        let failure = match source.files.rests().filter(|_| place < last) {
            Some(seconds) => Failure::Trouble(Trouble::Skipped(seconds)),
            None => match source.files.get(&format!("{}{path}", source.prefix), limit_bytes, journey).await {
                Ok(body) => return Ok(body),
                Err(failure) => failure,
            },
        };
        told = Some(match told {
            Some(Failure::Trouble(trouble)) => Failure::Trouble(trouble),
            Some(Failure::NotExist(text)) if matches!(failure, Failure::NotExist(_)) => Failure::NotExist(text),
            Some(Failure::NotExist(_)) | None => failure,
        });
    }
    Err(told.unwrap_or_else(|| Failure::Trouble(Trouble::Refused("no source".to_owned()))))
}

pub(super) fn unproven(name: &str, from: &str, what: &str, cause: &Trouble) -> Reason {
    Reason::Unproven(format!("checksum database {name}: reading {what} from {from}: {cause}"))
}

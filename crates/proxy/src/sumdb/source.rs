//! Where a checksum database is read: through a proxy that supports it, or directly.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use plan::{Reason, Trouble};

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
    /// What stands before their paths: `sumdb/NAME/` below a module proxy, empty at the database itself.
    pub prefix: String,
    /// Whether trouble with its `supported` gives way to the next source (a bar after the proxy).
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
}

impl Sources {
    pub(super) fn new(name: String, all: Vec<Source>) -> Self {
        let (choosing, air) = (Flight::default(), Flight::default());
        Self { name, all: all.into(), chosen: Arc::default(), choosing, air }
    }

    /// The body at `path` below the database.
    pub(super) async fn get(&self, path: &str, limit_bytes: u64, journey: &Journey) -> Result<Bytes, Failure> {
        let source = self.source(journey).await.map_err(|reason| Failure::Trouble(Trouble::Refused(reason.to_string())))?;
        let (full, chosen, journey) = (format!("{}{path}", source.prefix), Arc::clone(&self.chosen), journey.clone());
        let fetch = |landing: Landing<Result<Bytes, Failure>>| async move {
            let end = source.files.get(&full, limit_bytes, &journey).await;
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
    async fn source(&self, journey: &Journey) -> Result<Source, Reason> {
        let chosen = *self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        let index = match chosen {
            Some(index) => index,
            None => {
                let (name, sources, journey) = (self.name.clone(), Arc::clone(&self.all), journey.clone());
                let chosen = Arc::clone(&self.chosen);
                let choose = |landing: Landing<Result<usize, Reason>>| async move {
                    let end = choose(&name, &sources, &journey).await;
                    *chosen.lock().unwrap_or_else(PoisonError::into_inner) = end.clone().ok();
                    landing.tell(end);
                };
                let lost = |lost: Lost| Err(Reason::Internal(lost.to_string()));
                self.choosing.join(String::new(), choose).await.1.unwrap_or_else(lost)?
            }
        };
        self.all.get(index).cloned().ok_or_else(|| Reason::Internal("no such source".into()))
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

pub(super) fn unproven(name: &str, from: &str, what: &str, cause: &Trouble) -> Reason {
    Reason::Unproven(format!("checksum database {name}: reading {what} from {from}: {cause}"))
}

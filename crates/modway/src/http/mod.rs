//! The HTTP door: takes connections, turns a URL path into a [`Request`], and renders what the proxy answers.
//!
//! In the order of a request's way: `listen` accepts, `conn` picks the protocol, `route` reads the path, `serve` asks the proxy,
//! `answer` renders (the only file that knows status codes), `body` streams, `records` and `log` remember.

pub mod answer;
mod audit;
mod body;
mod conditions;
mod conn;
mod drifts;
mod encoding;
mod file;
mod framing;
mod hot;
mod ids;
pub mod limits;
pub mod listen;
pub mod log;
pub mod metrics;
mod own;
pub mod records;
mod refusal;
mod route;
mod serve;
mod watched;
mod why;
pub mod witness;
mod workers;

use std::sync::{Arc, atomic::AtomicBool};

use async_trait::async_trait;
use plan::{Caller, Reason, Request};
use proxy::{answer::Answer, audit::Audit, journey::Journey};
use store::{Drift, DriftRecord};

use self::{encoding::Zipped, hot::Hot, ids::Ids, log::Log, metrics::Metrics, records::Records, workers::Workers};
pub use self::{
    limits::DoorLimits,
    listen::{Phase, Tls, bind, serve},
};

/// Whoever answers requests of the protocol: the proxy, or a script in tests.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The answer to `request`, or why there is none. Steps are noted in `journey`.
    ///
    /// The future is dropped when the client leaves; work that others may want must not live in it (promise 5).
    async fn answer(&self, request: Request, journey: &Journey) -> Result<Answer, Reason>;

    /// Who has this token; whoever has one that nobody has is anyone.
    fn caller(&self, _token: &str) -> Caller {
        Caller::Anyone
    }

    /// What origins have had for `module@version` that differs from what is kept.
    ///
    /// # Errors
    /// Why the store cannot be read.
    async fn drifts(&self, module: &str, version: &str) -> Result<Vec<Drift>, Reason> {
        let _ = (module, version);
        Ok(Vec::new())
    }

    /// Up to `limit` lines of the ledger of drifts with numbers above `after`.
    ///
    /// # Errors
    /// Why the store cannot be read.
    async fn all_drifts(&self, after: u64, limit: usize) -> Result<Vec<DriftRecord>, Reason> {
        let _ = (after, limit);
        Ok(Vec::new())
    }

    /// True if the name of this module is told only to who knows it.
    fn is_private(&self, _module: &str) -> bool {
        false
    }

    /// The audit log, if there is one.
    fn audit(&self) -> Option<&Audit> {
        None
    }

    /// Whether answers can be expected now: the store is open and writable.
    ///
    /// # Errors
    /// What is missing.
    fn ready(&self) -> Result<(), Reason>;
}

/// Everything one running HTTP door shares between its connections.
pub struct Door {
    pub(crate) answers: Arc<dyn Answers>,
    pub(crate) limits: DoorLimits,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) records: Records,
    pub(crate) ids: Ids,
    pub(crate) hot: Hot,
    pub(crate) zipped: Zipped,
    /// Set once the listener is closed: no longer ready.
    pub(crate) stopping: AtomicBool,
    pub(crate) log: Log,
    pub(crate) workers: Arc<Workers>,
}

impl Door {
    /// A door in front of `answers`. Its request log goes to `log`.
    pub fn new(answers: Arc<dyn Answers>, limits: DoorLimits, metrics: Arc<Metrics>, log: Log) -> Arc<Self> {
        let workers = Arc::new(Workers::start(limits.workers));
        let (records, hot) = (Records::new(limits.records), Hot::new(limits.hot_bytes));
        Arc::new(Self {
            answers,
            records,
            ids: Ids::new(),
            hot,
            zipped: Zipped::new(),
            stopping: AtomicBool::new(false),
            limits,
            metrics,
            log,
            workers,
        })
    }

    /// Forgets the small answers kept in front of the proxy; for a reload that changes who may be served what.
    pub fn forget_hot(&self) {
        self.hot.clear();
    }

    /// Waits until every request line logged before this call is written.
    pub fn flush_log(&self) {
        self.log.flush();
    }
}

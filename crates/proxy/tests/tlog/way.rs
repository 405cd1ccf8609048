//! A process's way to its store, on which every call can fail, wait, or be the last one.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use rustix::process::Signal;
use store::{
    StoreError,
    log::{Extended, LogFiles, LogLock, Logs},
};
use testkit::lives::signal_myself;

use crate::recorder::Recorder;

/// What befalls one call to the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whim {
    /// It is done.
    Done,
    /// It fails and was not done.
    Failed,
    /// It was done and is said to have failed.
    Unanswered,
    /// It is done after so long a pause.
    Late(Duration),
    /// It is done, and answered after so long a pause.
    LateAnswer(Duration),
    /// The process dies before it.
    DeadBefore,
    /// The process dies behind it.
    DeadBehind,
    /// The process that runs the test sends itself this signal before it.
    Signal(Signal),
    /// Or behind it.
    SignalBehind(Signal),
}

/// What befalls the calls of one process: told its number from 0 and what it does, answers the whim. Clones share it.
#[derive(Clone)]
pub(crate) struct Whims(Arc<Mutex<Draw>>, Arc<AtomicU64>);

type Draw = dyn FnMut(u64, &str) -> Whim + Send;

impl Default for Whims {
    fn default() -> Self {
        Self::new(|_, _| Whim::Done)
    }
}

impl Whims {
    pub(crate) fn new(whim: impl FnMut(u64, &str) -> Whim + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(whim)), Arc::default())
    }

    /// A way to `logs` on which they befall every call.
    pub(crate) fn way(self, logs: Logs, recorder: &Recorder) -> Logs {
        let way = Arc::new(Way { logs, recorder: recorder.clone(), whims: self });
        Logs { files: way.clone(), lock: way }
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }

    /// Does a call as the whim is.
    async fn play<T>(&self, what: &str, call: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        let whim = (self.0.lock().unwrap_or_else(PoisonError::into_inner))(number, what);
        // Every call is a point at which others may come first.
        tokio::task::yield_now().await;
        match whim {
            Whim::Done => call.await,
            Whim::Failed => Err(broken()),
            Whim::Unanswered => {
                call.await?;
                Err(broken())
            }
            Whim::Late(pause) => {
                tokio::time::sleep(pause).await;
                call.await
            }
            Whim::LateAnswer(pause) => {
                let end = call.await;
                tokio::time::sleep(pause).await;
                end
            }
            Whim::Signal(signal) => {
                signal_myself(signal);
                call.await
            }
            Whim::SignalBehind(signal) => {
                let end = call.await;
                signal_myself(signal);
                end
            }
            Whim::DeadBefore => std::future::pending().await,
            Whim::DeadBehind => {
                drop(call.await);
                std::future::pending().await
            }
        }
    }
}

fn broken() -> StoreError {
    std::io::Error::other("drawn: broken").into()
}

/// One process's way to the store.
struct Way {
    logs: Logs,
    recorder: Recorder,
    whims: Whims,
}

#[async_trait]
impl LogFiles for Way {
    async fn put(&self, log: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        let put = async {
            let end = self.logs.files.put(log, files.clone()).await;
            // What is signed was put before, by who then signed or by who completed it. What a process had only begun to put when it was killed
            // may never come to be there, and then it is nobody's: its lock may come back from a backup, and other records take the place.
            if matches!(end, Ok(()) | Err(StoreError::Changed { .. })) {
                files.iter().for_each(|(path, bytes)| self.recorder.put(path, bytes));
            }
            end
        };
        self.whims.play("put", put).await
    }

    async fn get(&self, log: &str, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.whims.play("get", self.logs.files.get(log, path)).await
    }

    async fn publish(&self, log: &str, old: Option<Bytes>, note: Bytes) -> Result<bool, StoreError> {
        self.whims.play("publish", self.logs.files.publish(log, old, note)).await
    }

    async fn published(&self, log: &str) -> Result<Option<Bytes>, StoreError> {
        self.whims.play("published", self.logs.files.published(log)).await
    }

    async fn remove(&self, log: &str, paths: Vec<String>) -> Result<(), StoreError> {
        self.whims.play("remove", self.logs.files.remove(log, paths)).await
    }

    async fn list(&self, log: &str, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.whims.play("list", self.logs.files.list(log, prefix, limit)).await
    }
}

#[async_trait]
impl LogLock for Way {
    async fn head(&self, log: &str) -> Result<Option<Bytes>, StoreError> {
        self.whims.play("head", self.logs.lock.head(log)).await
    }

    async fn extend(
        &self,
        log: &str,
        fence: u64,
        old: Option<Bytes>,
        new: Bytes,
        keys: Vec<(String, u64)>,
    ) -> Result<Extended, StoreError> {
        self.whims.play("extend", self.logs.lock.extend(log, fence, old, new, keys)).await
    }

    async fn number(&self, log: &str, key: &str) -> Result<Option<u64>, StoreError> {
        self.whims.play("number", self.logs.lock.number(log, key)).await
    }

    async fn lease(&self, log: &str, holder: &str, now: i64, seconds: u32) -> Result<Option<u64>, StoreError> {
        self.whims.play("lease", self.logs.lock.lease(log, holder, now, seconds)).await
    }
}

//! Small answers that last a while, in front of the proxy, ready to be sent.

use std::{sync::Arc, time::Instant};

use plan::{Request, Rule};
use proxy::answer::{Answer, Body};
use quick_cache::{Weighter, sync::Cache};

use super::{
    answer::Prepared,
    limits::{MAX_HOT_BYTES, MAX_HOT_PATH_BYTES},
};

/// Answers by the raw bytes of their request's path: two spellings of one path are two entries, so that a hit needs no decoding.
pub(crate) struct Hot(Cache<Arc<str>, Arc<Entry>, Weight>);

/// One answer.
pub(crate) struct Entry {
    pub(crate) path: Arc<str>,
    pub(crate) request: Arc<Request>,
    /// The rule under which it was made; a reload, which may change rules, forgets all entries.
    pub(crate) rule: Option<Arc<Rule>>,
    pub(crate) prepared: Prepared,
    /// When the proxy must be asked again; `None` is never.
    pub(crate) until: Option<Instant>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Arc<str>, Arc<Entry>> for Weight {
    fn weight(&self, path: &Arc<str>, entry: &Arc<Entry>) -> u64 {
        path.len() as u64 + entry.prepared.weight()
    }
}

impl Hot {
    /// Keeps at most so many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        let estimated = usize::try_from(bytes / 4096).unwrap_or(usize::MAX);
        Self(Cache::with_weighter(estimated, bytes, Weight))
    }

    /// The answer for `path` that still holds at `now`.
    pub(crate) fn find(&self, path: &str, now: Instant) -> Option<Arc<Entry>> {
        self.0.get(path).filter(|entry| entry.until.is_none_or(|until| now < until))
    }

    pub(crate) fn keep(&self, entry: Entry) {
        self.0.insert(Arc::clone(&entry.path), Arc::new(entry));
    }

    pub(crate) fn clear(&self) {
        self.0.clear();
    }
}

/// Whether `answer` may be given to whoever asks for `path`, without asking the proxy again.
pub(crate) fn lasts(answer: &Answer, path: &str) -> bool {
    let small = matches!(&answer.body, Body::Memory(bytes) if bytes.len() <= MAX_HOT_BYTES) && path.len() <= MAX_HOT_PATH_BYTES;
    small && !answer.hot_for.is_zero() && answer.digest.is_some()
}

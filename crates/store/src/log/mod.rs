//! Storage of an append-only log: its files, each written once, and its lock, which says which head counts.
//!
//! The files and the lock are apart, so that the one that must never go back is small and transactional, and the rest may lie wherever bytes
//! are cheap. A log grows in this order, and whoever writes one keeps to it: stage the new tiles as one file, move the head in the lock,
//! put the tiles, publish the head. A crash between any two leaves a log that the next start can complete or refuse, and never one that says
//! two things.

mod lease;
mod path;

pub mod conformance;
pub mod memory;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use self::path::check_name;
pub use self::{lease::Lease, path::check_path};
use crate::StoreError;

/// Both halves of where logs rest.
#[derive(Clone)]
pub struct Logs {
    /// The files.
    pub files: Arc<dyn LogFiles>,
    /// The lock.
    pub lock: Arc<dyn LogLock>,
}

/// Where the files of logs rest. Every file is written once, and durable when the call that writes it returns.
///
/// `log` names a log: 1 to [`crate::limits::LOG_NAME_BYTES`] bytes, such as `sum.example.com`. A path has the form that [`check_path`] wants. Other
/// names and paths are refused with [`StoreError::Io`] of the kind `InvalidInput`, before anything is done.
#[async_trait]
pub trait LogFiles: Send + Sync {
    /// Keeps new files, in any order. One that is there with the same bytes is a success and costs no write.
    ///
    /// # Errors
    /// [`StoreError::Changed`] if one is there with other bytes; it stays as it is. After any error some of the other files may be kept, each
    /// whole: whoever puts them again with the same bytes succeeds.
    async fn put(&self, log: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError>;

    /// The bytes of one file as they are on the disk now; `None` if it is not there.
    async fn get(&self, log: &str, path: &str) -> Result<Option<Bytes>, StoreError>;

    /// Replaces the one file that changes, the published head, if it still is `old`; false if it is another one by now, which stays. `None` is
    /// before the first one. Whoever looks finds the old one or the new one, whole.
    ///
    /// So a writer that slept does not put its older head over a newer one, however late it wakes. After an error nobody knows whether it took
    /// effect; only [`LogFiles::published`] does.
    async fn publish(&self, log: &str, old: Option<Bytes>, note: Bytes) -> Result<bool, StoreError>;

    /// The published head; `None` if none was ever published.
    async fn published(&self, log: &str) -> Result<Option<Bytes>, StoreError>;

    /// Removes files; one that is not there is a success. Until the next write a power cut may bring one back.
    async fn remove(&self, log: &str, paths: Vec<String>) -> Result<(), StoreError>;

    /// The paths that begin with `prefix`, in bytewise order, at most `limit` of them. An empty prefix begins them all.
    ///
    /// A file that is put or removed meanwhile may be listed or not.
    async fn list(&self, log: &str, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError>;
}

/// The lock of logs: the head that counts, and which record each key has. Every change is one transaction, durable when its call returns.
///
/// After an error nobody knows whether the change took effect; only [`LogLock::head`] does.
#[async_trait]
pub trait LogLock: Send + Sync {
    /// The head that counts; `None` before the first one.
    async fn head(&self, log: &str) -> Result<Option<Bytes>, StoreError>;

    /// Makes `new` the head and keeps the number of every key, all or nothing, if `fence` is the token of the newest lease and the head is still
    /// `old`. The answer says which of these did not hold, looked at in that order.
    ///
    /// A key is given its number once, for ever. Whether a lease is over by now is not looked at: as long as nobody took the next one, its
    /// holder is the only one. `new` may be `old` signed again.
    async fn extend(
        &self,
        log: &str,
        fence: u64,
        old: Option<Bytes>,
        new: Bytes,
        keys: Vec<(String, u64)>,
    ) -> Result<Extended, StoreError>;

    /// The number of the record that `key` has; `None` if it has none.
    async fn number(&self, log: &str, key: &str) -> Result<Option<u64>, StoreError>;

    /// The lease on writing `log`, for `seconds` from `now` (seconds since the Unix epoch): its fencing token, larger than every one that another
    /// holder had before; `None` while another holder has it. The same holder renews it with the same token, and ends it with 0 seconds.
    ///
    /// `holder` names one life of one process: two that share a name share the token, and nothing fences them. `seconds` above
    /// [`crate::limits::LONGEST_LEASE`] count as that.
    async fn lease(&self, log: &str, holder: &str, now: i64, seconds: u32) -> Result<Option<u64>, StoreError>;
}

/// How [`LogLock::extend`] ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Extended {
    /// The head is the new one, and every key has its number.
    Yes,
    /// The head was another one; nothing changed.
    Moved,
    /// Another lease is newer, or there never was this one; nothing changed.
    Fenced,
    /// This key has a number already, or is named twice; nothing changed.
    Taken(String),
}

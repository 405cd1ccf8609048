//! Why a log does not do what it was asked for.

use std::sync::Arc;

use gomod::sumdb::record::RecordError;
use plan::Reason;
use store::StoreError;

/// Why nothing was added, or nothing is answered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LogError {
    /// The text is no record: control characters, a blank line, no newline at the end, too long. The caller's mistake.
    #[error("bad record")]
    BadRecord(#[from] RecordError),
    /// The key is empty or too long: its length.
    #[error("bad key of {0} bytes")]
    BadKey(usize),
    /// As many records wait already as may.
    #[error("too many records wait for the log")]
    Busy,
    /// Another process writes this log and goes on doing so.
    #[error("another process writes the log")]
    Leased,
    /// The clock stands before the time of the newest head: it was set back, or had been wrong before.
    #[error("the clock stands {} s before the newest head of the log", last - now)]
    Clock {
        /// What the clock says.
        now: i64,
        /// The time of the newest head.
        last: i64,
    },
    /// The record has its number, its head is not published yet; or nothing is. It will be in a moment.
    #[error("the head of the log is not published yet")]
    Unpublished,
    /// A checkpoint is shown once enough witnesses have cosigned one, and they have not; or under a name of the log that they do not witness.
    #[error("no checkpoint of {origin} is witnessed yet: {cosigned} of the {wanted} witnesses that it takes have cosigned one")]
    Unwitnessed {
        /// The name of the log that was asked for.
        origin: String,
        /// How many have cosigned the best one that there is.
        cosigned: usize,
        /// How many it takes.
        wanted: usize,
    },
    /// This file is lost or damaged, so what was asked for cannot be shown.
    #[error("{path} of the log is damaged or lost")]
    Damaged {
        /// The file's path in its log.
        path: String,
    },
    /// The text of this record was forgotten, as the log's retention wants it. Its hash is there.
    #[error("the text of record {0} of the log was too old to be kept")]
    Forgotten(u64),
    /// The log takes no more records until an operator has looked at it.
    #[error("the log takes no more records")]
    Refused(#[source] Refusal),
    /// The store could not do it.
    #[error("the store of the log")]
    Store(#[source] Arc<StoreError>),
    /// The sequencer has ended.
    #[error("the log is closed")]
    Stopped,
}

/// What is so wrong with a log that nothing must be signed for it any more. Only an operator can mend it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The files know a larger tree than the lock: the lock is an old one, from a backup perhaps.
    #[error(
        "the log's files have {files} records, its lock only {lock}: the lock is not the newest one; bring back the one that was"
    )]
    StorageNewer {
        /// The least number of records that the files speak of.
        files: u64,
        /// The number of records by the lock.
        lock: u64,
    },
    /// The lock knows a larger tree than the files, and what would complete them is gone: the files are old ones, from a backup perhaps.
    #[error(
        "the log's lock has {lock} records, its files only {files}: the files are not the newest ones; bring back those that were"
    )]
    LockNewer {
        /// The number of records by the lock.
        lock: u64,
        /// The number of records in the published head.
        files: u64,
    },
    /// Lock and files have trees that do not continue each other.
    #[error("the log's lock and its files tell two histories, at {size} records")]
    Forked {
        /// The smaller of the two sizes.
        size: u64,
    },
    /// The published head is not signed by any of the keys.
    #[error("the published head of the log bears no signature of {key}; is this the log's key?")]
    Key {
        /// The name and hash of the first key.
        key: String,
    },
    /// The lock's head cannot be read.
    #[error("the lock of the log holds no head")]
    Lock,
    /// What is stored is not what was: bit rot, or a hand.
    #[error("{path} of the log is damaged or lost; bring it back from a backup")]
    Damaged {
        /// A file that is wrong; or one that does not fit to another which is.
        path: String,
    },
}

impl LogError {
    /// The reason to answer a request with.
    pub fn reason(&self) -> Reason {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        match self {
            Self::Busy | Self::Leased | Self::Unpublished => Reason::Busy(text),
            Self::Unwitnessed { .. } => Reason::Unwitnessed(text),
            Self::Stopped => Reason::Stopping,
            Self::Forgotten(_) => Reason::NotExist(text),
            Self::BadRecord(_) | Self::BadKey(_) => Reason::BadContent(text),
            Self::Store(error) if error.is_full() => Reason::StoreFull,
            Self::Clock { .. } | Self::Damaged { .. } | Self::Refused(_) | Self::Store(_) => Reason::Store(text),
        }
    }
}

impl From<StoreError> for LogError {
    /// A file that was there with other bytes is damage; all else is trouble that may pass.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Changed { path } => Self::Refused(Refusal::Damaged { path }),
            other => Self::Store(Arc::new(other)),
        }
    }
}

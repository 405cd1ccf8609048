//! The embedded default: one directory with everything in it.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{Blobs, Index, Logs, fs::FsBlobs, limits::RESERVE_BYTES, lock::Lock, sqlite::SqliteIndex, sweep};

/// Where bytes rest, and the records that name them.
#[derive(Clone)]
pub struct Store {
    /// The bytes.
    pub blobs: Arc<dyn Blobs>,
    /// The records.
    pub index: Arc<dyn Index>,
    /// The logs.
    pub logs: Logs,
}

impl Store {
    /// Opens the store in the directory `path`, which is made if it is not there, for this process alone.
    ///
    /// The right to it is given up when all parts are dropped. Temporary files of an earlier process are removed.
    ///
    /// Fails at once with [`OpenError::Locked`] if another process has it.
    pub fn open_embedded(path: &Path) -> Result<Self, OpenError> {
        let (blobs, index) = open_parts(path, RESERVE_BYTES)?;
        let logs = Logs { files: Arc::new(blobs.logs()), lock: Arc::clone(&index) as _ };
        Ok(Self { blobs, index, logs })
    }
}

/// The two parts of [`Store::open_embedded`] with their own types, for those who sweep, and with `reserve_bytes` of the disk left free.
pub fn open_parts(path: &Path, reserve_bytes: u64) -> Result<(Arc<FsBlobs>, Arc<SqliteIndex>), OpenError> {
    let blobs = FsBlobs::open_with_reserve(path, reserve_bytes)?;
    let lock = Lock::take(path)?;
    sweep::temporary_files(blobs.shelf().layout()).map_err(OpenError::at(path))?;
    let index = SqliteIndex::open_alone(&path.join("index.sqlite"), lock.clone())?;
    Ok((Arc::new(blobs.holding(lock)), Arc::new(index)))
}

/// Why a store cannot be opened. It is the operator's move.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{}: another modway uses this store, a server or `modway store check`; stop it, or give this one a directory of its own", path.display())]
    Locked {
        /// The store's directory.
        path: PathBuf,
    },
    /// A newer modway wrote it.
    #[error("{}: store format {found} is newer than format {known} of this modway; run the newer modway that wrote it", path.display())]
    TooNew {
        /// The store's directory or the index's file.
        path: PathBuf,
        /// The format that was found.
        found: u32,
        /// The newest format this program knows.
        known: u32,
    },
    /// An older modway wrote it, and whoever opens it may change nothing.
    #[error("{}: store format {found} is older than format {known} of this modway; `modway serve` brings it up when it starts", path.display())]
    TooOld {
        /// The index's file.
        path: PathBuf,
        /// The format that was found.
        found: u32,
        /// The format this program reads.
        known: u32,
    },
    /// Nobody has made a store here, and whoever only reads makes none.
    #[error("{}: there is no store here, since it has no file {missing}; name the folder of the server's store, or restore that file from a backup", path.display())]
    Absent {
        /// What should be the store's directory.
        path: PathBuf,
        /// The file that every store has: `index.sqlite` or `format`.
        missing: &'static str,
    },
    /// What is there is no store, or is one no more.
    #[error("{}: {reason}; restore it from a backup, or move it away to start with an empty one", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk refused.
    #[error("{}: cannot open the store", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl OpenError {
    /// Names `path` in what the system said.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

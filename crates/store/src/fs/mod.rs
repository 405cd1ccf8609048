//! Blobs as files: the embedded default.

mod durable;
mod layout;
mod logs;
mod quick;
mod room;
mod shelf;
#[cfg(test)]
mod tests;

use std::{io, path::Path, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

pub(crate) use self::shelf::{Proof, Shelf, is_lost};
pub use self::{layout::Layout, logs::FsLogFiles};

use crate::{
    Blob, Blobs, Digest, OpenError, Stage,
    blocking::Blocking,
    limits::{READING_THREADS, RESERVE_BYTES, WRITING_THREADS},
    lock::Lock,
};

/// Blobs as files below one directory: `blobs/ab/cdef…`, with `tmp/` and `quarantine/` beside them.
#[derive(Debug)]
pub struct FsBlobs {
    shelf: Arc<Shelf>,
    reading: Blocking,
    writing: Blocking,
    _lock: Option<Lock>,
}

impl FsBlobs {
    /// Opens the blobs below `root`, which is made (private to this user) if it is not there.
    ///
    /// Refuses a directory whose format is newer than this program's.
    pub fn open(root: &Path) -> Result<Self, OpenError> {
        Self::open_with_reserve(root, RESERVE_BYTES)
    }

    /// As [`FsBlobs::open`], and keeps `reserve_bytes` of the disk free: a stage or put that would leave less fails with
    /// [`io::ErrorKind::StorageFull`].
    pub fn open_with_reserve(root: &Path, reserve_bytes: u64) -> Result<Self, OpenError> {
        let blobs = Self::of(Layout::open(root)?, reserve_bytes);
        blobs.shelf.make_fan_outs();
        Ok(blobs)
    }

    /// Opens the blobs below `root` for whoever only reads: nothing is made.
    ///
    /// # Errors
    /// [`OpenError::Absent`] where nobody has made a store, besides those of [`FsBlobs::open`].
    pub fn open_to_read(root: &Path) -> Result<Self, OpenError> {
        Ok(Self::of(Layout::open_to_read(root)?, RESERVE_BYTES))
    }

    fn of(layout: Layout, reserve_bytes: u64) -> Self {
        let shelf = Arc::new(Shelf::new(layout, reserve_bytes));
        Self { shelf, reading: Blocking::new(READING_THREADS), writing: Blocking::new(WRITING_THREADS), _lock: None }
    }

    /// Holds `lock` for as long as the blobs are open.
    pub(crate) fn holding(self, lock: Lock) -> Self {
        Self { _lock: Some(lock), ..self }
    }

    /// The files of logs beside these blobs, with the same reserve, and holding the same lock.
    pub fn logs(&self) -> FsLogFiles {
        FsLogFiles::new(self.shelf.layout().clone(), self.shelf.reserve_bytes(), self._lock.clone())
    }

    /// The files, for the sweep.
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }
}

/// A future dropped once its work has begun lets that work come to its end: the blob may be kept all the same.
#[async_trait]
impl Blobs for FsBlobs {
    fn stage(&self) -> io::Result<Stage> {
        self.shelf.stage()
    }

    async fn put(&self, stage: Stage, digest: Digest, size_bytes: u64) -> io::Result<()> {
        let shelf = Arc::clone(&self.shelf);
        self.writing.run(move || shelf.put(stage, digest, size_bytes)).await
    }

    async fn put_bytes(&self, bytes: Bytes) -> io::Result<Digest> {
        let shelf = Arc::clone(&self.shelf);
        self.writing.run(move || shelf.put_bytes(&bytes)).await
    }

    async fn open(&self, digest: Digest, size_bytes: u64) -> io::Result<Option<Blob>> {
        if let Some(blob) = self.shelf.open_at_hand(digest, size_bytes) {
            return Ok(Some(blob));
        }
        let shelf = Arc::clone(&self.shelf);
        self.reading.run(move || shelf.open(digest, size_bytes)).await
    }
}

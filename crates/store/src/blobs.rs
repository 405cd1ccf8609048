//! Immutable bytes under their SHA-256.

use std::{fs::File, io, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;

use crate::Digest;

/// Immutable bytes, named by their SHA-256.
///
/// A blob is atomic (all of it or nothing) and durable when [`Blobs::put`] returns. Blobs never change; putting one that is
/// there already is a success and costs no write.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// A new local temporary file to spool bytes into, on the file system where `put` costs no copy.
    fn stage(&self) -> io::Result<Stage>;

    /// Keeps the `size_bytes` bytes of `stage` under `digest`. The caller has hashed them.
    ///
    /// Durable when it returns. A crash before that leaves a temporary file, which the next start sweeps.
    async fn put(&self, stage: Stage, digest: Digest, size_bytes: u64) -> io::Result<()>;

    /// Keeps `bytes`, as [`Blobs::put`] does, and answers their digest.
    async fn put_bytes(&self, bytes: Bytes) -> io::Result<Digest>;

    /// The blob with this digest; `None` if there is none.
    ///
    /// Bytes that no longer hash to `digest`, or are not `size_bytes` long, are put aside (quarantined) and answered as `None`: the first open
    /// of a blob in the life of a process reads and hashes it whole.
    async fn open(&self, digest: Digest, size_bytes: u64) -> io::Result<Option<Blob>>;
}

/// A temporary file that becomes a blob, or is removed when dropped.
#[derive(Debug)]
pub struct Stage {
    /// Open for reading and writing, empty, shared with whoever follows the growing file.
    pub file: Arc<File>,
    /// Removes the file when dropped before it was put.
    pub path: TempPath,
}

/// A path whose file is removed when this value is dropped, unless [`TempPath::keep`] took it.
#[derive(Debug)]
pub struct TempPath(Option<PathBuf>);

impl TempPath {
    /// Guards `path`.
    pub fn new(path: PathBuf) -> Self {
        Self(Some(path))
    }

    /// The path; the file is no longer removed.
    pub fn keep(mut self) -> PathBuf {
        self.0.take().expect("only `keep` and `drop` take the path")
    }

    /// The guarded path.
    pub fn as_path(&self) -> &std::path::Path {
        self.0.as_deref().expect("only `keep` and `drop` take the path")
    }
}

impl Drop for TempPath {
    fn drop(&mut self) {
        if let Some(path) = self.0.take() {
            // A file that cannot be removed now is swept at the next start.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// An open blob.
#[derive(Clone, Debug)]
pub struct Blob {
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Where to read them.
    pub content: Content,
}

/// Where an open blob's bytes are read from.
#[derive(Clone, Debug)]
pub enum Content {
    /// A file that never changes; read with positioned reads.
    File(Arc<File>),
    /// All of it, in memory.
    Memory(Bytes),
}

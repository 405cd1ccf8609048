//! The index in one SQLite file: the embedded default.

mod drifts;
mod logs;
mod readers;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod writer;

use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use rusqlite::Connection;

use self::{readers::Readers, writer::Writer};
use crate::{
    Answer, Drift, DriftRecord, Gone, Index, Kept, Kind, OpenError, Part, Reference, StoreError, VersionRecord, lock::Lock,
};

/// The index in one SQLite file with a write-ahead log.
///
/// One thread writes; writes that wait at the same time share a transaction and its sync. Reads run where they are called: they take some
/// 10 µs, about what handing them to another thread would add.
#[derive(Debug)]
pub struct SqliteIndex {
    // Dropped in this order: the writer folds the log back at its end, when no reader is left in its way.
    readers: Readers,
    writer: Option<Writer>,
    _lock: Option<Lock>,
}

impl SqliteIndex {
    /// Opens the index in the file `path`, which is made if it is not there. Its directory must be there.
    ///
    /// An index of an older format is brought up to this program's; one of a newer format is refused with [`OpenError::TooNew`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::start(path, schema::connect_and_migrate(path)?, None)
    }

    /// As [`SqliteIndex::open`], for a process that has the store alone by `lock`, which is held for as long as the index is open.
    ///
    /// Whoever had a lease on a log is dead then, and nobody need wait until it is over.
    pub(crate) fn open_alone(path: &Path, lock: Lock) -> Result<Self, OpenError> {
        let connection = schema::connect_and_migrate(path)?;
        // On a full disk, say. The leases then end by themselves.
        let _ = logs::end_leases(&connection);
        Self::start(path, connection, Some(lock))
    }

    fn start(path: &Path, connection: Connection, lock: Option<Lock>) -> Result<Self, OpenError> {
        Ok(Self { readers: Readers::open(path)?, writer: Some(Writer::start(path, connection)?), _lock: lock })
    }

    /// Opens the index in the file `path` beside the process that has it: what writes is refused, and nothing is made or brought up.
    ///
    /// # Errors
    /// [`OpenError::TooOld`] and [`OpenError::TooNew`] for an index of another format.
    pub fn open_to_read(path: &Path) -> Result<Self, OpenError> {
        schema::check_format(path)?;
        Ok(Self { readers: Readers::open(path)?, writer: None, _lock: None })
    }

    /// How many parts are kept whose blobs are not lost, and how many bytes these have.
    pub fn total(&self) -> Result<(u64, u64), StoreError> {
        self.read(rows::total)
    }

    /// The checksum databases of which files are kept, in order of their names, each with how many and how many bytes these have.
    pub fn sumdbs(&self) -> Result<Vec<(String, u64, u64)>, StoreError> {
        self.read(rows::sumdbs)
    }

    /// The paths of up to `limit` kept files of the checksum database `name` that begin with `prefix`, in order, from the first one behind `after`.
    pub fn sumdb_paths(&self, name: &str, prefix: &str, after: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.read(|connection| rows::sumdb_paths(connection, name, (prefix, after), limit))
    }

    /// Removes files of the checksum database `name`, all or none.
    pub(crate) async fn remove_sumdb_files(&self, name: &str, paths: Vec<String>) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(move |connection| rows::remove_sumdb_files(connection, &name, &paths)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        match &self.writer {
            Some(writer) => writer.write(work).await,
            None => Err(StoreError::Index("it was opened to be read only".to_owned())),
        }
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.readers.with(work).map_err(|error| Failure::of(&error).into())
    }
}

/// A future dropped once its write is queued lets that write happen.
#[async_trait]
impl Index for SqliteIndex {
    async fn version(&self, module: &str, version: &str) -> Result<Option<VersionRecord>, StoreError> {
        self.read(|connection| rows::version(connection, module, version))
    }

    async fn keep(&self, module: &str, version: &str, kind: Kind, part: Part) -> Result<Kept, StoreError> {
        let (module, version) = (module.to_owned(), version.to_owned());
        self.write(move |connection| rows::keep(connection, &module, &version, kind, &part)).await
    }

    async fn complete_versions(&self, module: &str) -> Result<Vec<String>, StoreError> {
        self.read(|connection| rows::complete_versions(connection, module))
    }

    async fn infos(&self, module: &str) -> Result<Vec<(String, Part)>, StoreError> {
        self.read(|connection| rows::infos(connection, module))
    }

    async fn forget_blob(&self, module: &str, version: &str, kind: Kind, gone: Gone) -> Result<(), StoreError> {
        let (module, version) = (module.to_owned(), version.to_owned());
        self.write(move |connection| rows::forget_blob(connection, (&module, &version, kind), gone)).await
    }

    async fn answer(&self, key: &str) -> Result<Option<Answer>, StoreError> {
        self.read(|connection| rows::answer(connection, key))
    }

    async fn put_answer(&self, key: &str, answer: Answer) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.write(move |connection| rows::put_answer(connection, &key, &answer)).await
    }

    async fn sumdb_file(&self, name: &str, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(|connection| rows::sumdb_file(connection, name, path))
    }

    async fn put_sumdb_files(&self, name: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(move |connection| rows::put_sumdb_files(connection, &name, &files)).await
    }

    async fn forget_narrower(&self, name: &str, tiles: Vec<(String, u32)>) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write(move |connection| rows::forget_narrower(connection, &name, &tiles)).await
    }

    async fn sumdb_head(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.read(|connection| rows::sumdb_head(connection, name))
    }

    async fn swap_sumdb_head(&self, name: &str, old: Option<Bytes>, new: Bytes) -> Result<bool, StoreError> {
        let name = name.to_owned();
        self.write(move |connection| rows::swap_sumdb_head(connection, &name, old.as_deref(), &new)).await
    }

    async fn drifts(&self, module: &str, version: &str) -> Result<Vec<Drift>, StoreError> {
        self.read(|connection| drifts::drifts(connection, module, version))
    }

    async fn put_drift(&self, module: &str, version: &str, drift: Drift) -> Result<bool, StoreError> {
        let (module, version) = (module.to_owned(), version.to_owned());
        self.write(move |connection| drifts::put_drift(connection, &module, &version, &drift)).await
    }

    async fn all_drifts(&self, after: u64, limit: usize) -> Result<Vec<DriftRecord>, StoreError> {
        self.read(|connection| drifts::all_drifts(connection, after, limit))
    }

    async fn references(&self, after: Option<&Reference>, limit: usize) -> Result<Vec<Reference>, StoreError> {
        self.read(|connection| rows::references(connection, after, limit))
    }

    async fn forget_not_exist(&self, checked_before: i64) -> Result<u64, StoreError> {
        self.write(move |connection| rows::forget_not_exist(connection, checked_before)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.read(rows::ping)
    }
}

/// What SQLite said, in a form that can be told to everyone in a group.
#[derive(Clone, Debug)]
enum Failure {
    Full,
    Other(String),
}

impl Failure {
    fn of(error: &rusqlite::Error) -> Self {
        // A log that cannot grow its shared index has no room either.
        let has_no_room = error.sqlite_error().is_some_and(|cause| {
            cause.code == rusqlite::ErrorCode::DiskFull || cause.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE
        });
        if has_no_room { Self::Full } else { Self::Other(error.to_string()) }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Full => Self::Full,
            Failure::Other(said) => Self::Index(said),
        }
    }
}

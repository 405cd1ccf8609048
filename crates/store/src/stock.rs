//! What is in a store, read again from the disk: for whoever proves all of it.

use std::{
    fs::File,
    io::{self, Cursor, Read as _},
    path::Path,
    sync::Arc,
};

use gomod::zip::read::Source;
use sha2::{Digest as _, Sha256};

use crate::{
    Digest, FileAt, Gone, Index, OpenError, Reference, StoreError,
    fs::{FsBlobs, Proof, is_lost},
    limits::{FILE_BUFFER_BYTES, WHOLE_BLOB_BYTES},
    lock::Lock,
    log::Logs,
    sqlite::SqliteIndex,
};

/// A store that is open to be proven again, beside its server or in its place.
#[derive(Debug)]
pub struct Stock {
    blobs: FsBlobs,
    index: Arc<SqliteIndex>,
    hold: Hold,
}

/// Who may change the store while it is proven.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// This process alone: what is damaged can be put aside.
    Alone,
    /// Another process has it. Nothing is changed: what looks damaged may be what that process is about to mend.
    Beside,
    /// Nobody here wanted to change it.
    Reading,
}

/// What was found where a blob should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Look<T> {
    /// Its bytes are right; what was made of them.
    Right(T),
    /// Its bytes are wrong.
    Damaged,
    /// It is not there.
    Missing,
}

/// Bytes of a blob that are right. Several can read them side by side.
#[derive(Clone, Copy, Debug)]
pub struct Right<'a>(Place<'a>);

#[derive(Clone, Copy, Debug)]
enum Place<'a> {
    Memory(&'a [u8]),
    File(&'a File, u64),
}

impl<'a> Right<'a> {
    /// A reader at their beginning.
    pub fn source(&self) -> Box<dyn Source + 'a> {
        match self.0 {
            Place::Memory(bytes) => Box::new(Cursor::new(bytes)),
            Place::File(file, size_bytes) => Box::new(FileAt::new(file, size_bytes)),
        }
    }
}

impl Stock {
    /// Opens the store in the directory `path`, which must be there. With `may_change` it is taken for this process alone, if no other one has it;
    /// a server cannot start until it is dropped.
    ///
    /// # Errors
    /// [`OpenError::Absent`] and [`OpenError::TooOld`] besides those of [`crate::Store::open_embedded`], but never [`OpenError::Locked`]: see [`Stock::hold`].
    pub fn open(path: &Path, may_change: bool) -> Result<Self, OpenError> {
        let file = path.join("index.sqlite");
        file.metadata().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                OpenError::Absent { path: path.to_owned(), missing: "index.sqlite" }
            }
            _ => OpenError::at(&file)(error),
        })?;
        let lock = match may_change.then(|| Lock::take(path)) {
            Some(Ok(lock)) => Some(lock),
            None | Some(Err(OpenError::Locked { .. })) => None,
            Some(Err(error)) => return Err(error),
        };
        let reading = SqliteIndex::open_to_read(&file)?;
        let (index, blobs, hold) = match lock {
            Some(lock) => (SqliteIndex::open_alone(&file, lock.clone())?, FsBlobs::open(path)?.holding(lock), Hold::Alone),
            None if may_change => (reading, FsBlobs::open_to_read(path)?, Hold::Beside),
            None => (reading, FsBlobs::open_to_read(path)?, Hold::Reading),
        };
        Ok(Self { blobs, index: Arc::new(index), hold })
    }

    /// Who may change the store meanwhile.
    pub fn hold(&self) -> Hold {
        self.hold
    }

    /// The records. Unless the store is held alone, what writes is refused.
    pub fn index(&self) -> &Arc<SqliteIndex> {
        &self.index
    }

    /// The logs, to be read: unless the store is held alone, nobody may write their files.
    pub fn logs(&self) -> Logs {
        Logs { files: Arc::new(self.blobs.logs()), lock: Arc::clone(&self.index) as _ }
    }

    /// The logs that have files here, in order of their names.
    ///
    /// # Errors
    /// What the system says.
    pub fn log_names(&self) -> io::Result<Vec<String>> {
        match self.blobs.shelf().layout().log_names() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            names => names,
        }
    }

    /// The length in bytes of all tiles of logs and of all that is kept of checksum databases.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn log_bytes(&self) -> Result<u64, StoreError> {
        let mut bytes = self.index.sumdbs()?.iter().map(|(_, _, bytes)| bytes).sum();
        let mut folders: Vec<_> =
            self.log_names()?.iter().map(|name| self.blobs.shelf().layout().log(name).join("files/tile")).collect();
        while let Some(folder) = folders.pop() {
            // What a server removes meanwhile counts as nothing.
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                    Ok(metadata) => bytes += metadata.len(),
                    Err(_) => {}
                }
            }
        }
        Ok(bytes)
    }

    /// Removes kept files of the checksum database `name`, so that they are fetched again.
    ///
    /// # Errors
    /// [`StoreError`]; then none is removed.
    pub async fn remove_sumdb_files(&self, name: &str, paths: Vec<String>) -> Result<(), StoreError> {
        assert_eq!(self.hold, Hold::Alone, "only who has the store alone changes it");
        self.index.remove_sumdb_files(name, paths).await
    }

    /// Reads a blob from the disk, hashes it, and hands right bytes to `make`. It blocks, and remembers nothing.
    ///
    /// # Errors
    /// What the system says, but for bytes that the disk itself has lost: these are [`Look::Damaged`].
    pub fn look<T>(&self, digest: Digest, size_bytes: u64, make: impl FnOnce(Right<'_>) -> T) -> io::Result<Look<T>> {
        let file = match File::open(self.blobs.shelf().layout().blob(digest)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Look::Missing),
            file => file?,
        };
        read_ahead(&file);
        let looked = if size_bytes <= WHOLE_BLOB_BYTES {
            in_memory(&file, digest, size_bytes, make)
        } else {
            on_disk(&file, digest, size_bytes, make)
        };
        match looked {
            Err(error) if is_lost(&error) => Ok(Look::Damaged),
            looked => Ok(looked?.map_or(Look::Damaged, Look::Right)),
        }
    }

    /// Puts aside what lies at the place of the blob that `reference` names, and forgets the record's hold on it, so that it is fetched again; what
    /// will be taken, `gone` says. Right bytes stay for the other records that name them, and are shown in the quarantine as well.
    ///
    /// # Errors
    /// [`StoreError`]; the blob may then be aside and still named: the next answer finds that out.
    pub async fn put_aside(&self, reference: &Reference, gone: Gone) -> Result<(), StoreError> {
        assert_eq!(self.hold, Hold::Alone, "only who has the store alone changes it");
        if self.blobs.shelf().prove(reference.digest)? == Proof::Right {
            self.blobs.shelf().show_aside(reference.digest)?;
        }
        self.index.forget_blob(&reference.module, &reference.version, reference.kind, gone).await
    }
}

/// Asks the disk for all of a file now, so that it brings the rest while the first bytes are hashed, and this file while others are.
fn read_ahead(file: &File) {
    // Advice may be left unheeded: then the bytes come as they are read.
    #[cfg(target_os = "linux")]
    let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::WillNeed);
}

/// `None` if the bytes are wrong.
fn in_memory<T>(file: &File, digest: Digest, size_bytes: u64, make: impl FnOnce(Right<'_>) -> T) -> io::Result<Option<T>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or(0) + 1);
    file.take(size_bytes + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 == size_bytes && Digest::of(&bytes) == digest).then(|| make(Right(Place::Memory(&bytes)))))
}

fn on_disk<T>(file: &File, digest: Digest, size_bytes: u64, make: impl FnOnce(Right<'_>) -> T) -> io::Result<Option<T>> {
    let (mut hasher, mut buffer, mut rest) = (Sha256::new(), vec![0; FILE_BUFFER_BYTES], file);
    let mut read_bytes = 0;
    loop {
        let read = match rest.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
        read_bytes += read as u64;
    }
    let is_right = read_bytes == size_bytes && Digest::new(hasher.finalize().into()) == digest;
    Ok(is_right.then(|| make(Right(Place::File(file, size_bytes)))))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bytes::Bytes;

    use super::*;
    use crate::{Blobs as _, Kind, Part, Store};

    const LENGTHS: [usize; 4] = [0, 1, 100_000, WHOLE_BLOB_BYTES as usize + 1];

    async fn filled(home: &Path) -> Vec<(Reference, Bytes)> {
        let store = Store::open_embedded(home).unwrap();
        let mut all = Vec::new();
        for length in LENGTHS {
            let bytes: Bytes = (0..length).map(|at| (at % 251) as u8).collect();
            let digest = store.blobs.put_bytes(bytes.clone()).await.unwrap();
            let (size_bytes, version) = (length as u64, format!("v1.0.{length}"));
            let (h1, vouched, origin) = (Some(format!("h1:{length}")), String::new(), String::new());
            store
                .index
                .keep("m", &version, Kind::Zip, Part { digest, size_bytes, h1, vouched, origin, kept_at: 0 })
                .await
                .unwrap();
            all.push((Reference { module: "m".to_owned(), version, kind: Kind::Zip, digest, size_bytes }, bytes));
        }
        all
    }

    fn look(stock: &Stock, reference: &Reference) -> Look<Vec<u8>> {
        let read = |right: Right<'_>| {
            let (mut bytes, mut again) = (Vec::new(), Vec::new());
            let mut other = right.source();
            right.source().read_to_end(&mut bytes).unwrap();
            other.read_to_end(&mut again).unwrap();
            assert!(bytes == again);
            bytes
        };
        stock.look(reference.digest, reference.size_bytes, read).unwrap()
    }

    #[tokio::test]
    async fn right_bytes_are_shown_and_wrong_ones_told() {
        let home = tempfile::tempdir().unwrap();
        let all = filled(home.path()).await;
        let stock = Stock::open(home.path(), false).unwrap();
        for (reference, bytes) in &all {
            assert!(look(&stock, reference) == Look::Right(bytes.to_vec()), "{} bytes", bytes.len());
            let path = stock.blobs.shelf().layout().blob(reference.digest);
            fs::write(&path, [bytes, &b"x"[..]].concat()).unwrap();
            assert!(look(&stock, reference) == Look::Damaged, "{} bytes and one more", bytes.len());
            if let Some(last) = bytes.len().checked_sub(1) {
                fs::write(&path, &bytes[..last]).unwrap();
                assert!(look(&stock, reference) == Look::Damaged, "{} bytes but one", bytes.len());
                fs::write(&path, [&bytes[..last], &[bytes[last] ^ 1]].concat()).unwrap();
                assert!(look(&stock, reference) == Look::Damaged, "{} bytes with a flipped bit", bytes.len());
            }
            fs::remove_file(&path).unwrap();
            assert!(look(&stock, reference) == Look::Missing);
        }
    }

    #[tokio::test]
    async fn what_is_put_aside_is_forgotten_and_comes_back_with_the_recorded_h1_only() {
        let home = tempfile::tempdir().unwrap();
        let all = filled(home.path()).await;
        let stock = Stock::open(home.path(), true).unwrap();
        let layout = stock.blobs.shelf().layout();
        for (reference, bytes) in &all {
            // The first stays right: its record may be what is wrong.
            if !bytes.is_empty() {
                fs::write(layout.blob(reference.digest), "wrong").unwrap();
            }
            stock.put_aside(reference, Gone::Lost).await.unwrap();
            assert!(layout.quarantine.join(reference.digest.to_string()).exists());
            assert_eq!(layout.blob(reference.digest).exists(), bytes.is_empty());
            let record = async || stock.index.version("m", &reference.version).await.unwrap();
            assert_eq!(record().await, None);
            let offer = |h1: &str| Part { digest: Digest::of(b"other"), size_bytes: 5, h1: Some(h1.to_owned()), ..part() };
            let keep = async |part| stock.index.keep("m", &reference.version, Kind::Zip, part).await.unwrap();
            keep(offer("h1:other")).await;
            assert_eq!(record().await, None);
            keep(offer(&format!("h1:{}", bytes.len()))).await;
            assert!(record().await.is_some());
        }
        assert_eq!(stock.blobs.put_bytes(Bytes::new()).await.unwrap(), all[0].0.digest);
    }

    fn part() -> Part {
        let (vouched, origin) = (String::new(), String::new());
        Part { digest: Digest::of(b""), size_bytes: 0, h1: None, vouched, origin, kept_at: 0 }
    }

    #[tokio::test]
    async fn a_store_in_use_is_only_read_and_one_held_alone_starts_no_server() {
        let home = tempfile::tempdir().unwrap();
        assert!(Stock::open(&home.path().join("none"), true).is_err());
        assert!(!home.path().join("none").exists());
        let server = Store::open_embedded(home.path()).unwrap();
        assert_eq!(Stock::open(home.path(), true).unwrap().hold(), Hold::Beside);
        drop(server);
        assert_eq!(Stock::open(home.path(), false).unwrap().hold(), Hold::Reading);
        let stock = Stock::open(home.path(), true).unwrap();
        assert_eq!(stock.hold(), Hold::Alone);
        assert!(matches!(Store::open_embedded(home.path()), Err(OpenError::Locked { .. })));
        drop(stock);
        Store::open_embedded(home.path()).unwrap();
    }
}

//! The files of logs.
//!
//! `logs/NAME/files/…` are written once, `logs/NAME/published` is replaced by renaming, by one at a time. A file gets its name when its bytes are durable, and the call
//! returns when its name is, too. A crash before that leaves temporary files, which the next start sweeps, and whole files whose names may
//! or may not last: whoever puts them again makes them last.

use std::{
    collections::BTreeSet,
    fs::{self, File, Permissions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, PoisonError, RwLock},
    thread,
};

use async_trait::async_trait;
use bytes::Bytes;
use quick_cache::sync::Cache;
use tempfile::TempPath;

use super::{durable, layout::Layout, quick, room};
use crate::{
    LogFiles, StoreError,
    blocking::Blocking,
    limits::{BUSY, DURABLE_DIRECTORIES, READING_THREADS, SYNCING_THREADS, WRITING_THREADS},
    lock::{Lock, Turn},
    log::{check_name, check_path},
};

/// The files of logs below one directory.
#[derive(Debug)]
pub struct FsLogFiles {
    shelves: Arc<Shelves>,
    reading: Blocking,
    writing: Blocking,
    _lock: Option<Lock>,
}

#[derive(Debug)]
struct Shelves {
    layout: Layout,
    reserve_bytes: u64,
    /// The open `logs` directory, for quick reads.
    directory: OnceLock<File>,
    /// Directories whose own names are known to be durable.
    durable: Cache<PathBuf, ()>,
    /// Held to read while names are made, to write while directories that became empty are removed.
    directories_go: RwLock<()>,
}

impl FsLogFiles {
    pub(super) fn new(layout: Layout, reserve_bytes: u64, lock: Option<Lock>) -> Self {
        let durable = Cache::new(DURABLE_DIRECTORIES);
        let (directory, directories_go) = Default::default();
        let shelves = Arc::new(Shelves { layout, reserve_bytes, directory, durable, directories_go });
        Self { shelves, reading: Blocking::new(READING_THREADS), writing: Blocking::new(WRITING_THREADS), _lock: lock }
    }
}

/// A future dropped once its work has begun lets that work come to its end.
#[async_trait]
impl LogFiles for FsLogFiles {
    async fn put(&self, log: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        check_name(log)?;
        files.iter().try_for_each(|(path, _)| check_path(path))?;
        let (shelves, folder) = (Arc::clone(&self.shelves), self.shelves.files(log));
        self.writing.run(move || shelves.put(&folder, &files)).await
    }

    async fn get(&self, log: &str, path: &str) -> Result<Option<Bytes>, StoreError> {
        check_name(log)?;
        check_path(path)?;
        let path = self.shelves.files(log).join(path);
        if let Some(bytes) = self.shelves.read_at_hand(&path) {
            return Ok(Some(bytes));
        }
        self.reading.run(move || Ok(read(&path)?)).await
    }

    async fn publish(&self, log: &str, old: Option<Bytes>, note: Bytes) -> Result<bool, StoreError> {
        check_name(log)?;
        let (shelves, folder) = (Arc::clone(&self.shelves), self.shelves.layout.log(log));
        self.writing.run(move || Ok(shelves.publish(&folder, old.as_ref(), &note)?)).await
    }

    async fn published(&self, log: &str) -> Result<Option<Bytes>, StoreError> {
        check_name(log)?;
        let path = self.shelves.published(log);
        if let Some(bytes) = self.shelves.read_at_hand(&path) {
            return Ok(Some(bytes));
        }
        self.reading.run(move || Ok(read(&path)?)).await
    }

    async fn remove(&self, log: &str, paths: Vec<String>) -> Result<(), StoreError> {
        check_name(log)?;
        paths.iter().try_for_each(|path| check_path(path))?;
        let (shelves, folder) = (Arc::clone(&self.shelves), self.shelves.files(log));
        self.writing.run(move || Ok(paths.iter().try_for_each(|path| shelves.remove(&folder, path))?)).await
    }

    async fn list(&self, log: &str, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        check_name(log)?;
        let (folder, prefix) = (self.shelves.files(log), prefix.to_owned());
        self.reading
            .run(move || {
                let mut found = Vec::new();
                list(&folder, "", &prefix, limit, &mut found)?;
                Ok(found)
            })
            .await
    }
}

impl Shelves {
    fn files(&self, log: &str) -> PathBuf {
        self.layout.log(log).join("files")
    }

    fn published(&self, log: &str) -> PathBuf {
        self.layout.log(log).join("published")
    }

    fn put(&self, folder: &Path, files: &[(String, Bytes)]) -> Result<(), StoreError> {
        let mut new = Vec::new();
        for (path, bytes) in files {
            if !is_there(folder, path, bytes)? {
                new.push((path, bytes));
            }
        }
        room::check(&self.layout.tmp, self.reserve_bytes, new.iter().map(|(_, bytes)| bytes.len() as u64).sum())?;
        // A crash from here on leaves temporary files.
        let staged = side_by_side(&new, |(_, bytes)| self.stage(bytes))?;
        let _no_directory_goes = self.directories_go.read().unwrap_or_else(PoisonError::into_inner);
        let mut made = Made::default();
        for ((path, bytes), staged) in new.into_iter().zip(staged) {
            self.name(folder, (path, bytes), staged, &mut made)?;
        }
        // A name that is there may be one whose maker was killed before it was durable.
        for (path, _) in files {
            let directory = parent(&folder.join(path)).to_owned();
            self.make_directories(&directory, &mut made)?;
            made.directories.insert(directory);
        }
        Ok(self.sync(made)?)
    }

    /// A temporary file with these bytes, durable but for its name.
    fn stage(&self, bytes: &[u8]) -> io::Result<TempPath> {
        let read_only = Permissions::from_mode(0o444);
        let mut file = tempfile::Builder::new().prefix("log-").permissions(read_only).tempfile_in(&self.layout.tmp)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        Ok(file.into_temp_path())
    }

    /// Gives a staged file its name, unless somebody else made that meanwhile.
    fn name(&self, folder: &Path, (path, bytes): (&str, &[u8]), staged: TempPath, made: &mut Made) -> Result<(), StoreError> {
        let target = folder.join(path);
        self.make_directories(parent(&target), made)?;
        match staged.persist_noclobber(&target) {
            Ok(()) => made.names.push(target),
            Err(end) if end.error.kind() == io::ErrorKind::AlreadyExists && is_there(folder, path, bytes)? => {}
            Err(end) => return Err(end.error.into()),
        }
        Ok(())
    }

    /// Makes `directory` and what is missing above it, and notes which names must yet be made durable.
    fn make_directories(&self, directory: &Path, made: &mut Made) -> io::Result<()> {
        if directory == self.layout.logs || (self.durable.get(directory).is_some() && directory.is_dir()) {
            return Ok(());
        }
        self.make_directories(parent(directory), made)?;
        match fs::DirBuilder::new().create(directory) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            // Whoever made it may not have synced it yet, or have been killed before it could.
            _ => {}
        }
        made.directories.insert(parent(directory).to_owned());
        made.durable.insert(directory.to_owned());
        Ok(())
    }

    /// Makes the names durable that were made. If that fails they are taken back: after a failed sync nobody knows what is on the disk.
    fn sync(&self, made: Made) -> io::Result<()> {
        let directories: Vec<_> = made.directories.into_iter().collect();
        if let Err(error) = side_by_side(&directories, |directory| durable::sync_directory(directory)) {
            made.names.iter().for_each(|path| drop(fs::remove_file(path)));
            return Err(error);
        }
        made.durable.into_iter().for_each(|directory| self.durable.insert(directory, ()));
        Ok(())
    }

    /// A crash in here leaves a temporary file, the old head or the new one. A process that sleeps in here keeps the others out.
    fn publish(&self, folder: &Path, old: Option<&Bytes>, note: &[u8]) -> io::Result<bool> {
        room::check(&self.layout.tmp, self.reserve_bytes, note.len() as u64)?;
        let mut made = Made::default();
        self.make_directories(folder, &mut made)?;
        self.sync(made)?;
        let _turn = Turn::wait(folder, BUSY)?;
        let path = folder.join("published");
        if read(&path)?.as_ref() != old {
            return Ok(false);
        }
        durable::write(&path, &self.layout.tmp, note)?;
        Ok(true)
    }

    /// Removes the file, and the directories that are empty then.
    fn remove(&self, folder: &Path, path: &str) -> io::Result<()> {
        let path = folder.join(path);
        match fs::remove_file(&path) {
            Err(error) if is_absent(&error) => return Ok(()),
            end => end?,
        }
        let _nobody_makes_names = self.directories_go.write().unwrap_or_else(PoisonError::into_inner);
        for directory in path.ancestors().skip(1).take_while(|directory| *directory != folder) {
            if fs::remove_dir(directory).is_err() {
                break;
            }
            self.durable.remove(directory);
        }
        Ok(())
    }

    /// The file's bytes, if they and its name are in memory.
    fn read_at_hand(&self, path: &Path) -> Option<Bytes> {
        let directory = match self.directory.get() {
            Some(directory) => directory,
            None => {
                let _ = self.directory.set(File::open(&self.layout.logs).ok()?);
                self.directory.get()?
            }
        };
        let file = quick::open(directory, path.strip_prefix(&self.layout.logs).ok()?)?;
        let size_bytes = usize::try_from(file.metadata().ok()?.len()).ok()?;
        quick::read(&file, size_bytes).map(Bytes::from)
    }
}

/// What one put has made and must yet make durable.
#[derive(Default)]
struct Made {
    names: Vec<PathBuf>,
    /// To be synced.
    directories: BTreeSet<PathBuf>,
    /// Whose own names are durable then.
    durable: BTreeSet<PathBuf>,
}

/// True if the file is there with these bytes.
fn is_there(folder: &Path, path: &str, bytes: &[u8]) -> Result<bool, StoreError> {
    match read(&folder.join(path))? {
        None => Ok(false),
        Some(kept) if kept == bytes => Ok(true),
        Some(_) => Err(StoreError::Changed { path: path.to_owned() }),
    }
}

fn read(path: &Path) -> io::Result<Option<Bytes>> {
    match fs::read(path) {
        Err(error) if is_absent(&error) => Ok(None),
        bytes => Ok(Some(bytes?.into())),
    }
}

/// Nothing is there, or what is there is a directory, or one of the directories above is a file.
fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

/// Does `work` for each of `all` on a few threads; the answers come in the order of `all`.
fn side_by_side<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> io::Result<R> + Sync) -> io::Result<Vec<R>> {
    let share = all.len().div_ceil(SYNCING_THREADS).max(1);
    let work = |part: &[T]| part.iter().map(&work).collect::<io::Result<Vec<R>>>();
    thread::scope(|scope| {
        let mut shares = all.chunks(share);
        let first = shares.next().unwrap_or_default();
        let others: Vec<_> = shares.map(|part| scope.spawn(move || work(part))).collect();
        let mut done = work(first);
        for other in others {
            let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            done = done.and_then(|mut done| {
                Ok({
                    done.extend(other?);
                    done
                })
            });
        }
        done
    })
}

/// Finds the paths below `directory`, whose own path is `base`, in bytewise order. A directory's place is that of its name with the `/`.
fn list(directory: &Path, base: &str, prefix: &str, limit: usize, found: &mut Vec<String>) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if is_absent(&error) => return Ok(()),
        entries => entries?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        paths.extend(entry.file_name().to_str().map(|name| format!("{base}{name}{slash}")));
    }
    paths.sort();
    for path in paths {
        if found.len() >= limit {
            break;
        }
        if path.ends_with('/') && (path.starts_with(prefix) || prefix.starts_with(&path)) {
            list(&directory.join(&path[base.len()..]), &path, prefix, limit, found)?;
        } else if !path.ends_with('/') && path.starts_with(prefix) {
            found.push(path);
        }
    }
    Ok(())
}

fn parent(path: &Path) -> &Path {
    path.parent().expect("a file of a log lies in a directory")
}

#[cfg(test)]
mod tests;

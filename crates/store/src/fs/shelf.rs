//! The files themselves, with blocking calls.

use std::{
    fs::{self, File, FileTimes},
    io::{self, Read, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use bytes::Bytes;
use quick_cache::sync::Cache;
use sha2::{Digest as _, Sha256};

use super::{durable, layout::Layout, quick, room};
use crate::{
    Blob, Content, Digest, Stage,
    blobs::TempPath,
    limits::{MEMORY_BLOB_BYTES, OPEN_FILES, PLENTY_OF_NAMES, PROVEN_DIGESTS, RENEW_AGE},
};

/// The blobs of one layout, and what is known of them in this process.
#[derive(Debug)]
pub(crate) struct Shelf {
    layout: Layout,
    reserve_bytes: u64,
    /// The open `blobs` directory, for quick reads.
    directory: OnceLock<File>,
    /// Whose bytes were hashed in this process and right.
    proven: Cache<Digest, ()>,
    /// Proven files and their lengths.
    files: Cache<Digest, (Arc<File>, u64)>,
    /// Which fan-out directories are known to be durable.
    fan_outs: Vec<AtomicBool>,
    /// Held, by the first byte of the digest, while a name is made or taken away, and while a file is proven.
    names: Vec<Mutex<()>>,
}

/// What a look at a blob's bytes found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// They are right.
    Right,
    /// They were not, and were put aside.
    Damaged,
    /// There is no such blob.
    Missing,
}

impl Shelf {
    pub(super) fn new(layout: Layout, reserve_bytes: u64) -> Self {
        Self {
            layout,
            reserve_bytes,
            directory: OnceLock::new(),
            proven: Cache::new(PROVEN_DIGESTS),
            files: Cache::new(OPEN_FILES),
            fan_outs: (0..=u8::MAX).map(|_| AtomicBool::new(false)).collect(),
            names: (0..=u8::MAX).map(|_| Mutex::new(())).collect(),
        }
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    pub(super) fn reserve_bytes(&self) -> u64 {
        self.reserve_bytes
    }

    pub(super) fn stage(&self) -> io::Result<Stage> {
        self.check_room(0)?;
        let (file, path) = tempfile::Builder::new().prefix("stage-").tempfile_in(&self.layout.tmp)?.into_parts();
        let path = path.keep().map_err(|error| error.error)?;
        Ok(Stage { file: Arc::new(file), path: TempPath::new(path) })
    }

    pub(super) fn put_bytes(&self, bytes: &[u8]) -> io::Result<Digest> {
        let digest = Digest::of(bytes);
        let size_bytes = bytes.len() as u64;
        if self.has_durable(digest, size_bytes)? {
            return Ok(digest);
        }
        self.check_room(size_bytes)?;
        let stage = self.stage()?;
        (&*stage.file).write_all(bytes)?;
        self.put(stage, digest, size_bytes)?;
        Ok(digest)
    }

    /// A crash in here leaves a temporary file, or a blob that no record names yet; the sweep takes both.
    pub(super) fn put(&self, stage: Stage, digest: Digest, size_bytes: u64) -> io::Result<()> {
        if stage.file.metadata()?.len() != size_bytes {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a staged file is not as long as it was said to be"));
        }
        if self.has_durable(digest, size_bytes)? {
            return Ok(());
        }
        self.check_room(0)?;
        // If this fails the stage is dropped, and its file with it: the kernel may have thrown the bytes away and would not say so again.
        stage.file.sync_all()?;
        let _name = self.lock_name(digest);
        let path = self.layout.blob(digest);
        if path.exists() {
            return durable::sync_directory(&self.layout.fan_out(digest));
        }
        let directory = self.durable_fan_out(digest)?;
        durable::rename(stage.path.as_path(), &path, &directory)?;
        stage.path.keep();
        Ok(())
    }

    /// The blob, if that takes no more than memory: an open file, or a short one that the kernel has cached.
    pub(super) fn open_at_hand(&self, digest: Digest, size_bytes: u64) -> Option<Blob> {
        if let Some((file, actual_bytes)) = self.files.get(&digest) {
            return (actual_bytes == size_bytes).then_some(Blob { size_bytes, content: Content::File(file) });
        }
        let directory = match self.directory.get() {
            Some(directory) => directory,
            None => {
                let _ = self.directory.set(File::open(&self.layout.blobs).ok()?);
                self.directory.get()?
            }
        };
        let is_short = size_bytes <= MEMORY_BLOB_BYTES;
        if !is_short && self.proven.get(&digest).is_none() {
            return None;
        }
        let file = quick::open(directory, Path::new(&Layout::name(digest)))?;
        if file.metadata().ok()?.len() != size_bytes {
            return None;
        }
        if !is_short {
            return Some(self.keep_open(digest, file, size_bytes));
        }
        let bytes = quick::read(&file, usize::try_from(size_bytes).ok()?)?;
        (Digest::of(&bytes) == digest).then(|| Blob { size_bytes, content: Content::Memory(bytes.into()) })
    }

    /// The blob, proven; damaged bytes are put aside.
    pub(super) fn open(&self, digest: Digest, size_bytes: u64) -> io::Result<Option<Blob>> {
        // Whoever asks for the same blob meanwhile waits for this proof instead of making another.
        let _name = self.lock_name(digest);
        let file = match File::open(self.layout.blob(digest)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let read = if file.metadata()?.len() == size_bytes { self.read(digest, file, size_bytes) } else { Ok(None) };
        match read {
            Ok(Some(blob)) => return Ok(Some(blob)),
            Ok(None) => {}
            Err(error) if is_lost(&error) => {}
            Err(error) => return Err(error),
        }
        self.put_aside(digest)?;
        Ok(None)
    }

    /// Hashes the blob, whatever was proven before.
    pub(crate) fn prove(&self, digest: Digest) -> io::Result<Proof> {
        let proof = match File::open(self.layout.blob(digest)).and_then(|file| hash(&file)) {
            Ok(actual) if actual == digest => return Ok(Proof::Right),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Proof::Missing),
            Err(error) if !is_lost(&error) => return Err(error),
            Ok(_) | Err(_) => Proof::Damaged,
        };
        let _name = self.lock_name(digest);
        self.put_aside(digest)?;
        Ok(proof)
    }

    /// Keeps the bytes that lie where the blob does in the quarantine as well, for someone to look at: other records may name the blob.
    pub(crate) fn show_aside(&self, digest: Digest) -> io::Result<()> {
        let aside = self.layout.quarantine.join(digest.to_string());
        fs::hard_link(self.layout.blob(digest), &aside).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound => Ok(()),
            _ => fs::copy(self.layout.blob(digest), &aside).map(drop),
        })
    }

    /// Removes the blob if it was last put before `before`; only for the sweep.
    pub(crate) fn remove(&self, digest: Digest, before: SystemTime) -> io::Result<bool> {
        let path = self.layout.blob(digest);
        let _name = self.lock_name(digest);
        let put = match fs::metadata(&path).and_then(|metadata| metadata.modified()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            put => put?,
        };
        if put >= before {
            return Ok(false);
        }
        self.forget(digest);
        fs::remove_file(&path)?;
        Ok(true)
    }

    /// The blob, or `None` if its bytes are wrong.
    fn read(&self, digest: Digest, file: File, size_bytes: u64) -> io::Result<Option<Blob>> {
        if size_bytes <= MEMORY_BLOB_BYTES {
            let mut bytes = Vec::new();
            file.take(size_bytes).read_to_end(&mut bytes)?;
            let is_right = Digest::of(&bytes) == digest;
            return Ok(is_right.then(|| Blob { size_bytes, content: Content::Memory(Bytes::from(bytes)) }));
        }
        if self.proven.get(&digest).is_none() && hash(&file)? != digest {
            return Ok(None);
        }
        self.proven.insert(digest, ());
        Ok(Some(self.keep_open(digest, file, size_bytes)))
    }

    fn keep_open(&self, digest: Digest, file: File, size_bytes: u64) -> Blob {
        let file = Arc::new(file);
        self.files.insert(digest, (Arc::clone(&file), size_bytes));
        Blob { size_bytes, content: Content::File(file) }
    }

    /// True if the blob is there, as long as it should be, and its name is durable.
    ///
    /// Whoever made the name may not have synced it yet, or may have been killed before it could; so it is synced here too.
    fn has_durable(&self, digest: Digest, size_bytes: u64) -> io::Result<bool> {
        let _name = self.lock_name(digest);
        let path = self.layout.blob(digest);
        let metadata = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            metadata => metadata?,
        };
        if metadata.len() != size_bytes {
            self.put_aside(digest)?;
            return Ok(false);
        }
        if metadata.modified()?.elapsed().is_ok_and(|age| age > RENEW_AGE) {
            File::open(&path)?.set_times(FileTimes::new().set_modified(SystemTime::now()))?;
        }
        self.durable_fan_out(digest)?;
        durable::sync_directory(&self.layout.fan_out(digest))?;
        Ok(true)
    }

    /// The fan-out directory, made if need be, and its own name durable.
    fn durable_fan_out(&self, digest: Digest) -> io::Result<std::path::PathBuf> {
        let directory = self.layout.fan_out(digest);
        let is_durable = &self.fan_outs[usize::from(digest.as_bytes()[0])];
        // Someone may have removed it from outside, to make room.
        if !is_durable.load(Ordering::Acquire) || !directory.is_dir() {
            match fs::create_dir(&directory) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => durable::sync_directory(&self.layout.blobs)?,
            }
            is_durable.store(true, Ordering::Release);
        }
        Ok(directory)
    }

    /// Makes all fan-out directories at once, so that no blob waits until the name of its directory is durable.
    ///
    /// What cannot be made now, on a full disk, is made when it is needed. So are all where names are scarce.
    pub(super) fn make_fan_outs(&self) {
        let has_names = |room: rustix::fs::StatVfs| room.f_files == 0 || room.f_favail >= PLENTY_OF_NAMES;
        if !rustix::fs::statvfs(&self.layout.blobs).is_ok_and(has_names) {
            return;
        }
        let make = |first: u8| match fs::create_dir(self.layout.blobs.join(format!("{first:02x}"))) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(()),
        };
        let made = (0..=u8::MAX).try_for_each(make).and_then(|()| durable::sync_directory(&self.layout.blobs));
        if made.is_ok() {
            self.fan_outs.iter().for_each(|is_durable| is_durable.store(true, Ordering::Release));
        }
    }

    /// Moves a damaged blob out of the way, so that it can be put again. The caller holds its name.
    fn put_aside(&self, digest: Digest) -> io::Result<()> {
        self.forget(digest);
        let path = self.layout.blob(digest);
        match fs::rename(&path, self.layout.quarantine.join(digest.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // It must not be found again, even if it cannot be kept to be looked at.
            Err(_) => fs::remove_file(&path),
            Ok(()) => Ok(()),
        }
    }

    fn forget(&self, digest: Digest) {
        self.proven.remove(&digest);
        self.files.remove(&digest);
    }

    fn check_room(&self, wanted_bytes: u64) -> io::Result<()> {
        room::check(&self.layout.tmp, self.reserve_bytes, wanted_bytes)
    }

    fn lock_name(&self, digest: Digest) -> MutexGuard<'_, ()> {
        self.names[usize::from(digest.as_bytes()[0])].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The disk itself says that it cannot give the bytes back.
pub(crate) fn is_lost(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) || error.kind() == io::ErrorKind::IsADirectory
}

fn hash(file: &File) -> io::Result<Digest> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 128 << 10];
    let mut offset = 0;
    loop {
        let read = match file.read_at(&mut buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if read == 0 {
            return Ok(Digest::new(hasher.finalize().into()));
        }
        hasher.update(&buffer[..read]);
        offset += read as u64;
    }
}

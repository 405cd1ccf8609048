//! Bytes on their way in: written once by the fetch, followed by any number of readers while they arrive.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    sync::Arc,
};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use store::{Digest, Stage};
use tokio::sync::watch;

/// The writing end. Exactly one; hashes what passes.
///
/// When dropped before [`SpoolWriter::settle`], its readers see the end [`Settled::Lost`].
#[derive(Debug)]
pub struct SpoolWriter {
    file: Arc<File>,
    hash: Sha256,
    state: watch::Sender<State>,
}

/// A reading end: cheap to clone, each with its own position kept by its user.
#[derive(Clone, Debug)]
pub struct SpoolReader {
    file: Arc<File>,
    state: watch::Receiver<State>,
}

/// How far a spool has come.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct State {
    /// Bytes written.
    pub written: u64,
    /// The whole length, once known.
    pub length: Option<u64>,
    /// Set once, at the end.
    pub settled: Option<Settled>,
}

/// How a spool ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settled {
    /// All bytes are there and proven, or their proof is waived.
    Proven,
    /// They are not to be served.
    Refused,
    /// The writer went away.
    Lost,
}

impl SpoolWriter {
    /// Spools into the staged file.
    pub fn new(stage: &Stage) -> Self {
        Self { file: Arc::clone(&stage.file), hash: Sha256::new(), state: watch::Sender::new(State::default()) }
    }

    /// A reader that follows from the start.
    pub fn reader(&self) -> SpoolReader {
        SpoolReader { file: Arc::clone(&self.file), state: self.state.subscribe() }
    }

    /// Tells the readers the whole length. Later calls change nothing.
    pub fn announce(&mut self, length: u64) {
        self.state.send_if_modified(|state| state.length.is_none().then(|| state.length = Some(length)).is_some());
    }

    /// Bytes written until now; where a resumed body goes on.
    pub fn written(&self) -> u64 {
        self.state.borrow().written
    }

    /// Starts again from nothing, if no length was announced to readers or the new body is to be the same: the caller knows.
    ///
    /// Readers may have sent bytes already; the hash of what they sent is checked by their client against the length only, so the caller
    /// must not call this once a reader may have begun (see `chain`).
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.hash = Sha256::new();
        self.state.send_modify(|state| *state = State::default());
        Ok(())
    }

    /// Appends `bytes` and wakes the readers.
    ///
    /// # Errors
    /// What the disk says; the spool is then as long as before, as far as readers see.
    pub async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        let (file, at, chunk) = (Arc::clone(&self.file), self.written(), bytes.clone());
        tokio::task::spawn_blocking(move || file.write_all_at(&chunk, at)).await.map_err(io::Error::other)??;
        self.hash.update(&bytes);
        self.state.send_modify(|state| state.written += bytes.len() as u64);
        Ok(())
    }

    /// The digest of all that was written.
    pub fn digest(&self) -> Digest {
        Digest::new(self.hash.clone().finalize().into())
    }

    /// Ends the spool for its readers.
    pub fn settle(self, end: Settled) {
        self.state.send_modify(|state| state.settled = Some(end));
    }
}

impl SpoolReader {
    /// The file the bytes are in; those before [`State::written`] are there.
    pub fn file(&self) -> &Arc<File> {
        &self.file
    }

    /// How far it has come.
    pub fn state(&self) -> State {
        self.state.borrow().clone()
    }

    /// Waits until `enough` holds, or the spool has ended; answers the state then.
    pub async fn wait(&mut self, mut enough: impl FnMut(&State) -> bool) -> State {
        let reached = self.state.wait_for(|state| state.settled.is_some() || enough(state)).await.map(|state| state.clone());
        reached.unwrap_or_else(|_| State { settled: Some(Settled::Lost), ..self.state() })
    }
}

/// The first bytes of a file, read and sought with a position of its own: the shared file's position is never touched.
#[derive(Debug)]
pub struct FileAt<'a> {
    file: &'a File,
    at: u64,
    size_bytes: u64,
}

impl<'a> FileAt<'a> {
    /// The first `size_bytes` bytes of `file`.
    pub fn new(file: &'a File, size_bytes: u64) -> Self {
        Self { file, at: 0, size_bytes }
    }
}

impl Read for FileAt<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size_bytes.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..length], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for FileAt<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.size_bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

//! Bytes on their way in: written once by the fetch, followed by any number of readers while they arrive.

use std::{fs::File, io, os::unix::fs::FileExt, sync::Arc};

use bytes::Bytes;
use gomod::dirhash::H1;
use sha2::{Digest as _, Sha256};
use store::{Digest, Stage};
use tokio::{sync::watch, task::JoinHandle};

/// The writing end. Exactly one; hashes what passes.
///
/// When dropped before [`SpoolWriter::settle`], its readers see the end [`Settled::Lost`].
#[derive(Debug)]
pub struct SpoolWriter {
    file: Arc<File>,
    hash: Sha256,
    state: watch::Sender<State>,
    /// A write whose caller may have gone away before it was done: it must not land on top of a later one.
    pending: Option<JoinHandle<io::Result<()>>>,
    fault: Option<io::Error>,
    made: Option<H1>,
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
        let (file, state) = (Arc::clone(&stage.file), watch::Sender::new(State::default()));
        Self { file, hash: Sha256::new(), state, pending: None, fault: None, made: None }
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

    /// Remembers the h1 of a zip that was made here, file by file under the zip rules, and not fetched: to read it back would prove nothing more.
    pub fn made(&mut self, h1: H1) {
        self.made = Some(h1);
    }

    /// The h1 of a zip that was made here.
    pub fn h1(&self) -> Option<H1> {
        self.made
    }

    /// What the disk said when it did not take the bytes; then no upstream is to blame, and no other one would help.
    pub fn fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    /// Starts again from nothing.
    ///
    /// The caller must not call this once a reader may have begun: what it sent already cannot be taken back (see `fetch`).
    ///
    /// # Errors
    /// What the disk says.
    pub async fn restart(&mut self) -> io::Result<()> {
        // Its end does not matter, but that it has ended does.
        let _ = self.quiet().await;
        self.file.set_len(0)?;
        (self.hash, self.made) = (Sha256::new(), None);
        self.state.send_modify(|state| *state = State::default());
        Ok(())
    }

    /// Appends `bytes` and wakes the readers.
    ///
    /// # Errors
    /// What the disk says, for [`SpoolWriter::fault`] too; the spool is then as long as before, as far as readers see.
    ///
    /// May be dropped at any await: the spool is then as long as before.
    pub async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        let _ = self.quiet().await;
        let (file, at, chunk) = (Arc::clone(&self.file), self.written(), bytes.clone());
        self.pending = Some(tokio::task::spawn_blocking(move || file.write_all_at(&chunk, at)));
        if let Err(error) = self.quiet().await {
            self.fault = Some(error.kind().into());
            return Err(error);
        }
        self.hash.update(&bytes);
        self.state.send_modify(|state| state.written += bytes.len() as u64);
        Ok(())
    }

    /// Waits until no write is under way.
    async fn quiet(&mut self) -> io::Result<()> {
        let Some(pending) = &mut self.pending else { return Ok(()) };
        let end = pending.await.map_err(io::Error::other);
        self.pending = None;
        end?
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

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use futures_util::FutureExt as _;
    use store::{Blobs as _, memory::MemoryBlobs};

    use super::*;

    #[test]
    fn a_write_whose_caller_left_does_not_land_on_what_is_written_after_a_restart() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().expect("a runtime");
        runtime.block_on(async {
            let stage = MemoryBlobs::default().stage().expect("a file");
            let mut spool = SpoolWriter::new(&stage);
            let (open, gate) = mpsc::channel::<()>();
            // The one thread that writes is busy.
            drop(tokio::task::spawn_blocking(move || gate.recv_timeout(Duration::from_secs(30))));
            assert!(spool.write(Bytes::from_static(b"the first upstream")).now_or_never().is_none(), "under way, and left");
            open.send(()).expect("the gate");
            spool.restart().await.expect("a restart");
            spool.write(Bytes::from_static(b"another")).await.expect("a write");
            assert_eq!(stage.file.metadata().expect("a file").len(), 7);
            assert_eq!(spool.digest(), Digest::of(b"another"));
        });
    }
}

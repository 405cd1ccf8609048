//! Frames of a file that never changes, read without blocking the runtime.

mod shared;

use std::{
    fs::File,
    future::Future,
    io::{self, IoSliceMut},
    mem,
    os::unix::fs::FileExt,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use proxy::limits::FRAME_BYTES;
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tokio::task::JoinHandle;

use self::shared::Shared;
use super::limits::{BURST_BYTES, MAX_IDLE_BUFFERS, MIN_SHARED_BUFFER_BYTES};

/// Reads frames of a file.
///
/// What is in the page cache is copied out at once (`preadv2` with `RWF_NOWAIT`); what is not is read by a blocking thread.
pub(crate) struct Frames {
    file: Arc<File>,
    blocking: Option<JoinHandle<io::Result<Buffer>>>,
    /// False while the file still grows.
    finished: bool,
    /// False once the file system turned out not to know `RWF_NOWAIT`.
    nowait: bool,
    /// Bytes handed out since the other connections of this thread last had their turn.
    burst: usize,
}

impl Frames {
    /// Of a file that is finished: what several readers want is read once.
    pub(crate) fn of_finished(file: Arc<File>) -> Self {
        Self { finished: true, ..Self::of_growing(file) }
    }

    /// Of a file of which only what was written is asked for.
    pub(crate) fn of_growing(file: Arc<File>) -> Self {
        Self { file, blocking: None, finished: false, nowait: true, burst: 0 }
    }

    /// The next bytes at `at`: at least one, at most `most`, which is not 0.
    ///
    /// # Errors
    /// What the disk says; [`io::ErrorKind::UnexpectedEof`] if the file ends before `at`.
    pub(crate) fn poll_at(&mut self, at: u64, most: usize, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        if self.burst >= BURST_BYTES {
            self.burst = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.blocking.is_none() {
            if let Some(bytes) = self.find_shared(at, most) {
                self.burst += bytes.len();
                return Poll::Ready(Ok(bytes));
            }
            let mut buffer = Buffer::of(most);
            match self.read_cached(&mut buffer.bytes[..most], at) {
                Ok(Some(read)) => {
                    self.burst += read;
                    return Poll::Ready(buffer.hand_out(read).inspect(|bytes| self.share(at, bytes)));
                }
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            let file = Arc::clone(&self.file);
            self.blocking = Some(tokio::task::spawn_blocking(move || {
                buffer.used = file.read_at(&mut buffer.bytes[..most], at)?;
                Ok(buffer)
            }));
        }
        let task = self.blocking.as_mut().expect("it was just made if it was not there");
        let read = ready!(Pin::new(task).poll(cx));
        self.blocking = None;
        let buffer = read.map_err(io::Error::other)??;
        let used = buffer.used;
        Poll::Ready(buffer.hand_out(used))
    }

    fn find_shared(&self, at: u64, most: usize) -> Option<Bytes> {
        if self.finished { SHARED.find(&self.file, at, most) } else { None }
    }

    fn share(&self, at: u64, bytes: &Bytes) {
        if self.finished {
            SHARED.note(&self.file, at, bytes);
        }
    }

    /// Reads what is there without waiting; `None` if only a wait would tell.
    fn read_cached(&mut self, buffer: &mut [u8], at: u64) -> io::Result<Option<usize>> {
        if !self.nowait {
            return Ok(None);
        }
        match preadv2(&*self.file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT) {
            Ok(read) => Ok(Some(read)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                self.nowait = false;
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

static SHARED: Shared = Shared::new();

/// What a frame is read into. Large ones go back into a pool when the connection has sent them: making and clearing a new one costs as much as
/// reading the file.
struct Buffer {
    bytes: Box<[u8]>,
    used: usize,
}

/// Large buffers that nobody uses, each of [`FRAME_BYTES`].
static IDLE: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

impl Buffer {
    /// One with room for `most` bytes.
    fn of(most: usize) -> Self {
        let pooled = if (MIN_SHARED_BUFFER_BYTES..=FRAME_BYTES).contains(&most) { FRAME_BYTES } else { most };
        let idle = if pooled == FRAME_BYTES { IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop() } else { None };
        Self { bytes: idle.unwrap_or_else(|| vec![0; pooled].into()), used: 0 }
    }

    fn hand_out(mut self, read: usize) -> io::Result<Bytes> {
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.used = read;
        Ok(Bytes::from_owner(self))
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        if self.bytes.len() == FRAME_BYTES && idle.len() < MAX_IDLE_BUFFERS {
            idle.push(mem::take(&mut self.bytes));
        }
    }
}

//! Frames of a file that never changes, read without blocking the runtime.

use std::{
    fs::File,
    future::Future,
    io::{self, IoSliceMut},
    os::unix::fs::FileExt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use rustix::io::{Errno, ReadWriteFlags, preadv2};
use tokio::task::JoinHandle;

/// Reads frames of a file.
///
/// What is in the page cache is copied out at once (`preadv2` with `RWF_NOWAIT`); what is not is read by a blocking thread. Two buffers take
/// turns: while the connection still sends one frame it already asks for the next.
pub(crate) struct Frames {
    file: Arc<File>,
    /// The older one first.
    buffers: [Option<Bytes>; 2],
    blocking: Option<JoinHandle<io::Result<(BytesMut, usize)>>>,
    /// False once the file system turned out not to know `RWF_NOWAIT`.
    nowait: bool,
}

impl Frames {
    pub(crate) fn new(file: Arc<File>) -> Self {
        Self { file, buffers: [None, None], blocking: None, nowait: true }
    }

    /// The next bytes at `at`: at least one, at most `most`, which is not 0.
    ///
    /// # Errors
    /// What the disk says; [`io::ErrorKind::UnexpectedEof`] if the file ends before `at`.
    pub(crate) fn poll_at(&mut self, at: u64, most: usize, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        if self.blocking.is_none() {
            let mut buffer = self.free_buffer(most);
            match self.read_cached(&mut buffer[..most], at) {
                Ok(Some(read)) => return Poll::Ready(self.hand_out(buffer, read)),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            let file = Arc::clone(&self.file);
            self.blocking =
                Some(tokio::task::spawn_blocking(move || file.read_at(&mut buffer[..most], at).map(|read| (buffer, read))));
        }
        let task = self.blocking.as_mut().expect("it was just made if it was not there");
        let read = ready!(Pin::new(task).poll(cx));
        self.blocking = None;
        let (buffer, read) = read.map_err(io::Error::other)??;
        Poll::Ready(self.hand_out(buffer, read))
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

    /// The buffer of the frame before the last if nobody holds it any more, else a new one; at least `most` bytes long.
    fn free_buffer(&mut self, most: usize) -> BytesMut {
        self.buffers.rotate_left(1);
        let used = self.buffers[1].take().and_then(|buffer| buffer.try_into_mut().ok()).filter(|buffer| buffer.len() >= most);
        used.unwrap_or_else(|| BytesMut::zeroed(most))
    }

    fn hand_out(&mut self, buffer: BytesMut, read: usize) -> io::Result<Bytes> {
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let buffer = buffer.freeze();
        let frame = buffer.slice(..read);
        self.buffers[1] = Some(buffer);
        Ok(frame)
    }
}

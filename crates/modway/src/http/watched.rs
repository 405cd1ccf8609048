//! A connection's bytes under watch: framing, header deadline, idle time and stalled writes.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{
    framing::Framing,
    limits::{DoorLimits, STALL_FACTOR},
};

/// What a connection's requests tell its watch.
#[derive(Debug)]
pub(crate) struct Use {
    opened: Instant,
    frame_bytes: usize,
    requests: AtomicU32,
    in_flight: AtomicU32,
    /// Requests in flight for which it is our turn: an answer is being made, or more of a body.
    our_turn: AtomicU32,
    /// When something last moved, in milliseconds since `opened`.
    moved: AtomicU64,
}

impl Use {
    /// A connection opened at `opened`, whose bodies are handed over in frames of at most `frame_bytes`.
    pub(crate) fn new(opened: Instant, frame_bytes: usize) -> Arc<Self> {
        let (requests, in_flight, our_turn) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
        Arc::new(Self { opened, frame_bytes, requests, in_flight, our_turn, moved: AtomicU64::new(0) })
    }

    /// A request's header is complete. The guard lives until its body has been handed over.
    pub(crate) fn begin(self: &Arc<Self>) -> InUse {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.our_turn.fetch_add(1, Ordering::Relaxed);
        InUse { connection: Arc::clone(self), our_turn: true }
    }

    fn note_move(&self) {
        let millis = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(millis, Ordering::Relaxed);
    }

    fn moved_at(&self) -> Instant {
        self.opened + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }
}

/// One request in flight on a connection.
#[derive(Debug)]
pub(crate) struct InUse {
    connection: Arc<Use>,
    our_turn: bool,
}

impl InUse {
    /// The most that is handed over at a time.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.connection.frame_bytes
    }

    /// Says whose turn it is: ours while a body cannot go on, the client's once it was handed bytes.
    pub(crate) fn turn(&mut self, ours: bool) {
        if !ours {
            self.connection.note_move();
        }
        match (self.our_turn, ours) {
            (false, true) => drop(self.connection.our_turn.fetch_add(1, Ordering::Relaxed)),
            (true, false) => drop(self.connection.our_turn.fetch_sub(1, Ordering::Relaxed)),
            _ => {}
        }
        self.our_turn = ours;
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        self.turn(false);
        self.connection.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream that ends with [`io::ErrorKind::TimedOut`] when its peer is too slow in one of three ways:
///
/// * a header that began is not complete within [`DoorLimits::header`] (HTTP/1 only);
/// * no request is in flight for [`DoorLimits::idle`];
/// * bytes wait to be taken and none is taken for [`DoorLimits::write_stall`]. A reader that takes a few is never cut. On HTTP/2, where a client
///   can also stop the streams and take the rest, that is: every stream waits for the client, and none was handed a frame for so long.
///
/// The timers cost nothing per request: one is armed for the idle time and looks, when it fires, at what happened meanwhile.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    /// Bytes read before the protocol was known.
    prefix: Bytes,
    in_use: Arc<Use>,
    limits: (Duration, Duration, Duration),
    /// HTTP/1 only.
    header: Option<Header>,
    idle_timer: Option<Pin<Box<Sleep>>>,
    stall_timer: Option<Pin<Box<Sleep>>>,
}

/// The header that is being read.
#[derive(Debug)]
struct Header {
    framing: Framing,
    /// The first byte of the header came then, and so many requests had begun by then.
    began: Option<(Instant, u32)>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Watched<S> {
    /// Watches an HTTP/1 stream of which `prefix` was read already.
    pub(crate) fn http1(stream: S, prefix: Bytes, in_use: Arc<Use>, limits: &DoorLimits) -> Self {
        let began = Some((in_use.opened, 0));
        Self {
            header: Some(Header { framing: Framing::new(), began, timer: None }),
            ..Self::http2(stream, prefix, in_use, limits)
        }
    }

    /// Watches an HTTP/2 stream of which `prefix` was read already.
    pub(crate) fn http2(stream: S, prefix: Bytes, in_use: Arc<Use>, limits: &DoorLimits) -> Self {
        let limits = (limits.header, limits.idle, limits.write_stall);
        Self { stream, prefix, in_use, limits, header: None, idle_timer: None, stall_timer: None }
    }

    /// Something was read: it belongs to a new header if the last one has become a request.
    fn note_read(&mut self, fresh: &mut [u8]) {
        let Some(header) = &mut self.header else { return };
        header.framing.look(fresh);
        let requests = self.in_use.requests.load(Ordering::Relaxed);
        if header.began.is_none_or(|(_, before)| before != requests) {
            header.began = Some((Instant::now(), requests));
        }
    }

    /// Nothing can be read: ready with the error if that lasts too long.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let (header_limit, idle_limit, _) = self.limits;
        if let Some(header) = &mut self.header {
            let requests = self.in_use.requests.load(Ordering::Relaxed);
            match header.began {
                Some((began, before)) if before == requests => {
                    let timer = header.timer.get_or_insert_with(|| Box::pin(sleep_until(began + header_limit)));
                    ready!(timer.as_mut().poll(cx));
                    return Poll::Ready(too_slow("the request's header did not come in time"));
                }
                _ => header.timer = None,
            }
        }
        let mut timer = self.idle_timer.take().unwrap_or_else(|| Box::pin(sleep_until(Instant::now() + idle_limit)));
        while timer.as_mut().poll(cx).is_ready() {
            let due = self.patience();
            if due <= Instant::now() {
                return Poll::Ready(too_slow("no request came in time, or no stream went on"));
            }
            timer.as_mut().reset(due);
        }
        self.idle_timer = Some(timer);
        Poll::Pending
    }

    /// Until when it is fine that nothing comes.
    fn patience(&self) -> Instant {
        let ((_, idle, stall), in_use) = (self.limits, &self.in_use);
        if in_use.in_flight.load(Ordering::Relaxed) == 0 && self.stall_timer.is_none() {
            return in_use.moved_at() + idle;
        }
        // On HTTP/1 the write itself waits, and `watch_write` sees finer moves than whole frames.
        let clients_turn = self.header.is_none() && in_use.our_turn.load(Ordering::Relaxed) == 0;
        if clients_turn { in_use.moved_at() + stall } else { Instant::now() + idle }
    }

    /// Passes the outcome of a write on, unless nothing was taken for too long.
    fn watch_write<T>(&mut self, outcome: Poll<io::Result<T>>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.stall_timer = None;
            return outcome;
        }
        let limit = self.limits.2 * STALL_FACTOR;
        let timer = self.stall_timer.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(Err(too_slow("the client takes no bytes")))
    }
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        if this.prefix.has_remaining() {
            let some = this.prefix.split_to(this.prefix.len().min(buffer.remaining()));
            buffer.put_slice(&some);
        } else if Pin::new(&mut this.stream).poll_read(cx, buffer)?.is_pending() {
            return this.poll_patience(cx).map(Err);
        }
        this.note_read(&mut buffer.filled_mut()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch_write(outcome, cx)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.watch_write(outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch_write(outcome, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch_write(outcome, cx)
    }
}

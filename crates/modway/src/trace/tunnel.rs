//! A tunnel through our forward proxy: what goes through it is counted.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};

use super::{
    record::{Place, Recorder, Tunnel},
    wire::Stream,
};

/// What is taken down of a tunnel; it is when this is dropped, however the tunnel ends.
pub(super) struct Ledger {
    recorder: Arc<Recorder>,
    place: Place,
    tunnel: Tunnel,
    counts: Arc<Counts>,
}

/// Bytes in both directions, and the moment of the last, in microseconds.
#[derive(Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
    last: AtomicU64,
}

impl Ledger {
    pub(super) fn new(recorder: Arc<Recorder>, place: Place, tunnel: Tunnel) -> Self {
        Self { recorder, place, tunnel, counts: Arc::default() }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.tunnel.sent_bytes = self.counts.sent.load(Ordering::Relaxed);
        self.tunnel.received_bytes = self.counts.received.load(Ordering::Relaxed);
        self.tunnel.last = Duration::from_micros(self.counts.last.load(Ordering::Relaxed));
        self.tunnel.ended = Some(self.recorder.now());
        self.recorder.tunnelled(self.place, &self.tunnel);
    }
}

/// Carries bytes between whoever asked and `server` until both are done.
pub(super) async fn carry(request: Request<Incoming>, server: Box<dyn Stream>, ledger: Ledger) {
    let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
    let mut server =
        Tapped { stream: server, counts: Arc::clone(&ledger.counts), recorder: Arc::clone(&ledger.recorder), hung_up: false };
    // How it ends is between the two.
    let _ = copy_bidirectional(&mut TokioIo::new(upgraded), &mut server).await;
    drop(ledger);
}

/// A connection whose bytes are counted.
struct Tapped {
    stream: Box<dyn Stream>,
    counts: Arc<Counts>,
    recorder: Arc<Recorder>,
    /// Whoever asked has hung up: what still comes is the other's goodbye.
    hung_up: bool,
}

impl Tapped {
    fn went_by(&self, bytes: usize, way: fn(&Counts) -> &AtomicU64) {
        if bytes > 0 {
            way(&self.counts).fetch_add(bytes as u64, Ordering::Relaxed);
            if self.hung_up {
                return;
            }
            let now = u64::try_from(self.recorder.now().as_micros()).unwrap_or(u64::MAX);
            self.counts.last.store(now, Ordering::Relaxed);
        }
    }
}

impl AsyncRead for Tapped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.went_by(buffer.filled().len() - before, |counts| &counts.received);
        polled
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = &polled {
            self.went_by(*written, |counts| &counts.sent);
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.hung_up = true;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

//! A body that is counted as it goes by.

use std::{
    error::Error,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::{
    limits,
    record::{Exchange, Place, Recorder},
};

/// The body of an answer. When it ends, or is dropped, the exchange is over.
pub(super) struct Counted {
    body: Incoming,
    exchange: Exchange,
    place: Place,
    recorder: Arc<Recorder>,
    /// Its beginning is kept: it is an error's, and text.
    readable: bool,
    head: Vec<u8>,
    expected: Option<u64>,
    over: bool,
}

impl Counted {
    pub(super) fn new(body: Incoming, exchange: Exchange, place: Place, recorder: Arc<Recorder>, readable: bool) -> Self {
        let expected = body.size_hint().exact();
        let mut counted = Self { body, exchange, place, recorder, readable, head: Vec::new(), expected, over: false };
        if expected == Some(0) {
            counted.end(None);
        }
        counted
    }

    fn end(&mut self, failure: Option<String>) {
        if !std::mem::replace(&mut self.over, true) {
            self.exchange.failure = failure;
            self.exchange.ended = Some(self.recorder.now());
            self.exchange.error_body =
                String::from_utf8_lossy(&self.head).chars().filter(|c| !c.is_control() || *c == '\n').collect();
            self.recorder.exchanged(self.place, &self.exchange);
        }
    }

    fn data(&mut self, data: &Bytes) {
        self.exchange.received_bytes += data.len() as u64;
        if self.readable {
            let room = limits::ERROR_BODY_BYTES.saturating_sub(self.head.len());
            self.head.extend_from_slice(&data[..room.min(data.len())]);
        }
        // Whoever reads a body of known length need not look whether more comes.
        if self.expected == Some(self.exchange.received_bytes) {
            self.end(None);
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.end(Some("closed before its end".to_owned()));
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let frame = std::task::ready!(Pin::new(&mut this.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.data(data);
                }
            }
            Some(Err(_)) => this.end(Some("unexpected EOF".to_owned())),
            None => this.end(None),
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

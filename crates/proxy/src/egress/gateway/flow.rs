//! Bodies on their way through the gateway, piece by piece.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use plan::{Trouble, trouble::Deadline};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep},
};

use super::bound::Bound;
use crate::limits;

/// A remote's body on its way to a child: counted, and not waited for longer than `idle` at a time.
pub(super) struct Flow {
    body: Incoming,
    bound: Arc<Bound>,
    waiting: Option<Pin<Box<Sleep>>>,
    _held: OwnedSemaphorePermit,
}

impl Flow {
    pub(super) fn new(body: Incoming, bound: Arc<Bound>, held: OwnedSemaphorePermit) -> Self {
        Self { body, bound, waiting: None, _held: held }
    }

    fn failed(&self, trouble: Trouble) -> io::Error {
        let cause = io::Error::other(trouble.to_string());
        self.bound.noted.note(trouble);
        cause
    }
}

impl Body for Flow {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let idle = self.bound.exchanger.patience.idle;
        match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.waiting = None;
                Poll::Ready(frame.map(|frame| {
                    let frame = frame.map_err(|cause| self.failed(Trouble::Broken(cause.to_string())))?;
                    let length = frame.data_ref().map_or(0, Bytes::len);
                    self.bound.count(length).map_err(|trouble| self.failed(trouble))?;
                    Ok(frame)
                }))
            }
            Poll::Pending => {
                let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(idle)));
                ready!(waiting.as_mut().poll(cx));
                let millis = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
                Poll::Ready(Some(Err(self.failed(Trouble::Deadline(Deadline::Idle, millis)))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A child's body on its way to its remote, whose first part was read already.
pub(super) struct Started {
    first: Option<Bytes>,
    rest: Incoming,
    sent: u64,
}

impl Started {
    pub(super) fn new(first: Bytes, rest: Incoming) -> Self {
        Self { first: Some(first), rest, sent: 0 }
    }
}

impl Body for Started {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let frame = match self.first.take() {
            Some(first) => Frame::data(first),
            None => match ready!(Pin::new(&mut self.rest).poll_frame(cx)) {
                Some(frame) => frame?,
                None => return Poll::Ready(None),
            },
        };
        self.sent += frame.data_ref().map_or(0, Bytes::len) as u64;
        if self.sent > limits::MAX_CHILD_REQUEST_BYTES {
            return Poll::Ready(Some(Err("the tool's request is too large".into())));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (first, rest) = (self.first.as_ref().map_or(0, Bytes::len) as u64, self.rest.size_hint());
        match rest.exact() {
            Some(rest) => SizeHint::with_exact(first + rest),
            None => {
                let mut hint = SizeHint::new();
                hint.set_lower(first + rest.lower());
                hint
            }
        }
    }
}

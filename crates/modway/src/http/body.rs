//! Bodies on their way out: from memory, from a file, or from a zip that still arrives.

use std::{
    future::Future,
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use proxy::{
    answer::Body,
    limits::HELD_BACK_BYTES,
    spool::{Settled, SpoolReader, State},
};

use super::{file::Frames, records::Ticket, watched::InUse};

/// What is to be sent.
pub(crate) enum Content {
    /// Nothing.
    Empty,
    /// These bytes.
    Whole(Bytes),
    /// These positions of a file.
    File(Frames, Range<u64>),
    /// Some of a zip that still arrives.
    Growing(Box<Growing>),
}

impl Content {
    /// The bytes of `body` in `range`, which must lie within it.
    pub(crate) fn part(body: &Body, range: Range<u64>) -> Self {
        match body {
            _ if range.is_empty() => Self::Empty,
            Body::Memory(bytes) => Self::Whole(slice(bytes, range)),
            Body::File(file, _) => Self::File(Frames::of_finished(file.clone()), range),
            Body::Growing(reader, size) => {
                let (frames, limit) = (Frames::of_growing(reader.file().clone()), size.saturating_sub(HELD_BACK_BYTES));
                Self::Growing(Box::new(Growing {
                    reader: Some(reader.clone()),
                    state: reader.state(),
                    frames,
                    range,
                    size: *size,
                    limit,
                    wait: None,
                }))
            }
        }
    }

    /// Whether nothing is to be sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// Bytes still to be sent.
    fn left(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Whole(bytes) => bytes.len() as u64,
            Self::File(_, range) => range.end - range.start,
            Self::Growing(growing) => growing.range.end - growing.range.start,
        }
    }

    /// The next frame, of at most `most` bytes.
    fn poll_next(&mut self, most: usize, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        let polled = match self {
            Self::Empty => return Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Ok(bytes.split_to(bytes.len().min(most)))),
            Self::File(frames, range) => frames.poll_at(range.start, at_most(range, most), cx).map_ok(|frame| {
                range.start += frame.len() as u64;
                frame
            }),
            Self::Growing(growing) => growing.poll_next(most, cx),
        };
        let frame = ready!(polled);
        if self.left() == 0 {
            *self = Self::Empty;
        }
        Poll::Ready(Some(frame))
    }
}

/// The length of `range`, or `most` if that is less.
fn at_most(range: &Range<u64>, most: usize) -> usize {
    usize::try_from(range.end - range.start).unwrap_or(usize::MAX).min(most)
}

fn slice(bytes: &Bytes, range: Range<u64>) -> Bytes {
    let at = |position: u64| usize::try_from(position).expect("a position within bytes in memory");
    bytes.slice(at(range.start)..at(range.end))
}

/// Gives the reader back when there is more to be seen.
type Wait = Pin<Box<dyn Future<Output = (SpoolReader, State)> + Send>>;

/// A zip that still arrives. Its end is held back until it is proven (promise 3); if it is not, the body breaks.
pub(crate) struct Growing {
    /// Away while `wait` has it.
    reader: Option<SpoolReader>,
    /// How far it had come when last looked at. A writer that went away is seen by waiting only.
    state: State,
    frames: Frames,
    range: Range<u64>,
    size: u64,
    /// Bytes before this position may leave unproven.
    limit: u64,
    wait: Option<Wait>,
}

impl Growing {
    fn poll_next(&mut self, most: usize, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        loop {
            if let Some(wait) = &mut self.wait {
                let (reader, state) = ready!(wait.as_mut().poll(cx));
                (self.reader, self.state, self.wait) = (Some(reader), state, None);
            }
            let free = self.free()?.min(self.range.end);
            if free > self.range.start {
                let frame = ready!(self.frames.poll_at(self.range.start, at_most(&(self.range.start..free), most), cx))?;
                self.range.start += frame.len() as u64;
                return Poll::Ready(Ok(frame));
            }
            self.wait = self.reader.take().map(|reader| wait_past(reader, self.range.start, self.limit));
        }
    }

    /// The position up to which bytes may leave.
    fn free(&self) -> io::Result<u64> {
        match self.state.settled {
            None => Ok(self.state.written.min(self.limit)),
            Some(Settled::Proven) if self.state.written == self.size => Ok(self.size),
            Some(Settled::Proven) => Err(io::Error::other("the zip is not as long as was said")),
            Some(Settled::Refused) => Err(io::Error::other("the zip is not to be served")),
            Some(Settled::Lost) => Err(io::Error::other("the zip stopped arriving")),
        }
    }
}

fn wait_past(mut reader: SpoolReader, at: u64, limit: u64) -> Wait {
    Box::pin(async move {
        let state = reader.wait(|state| state.written.min(limit) > at).await;
        (reader, state)
    })
}

/// A response's body, with the record of its request, which is finished when the body is dropped.
pub(crate) struct DoorBody {
    content: Content,
    ticket: Ticket,
    in_use: InUse,
}

impl DoorBody {
    pub(crate) fn new(content: Content, ticket: Ticket, in_use: InUse) -> Self {
        Self { content, ticket, in_use }
    }
}

impl HttpBody for DoorBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self { content, ticket, in_use } = &mut *self;
        let polled = content.poll_next(in_use.frame_bytes(), cx);
        in_use.turn(polled.is_pending());
        let polled = ready!(polled);
        match &polled {
            Some(Ok(bytes)) => ticket.sent(bytes.len(), content.is_empty()),
            Some(Err(error)) => ticket.cut(error),
            None => {}
        }
        Poll::Ready(polled.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.content.left())
    }
}

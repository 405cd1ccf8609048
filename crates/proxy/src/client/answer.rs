//! A response whose body is read under our bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use plan::{Trouble, trouble::Deadline};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::why;

/// A response: its head, and its body as far as it was read.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    body: Incoming,
    idle: Duration,
    announced: Option<u64>,
    arrived: u64,
    place: Option<OwnedSemaphorePermit>,
}

impl Answer {
    pub(crate) fn new(response: Response<Incoming>, idle: Duration) -> Self {
        let (head, body) = response.into_parts();
        let announced = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        Self { status: head.status, headers: head.headers, body, idle, announced, arrived: 0, place: None }
    }

    /// Keeps `place`, one of a bounded number, taken until the body is read or dropped.
    pub(crate) fn holding(self, place: OwnedSemaphorePermit) -> Self {
        Self { place: Some(place), ..self }
    }

    /// The `Content-Length`, if there is one.
    pub fn announced(&self) -> Option<u64> {
        self.announced
    }

    /// One header field as text; empty if it is absent or not text.
    pub fn header(&self, name: &http::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Refuses a body that is wrapped in a coding: we asked for none, and what is inside has no bound.
    ///
    /// # Errors
    /// [`Trouble::Body`], naming the coding.
    pub fn plain(&self) -> Result<(), Trouble> {
        match self.header(&CONTENT_ENCODING) {
            "" if !self.headers.contains_key(CONTENT_ENCODING) => Ok(()),
            "identity" => Ok(()),
            coding => Err(Trouble::Body(format!("body with Content-Encoding {coding:.20?}, which we did not ask for"))),
        }
    }

    /// The next piece of the body; `None` at its end. May be dropped while it waits and called again.
    ///
    /// # Errors
    /// [`Trouble::Deadline`] if nothing came within the hop's `idle`; [`Trouble::Broken`] if the body ended early, naming both lengths.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            let Ok(frame) = timeout(self.idle, self.body.frame()).await else {
                return Err(Trouble::Deadline(Deadline::Idle, why::millis(self.idle)));
            };
            match frame {
                // Trailers say nothing to us.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => {}
                    Ok(data) => {
                        self.arrived += data.len() as u64;
                        return Ok(Some(data));
                    }
                    Err(_) => {}
                },
                Some(Err(error)) => return Err(self.broken(Some(&why::innermost(&error)))),
                None if self.announced.is_some_and(|announced| announced != self.arrived) => return Err(self.broken(None)),
                None => {
                    self.place = None;
                    return Ok(None);
                }
            }
        }
    }

    /// The whole body, at most `limit` bytes.
    ///
    /// # Errors
    /// Those of [`Answer::piece`]; [`Trouble::TooLarge`] as soon as more is announced or arrives.
    pub async fn read(&mut self, limit: u64) -> Result<Bytes, Trouble> {
        if self.announced.is_some_and(|announced| announced > limit) {
            return Err(Trouble::TooLarge(limit));
        }
        let mut whole = BytesMut::new();
        while let Some(piece) = self.piece().await? {
            if self.arrived > limit {
                return Err(Trouble::TooLarge(limit));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }

    fn broken(&self, cause: Option<&str>) -> Trouble {
        let (arrived, cause) = (self.arrived, cause.map(|cause| format!(": {cause}")).unwrap_or_default());
        Trouble::Broken(match self.announced {
            Some(announced) => format!("wrong length: {arrived} of {announced} bytes arrived{cause}"),
            None => format!("after {arrived} bytes of the body{cause}"),
        })
    }
}

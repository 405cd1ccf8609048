//! What a scripted upstream does with one request: an answer, and what goes wrong with it.

use std::time::Duration;

use bytes::Bytes;

/// One scripted answer. Made by one of the constructors, then bent.
#[derive(Clone, Debug)]
pub struct Play {
    /// The status.
    pub status: u16,
    /// Header fields, besides the ones that frame the body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// How the body's length is told.
    pub length: Length,
    /// What goes wrong.
    pub fault: Fault,
    /// True if `Range` is honoured, if `If-Range` fits the `ETag` among the headers.
    pub ranges: bool,
}

/// How a body's length is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Length {
    /// By a right `Content-Length`.
    Right,
    /// By this `Content-Length`, right or wrong.
    Claimed(u64),
    /// By chunks.
    Chunked,
    /// By closing the connection.
    Close,
}

/// What goes wrong. Counts are of body bytes; HTTP/2 knows `None`, `CutAt`, `StallAt` and `Mute`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Nothing.
    None,
    /// The connection ends after so many bytes.
    CutAt(usize),
    /// The connection is reset after so many bytes.
    ResetAt(usize),
    /// Nothing more comes after so many bytes, and the connection stays.
    StallAt(usize),
    /// So many bytes at a time, with this pause before each.
    Drip(usize, Duration),
    /// The body, again and again, without end.
    Endless,
    /// No answer at all, and the connection stays.
    Mute,
    /// The connection ends instead of an answer.
    Close,
    /// The connection is reset instead of an answer.
    Reset,
}

impl Play {
    /// Status 200 with this body.
    pub fn ok(body: impl Into<Bytes>) -> Self {
        Self::status(200, body)
    }

    /// Any status, as plain text.
    pub fn status(status: u16, body: impl Into<Bytes>) -> Self {
        let plain =
            Self { status, headers: Vec::new(), body: body.into(), length: Length::Right, fault: Fault::None, ranges: false };
        plain.header("Content-Type", "text/plain; charset=utf-8")
    }

    /// 404 with this text.
    pub fn not_found(text: &str) -> Self {
        Self::status(404, text.to_owned())
    }

    /// A redirect with this status.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::status(status, "").header("Location", location)
    }

    /// What a captive portal or a proxy's sign-in answers to everything: HTML with status 200.
    pub fn login_page() -> Self {
        Self::ok("<!DOCTYPE html><html><body>Please sign in</body></html>").header("Content-Type", "text/html; charset=utf-8")
    }

    /// A file with this strong ETag (without quotes), which knows `Range` and `If-Range`.
    pub fn file(body: impl Into<Bytes>, etag: &str) -> Self {
        Self { ranges: true, ..Self::ok(body) }.header("Content-Type", "application/zip").header("ETag", &format!("\"{etag}\""))
    }

    /// With one more header field, or this value for one it has.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this going wrong.
    pub fn fault(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }

    /// With its length told like this.
    pub fn length(self, length: Length) -> Self {
        Self { length, ..self }
    }

    /// The value of a header field.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// This play as an answer to a request with these conditions on the part: 206, or the whole.
    pub(crate) fn part(mut self, range: Option<&str>, if_range: Option<&str>) -> Self {
        let start = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        let Some(start) =
            start.filter(|_| self.ranges && self.status == 200 && (if_range.is_none() || if_range == self.field("ETag")))
        else {
            return self;
        };
        let total = self.body.len();
        if start >= total {
            return Self::status(416, "").header("Content-Range", &format!("bytes */{total}"));
        }
        self.status = 206;
        self.body = self.body.slice(start..);
        self.header("Content-Range", &format!("bytes {start}-{}/{total}", total - 1))
    }
}

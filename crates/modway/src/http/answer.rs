//! Answers and refusals as HTTP. The only file that knows status codes (promise 10).

use std::time::Duration;

use bytes::Bytes;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{
        ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
        HeaderName, HeaderValue, LAST_MODIFIED, RETRY_AFTER, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};
use jiff::{Timestamp, fmt::rfc2822::DateTimePrinter};
use plan::Reason;
use proxy::{
    answer::{Answer, Body, Caching, Media},
    audit::Decision,
};

use super::{
    body::Content,
    conditions::{self, Validators, Verdict},
    encoding,
    ids::Id,
    limits, refusal,
};

/// The header that names the request in logs and under `/-/why`.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A response before its body is accounted for.
pub(crate) type Rendered = Response<Content>;

/// An answer with everything that does not depend on the request made ready.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    body: Body,
    /// Those of the bytes as they are; cloned whole, which costs less than putting them together.
    headers: HeaderMap,
    modified_at: i64,
    last_modified: HeaderValue,
    etag: Option<HeaderValue>,
    /// The compressed copy, its length and its tag.
    gzip: Option<(Bytes, HeaderValue, HeaderValue)>,
}

impl Prepared {
    /// Prepares `answer`, with its compressed copy if there is one.
    pub(crate) fn new(answer: Answer, gzip: Option<Bytes>) -> Self {
        let varies = encoding::compressible(&answer).is_some();
        let tag = |suffix: &str| answer.digest.map(|digest| ascii(format!("\"{digest}{suffix}\"")));
        let gzip = gzip.and_then(|bytes| Some((bytes.clone(), HeaderValue::from(bytes.len()), tag("-gzip")?)));
        let (etag, last_modified) = (tag(""), http_date(answer.modified_at));
        let mut headers = headers(&answer);
        etag.clone().map(|etag| headers.insert(ETAG, etag));
        if varies {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        // What was never kept has no time of its own.
        if answer.modified_at != 0 {
            headers.insert(LAST_MODIFIED, last_modified.clone());
        }
        let Answer { body, modified_at, .. } = answer;
        Self { body, headers, modified_at, last_modified, etag, gzip }
    }

    /// Bytes of memory this takes, about.
    pub(crate) fn weight(&self) -> u64 {
        let gzip = self.gzip.as_ref().map_or(0, |(bytes, ..)| bytes.len());
        self.body.size_bytes() + gzip as u64 + 512
    }
}

/// The response to a GET, or with `head` to a HEAD, that had these `headers`.
pub(crate) fn good(prepared: &Prepared, headers: &HeaderMap, head: bool) -> Rendered {
    let size_bytes = prepared.body.size_bytes();
    let tags = [prepared.etag.as_ref(), prepared.gzip.as_ref().map(|(_, _, tag)| tag)];
    let have = Validators { tags, modified: (&prepared.last_modified, prepared.modified_at), size_bytes };
    match conditions::decide(headers, &have, !head) {
        Verdict::Whole => whole(prepared, headers, head),
        Verdict::NotModified(tag) => not_modified(prepared, tag),
        Verdict::Failed => nothing(StatusCode::PRECONDITION_FAILED),
        Verdict::Part(range) => {
            let mut response = plain(StatusCode::PARTIAL_CONTENT, prepared, Content::part(&prepared.body, range.clone()));
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
            response.headers_mut().insert(CONTENT_RANGE, ascii(format!("bytes {}-{}/{size_bytes}", range.start, range.end - 1)));
            response
        }
        Verdict::NoSuchRange => {
            let mut response = nothing(StatusCode::RANGE_NOT_SATISFIABLE);
            response.headers_mut().insert(CONTENT_RANGE, ascii(format!("bytes */{size_bytes}")));
            response
        }
    }
}

/// A status without a body.
fn nothing(status: StatusCode) -> Rendered {
    let mut response = Response::new(Content::Empty);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(0));
    response
}

/// All of it, compressed if there is a copy and the client takes it.
fn whole(prepared: &Prepared, headers: &HeaderMap, head: bool) -> Rendered {
    match &prepared.gzip {
        Some((bytes, length, tag)) if encoding::takes_gzip(headers) => {
            let mut response = plain(StatusCode::OK, prepared, if head { Content::Empty } else { Content::Whole(bytes.clone()) });
            let map = response.headers_mut();
            map.insert(CONTENT_LENGTH, length.clone());
            map.insert(ETAG, tag.clone());
            map.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            map.remove(ACCEPT_RANGES);
            response
        }
        _ => plain(
            StatusCode::OK,
            prepared,
            if head { Content::Empty } else { Content::part(&prepared.body, 0..prepared.body.size_bytes()) },
        ),
    }
}

/// The tag is the one that the client named, if it named one of ours: its copy is still right, compressed or not.
fn not_modified(prepared: &Prepared, tag: Option<HeaderValue>) -> Rendered {
    let mut response = plain(StatusCode::NOT_MODIFIED, prepared, Content::Empty);
    let map = response.headers_mut();
    map.remove(CONTENT_LENGTH);
    map.remove(CONTENT_TYPE);
    if let Some(tag) = tag {
        map.insert(ETAG, tag);
    }
    response
}

/// The headers of the bytes as they are.
fn plain(status: StatusCode, prepared: &Prepared, content: Content) -> Rendered {
    let mut response = Response::new(content);
    *response.status_mut() = status;
    *response.headers_mut() = prepared.headers.clone();
    response
}

/// What every answer like `answer` says of itself, with room for the request's id.
fn headers(answer: &Answer) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(12);
    map.insert(CONTENT_LENGTH, HeaderValue::from(answer.body.size_bytes()));
    map.insert(CONTENT_TYPE, media_type(answer.media));
    map.insert(CACHE_CONTROL, cache_control(answer.caching));
    map.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    map.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    map.insert(REQUEST_ID, HeaderValue::from_static(""));
    map
}

const fn media_type(media: Media) -> HeaderValue {
    HeaderValue::from_static(match media {
        Media::Json => "application/json",
        Media::Text => "text/plain; charset=utf-8",
        Media::Zip => "application/zip",
        Media::Binary => "application/octet-stream",
    })
}

const fn cache_control(caching: Caching) -> HeaderValue {
    HeaderValue::from_static(match caching {
        Caching::Immutable => "public, max-age=31536000, immutable",
        Caching::Revalidate => "public, no-cache",
        Caching::Private => "private, no-cache",
        Caching::Never => "no-store",
    })
}

/// One of our own pages.
pub(crate) fn page(text: String, media_type: &'static str, head: bool) -> Rendered {
    let mut response = Response::new(Content::Empty);
    let map = response.headers_mut();
    map.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    map.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    map.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    map.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !head {
        *response.body_mut() = Content::Whole(text.into());
    }
    response
}

/// The refusal for `reason`. `late` says that it is a deadline that passed.
pub(crate) fn refused(reason: &Reason, late: bool, id: Id, head: bool) -> Rendered {
    let mut response = page(refusal::text(reason, id), "text/plain; charset=utf-8", head);
    *response.status_mut() = status(reason, late);
    let map = response.headers_mut();
    if let Some(pause) = pause(reason) {
        map.insert(RETRY_AFTER, HeaderValue::from(pause.as_secs()));
    }
    if *reason == Reason::BadMethod {
        map.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}

/// Makes `response` the last one of its HTTP/1 connection: its request may carry bytes that we do not read, or that another server reads
/// differently, so nothing may follow it.
pub(crate) fn close_after(response: &mut Rendered) {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
}

/// The status of a refusal. Only the first ones let a `,` in the client's GOPROXY list go on (promise 6); everything else stops it there, and
/// is a 5xx where possible, because the go command asks twice after a 4xx over https.
const fn status(reason: &Reason, late: bool) -> StatusCode {
    match reason {
        Reason::NotExist(_) | Reason::NotServed(_) => StatusCode::NOT_FOUND,
        Reason::BadPath(_) => StatusCode::BAD_REQUEST,
        Reason::BadMethod => StatusCode::METHOD_NOT_ALLOWED,
        // The operator's no. With 404 the go command would go on to `direct`, with the module's name.
        Reason::Off | Reason::NoRoute(_) | Reason::Private(_) => StatusCode::FORBIDDEN,
        Reason::NotRecorded(_) | Reason::AuditorsOnly(_) | Reason::KeyRetired(_) => StatusCode::FORBIDDEN,
        Reason::Upstream { .. } if late => StatusCode::GATEWAY_TIMEOUT,
        Reason::Upstream { .. } | Reason::Unproven(_) | Reason::BadContent(_) => StatusCode::BAD_GATEWAY,
        Reason::Mismatch(_) | Reason::SumdbLied(_) | Reason::NoVersion(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Reason::StoreFull => StatusCode::INSUFFICIENT_STORAGE,
        Reason::Busy(_) | Reason::Unwitnessed(_) | Reason::Unaudited | Reason::Stopping => StatusCode::SERVICE_UNAVAILABLE,
        Reason::Store(_) | Reason::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What the audit log says of an answer with this status; 0 is one that was never given.
pub(crate) const fn decision(status: u16) -> Decision {
    match status {
        200..400 => Decision::Served,
        404 | 410 => Decision::Absent,
        400..500 => Decision::Refused,
        _ => Decision::Failed,
    }
}

const fn pause(reason: &Reason) -> Option<Duration> {
    match reason {
        Reason::Busy(_) => Some(limits::BUSY_PAUSE),
        Reason::Unwitnessed(_) | Reason::Unaudited | Reason::Stopping => Some(limits::STOPPING_PAUSE),
        _ => None,
    }
}

/// `seconds` since the epoch as HTTP writes dates; the epoch itself for a time that no calendar has.
fn http_date(seconds: i64) -> HeaderValue {
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH);
    ascii(DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap_or_else(|_| "Thu, 01 Jan 1970 00:00:00 GMT".to_owned()))
}

fn ascii(text: String) -> HeaderValue {
    HeaderValue::try_from(text).expect("digits, letters and punctuation of ours")
}

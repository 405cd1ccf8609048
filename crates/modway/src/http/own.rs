//! Our own pages: what this is, whether it is well, its metrics, and a request's journey.

use std::sync::atomic::Ordering;

use hyper::{Method, header::ACCEPT, http::request::Parts};
use plan::Reason;

use super::{
    Door,
    answer::{self, Rendered},
    metrics,
    route::Own,
    why,
};

const TEXT: &str = "text/plain; charset=utf-8";

/// One of our pages.
///
/// # Errors
/// Why there is no such page now.
pub(super) fn answer(door: &Door, page: &Own, parts: &Parts) -> Result<Rendered, Reason> {
    let head = parts.method == Method::HEAD;
    match page {
        Own::Welcome => Ok(answer::page(welcome(parts), TEXT, head)),
        Own::Health => Ok(answer::page("ok\n".to_owned(), TEXT, head)),
        Own::Ready if door.stopping.load(Ordering::Relaxed) => Err(Reason::Stopping),
        Own::Ready => door.answers.ready().map(|()| answer::page("ready\n".to_owned(), TEXT, head)),
        Own::Metrics => Ok(answer::page(door.metrics.text(), metrics::MEDIA_TYPE, head)),
        Own::Why(id, json) => {
            let record = door
                .records
                .find(id)
                .ok_or_else(|| Reason::NotServed("no request with this id is remembered here".to_owned()))?;
            let json =
                *json || parts.headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
            Ok(if json {
                answer::page(why::json(&record), "application/json", head)
            } else {
                answer::page(why::text(&record), TEXT, head)
            })
        }
    }
}

/// One short text. The address is not taken from the request: its Host header is the client's word only.
fn welcome(_: &Parts) -> String {
    "This is modway, a Go module proxy. To use it, set GOPROXY to the URL of this page:\n\n    go env -w GOPROXY=URL\n\n\
     It is alive: /-/health   can answer: /-/ready   metrics: /-/metrics   why a request ended as it did: /-/why/REQUEST-ID\n"
        .to_owned()
}

//! Our own pages: what this is, whether it is well, its metrics, and a request's journey.

use std::sync::atomic::Ordering;

use hyper::{Method, header::ACCEPT, http::request::Parts};
use plan::{Caller, Reason};
use store::Drift;

use super::{
    Door,
    answer::{self, Rendered},
    drifts, metrics,
    records::Record,
    route::Own,
    why,
};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// One of our pages.
///
/// # Errors
/// Why there is no such page now.
pub(super) async fn answer(door: &Door, page: &Own, parts: &Parts, caller: &Caller) -> Result<Rendered, Reason> {
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
            let drifts = drifts_of(door, &record).await;
            Ok(if json {
                answer::page(why::json(&record, &drifts), JSON, head)
            } else {
                answer::page(why::text(&record, &drifts), TEXT, head)
            })
        }
        Own::Drifts(after, limit) => {
            let records = door.answers.all_drifts(*after, *limit).await?;
            // Whoever knows the name of a private module may ask for it; nobody else is told one.
            let is_withheld = |module: &str| *caller == Caller::Anyone && door.answers.is_private(module);
            Ok(answer::page(drifts::page(&records, *limit, is_withheld), JSON, head))
        }
    }
}

/// What is known of the version that was asked for; nothing, if the store cannot be read: the journey is told all the same.
async fn drifts_of(door: &Door, record: &Record) -> Vec<Drift> {
    match why::names(record) {
        (Some(module), Some(version)) => door.answers.drifts(module, version).await.unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// One short text. The address is not taken from the request: its Host header is the client's word only.
fn welcome(_: &Parts) -> String {
    "This is modway, a Go module proxy. To use it, set GOPROXY to the URL of this page:\n\n    go env -w GOPROXY=URL\n\n\
     It is alive: /-/health   can answer: /-/ready   metrics: /-/metrics   why a request ended as it did: /-/why/REQUEST-ID\n\
     What origins changed: /-/api/v1/drifts\n"
        .to_owned()
}

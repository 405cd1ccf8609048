//! One request of a child, answered by its remote.

use std::{convert::Infallible, io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, combinators::UnsyncBoxBody};
use hyper::body::{Body as _, Incoming};
use plan::{Trouble, trouble::Deadline};
use tokio::time::timeout;

use super::{Passes, bound::Bound, flow, scope::Tail, words};
use crate::{
    client::{self, Belief},
    egress::{
        Insecure,
        exchange::{Aim, Ask, Got, Payload, of_connection},
        follow::Step,
    },
    limits,
};

/// What a child is answered with.
type Back = UnsyncBoxBody<Bytes, io::Error>;

/// Answers whatever a child, or anybody else on this machine, asks.
pub(super) async fn answer(passes: Arc<Passes>, request: Request<Incoming>) -> Result<Response<Back>, Infallible> {
    let Some(bound) = passes.whose(request.headers()) else {
        let mut answer = text(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "this is no way out without a pass");
        answer.headers_mut().insert(header::PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"modway\""));
        return Ok(answer);
    };
    Ok(relay(&bound, request).await.unwrap_or_else(|trouble| {
        bound.noted.note(trouble.clone());
        text(StatusCode::BAD_GATEWAY, &trouble.to_string())
    }))
}

async fn relay(bound: &Arc<Bound>, request: Request<Incoming>) -> Result<Response<Back>, Trouble> {
    let (head, body) = request.into_parts();
    let tail = bound.scope.tail(&head.method, &head.uri)?;
    let headers = forwarded(&head.headers);
    let idle = bound.exchanger.patience.idle;
    let asks = matches!(head.method.as_str(), "GET" | "HEAD" | "OPTIONS");
    let first_byte = bound.exchanger.patience.first_byte;
    // An answer to more than a question is computed first: a pack, a report.
    let first_byte = if asks { first_byte } else { first_byte.max(idle) };
    let mut payload = payload(body, idle).await?;
    let mut step = bound.step(&tail, head.uri.query())?;
    let mut base = None;
    for _ in 0..=limits::MAX_REDIRECTS {
        let aim = Aim { url: &step.url, about: &step.url, at: step.at, who: step.who(), belief: Belief::Verified };
        let mut ask = Ask { aim, method: head.method.clone(), headers: &headers, payload, first_byte };
        let got = bound.exchanger.exchange(&mut ask).await?;
        payload = ask.payload;
        if !client::redirects(got.response.status()) {
            return Ok(back(bound, &tail, &step, base, got));
        }
        let to = client::target(&step.url, got.response.status(), got.response.headers())?;
        drop(got);
        if bound.is_settled() || matches!(payload, Payload::Stream(_)) {
            return Err(Trouble::Redirect(format!("redirected to {} after the repository had answered", client::shown(&to))));
        }
        base = Some(tail.base_of(&to, head.uri.query())?);
        step = bound.exchanger.next(step, to, Insecure::No)?;
    }
    Err(Trouble::Redirect(format!("stopped after {} redirects", limits::MAX_REDIRECTS)))
}

/// The remote's answer, as the child gets it.
fn back(bound: &Arc<Bound>, tail: &Tail, step: &Step, base: Option<url::Url>, got: Got) -> Response<Back> {
    let status = got.response.status();
    if let Some(trouble) = words::objection(bound, tail, step, &got) {
        bound.noted.note(trouble);
    }
    if status.is_success() {
        bound.settle(step, base);
    }
    let (head, body) = got.response.into_parts();
    let flow = flow::Flow::new(body, Arc::clone(bound), got.held);
    let mut response = Response::new(flow.boxed_unsync());
    *response.status_mut() = status;
    *response.headers_mut() = head.headers.into_iter().fold((HeaderMap::new(), None), passed).0;
    response
}

/// Adds a field of an answer, unless it is of the connection or none of the child's business. A name is told with its first value only.
fn passed(
    (mut fields, mut last): (HeaderMap, Option<HeaderName>),
    (name, value): (Option<HeaderName>, HeaderValue),
) -> (HeaderMap, Option<HeaderName>) {
    last = name.or(last);
    let ours = [header::SET_COOKIE, header::WWW_AUTHENTICATE, header::STRICT_TRANSPORT_SECURITY, header::ALT_SVC];
    if let Some(name) = last.as_ref().filter(|name| !of_connection(name) && !ours.contains(name)) {
        fields.append(name, value);
    }
    (fields, last)
}

/// The child's header fields that its remote gets: not those of the connection, and nothing that says who somebody is.
fn forwarded(asked: &HeaderMap) -> HeaderMap {
    let named = asked.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<String> = named.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect();
    let ours = [header::HOST, header::AUTHORIZATION, header::COOKIE, header::EXPECT, header::CONTENT_LENGTH];
    let fine =
        |name: &HeaderName| !of_connection(name) && !ours.contains(name) && !named.iter().any(|named| named == name.as_str());
    asked.iter().filter(|(name, _)| fine(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The child's body: whole if it is small, so that it can be sent again; else as it comes.
async fn payload(mut body: Incoming, idle: Duration) -> Result<Payload, Trouble> {
    if body.size_hint().lower() > limits::MAX_CHILD_REQUEST_BYTES {
        return Err(Trouble::TooLarge(limits::MAX_CHILD_REQUEST_BYTES));
    }
    let mut kept = BytesMut::new();
    while kept.len() <= limits::MAX_REPLAYED_BYTES {
        let late = |_| Trouble::Deadline(Deadline::Idle, u64::try_from(idle.as_millis()).unwrap_or(u64::MAX));
        match timeout(idle, body.frame()).await.map_err(late)? {
            None => return Ok(Payload::Whole(kept.freeze())),
            Some(Ok(frame)) => kept.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
            Some(Err(cause)) => return Err(Trouble::Broken(format!("the tool's request: {cause}"))),
        }
    }
    Ok(Payload::Stream(Some(flow::Started::new(kept.freeze(), body).boxed_unsync())))
}

fn text(status: StatusCode, text: &str) -> Response<Back> {
    let mut response = Response::new(Full::new(Bytes::from(format!("{text}\n"))).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

//! One request: checked, routed, answered, rendered.

use std::{net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Instant};

use futures_util::FutureExt;
use hyper::{
    Method, Request, Response,
    body::{Body as _, Incoming},
    header::{self, HeaderValue},
    http::request::Parts,
};
use plan::{Caller, Event, Reason, Trouble, trace::AskEnd};
use proxy::journey::Journey;

use super::{
    Door,
    answer::{self, Prepared, Rendered},
    body::DoorBody,
    encoding,
    hot::{self, Entry},
    own,
    records::{Endpoint, Ticket},
    route::{self, Target},
    watched::InUse,
};

/// Answers one request. Never fails: what goes wrong is an answer, too.
pub(super) async fn handle(
    door: &Arc<Door>,
    client: SocketAddr,
    request: Request<Incoming>,
    in_use: InUse,
) -> Response<DoorBody> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    let entry = door.hot.find(parts.uri.path(), started);
    let mut ticket = Ticket::new(door, &parts, entry.as_ref().map(|entry| &entry.path), client.ip().to_canonical(), started);
    ticket.record().caller = caller(door, &parts);
    let framing = route::check_framing(&parts.method, &parts.uri, parts.version, &parts.headers, !body.is_end_stream());
    let mut rendered = match (framing, entry) {
        (Err(reason), _) => {
            let mut refusal = refuse(&mut ticket, &parts, reason);
            answer::close_after(&mut refusal);
            refusal
        }
        (Ok(()), Some(entry)) if parts.uri.query().is_none() => from_hot(door, &mut ticket, &parts, &entry),
        (Ok(()), _) => answer(door, &mut ticket, &parts, started).await,
    };
    let (text, used) = ticket.record().id.text();
    let id = HeaderValue::from_bytes(&text[..used]).expect("letters and digits");
    rendered.headers_mut().insert(answer::REQUEST_ID, id);
    ticket.answered(rendered.status().as_u16(), !rendered.body().is_empty());
    rendered.map(|content| DoorBody::new(content, ticket, in_use))
}

fn from_hot(door: &Door, ticket: &mut Ticket, parts: &Parts, entry: &Entry) -> Rendered {
    let record = ticket.record();
    record.endpoint = Endpoint::of(&entry.request);
    record.request = Some(Arc::clone(&entry.request));
    record.rule.clone_from(&entry.rule);
    record.hot = true;
    if let Err(reason) = admitted(door) {
        return refuse(ticket, parts, reason);
    }
    answer::good(&entry.prepared, &parts.headers, parts.method == Method::HEAD)
}

async fn answer(door: &Arc<Door>, ticket: &mut Ticket, parts: &Parts, started: Instant) -> Rendered {
    match route::read(parts.uri.path(), parts.uri.query()) {
        Err(reason) => refuse(ticket, parts, reason),
        Ok(Target::Own(page)) => {
            ticket.record().endpoint = Endpoint::Own;
            let caller = ticket.record().caller.clone();
            own::answer(door, &page, parts, &caller).await.unwrap_or_else(|reason| refuse(ticket, parts, reason))
        }
        Ok(Target::Protocol(request)) => {
            let record = ticket.record();
            let (request, journey) = (Arc::new(request), Journey::of(record.caller.clone(), started));
            record.endpoint = Endpoint::of(&request);
            record.request = Some(Arc::clone(&request));
            record.journey = Some(journey.clone());
            if let Err(reason) = admitted(door) {
                return refuse(ticket, parts, reason);
            }
            match ask(door, plan::Request::clone(&request), &journey).await {
                Ok(answer) => from_proxy(door, (request, &journey), parts, answer).await,
                Err(reason) => refuse(ticket, parts, reason),
            }
        }
    }
}

/// Who asks: whose token it is that came as `Authorization: Bearer`. A request with several such headers is nobody's.
fn caller(door: &Door, parts: &Parts) -> Caller {
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (Some(header), None) = (headers.next(), headers.next()) else { return Caller::Anyone };
    let token = header.to_str().ok().and_then(|header| header.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => door.answers.caller(token.trim()),
        Some(_) | None => Caller::Anyone,
    }
}

/// Where an audit log is required and takes no lines, nobody is given anything.
fn admitted(door: &Door) -> Result<(), Reason> {
    let is_closed = door.answers.audit().is_some_and(|audit| !audit.admits());
    if is_closed { Err(Reason::Unaudited) } else { Ok(()) }
}

/// Asks the proxy. A panic in there costs this request its answer and nobody anything else.
async fn ask(door: &Door, request: plan::Request, journey: &Journey) -> Result<proxy::answer::Answer, Reason> {
    let asked = AssertUnwindSafe(door.answers.answer(request, journey)).catch_unwind().await;
    asked.unwrap_or_else(|_| Err(Reason::Internal("this server failed while it answered".to_owned())))
}

async fn from_proxy(
    door: &Door,
    (request, journey): (Arc<plan::Request>, &Journey),
    parts: &Parts,
    answer: proxy::answer::Answer,
) -> Rendered {
    let (path, head) = (parts.uri.path(), parts.method == Method::HEAD);
    let lasts = hot::lasts(&answer, path);
    let until = Instant::now().checked_add(answer.hot_for);
    let zipped = match encoding::compressible(&answer) {
        Some((digest, text)) if lasts || encoding::takes_gzip(&parts.headers) => Some(door.zipped.of(digest, text).await),
        _ => None,
    };
    let prepared = Prepared::new(answer, zipped);
    let rendered = answer::good(&prepared, &parts.headers, head);
    if lasts {
        door.hot.keep(Entry { path: path.into(), request, rule: journey.rule(), prepared, until });
    }
    rendered
}

fn refuse(ticket: &mut Ticket, parts: &Parts, reason: Reason) -> Rendered {
    let record = ticket.record();
    let late = record.journey.as_ref().is_some_and(late);
    let rendered = answer::refused(&reason, late, record.id, parts.method == Method::HEAD);
    record.reason = Some(reason);
    rendered
}

/// Whether the last upstream that was asked let a deadline pass.
fn late(journey: &Journey) -> bool {
    let trace = journey.trace();
    let last =
        trace.events.iter().rev().find_map(|(_, event)| if let Event::Asked { end, .. } = event { Some(end) } else { None });
    matches!(last, Some(AskEnd::Failed(Trouble::Deadline(..))))
}

//! A trace as an HTTP Archive. Tunnels are in it as what they were over HTTP: a CONNECT and its answer.

use std::time::Duration;

use jiff::Timestamp;

use super::{Because, Exchange, Phases, Story, Traced, Tunnel, say};
use crate::{
    lang::Lang,
    render::har::{Content, Creator, Empty, Entry, Har, Log, Page, PageTimings, Pair, Request, Response, Timings},
};

/// The only page.
const PAGE: &str = "go";

/// The archive of `traced`.
pub fn har(traced: &Traced, lang: Lang) -> String {
    let exchanges = traced.seen.exchanges.iter().map(|exchange| (exchange.began, request(traced, exchange)));
    let tunnels = traced.seen.tunnels.iter().map(|of| (of.began, tunnel(traced, of)));
    let mut entries: Vec<(Duration, Entry)> = exchanges.chain(tunnels).collect();
    entries.sort_by_key(|(began, _)| *began);
    let page = Page {
        started_date_time: at(traced, Duration::ZERO),
        id: PAGE.to_owned(),
        title: traced.words.join(" "),
        page_timings: PageTimings { on_load: millis(traced.took) },
    };
    let comment = say::headline(traced, &Story::of(traced), lang);
    let creator = Creator { name: "modway trace", version: env!("CARGO_PKG_VERSION") };
    let entries = entries.into_iter().map(|(_, entry)| entry).collect();
    Har { log: Log { version: "1.2", creator, pages: vec![page], entries, comment } }.text()
}

fn request(traced: &Traced, exchange: &Exchange) -> Entry {
    let took = exchange.took(traced.took);
    let protocol = exchange.protocol.clone();
    let mime_type = exchange.received_fields.iter().find(|(name, _)| name == "content-type").map(|(_, value)| value.clone());
    let redirect_url = exchange.received_fields.iter().find(|(name, _)| name == "location").map(|(_, value)| value.clone());
    let kept = Some(exchange.error_body.clone()).filter(|body| !body.is_empty() && !exchange.is_superseded);
    Entry {
        pageref: PAGE.to_owned(),
        started_date_time: at(traced, exchange.began),
        time: millis(took),
        request: Request {
            method: exchange.method.clone(),
            url: exchange.url.clone(),
            http_version: protocol.clone(),
            cookies: [],
            headers: pairs(&exchange.sent_fields),
            query_string: query(&exchange.url),
            headers_size: -1,
            body_size: size(exchange.sent_bytes),
        },
        response: Response {
            status: exchange.status.unwrap_or_default(),
            status_text: exchange.reason.clone(),
            http_version: protocol,
            cookies: [],
            headers: pairs(&exchange.received_fields),
            content: Content {
                size: size(exchange.received_bytes),
                mime_type: mime_type.unwrap_or_else(|| "application/octet-stream".to_owned()),
                text: kept,
            },
            redirect_url: redirect_url.unwrap_or_default(),
            headers_size: -1,
            body_size: size(exchange.received_bytes),
            error: exchange.failure.clone(),
        },
        cache: Empty {},
        timings: timings(&exchange.phases, took),
        server_ip_address: exchange.peer.map(|peer| peer.ip().to_string()),
        comment: match exchange.because {
            Because::Asked => String::new(),
            Because::Redirected => "redirected".to_owned(),
            Because::Repeated => "asked again after a 4xx answer over https".to_owned(),
        },
    }
}

fn tunnel(traced: &Traced, tunnel: &Tunnel) -> Entry {
    let took = tunnel.took();
    let protocol = "HTTP/1.1".to_owned();
    Entry {
        pageref: PAGE.to_owned(),
        started_date_time: at(traced, tunnel.began),
        time: millis(took),
        request: Request {
            method: "CONNECT".to_owned(),
            url: format!("https://{}/", tunnel.host),
            http_version: protocol.clone(),
            cookies: [],
            headers: Vec::new(),
            query_string: Vec::new(),
            headers_size: -1,
            body_size: size(tunnel.sent_bytes),
        },
        response: Response {
            status: if tunnel.failure.is_some() { 0 } else { 200 },
            status_text: String::new(),
            http_version: protocol,
            cookies: [],
            headers: Vec::new(),
            content: Content { size: size(tunnel.received_bytes), mime_type: "application/octet-stream".to_owned(), text: None },
            redirect_url: String::new(),
            headers_size: -1,
            body_size: size(tunnel.received_bytes),
            error: tunnel.failure.clone(),
        },
        cache: Empty {},
        timings: timings(&tunnel.phases, took),
        server_ip_address: tunnel.peer.map(|peer| peer.ip().to_string()),
        comment: "a tunnel; TLS is not broken into".to_owned(),
    }
}

/// The parts of a time; their sum is `took`.
fn timings(phases: &Phases, took: Duration) -> Timings {
    let known = |part: Option<Duration>| part.map_or(-1.0, millis);
    let connect = [phases.connect, phases.tls].into_iter().flatten().reduce(|one, other| one + other);
    let dialled = phases.dialled().min(took);
    let head = phases.head.unwrap_or(took).clamp(dialled, took);
    Timings {
        blocked: -1.0,
        dns: known(phases.dns),
        connect: known(connect),
        ssl: known(phases.tls),
        send: 0.0,
        wait: millis(head - dialled),
        receive: millis(took - head),
    }
}

fn pairs(fields: &[(String, String)]) -> Vec<Pair> {
    fields.iter().map(|(name, value)| Pair { name: name.clone(), value: value.clone() }).collect()
}

fn query(url: &str) -> Vec<Pair> {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        Pair { name: name.to_owned(), value: value.to_owned() }
    };
    query.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn at(traced: &Traced, since: Duration) -> String {
    Timestamp::try_from(traced.began_at + since).map(|time| format!("{time:.3}")).unwrap_or_default()
}

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

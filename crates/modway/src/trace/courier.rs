//! Carries a request of the traced command to the server it is meant for, as the go command would have, and takes it down.
//!
//! Redirects are followed here and not handed back. The go command speaks plain http to us, so it could not refuse a redirect from https to http
//! as it does, and it would leave us on the way to the file's real place, which would then be seen only from outside. For the same reason what the
//! go command does over https only is done here in its place: the login of netrc, and the second request after a 4xx answer.

use std::{error::Error, sync::Arc};

use bytes::Bytes;
use gomod::goenv::Netrc;
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version,
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, LOCATION, PROXY_AUTHORIZATION, SET_COOKIE, TE,
        TRAILER, TRANSFER_ENCODING, UPGRADE, USER_AGENT,
    },
};
use http_body_util::{BodyExt, Empty, combinators::BoxBody};
use hyper::{body::Incoming, ext::ReasonPhrase};
use hyper_util::{
    client::legacy::{Client as Pool, connect::capture_connection},
    rt::{TokioExecutor, TokioTimer},
};
use url::Url;

use super::{
    body::Counted,
    limits,
    record::{Asked, Because, Exchange, Phases, Place, Recorder},
    shown::shown,
    wire::{Dialled, Refused, Ride, Wires, io_words},
};

/// What a request or an answer of ours holds.
pub(super) type Whole = BoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// The status by which we tell the go command that there was no answer. No server says it, and the go command takes it as it takes a broken
/// connection: an error that a comma does not forgive. [`super::words`] puts Go's own text in its place.
pub(super) const NO_ANSWER: u16 = 599;

/// Carries requests.
pub(super) struct Courier {
    pool: Pool<Wires, Whole>,
    pub(super) wires: Wires,
    recorder: Arc<Recorder>,
}

/// One request to carry.
pub(super) struct Errand {
    pub(super) asked: Asked,
    pub(super) url: String,
    /// The path below the entry's base.
    pub(super) path: String,
    pub(super) request: http::request::Parts,
    pub(super) body: Whole,
    pub(super) manners: Manners,
}

/// How the go command itself would ask.
#[derive(Clone)]
pub(super) enum Manners {
    /// As its web client does: it follows redirects; over https it sends the login of the URL or that of netrc, and asks again after a 4xx.
    Web {
        /// `Authorization` made of the URL's user and password.
        login: Option<HeaderValue>,
        /// The netrc file, if GOAUTH lets it be read.
        netrc: Option<Arc<Netrc>>,
    },
    /// As it is: whoever asks sees every answer.
    Plain,
}

/// An answer, or Go's words for its absence.
type Answered = Result<Response<Incoming>, String>;

impl Courier {
    pub(super) fn new(wires: Wires, recorder: Arc<Recorder>) -> Self {
        let pool = Pool::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(wires.clone());
        Self { pool, wires, recorder }
    }

    /// The answer for whoever asked. Its body is counted as it goes by.
    pub(super) async fn carry(&self, errand: Errand) -> Response<Whole> {
        let Manners::Web { login, netrc } = errand.manners.clone() else { return self.once(errand).await };
        let secure = errand.url.starts_with("https:");
        let from_netrc = || netrc.as_ref().and_then(|netrc| basic(netrc, &errand.url));
        let login = login.or_else(|| from_netrc().filter(|_| secure));
        let first = self.follow(&errand, errand.request.headers.clone(), login.as_ref(), Because::Asked).await;
        let refused = first.as_ref().is_ok_and(|(response, ..)| (400..500).contains(&response.status().as_u16()));
        if !(secure && refused) {
            return self.finished(first);
        }
        let mut headers = errand.request.headers.clone();
        if let Ok((response, exchange, place)) = first {
            // What Go's client sends when nobody sets it.
            let agent = if response.version() == Version::HTTP_2 { "Go-http-client/2.0" } else { "Go-http-client/1.1" };
            headers.insert(USER_AGENT, HeaderValue::from_static(agent));
            self.unread(&response, exchange, place);
        }
        let second = self.follow(&errand, headers, login.as_ref(), Because::Repeated).await;
        self.finished(second)
    }

    /// One request, one answer, whatever it is.
    async fn once(&self, errand: Errand) -> Response<Whole> {
        let Errand { asked, url, path, request, body, .. } = errand;
        let mut exchange = self.begun(asked, &url, &path, &request, Because::Asked);
        let place = self.recorder.exchange(&exchange);
        match self.sent(&mut exchange, place, &url, request.headers, body).await {
            Ok(response) => self.passed(response, exchange, place),
            Err(words) => answer(502, &words),
        }
    }

    /// Asks, and goes where the answers lead. Source: `securityPreservingHTTPClient` of cmd/go/internal/web and `net/http`, 1.27.
    async fn follow(
        &self,
        errand: &Errand,
        headers: HeaderMap,
        login: Option<&HeaderValue>,
        because: Because,
    ) -> Result<(Response<Incoming>, Exchange, Place), String> {
        let (mut url, mut because) = (errand.url.clone(), because);
        for number in 1..=limits::MAX_REDIRECTS {
            let mut headers = headers.clone();
            if let Some(login) = login.filter(|_| same_origin(&url, &errand.url)) {
                headers.insert(AUTHORIZATION, login.clone());
            }
            let mut exchange = self.begun(errand.asked, &url, &errand.path, &errand.request, because);
            let place = self.recorder.exchange(&exchange);
            let sent = self.sent(&mut exchange, place, &url, headers, empty()).await;
            // Go names the URL that failed, and not the one that led there.
            let response = sent.map_err(|words| if number > 1 { elsewhere(&url, &words) } else { words })?;
            let Some((next, location)) = next(&url, &response) else { return Ok((response, exchange, place)) };
            self.unread(&response, exchange, place);
            if url.starts_with("https:") && !next.starts_with("https:") {
                let words = format!("redirected from secure URL {} to insecure URL {}", shown(&url), shown(&next));
                return Err(elsewhere(&location, &words));
            }
            if number == limits::MAX_REDIRECTS {
                return Err(elsewhere(&location, &format!("stopped after {number} redirects")));
            }
            (url, because) = (next, Because::Redirected);
        }
        Err("stopped".to_owned())
    }

    fn begun(&self, asked: Asked, url: &str, path: &str, request: &http::request::Parts, because: Because) -> Exchange {
        Exchange {
            asked,
            because,
            method: request.method.to_string(),
            url: shown(url),
            host: host(url),
            path: path.to_owned(),
            began: self.recorder.now(),
            phases: Phases::default(),
            ended: None,
            status: None,
            reason: String::new(),
            failure: None,
            is_superseded: false,
            sent_bytes: 0,
            received_bytes: 0,
            error_body: String::new(),
            protocol: String::new(),
            peer: None,
            through: None,
            sent_fields: Vec::new(),
            received_fields: Vec::new(),
        }
    }

    /// Sends it and waits for the head of the answer. A kept connection that ends before it answers is replaced once, as in Go.
    async fn sent(&self, exchange: &mut Exchange, place: Place, url: &str, headers: HeaderMap, body: Whole) -> Answered {
        let has_body = hyper::body::Body::size_hint(&body).exact() != Some(0);
        let mut body = Some(body);
        let failed = loop {
            let body = body.take().unwrap_or_else(empty);
            let request = match self.request(&exchange.method, url, &headers, body) {
                Ok(request) => request,
                Err(words) => break words,
            };
            exchange.sent_fields = fields(request.headers());
            let (answered, reused) = self.tried(request).await;
            match answered {
                Ok(response) => {
                    self.head(exchange, &response);
                    self.recorder.exchanged(place, exchange);
                    return Ok(response);
                }
                Err(_) if reused && !has_body => {}
                Err(words) => break words,
            }
        };
        exchange.failure = Some(cut(&failed));
        exchange.ended = Some(self.recorder.now());
        self.recorder.exchanged(place, exchange);
        Err(failed)
    }

    async fn tried(&self, mut request: Request<Whole>) -> (Answered, bool) {
        let captured = capture_connection(&mut request);
        match self.pool.request(request).await {
            Ok(response) => (Ok(response), false),
            Err(error) => {
                let ride = captured.connection_metadata().as_ref().and_then(|connected| {
                    let mut extensions = http::Extensions::new();
                    connected.get_extras(&mut extensions);
                    extensions.remove::<Ride>()
                });
                (Err(words(&error)), ride.is_some_and(|ride| ride.has_served()))
            }
        }
    }

    fn request(&self, method: &str, url: &str, headers: &HeaderMap, body: Whole) -> Result<Request<Whole>, String> {
        let uri = Uri::try_from(url).map_err(|cause| format!("parse {:?}: {cause}", shown(url)))?;
        let mut request = Request::new(body);
        *request.method_mut() = method.parse().map_err(|_| "net/http: invalid method".to_owned())?;
        let secure = uri.scheme_str() == Some("https");
        let (host, port) = (uri.host().unwrap_or_default().to_owned(), uri.port_u16().unwrap_or(80));
        *request.uri_mut() = uri;
        *request.headers_mut() = headers.clone();
        for name in hop_by_hop(headers).chain([HOST]) {
            request.headers_mut().remove(name);
        }
        if let Some(login) = Some(()).filter(|()| !secure).and_then(|()| self.wires.proxy_login(&host, port)) {
            request.headers_mut().insert(PROXY_AUTHORIZATION, login);
        }
        Ok(request)
    }

    /// Takes down what the head of the answer says.
    fn head(&self, exchange: &mut Exchange, response: &Response<Incoming>) {
        if let Some(ride) = response.extensions().get::<Ride>() {
            let Dialled { phases, peer, through } = ride.dialled.clone();
            exchange.phases = if ride.is_first() { phases } else { Phases::default() };
            (exchange.peer, exchange.through) = (peer, through);
        }
        exchange.phases.head = Some(self.recorder.now().saturating_sub(exchange.began));
        exchange.status = Some(response.status().as_u16());
        let canonical = response.status().canonical_reason().unwrap_or_default().as_bytes();
        let reason = response.extensions().get::<ReasonPhrase>().map_or(canonical, ReasonPhrase::as_bytes);
        exchange.reason = cut(&String::from_utf8_lossy(reason));
        exchange.protocol = format!("{:?}", response.version());
        exchange.received_fields = fields(response.headers());
    }

    /// An answer whose body nobody reads.
    fn unread(&self, response: &Response<Incoming>, mut exchange: Exchange, place: Place) {
        exchange.is_superseded = true;
        exchange.ended = Some(self.recorder.now());
        if let Some(location) = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()) {
            exchange.error_body = format!("-> {}", cut(&shown(location)));
        }
        self.recorder.exchanged(place, &exchange);
    }

    fn finished(&self, answered: Result<(Response<Incoming>, Exchange, Place), String>) -> Response<Whole> {
        match answered {
            Ok((response, exchange, place)) => self.passed(response, exchange, place),
            Err(words) => answer(NO_ANSWER, &format!("{MARK}{words}")),
        }
    }

    fn passed(&self, response: Response<Incoming>, exchange: Exchange, place: Place) -> Response<Whole> {
        let (mut head, body) = response.into_parts();
        for name in hop_by_hop(&head.headers) {
            head.headers.remove(name);
        }
        let reason = head.extensions.remove::<ReasonPhrase>();
        head.extensions = http::Extensions::new();
        reason.map(|reason| head.extensions.insert(reason));
        head.version = Version::HTTP_11;
        let readable = readable(&head.headers) && exchange.status != Some(200);
        let body = Counted::new(body, exchange, place, Arc::clone(&self.recorder), readable);
        Response::from_parts(head, BodyExt::boxed(body))
    }
}

/// What stands before our words behind the status.
pub(super) const MARK: &str = "modway: ";

/// What stands behind the mark before the URL that failed, if it is not the one that was asked for.
pub(super) const AT: &str = "at ";

/// Words about another URL than the one that was asked for.
fn elsewhere(url: &str, words: &str) -> String {
    format!("{AT}{} {words}", shown(url).replace(' ', "%20"))
}

/// An answer of our own without a body: the words stand in the status line, which the go command shows.
pub(super) fn answer(status: u16, words: &str) -> Response<Whole> {
    let mut response = Response::new(empty());
    if let Ok(status) = status.try_into() {
        *response.status_mut() = status;
    }
    let printable: String = words.chars().filter(|letter| !letter.is_control()).collect();
    if let Ok(reason) = ReasonPhrase::try_from(cut(&printable).into_bytes()) {
        response.extensions_mut().insert(reason);
    }
    response
}

pub(super) fn empty() -> Whole {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// `Authorization` for the login that netrc has for `url`.
fn basic(netrc: &Netrc, url: &str) -> Option<HeaderValue> {
    let login = netrc.find(url)?;
    super::detour::basic(&login.login, &login.password)
}

/// Where an answer leads, if it is one of the five statuses that do and says where. One without a Location is an answer as any other.
/// The second is the text of the Location.
fn next(url: &str, response: &Response<Incoming>) -> Option<(String, String)> {
    let leads = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(LOCATION).filter(|_| leads)?;
    let location = std::str::from_utf8(location.as_bytes()).ok()?;
    let mut to = Url::parse(url).ok()?.join(location).ok()?;
    to.set_fragment(None);
    // Whoever redirects does not choose our login.
    let _ = (to.set_username(""), to.set_password(None));
    Some((to.into(), location.to_owned()))
}

fn same_origin(one: &str, other: &str) -> bool {
    match (Url::parse(one), Url::parse(other)) {
        (Ok(one), Ok(other)) => one.origin() == other.origin(),
        _ => false,
    }
}

/// Host and port as the URL has them.
fn host(url: &str) -> String {
    Uri::try_from(url).ok().and_then(|uri| uri.authority().map(|authority| authority.as_str().to_owned())).unwrap_or_default()
}

/// The fields that belong to one connection. RFC 9110 §7.6.1.
fn hop_by_hop(headers: &HeaderMap) -> impl Iterator<Item = HeaderName> + use<> {
    let named = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> = named.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    let others = ["keep-alive", "proxy-connection"].map(HeaderName::from_static);
    named.into_iter().chain(others).chain([CONNECTION, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE])
}

/// The fields as they may be shown.
fn fields(headers: &HeaderMap) -> Vec<(String, String)> {
    let secret = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE, SET_COOKIE];
    let text = |name: &HeaderName, value: &HeaderValue| {
        if secret.contains(name) || value.is_sensitive() || !super::shown::is_harmless(name.as_str()) {
            "(redacted)".to_owned()
        } else if *name == LOCATION {
            cut(&shown(&String::from_utf8_lossy(value.as_bytes())))
        } else {
            cut(&String::from_utf8_lossy(value.as_bytes()))
        }
    };
    headers.iter().take(limits::MAX_FIELDS).map(|(name, value)| (name.to_string(), text(name, value))).collect()
}

/// True if the beginning of the body can be kept as text.
fn readable(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let text = ["text/", "application/json", "application/problem+json"].iter().any(|prefix| kind.starts_with(prefix));
    text && !headers.contains_key(CONTENT_ENCODING)
}

/// Go's words for why there is no answer.
fn words(error: &hyper_util::client::legacy::Error) -> String {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut last = String::new();
    while let Some(here) = cause {
        if let Some(Refused(words)) = here.downcast_ref() {
            return words.clone();
        }
        if let Some(io) = here.downcast_ref::<std::io::Error>() {
            return io_words(io);
        }
        if here.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_incomplete_message) {
            return "EOF".to_owned();
        }
        last = here.to_string();
        cause = here.source();
    }
    last
}

fn cut(text: &str) -> String {
    text.char_indices().take_while(|(at, _)| *at < limits::FIELD_BYTES).map(|(_, letter)| letter).collect()
}

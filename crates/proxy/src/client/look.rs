//! One exchange with a server, taken apart for people: who was reached, how long each step took, which certificates were shown and
//! who vouches for them, and what was answered. For diagnosis on a user's own machine; what serves requests is [`super::Client`].

mod request;
mod witness;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper_util::rt::TokioIo;
use plan::{Trouble, trouble::Deadline};
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;
use url::Url;

pub use self::witness::vouched;
use self::{
    request::{next, redirects_to, request},
    witness::{Witness, config},
};
use super::{
    Roots, SystemResolver,
    connect::{Stream, tunnel},
    forward::{Forward, Proxy},
    no_proxy,
    resolve::Resolve as _,
    why,
};
use crate::{
    limits,
    settings::{ForwardProxy, Login, Secret},
};

/// Looks at servers as one machine would: with its certificates and its forward proxy.
pub struct Looker {
    roots: Roots,
    forward: Forward,
    patience: Patience,
}

/// How long each step may take, and how much of a body is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Names and TCP, each.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// From the request to the end of what is read of the body.
    pub answer: Duration,
    /// What is read of a body, in bytes.
    pub body_bytes: usize,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where; http or https. A login in it is not used.
    pub url: Url,
    /// Who we are there. Sent over https only, to that origin only, and only after its certificate was believed.
    pub login: Login,
    /// False for GOINSECURE: whoever answers is believed.
    pub is_verified: bool,
    /// True if the status is enough.
    pub is_head_enough: bool,
}

/// A step of an exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The name.
    Dns,
    /// The connection, to the server or to the forward proxy.
    Connect,
    /// The forward proxy's tunnel.
    Tunnel,
    /// TLS.
    Tls,
    /// The answer.
    Http,
}

/// An exchange, as far as it came.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Where it was asked, without login and query.
    pub url: String,
    /// The steps that were taken, with their times; the last one may have failed.
    pub steps: Vec<(Step, Duration)>,
    /// The addresses of the name; empty behind a forward proxy, which alone looks.
    pub addresses: Vec<IpAddr>,
    /// The forward proxy, `host:port`.
    pub via: Option<String>,
    /// What TLS showed.
    pub certificates: Option<Shown>,
    /// True if a login was sent.
    pub login_sent: bool,
    /// The answer, or what went wrong at the last step.
    pub end: Result<Told, Trouble>,
}

/// The certificates that a server showed.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The name that they had to be for.
    pub host: String,
    /// The chain in DER, the server's own first.
    pub chain: Vec<Vec<u8>>,
    /// Whether Go's store vouches for it, also where nobody had to.
    pub verdict: Result<(), Trouble>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// The `Content-Type`.
    pub content_type: String,
    /// The `Location` of a redirect, without login and query.
    pub location: Option<String>,
    /// Other header fields by their names in lower case: those that tell who answers.
    pub marks: Vec<(String, String)>,
    /// The body, as far as it was read.
    pub body: Bytes,
    /// True if there is more of the body.
    pub is_cut: bool,
}

/// Header fields that tell who answers.
const MARKS: [&str; 6] = ["server", "via", "x-request-id", "x-cache", "www-authenticate", "retry-after"];

impl Looker {
    /// Looks from a machine that believes `roots` and goes out through `forward`.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for a forward proxy that is not understood.
    pub fn new(roots: Roots, forward: &ForwardProxy, patience: Patience) -> Result<Self, Trouble> {
        Ok(Self { roots, forward: Forward::new(forward)?, patience })
    }

    /// Asks once; redirects are answers.
    pub async fn once(&self, question: &Question) -> Exchange {
        let mut exchange = Exchange {
            url: super::shown(&question.url),
            steps: Vec::new(),
            addresses: Vec::new(),
            via: None,
            certificates: None,
            login_sent: false,
            end: Err(Trouble::Broken(String::new())),
        };
        exchange.end = self.ask(question, &mut exchange).await;
        exchange
    }

    /// Asks and follows redirects as the go command does: at most ten, not from https to http unless nothing is verified. The last
    /// exchange is the answer; never empty.
    pub async fn follow(&self, question: &Question) -> Vec<Exchange> {
        let mut question = question.clone();
        let mut all = Vec::new();
        loop {
            let mut exchange = self.once(&question).await;
            let next = match &exchange.end {
                Ok(told) if redirects_to(told.status) => next(&question, told),
                _ => {
                    all.push(exchange);
                    return all;
                }
            };
            let next = next.and_then(|url| match all.len() {
                limits::MAX_REDIRECTS => Err(Trouble::Redirect(format!("stopped after {} redirects", limits::MAX_REDIRECTS))),
                _ => Ok(url),
            });
            match next {
                Ok(url) => {
                    if url.origin() != question.url.origin() {
                        question.login = Login::None;
                    }
                    question.url = url;
                    all.push(exchange);
                }
                Err(trouble) => {
                    exchange.end = Err(trouble);
                    all.push(exchange);
                    return all;
                }
            }
        }
    }

    async fn ask(&self, question: &Question, exchange: &mut Exchange) -> Result<Told, Trouble> {
        let url = &question.url;
        let secure = url.scheme() == "https";
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let proxy = self.forward.between(secure, &host, port).cloned();
        let mut stream = match &proxy {
            None => self.connect(&host, port, true, exchange).await?,
            Some(proxy) => self.to_proxy(proxy, secure.then_some((host.as_str(), port)), exchange).await?,
        };
        if secure {
            stream = self.secured(stream, &host, question.is_verified, exchange).await?;
        }
        let absolute = proxy.as_ref().filter(|_| !secure);
        let request = request(question, absolute, exchange)?;
        let from = Instant::now();
        let told = timeout(self.patience.answer, self.http(stream, request, question.is_head_enough)).await;
        exchange.steps.push((Step::Http, from.elapsed()));
        told.unwrap_or_else(|_| Err(Trouble::Deadline(Deadline::FirstByte, why::millis(self.patience.answer))))
    }

    async fn connect(&self, host: &str, port: u16, is_target: bool, exchange: &mut Exchange) -> Result<Box<dyn Stream>, Trouble> {
        let late = || Trouble::Deadline(Deadline::Connect, why::millis(self.patience.connect));
        let from = Instant::now();
        let addresses = match no_proxy::address(host) {
            Some(ip) => vec![ip],
            None => {
                let found = timeout(self.patience.connect, SystemResolver.resolve(host)).await;
                exchange.steps.push((Step::Dns, from.elapsed()));
                found.map_err(|_| late())?.map_err(|cause| Trouble::Dns(format!("{host}: {cause}")))?
            }
        };
        if is_target {
            exchange.addresses.clone_from(&addresses);
        }
        let from = Instant::now();
        let mut last = Trouble::Dns(format!("{host}: no address"));
        for ip in addresses.into_iter().take(limits::MAX_ADDRESSES) {
            match timeout(self.patience.connect, TcpStream::connect((ip, port))).await {
                Ok(Ok(stream)) => {
                    exchange.steps.push((Step::Connect, from.elapsed()));
                    return Ok(Box::new(stream));
                }
                Ok(Err(cause)) => last = Trouble::Connect(format!("{}: {cause}", std::net::SocketAddr::new(ip, port))),
                Err(_) => last = late(),
            }
        }
        exchange.steps.push((Step::Connect, from.elapsed()));
        Err(last)
    }

    /// Through the forward proxy; with a `target` by a tunnel.
    async fn to_proxy(
        &self,
        proxy: &Proxy,
        target: Option<(&str, u16)>,
        exchange: &mut Exchange,
    ) -> Result<Box<dyn Stream>, Trouble> {
        let named = format!("{}:{}", proxy.host, proxy.port);
        let via = |cause: String| Trouble::ForwardProxy(format!("{named}: {cause}"));
        exchange.via = Some(named.clone());
        let stream = self.connect(&proxy.host, proxy.port, false, exchange).await;
        let mut stream = stream.map_err(|trouble| via(format!("dial tcp: {trouble}")))?;
        if proxy.secure {
            stream = self.shaken(stream, &proxy.host, true).await.0.map_err(|trouble| via(trouble.to_string()))?;
        }
        let Some((host, port)) = target else { return Ok(stream) };
        let from = Instant::now();
        let tunnel = timeout(self.patience.connect, tunnel(stream, host, port, proxy.login.as_ref())).await;
        exchange.steps.push((Step::Tunnel, from.elapsed()));
        tunnel.unwrap_or_else(|_| Err("no answer to CONNECT".to_owned())).map_err(via)
    }

    async fn secured(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        is_verified: bool,
        exchange: &mut Exchange,
    ) -> Result<Box<dyn Stream>, Trouble> {
        let from = Instant::now();
        let (stream, shown) = self.shaken(stream, host, is_verified).await;
        exchange.steps.push((Step::Tls, from.elapsed()));
        exchange.certificates = shown;
        stream
    }

    async fn shaken(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        is_verified: bool,
    ) -> (Result<Box<dyn Stream>, Trouble>, Option<Shown>) {
        let witness = match Witness::new(&self.roots, is_verified) {
            Ok(witness) => Arc::new(witness),
            Err(trouble) => return (Err(trouble), None),
        };
        let Ok(name) = ServerName::try_from(host.to_owned()) else {
            return (Err(Trouble::Tls(format!("{host} is no name for a certificate"))), None);
        };
        let config = match config(Arc::clone(&witness)) {
            Ok(config) => config,
            Err(trouble) => return (Err(trouble), None),
        };
        let shaken = timeout(self.patience.tls, TlsConnector::from(Arc::new(config)).connect(name, stream)).await;
        let shown = witness.take(host);
        match shaken {
            Err(_) => (Err(Trouble::Deadline(Deadline::Tls, why::millis(self.patience.tls))), shown),
            Ok(Err(cause)) => (Err(why::tls(&cause, host)), shown),
            Ok(Ok(stream)) => (Ok(Box::new(stream)), shown),
        }
    }

    async fn http(&self, stream: Box<dyn Stream>, request: Request<Empty<Bytes>>, is_head_enough: bool) -> Result<Told, Trouble> {
        let broken = |error: hyper::Error| Trouble::Broken(why::innermost(&error));
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // The connection lives as long as this question: it is polled beside it, and dropped with it.
        let asking = async move {
            let response = sender.send_request(request).await.map_err(broken)?;
            let (head, mut body) = response.into_parts();
            let text = |name: &str| head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
            let location = text("location");
            let mut told = Told {
                status: head.status.as_u16(),
                content_type: text("content-type").unwrap_or_default(),
                location,
                marks: MARKS.iter().filter_map(|name| Some(((*name).to_owned(), text(name)?))).collect(),
                body: Bytes::new(),
                is_cut: true,
            };
            if is_head_enough && told.status == 200 {
                return Ok(told);
            }
            let mut whole = BytesMut::new();
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
                let room = self.patience.body_bytes.saturating_sub(whole.len());
                whole.extend_from_slice(&data[..data.len().min(room)]);
                if data.len() > room {
                    told.body = whole.freeze();
                    return Ok(told);
                }
            }
            told.body = whole.freeze();
            told.is_cut = false;
            Ok(told)
        };
        tokio::pin!(asking);
        tokio::pin!(connection);
        let mut is_open = true;
        loop {
            tokio::select! {
                told = &mut asking => return told,
                _ = &mut connection, if is_open => is_open = false,
            }
        }
    }
}

impl Told {
    /// The value of one of the fields that tell who answers.
    pub fn mark(&self, name: &str) -> Option<&str> {
        self.marks.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The login that a URL holds; none if it holds none.
pub fn login_in(url: &Url) -> Login {
    if url.username().is_empty() && url.password().is_none() {
        return Login::None;
    }
    let password = Secret::new(super::forward::unescape(url.password().unwrap_or_default()));
    Login::Basic(super::forward::unescape(url.username()), password)
}

//! From a URI to a connection: resolve, connect, perhaps through a forward proxy, TLS.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use http::{Extensions, HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use plan::{Trouble, trouble::Deadline};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::{
    forward::{Forward, Proxy},
    judge::Rule,
    no_proxy,
    resolve::Resolve,
    trust::Trust,
    why::{self, Refusal},
};
use crate::limits;

/// Makes the connections of one hop, or of one place of direct mode.
#[derive(Clone)]
pub(super) struct Connector(Arc<Reach>);

/// How to reach the servers of one hop, or of one place of direct mode.
pub(crate) struct Reach {
    /// One TCP connect, resolving included.
    pub(crate) connect: Duration,
    /// One TLS handshake.
    pub(crate) tls: Duration,
    /// Whose certificates are believed; the trouble is told when TLS is first needed.
    pub(crate) trust: Result<Trust, Trouble>,
    /// The name in SNI and in the certificate, if it is not the URL's host.
    pub(crate) server_name: Option<String>,
    /// Which forward proxy is used.
    pub(crate) forward: Forward,
    /// Who may be connected to.
    pub(crate) rule: Rule,
    /// Which addresses names have.
    pub(crate) resolver: Arc<dyn Resolve>,
}

impl Connector {
    pub(super) fn new(reach: Reach) -> Self {
        Self(Arc::new(reach))
    }

    pub(super) fn reach(&self) -> &Reach {
        &self.0
    }
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, Refusal>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refusal>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let reach = Arc::clone(&self.0);
        Box::pin(async move { reach.wire(&target).await.map_err(Refusal) })
    }
}

impl Reach {
    async fn wire(&self, target: &Uri) -> Result<Wire, Trouble> {
        let secure = target.scheme_str() == Some("https");
        let host = target.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = target.port_u16().unwrap_or(if secure { 443 } else { 80 });
        self.rule.spelling(host)?;
        let Some(proxy) = self.forward.between(secure, host, port) else {
            let stream = self.stream(host, port).await?;
            let peer = stream.peer_addr().ok();
            let wire = if secure { self.tls(Box::new(stream), host).await? } else { Wire::new(Box::new(stream), Kind::Http1) };
            return Ok(Wire { peer, ..wire });
        };
        let stream = self.to_proxy(proxy).await?;
        if !secure {
            return Ok(Wire::new(stream, Kind::Proxied));
        }
        let tunnel = timeout(self.connect, tunnel(stream, host, port, proxy.login.as_ref())).await;
        let stream = tunnel.unwrap_or_else(|_| Err(format!("no answer to CONNECT within {}ms", why::millis(self.connect))));
        self.tls(stream.map_err(|cause| via(proxy, &cause))?, host).await
    }

    /// A connection to `host` itself, at an address that was judged.
    ///
    /// # Errors
    /// That of the rule, dns, connect.
    pub(crate) async fn stream(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        self.tcp(host, port, Some(&self.rule)).await
    }

    /// The first address of `host` that the rule lets us connect to.
    ///
    /// # Errors
    /// That of the rule, dns.
    pub(crate) async fn address(&self, host: &str) -> Result<IpAddr, Trouble> {
        self.rule.spelling(host)?;
        let mut last = Trouble::Dns(format!("{host}: no address"));
        for ip in self.addresses(host).await? {
            match self.rule.address(host, ip) {
                Ok(()) => return Ok(ip),
                Err(trouble) => last = trouble,
            }
        }
        Err(last)
    }

    async fn to_proxy(&self, proxy: &Proxy) -> Result<Box<dyn Stream>, Trouble> {
        // The operator chose the forward proxy; it may be anywhere.
        let tcp = self.tcp(&proxy.host, proxy.port, None).await;
        let stream = tcp.map_err(|trouble| via(proxy, &format!("dial tcp: {trouble}")))?;
        if !proxy.secure {
            return Ok(Box::new(stream));
        }
        let config = Arc::clone(&self.trust.as_ref().map_err(Trouble::clone)?.proxy);
        let shaken = self.handshake(config, Box::new(stream), &proxy.host).await;
        Ok(Box::new(shaken.map_err(|trouble| via(proxy, &trouble.to_string()))?))
    }

    /// Tries the addresses of `host` one after the other, each for as long as the hop's `connect`. Every one is judged just before it is
    /// connected to: a name whose addresses change between two looks gains nothing.
    async fn tcp(&self, host: &str, port: u16, rule: Option<&Rule>) -> Result<TcpStream, Trouble> {
        let mut last = Trouble::Dns(format!("{host}: no address"));
        for ip in self.addresses(host).await? {
            let judged = rule.map_or(Ok(()), |rule| rule.address(host, ip));
            let dialled = match judged {
                Ok(()) => self.dial(SocketAddr::new(ip, port)).await,
                Err(trouble) => Err(trouble),
            };
            last = match dialled {
                Ok(stream) => return Ok(stream),
                Err(trouble) => trouble,
            };
        }
        Err(last)
    }

    async fn addresses(&self, host: &str) -> Result<impl Iterator<Item = IpAddr> + use<>, Trouble> {
        if let Some(ip) = no_proxy::address(host) {
            return Ok(vec![ip].into_iter().take(1));
        }
        let resolved = timeout(self.connect, self.resolver.resolve(host)).await;
        let late = |_| Trouble::Deadline(Deadline::Connect, why::millis(self.connect));
        let addresses = resolved.map_err(late)?.map_err(|cause| Trouble::Dns(format!("{host}: {cause}")))?;
        Ok(addresses.into_iter().take(limits::MAX_ADDRESSES))
    }

    async fn dial(&self, address: SocketAddr) -> Result<TcpStream, Trouble> {
        let Ok(connected) = timeout(self.connect, TcpStream::connect(address)).await else {
            return Err(Trouble::Deadline(Deadline::Connect, why::millis(self.connect)));
        };
        let stream = connected.map_err(|cause| Trouble::Connect(format!("{address}: {cause}")))?;
        // Requests are one small write each; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    async fn tls(&self, stream: Box<dyn Stream>, host: &str) -> Result<Wire, Trouble> {
        let config = Arc::clone(&self.trust.as_ref().map_err(Trouble::clone)?.origin);
        let shaken = self.handshake(config, stream, self.server_name.as_deref().unwrap_or(host)).await?;
        let kind = match shaken.get_ref().1.alpn_protocol() {
            Some(b"h2") => Kind::Http2,
            _ => Kind::Http1,
        };
        Ok(Wire::new(Box::new(shaken), kind))
    }

    async fn handshake(&self, config: Arc<ClientConfig>, stream: Box<dyn Stream>, host: &str) -> Result<Tls, Trouble> {
        let name =
            ServerName::try_from(host.to_owned()).map_err(|_| Trouble::Tls(format!("{host} is no name for a certificate")))?;
        match timeout(self.tls, TlsConnector::from(config).connect(name, stream)).await {
            Ok(shaken) => shaken.map_err(|cause| why::tls(&cause, host)),
            Err(_) => Err(Trouble::Deadline(Deadline::Tls, why::millis(self.tls))),
        }
    }
}

/// True if the connection has served a request before.
pub(super) fn reused(connected: &Connected) -> bool {
    let mut extensions = Extensions::new();
    connected.get_extras(&mut extensions);
    extensions.get::<Served>().is_some_and(|served| served.0.load(Ordering::Relaxed))
}

/// Notes that the connection of this response has served.
pub(super) fn served(extensions: &Extensions) {
    if let Some(served) = extensions.get::<Served>() {
        served.0.store(true, Ordering::Relaxed);
    }
}

#[derive(Clone, Default)]
struct Served(Arc<AtomicBool>);

type Tls = tokio_rustls::client::TlsStream<Box<dyn Stream>>;

/// Anything that bytes go through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The address at the other end of a connection, told with every response; absent behind a forward proxy, which alone knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// A connection as the pool wants it.
pub(super) struct Wire {
    io: TokioIo<Box<dyn Stream>>,
    kind: Kind,
    served: Served,
    peer: Option<SocketAddr>,
}

#[derive(Clone, Copy)]
enum Kind {
    Http1,
    Http2,
    /// HTTP/1.1 to a forward proxy, which wants whole URLs.
    Proxied,
}

impl Wire {
    fn new(stream: Box<dyn Stream>, kind: Kind) -> Self {
        Self { io: TokioIo::new(stream), kind, served: Served::default(), peer: None }
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.served.clone());
        let connected = match self.peer {
            Some(peer) => connected.extra(Peer(peer)),
            None => connected,
        };
        match self.kind {
            Kind::Http1 => connected,
            Kind::Http2 => connected.negotiated_h2(),
            Kind::Proxied => connected.proxy(true),
        }
    }
}

impl Read for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// Asks a forward proxy for a tunnel. RFC 9110 §9.3.6.
pub(super) async fn tunnel(
    mut stream: Box<dyn Stream>,
    host: &str,
    port: u16,
    login: Option<&HeaderValue>,
) -> Result<Box<dyn Stream>, String> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let mut ask =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: {}\r\n", super::AGENT).into_bytes();
    if let Some(login) = login {
        ask.extend_from_slice(b"Proxy-Authorization: ");
        ask.extend_from_slice(login.as_bytes());
        ask.extend_from_slice(b"\r\n");
    }
    ask.extend_from_slice(b"\r\n");
    stream.write_all(&ask).await.map_err(|cause| cause.to_string())?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to the tunnel.
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.map_err(|cause| format!("CONNECT: {cause}"))?;
        head.push(byte);
        if head.len() > limits::MAX_CONNECT_HEAD_BYTES {
            return Err("answer to CONNECT without end".to_owned());
        }
    }
    let line = head.split(|&byte| byte == b'\r').next().unwrap_or_default();
    match line.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5)) {
        Some([b'2', ..]) => Ok(stream),
        _ => Err(format!("answered CONNECT with {}", printable(line))),
    }
}

fn printable(line: &[u8]) -> String {
    String::from_utf8_lossy(line).chars().filter(|c| !c.is_control()).take(80).collect()
}

fn via(proxy: &Proxy, cause: &str) -> Trouble {
    Trouble::ForwardProxy(format!("{}:{}: {cause}", proxy.host, proxy.port))
}

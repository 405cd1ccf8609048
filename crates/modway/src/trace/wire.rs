//! Connections to the servers that the traced command wants to reach, with the time of each of their parts, and Go's words when they fail.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Instant,
};

use http::{HeaderValue, Uri};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::{
    client::legacy::connect::{Connected, Connection},
    rt::TokioIo,
};
use proxy::client::{Between, Ways};
use rustls::{CertificateError, ClientConfig};
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::{limits, record::Phases};

/// Anything that bytes go through.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How a connection came about.
#[derive(Clone, Debug, Default)]
pub(super) struct Dialled {
    pub(super) phases: Phases,
    pub(super) peer: Option<SocketAddr>,
    /// The forward proxy, as host and port.
    pub(super) through: Option<String>,
}

/// Why there is no connection, in Go's words; and the answer of a forward proxy that refused, for whoever asked through it.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Refused(pub(super) String);

/// Makes connections on the user's ways.
#[derive(Clone)]
pub(super) struct Wires(Arc<Ways>);

impl Wires {
    pub(super) fn new(ways: Ways) -> Self {
        Self(Arc::new(ways))
    }

    /// Bytes to and from `host`: directly, or through a tunnel of the user's forward proxy for https.
    pub(super) async fn tunnel(&self, host: &str, port: u16, dialled: &mut Dialled) -> Result<Box<dyn Stream>, Refused> {
        match self.0.between(true, host, port) {
            None => Ok(Box::new(tcp(host, port, dialled).await?)),
            Some(between) => {
                let stream = self.to_proxy(&between, dialled).await?;
                let asked = Instant::now();
                let stream = ask(stream, host, port, between.login.as_ref()).await;
                *dialled.phases.connect.get_or_insert_default() += asked.elapsed();
                stream
            }
        }
    }

    /// The login that a request over plain http to `host` needs for the forward proxy on its way.
    pub(super) fn proxy_login(&self, host: &str, port: u16) -> Option<HeaderValue> {
        self.0.between(false, host, port)?.login
    }

    async fn to_proxy(&self, between: &Between, dialled: &mut Dialled) -> Result<Box<dyn Stream>, Refused> {
        dialled.through = Some(format!("{}:{}", between.host, between.port));
        let stream = tcp(&between.host, between.port, dialled).await;
        let stream = stream.map_err(|Refused(words)| Refused(format!("proxyconnect tcp: {words}")))?;
        if !between.secure {
            return Ok(Box::new(stream));
        }
        let shaken = tls(self.0.proxy(), Box::new(stream), &between.host, dialled).await;
        let shaken = shaken.map_err(|Refused(words)| Refused(format!("proxyconnect tcp: {words}")))?;
        Ok(Box::new(shaken))
    }

    async fn wire(&self, target: &Uri) -> Result<Wire, Refused> {
        let secure = target.scheme_str() == Some("https");
        let host = target.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = target.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let mut dialled = Dialled::default();
        if secure {
            let stream = self.tunnel(host, port, &mut dialled).await?;
            let shaken = tls(self.0.origin(), stream, host, &mut dialled).await?;
            let kind = if shaken.get_ref().1.alpn_protocol() == Some(b"h2") { Kind::Http2 } else { Kind::Http1 };
            return Ok(Wire::new(Box::new(shaken), kind, dialled));
        }
        Ok(match self.0.between(false, host, port) {
            Some(between) => Wire::new(self.to_proxy(&between, &mut dialled).await?, Kind::Proxied, dialled),
            None => Wire::new(Box::new(tcp(host, port, &mut dialled).await?), Kind::Http1, dialled),
        })
    }
}

impl tower_service::Service<Uri> for Wires {
    type Response = Wire;
    type Error = Refused;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, Refused>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let wires = self.clone();
        Box::pin(async move { wires.wire(&target).await })
    }
}

async fn tcp(host: &str, port: u16, dialled: &mut Dialled) -> Result<TcpStream, Refused> {
    let began = Instant::now();
    let found = tokio::net::lookup_host((host, port)).await;
    if host.parse::<std::net::IpAddr>().is_err() {
        dialled.phases.dns = Some(began.elapsed());
    }
    // glibc's words for a name that does not exist are not Go's.
    let found: Vec<SocketAddr> = found.map_err(|_| Refused(format!("dial tcp: lookup {host}: no such host")))?.collect();
    let began = Instant::now();
    let mut refused = Refused(format!("dial tcp: lookup {host}: no such host"));
    for (index, address) in found.into_iter().enumerate() {
        match timeout(limits::DIAL, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are one small write each; waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                *dialled.phases.connect.get_or_insert_default() += began.elapsed();
                dialled.peer = Some(address).filter(|_| dialled.through.is_none());
                return Ok(stream);
            }
            // Go tells what the first address said.
            Ok(Err(cause)) if index == 0 => refused = Refused(format!("dial tcp {address}: connect: {}", os_words(&cause))),
            Err(_) if index == 0 => refused = Refused(format!("dial tcp {address}: i/o timeout")),
            _ => {}
        }
    }
    Err(refused)
}

async fn tls(
    config: Arc<ClientConfig>,
    stream: Box<dyn Stream>,
    host: &str,
    dialled: &mut Dialled,
) -> Result<tokio_rustls::client::TlsStream<Box<dyn Stream>>, Refused> {
    let began = Instant::now();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Refused(format!("tls: {host} is no name for a certificate")))?;
    let shaken = timeout(limits::TLS, TlsConnector::from(config).connect(name, stream)).await;
    *dialled.phases.tls.get_or_insert_default() += began.elapsed();
    match shaken {
        Ok(shaken) => shaken.map_err(|cause| Refused(tls_words(&cause, host))),
        Err(_) => Err(Refused("net/http: TLS handshake timeout".to_owned())),
    }
}

/// Asks a forward proxy for a tunnel. RFC 9110 §9.3.6. Of its refusal Go shows the words of the status line.
async fn ask(
    mut stream: Box<dyn Stream>,
    host: &str,
    port: u16,
    login: Option<&HeaderValue>,
) -> Result<Box<dyn Stream>, Refused> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let mut text =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: Go-http-client/1.1\r\n").into_bytes();
    if let Some(login) = login {
        text.extend([b"Proxy-Authorization: ", login.as_bytes(), b"\r\n"].concat());
    }
    text.extend_from_slice(b"\r\n");
    let failed = |cause: io::Error| Refused(io_words(&cause));
    stream.write_all(&text).await.map_err(failed)?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to the tunnel.
    while !head.ends_with(b"\r\n\r\n") && head.len() < limits::MAX_CONNECT_HEAD_BYTES {
        head.push(stream.read_u8().await.map_err(failed)?);
    }
    if !head.ends_with(b"\r\n\r\n") {
        let most = limits::MAX_CONNECT_HEAD_BYTES;
        return Err(Refused(format!("net/http: server response headers exceeded {most} bytes; aborted")));
    }
    let line = String::from_utf8_lossy(head.split(|&byte| byte == b'\r').next().unwrap_or_default()).into_owned();
    match line.split_once(' ').map(|(_, status)| status) {
        Some(status) if status.starts_with("200") => Ok(stream),
        Some(status) => Err(Refused(status.split_once(' ').map_or(status, |(_, words)| words).to_owned())),
        None => Err(Refused("malformed HTTP response".to_owned())),
    }
}

/// An error of the system in Go's words: Rust adds a number, and begins with a capital letter.
fn os_words(cause: &io::Error) -> String {
    let text = cause.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// What a broken connection is to Go.
pub(super) fn io_words(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::UnexpectedEof => "EOF".to_owned(),
        io::ErrorKind::ConnectionReset => "read: connection reset by peer".to_owned(),
        _ => os_words(cause),
    }
}

/// Why a handshake failed, in the words of Go's crypto/tls and crypto/x509.
fn tls_words(cause: &io::Error, host: &str) -> String {
    let Some(error) = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else { return io_words(cause) };
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => return "tls: first record does not look like a TLS handshake".to_owned(),
        other => return format!("remote error: tls: {other}"),
    };
    let why = match certificate {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => "certificate signed by unknown authority".to_owned(),
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => "certificate has expired or is not yet valid".to_owned(),
        CertificateError::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let names = presented.iter().map(|name| name.trim_start_matches("DnsName(\"").trim_end_matches("\")"));
            format!("certificate is valid for {}, not {host}", names.collect::<Vec<_>>().join(", "))
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("certificate is not valid for any names, but wanted to match {host}")
        }
        other => other.to_string(),
    };
    format!("tls: failed to verify certificate: x509: {why}")
}

/// A connection as the pool wants it.
pub(super) struct Wire {
    io: TokioIo<Box<dyn Stream>>,
    kind: Kind,
    ride: Ride,
}

#[derive(Clone, Copy)]
enum Kind {
    Http1,
    Http2,
    /// HTTP/1.1 to a forward proxy, which wants whole URLs.
    Proxied,
}

/// How the connection of a response came about, and whether it had served before.
#[derive(Clone)]
pub(super) struct Ride {
    pub(super) dialled: Dialled,
    served: Arc<AtomicBool>,
}

impl Ride {
    /// True for the first caller: the time it took to connect was theirs.
    pub(super) fn is_first(&self) -> bool {
        !self.served.swap(true, Ordering::Relaxed)
    }

    /// True if it has served a request before.
    pub(super) fn has_served(&self) -> bool {
        self.served.load(Ordering::Relaxed)
    }
}

impl Wire {
    fn new(stream: Box<dyn Stream>, kind: Kind, dialled: Dialled) -> Self {
        Self { io: TokioIo::new(stream), kind, ride: Ride { dialled, served: Arc::default() } }
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.ride.clone());
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a forward proxy that answers CONNECT with these bytes and closes.
    async fn asked(answer: &[u8]) -> Result<(), String> {
        let (ours, mut theirs) = tokio::io::duplex(64 << 10);
        theirs.write_all(answer).await.unwrap();
        theirs.shutdown().await.unwrap();
        ask(Box::new(ours), "go.test", 443, None).await.map(|_| ()).map_err(|Refused(words)| words)
    }

    #[tokio::test]
    async fn a_tunnel_begins_behind_a_whole_head() {
        assert_eq!(asked(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n").await, Ok(()));
        assert_eq!(asked(b"HTTP/1.1 200 OK\r\nA: b\r\n").await, Err("EOF".to_owned()));
        assert_eq!(asked(b"HTTP/1.1 407 Who are you\r\n\r\n").await, Err("Who are you".to_owned()));
        let endless = format!("HTTP/1.1 200 OK\r\nA: {}", "b".repeat(limits::MAX_CONNECT_HEAD_BYTES));
        let exceeded = format!("net/http: server response headers exceeded {} bytes; aborted", limits::MAX_CONNECT_HEAD_BYTES);
        assert_eq!(asked(endless.as_bytes()).await, Err(exceeded));
    }
}

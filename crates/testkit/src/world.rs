//! A scripted upstream on loopback, and a forward proxy. Both write down whatever is asked of them.

use std::{
    collections::{HashMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
    time::sleep,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::{
    faults::{Fault, Length, Play},
    world_h2,
};

/// A server that plays what it was told to, path by path. Stops when dropped.
#[derive(Debug)]
pub struct World {
    address: SocketAddr,
    secure: bool,
    script: Arc<Script>,
    _task: Task,
}

/// A request as it arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The request target, byte for byte.
    pub target: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    /// Which connection it came over, counted from 1.
    pub connection: usize,
    /// True if it came over HTTP/2.
    pub http2: bool,
}

impl Seen {
    /// The value of a header field, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl World {
    /// Over plain HTTP/1.1.
    pub async fn start() -> Self {
        Self::run(None).await
    }

    /// Over TLS, HTTP/1.1 or HTTP/2 as the client picks of what `config` offers.
    pub async fn with_tls(config: Arc<ServerConfig>) -> Self {
        Self::run(Some(config)).await
    }

    async fn run(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let (address, secure) = (listener.local_addr().expect("bound"), tls.is_some());
        let script = Arc::new(Script::default());
        let task = Task(tokio::spawn(accept(listener, tls, Arc::clone(&script))));
        Self { address, secure, script, _task: task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its base URL, by address.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.address)
    }

    /// Plays these for `target`, one per request; the last one for all that follow.
    pub fn on(&self, target: &str, plays: impl IntoIterator<Item = Play>) -> &Self {
        let plays = plays.into_iter().collect();
        self.script.plays.lock().unwrap_or_else(PoisonError::into_inner).insert(target.to_owned(), plays);
        self
    }

    /// All requests until now, in order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often `target` was asked for.
    pub fn count(&self, target: &str) -> usize {
        self.seen().iter().filter(|seen| seen.target == target).count()
    }

    /// Body bytes written to sockets until now.
    pub fn sent_bytes(&self) -> usize {
        self.script.sent.load(Ordering::SeqCst)
    }
}

/// Accepts no connection beyond the first two, so that connecting takes for ever. Stops when dropped.
#[derive(Debug)]
pub struct Deaf {
    /// Where it does not answer.
    pub address: SocketAddr,
    _listener: TcpListener,
    _held: Vec<TcpStream>,
}

impl Deaf {
    /// Fills its own queue of connections.
    pub async fn start() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
        let listener = socket.listen(0).expect("listening");
        let address = listener.local_addr().expect("bound");
        let mut held = Vec::new();
        // The kernel takes one more than the backlog; from then on it drops what wants to connect.
        while let Ok(Ok(stream)) = tokio::time::timeout(std::time::Duration::from_millis(50), TcpStream::connect(address)).await {
            held.push(stream);
        }
        Self { address, _listener: listener, _held: held }
    }
}

/// A forward proxy that leads everything to one address, whatever was asked for. Stops when dropped.
#[derive(Debug)]
pub struct ForwardProxy {
    address: SocketAddr,
    secure: bool,
    seen: Arc<Mutex<Vec<Seen>>>,
    _task: Task,
}

impl ForwardProxy {
    /// Leads to `target`; with a `refusal` such as `407 Proxy Authentication Required` it refuses instead.
    pub async fn start(target: SocketAddr, refusal: Option<&'static str>) -> Self {
        Self::run(target, refusal, None).await
    }

    /// The same, itself spoken to over TLS.
    pub async fn with_tls(target: SocketAddr, config: Arc<ServerConfig>) -> Self {
        Self::run(target, None, Some(config)).await
    }

    async fn run(target: SocketAddr, refusal: Option<&'static str>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let (address, seen) = (listener.local_addr().expect("bound"), Arc::<Mutex<Vec<Seen>>>::default());
        let (notes, secure) = (Arc::clone(&seen), tls.is_some());
        let task = Task(tokio::spawn(async move {
            let mut all = JoinSet::new();
            for connection in 1.. {
                let Ok((stream, _)) = listener.accept().await else { break };
                let (notes, tls) = (Arc::clone(&notes), tls.clone());
                all.spawn(async move {
                    match tls {
                        None => forward(stream, target, refusal, connection, notes).await,
                        Some(tls) => {
                            forward(TlsAcceptor::from(tls).accept(stream).await?, target, refusal, connection, notes).await
                        }
                    }
                });
            }
        }));
        Self { address, secure, seen, _task: task }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.address)
    }

    /// What was asked of it: CONNECT, or the first request of each connection.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Default, Debug)]
pub(crate) struct Script {
    plays: Mutex<HashMap<String, VecDeque<Play>>>,
    seen: Mutex<Vec<Seen>>,
    sent: AtomicUsize,
}

impl Script {
    /// Writes the request down; answers what is to be played.
    pub(crate) fn next(&self, seen: Seen) -> Play {
        // A forward proxy may hand on a whole URL.
        let target =
            seen.target.strip_prefix("http://").map_or(seen.target.as_str(), |rest| &rest[rest.find('/').unwrap_or(0)..]);
        let mut plays = self.plays.lock().unwrap_or_else(PoisonError::into_inner);
        let play = match plays.get_mut(target) {
            Some(queue) if queue.len() > 1 => queue.pop_front(),
            Some(queue) => queue.front().cloned(),
            None => None,
        };
        let play = play.unwrap_or_else(|| Play::not_found(&format!("not found: {target} is not in the script")));
        let play = play.part(seen.header("range"), seen.header("if-range"));
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
        play
    }

    pub(crate) fn sent(&self, bytes: usize) {
        self.sent.fetch_add(bytes, Ordering::SeqCst);
    }
}

/// Ended with its owner.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn accept(listener: TcpListener, tls: Option<Arc<ServerConfig>>, script: Arc<Script>) {
    let mut all = JoinSet::new();
    for connection in 1.. {
        let Ok((stream, _)) = listener.accept().await else { break };
        let (tls, script) = (tls.clone(), Arc::clone(&script));
        all.spawn(async move {
            let Some(tls) = tls else { return drop(serve(stream, &script, connection).await) };
            let Ok(stream) = TlsAcceptor::from(tls).accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                world_h2::serve(stream, script, connection).await;
            } else {
                drop(serve(stream, &script, connection).await);
            }
        });
    }
}

/// A connection that can be reset.
trait Wire: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&self) -> &TcpStream;
}

impl Wire for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Wire for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn serve(mut wire: impl Wire, script: &Script, connection: usize) -> io::Result<()> {
    while let Some(seen) = request(&mut wire, connection).await? {
        let play = script.next(seen);
        if !perform(&mut wire, &play, script).await? {
            break;
        }
    }
    // Said properly, so that what ends early is the body and not the TLS connection.
    wire.shutdown().await
}

/// Plays one answer; false if the connection is to end.
async fn perform(wire: &mut impl Wire, play: &Play, script: &Script) -> io::Result<bool> {
    match play.fault {
        Fault::Mute => std::future::pending().await,
        Fault::Close => return Ok(false),
        Fault::Reset => return wire.tcp().set_zero_linger().map(|()| false),
        _ => wire.write_all(head(play).as_bytes()).await?,
    }
    let cut = match play.fault {
        Fault::CutAt(at) | Fault::ResetAt(at) | Fault::StallAt(at) => at.min(play.body.len()),
        _ => play.body.len(),
    };
    match play.fault {
        Fault::Drip(size, pause) => {
            for piece in play.body.chunks(size.max(1)) {
                sleep(pause).await;
                body(wire, play, piece, script).await?;
            }
        }
        Fault::Endless => loop {
            body(wire, play, &play.body, script).await?;
        },
        _ => body(wire, play, &play.body[..cut], script).await?,
    }
    match play.fault {
        Fault::CutAt(_) => Ok(false),
        Fault::ResetAt(_) => wire.tcp().set_zero_linger().map(|()| false),
        Fault::StallAt(_) => std::future::pending().await,
        _ => {
            if play.length == Length::Chunked {
                wire.write_all(b"0\r\n\r\n").await?;
            }
            wire.flush().await?;
            Ok(play.length != Length::Close)
        }
    }
}

async fn body(wire: &mut impl Wire, play: &Play, piece: &[u8], script: &Script) -> io::Result<()> {
    if play.length == Length::Chunked && !piece.is_empty() {
        wire.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        wire.write_all(piece).await?;
        wire.write_all(b"\r\n").await?;
    } else {
        wire.write_all(piece).await?;
    }
    script.sent(piece.len());
    wire.flush().await
}

fn head(play: &Play) -> String {
    let reason = http::StatusCode::from_u16(play.status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Scripted");
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", play.status);
    for (name, value) in &play.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    match play.length {
        Length::Right if play.status == 304 || play.status == 204 => {}
        Length::Right => head.push_str(&format!("Content-Length: {}\r\n", play.body.len())),
        Length::Claimed(length) => head.push_str(&format!("Content-Length: {length}\r\n")),
        Length::Chunked => head.push_str("Transfer-Encoding: chunked\r\n"),
        Length::Close => head.push_str("Connection: close\r\n"),
    }
    head + "\r\n"
}

/// Reads the head of a request; `None` if the client is done.
async fn request(wire: &mut (impl AsyncRead + Unpin), connection: usize) -> io::Result<Option<Seen>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match wire.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() => return Ok(None),
            Err(cause) => return Err(cause),
        }
    }
    let text = String::from_utf8_lossy(&head).into_owned();
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().split(' ').map(str::to_owned);
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let fields = lines.filter_map(|line| line.split_once(':'));
    let headers = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    Ok(Some(Seen { method, target, headers, connection, http2: false }))
}

async fn forward(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    target: SocketAddr,
    refusal: Option<&str>,
    connection: usize,
    notes: Arc<Mutex<Vec<Seen>>>,
) -> io::Result<()> {
    let Some(seen) = request(&mut client, connection).await? else { return Ok(()) };
    notes.lock().unwrap_or_else(PoisonError::into_inner).push(seen.clone());
    if let Some(refusal) = refusal {
        client.write_all(format!("HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n").as_bytes()).await?;
        return client.shutdown().await;
    }
    let mut server = TcpStream::connect(target).await?;
    if seen.method == "CONNECT" {
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
    } else {
        let fields: String = seen.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        server.write_all(format!("{} {} HTTP/1.1\r\n{fields}\r\n", seen.method, seen.target).as_bytes()).await?;
    }
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

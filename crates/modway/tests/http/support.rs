//! A server with scripted answers, and a client that sends exactly the bytes it is told to.

use std::{
    collections::HashMap,
    io::{self, Write},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use modway::http::{Answers, Door, DoorLimits, Phase, Tls, bind, log::Log, metrics::Metrics, serve};
use plan::{Event, Reason, Request, trace::Look};
use proxy::{
    answer::{Answer, Body, Caching, Media},
    journey::Journey,
};
use store::Digest;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, watch},
    task::JoinHandle,
    time::timeout,
};

/// No test waits longer for anything.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Sun, 06 Nov 1994 08:49:37 GMT.
pub(crate) const MODIFIED: i64 = 784_111_777;

/// Answers by path; everything else does not exist.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) answers: HashMap<String, Result<Answer, Reason>>,
    /// Paths whose answers wait for `open`.
    pub(crate) gated: Vec<String>,
    pub(crate) arrived: Notify,
    pub(crate) open: Notify,
    pub(crate) asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Answers for Script {
    async fn answer(&self, request: Request, journey: &Journey) -> Result<Answer, Reason> {
        let path = request.path();
        self.asked.lock().unwrap().push(path.clone());
        journey.note(Event::Looked(Look::Hit));
        if self.gated.contains(&path) {
            self.arrived.notify_one();
            self.open.notified().await;
        }
        assert_ne!(path, "/panics.test/@v/list", "this path is scripted to panic");
        self.answers.get(&path).cloned().unwrap_or_else(|| Err(Reason::NotExist(format!("not found: {path}"))))
    }

    fn ready(&self) -> Result<(), Reason> {
        Ok(())
    }
}

impl Script {
    pub(crate) fn with(mut self, path: &str, answer: Result<Answer, Reason>) -> Self {
        self.answers.insert(path.to_owned(), answer);
        self
    }
}

/// An answer in memory.
pub(crate) fn memory(bytes: impl Into<Bytes>, media: Media, caching: Caching) -> Answer {
    let bytes = bytes.into();
    let hot_for = if caching == Caching::Immutable { Duration::MAX } else { Duration::ZERO };
    Answer { digest: Some(Digest::of(&bytes)), body: Body::Memory(bytes), modified_at: MODIFIED, media, caching, hot_for }
}

/// A log that can be read.
#[derive(Clone, Default)]
pub(crate) struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) phase: watch::Sender<Phase>,
    pub(crate) task: JoinHandle<()>,
    pub(crate) door: Arc<Door>,
    pub(crate) script: Arc<Script>,
    log: Written,
}

impl Server {
    pub(crate) async fn start(script: Script) -> Self {
        Self::start_with(script, DoorLimits::default(), None).await
    }

    pub(crate) async fn start_with(script: Script, limits: DoorLimits, tls: Option<Tls>) -> Self {
        let script = Arc::new(script);
        Self { script: script.clone(), ..Self::open(script, limits, tls).await }
    }

    /// A server in front of other answers than a script.
    pub(crate) async fn start_for(answers: impl Answers + 'static) -> Self {
        Self::open(Arc::new(answers), DoorLimits::default(), None).await
    }

    async fn open(answers: Arc<dyn Answers>, limits: DoorLimits, tls: Option<Tls>) -> Self {
        let log = Written::default();
        let door = Door::new(answers, limits, Arc::new(Metrics::new()), Log::to(Box::new(log.clone())).unwrap());
        let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let (address, (phase, watched)) = (listener.local_addr().unwrap(), watch::channel(Phase::Serving));
        let task = tokio::spawn(serve(door.clone(), listener, tls, watched));
        Self { address, phase, task, door, script: Arc::default(), log }
    }

    pub(crate) async fn connect(&self) -> Client<TcpStream> {
        Client { stream: TcpStream::connect(self.address).await.unwrap(), read: Vec::new() }
    }

    /// One request on a connection of its own; `headers` are whole lines, each with its CRLF.
    pub(crate) async fn get(&self, path: &str, headers: &str) -> Response {
        self.ask("GET", path, headers).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &str) -> Response {
        let mut client = self.connect().await;
        client.ask(method, path, headers).await
    }

    /// Everything the server sends after `bytes`, until it closes the connection.
    pub(crate) async fn raw(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut client = self.connect().await;
        client.send(bytes).await;
        String::from_utf8_lossy(&client.rest().await).into_owned()
    }

    /// The log lines until now, each parsed as JSON.
    pub(crate) fn log(&self) -> Vec<serde_json::Value> {
        self.door.flush_log();
        let written = self.log.0.lock().unwrap();
        let text = std::str::from_utf8(&written).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "the last line is whole");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A response, with its header names in lower case.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

pub(crate) struct Client<S> {
    pub(crate) stream: S,
    pub(crate) read: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may have closed already; what it said is what counts.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    pub(crate) async fn ask(&mut self, method: &str, path: &str, headers: &str) -> Response {
        self.send(format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n")).await;
        self.response(method == "HEAD").await.expect("a whole response")
    }

    /// A GET whose response may end early.
    pub(crate) async fn ask_maybe(&mut self, path: &str) -> Option<Response> {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        self.response(false).await
    }

    /// Waits until the header and `length` bytes of body, and no more, have come.
    pub(crate) async fn body_reaches(&mut self, length: usize) {
        let come = |read: &[u8]| read.windows(4).position(|window| window == b"\r\n\r\n").map(|end| read.len() - end - 4);
        while come(&self.read).is_none_or(|body| body < length) {
            assert_ne!(self.more().await, 0, "the body goes on");
        }
        assert_eq!(come(&self.read), Some(length));
    }

    /// Whether nothing comes for a moment: long against what a server that would send needs.
    pub(crate) async fn is_silent(&mut self) -> bool {
        timeout(Duration::from_millis(150), self.stream.read_u8()).await.is_err()
    }

    /// The next response; `None` if the connection ends before it is whole.
    pub(crate) async fn response(&mut self, head: bool) -> Option<Response> {
        let end = loop {
            match self.read.windows(4).position(|window| window == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None if self.more().await == 0 => return None,
                None => {}
            }
        };
        let header = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut lines = header.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let split = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers: HashMap<String, String> = lines.filter_map(split).collect();
        let length = if head || status == 304 { 0 } else { headers["content-length"].parse().unwrap() };
        while self.read.len() < length {
            if self.more().await == 0 {
                return None;
            }
        }
        Some(Response { status, headers, body: self.read.drain(..length).collect() })
    }

    /// Reads on; the number of bytes, 0 at the end.
    pub(crate) async fn more(&mut self) -> usize {
        let mut buffer = vec![0; 64 << 10];
        let read = timeout(DEADLINE, self.stream.read(&mut buffer)).await.expect("bytes or an end in time").unwrap_or(0);
        self.read.extend_from_slice(&buffer[..read]);
        read
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.more().await > 0 {}
        std::mem::take(&mut self.read)
    }
}

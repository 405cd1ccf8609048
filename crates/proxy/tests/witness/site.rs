//! A witness's door on loopback, as small as can be, and a log that asks there.

use std::{future::Future, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};

use gomod::sumdb::{cosign::WitnessKey, note::SignerKey};
use proxy::{
    client::{Client, Roots},
    clock::Clock,
    settings::{Breaker, ForwardProxy, Hop, Login},
    tlog::{
        Log, LogSettings,
        witness::{SIZE_TYPE, Site, TEXT_TYPE, Unwitnessed, Witness},
    },
};
use store::log::{
    Logs,
    memory::{MemoryLogFiles, MemoryLogLock},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// Status, media type and body of an answer; `None` to say nothing at all.
pub(crate) type Reply = Option<(u16, &'static str, String)>;

type Replying = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// What a door does with the bodies that come.
pub(crate) type Answers = Arc<dyn Fn(Vec<u8>) -> Replying + Send + Sync>;

/// A door that answers so; its address.
pub(crate) async fn door(answers: Answers) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("some port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&answers)));
        }
    });
    address
}

/// The door of a witness.
pub(crate) async fn witness_door(witness: Arc<Witness>) -> SocketAddr {
    door(Arc::new(move |body| {
        let witness = Arc::clone(&witness);
        Box::pin(async move {
            Some(match witness.add_checkpoint(&body).await {
                Ok(lines) => (200, TEXT_TYPE, lines),
                Err(Unwitnessed::Conflict(size) | Unwitnessed::Forked { size, .. }) => (409, SIZE_TYPE, format!("{size}\n")),
                Err(why @ Unwitnessed::Unproven { .. }) => (422, TEXT_TYPE, format!("{why}\n")),
                Err(why @ Unwitnessed::Unsigned) => (403, TEXT_TYPE, format!("{why}\n")),
                Err(why) => panic!("nothing else is asked for here: {why}"),
            })
        })
    }))
    .await
}

async fn serve(stream: TcpStream, answers: Answers) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if stream.read_line(&mut first).await? == 0 {
            return Ok(());
        }
        assert_eq!(first, "POST /w/add-checkpoint HTTP/1.1\r\n");
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let Some((status, media_type, body)) = answers(body).await else { return std::future::pending().await };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body.as_bytes()).await?;
    }
}

/// A witness as its log knows it.
pub(crate) fn site(address: SocketAddr, key: WitnessKey) -> Site {
    let seconds = Duration::from_secs;
    let hop = Hop {
        name: key.name().to_owned(),
        url: format!("http://{address}/w/"),
        connect: seconds(5),
        tls: seconds(5),
        first_byte: seconds(10),
        idle: seconds(10),
        total: seconds(20),
        total_zip: seconds(20),
        retries: 0,
        step_down: Vec::new(),
        breaker: Breaker { failures: 5, pause: seconds(10) },
        login: Login::None,
        ca_files: Vec::new(),
        forward_proxy: ForwardProxy::Direct,
    };
    Site { key, client: Client::new(&hop, &Roots::Files(Vec::new())).expect("a client") }
}

/// Where a log of a test rests.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    pub(crate) files: MemoryLogFiles,
    pub(crate) lock: MemoryLogLock,
}

impl Shelf {
    /// One life of the log, writing.
    pub(crate) async fn open(&self, key: SignerKey, life: &str) -> Arc<Log> {
        self.open_with(vec![key], life).await
    }

    /// The same, while its key is being exchanged.
    pub(crate) async fn open_with(&self, signers: Vec<SignerKey>, life: &str) -> Arc<Log> {
        let settings = LogSettings {
            log: "private".to_owned(),
            signers,
            holder: life.to_owned(),
            may_forget: false,
            signed: Arc::new(|_| {}),
        };
        let logs = Logs { files: Arc::new(self.files.clone()), lock: Arc::new(self.lock.clone()) };
        let (log, sequencer) = Log::open(settings, logs, Clock::system()).await.expect("it opens");
        tokio::spawn(sequencer.run());
        log
    }

    /// The same log as it is now, in other hands.
    pub(crate) fn copy(&self) -> Self {
        Self { files: self.files.backup(), lock: self.lock.backup() }
    }
}

/// Adds records without keys.
pub(crate) async fn grow(log: &Log, kind: &str, count: u64) {
    for record in crate::tree::records(kind, count) {
        log.append(&record).await.expect("it is added");
    }
}

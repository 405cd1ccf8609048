//! A checksum database on loopback: a real log with real signatures, honest until it is told to lie.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use gomod::sumdb::{
    note::{self, SignerKey},
    tile::{HEIGHT, Tile, TileLevel},
    tlog::{
        Hash, Tree, format_record, record_hash, stored_hash_index, stored_hashes, stored_hashes_indexes, tree_hash,
        tree_hash_indexes,
    },
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};

use crate::modules::Module;

/// The name in the key, and in the `/sumdb/NAME/` of a proxy.
pub const NAME: &str = "sum.test/db";

/// How the database lies, until told otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lie {
    /// A lookup is answered with this body.
    Body(String),
    /// A lookup is answered with this status.
    Status(u16),
    /// Every request is answered with this status.
    All(u16),
    /// A lookup is answered with this record, whatever was asked for.
    Record(u64),
    /// A lookup is answered with a record number that no tree has.
    BeyondTree,
    /// These lines stand between the record and the tree head.
    Between(String),
    /// These lines stand behind the tree head's signature.
    Behind(String),
    /// One byte of this tile is another, in each of its forms.
    Flipped(String),
    /// Every tile lacks its last hash.
    Narrow,
    /// No tile is there.
    NoTiles,
    /// The tree head is the one of this many records.
    OldHead(u64),
    /// The tree head's signature is broken.
    BadSignature,
    /// The tree head is signed by another key of the same name.
    WrongKey,
    /// The tree head is signed by another key and has another name.
    Stranger,
    /// The body of a lookup ends after so many bytes.
    Truncated(usize),
}

/// The database. Stops when dropped; clones tell the same story.
#[derive(Clone, Debug)]
pub struct Sumdb {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _task: Arc<Task>,
}

#[derive(Debug)]
struct State {
    log: Log,
    lie: Option<Lie>,
    seen: Vec<String>,
}

/// Records and every hash stored for them.
#[derive(Clone, Debug, Default)]
struct Log {
    records: Vec<String>,
    hashes: Vec<Hash>,
}

impl Sumdb {
    /// A database of `strangers` records that nobody will ask for, then one for each of `modules`.
    pub async fn start(strangers: usize, modules: &[&Module]) -> Self {
        let mut log = Log::new(strangers, "");
        modules.iter().for_each(|module| log.add(&module.record()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State { log, lie: None, seen: Vec::new() }));
        let task = Arc::new(Task(tokio::spawn(accept(listener, Arc::clone(&state)))));
        Self { address, state, _task: task }
    }

    /// GOSUMDB for it: key and URL.
    pub fn setting(&self) -> String {
        format!("{} {}", key().verifier(), self.url())
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it lies so, or tells the truth.
    pub fn lie(&self, lie: Option<Lie>) {
        self.state().lie = lie;
    }

    /// Adds a record; answers its number.
    pub fn add(&self, record: &str) -> u64 {
        let mut state = self.state();
        state.log.add(record);
        state.log.records.len() as u64 - 1
    }

    /// Forgets its history and tells another: other strangers, the same modules. Answers what brings the first one back.
    pub fn fork(&self, salt: &str, modules: &[&Module]) -> impl FnOnce() + use<> {
        let mut state = self.state();
        let mut other = Log::new(state.log.records.len() - modules.len(), salt);
        modules.iter().for_each(|module| other.add(&module.record()));
        let first = std::mem::replace(&mut state.log, other);
        let shared = Arc::clone(&self.state);
        move || lock(&shared).log = first
    }

    /// Its newest tree head.
    pub fn head(&self) -> String {
        let state = self.state();
        sign(&state.log.tree(state.log.size()), &key())
    }

    /// What it answers to a request for `target`, status and body, for who serves it elsewhere; also below `/sumdb/NAME/`.
    pub fn answer(&self, target: &str) -> (u16, Vec<u8>) {
        self.state().answer(target)
    }

    /// Every path asked for until now.
    pub fn seen(&self) -> Vec<String> {
        self.state().seen.clone()
    }

    /// How many of the paths asked for begin so.
    pub fn count(&self, start: &str) -> usize {
        self.state().seen.iter().filter(|path| path.starts_with(start)).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// The key it signs with, the same in every test.
pub fn key() -> SignerKey {
    SignerKey::from_seed(NAME, &[7; 32]).expect("a name")
}

/// Status and body.
type Said = (u16, Vec<u8>);

impl State {
    /// The answer to a request for `target`, also below `/sumdb/NAME/`.
    fn answer(&mut self, target: &str) -> Said {
        self.seen.push(target.to_owned());
        let path = target.strip_prefix(&format!("/sumdb/{NAME}/")).or_else(|| target.strip_prefix('/')).unwrap_or(target);
        let lie = self.lie.clone();
        if let Some(Lie::All(status)) = lie {
            return said(status, "scripted trouble");
        }
        let body = match path {
            "supported" => Some(Vec::new()),
            "latest" => Some(self.signed_head().into_bytes()),
            _ if path.starts_with("tile/") => self.tile(path),
            _ => match path.strip_prefix("lookup/") {
                Some(subject) => return self.lookup(subject),
                None => None,
            },
        };
        body.map_or_else(|| said(404, "not found: no such file"), |body| said(200, body))
    }

    fn lookup(&self, subject: &str) -> Said {
        let line = format!("{} ", subject.replacen('@', " ", 1));
        let honest = self.log.records.iter().position(|record| record.starts_with(&line)).map(|id| id as u64);
        let record = |id: u64| format_record(id, &self.log.records[id as usize]).expect("a record");
        match (&self.lie, honest) {
            (Some(Lie::Body(body)), _) => said(200, body.clone()),
            (Some(Lie::Status(status)), _) => said(*status, "scripted trouble"),
            (Some(Lie::Record(id)), _) => said(200, record(*id) + &self.signed_head()),
            (_, None) => said(404, format!("not found: {subject}: unknown revision")),
            (Some(Lie::BeyondTree), Some(id)) => {
                let lie = format_record(1 << 40, &self.log.records[id as usize]).expect("a record");
                said(200, lie + &self.signed_head())
            }
            (Some(Lie::Between(lines)), Some(id)) => said(200, record(id) + lines + &self.signed_head()),
            (Some(Lie::Behind(lines)), Some(id)) => said(200, record(id) + &self.signed_head() + lines),
            (Some(Lie::Truncated(at)), Some(id)) => {
                let whole = record(id) + &self.signed_head();
                said(200, &whole.as_bytes()[..*at])
            }
            (_, Some(id)) => said(200, record(id) + &self.signed_head()),
        }
    }

    fn signed_head(&self) -> String {
        let size = match self.lie {
            Some(Lie::OldHead(size)) => size,
            _ => self.log.size(),
        };
        let tree = self.log.tree(size);
        match self.lie {
            Some(Lie::WrongKey) => sign(&tree, &SignerKey::from_seed(NAME, &[8; 32]).expect("a name")),
            Some(Lie::Stranger) => sign(&tree, &SignerKey::from_seed("other.test", &[8; 32]).expect("a name")),
            Some(Lie::BadSignature) => {
                // The signature is of a tree with one more record.
                sign(&tree, &key()).replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 1), 1)
            }
            _ => sign(&tree, &key()),
        }
    }

    fn tile(&self, path: &str) -> Option<Vec<u8>> {
        let tile = Tile::parse(path).ok()?;
        if self.lie == Some(Lie::NoTiles) {
            return None;
        }
        let mut body = self.log.tile(&tile)?;
        match &self.lie {
            Some(Lie::Flipped(flipped)) if same_place(flipped, &tile) => body[5] ^= 1,
            Some(Lie::Narrow) => body.truncate(body.len() - 32),
            _ => {}
        }
        Some(body)
    }
}

impl Log {
    fn new(strangers: usize, salt: &str) -> Self {
        let mut log = Self::default();
        for number in 0..strangers {
            log.add(&Module::record_of(&format!("stranger.test/m{number}"), "v1.0.0", salt));
        }
        log
    }

    fn add(&mut self, record: &str) {
        let number = self.size();
        let old = self.read(&stored_hashes_indexes(number)).expect("stored before");
        self.hashes.extend(stored_hashes(number, record_hash(record.as_bytes()), &old).expect("hashes for it"));
        self.records.push(record.to_owned());
    }

    fn size(&self) -> u64 {
        self.records.len() as u64
    }

    fn read(&self, indexes: &[u64]) -> Option<Vec<Hash>> {
        indexes.iter().map(|index| self.hashes.get(usize::try_from(*index).ok()?).copied()).collect()
    }

    fn tree(&self, size: u64) -> Tree {
        let hashes = self.read(&tree_hash_indexes(size)).expect("a tree of this size");
        Tree { size, hash: tree_hash(size, &hashes).expect("hashes for it") }
    }

    /// The body of a tile of hashes or records; `None` if the log is too short for it.
    fn tile(&self, tile: &Tile) -> Option<Vec<u8>> {
        let (first, width) = (tile.number() << HEIGHT, u64::from(tile.width()));
        match tile.level() {
            TileLevel::Hashes(level) => {
                let indexes: Vec<u64> = (first..first + width).map(|number| stored_hash_index(level * HEIGHT, number)).collect();
                Some(self.read(&indexes)?.iter().flat_map(|hash| hash.0).collect())
            }
            TileLevel::Data => {
                let records = self.records.get(first as usize..(first + width) as usize)?;
                Some(records.iter().flat_map(|record| format!("{record}\n").into_bytes()).collect())
            }
        }
    }
}

fn sign(tree: &Tree, key: &SignerKey) -> String {
    note::sign(&tree.to_string(), &[], &[key]).expect("a signature")
}

fn same_place(path: &str, tile: &Tile) -> bool {
    Tile::parse(path).is_ok_and(|other| (other.level(), other.number()) == (tile.level(), tile.number()))
}

fn said(status: u16, body: impl Into<Vec<u8>>) -> Said {
    (status, body.into())
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut all = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request: Request<Incoming>| {
            let (status, body) = lock(&state).answer(request.uri().path());
            let response = Response::builder().status(status).header("content-type", "text/plain; charset=utf-8");
            let response = response.body(Full::new(Bytes::from(body)));
            async move { Ok::<_, Infallible>(response.expect("a response")) }
        });
        // How a client leaves is its own affair.
        all.spawn(async move { drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await) });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ended with its owner.
#[derive(Debug)]
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

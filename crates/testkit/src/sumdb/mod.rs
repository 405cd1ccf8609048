//! A checksum database on loopback: a real log with real signatures, honest until it is told to lie.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use gomod::{
    module::{ModulePath, Version},
    sumdb::{note::SignerKey, tile::Tile, tlog::format_record},
};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::modules::Module;

mod log;
mod serve;

use log::{Log, sign};

/// The name in the key, and in the `/sumdb/NAME/` of a proxy, unless it has another one.
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
    /// Every body comes byte by byte, with a pause before each.
    Drip(Duration),
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
    name: String,
    log: Log,
    lie: Option<Lie>,
    busy: bool,
    pause: Duration,
    seen: Vec<String>,
    asking: usize,
    most: usize,
}

impl Sumdb {
    /// A database of `strangers` records that nobody will ask for, then one for each of `modules`.
    pub async fn start(strangers: usize, modules: &[&Module]) -> Self {
        Self::named(NAME, strangers, modules).await
    }

    /// The same with another name.
    pub async fn named(name: &str, strangers: usize, modules: &[&Module]) -> Self {
        let mut log = Log::new(strangers, "");
        modules.iter().for_each(|module| log.add(&module.record()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State {
            name: name.to_owned(),
            log,
            lie: None,
            busy: false,
            pause: Duration::ZERO,
            seen: Vec::new(),
            asking: 0,
            most: 0,
        }));
        let task = Arc::new(Task(tokio::spawn(serve::accept(listener, Arc::clone(&state)))));
        Self { address, state, _task: task }
    }

    /// GOSUMDB for it: key and URL.
    pub fn setting(&self) -> String {
        format!("{} {}", self.state().key().verifier(), self.url())
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it lies so, or tells the truth.
    pub fn lie(&self, lie: Option<Lie>) {
        self.state().lie = lie;
    }

    /// From now on its log grows by a record with every lookup, as that of a database that the world uses.
    pub fn busy(&self) {
        self.state().busy = true;
    }

    /// From now on every answer takes so long.
    pub fn slow(&self, pause: Duration) {
        self.state().pause = pause;
    }

    /// How many requests it had at once, at most.
    pub fn most(&self) -> usize {
        self.state().most
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
        sign(&state.log.tree(state.log.size()), &state.key())
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
    fn key(&self) -> SignerKey {
        SignerKey::from_seed(&self.name, &[7; 32]).expect("a name")
    }

    /// The answer to a request for `target`, also below `/sumdb/NAME/`.
    fn answer(&mut self, target: &str) -> Said {
        self.seen.push(target.to_owned());
        let path = target.strip_prefix(&format!("/sumdb/{}/", self.name)).or_else(|| target.strip_prefix('/')).unwrap_or(target);
        let lie = self.lie.clone();
        if let Some(Lie::All(status)) = lie {
            return said(status, "scripted trouble");
        }
        let body = match path {
            "supported" => Some(Vec::new()),
            "latest" => Some(self.signed_head().into_bytes()),
            _ if path.starts_with("tile/") => self.tile(path),
            _ => match path.strip_prefix("lookup/") {
                Some(subject) => {
                    if self.busy {
                        let number = self.log.size();
                        self.log.add(&Module::record_of(&format!("stranger.test/late{number}"), "v1.0.0", ""));
                    }
                    return self.lookup(subject);
                }
                None => None,
            },
        };
        body.map_or_else(|| said(404, "not found: no such file"), |body| said(200, body))
    }

    fn lookup(&self, subject: &str) -> Said {
        let plain = subject
            .rsplit_once('@')
            .and_then(|(module, version)| Some((ModulePath::unescape(module).ok()?, Version::unescape(version).ok()?)));
        let line = plain.map_or_else(|| "\n".into(), |(module, version)| format!("{} {} ", module.as_str(), version.as_str()));
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
            Some(Lie::WrongKey) => sign(&tree, &SignerKey::from_seed(&self.name, &[8; 32]).expect("a name")),
            Some(Lie::Stranger) => sign(&tree, &SignerKey::from_seed("other.test", &[8; 32]).expect("a name")),
            Some(Lie::BadSignature) => {
                // The signature is of a tree with one more record.
                sign(&tree, &self.key()).replacen(&format!("\n{size}\n"), &format!("\n{}\n", size + 1), 1)
            }
            _ => sign(&tree, &self.key()),
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

fn same_place(path: &str, tile: &Tile) -> bool {
    Tile::parse(path).is_ok_and(|other| (other.level(), other.number()) == (tile.level(), tile.number()))
}

fn said(status: u16, body: impl Into<Vec<u8>>) -> Said {
    (status, body.into())
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

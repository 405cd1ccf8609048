//! One store, as many processes as a test wants, each with a way to its store that can fail, wait or die at any step.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{
    module::{ModulePath, Version},
    sumdb::{note::SignerKey, record::Record, tlog::Tree},
};
use proxy::{
    clock::Clock,
    tlog::{Log, LogError, LogSettings, Sequencer, published_note},
};
use store::{
    StoreError,
    log::{
        Extended, LogFiles, LogLock, Logs,
        memory::{MemoryLogFiles, MemoryLogLock},
    },
};
use tokio::task::JoinHandle;

use crate::recorder::Recorder;

/// What the store calls the log of every test.
pub(crate) const LOG: &str = "private";

/// The name in the key of every test.
pub(crate) const NAME: &str = "sum.corp.test/db";

/// 2026-01-01, when every test begins.
const BEGIN: i64 = 1_767_225_600;

/// The store and what is remembered of it. Clones share it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) files: MemoryLogFiles,
    pub(crate) lock: MemoryLogLock,
    pub(crate) recorder: Recorder,
    /// How far the clock is off, in seconds.
    pub(crate) skew: Arc<AtomicI64>,
    began: tokio::time::Instant,
    lives: Arc<AtomicU64>,
}

impl World {
    /// Needs a runtime whose time is paused.
    pub(crate) fn new() -> Self {
        Self {
            files: MemoryLogFiles::default(),
            lock: MemoryLogLock::default(),
            recorder: Recorder::default(),
            skew: Arc::default(),
            began: tokio::time::Instant::now(),
            lives: Arc::default(),
        }
    }

    /// A process that opens the log: one life, with a way of its own to the store.
    pub(crate) async fn start(&self) -> Result<Node, LogError> {
        self.start_by(Whims::default(), &[key()]).await
    }

    pub(crate) async fn start_by(&self, whims: Whims, keys: &[SignerKey]) -> Result<Node, LogError> {
        let (log, sequencer) = self.open(whims, keys).await?;
        Ok(Node { log, task: Task(tokio::spawn(sequencer.run())) })
    }

    /// A log whose sequencer does not run yet.
    pub(crate) async fn open(&self, whims: Whims, keys: &[SignerKey]) -> Result<(Arc<Log>, Sequencer), LogError> {
        let life = self.lives.fetch_add(1, Ordering::Relaxed);
        let recorder = self.recorder.clone();
        let settings = LogSettings {
            log: LOG.to_owned(),
            signers: keys.to_vec(),
            holder: format!("life {life}"),
            signed: Arc::new(move |head| recorder.signed(head)),
        };
        let way = Arc::new(Way { world: self.clone(), whims });
        let logs = Logs { files: way.clone(), lock: way };
        Log::open(settings, logs, self.clock()).await
    }

    /// How many records the published head has.
    pub(crate) async fn published(&self) -> u64 {
        let bytes = self.files.published(LOG).await.expect("memory does not fail");
        bytes.map_or(0, |bytes| size_of(&bytes))
    }

    fn clock(&self) -> Clock {
        let (began, skew) = (self.began, Arc::clone(&self.skew));
        Clock::new(move || BEGIN + began.elapsed().as_secs() as i64 + skew.load(Ordering::Relaxed))
    }
}

/// A process that has the log open. Dropped, it is killed where it stands.
pub(crate) struct Node {
    pub(crate) log: Arc<Log>,
    task: Task,
}

impl Node {
    /// Ends as a process does that is asked to.
    pub(crate) async fn stop(self) {
        let Self { log, mut task } = self;
        drop(log);
        (&mut task.0).await.expect("the sequencer ends well");
    }
}

struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What befalls one call to the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whim {
    /// It is done.
    Done,
    /// It fails and was not done.
    Failed,
    /// It was done and is said to have failed.
    Unanswered,
    /// It is done after so long a pause.
    Late(Duration),
    /// It is done, and answered after so long a pause.
    LateAnswer(Duration),
    /// The process dies before it.
    DeadBefore,
    /// The process dies behind it.
    DeadBehind,
}

/// What befalls the calls of one process: told its number from 0 and what it does, answers the whim. Clones share it.
#[derive(Clone)]
pub(crate) struct Whims(Arc<Mutex<Draw>>, Arc<AtomicU64>);

type Draw = dyn FnMut(u64, &str) -> Whim + Send;

impl Default for Whims {
    fn default() -> Self {
        Self::new(|_, _| Whim::Done)
    }
}

impl Whims {
    pub(crate) fn new(whim: impl FnMut(u64, &str) -> Whim + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(whim)), Arc::default())
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> u64 {
        self.1.load(Ordering::Relaxed)
    }

    /// Does a call as the whim is.
    async fn play<T>(&self, what: &str, call: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        let number = self.1.fetch_add(1, Ordering::Relaxed);
        let whim = (self.0.lock().unwrap_or_else(PoisonError::into_inner))(number, what);
        // Every call is a point at which others may come first.
        tokio::task::yield_now().await;
        match whim {
            Whim::Done => call.await,
            Whim::Failed => Err(broken()),
            Whim::Unanswered => {
                call.await?;
                Err(broken())
            }
            Whim::Late(pause) => {
                tokio::time::sleep(pause).await;
                call.await
            }
            Whim::LateAnswer(pause) => {
                let end = call.await;
                tokio::time::sleep(pause).await;
                end
            }
            Whim::DeadBefore => std::future::pending().await,
            Whim::DeadBehind => {
                drop(call.await);
                std::future::pending().await
            }
        }
    }
}

fn broken() -> StoreError {
    std::io::Error::other("drawn: broken").into()
}

/// One process's way to the store.
struct Way {
    world: World,
    whims: Whims,
}

#[async_trait]
impl LogFiles for Way {
    async fn put(&self, log: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        let put = async {
            for (path, bytes) in &files {
                self.world.recorder.put(path, bytes);
            }
            self.world.files.put(log, files.clone()).await
        };
        self.whims.play("put", put).await
    }

    async fn get(&self, log: &str, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.whims.play("get", self.world.files.get(log, path)).await
    }

    async fn publish(&self, log: &str, old: Option<Bytes>, note: Bytes) -> Result<bool, StoreError> {
        self.whims.play("publish", self.world.files.publish(log, old, note)).await
    }

    async fn published(&self, log: &str) -> Result<Option<Bytes>, StoreError> {
        self.whims.play("published", self.world.files.published(log)).await
    }

    async fn remove(&self, log: &str, paths: Vec<String>) -> Result<(), StoreError> {
        self.whims.play("remove", self.world.files.remove(log, paths)).await
    }

    async fn list(&self, log: &str, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        self.whims.play("list", self.world.files.list(log, prefix, limit)).await
    }
}

#[async_trait]
impl LogLock for Way {
    async fn head(&self, log: &str) -> Result<Option<Bytes>, StoreError> {
        self.whims.play("head", self.world.lock.head(log)).await
    }

    async fn extend(
        &self,
        log: &str,
        fence: u64,
        old: Option<Bytes>,
        new: Bytes,
        keys: Vec<(String, u64)>,
    ) -> Result<Extended, StoreError> {
        self.whims.play("extend", self.world.lock.extend(log, fence, old, new, keys)).await
    }

    async fn number(&self, log: &str, key: &str) -> Result<Option<u64>, StoreError> {
        self.whims.play("number", self.world.lock.number(log, key)).await
    }

    async fn lease(&self, log: &str, holder: &str, now: i64, seconds: u32) -> Result<Option<u64>, StoreError> {
        self.whims.play("lease", self.world.lock.lease(log, holder, now, seconds)).await
    }
}

/// How many records a published head speaks of.
fn size_of(published: &[u8]) -> u64 {
    let note = published_note(published).expect("a published head");
    let (text, _) = note.split_once("\n\n").expect("a note");
    Tree::parse(&format!("{text}\n")).expect("a tree head").size
}

/// The log's key, the same in every test.
pub(crate) fn key() -> SignerKey {
    SignerKey::from_seed(NAME, &[9; 32]).expect("a name")
}

/// The record of version `v1.N.0` of a module, with sums that nobody computed: those of `salt`.
pub(crate) fn record(number: u64, salt: &str) -> Record {
    let h1 = |what: &str| gomod::dirhash::go_mod_h1(format!("{number} {what} {salt}").as_bytes());
    let (module, version) = (ModulePath::parse("corp.test/m"), Version::parse(&format!("v1.{number}.0")));
    Record::new(module.expect("a path"), version.expect("a version"), h1("zip"), h1("mod")).expect("a record")
}

/// A small generator of numbers (SplitMix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `limit` - 1.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

//! One store in memory, and as many processes as a test wants, which are tasks of this one.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use gomod::{
    module::{ModulePath, Version},
    sumdb::{note::SignerKey, record::Record, tlog::Tree},
};
use proxy::{
    clock::Clock,
    tlog::{Log, LogError, LogSettings, Sequencer, published_note},
};
use store::log::{
    LogFiles, Logs,
    memory::{MemoryLogFiles, MemoryLogLock},
};
use tokio::task::JoinHandle;

use crate::{recorder::Recorder, way::Whims};

/// What the store calls the log of every test.
pub(crate) const LOG: &str = "private";

/// The name in the key of every test.
pub(crate) const NAME: &str = "sum.corp.test/db";

/// 2026-01-01, when every test begins.
pub(crate) const BEGIN: i64 = 1_767_225_600;

/// The store and what is remembered of it. Clones share it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) files: MemoryLogFiles,
    pub(crate) lock: MemoryLogLock,
    pub(crate) recorder: Recorder,
    /// How far the clock is off, in seconds.
    pub(crate) skew: Arc<AtomicI64>,
    /// Whether the logs that are opened may forget.
    pub(crate) may_forget: bool,
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
            may_forget: false,
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
            may_forget: self.may_forget,
            signed: Arc::new(move |head| recorder.signed(head)),
        };
        let logs = Logs { files: Arc::new(self.files.clone()), lock: Arc::new(self.lock.clone()) };
        Log::open(settings, whims.way(logs, &self.recorder), self.clock()).await
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

/// How many records a published head speaks of.
pub(crate) fn size_of(published: &[u8]) -> u64 {
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

//! A log of ours: append-only, signed, provable. The private checksum database is one, the audit log is another.
//!
//! Two halves. [`Log`] is what everybody holds: it adds, looks up and serves. [`Sequencer`] is the one task that writes: it takes what waits,
//! many at a time, and makes one new tree head of it. What must hold:
//!
//! * A head is signed only once the lock has it (compare-and-swap, under the newest lease): so of two sequencers, whatever they believe, only
//!   one ever signs a tree of a given size, and every signature there is belongs to one history.
//! * A record is answered as added only after its head was published. It then has its number, and its key has its record, for ever.
//! * What is served was proven against the head that is served with it. What is damaged is not served; the rest is.
//!
//! Assumes: the files and the lock are never both brought back from backups of the same age; that would be a history cut short that nothing
//! here can see. Witnesses can, and clients that were there.

mod append;
mod bundle;
mod error;
mod forget;
mod gauges;
mod head;
mod inspect;
mod proving;
mod read;
mod sequencer;
mod settle;

pub mod witness;

use std::sync::{Arc, OnceLock, PoisonError, RwLock, atomic::AtomicBool};

use gomod::sumdb::{
    note::SignerKey,
    record::{RecordError, check_text},
    tlog::format_record,
};
use store::log::Logs;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{clock::Clock, limits};

pub use error::{LogError, Refusal};
pub use gauges::Gauges;
pub use head::{SignedHead, published_note};
pub use inspect::Standing;
pub use sequencer::Sequencer;

/// What a log is opened with.
#[derive(Clone)]
pub struct LogSettings {
    /// What the store calls it. It stays when the log gets a new name and key.
    pub log: String,
    /// Whose signatures its heads bear. The first is the log's own; while a rotation lasts, the key of the old name comes behind it.
    ///
    /// Each signs the same tree: who knows the old name and key, and who knows the new ones, both believe every head of the window.
    pub signers: Vec<SignerKey>,
    /// One life of one process, unlike any other: two sequencers that share it are not kept apart.
    pub holder: String,
    /// Whether texts of old records may be forgotten. Where they may not, one that is missing is damage, whatever else lies in the store.
    pub may_forget: bool,
    /// Told of every head that was just signed, before anything else is done with it.
    pub signed: Arc<dyn Fn(&SignedHead) + Send + Sync>,
}

/// An open log. Cheap to share; see [`Log::open`].
pub struct Log {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Request>,
    witnesses: OnceLock<Arc<witness::Witnesses>>,
}

/// What the log and its sequencer both know.
struct Shared {
    settings: LogSettings,
    logs: Logs,
    clock: Clock,
    /// The newest head that was published. Never an older one after a newer one.
    head: RwLock<Option<Arc<SignedHead>>>,
    /// Tells the size of its tree to whoever waits for the next one.
    published: watch::Sender<u64>,
    /// Why nothing is added any more; the first reason stays.
    refusal: watch::Sender<Option<Refusal>>,
    /// True while this process has the lease to write.
    is_leased: AtomicBool,
}

/// What waits for its number: a record, or lines that are each a record of their own.
struct Request {
    key: Option<String>,
    text: String,
    form: Form,
    answer: oneshot::Sender<Result<Added, LogError>>,
}

/// What a text is.
#[derive(Clone, Copy)]
enum Form {
    Record,
    /// One record behind the other, each a line.
    Lines,
}

impl Form {
    fn records(self, text: &str) -> impl Iterator<Item = &str> {
        let first = match self {
            Self::Record => text.len(),
            Self::Lines => text.find('\n').map_or(text.len(), |end| end + 1),
        };
        let (first, others) = text.split_at(first);
        std::iter::once(first).chain(others.split_inclusive('\n'))
    }
}

impl Request {
    fn records(&self) -> impl Iterator<Item = &str> {
        self.form.records(&self.text)
    }
}

/// What became of a record that was to be added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Added {
    /// Its number in the log, or that of the record which the key had already.
    pub number: u64,
    /// The record with this number: the text that was given, or the one that was there first.
    pub text: String,
    /// True if this very call brought it in.
    pub is_new: bool,
}

/// A record and a head at which it proves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// Its number.
    pub number: u64,
    /// Its text.
    pub text: String,
    /// A head of a tree that has it.
    pub head: Arc<SignedHead>,
}

impl Found {
    /// The answer to a lookup as the go command wants it: number, text, an empty line, the signed head.
    pub fn answer(&self) -> String {
        format_record(self.number, &self.text).unwrap_or_default() + self.head.note()
    }
}

impl Log {
    /// Opens a log, or begins it if there is none; completes what a crash left half done. The sequencer must be run for anything to be added.
    ///
    /// # Errors
    /// [`LogError::Refused`] if storage and lock do not fit together or what is to be completed is damaged: an operator must look at it, and
    /// nothing has been changed. [`LogError::Clock`], [`LogError::Leased`] and [`LogError::Store`] may pass.
    pub async fn open(settings: LogSettings, logs: Logs, clock: Clock) -> Result<(Arc<Self>, Sequencer), LogError> {
        let (head, refusal, is_leased) = Default::default();
        let shared = Arc::new(Shared { settings, logs, clock, head, published: watch::Sender::new(0), refusal, is_leased });
        let (queue, waiting) = mpsc::channel(limits::LOG_WAITING);
        let mut sequencer = Sequencer::new(Arc::clone(&shared), waiting);
        sequencer.start().await?;
        Ok((Arc::new(Self { shared, queue, witnesses: OnceLock::new() }), sequencer))
    }

    /// Adds `text` as the record of `key`, unless the key has one: the first record of a key wins for ever, and is the answer.
    ///
    /// Returns after the record is durable and its head published. May be dropped at any await; the record may be added all the same.
    ///
    /// # Errors
    /// [`LogError`]. After [`LogError::Store`] the record may have been added, after [`LogError::Unpublished`] it was; trying again tells.
    pub async fn add(&self, key: &str, text: &str) -> Result<Added, LogError> {
        if key.is_empty() || key.len() > limits::MAX_LOG_RECORD_BYTES {
            return Err(LogError::BadKey(key.len()));
        }
        match self.lookup(key).await? {
            Some(found) => Ok(Added { number: found.number, text: found.text, is_new: false }),
            None => self.enqueue(Some(key.to_owned()), Form::Record, text.to_owned()).await,
        }
    }

    /// Adds `text` as a record without a key, behind all others; answers its number.
    ///
    /// # Errors
    /// [`LogError`]. After [`LogError::Store`] the record may have been added, after [`LogError::Unpublished`] it was, and nothing tells its number.
    pub async fn append(&self, text: &str) -> Result<u64, LogError> {
        Ok(self.enqueue(None, Form::Record, text.to_owned()).await?.number)
    }

    /// Adds each line of `lines` as a record without a key, one behind the other under one head; answers the number of the first. All are added, or none.
    ///
    /// Units and ranges: at least one line, each with its line feed and as long as a record may be; the caller bounds how many.
    ///
    /// # Errors
    /// As [`Log::append`], of all of them.
    pub async fn append_lines(&self, lines: String) -> Result<u64, LogError> {
        Ok(self.enqueue(None, Form::Lines, lines).await?.number)
    }

    /// The record of `key`, proven; `None` if it has none.
    ///
    /// # Errors
    /// [`LogError::Damaged`]; [`LogError::Unpublished`] if the head that has the record is not published within
    /// [`limits::LOG_HEAD_PATIENCE`], or a refusal keeps it from ever being; [`LogError::Store`].
    pub async fn lookup(&self, key: &str) -> Result<Option<Found>, LogError> {
        let Some(number) = self.shared.logs.lock.number(&self.shared.settings.log, key).await? else { return Ok(None) };
        self.shared.published_record(number).await.map(Some)
    }

    /// The newest published head: `/latest` is its [`SignedHead::note`], a checkpoint its [`SignedHead::checkpoint`].
    ///
    /// # Errors
    /// [`LogError::Unpublished`] if there is none yet, which only happens while another process begins the log.
    pub fn head(&self) -> Result<Arc<SignedHead>, LogError> {
        self.shared.head().ok_or(LogError::Unpublished)
    }

    /// Why nothing is added any more, although reading goes on; `None` while all is well. Only a new start ends it.
    pub fn refusal(&self) -> Option<Refusal> {
        self.shared.refusal()
    }

    /// How many records wait to be brought in.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Waits until nothing is added any more, and answers why: for who tells an operator, once. Without end while all is well.
    pub async fn refused(&self) -> Refusal {
        let mut refusal = self.shared.refusal.subscribe();
        let refused = refusal.wait_for(Option::is_some).await.ok().and_then(|refusal| refusal.clone());
        // What sends is part of this log.
        refused.expect("it is waited for and the log is open")
    }

    /// What signs the heads, by name: the log's own name first. A door serves the log under each of them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.shared.settings.signers.iter().map(SignerKey::name)
    }

    async fn enqueue(&self, key: Option<String>, form: Form, text: String) -> Result<Added, LogError> {
        for record in form.records(&text) {
            check_text(record.as_bytes())?;
            if record.len() > limits::MAX_LOG_RECORD_BYTES {
                return Err(RecordError::Long(record.len()).into());
            }
        }
        if let Some(refusal) = self.refusal() {
            return Err(LogError::Refused(refusal));
        }
        let (answer, answered) = oneshot::channel();
        let request = Request { key, text, form, answer };
        self.queue.try_send(request).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => LogError::Busy,
            mpsc::error::TrySendError::Closed(_) => LogError::Stopped,
        })?;
        answered.await.unwrap_or(Err(LogError::Stopped))
    }
}

impl Shared {
    fn head(&self) -> Option<Arc<SignedHead>> {
        self.head.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes `head` the one that is served, unless a larger one is.
    fn advance(&self, head: SignedHead) -> Arc<SignedHead> {
        let mut served = self.head.write().unwrap_or_else(PoisonError::into_inner);
        match &*served {
            Some(served) if served.tree().size > head.tree().size => Arc::clone(served),
            _ => {
                let size = head.tree().size;
                let head = Arc::clone(served.insert(Arc::new(head)));
                self.published.send_if_modified(|known| std::mem::replace(known, size) != size);
                head
            }
        }
    }

    fn refusal(&self) -> Option<Refusal> {
        self.refusal.borrow().clone()
    }

    fn refuse(&self, refusal: Refusal) {
        self.refusal.send_if_modified(|known| {
            let is_first = known.is_none();
            known.get_or_insert(refusal);
            is_first
        });
    }
}

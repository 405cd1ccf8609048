//! Being a witness: a head is cosigned only if it continues the one that was cosigned last.

use std::collections::HashMap;

use gomod::sumdb::{
    checkpoint::Checkpoint,
    cosign::{Cosigner, WitnessKey},
    note::{self, Note, NoteError, VerifierKey},
    tlog::{Hash, Tree, check_tree},
};
use sha2::{Digest as _, Sha256};
use store::{
    StoreError,
    log::{Extended, Logs},
};
use tokio::sync::Mutex;

use super::{
    form::Submission,
    state::{Seen, publish, tree_of},
};
use crate::{clock::Clock, limits};

/// The media type of the size that answers a submission which knows another one.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// The media type of everything else that is said.
pub const TEXT_TYPE: &str = "text/plain; charset=utf-8";

/// What a witness is made of.
#[derive(Clone)]
pub struct WitnessSettings {
    /// Its key, which serves for nothing else.
    pub cosigner: Cosigner,
    /// The logs it witnesses: the origin line of each, and the keys that may sign it.
    pub logs: Vec<(String, Vec<VerifierKey>)>,
    /// One life of one process, unlike any other.
    pub holder: String,
}

/// A witness of some logs. Its memory must not be lost while its key is in use: a witness that forgot could be shown another history.
///
/// Assumes: the lock and the files are never both brought back from backups of the same age. If one of them alone is, nothing is cosigned.
pub struct Witness {
    cosigner: Cosigner,
    logs: HashMap<String, Witnessed>,
    holder: String,
    store: Logs,
    clock: Clock,
}

struct Witnessed {
    keys: Vec<VerifierKey>,
    /// What the store calls its memory of this log.
    name: String,
    /// One submission at a time; another process is kept apart by the lease.
    turn: Mutex<()>,
}

/// Why a head was not cosigned.
#[derive(Debug, thiserror::Error)]
pub enum Unwitnessed {
    /// The body is no submission, or its size is below the old one.
    #[error("bad submission: {0}")]
    Malformed(&'static str),
    /// A log that this witness does not know.
    #[error("no log of this origin is witnessed here: {0}")]
    Unknown(String),
    /// No key of the log signed it, or a signature was changed.
    #[error("not signed by a key of this log")]
    Unsigned,
    /// The witness knows a tree of this size, and the proof begins elsewhere.
    #[error("the newest tree of this log that was cosigned here has {0} records")]
    Conflict(u64),
    /// The log's key has signed two trees of one size: it has two histories. The one that was cosigned is [`Witness::checkpoint`].
    #[error("{origin} has signed two trees of {size} records: the root is {cosigned} here, and {submitted} in what was sent")]
    Forked {
        /// The log.
        origin: String,
        /// The size of both trees.
        size: u64,
        /// The root of the one that was cosigned.
        cosigned: Hash,
        /// The root of the one that was not.
        submitted: Hash,
        /// The checkpoint that was not, with the signatures of the log.
        note: String,
    },
    /// The proof does not hold. That proves nothing: whoever has a checkpoint of the log can send it with any proof.
    #[error("no proof that the tree of {size} records of {origin} continues the one of {old} that was cosigned here")]
    Unproven {
        /// The log.
        origin: String,
        /// The size of the tree that was cosigned.
        old: u64,
        /// The size of the tree that was not.
        size: u64,
    },
    /// The witness's memory is not whole, so nothing is cosigned until an operator has looked at it.
    #[error("the memory of this witness does not hold together: {0}")]
    Memory(&'static str),
    /// The clock stands before the last cosignature.
    #[error("the clock stands {0} s before the last cosignature")]
    Clock(i64),
    /// Another process cosigns for the same log at this moment.
    #[error("another process cosigns for this log")]
    Busy,
    /// The store failed. Nobody knows yet whether the head counts as cosigned; the next submission finds out.
    #[error("the store of the witness")]
    Store(#[from] StoreError),
}

/// The name under which a monitor asks for a log's checkpoint: SHA-256 of the origin, in hexadecimal digits.
pub fn origin_hash(origin: &str) -> String {
    hex::encode(Sha256::digest(origin.as_bytes()))
}

impl Witness {
    /// A witness whose memory is in `store`.
    pub fn new(settings: WitnessSettings, store: Logs, clock: Clock) -> Self {
        let witnessed = |(origin, keys): (String, Vec<VerifierKey>)| {
            let name = format!("witness-{}", origin_hash(&origin));
            (origin, Witnessed { keys, name, turn: Mutex::new(()) })
        };
        let logs = settings.logs.into_iter().map(witnessed).collect();
        Self { cosigner: settings.cosigner, logs, holder: settings.holder, store, clock }
    }

    /// The key that checks its cosignatures, which whoever asks it must know.
    pub fn key(&self) -> WitnessKey {
        self.cosigner.verifier()
    }

    /// Answers `add-checkpoint`: the signature line, or lines, for the checkpoint. What is answered is durable.
    ///
    /// May be dropped at any await; the head may then count as cosigned all the same, and asking again tells.
    ///
    /// # Errors
    /// [`Unwitnessed`]; nothing was signed then.
    pub async fn add_checkpoint(&self, body: &[u8]) -> Result<String, Unwitnessed> {
        let submission = Submission::parse(body).ok_or(Unwitnessed::Malformed("not an old size, a proof and a note"))?;
        let log = self.logs.get(submission.origin()).ok_or_else(|| Unwitnessed::Unknown(submission.origin().to_owned()))?;
        let note = note::open(submission.note.as_bytes(), &log.keys.iter().collect::<Vec<_>>()).map_err(|error| match error {
            NoteError::Malformed => Unwitnessed::Malformed("not a note"),
            _ => Unwitnessed::Unsigned,
        })?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|_| Unwitnessed::Malformed("not a checkpoint"))?;
        if submission.old > checkpoint.tree().size {
            return Err(Unwitnessed::Malformed("the old size is above that of the checkpoint"));
        }
        let _turn = log.turn.lock().await;
        for _ in 0..limits::LOG_ATTEMPTS {
            let (old, seen) = self.seen(log).await?;
            check(&submission, &checkpoint, &note, seen)?;
            let now = self.clock.now();
            let last = seen.map_or(i64::MIN, |seen| seen.time);
            if now < last {
                return Err(Unwitnessed::Clock(last - now));
            }
            let new = Seen { tree: checkpoint.tree(), time: now };
            // A crash behind this leaves a head that counts as cosigned although nobody has the cosignature: it is asked for again.
            if self.move_on(log, old, &new).await? {
                return self.cosign(log, &note, &new).await;
            }
        }
        Err(Unwitnessed::Busy)
    }

    /// The newest checkpoint that was cosigned, for monitors, by [`origin_hash`]; `None` if there is none.
    ///
    /// # Errors
    /// [`Unwitnessed::Store`].
    pub async fn checkpoint(&self, hash: &str) -> Result<Option<String>, Unwitnessed> {
        let name = format!("witness-{hash}");
        if !self.logs.values().any(|log| log.name == name) {
            return Ok(None);
        }
        let kept = self.store.files.published(&name).await?;
        Ok(kept.and_then(|kept| String::from_utf8(kept.to_vec()).ok()))
    }

    /// What is remembered of a log, and the bytes that say it. Of lock and files the lock is never the older one.
    async fn seen(&self, log: &Witnessed) -> Result<(Option<bytes::Bytes>, Option<Seen>), Unwitnessed> {
        let kept = self.store.files.published(&log.name).await?;
        let old = self.store.lock.head(&log.name).await?;
        let unreadable = Unwitnessed::Memory("it cannot be read");
        let seen = match &old {
            None => None,
            Some(bytes) => Some(Seen::read(bytes).ok_or(unreadable)?),
        };
        if let Some(kept) = kept {
            let kept = tree_of(&kept).ok_or(Unwitnessed::Memory("its files cannot be read"))?;
            let is_whole = seen.is_some_and(|seen| seen.tree.size > kept.size || seen.tree == kept);
            if !is_whole {
                return Err(Unwitnessed::Memory(
                    "its files know a newer head than its lock, which was brought back from a backup",
                ));
            }
        }
        Ok((old, seen))
    }

    /// Makes `new` the head that counts, if `old` still is; false if another process was faster. Durable when it returns.
    async fn move_on(&self, log: &Witnessed, old: Option<bytes::Bytes>, new: &Seen) -> Result<bool, Unwitnessed> {
        let lock = &self.store.lock;
        let fence = self.lease(log).await?;
        let end = lock.extend(&log.name, fence, old, new.print(), Vec::new()).await;
        // If this fails the lease ends by itself.
        let _ = lock.lease(&log.name, &self.holder, self.clock.now(), 0).await;
        match end {
            Ok(Extended::Yes) => Ok(true),
            Ok(Extended::Moved | Extended::Fenced | Extended::Taken(_)) => Ok(false),
            // It may have taken effect; only the lock knows.
            Err(error) => {
                if lock.head(&log.name).await? == Some(new.print()) {
                    Ok(true)
                } else {
                    Err(error.into())
                }
            }
        }
    }

    async fn lease(&self, log: &Witnessed) -> Result<u64, Unwitnessed> {
        for attempt in 0..limits::WITNESS_LEASE_TRIES {
            if attempt > 0 {
                tokio::time::sleep(limits::LOG_LEASE_PAUSE).await;
            }
            let now = self.clock.now();
            let lease = self.store.lock.lease(&log.name, &self.holder, now, limits::LOG_LEASE_SECONDS).await?;
            if let Some(fence) = lease {
                return Ok(fence);
            }
        }
        Err(Unwitnessed::Busy)
    }

    /// Signs a head that counts as cosigned, and keeps it for monitors.
    async fn cosign(&self, log: &Witnessed, note: &Note, seen: &Seen) -> Result<String, Unwitnessed> {
        let no_checkpoint = Unwitnessed::Malformed("not a checkpoint");
        let time = u64::try_from(seen.time).map_err(|_| Unwitnessed::Clock(-seen.time))?;
        let Ok(signature) = self.cosigner.sign(note.text(), time) else { return Err(no_checkpoint) };
        let line = format!("{signature}\n");
        let signatures = [note.signatures(), &[signature]].concat();
        let Ok(kept) = note::sign(note.text(), &signatures, &[]) else { return Err(no_checkpoint) };
        publish(&*self.store.files, &log.name, &kept).await?;
        Ok(line)
    }
}

/// Whether a head may be cosigned by who has seen `seen`.
fn check(submission: &Submission, checkpoint: &Checkpoint, note: &Note, seen: Option<Seen>) -> Result<(), Unwitnessed> {
    let (old, new) = (seen.map_or(Tree::empty(), |seen| seen.tree), checkpoint.tree());
    if submission.old != old.size {
        return Err(Unwitnessed::Conflict(old.size));
    }
    let is_proven = match (old.size, new.size) {
        (0, _) => submission.proof.is_empty(),
        (old, new) if old == new => submission.proof.is_empty(),
        _ => check_tree(&submission.proof, new.size, &new.hash, old.size, &old.hash).is_ok(),
    };
    let origin = checkpoint.origin().to_owned();
    if !is_proven {
        return Err(Unwitnessed::Unproven { origin, old: old.size, size: new.size });
    }
    if old.size == new.size && old.hash != new.hash {
        let note = note::sign(note.text(), note.signatures(), &[]).unwrap_or_default();
        return Err(Unwitnessed::Forked { origin, size: new.size, cosigned: old.hash, submitted: new.hash, note });
    }
    Ok(())
}

//! How a log stands in its store, for whoever proves it beside or in place of its server. Nothing is changed.

use std::sync::Arc;

use gomod::sumdb::{
    checkpoint::Checkpoint,
    grow::FULL,
    note::{self, NoteError, SignerKey},
    tlog::Tree,
};
use store::log::Logs;
use tokio::sync::{mpsc, watch};

use super::{Log, LogError, LogSettings, Refusal, Shared, SignedHead, head::Decided, sequencer::Sequencer, settle::Seen};
use crate::{clock::Clock, sumdb::chain_of};

/// How often a look is repeated because the log grew under it.
const MAX_LOOKS: usize = 8;

/// How a log stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The number of the first record whose text must be there.
    pub first_kept: u64,
    /// The tree of the lock, which is the one that counts; `None` if there is none, or it cannot be read.
    pub decided: Option<Tree>,
    /// The published head, if one of the keys has signed it, and it fits to the lock; `None` if nothing was published yet.
    pub head: Result<Option<SignedHead>, Refusal>,
    /// What is wrong with the published head although it is to be believed, and of which of its files.
    pub blemishes: Vec<String>,
}

impl Log {
    /// Finds out how a log stands that another process may be writing. Without `signers` no head is believed.
    ///
    /// # Errors
    /// [`LogError::Store`]; [`LogError::Leased`] if it grows too quickly to be looked at.
    pub async fn inspect(settings: LogSettings, logs: Logs) -> Result<Standing, LogError> {
        let (log, signers) = (settings.log.clone(), settings.signers.clone());
        let sequencer = Sequencer::idle(settings, logs, Clock::system());
        let first_kept = sequencer.shared.forgotten_tiles().await? * FULL;
        let end = sequencer.seen().await;
        let lock = sequencer.shared.logs.lock.head(&log).await?.and_then(|bytes| Decided::read(&bytes).ok());
        let decided = lock.map(|lock| lock.tree);
        match end {
            Ok(seen) => {
                let blemishes = seen.blemishes(&signers);
                Ok(Standing { first_kept, decided, head: Ok(seen.published.map(|(head, _)| head)), blemishes })
            }
            Err(LogError::Refused(refusal)) => Ok(Standing { first_kept, decided, head: Err(refusal), blemishes: Vec::new() }),
            Err(error) => Err(error),
        }
    }

    /// [`Standing::first_kept`] as it is now: another process may forget records while they are proven.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub async fn now_kept(settings: LogSettings, logs: Logs) -> Result<u64, LogError> {
        Ok(Sequencer::idle(settings, logs, Clock::system()).shared.forgotten_tiles().await? * FULL)
    }
}

impl Sequencer {
    /// One that looks and never writes.
    fn idle(settings: LogSettings, logs: Logs, clock: Clock) -> Self {
        // Nobody sends.
        let (head, refusal, is_leased) = Default::default();
        let shared = Shared { settings, logs, clock, head, published: watch::Sender::new(0), refusal, is_leased };
        Self::new(Arc::new(shared), mpsc::channel(1).1)
    }

    /// What lies in the store, after it was found out that the next start can complete it.
    async fn seen(&self) -> Result<Seen, LogError> {
        let mut before = None;
        for _ in 0..MAX_LOOKS {
            let seen = self.look().await?;
            let published = seen.published.as_ref().map_or(Tree::empty(), |(head, _)| head.tree());
            let Some((decided, _)) = seen.decided.as_ref() else { return Ok(seen) };
            if decided.tree == published && seen.published.is_some() {
                return Ok(seen);
            }
            // The empty tree is published before there is any record.
            if decided.tree.size > 0 && seen.published.is_none() {
                return Err(LogError::Refused(Refusal::Damaged { path: "the published head".to_owned() }));
            }
            if decided.tree.size == 0 || self.shared.file(&decided.bundle_path()).await?.is_some() {
                return Ok(seen);
            }
            match self.prove_grown(decided, published).await {
                Ok(()) => return Ok(seen),
                // A server beside us may have completed it meanwhile.
                Err(LogError::Damaged { .. }) if before == Some((published, decided.tree)) => {
                    let (lock, files) = (decided.tree.size, published.size);
                    return Err(LogError::Refused(Refusal::LockNewer { lock, files }));
                }
                Err(LogError::Damaged { .. }) => before = Some((published, decided.tree)),
                Err(error) => return Err(error),
            }
        }
        Err(LogError::Leased)
    }
}

impl Seen {
    /// What one key or another did not sign in the published head as it should have. A key that has not signed at all is one of before or of
    /// tomorrow: the configuration may be newer than the head.
    fn blemishes(&self, signers: &[SignerKey]) -> Vec<String> {
        let Some((head, _)) = &self.published else { return Vec::new() };
        let mut blemishes: Vec<String> = signers.iter().filter_map(|signer| blemish(head, signer).err()).collect();
        // A head is signed once its tree was decided, at once or after a crash and days.
        let is_early = |decided: &Decided| decided.tree == head.tree() && head.time() < decided.time;
        if self.decided.as_ref().is_some_and(|(decided, _)| is_early(decided)) {
            blemishes.push("its time is before that at which its tree was decided".to_owned());
        }
        blemishes
    }
}

fn blemish(head: &SignedHead, signer: &SignerKey) -> Result<(), String> {
    let (name, key) = (signer.name(), signer.verifier());
    let checkpoint = head.checkpoint(name);
    match note::open(head.note().as_bytes(), &[&key]) {
        Ok(_) => {}
        Err(NoteError::Unverified) if checkpoint.is_none() => return Ok(()),
        Err(error) => return Err(format!("the signature of {name}: {}", chain_of(&error))),
    }
    let said = |error: &dyn std::error::Error| format!("the checkpoint of {name}: {}", chain_of(error));
    let text = checkpoint.ok_or_else(|| format!("it has no checkpoint of {name}"))?;
    let opened = note::open(text.as_bytes(), &[&key]).map_err(|error| said(&error))?;
    let checkpoint = Checkpoint::parse(opened.text()).map_err(|error| said(&error))?;
    if checkpoint.tree() == head.tree() { Ok(()) } else { Err(format!("the checkpoint of {name} is of another tree")) }
}

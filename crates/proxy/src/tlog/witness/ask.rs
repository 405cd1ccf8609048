//! Asking witnesses for cosignatures on the heads of a log of ours, and keeping the newest head that enough of them vouch for.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use gomod::sumdb::{
    checkpoint::Checkpoint,
    cosign::WitnessKey,
    note::{self, Signature},
};
use plan::Trouble;
use tokio::time::timeout;

use super::{SIZE_TYPE, form::Submission, state::Kept};
use crate::{
    client::Client,
    limits,
    tlog::{Log, LogError, SignedHead},
};

/// A witness that is asked.
pub struct Site {
    /// Its key.
    pub key: WitnessKey,
    /// How it is reached: the submission prefix is the client's own URL.
    pub client: Client,
}

/// The witnesses of one log, under one of its names.
pub struct Witnesses {
    origin: String,
    is_required: bool,
    sites: Vec<Known>,
    quorum: usize,
    patience: Duration,
    cosigned: Mutex<Option<Arc<Cosigned>>>,
}

struct Known {
    site: Site,
    /// The size of the tree that it cosigned last, as far as it is known here. It tells if it is another.
    size: Mutex<u64>,
}

/// A head with what witnesses said of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The cosignatures, each checked; one for each witness at most.
    pub cosignatures: Vec<Signature>,
    /// The witnesses that gave none, by name, and why.
    pub silent: Vec<(String, Silence)>,
}

/// A checkpoint under the log's signature and those of witnesses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cosigned {
    /// The number of records of its tree.
    pub size: u64,
    /// How many witnesses vouch for it.
    pub witnesses: usize,
    /// The signed note.
    pub note: String,
}

/// Why a witness gave no cosignature.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Silence {
    /// It was not reached, or not in time.
    #[error("not reached: {0}")]
    Unreached(Trouble),
    /// It refused: the status, and its first line.
    #[error("it answers {0}: {1}")]
    Refused(u16, String),
    /// It has cosigned a tree that is larger than ours: our log has gone back, or somebody else signs with its key.
    #[error("it has cosigned a tree of {theirs} records, ours has {ours}")]
    Ahead {
        /// The size of the tree that it has cosigned.
        theirs: u64,
        /// The size of ours.
        ours: u64,
    },
    /// What it answered is no cosignature of its key on this head.
    #[error("its answer bears no valid cosignature")]
    Invalid,
    /// The proof could not be made: our log is damaged, or the witness knows another one.
    #[error("no proof for it")]
    NoProof(#[source] LogError),
}

impl Silence {
    /// True if it says that the log has two histories, or has gone back.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Refused(422, _))
    }
}

impl Witnesses {
    /// These witnesses of the log `origin`; a head counts as cosigned once `quorum` of them have. All of them together may take `patience`.
    pub fn new(origin: &str, sites: Vec<Site>, quorum: usize, patience: Duration) -> Self {
        let sites = sites.into_iter().map(|site| Known { site, size: Mutex::new(0) }).collect();
        Self { origin: origin.to_owned(), is_required: false, sites, quorum, patience, cosigned: Mutex::default() }
    }

    /// The same, where no checkpoint is shown before enough of them have cosigned it.
    #[must_use]
    pub fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// Asks all of them, side by side, to cosign the head that `log` has.
    ///
    /// May be dropped at any await; a witness may then have cosigned the head, which does no harm.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] if the log has no head of that name.
    pub async fn ask(&self, log: &Log) -> Result<Asked, LogError> {
        let head = log.head()?;
        let checkpoint = head.checkpoint(&self.origin).ok_or(LogError::Unpublished)?;
        let one = async |known: &Known| {
            let late =
                Trouble::Deadline(plan::trouble::Deadline::Total, self.patience.as_millis().try_into().unwrap_or(u64::MAX));
            let end = timeout(self.patience, known.cosign(log, &head, checkpoint)).await;
            (known.site.key.name().to_owned(), end.unwrap_or(Err(Silence::Unreached(late))))
        };
        let mut asked = Asked { cosignatures: Vec::new(), silent: Vec::new() };
        for (name, end) in join_all(self.sites.iter().map(one)).await {
            match end {
                Ok(cosignature) => asked.cosignatures.push(cosignature),
                Err(silence) => asked.silent.push((name, silence)),
            }
        }
        if asked.cosignatures.len() >= self.quorum {
            let lines: String = asked.cosignatures.iter().map(line).collect();
            let cosigned =
                Cosigned { size: head.tree().size, witnesses: asked.cosignatures.len(), note: format!("{checkpoint}{lines}") };
            self.keep(log, &head, cosigned).await?;
        }
        Ok(asked)
    }

    /// The newest checkpoint that enough witnesses have cosigned; `None` before the first one.
    pub fn cosigned(&self) -> Option<Arc<Cosigned>> {
        self.cosigned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Brings back the checkpoint that was cosigned before a restart, if its cosignatures hold.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub async fn recall(&self, log: &Log) -> Result<(), LogError> {
        let Some(kept) = log.shared.logs.files.published(&memory(log, &self.origin)).await? else { return Ok(()) };
        let cosigned = Kept::read(&kept).and_then(|kept| self.read(log, kept.note));
        *self.cosigned.lock().unwrap_or_else(PoisonError::into_inner) = cosigned.map(Arc::new);
        Ok(())
    }

    /// Asks for every new head, again and again until enough witnesses have cosigned it; `told` hears of each time. Never ends by itself.
    ///
    /// May be dropped at any await.
    pub async fn run(&self, log: &Log, told: impl Fn(&Asked)) {
        let (mut heads, mut pause) = (log.shared.published.subscribe(), limits::WITNESS_PAUSE);
        loop {
            let size = *heads.borrow_and_update();
            let is_done = self.cosigned().is_some_and(|cosigned| cosigned.size >= size);
            let is_done =
                is_done || self.ask(log).await.inspect(&told).is_ok_and(|asked| asked.cosignatures.len() >= self.quorum);
            let changed = if is_done {
                pause = limits::WITNESS_PAUSE;
                Ok(heads.changed().await)
            } else {
                let longer = pause * 2;
                timeout(std::mem::replace(&mut pause, longer.min(limits::WITNESS_LONGEST_PAUSE)), heads.changed()).await
            };
            if let Ok(Err(_)) = changed {
                return;
            }
        }
    }

    /// Keeps a cosigned checkpoint, unless a newer one is kept.
    async fn keep(&self, log: &Log, head: &SignedHead, cosigned: Cosigned) -> Result<(), LogError> {
        let is_newer = self.cosigned().is_none_or(|kept| (kept.size, kept.witnesses) <= (cosigned.size, cosigned.witnesses));
        if !is_newer {
            return Ok(());
        }
        let kept = Kept::new(head.tree(), cosigned.note.clone());
        kept.publish(&*log.shared.logs.files, &memory(log, &self.origin)).await?;
        *self.cosigned.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(cosigned));
        Ok(())
    }

    /// A kept checkpoint of this log, if enough of these witnesses vouch for it.
    fn read(&self, log: &Log, note: String) -> Option<Cosigned> {
        let verifiers: Vec<_> = log.shared.settings.signers.iter().map(note::SignerKey::verifier).collect();
        let opened = note::open(note.as_bytes(), &verifiers.iter().collect::<Vec<_>>()).ok()?;
        let checkpoint = Checkpoint::parse(opened.text()).ok().filter(|checkpoint| checkpoint.origin() == self.origin)?;
        let witnesses = self.sites.iter().filter(|known| matches!(known.site.key.find(&opened), Ok(Some(_)))).count();
        (witnesses >= self.quorum).then_some(Cosigned { size: checkpoint.tree().size, witnesses, note })
    }
}

impl Known {
    /// Asks one witness; where it knows another tree than was thought, once more from that one.
    async fn cosign(&self, log: &Log, head: &SignedHead, checkpoint: &str) -> Result<Signature, Silence> {
        for _ in 0..limits::WITNESS_ATTEMPTS {
            let old = *self.size.lock().unwrap_or_else(PoisonError::into_inner);
            let proof = match old {
                1.. if old < head.tree().size => log.consistency(head, old).await.map_err(Silence::NoProof)?,
                _ => Vec::new(),
            };
            let body = Submission { old, proof, note: checkpoint.to_owned() }.to_string();
            let mut answer =
                self.site.client.post("add-checkpoint", "text/plain; charset=utf-8", body).await.map_err(Silence::Unreached)?;
            let text = answer.read(limits::MAX_WITNESS_ANSWER_BYTES).await.map_err(Silence::Unreached)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            match answer.status.as_u16() {
                200 => {
                    let cosignature = self.find(checkpoint, &text).ok_or(Silence::Invalid)?;
                    self.knows(head.tree().size);
                    return Ok(cosignature);
                }
                409 if answer.header(&http::header::CONTENT_TYPE) == SIZE_TYPE => {
                    let theirs = text.strip_suffix('\n').and_then(|size| size.parse().ok()).ok_or(Silence::Invalid)?;
                    if theirs > head.tree().size {
                        return Err(Silence::Ahead { theirs, ours: head.tree().size });
                    }
                    self.knows(theirs);
                }
                status => return Err(Silence::Refused(status, first_line(&text))),
            }
        }
        Err(Silence::Refused(409, "it changes its mind".to_owned()))
    }

    fn knows(&self, size: u64) {
        *self.size.lock().unwrap_or_else(PoisonError::into_inner) = size;
    }

    /// The witness's cosignature among the lines of an answer, if it holds; what others say there is passed over.
    fn find(&self, checkpoint: &str, lines: &str) -> Option<Signature> {
        let (text, _) = checkpoint.split_once("\n\n")?;
        let signatures = lines.lines().filter_map(|line| {
            let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
            let signature = Signature { name: name.to_owned(), hash: self.site.key.hash(), base64: base64.to_owned() };
            self.site.key.verify(&format!("{text}\n"), &signature).ok().map(|_| signature)
        });
        { signatures }.next()
    }
}

impl Log {
    /// Has checkpoints under these witnesses' name shown with their cosignatures from now on. Only the first call counts.
    pub fn witnessed_by(&self, witnesses: Arc<Witnesses>) {
        drop(self.witnesses.set(witnesses));
    }

    /// The checkpoint to show under the name `origin`: the newest one, with the cosignatures that it has by now; where cosignatures are
    /// required, the newest one that has enough. `None` for other names.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] if there is none yet.
    pub fn checkpoint(&self, origin: &str) -> Result<Option<String>, LogError> {
        let head = self.head()?;
        let Some(witnesses) = self.witnesses.get().filter(|witnesses| witnesses.origin == origin) else {
            return Ok(head.checkpoint(origin).map(str::to_owned));
        };
        match witnesses.cosigned() {
            Some(cosigned) if witnesses.is_required || cosigned.size == head.tree().size => Ok(Some(cosigned.note.clone())),
            None if witnesses.is_required => Err(LogError::Unpublished),
            Some(_) | None => Ok(head.checkpoint(origin).map(str::to_owned)),
        }
    }
}

/// What the store calls the cosigned checkpoint of a log under one of its names.
fn memory(log: &Log, origin: &str) -> String {
    let short: String = super::origin_hash(origin).chars().take(16).collect();
    let name: String = log.shared.settings.log.chars().take(40).collect();
    format!("{name}.cosigned-{short}")
}

/// A signature as a line of a note.
pub(super) fn line(signature: &Signature) -> String {
    format!("— {} {}\n", signature.name, signature.base64)
}

/// What a stranger says, short enough to be shown.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

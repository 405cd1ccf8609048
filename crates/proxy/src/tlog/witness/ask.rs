//! Asking witnesses for cosignatures on the heads of a log of ours, and keeping the newest head that enough of them vouch for.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use gomod::sumdb::{
    checkpoint::Checkpoint,
    cosign::WitnessKey,
    note::{self, Note, Signature, SignerKey, VerifierKey},
};
use plan::Trouble;
use tokio::time::{sleep, timeout};

use super::{SIZE_TYPE, Silence, TEXT_TYPE, form::Submission, silence::Kind, state::publish};
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
    /// The best that there is to show: with a quorum before without, then the newest.
    kept: Mutex<Option<Arc<Cosigned>>>,
}

struct Known {
    site: Site,
    memory: Mutex<Memory>,
}

/// What is known of a witness.
#[derive(Default)]
struct Memory {
    /// The size of the tree that it cosigned last, as far as it is known here. It tells if it is another.
    size: u64,
    /// How it was silent when it was asked last.
    silent: Option<Kind>,
}

/// A head with what witnesses said of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The cosignatures, each checked; one for each witness at most.
    pub cosignatures: Vec<Signature>,
    /// The witnesses that gave none, by name, and why.
    pub silent: Vec<(String, Silence)>,
    /// The witnesses whose silence has begun or is another one since they were asked before, and those that answer again (`None`).
    pub news: Vec<(String, Option<Silence>)>,
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

impl Witnesses {
    /// These witnesses of the log `origin`; a head counts as cosigned once `quorum` of them have. All of them together may take `patience`.
    pub fn new(origin: &str, sites: Vec<Site>, quorum: usize, patience: Duration) -> Self {
        let sites = sites.into_iter().map(|site| Known { site, memory: Mutex::default() }).collect();
        Self { origin: origin.to_owned(), is_required: false, sites, quorum, patience, kept: Mutex::default() }
    }

    /// The same, where no checkpoint is shown before enough of them have cosigned one.
    #[must_use]
    pub fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.sites.len()
    }

    /// Asks all of them, side by side, to cosign the head that `log` has.
    ///
    /// May be dropped at any await; a witness may then have cosigned the head, which does no harm.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] if the log has no head of that name; [`LogError::Store`] if what was cosigned could not be kept.
    pub async fn ask(&self, log: &Log) -> Result<Asked, LogError> {
        let verifiers = verifiers(log);
        for last in (0..limits::WITNESS_ATTEMPTS).rev() {
            let head = log.head()?;
            let bare = Bare::new(&head, &self.origin, &verifiers).ok_or(LogError::Unpublished)?;
            let ends = join_all(self.sites.iter().map(|known| known.ask(log, &bare, self.patience))).await;
            if last == 0 || !ends.iter().any(|end| end.as_ref().is_err_and(Silence::is_outgrown)) {
                let cosignatures: Vec<_> = ends.iter().flatten().cloned().collect();
                self.keep(log, &bare, &cosignatures).await?;
                return Ok(self.told(ends));
            }
        }
        Err(LogError::Unpublished)
    }

    /// The newest checkpoint that enough witnesses have cosigned; `None` before the first one.
    pub fn cosigned(&self) -> Option<Arc<Cosigned>> {
        self.kept().filter(|kept| self.is_enough(kept))
    }

    /// Brings back the checkpoint that was cosigned before a restart, if its cosignatures hold.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub async fn recall(&self, log: &Log) -> Result<(), LogError> {
        let Some(kept) = log.shared.logs.files.published(&memory(log, &self.origin)).await? else { return Ok(()) };
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = self.read(log, &kept).map(Arc::new);
        Ok(())
    }

    /// Asks for every new head, again and again until enough witnesses have cosigned it; `told` hears of each time. Never ends by itself.
    ///
    /// While a witness is silent, all heads that come within [`limits::WITNESS_PAUSE`] are asked for at once, by the last of them.
    /// May be dropped at any await.
    pub async fn run(&self, log: &Log, told: impl Fn(Result<&Asked, &LogError>)) {
        let (mut heads, mut pause) = (log.shared.published.subscribe(), limits::WITNESS_PAUSE);
        loop {
            let size = *heads.borrow_and_update();
            let is_known = self.cosigned().is_some_and(|cosigned| cosigned.size >= size);
            let asked = if is_known { None } else { Some(self.ask(log).await) };
            let (is_done, is_silent) = match &asked {
                None => (true, false),
                Some(Ok(asked)) => (asked.cosignatures.len() >= self.quorum, !asked.silent.is_empty()),
                Some(Err(_)) => (false, false),
            };
            if let Some(asked) = asked {
                told(asked.as_ref());
            }
            if is_silent {
                sleep(limits::WITNESS_PAUSE).await;
            }
            let changed = if is_done {
                pause = limits::WITNESS_PAUSE;
                heads.changed().await
            } else {
                let rest = if is_silent { pause - limits::WITNESS_PAUSE } else { pause };
                pause = (pause * 2).min(limits::WITNESS_LONGEST_PAUSE);
                timeout(rest, heads.changed()).await.unwrap_or(Ok(()))
            };
            if changed.is_err() {
                return;
            }
        }
    }

    fn is_enough(&self, cosigned: &Cosigned) -> bool {
        cosigned.witnesses >= self.quorum
    }

    fn kept(&self) -> Option<Arc<Cosigned>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What came of it, each witness at its place.
    fn told(&self, ends: Vec<Result<Signature, Silence>>) -> Asked {
        let mut asked = Asked { cosignatures: Vec::new(), silent: Vec::new(), news: Vec::new() };
        for (known, end) in self.sites.iter().zip(ends) {
            let name = || known.site.key.name().to_owned();
            let (cosignature, silence) = (end.as_ref().ok().cloned(), end.err());
            if known.is_news(silence.as_ref()) {
                asked.news.push((name(), silence.clone()));
            }
            asked.cosignatures.extend(cosignature);
            asked.silent.extend(silence.map(|silence| (name(), silence)));
        }
        asked
    }

    /// Keeps a checkpoint with its cosignatures, unless a better one is kept.
    async fn keep(&self, log: &Log, bare: &Bare<'_>, cosignatures: &[Signature]) -> Result<(), LogError> {
        let signatures = [bare.note.signatures(), cosignatures].concat();
        let Ok(note) = note::sign(bare.note.text(), &signatures, &[]) else { return Ok(()) };
        let cosigned = Cosigned { size: bare.head.tree().size, witnesses: cosignatures.len(), note };
        let worth = |cosigned: &Cosigned| (self.is_enough(cosigned), cosigned.size, cosigned.witnesses);
        if cosignatures.is_empty() || self.kept().is_some_and(|kept| worth(&kept) > worth(&cosigned)) {
            return Ok(());
        }
        publish(&*log.shared.logs.files, &memory(log, &self.origin), &cosigned.note).await?;
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(cosigned));
        Ok(())
    }

    /// A kept checkpoint of this log, if any of these witnesses vouches for it.
    fn read(&self, log: &Log, kept: &[u8]) -> Option<Cosigned> {
        let text = String::from_utf8(kept.to_vec()).ok()?;
        let note = open(&text, &verifiers(log))?;
        let checkpoint = Checkpoint::parse(note.text()).ok().filter(|checkpoint| checkpoint.origin() == self.origin)?;
        let witnesses = self.sites.iter().filter(|known| matches!(known.site.key.find(&note), Ok(Some(_)))).count();
        (witnesses > 0).then_some(Cosigned { size: checkpoint.tree().size, witnesses, note: text })
    }
}

/// A head that is to be cosigned, under one name of its log.
struct Bare<'a> {
    head: &'a SignedHead,
    checkpoint: &'a str,
    note: Note,
    verifiers: &'a [VerifierKey],
}

impl<'a> Bare<'a> {
    /// `None` if the log has no such name.
    fn new(head: &'a SignedHead, origin: &str, verifiers: &'a [VerifierKey]) -> Option<Self> {
        let checkpoint = head.checkpoint(origin)?;
        let note = open(checkpoint, verifiers)?;
        Some(Self { head, checkpoint, note, verifiers })
    }
}

impl Known {
    /// Asks one witness, which may take `patience`.
    async fn ask(&self, log: &Log, bare: &Bare<'_>, patience: Duration) -> Result<Signature, Silence> {
        let late = Trouble::Deadline(plan::trouble::Deadline::Total, patience.as_millis().try_into().unwrap_or(u64::MAX));
        timeout(patience, self.cosign(log, bare)).await.unwrap_or(Err(Silence::Unreached(late)))
    }

    /// Where the witness knows another tree than was thought, it is asked once more from that one.
    async fn cosign(&self, log: &Log, bare: &Bare<'_>) -> Result<Signature, Silence> {
        let size = bare.head.tree().size;
        for _ in 0..limits::WITNESS_ATTEMPTS {
            let old = self.memory().size;
            let proof = match old {
                1.. if old < size => log.consistency(bare.head, old).await.map_err(Silence::NoProof)?,
                _ => Vec::new(),
            };
            let body = Submission { old, proof, note: bare.checkpoint.to_owned() }.to_string();
            let mut answer = self.site.client.post("add-checkpoint", TEXT_TYPE, body).await.map_err(Silence::Unreached)?;
            let text = answer.read(limits::MAX_WITNESS_ANSWER_BYTES).await.map_err(Silence::Unreached)?;
            let text = String::from_utf8_lossy(&text).into_owned();
            let is_size = answer.header(&http::header::CONTENT_TYPE) == SIZE_TYPE;
            let theirs: Option<u64> = text.strip_suffix('\n').filter(|_| is_size).and_then(|size| size.parse().ok());
            match (answer.status.as_u16(), theirs) {
                (200, _) => {
                    let cosignature = self.find(bare, &text).ok_or(Silence::Invalid)?;
                    self.memory().size = size;
                    return Ok(cosignature);
                }
                (409, theirs) if old == size && theirs.is_none_or(|theirs| theirs == size) => {
                    return Err(Silence::Forked { size });
                }
                (409, Some(theirs)) if theirs > size => return Err(Silence::Ahead { theirs, ours: size }),
                (409, Some(theirs)) => self.memory().size = theirs,
                (422, _) => return Err(Silence::Unproven { old }),
                (status, _) => return Err(Silence::Refused(status, first_line(&text))),
            }
        }
        Err(Silence::Refused(409, "it changes its mind".to_owned()))
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is another end than that of the time before.
    fn is_news(&self, silence: Option<&Silence>) -> bool {
        let kind = silence.map(Silence::kind);
        std::mem::replace(&mut self.memory().silent, kind) != kind
    }

    /// The witness's cosignature in an answer, if it holds; what others say there is passed over.
    fn find(&self, bare: &Bare<'_>, answer: &str) -> Option<Signature> {
        let note = open(&format!("{}{answer}", bare.checkpoint), bare.verifiers)?;
        self.site.key.find(&note).ok()?.map(|(cosignature, _)| cosignature.clone())
    }
}

impl Log {
    /// Has checkpoints under these witnesses' name shown with their cosignatures from now on. Only the first call counts.
    pub fn witnessed_by(&self, witnesses: Arc<Witnesses>) {
        drop(self.witnesses.set(witnesses));
    }

    /// The checkpoint to show under the name `origin`: the newest one that enough witnesses have cosigned. Before there is one: where that is
    /// required, none; else the newest one that any witness has cosigned, or the newest one as it is. `None` for names that are not the log's.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] if there is none yet; [`LogError::Unwitnessed`] if cosignatures are required and too few are there, or if this
    /// name is another one than they witness: else whoever signs with both keys could show a history there that no witness sees.
    pub fn checkpoint(&self, origin: &str) -> Result<Option<String>, LogError> {
        let head = self.head()?;
        let Some(bare) = head.checkpoint(origin) else { return Ok(None) };
        let Some(witnesses) = self.witnesses.get() else { return Ok(Some(bare.to_owned())) };
        let best = witnesses.kept().filter(|_| witnesses.origin == origin);
        match best {
            Some(best) if !witnesses.is_required || witnesses.is_enough(&best) => Ok(Some(best.note.clone())),
            best if witnesses.is_required => {
                let (origin, cosigned) = (origin.to_owned(), best.map_or(0, |best| best.witnesses));
                Err(LogError::Unwitnessed { origin, cosigned, wanted: witnesses.quorum })
            }
            _ => Ok(Some(bare.to_owned())),
        }
    }
}

/// What the store calls the cosigned checkpoint of a log under one of its names.
fn memory(log: &Log, origin: &str) -> String {
    let short: String = super::origin_hash(origin).chars().take(16).collect();
    let name: String = log.shared.settings.log.chars().take(40).collect();
    format!("{name}.cosigned-{short}")
}

fn verifiers(log: &Log) -> Vec<VerifierKey> {
    log.shared.settings.signers.iter().map(SignerKey::verifier).collect()
}

fn open(note: &str, verifiers: &[VerifierKey]) -> Option<Note> {
    note::open(note.as_bytes(), &verifiers.iter().collect::<Vec<_>>()).ok()
}

/// What a stranger says, short enough to be shown.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).take(200).collect()
}

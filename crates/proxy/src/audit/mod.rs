//! The audit log: who asked for what, and was answered how, in a log of ours, so that a changed, missing or moved line is provable.
//!
//! A line is made where a request ends and costs it nothing: it waits in a bounded queue ([`Audit::note`]) until the [`Recorder`] appends what
//! waits, many lines under one tree head. What must hold:
//!
//! * Nothing is lost in silence. What does not fit into the queue, and what the log could not take, is counted, and the count is a line of
//!   its own as soon as one can be written. A process that was killed has a `start` and no `stop`: the lines of its last moment may be missing.
//! * Lines are never changed. What is too old to be kept ([`Audit::forget`]) loses its text, never its hash: the rest proves as before, and that it
//!   was forgotten is a line, too.
//! * With a blinding key no name is written, in lines or anywhere else; who has the key can tell whether a line is about a name.

mod blind;
mod export;
mod line;
mod prove;
mod recorder;

use std::sync::{Arc, Mutex, PoisonError};

use gomod::sumdb::grow::FULL;
use tokio::sync::{Notify, mpsc};

pub use self::{
    blind::Blind,
    export::{ExportError, export},
    line::{Asked, Decision, Gap, Line},
    prove::{Proven, Unproven, Wanted, first_difference, prove, prove_line},
    recorder::Recorder,
};
use crate::{
    clock::Clock,
    limits,
    metrics::Metrics,
    tlog::{Log, LogError},
};

/// What an audit log is opened with.
#[derive(Clone)]
pub struct AuditSettings {
    /// One life of one process, unlike any other, for its `start` and `stop`.
    pub life: String,
    /// Blinds names; none writes them as they are.
    pub blind: Option<Blind>,
    /// Where lines are counted.
    pub metrics: Metrics,
}

/// The audit log, where lines come in. Cheap to share; when it is closed or the last one is dropped, the [`Recorder`] writes what waits and ends.
pub struct Audit {
    log: Arc<Log>,
    clock: Clock,
    queue: mpsc::Sender<Asked>,
    tally: Arc<Tally>,
    closing: Arc<Notify>,
}

/// What became of lines so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// They are in the log.
    pub recorded: u64,
    /// They did not fit into the queue, and are not in the log.
    pub lost: u64,
    /// The log failed while it took them; nobody knows.
    pub unsure: u64,
}

/// What is counted, and what of it no line tells yet.
struct Tally {
    inner: Mutex<(Counts, Option<Gap>)>,
    metrics: Metrics,
}

impl Audit {
    /// Makes an audit log of a log. The recorder must be run for anything to be written.
    pub fn new(log: Arc<Log>, settings: AuditSettings, clock: Clock) -> (Arc<Self>, Recorder) {
        let (queue, waiting) = mpsc::channel(limits::AUDIT_WAITING);
        let tally = Arc::new(Tally { inner: Mutex::default(), metrics: settings.metrics.clone() });
        let audit = Arc::new(Self { log, clock, queue, tally, closing: Arc::default() });
        let recorder = Recorder::new(&audit, settings, waiting);
        (audit, recorder)
    }

    /// Lets the recorder write what waits, and end. Lines that come later are counted as lost.
    pub fn close(&self) {
        self.closing.notify_one();
    }

    /// Takes a line. Never waits: what does not fit is counted, and a line will tell how many there were.
    pub fn note(&self, asked: Asked) {
        if let Err(error) = self.queue.try_send(asked) {
            self.tally.miss(error.into_inner().time_ms, 1, 0);
        }
        self.tally.metrics.audit_waits(self.queue.max_capacity() - self.queue.capacity());
    }

    /// What became of lines so far.
    pub fn counts(&self) -> Counts {
        self.tally.lock().0
    }

    /// The log with the lines.
    pub fn log(&self) -> &Arc<Log> {
        &self.log
    }

    /// Forgets the text of lines older than `keep_seconds`, in whole tiles of 256; answers the number of the first line that is kept.
    ///
    /// That they are forgotten is a line before they are. Hashes stay.
    ///
    /// # Errors
    /// [`LogError`]; what is half done, the next call completes.
    pub async fn forget(&self, keep_seconds: u64) -> Result<u64, LogError> {
        let oldest_ms = (self.clock.now() - i64::try_from(keep_seconds).unwrap_or(i64::MAX)).saturating_mul(1000);
        let (first, size) = (self.log.first_kept().await?, self.log.head()?.tree().size);
        let mut before = first;
        while before + FULL <= size {
            let Some(last) = self.log.record(before + FULL - 1).await? else { break };
            if Line::parse(&last.text).is_some_and(|line| line.time_ms() >= oldest_ms) {
                break;
            }
            before += FULL;
        }
        if before > first {
            let line = Line::Forget { time_ms: self.clock.now() * 1000, before };
            self.log.append(&line.print()).await?;
        }
        // Also where nothing is older than before: what a crash left of the last time goes now.
        self.log.forget(before).await?;
        Ok(before)
    }
}

impl Tally {
    fn lock(&self) -> std::sync::MutexGuard<'_, (Counts, Option<Gap>)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recorded(&self) {
        self.lock().0.recorded += 1;
        self.metrics.audited("recorded", 1);
    }

    /// Counts lines that are not in the log, or may not be; `time_ms` is that of one of them.
    fn miss(&self, time_ms: i64, lost: u64, unsure: u64) {
        self.metrics.audited("lost", lost);
        self.metrics.audited("unsure", unsure);
        let mut inner = self.lock();
        inner.0.lost += lost;
        inner.0.unsure += unsure;
        Self::add(&mut inner.1, Gap { from_ms: time_ms, to_ms: time_ms, lost, unsure });
    }

    /// What no line tells yet. Whoever takes it writes the line, or gives it back.
    fn take(&self) -> Option<Gap> {
        self.lock().1.take()
    }

    fn give_back(&self, gap: Gap) {
        Self::add(&mut self.lock().1, gap);
    }

    fn add(open: &mut Option<Gap>, more: Gap) {
        *open = Some(open.map_or(more, |gap| Gap {
            from_ms: gap.from_ms.min(more.from_ms),
            to_ms: gap.to_ms.max(more.to_ms),
            lost: gap.lost + more.lost,
            unsure: gap.unsure + more.unsure,
        }));
    }
}

#[cfg(test)]
mod tests;

//! The audit log: who asked for what, and was answered how, in a log of ours, so that a changed, missing or moved line is provable.
//!
//! A line is made where a request ends, behind its answer: it waits in a bounded queue ([`Audit::note`]) until the [`Recorder`] appends what
//! waits, many lines under one tree head. What must hold:
//!
//! * Nothing is lost in silence. What does not fit into the queue, and what the log could not take, is counted, and the count is a line of
//!   its own as soon as one can be written. A process that was killed has a `start` and no `stop`: the lines of its last moment may be missing.
//! * Where it is required, nobody is given anything while lines are not taken ([`Audit::admits`]).
//! * Lines are never changed. What is too old to be kept ([`Audit::forget`]) loses its text, never its hash: the rest proves as before, and that it
//!   was forgotten is a line, too.
//! * With a blinding key no name is written, in lines or anywhere else; who has the key can tell whether a line is about a name.

mod blind;
mod export;
mod line;
mod prove;
mod queue;
mod recorder;

use std::sync::{Arc, Mutex, PoisonError};

use gomod::sumdb::grow::FULL;
use tokio::{sync::Notify, time::sleep};

use self::queue::{Queue, Room};
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
    /// Whether nobody is answered while lines are not taken.
    pub is_required: bool,
    /// Where lines are counted.
    pub metrics: Metrics,
}

/// The audit log, where lines come in. When it is closed or the last one is dropped, the [`Recorder`] writes what waits and ends.
pub struct Audit {
    log: Arc<Log>,
    clock: Clock,
    blind: Option<Blind>,
    is_required: bool,
    queue: Arc<Queue>,
    tally: Arc<Tally>,
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

/// That lines are missing: told once when it begins, and once when it is over.
#[derive(Clone, Debug)]
pub enum Missing {
    /// The log failed with this error; without one, more lines came than it takes.
    Begins(Option<LogError>),
    /// For a while none were missing, and a line tells how many were: these.
    Over {
        /// They are not in the log.
        lost: u64,
        /// Nobody knows.
        unsure: u64,
    },
}

/// What is counted, and what of it no line tells yet.
struct Tally {
    inner: Mutex<Told>,
    metrics: Metrics,
    /// Lines are missing that no line tells of yet.
    missed: Notify,
}

#[derive(Default)]
struct Told {
    counts: Counts,
    gap: Option<Gap>,
    /// How the last writing ended, if it failed.
    failure: Option<LogError>,
}

impl Audit {
    /// Makes an audit log of a log. The recorder must be run for anything to be written.
    pub fn new(log: Arc<Log>, settings: AuditSettings, clock: Clock) -> (Arc<Self>, Recorder) {
        let AuditSettings { life, blind, is_required, metrics } = settings;
        let tally = Arc::new(Tally { inner: Mutex::default(), metrics, missed: Notify::default() });
        let audit = Arc::new(Self { log, clock, blind, is_required, queue: Arc::default(), tally });
        let recorder = Recorder::new(&audit, life);
        (audit, recorder)
    }

    /// Lets the recorder write what waits, and end. Lines that come later are counted as lost.
    pub fn close(&self) {
        self.queue.close();
    }

    /// False if the log is required and takes no lines, as its queue is full or the last writing failed: then nobody may be given anything.
    pub fn admits(&self) -> bool {
        !self.is_required || (self.queue.has_room() && self.tally.lock().failure.is_none())
    }

    /// Takes a line. Never waits: what does not fit is counted, and a line will tell how many there were. Where the log is required, the line of
    /// what was served is taken even so: it was admitted before others came.
    pub fn note(&self, asked: &Asked<'_>) {
        let line = Line::Asked(asked.settled(self.blind.as_ref())).print();
        let room = if self.is_required && asked.decision == Decision::Served { Room::Promised } else { Room::Bounded };
        match self.queue.push(&line, asked.time_ms, room) {
            Some(waiting) => self.tally.metrics.audit_waits(waiting),
            None => self.tally.miss(Gap { from_ms: asked.time_ms, to_ms: asked.time_ms, lost: 1, unsure: 0 }),
        }
    }

    /// Calls `tell` when lines begin to be missing, and when that is over, as long as it is polled.
    pub async fn tell_missing(&self, tell: &(dyn Fn(Missing) + Send + Sync)) {
        let mut known = Counts::default();
        loop {
            self.tally.missed.notified().await;
            let mut seen = self.counts();
            if seen.missing() == known.missing() {
                continue;
            }
            tell(Missing::Begins(self.tally.lock().failure.clone()));
            loop {
                sleep(limits::AUDIT_QUIET).await;
                let (now, is_told) = (self.counts(), self.tally.lock().gap.is_none());
                if is_told && now.missing() == seen.missing() {
                    break;
                }
                seen = now;
            }
            tell(Missing::Over { lost: seen.lost - known.lost, unsure: seen.unsure - known.unsure });
            known = seen;
        }
    }

    /// What became of lines so far.
    pub fn counts(&self) -> Counts {
        self.tally.lock().counts
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

impl Drop for Audit {
    fn drop(&mut self) {
        self.close();
    }
}

impl Counts {
    fn missing(&self) -> u64 {
        self.lost + self.unsure
    }
}

impl Tally {
    fn lock(&self) -> std::sync::MutexGuard<'_, Told> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recorded(&self, count: u64) {
        self.lock().counts.recorded += count;
        self.metrics.audited("recorded", count);
    }

    /// Counts lines that are not in the log, or may not be.
    fn miss(&self, gap: Gap) {
        self.metrics.audited("lost", gap.lost);
        self.metrics.audited("unsure", gap.unsure);
        let mut inner = self.lock();
        inner.counts.lost += gap.lost;
        inner.counts.unsure += gap.unsure;
        let is_first = inner.gap.is_none();
        Self::add(&mut inner.gap, gap);
        drop(inner);
        if is_first {
            self.missed.notify_one();
        }
    }

    /// What no line tells yet. Whoever takes it writes the line, or gives it back.
    fn take(&self) -> Option<Gap> {
        self.lock().gap.take()
    }

    fn give_back(&self, gap: Gap) {
        Self::add(&mut self.lock().gap, gap);
    }

    /// Notes how a writing ended.
    fn ended(&self, end: &Result<u64, LogError>) {
        self.lock().failure = end.as_ref().err().cloned();
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

//! The one task that writes lines.

use std::sync::Arc;

use super::{
    Audit, Gap, Line, Tally,
    queue::{Batch, Queue},
};
use crate::{
    clock::Clock,
    limits,
    tlog::{Log, LogError},
};

/// The writing half of an [`Audit`]. Whoever opens one runs it as a task with a name, once.
pub struct Recorder {
    log: Arc<Log>,
    life: String,
    clock: Clock,
    queue: Arc<Queue>,
    tally: Arc<Tally>,
}

impl Recorder {
    pub(super) fn new(audit: &Audit, life: String) -> Self {
        let (log, clock) = (Arc::clone(&audit.log), audit.clock.clone());
        Self { log, life, clock, queue: Arc::clone(&audit.queue), tally: Arc::clone(&audit.tally) }
    }

    /// Writes until the [`Audit`] is closed, or nobody has it any more; and then what waits and the `stop`.
    ///
    /// May be dropped at any await: then the `stop` is missing, which says that lines may be missing.
    pub async fn run(self) {
        let mut is_started = self.start().await;
        while let Some(batch) = self.queue.next(limits::AUDIT_PAUSE).await {
            self.tally.metrics.audit_waits(self.queue.count());
            // A start that could not be written is tried again before each batch: without it a kill would not be noticed.
            is_started = is_started || self.start().await;
            self.write(batch).await;
            self.tell_gap().await;
        }
        self.tell_gap().await;
        // Who came too late is counted after the last line, in metrics only.
        let recorded = self.tally.lock().counts.recorded;
        self.told(Line::Stop { time_ms: self.clock.now() * 1000, life: self.life.clone(), recorded }).await;
    }

    async fn start(&self) -> bool {
        self.told(Line::Start { time_ms: self.clock.now() * 1000, life: self.life.clone() }).await
    }

    /// Writes lines under one head, in the order in which they came.
    async fn write(&self, batch: Batch) {
        let Batch { lines, count, from_ms, to_ms } = batch;
        // Of what is brought to a log that was closed already, nothing is in it.
        let is_closed = self.log.refusal().is_some();
        let end = self.log.append_lines(lines).await;
        self.tally.ended(&end);
        match end {
            Ok(_) => self.tally.recorded(count),
            Err(error) if !is_closed && is_unsure(&error) => self.tally.miss(Gap { from_ms, to_ms, lost: 0, unsure: count }),
            Err(_) => self.tally.miss(Gap { from_ms, to_ms, lost: count, unsure: 0 }),
        }
    }

    /// Says how many lines are missing, if any are. If even that cannot be written, it is said later.
    async fn tell_gap(&self) {
        if let Some(gap) = self.tally.take()
            && !self.told(Line::Gap(gap)).await
        {
            self.tally.give_back(gap);
        }
    }

    async fn told(&self, line: Line<'_>) -> bool {
        let end = self.log.append(&line.print()).await;
        self.tally.ended(&end);
        end.is_ok()
    }
}

/// True if the record may be in the log all the same.
fn is_unsure(error: &LogError) -> bool {
    matches!(
        error,
        LogError::Store(_) | LogError::Unpublished | LogError::Damaged { .. } | LogError::Refused(_) | LogError::Stopped
    )
}

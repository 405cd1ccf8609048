//! The one task that writes lines.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::sync::{Notify, mpsc};

use super::{Asked, Audit, AuditSettings, Line, Tally};
use crate::{
    clock::Clock,
    limits,
    tlog::{Log, LogError},
};

/// The writing half of an [`Audit`]. Whoever opens one runs it as a task with a name, once.
pub struct Recorder {
    log: Arc<Log>,
    settings: AuditSettings,
    clock: Clock,
    waiting: mpsc::Receiver<Asked>,
    tally: Arc<Tally>,
    closing: Arc<Notify>,
    /// How long lines are gathered before they are written.
    pause: Duration,
}

impl Recorder {
    pub(super) fn new(audit: &Audit, settings: AuditSettings, waiting: mpsc::Receiver<Asked>) -> Self {
        let (log, clock, tally) = (Arc::clone(&audit.log), audit.clock.clone(), Arc::clone(&audit.tally));
        Self { log, settings, clock, waiting, tally, closing: Arc::clone(&audit.closing), pause: limits::AUDIT_PAUSE }
    }

    /// Writes until the [`Audit`] is closed, or nobody has it any more; and then what waits and the `stop`.
    ///
    /// May be dropped at any await: then the `stop` is missing, which says that lines may be missing.
    pub async fn run(mut self) {
        let closing = Arc::clone(&self.closing);
        let mut is_started = self.start().await;
        loop {
            let batch = self.gather(&closing).await;
            if batch.is_empty() {
                break;
            }
            self.tally.metrics.audit_waits(self.waiting.len());
            // A start that could not be written is tried again before each batch: without it a kill would not be noticed.
            is_started = is_started || self.start().await;
            self.write(batch).await;
            self.tell_gap().await;
        }
        self.tell_gap().await;
        // Who came too late is counted after the last line, in metrics only.
        let recorded = self.tally.lock().0.recorded;
        self.told(Line::Stop { time_ms: self.clock.now() * 1000, life: self.settings.life.clone(), recorded }).await;
    }

    async fn start(&self) -> bool {
        self.told(Line::Start { time_ms: self.clock.now() * 1000, life: self.settings.life.clone() }).await
    }

    /// The next lines: as many as fill a batch, or those that came within the pause behind the first one; none when it is over.
    async fn gather(&mut self, closing: &Notify) -> Vec<Asked> {
        let (mut batch, mut pause) = (Vec::new(), None);
        while batch.len() < limits::LOG_BATCH {
            let room = limits::LOG_BATCH - batch.len();
            tokio::select! {
                biased;
                count = self.waiting.recv_many(&mut batch, room) => if count == 0 { break },
                // What waits is still received, and nothing comes after it.
                () = closing.notified() => self.waiting.close(),
                () = async { pause.as_mut().expect("lines are there").await }, if pause.is_some() => break,
            }
            pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(self.pause)));
        }
        batch
    }

    /// Writes lines under one head, in the order in which they came.
    async fn write(&self, batch: Vec<Asked>) {
        let times: Vec<i64> = batch.iter().map(|asked| asked.time_ms).collect();
        let texts: Vec<String> =
            batch.into_iter().map(|asked| Line::Asked(asked.settled(self.settings.blind.as_ref())).print()).collect();
        // Of what is brought to a log that was closed already, nothing is in it.
        let is_closed = self.log.refusal().is_some();
        let ends = join_all(texts.iter().map(|text| self.log.append(text))).await;
        for (end, time_ms) in ends.iter().zip(times) {
            match end {
                Ok(_) => self.tally.recorded(),
                Err(error) if !is_closed && is_unsure(error) => self.tally.miss(time_ms, 0, 1),
                Err(_) => self.tally.miss(time_ms, 1, 0),
            }
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

    async fn told(&self, line: Line) -> bool {
        self.log.append(&line.print()).await.is_ok()
    }
}

/// True if the record may be in the log all the same.
fn is_unsure(error: &LogError) -> bool {
    matches!(
        error,
        LogError::Store(_) | LogError::Unpublished | LogError::Damaged { .. } | LogError::Refused(_) | LogError::Stopped
    )
}

//! The audit log of a running server: opened with its tasks, written to its end, and made to forget.

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use anyhow::Context as _;
use proxy::{
    audit::{Audit, AuditSettings, Missing},
    clock::Clock,
    metrics::Metrics,
    tlog::{Log, LogError},
};
use store::log::Logs;
use tokio::{task::JoinHandle, time};

use super::{
    diary::Diary,
    standing::{AbortOnDrop, life, open_log},
};
use crate::{config::AuditLog, limits};

/// What the audit log is called in the store. It stays when name and key change.
pub(crate) const AUDIT: &str = "audit";

/// An audit log and its tasks.
pub(super) struct Auditing {
    audit: Arc<Audit>,
    recording: Mutex<Option<JoinHandle<()>>>,
    keep: Option<Duration>,
    log: Arc<Log>,
    _sequencing: AbortOnDrop,
}

impl Auditing {
    pub(super) async fn start(wanted: &AuditLog, logs: Logs, clock: Clock, metrics: Metrics) -> anyhow::Result<Self> {
        let life = life()?;
        let opened = open_log(AUDIT, vec![wanted.key.clone()], &life, logs, (clock.clone(), metrics.clone())).await;
        let (log, sequencer) = opened.context("opening the audit log")?;
        let sequencing = AbortOnDrop(tokio::spawn(sequencer.run()));
        let settings = AuditSettings { life, blind: wanted.blind.clone(), is_required: wanted.is_required, metrics };
        let (audit, recorder) = Audit::new(Arc::clone(&log), settings, clock);
        let recording = Mutex::new(Some(tokio::spawn(recorder.run())));
        Ok(Self { audit, recording, keep: wanted.keep, log, _sequencing: sequencing })
    }

    pub(super) fn log(&self) -> Weak<Log> {
        Arc::downgrade(&self.log)
    }

    pub(super) fn audit(&self) -> &Audit {
        &self.audit
    }

    /// Tells whoever reads the log of this server when lines begin to be missing, and how many were when that is over.
    pub(super) fn tell_missing(&self, diary: &Diary) -> AbortOnDrop {
        let (audit, diary) = (Arc::clone(&self.audit), diary.clone());
        let tell = move |missing: Missing| match missing {
            Missing::Begins(None) => {
                diary.note("error", "the audit log loses lines: more is asked than it can write; a line of it will tell how many")
            }
            Missing::Begins(Some(error)) => {
                diary.note("error", &format!("the audit log loses lines: {:#}; an operator mends it", anyhow::Error::new(error)))
            }
            Missing::Over { lost, unsure } => diary.note(
                "warn",
                &format!(
                    "the audit log is whole again: {lost} lines were lost, of {unsure} nobody knows; it has a line that says so"
                ),
            ),
        };
        AbortOnDrop(tokio::spawn(async move { audit.tell_missing(&tell).await }))
    }

    /// Writes what waits, and the last line. True if that was done in time.
    pub(super) async fn close(&self) -> bool {
        self.audit.close();
        let recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner).take();
        match recording {
            Some(recording) => time::timeout(limits::LAST_LINES, recording).await.is_ok_and(|end| end.is_ok()),
            None => true,
        }
    }

    /// Forgets what is too old; the number of the first line that is kept, if any are ever forgotten.
    pub(super) async fn forget(&self) -> Result<Option<u64>, LogError> {
        match self.keep {
            Some(keep) => self.audit.forget(keep.as_secs()).await.map(Some),
            None => Ok(None),
        }
    }
}

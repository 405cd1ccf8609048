//! Whether the store can be read, asked now and then, so that a readiness check never waits for a disk that hangs.

use std::sync::Arc;

use async_trait::async_trait;
use plan::{Caller, Reason, Request};
use proxy::{answer::Answer, audit::Audit, journey::Journey};
use store::{Drift, DriftRecord};
use tokio::{sync::watch, task::JoinHandle, time};

use super::standing::Standing;
use crate::{http::Answers, limits};

/// What the store said last.
pub(super) type Last = watch::Receiver<Result<(), Reason>>;

/// The task that asks. Ends when stopped or dropped.
pub(super) struct Pulse {
    task: JoinHandle<()>,
    last: Last,
}

impl Pulse {
    pub(super) fn start(standing: Arc<Standing>) -> Self {
        let (said, last) = watch::channel(Ok(()));
        let task = tokio::spawn(async move {
            let mut beat = time::interval(limits::PULSE_EVERY);
            beat.set_missed_tick_behavior(time::MissedTickBehavior::Delay);
            loop {
                beat.tick().await;
                let slow = || Reason::Store(format!("it did not answer within {}s", limits::PULSE_PATIENCE.as_secs()));
                let answer = time::timeout(limits::PULSE_PATIENCE, standing.ready()).await;
                said.send_modify(|last| *last = answer.unwrap_or_else(|_| Err(slow())));
            }
        });
        Self { task, last }
    }

    pub(super) fn last(&self) -> Last {
        self.last.clone()
    }

    pub(super) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Answers the door's requests with the proxy that stands now.
pub(super) struct Answering {
    pub(super) standing: Arc<Standing>,
    pub(super) last: Last,
}

#[async_trait]
impl Answers for Answering {
    async fn answer(&self, request: Request, journey: &Journey) -> Result<Answer, Reason> {
        self.standing.proxy().answer(&request, journey).await
    }

    fn caller(&self, token: &str) -> Caller {
        self.standing.proxy().caller(token)
    }

    async fn drifts(&self, module: &str, version: &str) -> Result<Vec<Drift>, Reason> {
        self.standing.proxy().drifts(module, version).await
    }

    async fn all_drifts(&self, after: u64, limit: usize) -> Result<Vec<DriftRecord>, Reason> {
        self.standing.proxy().all_drifts(after, limit).await
    }

    fn is_private(&self, module: &str) -> bool {
        self.standing.proxy().is_private(module)
    }

    fn audit(&self) -> Option<&Audit> {
        self.standing.audit()
    }

    fn ready(&self) -> Result<(), Reason> {
        self.last.borrow().clone()
    }
}

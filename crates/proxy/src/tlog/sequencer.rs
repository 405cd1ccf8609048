//! The one task that writes: takes what waits and makes one new tree head of it.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{Added, LogError, Refusal, Request, Shared, head::Decided, proving::Round};
use crate::limits;

/// The writing half of a [`super::Log`]. Whoever opens a log runs it as a task with a name, once.
pub struct Sequencer {
    pub(super) shared: Arc<Shared>,
    waiting: mpsc::Receiver<Request>,
    /// What is known to be so, as long as nobody else has had the lease; `None` if nothing is.
    pub(super) settled: Option<Settled>,
    /// What of the log was proven again, and what is next.
    pub(super) round: Round,
    /// Batches since the lease was offered to others.
    turns: u32,
    /// When the lease was taken that this process has.
    leased: Option<Instant>,
    /// Until then the lease is given back whenever nothing waits, so that whoever asks for it from time to time finds it.
    offering: Instant,
}

/// The store, whole, under a lease of ours.
#[derive(Clone)]
pub(super) struct Settled {
    pub(super) fence: u64,
    /// When the lease is over, in Unix seconds.
    pub(super) until: i64,
    pub(super) decided: Decided,
    /// The lock's own bytes, for the compare-and-swap.
    pub(super) lock: Bytes,
    /// Those of the published head, for the same.
    pub(super) published: Option<Bytes>,
}

/// Why a step goes no further.
pub(super) enum Stop {
    /// Somebody else was there: what was known is not so any more, and the batch begins anew.
    Again,
    /// It failed.
    Error(LogError),
}

impl<E: Into<LogError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Sequencer {
    pub(super) fn new(shared: Arc<Shared>, waiting: mpsc::Receiver<Request>) -> Self {
        let round = Round::new(&shared.settings.holder);
        Self { shared, waiting, settled: None, round, turns: 0, leased: None, offering: Instant::now() }
    }

    /// Writes until every [`super::Log`] is dropped and what waited is answered.
    ///
    /// May be dropped at any await: what then is half done, the next start completes.
    pub async fn run(mut self) {
        let mut batch = Vec::new();
        loop {
            let (lease, proving) = (self.leased.map(|leased| leased + limits::LOG_LEASE_KEPT), self.resumes());
            tokio::select! {
                biased;
                came = self.waiting.recv_many(&mut batch, limits::LOG_BATCH) => {
                    if came == 0 {
                        return self.release().await;
                    }
                    self.commit(std::mem::take(&mut batch)).await;
                    self.turns += 1;
                    if self.turns >= limits::LOG_TURNS {
                        self.offer().await;
                    } else if self.waiting.is_empty() && Instant::now() < self.offering {
                        self.release().await;
                    }
                }
                () = until(lease) => self.offer().await,
                () = until(proving) => self.prove_on().await,
            }
        }
    }

    /// Finds out what there is; completes it if need be. What may be read is read then, whoever writes.
    pub(super) async fn start(&mut self) -> Result<(), LogError> {
        let found = self.look().await?;
        if let Some(head) = found.complete(self) {
            self.shared.advance(head);
            return Ok(());
        }
        for _ in 0..limits::LOG_ATTEMPTS {
            match self.ready().await {
                Err(Stop::Again) => self.settled = None,
                Err(Stop::Error(LogError::Damaged { path })) => return Err(LogError::Refused(Refusal::Damaged { path })),
                Err(Stop::Error(error)) => return Err(error),
                Ok(_) => {
                    self.release().await;
                    return Ok(());
                }
            }
        }
        Err(LogError::Leased)
    }

    /// Commits a batch, anew if somebody was faster, and answers all of it.
    async fn commit(&mut self, mut batch: Vec<Request>) {
        for _ in 0..limits::LOG_ATTEMPTS {
            let Err(stop) = self.try_commit(&mut batch).await else { return };
            self.settled = None;
            if let Stop::Error(error) = stop {
                return self.fail(batch, error);
            }
        }
        self.fail(batch, LogError::Leased);
    }

    /// The record with this number, for who brought another one for its key.
    pub(super) async fn known(&self, number: u64) -> Result<Added, LogError> {
        let found = self.shared.record(number).await?.ok_or(LogError::Unpublished)?;
        Ok(Added { number, text: found.text, is_new: false })
    }

    /// What is damaged or told by two histories is not written to any more: it is an operator's to look at.
    fn fail(&self, batch: Vec<Request>, error: LogError) {
        let error = match error {
            LogError::Damaged { path } => LogError::Refused(Refusal::Damaged { path }),
            other => other,
        };
        if let LogError::Refused(refusal) = &error {
            self.shared.refuse(refusal.clone());
        }
        for request in batch {
            // Whoever left does not want to know.
            let _ = request.answer.send(Err(error.clone()));
        }
    }

    /// The store as it is, whole, under a lease that lasts a while.
    pub(super) async fn ready(&mut self) -> Result<Settled, Stop> {
        if let Some(refusal) = self.shared.refusal() {
            return Err(LogError::Refused(refusal).into());
        }
        let margin = i64::from(limits::LOG_LEASE_SECONDS) / 2;
        if let Some(settled) = self.settled.as_ref().filter(|settled| self.shared.clock.now() + margin < settled.until) {
            return Ok(settled.clone());
        }
        let (fence, until) = self.acquire().await?;
        let settled = match self.settled.take() {
            // Nobody else has had it: what was known still is so.
            Some(settled) if settled.fence == fence => Settled { until, ..settled },
            _ => self.settle(fence, until).await?,
        };
        self.settled = Some(settled.clone());
        Ok(settled)
    }

    /// Takes or renews the lease, waiting for one that a crash has left behind.
    async fn acquire(&mut self) -> Result<(u64, i64), LogError> {
        let (settings, lock) = (&self.shared.settings, &self.shared.logs.lock);
        for attempt in 0..limits::LOG_LEASE_TRIES {
            if attempt > 0 {
                tokio::time::sleep(limits::LOG_LEASE_PAUSE).await;
            }
            let now = self.shared.clock.now();
            if let Some(fence) = lock.lease(&settings.log, &settings.holder, now, limits::LOG_LEASE_SECONDS).await? {
                self.shared.is_leased.store(true, Ordering::Relaxed);
                self.leased.get_or_insert_with(Instant::now);
                return Ok((fence, now + i64::from(limits::LOG_LEASE_SECONDS)));
            }
        }
        Err(LogError::Leased)
    }

    /// Lets others have the lease, and for a while again and again.
    async fn offer(&mut self) {
        self.offering = Instant::now() + limits::LOG_LEASE_OFFERED;
        self.release().await;
    }

    /// Lets others have the lease. If that fails, it ends by itself.
    async fn release(&mut self) {
        self.turns = 0;
        if let Some(settled) = &mut self.settled {
            settled.until = 0;
        }
        if self.leased.take().is_some() {
            let (settings, lock) = (&self.shared.settings, &self.shared.logs.lock);
            self.shared.is_leased.store(false, Ordering::Relaxed);
            let _ = lock.lease(&settings.log, &settings.holder, self.shared.clock.now(), 0).await;
        }
    }
}

/// Without end if there is no such moment.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

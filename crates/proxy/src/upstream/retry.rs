//! When to ask again.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use plan::{Trouble, trouble::Deadline};
use tokio::time::{Instant, timeout_at};

use super::Failure;
use crate::limits;

/// The tries of one question: how many there were, how many are left, and until when.
#[derive(Debug)]
pub(super) struct Tries {
    retries: u32,
    in_a_row: u32,
    total: Duration,
    deadline: Instant,
    /// When the first of them began.
    pub(super) started: Instant,
    /// All requests made so far.
    pub(super) attempts: u32,
}

impl Tries {
    /// Tries that begin now and are over after `total`.
    pub(super) fn new(retries: u32, total: Duration) -> Self {
        let started = Instant::now();
        Self { retries, in_a_row: 0, total, deadline: started + total, started, attempts: 0 }
    }

    /// `work`, dropped when the deadline passes.
    pub(super) async fn bound<T, E>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, Failure>
    where
        Failure: From<E>,
    {
        let millis = u64::try_from(self.total.as_millis()).unwrap_or(u64::MAX);
        let late = || Err(Trouble::Deadline(Deadline::Total, millis).into());
        timeout_at(self.deadline, work).await.map_or_else(|_| late(), |done| done.map_err(Failure::from))
    }

    /// Counts a request that is about to be made.
    pub(super) fn begin(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
    }

    /// A body went on: what failed before does not count any more.
    pub(super) fn progress(&mut self) {
        self.in_a_row = 0;
    }

    /// How long to pause before asking again after `trouble`; `None` if that is the end of it.
    ///
    /// Only trouble that may pass is asked again. A pause is random between 0 and [`limits::RETRY_PAUSE`] doubled with each failure in a row
    /// ("full jitter", so that many clients do not come back at once); what the upstream says with `Retry-After` counts instead. It is
    /// the end if the pause would be longer than [`limits::MAX_RETRY_PAUSE`] or outlast the deadline.
    pub(super) fn again(&mut self, trouble: &Trouble) -> Option<Duration> {
        if !trouble.may_pass() || self.in_a_row >= self.retries {
            return None;
        }
        let pause = match trouble {
            Trouble::Wait(_, seconds) => Duration::from_secs(*seconds),
            _ => jitter(limits::RETRY_PAUSE.saturating_mul(1 << self.in_a_row.min(16)).min(limits::MAX_RETRY_PAUSE)),
        };
        self.in_a_row += 1;
        let left = self.deadline.saturating_duration_since(Instant::now());
        (pause <= limits::MAX_RETRY_PAUSE && pause < left).then_some(pause)
    }
}

fn jitter(most: Duration) -> Duration {
    // A fresh hasher has random keys; what it makes of nothing is random enough to spread pauses.
    let part = (RandomState::new().hash_one(()) >> 11) as f64 / (1_u64 << 53) as f64;
    most.mul_f64(part)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Tries, Trouble, limits};

    fn tries(retries: u32) -> Tries {
        Tries::new(retries, Duration::from_secs(60))
    }

    fn broken() -> Trouble {
        Trouble::Broken(String::new())
    }

    #[tokio::test(start_paused = true)]
    async fn retries_are_counted_and_progress_starts_the_count_again() {
        let mut tries = tries(2);
        assert!(tries.again(&broken()).is_some());
        assert!(tries.again(&broken()).is_some());
        assert_eq!(tries.again(&broken()), None);
        tries.progress();
        assert!(tries.again(&broken()).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn only_trouble_that_may_pass_is_asked_again() {
        assert_eq!(tries(9).again(&Trouble::Status(403, String::new())), None);
        assert_eq!(tries(9).again(&Trouble::Body(String::new())), None);
        assert!(tries(9).again(&Trouble::Status(502, String::new())).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn retry_after_is_the_pause_unless_it_is_too_long() {
        assert_eq!(tries(1).again(&Trouble::Wait(429, 3)), Some(Duration::from_secs(3)));
        assert_eq!(tries(1).again(&Trouble::Wait(429, 10)), Some(Duration::from_secs(10)));
        assert_eq!(tries(1).again(&Trouble::Wait(503, 11)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn no_pause_outlasts_the_deadline() {
        let mut tries = Tries::new(1, Duration::from_secs(3));
        assert_eq!(tries.again(&Trouble::Wait(429, 3)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_differ_and_stay_below_the_bound() {
        let longest = |failures: u32| {
            (0..64)
                .filter_map(|_| {
                    let mut tries = tries(99);
                    tries.in_a_row = failures;
                    tries.again(&broken())
                })
                .max()
                .expect("a pause")
        };
        assert!(longest(0) <= limits::RETRY_PAUSE);
        assert!(longest(3) > limits::RETRY_PAUSE && longest(3) <= limits::RETRY_PAUSE * 8);
        assert!(longest(40) > Duration::from_secs(5) && longest(40) <= limits::MAX_RETRY_PAUSE);
        assert_ne!(super::jitter(limits::MAX_RETRY_PAUSE), super::jitter(limits::MAX_RETRY_PAUSE));
    }
}

//! When to leave an upstream alone for a while.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use plan::Trouble;
use tokio::time::Instant;

use crate::settings::Breaker;

/// The state of one hop's circuit breaker.
///
/// Closed until [`Breaker::failures`] in a row; then open for [`Breaker::pause`]. After each pause one caller is let through and the door
/// closes behind it for another pause; its success opens the door for all. A caller that is let through and goes away without asking
/// therefore costs one pause, and nothing needs to be handed back.
#[derive(Debug)]
pub(super) struct Fuse {
    rule: Breaker,
    state: Mutex<State>,
}

#[derive(Default, Debug)]
struct State {
    failures: u32,
    open_until: Option<Instant>,
}

impl Fuse {
    pub(super) fn new(rule: Breaker) -> Self {
        Self { rule, state: Mutex::default() }
    }

    /// Seconds, rounded up, until the next try; `None` for whoever may ask now.
    pub(super) fn skip(&self) -> Option<u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = state.open_until?;
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            state.open_until = Some(Instant::now() + self.rule.pause);
            return None;
        }
        Some(seconds(left))
    }

    /// Takes note of how asking ended: `None` for any answer, "does not exist" included.
    pub(super) fn note(&self, trouble: Option<&Trouble>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !trouble.is_some_and(counts) {
            *state = State::default();
            return;
        }
        state.failures = state.failures.saturating_add(1);
        if self.rule.failures > 0 && state.failures >= self.rule.failures {
            state.open_until = Some(Instant::now() + self.rule.pause);
        }
    }
}

/// True for trouble with the upstream itself, not with the one thing that was asked for.
fn counts(trouble: &Trouble) -> bool {
    match trouble {
        Trouble::Dns(_) | Trouble::Connect(_) | Trouble::Tls(_) | Trouble::ForwardProxy(_) => true,
        Trouble::Broken(_) | Trouble::Deadline(..) => true,
        Trouble::Status(status, _) | Trouble::Wait(status, _) => *status >= 500 || *status == 429,
        Trouble::Redirect(_)
        | Trouble::Body(_)
        | Trouble::TooLarge(_)
        | Trouble::Skipped(_)
        | Trouble::Refused(_)
        | Trouble::Vcs(_)
        | Trouble::NoVersion(_)
        | Trouble::Tree(_) => false,
    }
}

fn seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::{Breaker, Duration, Fuse, Trouble};

    fn fuse() -> Fuse {
        Fuse::new(Breaker { failures: 3, pause: Duration::from_secs(30) })
    }

    fn fail(fuse: &Fuse, times: u32) {
        (0..times).for_each(|_| fuse.note(Some(&Trouble::Status(503, String::new()))));
    }

    #[tokio::test(start_paused = true)]
    async fn failures_in_a_row_open_it_and_an_answer_between_them_does_not() {
        let fuse = fuse();
        fail(&fuse, 2);
        fuse.note(None);
        fail(&fuse, 2);
        assert_eq!(fuse.skip(), None);
        fail(&fuse, 1);
        assert_eq!(fuse.skip(), Some(30));
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_pause_one_caller_tries_for_all() {
        let fuse = fuse();
        fail(&fuse, 3);
        tokio::time::advance(Duration::from_millis(29_500)).await;
        assert_eq!(fuse.skip(), Some(1));
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(fuse.skip(), None, "the one who tries");
        assert_eq!(fuse.skip(), Some(30), "everybody else");
        fuse.note(None);
        assert_eq!(fuse.skip(), None, "open for all");
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_try_keeps_it_open() {
        let fuse = fuse();
        fail(&fuse, 3);
        tokio::time::advance(Duration::from_secs(30)).await;
        assert_eq!(fuse.skip(), None);
        tokio::time::advance(Duration::from_secs(10)).await;
        fail(&fuse, 1);
        assert_eq!(fuse.skip(), Some(30));
    }

    #[tokio::test(start_paused = true)]
    async fn only_trouble_with_the_upstream_itself_counts() {
        let check = |trouble: Trouble, opens: bool| {
            let fuse = Fuse::new(Breaker { failures: 1, pause: Duration::from_secs(30) });
            fuse.note(Some(&trouble));
            assert_eq!(fuse.skip().is_some(), opens, "{trouble:?}");
        };
        check(Trouble::Connect(String::new()), true);
        check(Trouble::Status(500, String::new()), true);
        check(Trouble::Wait(429, 60), true);
        check(Trouble::Status(403, String::new()), false);
        check(Trouble::Body(String::new()), false);
        check(Trouble::TooLarge(1), false);
    }

    #[tokio::test(start_paused = true)]
    async fn zero_failures_never_open_it() {
        let fuse = Fuse::new(Breaker { failures: 0, pause: Duration::from_secs(30) });
        fail(&fuse, 100);
        assert_eq!(fuse.skip(), None);
    }
}

//! Answers that are kept for a while, and asked for by one at a time.

use std::{future::Future, time::Duration};

use quick_cache::sync::Cache;
use tokio::time::Instant;

/// Answers by their key, each until its own time is over; at most so many.
pub(super) struct Kept<V> {
    answers: Cache<String, (Instant, V)>,
}

impl<V: Clone> Kept<V> {
    pub(super) fn new(most: usize) -> Self {
        Self { answers: Cache::new(most) }
    }

    /// The kept answer, or that of `ask`, which says how long it is to be kept. Who asks for the same meanwhile waits for it.
    ///
    /// May be dropped at any await: if it was the one to ask, one of those who wait asks anew.
    pub(super) async fn get(&self, key: &str, ask: impl Future<Output = (V, Duration)>) -> V {
        self.answers.remove_if(key, |(until, _)| *until <= Instant::now());
        match self.answers.get_value_or_guard_async(key).await {
            Ok((_, answer)) => answer,
            Err(asking) => {
                let (answer, fresh) = ask.await;
                // It fails only if the answer was dropped meanwhile; then it is asked for again.
                let _ = asking.insert((Instant::now() + fresh, answer.clone()));
                answer
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const WHILE: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_its_own_time() {
        let (kept, asked) = (Kept::new(10), AtomicU32::new(0));
        let ask = || async { (asked.fetch_add(1, Ordering::SeqCst), WHILE) };
        assert_eq!((kept.get("a", ask()).await, kept.get("a", ask()).await), (0, 0));
        assert_eq!(kept.get("b", ask()).await, 1);
        tokio::time::advance(WHILE - Duration::from_millis(1)).await;
        assert_eq!(kept.get("a", ask()).await, 0);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!((kept.get("a", ask()).await, kept.get("a", ask()).await), (2, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_want_the_same_ask_once_and_whoever_leaves_is_replaced() {
        let (kept, asked) = (Kept::new(10), AtomicU32::new(0));
        let ask = || async {
            tokio::time::sleep(WHILE).await;
            (asked.fetch_add(1, Ordering::SeqCst), WHILE)
        };
        let first = tokio::time::timeout(Duration::from_secs(1), kept.get("a", ask()));
        let (left, one, other) = tokio::join!(first, kept.get("a", ask()), kept.get("a", ask()));
        assert!(left.is_err(), "it had no patience");
        assert_eq!((one, other), (0, 0));
    }
}

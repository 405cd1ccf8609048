//! How many children one piece of work starts.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

tokio::task_local! {
    static TALLY: Arc<AtomicU64>;
}

/// Does `work` and counts the children that it starts by itself. What it only joins, such as a fetch that another one began, is counted
/// where it began.
pub async fn tallied<T>(work: impl Future<Output = T>) -> (T, u64) {
    let tally = Arc::new(AtomicU64::new(0));
    let done = TALLY.scope(Arc::clone(&tally), work).await;
    (done, tally.load(Ordering::Relaxed))
}

/// `work` with the tally of whoever calls this: for work that becomes a task of its own.
pub fn inherited<F: Future>(work: F) -> impl Future<Output = F::Output> {
    let tally = TALLY.try_with(Arc::clone).unwrap_or_default();
    TALLY.scope(tally, work)
}

/// One more.
pub(super) fn add() {
    // Outside of any tally nobody asks.
    let _ = TALLY.try_with(|tally| tally.fetch_add(1, Ordering::Relaxed));
}

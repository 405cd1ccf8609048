//! The one way to work that blocks.

use std::{panic, sync::Arc};

use tokio::sync::Semaphore;

/// Runs blocking work on threads of its own, a bounded number at a time.
#[derive(Debug)]
pub(crate) struct Blocking(Arc<Semaphore>);

impl Blocking {
    /// At most `threads` at a time.
    pub(crate) fn new(threads: usize) -> Self {
        Self(Arc::new(Semaphore::new(threads)))
    }

    /// Runs `work` to its end, even when this future is dropped once it has begun. Its panic is passed on.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let permit = Arc::clone(&self.0).acquire_owned().await.expect("nobody closes the semaphore");
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        task.await.unwrap_or_else(|end| panic::resume_unwind(end.into_panic()))
    }
}

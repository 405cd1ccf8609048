//! What one pass is bound to, and what has become of it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use plan::Trouble;
use url::Url;

use super::{
    pass::Noted,
    scope::{Scope, Tail},
};
use crate::egress::{exchange::Exchanger, follow::Step, place::At};

/// One remote, as one child reaches it.
pub(super) struct Bound {
    pub(super) exchanger: Arc<Exchanger>,
    pub(super) scope: Scope,
    pub(super) noted: Noted,
    remote: Url,
    at: At,
    /// Where the repository turned out to be, with its path; `None` while it is where it was said to be.
    moved: Mutex<Option<Arc<Step>>>,
    /// True once the repository has answered: from then on it stays where it is.
    settled: AtomicBool,
    received: AtomicU64,
}

impl Bound {
    pub(super) fn new(exchanger: Arc<Exchanger>, at: At, remote: &Url) -> Self {
        let mut remote = remote.clone();
        // A user name in a remote is no login of ours, and the path has no query.
        let _ = remote.set_username("");
        remote.set_query(None);
        remote.set_fragment(None);
        let (moved, settled, received) = (Mutex::default(), AtomicBool::new(false), AtomicU64::new(0));
        Self { scope: Scope::new(&remote), exchanger, noted: Noted::default(), remote, at, moved, settled, received }
    }

    /// Where a request for `tail` goes first.
    ///
    /// # Errors
    /// [`Trouble::Redirect`] if the repository has moved to where there is no such thing.
    pub(super) fn step(&self, tail: &Tail, query: Option<&str>) -> Result<Step, Trouble> {
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(match moved {
            None => Step { url: tail.at(&self.remote, query), at: self.at, at_home: true },
            Some(moved) => Step { url: tail.moved(&moved.url, query)?, at: moved.at, at_home: moved.at_home },
        })
    }

    /// True once the repository has answered.
    pub(super) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Relaxed)
    }

    /// The repository has answered at `step`; `base` is its place if that is a new one.
    pub(super) fn settle(&self, step: &Step, base: Option<Url>) {
        if let (Some(url), false) = (base, self.settled.swap(true, Ordering::Relaxed)) {
            let moved = Step { url, at: step.at, at_home: step.at_home };
            *self.moved.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(moved));
        }
    }

    /// Counts bytes that came from the remote.
    ///
    /// # Errors
    /// [`Trouble::TooLarge`] once there are more than one repository may send.
    pub(super) fn count(&self, bytes: usize) -> Result<(), Trouble> {
        let before = self.received.fetch_add(bytes as u64, Ordering::Relaxed);
        let limit = self.exchanger.repository_bytes;
        if before.saturating_add(bytes as u64) > limit { Err(Trouble::TooLarge(limit)) } else { Ok(()) }
    }

    /// The `place` of the rule that the remote falls under.
    pub(super) fn at(&self) -> At {
        self.at
    }
}

//! Lookups that a checksum database answered with "does not exist", believed for a short while.
//!
//! Only in memory: after a restart everything is asked for again. Trouble is never remembered.

use plan::{Freshness, freshness::Age};
use quick_cache::sync::Cache;

use crate::{clock::Clock, limits};

/// What was not there, by path.
pub struct Absent {
    clock: Clock,
    freshness: Freshness,
    /// When it was said, and in which words.
    said: Cache<String, (i64, String)>,
}

impl Absent {
    /// Believes what it is told for as long as `freshness` has it for modules, by `clock`.
    pub fn new(freshness: Freshness, clock: Clock) -> Self {
        Self { clock, freshness, said: Cache::new(limits::MAX_ABSENT_LOOKUPS) }
    }

    /// The words with which it was said of `path` a moment ago that it does not exist.
    pub(super) fn find(&self, path: &str) -> Option<String> {
        let (at, words) = self.said.get(path)?;
        (self.freshness.age_of_absence(at, self.clock.now()) == Age::Fresh).then_some(words)
    }

    /// It was said of `path` just now.
    pub(super) fn note(&self, path: &str, words: &str) {
        self.said.insert(path.to_owned(), (self.clock.now(), words.to_owned()));
    }
}

//! Lines that wait for the one task that writes them.
//!
//! They wait as the text that will be the records, one behind the other, in batches that are written under one head each. What bounds them is
//! their bytes.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::limits;

/// Lines for one head.
#[derive(Debug)]
pub(super) struct Batch {
    /// Each with its line feed.
    pub(super) lines: String,
    pub(super) count: u64,
    /// The time of the first one, in milliseconds since the Unix epoch.
    pub(super) from_ms: i64,
    /// That of the last one.
    pub(super) to_ms: i64,
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    /// For who takes: there is a first line, a whole batch, or nothing more to come.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    /// The last one grows.
    batches: VecDeque<Batch>,
    size_bytes: usize,
    count: u64,
    is_closed: bool,
}

/// Whether a line that does not fit must be taken all the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    /// It is not taken.
    Bounded,
    /// It is: somebody was answered because there was room, and others came between.
    Promised,
}

impl Queue {
    /// Takes a line; answers how many wait by now, `None` if it was not taken.
    pub(super) fn push(&self, line: &str, time_ms: i64, room: Room) -> Option<u64> {
        let mut inner = self.lock();
        if inner.is_closed || (room == Room::Bounded && inner.is_full()) {
            return None;
        }
        inner.size_bytes += line.len();
        inner.count += 1;
        let is_news = match inner.batches.back_mut().filter(|batch| batch.lines.len() + line.len() <= limits::AUDIT_BATCH_BYTES) {
            Some(batch) => {
                batch.lines.push_str(line);
                batch.count += 1;
                (batch.from_ms, batch.to_ms) = (batch.from_ms.min(time_ms), batch.to_ms.max(time_ms));
                false
            }
            None => {
                inner.batches.push_back(Batch { lines: line.to_owned(), count: 1, from_ms: time_ms, to_ms: time_ms });
                true
            }
        };
        let count = inner.count;
        drop(inner);
        if is_news {
            self.changed.notify_one();
        }
        Some(count)
    }

    /// True if a line would be taken.
    pub(super) fn has_room(&self) -> bool {
        let inner = self.lock();
        !inner.is_closed && !inner.is_full()
    }

    /// What waits is still given out, and nothing comes after it.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// How many lines wait.
    pub(super) fn count(&self) -> u64 {
        self.lock().count
    }

    /// The next lines: a whole batch, or those that came within `pause` behind the first one; `None` when it is over.
    ///
    /// May be dropped at any await, nothing is lost by it.
    pub(super) async fn next(&self, pause: Duration) -> Option<Batch> {
        let mut due: Option<Instant> = None;
        loop {
            {
                let mut inner = self.lock();
                if inner.batches.is_empty() && inner.is_closed {
                    return None;
                }
                let is_due = inner.is_closed || due.is_some_and(|due| due <= Instant::now());
                if inner.batches.len() > 1 || (is_due && !inner.batches.is_empty()) {
                    return inner.take();
                }
                due = due.or_else(|| inner.batches.front().map(|_| Instant::now() + pause));
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = async { sleep_until(due.expect("lines are there")).await }, if due.is_some() => {}
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_full(&self) -> bool {
        self.size_bytes >= limits::AUDIT_WAITING_BYTES
    }

    fn take(&mut self) -> Option<Batch> {
        let batch = self.batches.pop_front()?;
        self.size_bytes -= batch.lines.len();
        self.count -= batch.count;
        Some(batch)
    }
}

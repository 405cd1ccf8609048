//! Contents of one archive are deflated by threads that are there already, while the archive still arrives.
//!
//! A thread of its own would cost a small archive more than all its files: fresh memory for a deflater is what is dear. So a short archive is
//! deflated by whoever reads it, and a long one gets help from the threads that block for us anyway. Nobody waits for help that does not
//! come: when the queue is full, and at the end, whoever reads deflates too.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
};

use gomod::zip::create::Deflated;
use tokio::runtime::Handle;

use super::remembered::Remembered;
use crate::limits;

/// Contents that wait to be deflated, with the places of their files in the tree. Many at a time: to wake a thread costs more than most files.
type Batch = Vec<(usize, Vec<u8>)>;

/// Contents that are deflated, with the places of their files in the tree.
pub(super) type Done = Vec<(usize, Arc<Deflated>)>;

/// The contents of one archive.
pub(super) struct Ahead {
    shared: Arc<Shared>,
    batch: Batch,
    batch_bytes: u64,
    helpers: usize,
}

struct Shared {
    remembered: Remembered,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Batch>,
    done: Done,
    /// Helpers that have a batch.
    busy: usize,
    /// Nothing more will wait.
    is_closed: bool,
}

impl Ahead {
    pub(super) fn new(remembered: &Remembered) -> Self {
        let shared = Shared { remembered: remembered.clone(), state: Mutex::default(), changed: Condvar::new() };
        Self { shared: Arc::new(shared), batch: Batch::new(), batch_bytes: 0, helpers: 0 }
    }

    /// Takes the content of the file at `place` in the tree.
    pub(super) fn add(&mut self, place: usize, content: Vec<u8>) {
        self.batch_bytes += content.len() as u64;
        self.batch.push((place, content));
        if self.batch_bytes >= limits::DEFLATED_BATCH_BYTES {
            self.batch_bytes = 0;
            self.hand_over();
        }
    }

    /// All that was taken, deflated, in no order.
    pub(super) fn finish(mut self) -> Done {
        let last = mem::take(&mut self.batch);
        self.shared.deflate(last);
        let mut state = self.shared.state();
        state.is_closed = true;
        self.shared.changed.notify_all();
        while let Some(batch) = state.waiting.pop_front() {
            drop(state);
            self.shared.deflate(batch);
            state = self.shared.state();
        }
        while state.busy > 0 {
            state = self.shared.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        mem::take(&mut state.done)
    }

    fn hand_over(&mut self) {
        let batch = mem::take(&mut self.batch);
        let mut state = self.shared.state();
        if state.waiting.len() >= limits::DEFLATED_AT_ONCE {
            drop(state);
            return self.shared.deflate(batch);
        }
        state.waiting.push_back(batch);
        drop(state);
        self.shared.changed.notify_one();
        self.call_help();
    }

    fn call_help(&mut self) {
        if self.helpers < most_helpers()
            && let Ok(runtime) = Handle::try_current()
        {
            self.helpers += 1;
            let shared = Arc::clone(&self.shared);
            runtime.spawn_blocking(move || shared.help());
        }
    }
}

/// Whoever helps goes when the reading ends, however it ends.
impl Drop for Ahead {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.is_closed = true;
        state.waiting.clear();
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn help(&self) {
        let mut state = self.state();
        loop {
            if let Some(batch) = state.waiting.pop_front() {
                state.busy += 1;
                drop(state);
                let _busy = Busy(self);
                self.deflate(batch);
            } else if state.is_closed {
                return;
            } else {
                drop(self.changed.wait(state).unwrap_or_else(PoisonError::into_inner));
            }
            state = self.state();
        }
    }

    fn deflate(&self, batch: Batch) {
        if batch.is_empty() {
            return;
        }
        let mut deflater = self.remembered.deflater();
        let deflate = |(place, content): (usize, Vec<u8>)| (place, self.remembered.deflated(&content, &mut deflater));
        let deflated: Done = batch.into_iter().map(deflate).collect();
        self.state().done.extend(deflated);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A helper with a batch; also one that panics is waited for no longer.
struct Busy<'a>(&'a Shared);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.state().busy -= 1;
        self.0.changed.notify_all();
    }
}

/// Threads that help with one archive; git itself takes a core.
fn most_helpers() -> usize {
    static CORES: OnceLock<usize> = OnceLock::new();
    let cores = *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
    cores.min(limits::DEFLATERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` contents, each of half a batch and unlike the others.
    fn contents(count: usize) -> Vec<Vec<u8>> {
        let half = limits::DEFLATED_BATCH_BYTES as usize / 2;
        (0..count).map(|n| format!("{n} ").repeat(half / format!("{n} ").len() + 1)).map(String::into_bytes).collect()
    }

    fn deflated(contents: &[Vec<u8>]) -> Vec<(usize, u64)> {
        let mut ahead = Ahead::new(&Remembered::default());
        for (place, content) in contents.iter().enumerate() {
            ahead.add(place, content.clone());
        }
        let mut done: Vec<_> = ahead.finish().into_iter().map(|(place, deflated)| (place, deflated.sums.size_bytes)).collect();
        done.sort_unstable();
        done
    }

    fn wanted(contents: &[Vec<u8>]) -> Vec<(usize, u64)> {
        contents.iter().enumerate().map(|(place, content)| (place, content.len() as u64)).collect()
    }

    #[test]
    fn all_is_deflated_once_with_help_and_where_nobody_can_help() {
        // More than may wait.
        let many = contents(4 * limits::DEFLATED_AT_ONCE + 1);
        for contents in [&many[..0], &many[..1], &many[..3], &many[..]] {
            assert_eq!(deflated(contents), wanted(contents), "alone");
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _inside = runtime.enter();
            assert_eq!(deflated(contents), wanted(contents), "with help");
        }
    }

    #[test]
    fn help_that_comes_never_keeps_nobody_waiting() {
        // The only thread that blocks is taken until the end.
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let (go, wait) = std::sync::mpsc::channel::<()>();
        runtime.spawn_blocking(move || wait.recv());
        let contents = contents(2 * limits::DEFLATED_AT_ONCE);
        let _inside = runtime.enter();
        assert_eq!(deflated(&contents), wanted(&contents));
        drop(go);
    }

    #[test]
    fn helpers_go_when_the_reading_ends_early() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let ahead = {
            let _inside = runtime.enter();
            let mut ahead = Ahead::new(&Remembered::default());
            contents(6).into_iter().enumerate().for_each(|(place, content)| ahead.add(place, content));
            Arc::downgrade(&{ ahead }.shared)
        };
        // A runtime ends once its blocking threads have.
        drop(runtime);
        assert!(ahead.upgrade().is_none(), "nobody holds it any more");
    }
}

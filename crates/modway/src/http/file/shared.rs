//! Frames that several readers ask for within a short time, read once for all of them.
//!
//! Copying a frame out of the page cache is a good part of what serving it costs. A fleet that starts at once asks for the same zips, so a frame
//! that is asked for again soon is kept for the next reader. What is asked for once only is never kept: it would push the others out.

use std::{
    collections::VecDeque,
    fs::File,
    ptr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use bytes::Bytes;

use crate::http::limits::{MAX_SEEN_FRAMES, MAX_SHARED_FRAMES, MIN_SHARED_BUFFER_BYTES};

/// The frames of files that never change.
#[derive(Default)]
pub(super) struct Shared(Mutex<Frames>);

#[derive(Default)]
struct Frames {
    /// Asked for once, the oldest first.
    seen: VecDeque<Place>,
    /// Asked for again, the one that was not used for longest first.
    kept: VecDeque<(Place, Bytes)>,
}

/// A position of a file. It holds the file's identity, but does not keep it open.
struct Place {
    file: Weak<File>,
    at: u64,
}

impl Place {
    fn is(&self, file: &Arc<File>, at: u64) -> bool {
        self.at == at && ptr::eq(self.file.as_ptr(), Arc::as_ptr(file))
    }
}

impl Shared {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Frames { seen: VecDeque::new(), kept: VecDeque::new() }))
    }

    /// The bytes of `file` at `at`, at most `most`, if they are kept.
    pub(super) fn find(&self, file: &Arc<File>, at: u64, most: usize) -> Option<Bytes> {
        let kept = &mut self.0.lock().unwrap_or_else(PoisonError::into_inner).kept;
        let found = kept.iter().position(|(place, _)| place.is(file, at))?;
        let frame = kept.remove(found).expect("its position was just found");
        let bytes = frame.1.slice(..frame.1.len().min(most));
        kept.push_back(frame);
        Some(bytes)
    }

    /// `bytes` were read from `file` at `at`, and are not kept.
    pub(super) fn note(&self, file: &Arc<File>, at: u64, bytes: &Bytes) {
        if bytes.len() < MIN_SHARED_BUFFER_BYTES {
            return;
        }
        let mut frames = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = Place { file: Arc::downgrade(file), at };
        if let Some(again) = frames.seen.iter().position(|seen| seen.is(file, at)) {
            frames.seen.remove(again);
            push(&mut frames.kept, (place, bytes.clone()), MAX_SHARED_FRAMES);
        } else {
            push(&mut frames.seen, place, MAX_SEEN_FRAMES);
        }
    }
}

/// Adds `one`; the oldest goes where there are `most` already.
fn push<T>(queue: &mut VecDeque<T>, one: T, most: usize) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> Arc<File> {
        Arc::new(tempfile::tempfile().unwrap())
    }

    fn frame(byte: u8) -> Bytes {
        vec![byte; MIN_SHARED_BUFFER_BYTES].into()
    }

    #[test]
    fn a_frame_is_kept_from_the_second_time_on_and_for_its_own_place_only() {
        let (shared, one, other) = (Shared::default(), file(), file());
        shared.note(&one, 7, &frame(1));
        assert_eq!(shared.find(&one, 7, usize::MAX), None);
        shared.note(&one, 7, &frame(1));
        assert_eq!(shared.find(&one, 7, usize::MAX), Some(frame(1)));
        assert_eq!(shared.find(&one, 7, 3).as_deref(), Some(&[1, 1, 1][..]));
        assert_eq!((shared.find(&one, 8, 1), shared.find(&other, 7, 1)), (None, None));
    }

    #[test]
    fn short_frames_are_not_worth_a_place() {
        let (shared, file) = (Shared::default(), file());
        let short = frame(1).slice(1..);
        for _ in 0..2 {
            shared.note(&file, 0, &short);
        }
        assert_eq!(shared.find(&file, 0, usize::MAX), None);
    }

    #[test]
    fn what_is_asked_for_once_pushes_nothing_out_and_what_is_used_stays_longest() {
        let (shared, file) = (Shared::default(), file());
        let keep = |at| (0..2).for_each(|_| shared.note(&file, at, &frame(1)));
        let is_kept = |at| shared.find(&file, at, 1).is_some();
        (0..MAX_SHARED_FRAMES as u64).for_each(keep);
        (1000..1000 + 2 * MAX_SEEN_FRAMES as u64).for_each(|at| shared.note(&file, at, &frame(2)));
        assert!(is_kept(0));
        keep(2000);
        assert_eq!((is_kept(0), is_kept(1), is_kept(2), is_kept(2000)), (true, false, true, true));
        let frames = shared.0.lock().unwrap();
        // The one that was asked for again has left the seen ones for the kept ones.
        assert_eq!((frames.kept.len(), frames.seen.len()), (MAX_SHARED_FRAMES, MAX_SEEN_FRAMES - 1));
    }

    #[test]
    fn a_kept_frame_does_not_keep_its_file_open() {
        let (shared, file) = (Shared::default(), file());
        (0..2).for_each(|_| shared.note(&file, 0, &frame(1)));
        assert!(Arc::into_inner(file).is_some());
    }
}

//! Contents that were deflated lately, and the deflaters. The versions of a repository have most of their files in common.

use std::{
    collections::{HashMap, VecDeque},
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

use gomod::zip::create::{Deflated, Deflater};
use sha2::{Digest as _, Sha256};

use crate::limits;

/// By the SHA-256 of the content; those deflated first go first. Cheap to clone; one for all repositories, for what is remembered is a
/// function of the content alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Remembered {
    lately: Arc<Mutex<Lately>>,
    idle: Arc<Mutex<Vec<Deflater>>>,
}

#[derive(Debug, Default)]
struct Lately {
    by_sha256: HashMap<[u8; 32], Arc<Deflated>>,
    order: VecDeque<[u8; 32]>,
    bytes: usize,
}

/// What one costs besides its bytes.
const ENTRY_BYTES: usize = 256;

impl Remembered {
    /// `content` deflated, now or before.
    pub(super) fn deflated(&self, content: &[u8], deflater: &mut Deflater) -> Arc<Deflated> {
        let sha256 = Sha256::digest(content).into();
        if let Some(known) = self.lately(|lately| lately.by_sha256.get(&sha256).cloned()) {
            return known;
        }
        let deflated = Arc::new(deflater.ahead(content, sha256));
        self.lately(|lately| lately.add(&deflated));
        deflated
    }

    /// A deflater, an idle one if there is: a new one takes fresh memory, which costs more than most files.
    pub(super) fn deflater(&self) -> Lent<'_> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Lent { deflater: Some(idle.unwrap_or_default()), to: &self.idle }
    }

    fn lately<T>(&self, look: impl FnOnce(&mut Lately) -> T) -> T {
        look(&mut self.lately.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A deflater that goes back when this is dropped.
pub(super) struct Lent<'a> {
    deflater: Option<Deflater>,
    to: &'a Mutex<Vec<Deflater>>,
}

impl Deref for Lent<'_> {
    type Target = Deflater;

    fn deref(&self) -> &Deflater {
        self.deflater.as_ref().expect("only drop takes it")
    }
}

impl DerefMut for Lent<'_> {
    fn deref_mut(&mut self) -> &mut Deflater {
        self.deflater.as_mut().expect("only drop takes it")
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut idle = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < limits::IDLE_DEFLATERS {
            idle.extend(self.deflater.take());
        }
    }
}

impl Lately {
    fn add(&mut self, deflated: &Arc<Deflated>) {
        let sha256 = deflated.sums.sha256;
        if self.by_sha256.insert(sha256, Arc::clone(deflated)).is_some() {
            return;
        }
        self.order.push_back(sha256);
        self.bytes += ENTRY_BYTES + deflated.bytes.len();
        while self.bytes > limits::DEFLATED_REMEMBERED_BYTES
            && let Some(oldest) = self.order.pop_front()
        {
            let gone = self.by_sha256.remove(&oldest);
            self.bytes -= ENTRY_BYTES + gone.map_or(0, |gone| gone.bytes.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_is_deflated_once_and_another_one_is_not_taken_for_it() {
        let (remembered, mut deflater) = (Remembered::default(), Deflater::default());
        let first = remembered.deflated(b"package a\n", &mut deflater);
        assert!(Arc::ptr_eq(&first, &remembered.deflated(b"package a\n", &mut deflater)));
        let other = remembered.deflated(b"package b\n", &mut deflater);
        assert_ne!(first.sums.sha256, other.sums.sha256);
        assert_eq!(*other, deflater.ahead(b"package b\n", Sha256::digest(b"package b\n").into()));
    }

    #[test]
    fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
        let (remembered, mut deflater) = (Remembered::default(), Deflater::default());
        // Noise does not deflate.
        let content = |n: u64| testkit::random::Random::new(n).bytes(1 << 20);
        let count = limits::DEFLATED_REMEMBERED_BYTES as u64 >> 20;
        let first = remembered.deflated(&content(0), &mut deflater);
        for n in 1..=count {
            remembered.deflated(&content(n), &mut deflater);
        }
        let (bytes, many) = remembered.lately(|lately| (lately.bytes, lately.order.len() == lately.by_sha256.len()));
        assert!(bytes <= limits::DEFLATED_REMEMBERED_BYTES && bytes > limits::DEFLATED_REMEMBERED_BYTES / 2, "{bytes}");
        assert!(many, "both know the same");
        let last = remembered.deflated(&content(count), &mut deflater);
        assert!(Arc::ptr_eq(&last, &remembered.deflated(&content(count), &mut deflater)));
        assert!(!Arc::ptr_eq(&first, &remembered.deflated(&content(0), &mut deflater)), "long gone");
    }
}

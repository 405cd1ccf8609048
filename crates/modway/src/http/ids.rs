//! Request ids: one per request, impossible to guess from another one, and cheap.

use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// Makes ids. The n-th is n's keyed hash (SipHash under a random key of this process) followed by n, so that no two are the same and
/// knowing one's own tells nothing of another's.
#[derive(Debug)]
pub(crate) struct Ids {
    key: RandomState,
    next: AtomicU64,
}

/// A request's id; prints as at most 26 letters and digits, at least 14.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Id {
    hash: u64,
    count: u64,
}

impl Ids {
    pub(crate) fn new() -> Self {
        Self { key: RandomState::new(), next: AtomicU64::new(0) }
    }

    pub(crate) fn next(&self) -> Id {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        Id { hash: self.key.hash_one(count), count }
    }
}

/// RFC 4648 base32, in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Letters that a 64-bit number needs.
const FULL: usize = 13;

impl Id {
    /// The printed id, and how much of it is used.
    pub(crate) fn text(&self) -> ([u8; 2 * FULL], usize) {
        let (mut text, mut hash, mut count, mut used) = ([0; 2 * FULL], self.hash, self.count, FULL);
        for letter in &mut text[..FULL] {
            *letter = ALPHABET[(hash & 31) as usize];
            hash >>= 5;
        }
        loop {
            text[used] = ALPHABET[(count & 31) as usize];
            (count, used) = (count >> 5, used + 1);
            if count == 0 {
                return (text, used);
            }
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (text, used) = self.text();
        text[..used].iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ_within_a_process_and_between_processes() {
        let (one, other) = (Ids::new(), Ids::new());
        let ids: HashSet<String> = (0..1000).flat_map(|_| [one.next().to_string(), other.next().to_string()]).collect();
        assert_eq!(ids.len(), 2000);
        assert!(ids.iter().all(|id| id.len() <= 26 && id.bytes().all(|byte| ALPHABET.contains(&byte))));
    }

    #[test]
    fn the_largest_id_fits() {
        assert_eq!(Id { hash: u64::MAX, count: u64::MAX }.to_string().len(), 26);
    }
}

//! A log read from one end to the other: what is kept of it is enough to tell its root, and to go on.

use super::tlog::{Hash, Tree, node_hash};

/// The roots of the complete subtrees of a log, from left to right: one for each bit of its size.
///
/// Records that are no longer there are replaced by the peaks of the log up to them: with the rest of the records the root is the same.
///
/// Invariant: as many hashes as `size` has bits that are 1, the largest subtree first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Peaks {
    size: u64,
    hashes: Vec<Hash>,
}

impl Peaks {
    /// The peaks of a log of `size` records; `None` if that many hashes are not those of such a log.
    pub fn new(size: u64, hashes: Vec<Hash>) -> Option<Self> {
        (hashes.len() == size.count_ones() as usize).then_some(Self { size, hashes })
    }

    /// How many records the log has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The peaks, the largest subtree first.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }

    /// Appends the hash of a record.
    pub fn push(&mut self, record: Hash) {
        self.size += 1;
        let complete = (0..self.size.trailing_zeros()).map_while(|_| self.hashes.pop());
        let peak = complete.fold(record, |right, left| node_hash(&left, &right));
        self.hashes.push(peak);
    }

    /// Size and root.
    pub fn tree(&self) -> Tree {
        let root = self.hashes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        root.map_or(Tree::empty(), |hash| Tree { size: self.size, hash })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sumdb::{testlog::TestLog, tlog::record_hash};

    #[test]
    fn the_root_is_that_of_the_log_from_wherever_its_records_are_read() {
        let mut log = TestLog::new(0, "");
        (0..600).for_each(|number| log.add(&format!("record {number}\n")));
        let mut peaks = Peaks::default();
        let mut later = Vec::new();
        for (number, text) in log.records.iter().enumerate() {
            assert_eq!(peaks.tree(), log.tree(number as u64));
            if [0, 1, 255, 256, 511, 512, 599].contains(&number) {
                later.push(Peaks::new(peaks.size(), peaks.hashes().to_vec()).unwrap());
            }
            peaks.push(record_hash(text.as_bytes()));
            later.iter_mut().for_each(|peaks| peaks.push(record_hash(text.as_bytes())));
        }
        later.push(peaks);
        later.iter().for_each(|peaks| assert_eq!(peaks.tree(), log.tree(600)));
    }

    #[test]
    fn there_is_a_peak_for_each_bit() {
        let hash = record_hash(b"x\n");
        assert!(
            Peaks::new(0, Vec::new()).is_some()
                && Peaks::new(256, vec![hash]).is_some()
                && Peaks::new(3, vec![hash; 2]).is_some()
        );
        assert!(
            Peaks::new(0, vec![hash]).is_none() && Peaks::new(3, vec![hash]).is_none() && Peaks::new(4, vec![hash; 2]).is_none()
        );
    }
}

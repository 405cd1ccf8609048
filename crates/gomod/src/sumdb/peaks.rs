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

/// A record whose proof is gathered while the log is read on from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    number: u64,
    /// The siblings of the complete subtrees that it is in, the smallest first.
    hashes: Vec<Hash>,
}

impl Watched {
    /// Watches the record with this number, which must be the next one to be pushed.
    pub fn new(number: u64) -> Self {
        Self { number, hashes: Vec::new() }
    }
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
        self.push_beside(record, None);
    }

    /// Appends the hash of a record, which may be the watched one itself, and notes what of it the proof of the watched one needs.
    pub fn push_beside(&mut self, record: Hash, mut watched: Option<&mut Watched>) {
        self.size += 1;
        let (mut peak, mut width) = (record, 1);
        while let Some(left) = (self.size & width == 0).then(|| self.hashes.pop()).flatten() {
            if let Some(watched) = &mut watched {
                let behind = self.size - watched.number;
                match behind {
                    _ if behind <= width => watched.hashes.push(left),
                    _ if behind <= 2 * width => watched.hashes.push(peak),
                    _ => (),
                }
            }
            (peak, width) = (node_hash(&left, &peak), 2 * width);
        }
        self.hashes.push(peak);
    }

    /// The proof that the watched record is in the log, as it is by now: its sibling first, the root's child last.
    ///
    /// Source: RFC 6962, section 2.1.1.
    pub fn inclusion(&self, watched: &Watched) -> Vec<Hash> {
        let (mut hashes, mut end, mut own) = (watched.hashes.clone(), 0, 0);
        for (index, bit) in (0..u64::BITS).rev().filter(|bit| self.size >> bit & 1 == 1).enumerate() {
            end += 1 << bit;
            if watched.number < end {
                own = index;
                break;
            }
        }
        hashes.extend(self.hashes.iter().skip(own + 1).rev().copied().reduce(|right, left| node_hash(&left, &right)));
        hashes.extend(self.hashes.iter().take(own).rev());
        hashes
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
    use crate::sumdb::{
        testlog::TestLog,
        tlog::{check_record, record_hash},
    };

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
    fn a_watched_record_is_proven_at_every_later_size_wherever_the_reading_began() {
        let hash = |number: u64| record_hash(format!("record {number}\n").as_bytes());
        for from in [0, 3, 4, 7, 12] {
            let mut begin = Peaks::default();
            (0..from).for_each(|number| begin.push(hash(number)));
            for number in from..from + 9 {
                let (mut peaks, mut watched) = (begin.clone(), Watched::new(number));
                (from..number).for_each(|before| peaks.push(hash(before)));
                for size in number + 1..40 {
                    peaks.push_beside(hash(size - 1), Some(&mut watched));
                    let (proof, root) = (peaks.inclusion(&watched), peaks.tree().hash);
                    assert_eq!(check_record(&proof, size, &root, number, &hash(number)), Ok(()), "{from} {number} {size}");
                }
            }
        }
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

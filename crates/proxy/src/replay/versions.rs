//! Second records of a version, found in bounded memory: what is known of each record is sorted in runs of a fixed length, which rest in a
//! temporary file and are read side by side at the end.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    fs::File,
    io::{self, BufReader, BufWriter, Read as _, Write as _},
};

use sha2::{Digest as _, Sha256};

use crate::limits;

/// What is known of a record: a hash of its version, its number, a hash of its text. Sorted, the first record of a version comes first.
type Entry = [u64; 3];

/// The versions that were seen, each with the number of its record.
pub(super) struct Versions {
    here: Vec<Entry>,
    runs: Vec<File>,
    /// Entries that rest in memory.
    most: usize,
}

/// A record of a version that has one already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Second {
    /// Its number.
    pub(super) number: u64,
    /// The number of the first one.
    pub(super) first: u64,
    /// Whether both say the same.
    pub(super) same: bool,
}

impl Default for Versions {
    fn default() -> Self {
        Self::of(limits::REPLAY_RUN)
    }
}

impl Versions {
    fn of(most: usize) -> Self {
        Self { here: Vec::new(), runs: Vec::new(), most }
    }

    /// Notes that the record `number` of the version `key` says `text`.
    pub(super) fn saw(&mut self, key: &str, number: u64, text: &[u8]) -> io::Result<()> {
        self.here.push([short(key.as_bytes()), number, short(text)]);
        if self.here.len() < self.most {
            return Ok(());
        }
        self.here.sort_unstable();
        let mut out = BufWriter::new(tempfile::tempfile()?);
        for field in self.here.drain(..).flatten() {
            out.write_all(&field.to_le_bytes())?;
        }
        let mut file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        io::Seek::rewind(&mut file)?;
        self.runs.push(file);
        Ok(())
    }

    /// The second records with the lowest numbers, at most `most` of them in the order of the log, and how many more there are.
    pub(super) fn seconds(mut self, most: usize) -> io::Result<(Vec<Second>, u64)> {
        self.here.sort_unstable();
        let mut runs: Vec<Run> = self.runs.into_iter().map(|file| Run::Resting(BufReader::new(file))).collect();
        runs.push(Run::Here(self.here.into_iter()));
        let mut heap = BinaryHeap::new();
        for (index, run) in runs.iter_mut().enumerate() {
            heap.extend(run.next()?.map(|entry| Reverse((entry, index))));
        }
        let (mut first, mut lowest, mut more) = (None::<Entry>, BTreeMap::new(), 0);
        while let Some(Reverse((entry, index))) = heap.pop() {
            heap.extend(runs[index].next()?.map(|next| Reverse((next, index))));
            let [key, number, text] = entry;
            match first {
                Some([known, earlier, said]) if known == key => {
                    lowest.insert(number, Second { number, first: earlier, same: said == text });
                    if lowest.len() > most {
                        lowest.pop_last();
                        more += 1;
                    }
                }
                Some(_) | None => first = Some(entry),
            }
        }
        Ok((lowest.into_values().collect(), more))
    }
}

/// Sorted entries, read one after the other.
enum Run {
    Resting(BufReader<File>),
    Here(std::vec::IntoIter<Entry>),
}

impl Run {
    fn next(&mut self) -> io::Result<Option<Entry>> {
        let file = match self {
            Self::Here(entries) => return Ok(entries.next()),
            Self::Resting(file) => file,
        };
        let mut bytes = [0; 24];
        match file.read_exact(&mut bytes) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut entry = [0; 3];
        for (field, bytes) in entry.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *field = u64::from_le_bytes(*bytes);
        }
        Ok(Some(entry))
    }
}

/// The first eight bytes of a SHA-256: of 10^8 versions no two have the same, but for one time in four thousand.
fn short(bytes: &[u8]) -> u64 {
    let sum: [u8; 32] = Sha256::digest(bytes).into();
    u64::from_be_bytes(*sum.first_chunk().expect("32 bytes begin with 8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten versions again and again, in runs of this length; the second and third records of each are found.
    #[track_caller]
    fn check(run: usize, most: usize, found: usize) {
        let mut versions = Versions::of(run);
        for number in 0..30 {
            let text = if number == 25 { "otherwise" } else { "the same" };
            versions.saw(&format!("m@v1.{}.0", number % 10), number, text.as_bytes()).expect("a temporary file");
        }
        let (seconds, more) = versions.seconds(most).expect("a temporary file");
        let expected = (10..30).map(|number| Second { number, first: number % 10, same: number != 25 });
        assert_eq!(seconds, expected.take(found).collect::<Vec<_>>(), "runs of {run}");
        assert_eq!(more, 20 - found as u64);
    }

    #[test]
    fn second_records_are_found_across_runs_in_the_order_of_the_log() {
        for run in [1, 7, 10, 30, 31] {
            check(run, 100, 20);
            check(run, 6, 6);
        }
        assert_eq!(Versions::of(3).seconds(5).expect("nothing to read"), (Vec::new(), 0));
    }
}

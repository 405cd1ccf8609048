//! Whether an export is what was signed: all of it, unchanged, in order; and the proof of one line of it, which needs nothing else.

use std::{
    cmp::Ordering,
    io::{self, BufRead},
};

use gomod::sumdb::{
    grow::FULL,
    inclusion::InclusionProof,
    note::{self, VerifierKey},
    peaks::{Peaks, Watched},
    tlog::{Hash, Tree, record_hash},
};
use serde::Deserialize;

use super::Line;
use crate::limits;

/// What an export was found to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proven {
    /// The number of the first line that is there; a signed line says that those before were forgotten.
    pub from: u64,
    /// The tree that is signed, and that the lines make.
    pub tree: Tree,
}

/// Which line is to be proven by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// That of the record with this number.
    Number(u64),
    /// That of the request with this id.
    Request(String),
}

/// Why an export is not what was signed.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// It could not be read.
    #[error("reading the export")]
    Read(#[from] io::Error),
    /// It ends before its head, or has more behind it, or a line of it is of another form.
    #[error("line {line} is not that of an export, or the export does not end where it should")]
    Form {
        /// The line of the file, counted from 1.
        line: u64,
    },
    /// A record is not the one whose hash stands beside it.
    #[error("line {line}: record {number} was changed")]
    Changed {
        /// The line of the file, counted from 1.
        line: u64,
        /// The number that it says it has.
        number: u64,
    },
    /// A record is missing, or stands at another's place.
    #[error("line {line}: here should be record {expected}, and is record {found}: one was deleted, moved or put in")]
    Order {
        /// The line of the file, counted from 1.
        line: u64,
        /// The number that comes next.
        expected: u64,
        /// The number that is there.
        found: u64,
    },
    /// The head is not signed by the key.
    #[error("the head is not signed by {key}")]
    Head {
        /// The key's name.
        key: String,
    },
    /// The lines agree among themselves, and are not those that were signed.
    #[error("the lines are not those that were signed at {size} records: something was changed, and its hash with it")]
    Root {
        /// The size of the signed tree.
        size: u64,
    },
    /// Lines are missing at the beginning: their hashes are right, which anybody who had the lines can make, but the log does not say that it forgot them.
    #[error(
        "lines before {from} are missing, and no line says that they were forgotten: who made the export, or had it since, must bring them"
    )]
    Missing {
        /// The number of the first line that is there.
        from: u64,
    },
    /// A head that was signed earlier is of another history: what was in the log then was changed later, and signed again.
    #[error("an earlier head of {size} records is of another history: what it signed was changed since, and signed again")]
    Earlier {
        /// The size of the earlier tree.
        size: u64,
    },
    /// A head that was signed earlier speaks of lines that were forgotten or were never there, so nothing can be said.
    #[error("an earlier head of {size} records cannot be looked at: the export has records {from} to {to}")]
    Beyond {
        /// The size of the earlier tree.
        size: u64,
        /// The first record that is there.
        from: u64,
        /// The one behind the last.
        to: u64,
    },
    /// The line that was asked for is not in the export.
    #[error("{} is not in the export, which has the records from {from} on, and {to} is the next one", told(.wanted))]
    NoLine {
        /// What was asked for.
        wanted: Wanted,
        /// The first record that is there.
        from: u64,
        /// The one behind the last.
        to: u64,
    },
    /// The export has no checkpoint, without which a line cannot be proven by itself.
    #[error("the export has no checkpoint: it was written by a modway that knew none; write it anew")]
    NoCheckpoint,
}

fn told(wanted: &Wanted) -> String {
    match wanted {
        Wanted::Number(number) => format!("record {number}"),
        Wanted::Request(id) => format!("request {id}"),
    }
}

#[derive(Deserialize)]
struct Begin {
    from: u64,
    peaks: Vec<String>,
}

#[derive(Deserialize)]
struct End {
    head: String,
    checkpoint: Option<String>,
}

/// The line that is wanted, once it was met.
struct Met {
    number: u64,
    record: Vec<u8>,
    watched: Watched,
}

/// Proves an export by the log's key alone. `earlier` are heads, whole signed notes, that were kept from before: they must be of the same history, which is
/// what shows a log that its owner changed and signed again.
///
/// Reads line by line, in memory that does not grow.
///
/// # Errors
/// [`Unproven`], with the first line that is wrong.
pub fn prove(export: impl BufRead, key: &VerifierKey, earlier: &[String]) -> Result<Proven, Unproven> {
    walk(export, key, earlier, None).map(|(proven, ..)| proven)
}

/// Proves an export as [`prove`] does, and one line of it by itself: the proof, whose extra data is the record, shows whoever has it and the key, and
/// nothing else, that the line stands in the log under its number.
///
/// # Errors
/// [`Unproven`].
pub fn prove_line(
    export: impl BufRead,
    key: &VerifierKey,
    earlier: &[String],
    wanted: &Wanted,
) -> Result<(Proven, InclusionProof), Unproven> {
    let (proven, peaks, end, met) = walk(export, key, earlier, Some(wanted))?;
    let met = met.ok_or(Unproven::NoLine { wanted: wanted.clone(), from: proven.from, to: proven.tree.size })?;
    let (hashes, note) = (peaks.inclusion(&met.watched), end.checkpoint.ok_or(Unproven::NoCheckpoint)?);
    let proof = InclusionProof { extra: met.record, index: met.number, hashes, note };
    // The checkpoint is as little believed as the rest of the export.
    let checked = proof.check(&proof.extra, key).ok().filter(|tree| *tree == proven.tree);
    checked.ok_or_else(|| Unproven::Head { key: key.name().to_owned() })?;
    Ok((proven, proof))
}

/// The number of the first record that two exports of one log do not have in common, as far as both have it; `None` if there is none. Nothing is proven by it:
/// it names the line where a log was changed and signed again.
///
/// # Errors
/// [`Unproven::Form`] and [`Unproven::Read`].
pub fn first_difference(one: impl BufRead, other: impl BufRead) -> Result<Option<u64>, Unproven> {
    let (mut one, mut other) = (Lines { export: one, line: 0 }, Lines { export: other, line: 0 });
    let (mut a, mut b) = (one.record()?, other.record()?);
    while let (Some((number, record)), Some((other_number, other_record))) = (&a, &b) {
        match number.cmp(other_number) {
            Ordering::Less => a = one.record()?,
            Ordering::Greater => b = other.record()?,
            Ordering::Equal if record != other_record => return Ok(Some(*number)),
            Ordering::Equal => (a, b) = (one.record()?, other.record()?),
        }
    }
    Ok(None)
}

fn walk(
    export: impl BufRead,
    key: &VerifierKey,
    earlier: &[String],
    wanted: Option<&Wanted>,
) -> Result<(Proven, Peaks, End, Option<Met>), Unproven> {
    let mut earlier = earlier.iter().map(|note| signed(note, key)).collect::<Result<Vec<_>, _>>()?;
    let (mut lines, mut at, mut met, mut forgotten) = (Lines { export, line: 0 }, Vec::new(), None, 0);
    let mut peaks = lines.next(&mut at)?.then(|| begin(&at)).flatten().ok_or(Unproven::Form { line: 1 })?;
    let from = peaks.size();
    loop {
        earlier.retain(|tree| tree.size != peaks.size() || *tree != peaks.tree());
        if !lines.next(&mut at)? {
            return Err(Unproven::Form { line: lines.line + 1 });
        }
        let line = lines.line;
        if let Ok(end) = serde_json::from_slice::<End>(&at) {
            if lines.next(&mut at)? {
                return Err(Unproven::Form { line: lines.line });
            }
            let proven = ended(from, forgotten, &peaks, &signed(&end.head, key)?, &earlier)?;
            return Ok((proven, peaks, end, met));
        }
        let (number, hash, record) = entry(&at).ok_or(Unproven::Form { line })?;
        if number != peaks.size() {
            return Err(Unproven::Order { line, expected: peaks.size(), found: number });
        }
        if record_hash(&record) != hash {
            return Err(Unproven::Changed { line, number });
        }
        forgotten = forgotten.max(forgotten_before(&record));
        if met.is_none() && wanted.is_some_and(|wanted| is_wanted(wanted, number, &record)) {
            met = Some(Met { number, record, watched: Watched::new(number) });
        }
        peaks.push_beside(hash, met.as_mut().map(|met| &mut met.watched));
    }
}

fn is_wanted(wanted: &Wanted, number: u64, record: &[u8]) -> bool {
    match wanted {
        Wanted::Number(wanted) => *wanted == number,
        Wanted::Request(id) => {
            let line = std::str::from_utf8(record).ok().filter(|text| text.contains(id.as_str())).and_then(Line::parse);
            matches!(line, Some(Line::Asked(asked)) if asked.request == *id)
        }
    }
}

/// The number before which a record says that the text of all lines is gone; 0 if it says nothing of the kind.
fn forgotten_before(record: &[u8]) -> u64 {
    // Nearly every line is a request, and need not be read for this.
    let text = std::str::from_utf8(record).ok().filter(|text| text.contains("forget"));
    match text.and_then(Line::parse) {
        Some(Line::Forget { before, .. }) => before,
        _ => 0,
    }
}

/// `forgotten` is the largest number before which a line says that lines were forgotten. Whole tiles are, so `from` is where one begins.
fn ended(from: u64, forgotten: u64, peaks: &Peaks, head: &Tree, earlier: &[Tree]) -> Result<Proven, Unproven> {
    let tree = peaks.tree();
    if tree != *head {
        return Err(Unproven::Root { size: head.size });
    }
    if from > forgotten || !from.is_multiple_of(FULL) {
        return Err(Unproven::Missing { from });
    }
    match earlier.first() {
        None => Ok(Proven { from, tree }),
        Some(early) if (from..=tree.size).contains(&early.size) => Err(Unproven::Earlier { size: early.size }),
        Some(early) => Err(Unproven::Beyond { size: early.size, from, to: tree.size }),
    }
}

/// The tree that a signed note is about.
fn signed(note: &str, key: &VerifierKey) -> Result<Tree, Unproven> {
    let opened = note::open(note.as_bytes(), &[key]).ok();
    let tree = opened.and_then(|note| Tree::parse(note.text()).ok());
    tree.ok_or_else(|| Unproven::Head { key: key.name().to_owned() })
}

fn begin(line: &[u8]) -> Option<Peaks> {
    let begin: Begin = serde_json::from_slice(line).ok()?;
    let hashes: Result<Vec<Hash>, _> = begin.peaks.iter().map(|hash| Hash::parse(hash)).collect();
    Peaks::new(begin.from, hashes.ok()?)
}

/// Number, hash and record of a line, the record's bytes as they stand there, with the line feed that they were hashed with.
fn entry(line: &[u8]) -> Option<(u64, Hash, Vec<u8>)> {
    let rest = std::str::from_utf8(line).ok()?.strip_prefix("{\"number\":")?;
    let (number, rest) = rest.split_once(",\"hash\":\"")?;
    let (hash, rest) = rest.split_once("\",\"record\":")?;
    let record = rest.strip_suffix('}')?;
    Some((number.parse().ok()?, Hash::parse(hash).ok()?, format!("{record}\n").into_bytes()))
}

/// Lines of a file, none longer than those of an export can be.
struct Lines<R> {
    export: R,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    /// The next record and its number, whatever hash stands beside it; `None` at the end.
    fn record(&mut self) -> Result<Option<(u64, Vec<u8>)>, Unproven> {
        let mut at = Vec::new();
        if self.line == 0 && !(self.next(&mut at)? && begin(&at).is_some()) {
            return Err(Unproven::Form { line: 1 });
        }
        let is_end = !self.next(&mut at)? || serde_json::from_slice::<End>(&at).is_ok();
        let entry = || entry(&at).map(|(number, _, record)| (number, record)).ok_or(Unproven::Form { line: self.line });
        (!is_end).then(entry).transpose()
    }

    /// Reads the next line into `at`, without its end; false if there is none.
    fn next(&mut self, at: &mut Vec<u8>) -> Result<bool, Unproven> {
        at.clear();
        self.line += 1;
        let most = limits::MAX_EXPORT_LINE_BYTES as u64;
        let read = io::Read::take(&mut self.export, most).read_until(b'\n', at)?;
        match (read, at.pop_if(|last| *last == b'\n')) {
            (0, _) => Ok(false),
            (_, Some(_)) => Ok(true),
            (_, None) => Err(Unproven::Form { line: self.line }),
        }
    }
}

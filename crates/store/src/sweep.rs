//! The only place that deletes.
//!
//! A blob is dropped when no record names it and it was last put longer ago than the grace age. Between a put and its record a blob is
//! young, because a put of what is there renews its age; and age is checked under the same lock as that renewal. So nothing is dropped that
//! is about to be named, as long as the grace age is longer than any request.

use std::{
    fs, io,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    Digest, Index, StoreError,
    blocking::Blocking,
    fs::{FsBlobs, Layout, Proof, Shelf},
    limits::{LEAST_GRACE, NAMES_BYTES, NOT_EXIST_AGE, PAGE, QUARANTINE_AGE},
};

/// What a sweep found and did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// Blobs that were hashed and right.
    pub right: u64,
    /// Blobs that were not, and were put aside; the next request for one fetches it again.
    pub damaged: u64,
    /// Blobs that no record named, dropped.
    pub dropped: u64,
    /// Old answers of "not exist", forgotten.
    pub forgotten_answers: u64,
    /// Files that had been put aside long ago, removed.
    pub removed_damaged: u64,
}

/// Drops what no record of `index` names, hashes the rest, and forgets what is old.
///
/// `grace` is the age up to which an unnamed blob stays, at least [`LEAST_GRACE`]. `now` is the time that ages are counted back from.
/// One thread works at a time, a blob at a time. Dropped at any point, or after an error, it leaves a store that is whole, and can run again.
pub async fn sweep(blobs: &FsBlobs, index: &dyn Index, grace: Duration, now: SystemTime) -> Result<Swept, StoreError> {
    let mut swept = Swept::default();
    let names = Arc::new(names(index, now).await?);
    let before = now - grace.max(LEAST_GRACE);
    let one_thread = Blocking::new(1);
    for first in 0..=u8::MAX {
        let shelf = Arc::clone(blobs.shelf());
        for digest in one_thread.run(move || digests(shelf.layout(), first)).await? {
            let (shelf, names) = (Arc::clone(blobs.shelf()), Arc::clone(&names));
            one_thread.run(move || one(&shelf, &names, digest, before)).await?.count(&mut swept);
        }
    }
    let shelf = Arc::clone(blobs.shelf());
    swept.removed_damaged = one_thread.run(move || old_quarantine(shelf.layout(), now - QUARANTINE_AGE)).await?;
    let not_exist_before = (now - NOT_EXIST_AGE).duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs());
    swept.forgotten_answers = index.forget_not_exist(i64::try_from(not_exist_before).unwrap_or(0)).await?;
    Ok(swept)
}

/// Removes the temporary files of an earlier process. Only for whoever has the store alone.
pub(crate) fn temporary_files(layout: &Layout) -> io::Result<()> {
    files(&layout.tmp)?.into_iter().try_for_each(|entry| fs::remove_file(entry.path()))
}

/// What became of one blob.
enum Fate {
    Dropped,
    Proven(Proof),
}

impl Fate {
    fn count(self, swept: &mut Swept) {
        match self {
            Self::Dropped => swept.dropped += 1,
            Self::Proven(Proof::Right) => swept.right += 1,
            Self::Proven(Proof::Damaged) => swept.damaged += 1,
            Self::Proven(Proof::Missing) => {}
        }
    }
}

fn one(shelf: &Shelf, names: &Names, digest: Digest, before: SystemTime) -> io::Result<Fate> {
    if !names.may_hold(digest) && shelf.remove(digest, before)? {
        return Ok(Fate::Dropped);
    }
    shelf.prove(digest).map(Fate::Proven)
}

async fn names(index: &dyn Index, now: SystemTime) -> Result<Names, StoreError> {
    let mut names = Names::new(now.duration_since(UNIX_EPOCH).map_or(0, |age| age.as_secs()));
    let mut page = index.references(None, PAGE).await?;
    while let Some(last) = page.last() {
        page.iter().for_each(|reference| names.add(reference.digest));
        page = index.references(Some(last), PAGE).await?;
        // The pages are read where they are called; others get their turn in between.
        tokio::task::yield_now().await;
    }
    Ok(names)
}

/// The digests that records name, in a bounded number of bytes: a Bloom filter.
///
/// It may take a digest for named that is not, so that garbage stays until another sweep, whose `round` looks at other bits. It never takes
/// a named one for unnamed.
struct Names {
    bits: Vec<u64>,
    round: usize,
}

impl Names {
    fn new(round: u64) -> Self {
        Self { bits: vec![0; NAMES_BYTES / 8], round: (round % 8) as usize }
    }

    fn add(&mut self, digest: Digest) {
        for bit in self.places(digest) {
            self.bits[bit / 64] |= 1 << (bit % 64);
        }
    }

    fn may_hold(&self, digest: Digest) -> bool {
        self.places(digest).iter().all(|bit| self.bits[bit / 64] & (1 << (bit % 64)) != 0)
    }

    /// Four of the digest's eight words, which are as random as bits can be.
    fn places(&self, digest: Digest) -> [usize; 4] {
        let words = digest.as_bytes().as_chunks::<4>().0;
        [0, 1, 2, 3].map(|n| u32::from_le_bytes(words[(self.round + n) % 8]) as usize % (NAMES_BYTES * 8))
    }
}

/// The blobs whose digest begins with `first`. Files that are named otherwise are not ours and stay.
fn digests(layout: &Layout, first: u8) -> io::Result<Vec<Digest>> {
    let fan_out = format!("{first:02x}");
    let named = |entry: fs::DirEntry| Digest::parse(&format!("{fan_out}{}", entry.file_name().to_str()?));
    Ok(files(&layout.blobs.join(&fan_out))?.into_iter().filter_map(named).collect())
}

fn old_quarantine(layout: &Layout, before: SystemTime) -> io::Result<u64> {
    let mut removed = 0;
    for entry in files(&layout.quarantine)? {
        let metadata = entry.metadata()?;
        if metadata.is_file() && metadata.modified()? < before {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

fn files(directory: &Path) -> io::Result<Vec<fs::DirEntry>> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.collect(),
    }
}

#[cfg(test)]
mod tests;

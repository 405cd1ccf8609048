//! A zip's contents, read in shares: one after the other, or by several side by side, who each have the bytes before them.

use std::io::SeekFrom;
use std::ops::Range;

use sha2::{Digest as _, Sha256};

use super::super::files::{MAX_ZIP_BYTES, SizeError};
use super::super::read::{Archive, Inflater, Source, ZipError};
use super::{CheckError, Report, check_entries};
use crate::dirhash::DirHash;
use crate::module::{self, ModulePath, Version};

/// What an entry costs beside its content, as a length of content: its headers and its name.
const ENTRY_BYTES: u64 = 1 << 10;

/// A zip whose names and declared sizes were checked, and whose contents are still to be read.
///
/// `open`, `shares`, `hash` for each of these, `finish`: what comes out is the same however many shares there were, and whoever hashed them in which order.
#[derive(Debug)]
pub struct Unread {
    archive: Archive,
    report: Report,
}

/// Some of a zip's entries, one after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Share(Range<usize>);

/// The sums of a share's contents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hashed(Vec<[u8; 32]>);

impl Unread {
    /// Reads and checks names and sizes.
    ///
    /// Errors: [`CheckError`]. Faults of names and sizes are no errors but come with [`Unread::finish`].
    pub fn open(source: &mut dyn Source, module: &ModulePath, version: &Version) -> Result<Self, CheckError> {
        module::check(module.as_str(), version.as_str())?;
        let bytes = source.seek(SeekFrom::End(0)).map_err(ZipError::Io)?;
        if bytes > MAX_ZIP_BYTES {
            let report = Report { size_error: Some(SizeError::Zip { bytes }), ..Report::default() };
            return Ok(Self { archive: Archive::default(), report });
        }
        let archive = Archive::open(source)?;
        let report = check_entries(archive.entries(), &format!("{}@{}/", module.as_str(), version.as_str()));
        Ok(Self { archive, report })
    }

    /// What is to be read, in shares of at least `least_bytes` of contents but for the last, in the zip's order. None of a zip with a fault: it is not read.
    pub fn shares(&self, least_bytes: u64) -> Vec<Share> {
        let (mut shares, mut start, mut bytes) = (Vec::new(), 0, 0);
        let entries = if self.report.fault().is_none() { self.archive.entries() } else { &[] };
        for (at, entry) in entries.iter().enumerate() {
            bytes += entry.size_bytes() + ENTRY_BYTES;
            if bytes >= least_bytes || at + 1 == entries.len() {
                shares.push(Share(start..at + 1));
                (start, bytes) = (at + 1, 0);
            }
        }
        shares
    }

    /// Reads the contents of a share to their last byte, and hashes them. `source` has the bytes that the zip was opened from.
    ///
    /// Errors: [`ZipError`], that of the first entry which has one. Of several shares the first one's error is the zip's.
    pub fn hash(&self, share: Share, source: &mut dyn Source) -> Result<Hashed, ZipError> {
        let mut inflater = Inflater::default();
        let entries = self.archive.entries().get(share.0).ok_or(ZipError::Format)?;
        let sums = entries.iter().map(|entry| {
            let mut sum = Sha256::new();
            inflater.read(source, entry, &mut |bytes| sum.update(bytes))?;
            Ok(sum.finalize().into())
        });
        sums.collect::<Result<_, _>>().map(Hashed)
    }

    /// What was found: with the h1, if the zip has no fault. `hashed` are all shares, in their order.
    pub fn finish(self, hashed: Vec<Hashed>) -> Report {
        let (mut report, mut hash) = (self.report, DirHash::default());
        let sums: Vec<_> = hashed.into_iter().flat_map(|hashed| hashed.0).collect();
        let entries = self.archive.entries();
        // Names with newlines are invalid, so none comes here.
        let is_whole =
            sums.len() == entries.len() && entries.iter().zip(sums).all(|(entry, sum)| hash.add(entry.name(), sum).is_ok());
        report.h1 = (is_whole && report.fault().is_none()).then(|| hash.finish());
        report
    }
}

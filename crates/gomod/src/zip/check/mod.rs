//! Whether a zip is a module's, and its h1: names, sizes and contents, all in one pass over the bytes.
//!
//! Source: `zip.CheckZip` and `dirhash.HashZip` of `golang.org/x/mod` as vendored in Go 1.27.3.

mod unread;

#[cfg(test)]
mod tests;

pub use self::unread::{Hashed, Share, Unread};

use super::files::{Collisions, FileError, FileFault, MAX_ZIP_BYTES, SizeError, check_size, is_clean};
use super::read::{Entry, Source, ZipError};
use crate::dirhash::H1;
use crate::module::{self, InvalidPair, ModulePath, Version};

/// After so many invalid files the report ends. Ours, for a zip of nothing but those.
pub const MAX_INVALID: usize = 1000;

/// What was found in a module zip.
///
/// Every entry but the module's own directory `M@V/` and other directories is in `valid` or in `invalid`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The names of the files that may be there, in the zip's order.
    pub valid: Vec<String>,
    /// What was left out; always empty for a zip, which has either left it out already or should have.
    pub omitted: Vec<FileError>,
    /// What may not be there, in the zip's order; what comes after the [`MAX_INVALID`]-th is in no list.
    pub invalid: Vec<FileError>,
    /// Why the zip or its contents are too large, if they are.
    pub size_error: Option<SizeError>,
    /// The h1 of names and contents; only of a zip without faults.
    pub h1: Option<H1>,
}

impl Report {
    /// What the go command would say against the zip: the size, or each invalid file on a line of its own.
    pub fn fault(&self) -> Option<String> {
        match (self.size_error, &self.invalid[..]) {
            (Some(size), _) => Some(size.to_string()),
            (None, []) => None,
            (None, invalid) => Some(invalid.iter().map(FileError::to_string).collect::<Vec<_>>().join("\n")),
        }
    }
}

/// Why no report could be made.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The version does not belong to the module path.
    #[error(transparent)]
    Pair(#[from] InvalidPair),
    /// The zip cannot be read, or could be read in two ways.
    #[error(transparent)]
    Zip(#[from] ZipError),
}

/// Checks that a zip is one of `module` at `version`, and computes its h1.
///
/// Contents are read only of a zip whose names and declared sizes are good, and never beyond those sizes; so at most 500 MiB
/// are produced. An empty zip is good: the go command takes it. Memory: about three times the directory, 100 MiB at worst.
///
/// Errors: [`CheckError`]. Faults of names and sizes are no errors but stand in the [`Report`].
/// Departs from `zip.CheckZip`: reads the contents as well, and refuses zips that could be read in two ways.
pub fn check_zip(source: &mut dyn Source, module: &ModulePath, version: &Version) -> Result<Report, CheckError> {
    let unread = Unread::open(source, module, version)?;
    let hashed = unread.shares(u64::MAX).into_iter().map(|share| unread.hash(share, source)).collect::<Result<_, _>>()?;
    Ok(unread.finish(hashed))
}

fn check_entries(entries: &[Entry], prefix: &str) -> Report {
    let mut report = Report::default();
    let mut collisions = Collisions::default();
    let mut left = MAX_ZIP_BYTES;
    for entry in entries {
        if report.invalid.len() == MAX_INVALID {
            break;
        }
        let mut count = |bytes: u64| match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => report.size_error = Some(SizeError::Contents),
        };
        match check_entry(entry, prefix, &mut collisions, &mut count) {
            Ok(Kind::File) => report.valid.push(entry.name().to_owned()),
            Ok(Kind::Directory) => {}
            Err(why) => report.invalid.push(FileError { path: entry.name().to_owned(), why }),
        }
    }
    report
}

enum Kind {
    File,
    Directory,
}

fn check_entry<'a>(
    entry: &'a Entry,
    prefix: &str,
    collisions: &mut Collisions<'a>,
    count: &mut dyn FnMut(u64),
) -> Result<Kind, FileFault> {
    let path = entry.name().strip_prefix(prefix).ok_or_else(|| FileFault::Prefix(prefix.to_owned()))?;
    if path.is_empty() {
        return Ok(Kind::Directory);
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    if !is_clean(path.as_bytes()) {
        return Err(FileFault::NotClean);
    }
    module::check_file_path(path)?;
    collisions.check(path, entry.is_dir())?;
    if entry.is_dir() {
        return Ok(Kind::Directory);
    }
    check_go_mod(path)?;
    count(entry.size_bytes());
    check_size(path, entry.size_bytes())?;
    Ok(Kind::File)
}

/// Letters other than ASCII that fold to one of `go.mod` do not exist, so ASCII case is all there is.
fn check_go_mod(path: &str) -> Result<(), FileFault> {
    match path.rsplit_once('/') {
        Some((_, base)) if base.eq_ignore_ascii_case("go.mod") => Err(FileFault::GoModPlace),
        None if path != "go.mod" && path.eq_ignore_ascii_case("go.mod") => Err(FileFault::GoModCase),
        _ => Ok(()),
    }
}

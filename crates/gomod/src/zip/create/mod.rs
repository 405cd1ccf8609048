//! Making a module zip from the files of a source tree: the same choice of files, the same h1 and the same layout as Go's.
//!
//! The deflated bytes may differ from Go's, whose own releases differ in them; nothing depends on those.
//!
//! Source: `zip.Create` of `golang.org/x/mod` as vendored in Go 1.27.3.

mod deflate;
mod select;
#[cfg(test)]
mod tests;
mod vendored;
mod write;

use std::io::{self, Read, Write};

pub use deflate::{Deflated, Deflater, Sums};

use self::write::Content;
use super::check::Report;
use crate::dirhash::H1;
use crate::module::{self, InvalidPair, ModulePath, Version};

/// A file that may come into a module zip.
pub trait SourceFile {
    /// The path from the module's root, with slashes; not always UTF-8, for it comes from a repository.
    fn path(&self) -> &[u8];

    /// What it is, a symbolic link not being followed.
    fn kind(&self) -> FileKind;

    /// The length in bytes; the file may turn out shorter, but not longer.
    fn size_bytes(&self) -> u64;

    /// Opens a regular file's content.
    ///
    /// Errors: whatever keeps it from being read.
    fn open(&self) -> io::Result<Box<dyn Read + '_>>;

    /// The content deflated, if somebody has done that ahead; it is then not opened for the zip.
    fn deflated(&self) -> Option<&Deflated> {
        None
    }
}

/// What a file of a source tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A file with content.
    Regular,
    /// A symbolic link.
    Symlink,
    /// A directory; a submodule, for instance.
    Directory,
    /// A device, a pipe or the like.
    Other,
}

/// A module zip that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// Which files are in it and which were left out; without invalid ones, and with the h1.
    pub report: Report,
    /// The zip's h1, the same as in the report.
    pub h1: H1,
    /// The zip's length in bytes.
    pub zip_bytes: u64,
}

/// Why no zip was made. What has been written so far is then of no use.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The version does not belong to the module path.
    #[error("create zip")]
    Pair(#[from] InvalidPair),
    /// Some files may not be in a module zip, or they are too large.
    #[error("create zip: {}", .0.fault().unwrap_or_default())]
    Invalid(Box<Report>),
    /// A file's content is longer than its length. The tree has changed meanwhile, or lies.
    #[error("create zip: file {} is larger than declared size", crate::text::quote(.0))]
    Larger(String),
    /// A name is too long for a zip, or all files together are.
    #[error("create zip: zip: FileHeader.Name too long")]
    TooLong,
    /// A file could not be read, or the zip not be written.
    #[error("create zip")]
    Io(#[from] io::Error),
}

/// Says which of the files a module zip would have, leave out, or refuse; contents are not read, but for the root's go.mod.
///
/// The valid paths keep the order of `files`. The report has no h1.
///
/// Source: `zip.CheckFiles`, in its order of tests, on which it depends what makes a module unservable.
pub fn check_files(files: &[&dyn SourceFile]) -> Report {
    select::select(files).report
}

/// Writes the zip of `module` at `version` from those of its files that belong into it, in their order.
///
/// The layout is Go's: no directories, everything deflated, no times, sizes behind the contents and in the directory.
///
/// Errors: [`CreateError`].
pub fn create(
    files: &[&dyn SourceFile],
    module: &ModulePath,
    version: &Version,
    out: &mut dyn Write,
) -> Result<Created, CreateError> {
    module::check(module.as_str(), version.as_str())?;
    let mut selection = select::select(files);
    if selection.report.fault().is_some() {
        return Err(CreateError::Invalid(Box::new(selection.report)));
    }
    let mut zip = write::Writer::new(out);
    for (path, place) in selection.report.valid.iter().zip(&selection.places) {
        let name = format!("{}@{}/{path}", module.as_str(), version.as_str());
        if let Some(deflated) = files[*place].deflated() {
            if deflated.sums.size_bytes > files[*place].size_bytes() {
                return Err(CreateError::Larger(path.clone()));
            }
            zip.add(&name, Content::Deflated(deflated))?;
            continue;
        }
        let mut content = files[*place].open()?.take(files[*place].size_bytes().saturating_add(1));
        zip.add(&name, Content::Plain(&mut content))?;
        if content.limit() == 0 {
            return Err(CreateError::Larger(path.clone()));
        }
    }
    let (h1, zip_bytes) = zip.finish()?;
    selection.report.h1 = Some(h1);
    Ok(Created { report: selection.report, h1, zip_bytes })
}

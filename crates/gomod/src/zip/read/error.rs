//! Why a zip was not read.

use std::io;

/// Why a zip, or one of its entries, was not read.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// The source failed; the zip may be good.
    #[error("reading zip")]
    Io(#[from] io::Error),
    /// No zip, or one that is cut or damaged in its structure.
    #[error("zip: not a valid zip file")]
    Format,
    /// The content is not the one the CRC was made of.
    #[error("zip: checksum error in {0:?}")]
    Checksum(String),
    /// The content is neither stored nor deflated.
    #[error("zip: unsupported compression algorithm in {0:?}")]
    Algorithm(String),
    /// The deflated content is damaged, or longer or shorter than the directory says.
    #[error("zip: corrupt content in {0:?}")]
    Content(String),
    /// More entries than [`super::MAX_ENTRIES`], or a directory longer than [`super::MAX_DIRECTORY_BYTES`].
    #[error("zip: too many entries")]
    TooManyEntries,
    /// A name longer than [`super::MAX_NAME_BYTES`].
    #[error("zip: entry name too long")]
    LongName,
    /// Readers could differ about what the zip holds.
    #[error("zip: {why}")]
    Ambiguous {
        /// The entry concerned; empty if it is the whole zip.
        name: String,
        /// What they could differ about.
        why: Ambiguity,
    },
}

impl ZipError {
    pub(super) fn ambiguous(name: &str, why: Ambiguity) -> Self {
        Self::Ambiguous { name: name.to_owned(), why }
    }
}

/// What two readers of one zip could differ about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ambiguity {
    /// Bytes before the first entry, between entries, or between the last one and the directory.
    #[error("bytes that belong to no entry")]
    Gap,
    /// An entry that begins before the one before it ends.
    #[error("overlapping entries")]
    Overlap,
    /// Bytes behind the end, or a comment that contains an end of its own.
    #[error("bytes behind the end")]
    Trailing,
    /// The end record and the directory disagree about its length, place or number of entries.
    #[error("directory is not where or what the end record says")]
    Directory,
    /// Parts of the zip are said to be on another disk.
    #[error("more than one disk")]
    Disks,
    /// Two entries of one name.
    #[error("duplicate entry name")]
    Duplicate,
    /// A name that is not UTF-8, or not declared as such though it has to be.
    #[error("entry name of unknown encoding")]
    Encoding,
    /// An extra field that gives the entry another name, size or cipher, or cannot be parsed.
    #[error("extra field that changes the entry")]
    Extra,
    /// The entry is encrypted or patched.
    #[error("encrypted entry")]
    Encrypted,
    /// The entry is a symbolic link, a device, or a directory under a file's name or the other way round.
    #[error("irregular file")]
    Irregular,
    /// The header before the content and the directory disagree.
    #[error("local header and directory disagree")]
    LocalHeader,
    /// The record behind the content is missing, of another form, or disagrees with the directory.
    #[error("data descriptor and directory disagree")]
    Descriptor,
    /// The content is stored and only the record behind it says how long it is.
    #[error("stored content of unknown length")]
    StoredDescriptor,
    /// Bytes behind the end of the deflated content.
    #[error("bytes behind the compressed content")]
    Hidden,
}

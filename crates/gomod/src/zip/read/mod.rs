//! A zip reader that refuses whatever two readers could read differently.
//!
//! The rule: what this reader accepts, Go's `archive/zip` accepts, with the same names and the same contents. So the local
//! headers must say what the central directory says, entries must lie one after the other from the first byte to the
//! directory, and nothing may lie before, between or behind them. Whatever Go's own writer makes is accepted.
//!
//! Source: APPNOTE.TXT 6.3.10; `archive/zip` (`reader.go`, `writer.go`) of Go 1.27.3.

mod content;
mod directory;
mod end;
mod error;
#[cfg(test)]
mod tests;

pub use content::Inflater;
pub use error::{Ambiguity, ZipError};

use std::io::{self, Read, Seek, SeekFrom};

/// The most entries a zip may have. Ours; Go bounds only the size of the zip.
pub const MAX_ENTRIES: u64 = 200_000;

/// The longest central directory that is read, in bytes. Ours; it is what a hostile zip can make us keep in memory.
pub const MAX_DIRECTORY_BYTES: u64 = 32 << 20;

/// The longest entry name, in bytes. Ours; no system could unpack a longer one (Linux: `PATH_MAX`).
pub const MAX_NAME_BYTES: usize = 4096;

/// Bytes that can be read from any place, a file or a `Cursor`.
pub trait Source: Read + Seek {}

impl<T: Read + Seek> Source for T {}

/// The directory of a zip that is well formed as far as that can be seen without reading its contents.
///
/// Invariants: entry names are unique, UTF-8, and in the order in which the contents lie in the zip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Archive {
    entries: Vec<Entry>,
}

/// One entry of a zip, as its directory describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    name: String,
    flags: u16,
    method: u16,
    crc32: u32,
    compressed_bytes: u64,
    size_bytes: u64,
    offset: u64,
    end: u64,
}

impl Archive {
    /// Reads the directory.
    ///
    /// Errors: [`ZipError`].
    pub fn open(source: &mut dyn Source) -> Result<Self, ZipError> {
        let size = source.seek(SeekFrom::End(0))?;
        let end = end::find(source, size)?;
        directory::read(source, &end).map(|entries| Self { entries })
    }

    /// The entries in the order of the directory, which is that of the contents.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Entry {
    /// The name, a directory's with its slash at the end.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a directory, which its name alone decides.
    pub fn is_dir(&self) -> bool {
        self.name.ends_with('/')
    }

    /// The length of the content in bytes, as the directory has it; [`Inflater::read`] holds it to that.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

/// Little-endian fields, read one after the other; nothing once they run out.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }
}

fn read_at(source: &mut dyn Source, offset: u64, count: usize) -> Result<Vec<u8>, ZipError> {
    let mut bytes = vec![0; count];
    source.seek(SeekFrom::Start(offset))?;
    read_exact(source, &mut bytes)?;
    Ok(bytes)
}

/// Fills `bytes`; that they run out is the zip's fault, not the source's.
fn read_exact(source: &mut dyn Read, bytes: &mut [u8]) -> Result<(), ZipError> {
    source.read_exact(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ZipError::Format,
        _ => error.into(),
    })
}

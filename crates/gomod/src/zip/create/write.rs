//! The zip container as Go's writer lays it out: flags, versions, times and descriptors are the same.
//!
//! Source: `archive/zip` (`writer.go`) of Go 1.27.3.

use std::io::{self, Read, Write};

use super::{CreateError, Deflated, Deflater, Sums};
use crate::dirhash::{DirHash, H1};

const VERSION_20: u16 = 20;
const VERSION_45: u16 = 45;
const DEFLATED: u16 = 8;
const DESCRIPTOR_FLAG: u16 = 1 << 3;
const UTF8_FLAG: u16 = 1 << 11;

/// Writes entries one after the other and keeps the directory for the end.
pub(super) struct Writer<'a> {
    out: Counted<'a>,
    /// Made for the first content that is not deflated ahead: it takes 300 KiB of fresh memory.
    deflater: Option<Deflater>,
    directory: Vec<u8>,
    entries: u64,
    hash: DirHash,
}

/// A file's content.
pub(super) enum Content<'c> {
    /// To be deflated.
    Plain(&'c mut dyn Read),
    /// Deflated ahead.
    Deflated(&'c Deflated),
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out: Counted { out, bytes: 0 }, deflater: None, directory: Vec::new(), entries: 0, hash: DirHash::default() }
    }

    /// Writes one file: header, deflated content, descriptor.
    pub(super) fn add(&mut self, name: &str, content: Content<'_>) -> Result<(), CreateError> {
        let name_bytes = u16::try_from(name.len()).map_err(|_| CreateError::TooLong)?;
        let offset = u32::try_from(self.out.bytes).map_err(|_| CreateError::TooLong)?;
        let flags = DESCRIPTOR_FLAG | if needs_utf8_flag(name) { UTF8_FLAG } else { 0 };
        // The common part of both headers up to the time, which is 0.
        let head = [shorts(&[VERSION_20, flags, DEFLATED]), longs(&[0])].concat();
        let tail = shorts(&[name_bytes, 0]);
        self.out.write_all(&[b"PK\x03\x04", &head[..], &longs(&[0, 0, 0]), &tail, name.as_bytes()].concat())?;
        let (sums, compressed_bytes) = self.write(content)?;
        let size_bytes = u32::try_from(sums.size_bytes).map_err(|_| CreateError::TooLong)?;
        let numbers = longs(&[sums.crc32, compressed_bytes, size_bytes]);
        self.out.write_all(&[b"PK\x07\x08", &numbers[..]].concat())?;
        let made_by = shorts(&[VERSION_20]);
        // Comment length, disk and attributes are 0.
        let rest = [shorts(&[0, 0, 0]), longs(&[0, offset])].concat();
        self.directory.extend([b"PK\x01\x02", &made_by[..], &head, &numbers, &tail, &rest, name.as_bytes()].concat());
        self.entries += 1;
        self.hash.add(name, sums.sha256).map_err(|_| io::Error::other("file name with newline").into())
    }

    /// Writes the directory and its end; gives back the h1 of all files and the zip's length.
    pub(super) fn finish(mut self) -> Result<(H1, u64), CreateError> {
        let offset = self.out.bytes;
        let directory_bytes = self.directory.len() as u64;
        self.out.write_all(&self.directory)?;
        if self.entries >= 0xffff {
            self.write_end64(offset, directory_bytes)?;
        }
        let short = self.entries.min(0xffff) as u16;
        let sizes = [u32::try_from(directory_bytes), u32::try_from(offset)].map(|size| size.map_err(|_| CreateError::TooLong));
        let [directory_bytes, offset] = sizes;
        let numbers = [shorts(&[0, 0, short, short]), longs(&[directory_bytes?, offset?]), shorts(&[0])].concat();
        self.out.write_all(&[b"PK\x05\x06", &numbers[..]].concat())?;
        self.out.flush()?;
        Ok((self.hash.finish(), self.out.bytes))
    }

    /// Writes a content; gives back what is known of it then, and its deflated length.
    fn write(&mut self, content: Content<'_>) -> Result<(Sums, u32), CreateError> {
        let start = self.out.bytes;
        let sums = match content {
            Content::Plain(content) => self.deflater.get_or_insert_default().deflate(content, &mut self.out)?,
            Content::Deflated(deflated) => {
                self.out.write_all(&deflated.bytes)?;
                deflated.sums
            }
        };
        let compressed_bytes = u32::try_from(self.out.bytes - start).map_err(|_| CreateError::TooLong)?;
        Ok((sums, compressed_bytes))
    }

    /// The zip64 end, for more entries than the plain end can count, and the locator that leads to it.
    fn write_end64(&mut self, offset: u64, directory_bytes: u64) -> io::Result<()> {
        let at = self.out.bytes;
        let record = [wides(&[44]), shorts(&[VERSION_45, VERSION_45]), longs(&[0, 0])].concat();
        let counts = wides(&[self.entries, self.entries, directory_bytes, offset]);
        let locator = [longs(&[0]), wides(&[at]), longs(&[1])].concat();
        self.out.write_all(&[b"PK\x06\x06", &record[..], &counts, b"PK\x06\x07", &locator].concat())
    }
}

/// Whether a name must be declared UTF-8: not so where every encoding in use reads the same, which `~` and `\` are not part of.
fn needs_utf8_flag(name: &str) -> bool {
    name.chars().any(|character| !(' '..='}').contains(&character) || character == '\\')
}

fn shorts(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn longs(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn wides(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

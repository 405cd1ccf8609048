//! The central directory.

use std::collections::HashSet;
use std::io::{BufReader, Read, SeekFrom};

use super::end::End;
use super::{Ambiguity, Entry, Fields, MAX_NAME_BYTES, Source, ZipError, read_exact};

const SIGNATURE: &[u8] = b"PK\x01\x02";
const HEADER_BYTES: usize = 46;
/// The shortest header before a content.
const LOCAL_HEADER_BYTES: u64 = 30;

/// Flag bits that change no content: compression level (1, 2), data descriptor (3), UTF-8 (11).
const HARMLESS_FLAGS: u16 = 0b1000_0000_1110;
pub(super) const DESCRIPTOR_FLAG: u16 = 1 << 3;
const UTF8_FLAG: u16 = 1 << 11;

/// Systems whose external attributes are a Unix mode: Unix and OS X.
const UNIX_SYSTEMS: [u8; 2] = [3, 19];

/// Extra fields that give the entry other sizes (zip64), another name, or a cipher: 0x0001, 0x7075, 0x0017, 0x9901.
const MEDDLING_EXTRAS: [u16; 4] = [0x0001, 0x7075, 0x0017, 0x9901];

/// Reads the directory's entries and lays them end to end.
pub(super) fn read(source: &mut dyn Source, end: &End) -> Result<Vec<Entry>, ZipError> {
    source.seek(SeekFrom::Start(end.directory_offset))?;
    let mut directory = BufReader::new(source.take(end.directory_bytes));
    let mut entries = Vec::new();
    for _ in 0..end.entries {
        entries.push(read_entry(&mut directory)?);
    }
    if directory.read(&mut [0])? > 0 {
        return Err(ZipError::ambiguous("", Ambiguity::Directory));
    }
    lay_end_to_end(&mut entries, end.directory_offset)?;
    refuse_duplicates(&entries)?;
    Ok(entries)
}

/// Gives each entry the place where the next one begins as its end.
///
/// The local headers, read with the contents, then show whether it reaches that far; see `content`.
fn lay_end_to_end(entries: &mut [Entry], directory_offset: u64) -> Result<(), ZipError> {
    let mut next = directory_offset;
    for entry in entries.iter_mut().rev() {
        let least = LOCAL_HEADER_BYTES + entry.name.len() as u64 + entry.compressed_bytes;
        if entry.offset.checked_add(least).is_none_or(|least_end| least_end > next) {
            return Err(ZipError::ambiguous(&entry.name, Ambiguity::Overlap));
        }
        entry.end = next;
        next = entry.offset;
    }
    if next == 0 { Ok(()) } else { Err(ZipError::ambiguous("", Ambiguity::Gap)) }
}

fn refuse_duplicates(entries: &[Entry]) -> Result<(), ZipError> {
    let mut names = HashSet::with_capacity(entries.len());
    match entries.iter().find(|entry| !names.insert(entry.name.as_str())) {
        Some(entry) => Err(ZipError::ambiguous(&entry.name, Ambiguity::Duplicate)),
        None => Ok(()),
    }
}

fn read_entry(directory: &mut dyn Read) -> Result<Entry, ZipError> {
    let header = read_next(directory, HEADER_BYTES)?;
    let (mut entry, rest) = parse(&header).ok_or(ZipError::Format)?;
    if rest.name_bytes > MAX_NAME_BYTES {
        return Err(ZipError::LongName);
    }
    let name = read_next(directory, rest.name_bytes)?;
    let extra = read_next(directory, rest.extra_bytes)?;
    read_next(directory, rest.comment_bytes)?;
    entry.name = String::from_utf8_lossy(&name).into_owned();
    match rest.ambiguity(&entry, &name, &extra) {
        Some(why) => Err(ZipError::ambiguous(&entry.name, why)),
        None => Ok(entry),
    }
}

/// What a header says beside the entry itself.
struct Rest {
    made_by: u16,
    disk: u16,
    attributes: u32,
    name_bytes: usize,
    extra_bytes: usize,
    comment_bytes: usize,
}

fn parse(header: &[u8]) -> Option<(Entry, Rest)> {
    let mut fields = Fields(header);
    if fields.bytes(4)? != SIGNATURE {
        return None;
    }
    let (made_by, _needed) = (fields.u16()?, fields.u16()?);
    let (flags, method, _modified) = (fields.u16()?, fields.u16()?, fields.u32()?);
    let (crc32, compressed_bytes, size_bytes) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name_bytes, extra_bytes, comment_bytes) = (fields.u16()?, fields.u16()?, fields.u16()?);
    let (disk, _internal, attributes, offset) = (fields.u16()?, fields.u16()?, fields.u32()?, fields.u32()?);
    let (compressed_bytes, size_bytes, offset) = (compressed_bytes.into(), size_bytes.into(), offset.into());
    let entry = Entry { name: String::new(), flags, method, crc32, compressed_bytes, size_bytes, offset, end: 0 };
    let rest = Rest {
        made_by,
        disk,
        attributes,
        name_bytes: name_bytes.into(),
        extra_bytes: extra_bytes.into(),
        comment_bytes: comment_bytes.into(),
    };
    Some((entry, rest))
}

impl Rest {
    fn ambiguity(&self, entry: &Entry, name: &[u8], extra: &[u8]) -> Option<Ambiguity> {
        if self.disk != 0 {
            Some(Ambiguity::Disks)
        } else if entry.flags & !HARMLESS_FLAGS != 0 {
            Some(Ambiguity::Encrypted)
        } else if std::str::from_utf8(name).is_err() || (!name.is_ascii() && entry.flags & UTF8_FLAG == 0) {
            Some(Ambiguity::Encoding)
        } else if !is_harmless_extra(extra) {
            Some(Ambiguity::Extra)
        } else if !self.is_regular(entry) {
            Some(Ambiguity::Irregular)
        } else {
            None
        }
    }

    /// Whether name, attributes and length agree on what it is: a name that ends in a slash is an empty directory's, any other a file's.
    fn is_regular(&self, entry: &Entry) -> bool {
        let [_, system] = self.made_by.to_le_bytes();
        let unix_type = if UNIX_SYSTEMS.contains(&system) { self.attributes >> 28 } else { 0 };
        let is_dos_dir = self.attributes & 0x10 != 0;
        if entry.is_dir() && entry.size_bytes != 0 {
            return false;
        }
        match unix_type {
            0o4 => entry.is_dir(),
            0o10 => !entry.is_dir(),
            0 => entry.is_dir() || !is_dos_dir,
            _ => false,
        }
    }
}

/// Whether extra fields can be parsed and none of them says what the entry's content or name is.
pub(super) fn is_harmless_extra(extra: &[u8]) -> bool {
    let mut fields = Fields(extra);
    while !fields.0.is_empty() {
        let (Some(tag), Some(size)) = (fields.u16(), fields.u16()) else { return false };
        if MEDDLING_EXTRAS.contains(&tag) || fields.bytes(size.into()).is_none() {
            return false;
        }
    }
    true
}

fn read_next(directory: &mut dyn Read, count: usize) -> Result<Vec<u8>, ZipError> {
    let mut bytes = vec![0; count];
    read_exact(directory, &mut bytes)?;
    Ok(bytes)
}

//! The end of a zip: the record that says where the directory is.

use super::{Ambiguity, Fields, MAX_DIRECTORY_BYTES, MAX_ENTRIES, Source, ZipError, read_at};

const END_SIGNATURE: &[u8] = b"PK\x05\x06";
const END_BYTES: u64 = 22;
const LOCATOR_SIGNATURE: &[u8] = b"PK\x06\x07";
const LOCATOR_BYTES: u64 = 20;
const END64_SIGNATURE: &[u8] = b"PK\x06\x06";
const END64_BYTES: u64 = 56;

/// Where the directory is. Invariant: it ends where the first end record begins, and its sizes are bounded.
pub(super) struct End {
    pub(super) entries: u64,
    pub(super) directory_offset: u64,
    pub(super) directory_bytes: u64,
}

/// Finds the end record and follows it to the directory.
pub(super) fn find(source: &mut dyn Source, size: u64) -> Result<End, ZipError> {
    let (offset, record) = find_record(source, size)?;
    let said = parse_end(&record).ok_or(ZipError::Format)??;
    let is_zip64 = said.entries == 0xffff || said.directory_bytes == 0xffff_ffff || said.directory_offset == 0xffff_ffff;
    let (end, directory_end) = if is_zip64 { find_zip64(source, offset, &said)? } else { (said, offset) };
    if end.directory_offset.checked_add(end.directory_bytes) != Some(directory_end) {
        return Err(ZipError::ambiguous("", Ambiguity::Directory));
    }
    if end.entries > MAX_ENTRIES || end.directory_bytes > MAX_DIRECTORY_BYTES {
        return Err(ZipError::TooManyEntries);
    }
    Ok(end)
}

/// Finds the last end record, which must reach exactly to the end of the zip and have no other in its comment.
fn find_record(source: &mut dyn Source, size: u64) -> Result<(u64, Vec<u8>), ZipError> {
    let tail_bytes = size.min(END_BYTES + 0xffff);
    let tail = read_at(source, size - tail_bytes, tail_bytes as usize)?;
    let mut starts = tail.windows(4).enumerate().filter(|(_, window)| *window == END_SIGNATURE).map(|(at, _)| at);
    // The last one counts for Go, the first one for readers that come from the front.
    let at = starts.next_back().ok_or(ZipError::Format)?;
    let record = tail.get(at..).filter(|record| record.len() as u64 >= END_BYTES).ok_or(ZipError::Format)?;
    let comment = usize::from(u16::from_le_bytes([record[20], record[21]]));
    match (record.len() - END_BYTES as usize).cmp(&comment) {
        std::cmp::Ordering::Less => Err(ZipError::Format),
        std::cmp::Ordering::Greater => Err(ZipError::ambiguous("", Ambiguity::Trailing)),
        std::cmp::Ordering::Equal => Ok((size - tail_bytes + at as u64, record.to_vec())),
    }
}

fn parse_end(record: &[u8]) -> Option<Result<End, ZipError>> {
    let mut fields = Fields(record.get(4..)?);
    let disks = (fields.u16()?, fields.u16()?);
    let (entries_here, entries) = (fields.u16()?, fields.u16()?);
    let (directory_bytes, directory_offset) = (fields.u32()?.into(), fields.u32()?.into());
    if disks != (0, 0) || entries_here != entries {
        return Some(Err(ZipError::ambiguous("", Ambiguity::Disks)));
    }
    Some(Ok(End { entries: entries.into(), directory_offset, directory_bytes }))
}

/// Reads the zip64 records, which must stand right before the end record and repeat what it says.
///
/// Go before 1.27 marks all three numbers of the end record as too large once one of them is; Go 1.27 only that one.
fn find_zip64(source: &mut dyn Source, offset: u64, said: &End) -> Result<(End, u64), ZipError> {
    let start = offset.checked_sub(LOCATOR_BYTES + END64_BYTES).ok_or(ZipError::Format)?;
    let records = read_at(source, start, (LOCATOR_BYTES + END64_BYTES) as usize)?;
    let (record, locator) = records.split_at(END64_BYTES as usize);
    let end = parse_end64(record).filter(|_| is_locator(locator, start)).ok_or(ZipError::Format)?;
    let repeats = |short: u64, marker: u64, long: u64| short == marker || short == long;
    let agrees = repeats(said.entries, 0xffff, end.entries)
        && repeats(said.directory_bytes, 0xffff_ffff, end.directory_bytes)
        && repeats(said.directory_offset, 0xffff_ffff, end.directory_offset);
    if agrees { Ok((end, start)) } else { Err(ZipError::ambiguous("", Ambiguity::Directory)) }
}

fn is_locator(locator: &[u8], start: u64) -> bool {
    let want = [LOCATOR_SIGNATURE, &0u32.to_le_bytes(), &start.to_le_bytes(), &1u32.to_le_bytes()].concat();
    locator == want
}

fn parse_end64(record: &[u8]) -> Option<End> {
    let mut fields = Fields(record);
    let (signature, rest_bytes) = (fields.bytes(4)?, fields.u64()?);
    fields.bytes(4)?;
    let disks = (fields.u32()?, fields.u32()?);
    let (entries_here, entries) = (fields.u64()?, fields.u64()?);
    let (directory_bytes, directory_offset) = (fields.u64()?, fields.u64()?);
    let is_plain = signature == END64_SIGNATURE && rest_bytes == END64_BYTES - 12 && disks == (0, 0) && entries_here == entries;
    is_plain.then_some(End { entries, directory_offset, directory_bytes })
}

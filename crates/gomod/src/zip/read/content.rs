//! The contents: local header, compressed bytes, data descriptor, end to end.

use std::io::{Read as _, SeekFrom};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::directory::{DESCRIPTOR_FLAG, is_harmless_extra};
use super::{Ambiguity, Entry, Fields, Source, ZipError, read_at};

const SIGNATURE: &[u8] = b"PK\x03\x04";
const HEADER_BYTES: usize = 30;
const DESCRIPTOR_SIGNATURE: u32 = 0x0807_4b50;

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// How much is read, and how much produced, at a time: most contents go through in one piece, and stay in the processor's second cache until they are hashed.
const CHUNK_BYTES: usize = 128 << 10;

/// Reads contents one after the other. To set it up takes as long as to read a small one, so one is kept for many.
pub struct Inflater {
    inflate: Decompress,
    input: Box<[u8]>,
    output: Box<[u8]>,
}

impl Inflater {
    /// Reads one entry's content, piece by piece, and checks it to its last byte against both headers and the CRC.
    ///
    /// `source` must be the one the entry's archive was opened from. What the sink gets is to be believed only after `Ok`.
    /// No more bytes are produced than the directory says; memory is bounded whatever the zip holds.
    ///
    /// Errors: [`ZipError`]; whatever was read before, the next content is read anew.
    pub fn read(&mut self, source: &mut dyn Source, entry: &Entry, sink: &mut dyn FnMut(&[u8])) -> Result<(), ZipError> {
        let start = check_local_header(source, entry)?;
        check_descriptor(source, entry, start + entry.compressed_bytes)?;
        source.seek(SeekFrom::Start(start))?;
        let mut output = Output { entry, crc: Crc::new(), left: entry.size_bytes, sink };
        match entry.method {
            STORED => self.copy(source, &mut output)?,
            DEFLATED => self.inflate(source, &mut output)?,
            _ => return Err(ZipError::Algorithm(entry.name.clone())),
        }
        output.finish()
    }

    fn copy(&mut self, source: &mut dyn Source, output: &mut Output) -> Result<(), ZipError> {
        let mut left = source.take(output.entry.compressed_bytes);
        loop {
            match left.read(&mut self.input)? {
                0 => return Ok(()),
                count => output.write(&self.input[..count])?,
            }
        }
    }

    fn inflate(&mut self, source: &mut dyn Source, output: &mut Output) -> Result<(), ZipError> {
        let Self { inflate, input, output: produced } = self;
        let name = &output.entry.name;
        let corrupt = || ZipError::Content(name.clone());
        let mut left = source.take(output.entry.compressed_bytes);
        inflate.reset(false);
        loop {
            let count = left.read(input)?;
            let mut rest = &input[..count];
            loop {
                let before = (inflate.total_in(), inflate.total_out());
                let status = inflate.decompress(rest, produced, FlushDecompress::None).map_err(|_| corrupt())?;
                let (taken, made) = ((inflate.total_in() - before.0) as usize, (inflate.total_out() - before.1) as usize);
                rest = &rest[taken..];
                output.write(&produced[..made])?;
                if status == Status::StreamEnd {
                    let is_all = rest.is_empty() && left.limit() == 0;
                    return if is_all { Ok(()) } else { Err(disagree(output.entry, Ambiguity::Hidden)) };
                }
                if taken == 0 && made == 0 {
                    break;
                }
            }
            if count == 0 || !rest.is_empty() {
                return Err(corrupt());
            }
        }
    }
}

impl Default for Inflater {
    fn default() -> Self {
        let chunk = || vec![0; CHUNK_BYTES].into_boxed_slice();
        Self { inflate: Decompress::new(false), input: chunk(), output: chunk() }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Inflater")
    }
}

/// Checks the local header against the directory and says where the content starts.
fn check_local_header(source: &mut dyn Source, entry: &Entry) -> Result<u64, ZipError> {
    let header = read_at(source, entry.offset, HEADER_BYTES)?;
    let (name_bytes, extra_bytes) = parse(&header, entry).ok_or_else(|| disagree(entry, Ambiguity::LocalHeader))?;
    let name = read_at(source, entry.offset + HEADER_BYTES as u64, name_bytes + extra_bytes)?;
    let (name, extra) = name.split_at(name_bytes);
    if name != entry.name.as_bytes() {
        return Err(disagree(entry, Ambiguity::LocalHeader));
    }
    if !is_harmless_extra(extra) {
        return Err(disagree(entry, Ambiguity::Extra));
    }
    Ok(entry.offset + (HEADER_BYTES + name_bytes + extra_bytes) as u64)
}

/// The lengths of name and extra fields; `None` if another field is not as the directory has it.
fn parse(header: &[u8], entry: &Entry) -> Option<(usize, usize)> {
    let mut fields = Fields(header);
    let (signature, _needed) = (fields.bytes(4)?, fields.u16()?);
    let (flags, method, _modified) = (fields.u16()?, fields.u16()?, fields.u32()?);
    let said = (fields.u32()?, u64::from(fields.u32()?), u64::from(fields.u32()?));
    let known = (entry.crc32, entry.compressed_bytes, entry.size_bytes);
    let is_later = entry.flags & DESCRIPTOR_FLAG != 0 && said == (0, 0, 0);
    let agrees = signature == SIGNATURE && flags == entry.flags && method == entry.method && (said == known || is_later);
    let lengths = (fields.u16()?.into(), fields.u16()?.into());
    agrees.then_some(lengths)
}

/// Checks that what follows the content, up to the next entry, is the data descriptor if there must be one, else nothing.
fn check_descriptor(source: &mut dyn Source, entry: &Entry, content_end: u64) -> Result<(), ZipError> {
    let Some(rest) = entry.end.checked_sub(content_end) else {
        return Err(disagree(entry, Ambiguity::Overlap));
    };
    if entry.flags & DESCRIPTOR_FLAG == 0 {
        return if rest == 0 { Ok(()) } else { Err(disagree(entry, Ambiguity::Gap)) };
    }
    if entry.method == STORED {
        return Err(disagree(entry, Ambiguity::StoredDescriptor));
    }
    let numbers = [entry.crc32, entry.compressed_bytes as u32, entry.size_bytes as u32];
    let bare: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let signed = [&DESCRIPTOR_SIGNATURE.to_le_bytes()[..], &bare].concat();
    // A bare one whose CRC looks like the signature would be read as a signed one.
    let agrees = match rest {
        12 => read_at(source, content_end, 12)? == bare && entry.crc32 != DESCRIPTOR_SIGNATURE,
        16 => read_at(source, content_end, 16)? == signed,
        _ => false,
    };
    if agrees { Ok(()) } else { Err(disagree(entry, Ambiguity::Descriptor)) }
}

/// Passes content on to the sink and holds it to the directory's length and CRC.
struct Output<'a> {
    entry: &'a Entry,
    crc: Crc,
    left: u64,
    sink: &'a mut dyn FnMut(&[u8]),
}

impl Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), ZipError> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(|| ZipError::Content(self.entry.name.clone()))?;
        self.crc.update(bytes);
        (self.sink)(bytes);
        Ok(())
    }

    fn finish(self) -> Result<(), ZipError> {
        if self.left > 0 {
            return Err(ZipError::Content(self.entry.name.clone()));
        }
        if self.crc.sum() != self.entry.crc32 {
            return Err(ZipError::Checksum(self.entry.name.clone()));
        }
        Ok(())
    }
}

fn disagree(entry: &Entry, why: Ambiguity) -> ZipError {
    ZipError::ambiguous(&entry.name, why)
}

//! Zips put together piece by piece, so that a test can bend each piece.

use std::io::{Cursor, Write as _};

use flate2::{Compression, Crc, write::DeflateEncoder};

/// What belongs to one entry.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) local: Vec<u8>,
    pub(super) content: Vec<u8>,
    pub(super) descriptor: Vec<u8>,
    pub(super) central: Vec<u8>,
}

/// A zip before its pieces are joined.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) lead: Vec<u8>,
    pub(super) pieces: Vec<Piece>,
    pub(super) gap: Vec<u8>,
    pub(super) comment: Vec<u8>,
    pub(super) trail: Vec<u8>,
    /// The end record's entries (twice), directory length and directory place, if they are to be others than they are.
    pub(super) entries: Option<u16>,
    pub(super) directory_bytes: Option<u32>,
    pub(super) directory_offset: Option<u32>,
    pub(super) with_zip64: bool,
}

impl Parts {
    /// A good zip of the files, every other one deflated with a descriptor, as Go has it, or stored.
    pub(super) fn new(files: &[(&str, &[u8])]) -> Self {
        let pieces = files.iter().enumerate().map(|(at, (name, content))| Piece::new(name, content, at % 2 == 0)).collect();
        let (lead, gap, comment, trail) = Default::default();
        let (entries, directory_bytes, directory_offset) = Default::default();
        Self { lead, pieces, gap, comment, trail, entries, directory_bytes, directory_offset, with_zip64: false }
    }

    pub(super) fn join(&self) -> Cursor<Vec<u8>> {
        let (mut zip, mut directory) = (self.lead.clone(), Vec::new());
        for piece in &self.pieces {
            let mut central = piece.central.clone();
            let bent = u32::from_le_bytes(central[42..46].try_into().unwrap());
            central[42..46].copy_from_slice(&(zip.len() as u32 + bent).to_le_bytes());
            zip.extend([&piece.local[..], &piece.content, &piece.descriptor].concat());
            directory.extend(central);
        }
        zip.extend(&self.gap);
        let (offset, count) = (zip.len(), self.pieces.len());
        zip.extend(&directory);
        if self.with_zip64 {
            let at = zip.len() as u64;
            zip.extend([b"PK\x06\x06", &44u64.to_le_bytes()[..], &[45, 0, 45, 0], &[0; 8]].concat());
            let numbers = [count, count, directory.len(), offset].map(|number| (number as u64).to_le_bytes());
            zip.extend(numbers.concat());
            zip.extend([b"PK\x06\x07", &[0; 4][..], &at.to_le_bytes(), &[1, 0, 0, 0]].concat());
        }
        let entries = self.entries.unwrap_or(count as u16).to_le_bytes();
        let bytes = self.directory_bytes.unwrap_or(directory.len() as u32).to_le_bytes();
        let offset = self.directory_offset.unwrap_or(offset as u32).to_le_bytes();
        let comment_bytes = (self.comment.len() as u16).to_le_bytes();
        zip.extend([b"PK\x05\x06\0\0\0\0", &entries[..], &entries, &bytes, &offset, &comment_bytes].concat());
        zip.extend([&self.comment[..], &self.trail].concat());
        Cursor::new(zip)
    }
}

impl Piece {
    pub(super) fn new(name: &str, content: &[u8], deflated: bool) -> Self {
        let packed = if deflated { deflate(content) } else { content.to_vec() };
        let mut crc = Crc::new();
        crc.update(content);
        let numbers = [crc.sum(), packed.len() as u32, content.len() as u32].map(u32::to_le_bytes).concat();
        let flags = if deflated { [8, 8] } else { [0, 8] };
        let head = [&[20, 0], &flags[..], &[if deflated { 8 } else { 0 }, 0], &[0; 4]].concat();
        let tail = [&(name.len() as u16).to_le_bytes()[..], &[0, 0]].concat();
        let later = if deflated { vec![0; 12] } else { numbers.clone() };
        Self {
            local: [b"PK\x03\x04", &head[..], &later, &tail, name.as_bytes()].concat(),
            descriptor: if deflated { [b"PK\x07\x08", &numbers[..]].concat() } else { Vec::new() },
            central: [b"PK\x01\x02\x14\0", &head[..], &numbers, &tail, &[0; 14], name.as_bytes()].concat(),
            content: packed,
        }
    }

    /// Adds an extra field to either header.
    pub(super) fn with_extra(&mut self, local: &[u8], central: &[u8]) {
        self.local[28] = local.len() as u8;
        self.local.extend(local);
        self.central[30] = central.len() as u8;
        self.central.extend(central);
    }
}

pub(super) fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

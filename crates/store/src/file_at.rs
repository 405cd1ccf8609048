//! One of several readers of a file, each with a place of its own.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt as _,
};

use crate::limits::FILE_BUFFER_BYTES;

/// The first bytes of a file, read from a place of its own: several can read the same file. What lies near the last place read is held in memory, so
/// that going to and fro there costs nothing.
///
/// Assumes: nobody changes these bytes meanwhile.
#[derive(Debug)]
pub struct FileAt<'a> {
    file: &'a File,
    size_bytes: u64,
    at: u64,
    buffer: Vec<u8>,
    buffer_at: u64,
}

impl<'a> FileAt<'a> {
    /// The first `size_bytes` bytes of `file`.
    pub fn new(file: &'a File, size_bytes: u64) -> Self {
        Self { file, size_bytes, at: 0, buffer: Vec::new(), buffer_at: 0 }
    }

    /// What is held from the place on.
    fn held(&self) -> &[u8] {
        let from = self.at.checked_sub(self.buffer_at).and_then(|from| usize::try_from(from).ok());
        from.and_then(|from| self.buffer.get(from..)).unwrap_or_default()
    }

    fn fill(&mut self, left: u64) -> io::Result<()> {
        self.buffer_at = self.at;
        self.buffer.resize(usize::try_from(left).unwrap_or(usize::MAX).min(FILE_BUFFER_BYTES), 0);
        let read = self.file.read_at(&mut self.buffer, self.at);
        // What was not read is not held.
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        read.map(drop)
    }
}

impl Read for FileAt<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let left = self.size_bytes.saturating_sub(self.at);
        if self.held().is_empty() && left > 0 {
            self.fill(left)?;
        }
        let held = self.held();
        let read = held.len().min(bytes.len());
        bytes[..read].copy_from_slice(&held[..read]);
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for FileAt<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(offset) => self.size_bytes.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn from_every_place_the_bytes_of_the_file_are_read_and_none_beyond_the_length() {
        let size_bytes = FILE_BUFFER_BYTES as u64 * 2 + 77;
        let all: Vec<u8> = (0..size_bytes + 100).map(|at| (at % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&all).unwrap();
        let mut reader = FileAt::new(&file, size_bytes);
        let buffer = FILE_BUFFER_BYTES as u64;
        for (at, length) in [
            (0, 10),
            (5, 10),
            (size_bytes - 16, 16),
            (0, 1),
            (buffer - 1, 2),
            (buffer - 2, 1),
            (3, size_bytes as usize),
            (size_bytes, 1),
            (size_bytes + 50, 1),
            (buffer, 300_000),
        ] {
            let mut read = Vec::new();
            reader.seek(SeekFrom::Start(at)).unwrap();
            reader.by_ref().take(length as u64).read_to_end(&mut read).unwrap();
            let from = at.min(size_bytes) as usize;
            let to = (from + length).min(size_bytes as usize);
            assert!(read == all[from..to], "{at} {length}");
        }
        assert_eq!(reader.seek(SeekFrom::End(-7)).unwrap(), size_bytes - 7);
        assert_eq!(reader.seek(SeekFrom::Current(2)).unwrap(), size_bytes - 5);
        assert!(reader.seek(SeekFrom::Current(-(size_bytes as i64))).is_err());
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, all[size_bytes as usize - 5..size_bytes as usize]);
    }
}

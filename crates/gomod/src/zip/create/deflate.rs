//! One file's content on its way into a zip: deflated, and with all that the zip says of it.

use std::io::{self, Read, Write};

use flate2::{Compress, Compression, Crc, FlushCompress, Status};
use sha2::{Digest as _, Sha256};

/// How much of a content is read at a time.
const CHUNK_BYTES: usize = 32 << 10;

/// Deflates one content after the other. To set it up takes longer than to deflate a small file, so one is kept for many.
pub struct Deflater {
    compress: Compress,
    chunk: Box<[u8]>,
}

/// What a zip says of a content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sums {
    /// The SHA-256 that h1 is made from.
    pub sha256: [u8; 32],
    /// The CRC-32 of the zip's headers.
    pub crc32: u32,
    /// Content length in bytes.
    pub size_bytes: u64,
}

/// A content that was deflated ahead of its zip.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deflated {
    /// What the zip says of it.
    pub sums: Sums,
    /// The deflated bytes.
    pub bytes: Vec<u8>,
}

impl Deflater {
    /// Writes all of `content` to `out`, deflated.
    ///
    /// Errors: those of reading and of writing; `out` then has a part of it.
    pub fn deflate(&mut self, content: &mut dyn Read, out: &mut dyn Write) -> io::Result<Sums> {
        let (mut sha256, mut crc, mut size_bytes) = (Sha256::new(), Crc::new(), 0);
        self.compress.reset();
        loop {
            let read = match content.read(&mut self.chunk) {
                Ok(0) => break,
                Ok(count) => &self.chunk[..count],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            sha256.update(read);
            crc.update(read);
            compress(&mut self.compress, read, FlushCompress::None, out)?;
            size_bytes += read.len() as u64;
        }
        compress(&mut self.compress, &[], FlushCompress::Finish, out)?;
        Ok(Sums { sha256: sha256.finalize().into(), crc32: crc.sum(), size_bytes })
    }

    /// Deflates all of `content`, to be written later. `sha256` is that of the content, which the caller has made sure of.
    pub fn ahead(&mut self, content: &[u8], sha256: [u8; 32]) -> Deflated {
        let (mut bytes, mut crc) = (Vec::with_capacity(content.len() / 2), Crc::new());
        self.compress.reset();
        crc.update(content);
        // In the same pieces as above: the deflated bytes depend on them.
        let pieces = content.chunks(CHUNK_BYTES).map(|piece| (piece, FlushCompress::None));
        for (piece, flush) in pieces.chain([(&[][..], FlushCompress::Finish)]) {
            compress(&mut self.compress, piece, flush, &mut bytes).expect("a Vec takes everything");
        }
        Deflated { sums: Sums { sha256, crc32: crc.sum(), size_bytes: content.len() as u64 }, bytes }
    }
}

impl Default for Deflater {
    fn default() -> Self {
        Self { compress: Compress::new(Compression::default(), false), chunk: vec![0; CHUNK_BYTES].into() }
    }
}

impl std::fmt::Debug for Deflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Deflater")
    }
}

/// Compresses all of `input`, or what is left inside if that is to be finished.
fn compress(state: &mut Compress, mut input: &[u8], flush: FlushCompress, out: &mut dyn Write) -> io::Result<()> {
    let mut produced = [0; 4 << 10];
    loop {
        let before = (state.total_in(), state.total_out());
        let status = state.compress(input, &mut produced, flush).map_err(io::Error::other)?;
        input = &input[(state.total_in() - before.0) as usize..];
        let made = (state.total_out() - before.1) as usize;
        out.write_all(&produced[..made])?;
        let is_drained = flush == FlushCompress::None && input.is_empty() && made < produced.len();
        if status == Status::StreamEnd || is_drained {
            return Ok(());
        }
    }
}

//! The part of the tar format that `git archive` writes: ustar with pax headers. Anything else is refused.

use std::{fs::File, io, os::unix::fs::FileExt as _};

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// As the archive has it; a directory's ends with a slash.
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    /// Where the content begins.
    pub(super) offset: u64,
    pub(super) size_bytes: u64,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Regular,
    Link,
    Directory,
}

/// Reads the headers of `file`; contents are passed over.
///
/// # Errors
/// `InvalidData` for what git does not write, for more than `most` entries, and for an end that comes too early.
pub(super) fn entries(file: &File, most: usize) -> io::Result<Vec<Entry>> {
    let (mut entries, mut at, mut pax) = (Vec::new(), 0, Pax::default());
    loop {
        let mut header = [0; BLOCK as usize];
        file.read_exact_at(&mut header, at)?;
        if header.iter().all(|byte| *byte == 0) {
            return Ok(entries);
        }
        let header = Header(header);
        header.check()?;
        let size_bytes = pax.size.unwrap_or(header.size()?);
        let offset = at + BLOCK;
        at = after(offset, size_bytes)?;
        let kind = match header.0[156] {
            b'0' | 0 => Kind::Regular,
            b'2' => Kind::Link,
            b'5' => Kind::Directory,
            // For all that follow: the commit's name.
            b'g' => continue,
            b'x' => {
                pax = Pax::read(file, offset, size_bytes)?;
                continue;
            }
            _ => return Err(odd("an entry of a kind that git does not write")),
        };
        if entries.len() == most {
            return Err(odd("more files than any module has"));
        }
        let path = std::mem::take(&mut pax).path.unwrap_or_else(|| header.path());
        entries.push(Entry { path, kind, offset, size_bytes });
    }
}

const BLOCK: u64 = 512;

/// Real ones hold a path or two.
const MAX_PAX_BYTES: u64 = 1 << 20;

struct Header([u8; BLOCK as usize]);

impl Header {
    /// The sum over all bytes, its own field counted as spaces.
    fn check(&self) -> io::Result<()> {
        let sum: u64 =
            self.0.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) }).sum();
        if octal(&self.0[148..156]) == Some(sum) && &self.0[257..262] == b"ustar" { Ok(()) } else { Err(odd("a broken header")) }
    }

    fn size(&self) -> io::Result<u64> {
        octal(&self.0[124..136]).ok_or_else(|| odd("a size that is no number"))
    }

    fn path(&self) -> Vec<u8> {
        let (name, prefix) = (text(&self.0[..100]), text(&self.0[345..500]));
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }
}

/// What a pax header says of the entry behind it.
#[derive(Default)]
struct Pax {
    path: Option<Vec<u8>>,
    size: Option<u64>,
}

impl Pax {
    /// Reads records of the form `LENGTH KEY=VALUE\n`.
    fn read(file: &File, offset: u64, size_bytes: u64) -> io::Result<Self> {
        let length = usize::try_from(size_bytes.min(MAX_PAX_BYTES + 1)).unwrap_or(usize::MAX);
        if size_bytes > MAX_PAX_BYTES {
            return Err(odd("a header that is too long"));
        }
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, offset)?;
        let (mut pax, mut rest) = (Self::default(), bytes.as_slice());
        while !rest.is_empty() {
            let (record, after) = record(rest).ok_or_else(|| odd("a broken pax header"))?;
            rest = after;
            match record {
                (b"path", value) => pax.path = Some(value.to_vec()),
                (b"size", value) => pax.size = Some(decimal(value).ok_or_else(|| odd("a broken size"))?),
                _ => (),
            }
        }
        Ok(pax)
    }
}

/// Key and value.
type Record<'b> = (&'b [u8], &'b [u8]);

/// The first record, as key and value, and what follows it.
fn record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let space = bytes.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&bytes[..space])?).ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    Some(((&record[..equals], &record[equals + 1..]), rest))
}

fn octal(field: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text(field)).ok()?.trim_matches(' ');
    u64::from_str_radix(digits, 8).ok()
}

fn decimal(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// A field up to its NUL.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// Where the next header is: contents fill whole blocks.
fn after(offset: u64, size_bytes: u64) -> io::Result<u64> {
    let blocks = size_bytes.div_ceil(BLOCK).checked_mul(BLOCK);
    blocks.and_then(|bytes| offset.checked_add(bytes)).ok_or_else(|| odd("a size beyond all measure"))
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("git archive wrote {what}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn header(name: &str, kind: u8, size: u64) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[148..156].fill(b' ');
        block[156] = kind;
        block[257..262].copy_from_slice(b"ustar");
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block
    }

    fn with(mut header: Vec<u8>, content: &str) -> Vec<u8> {
        header.extend_from_slice(content.as_bytes());
        header.resize(header.len().div_ceil(512) * 512, 0);
        header
    }

    fn read(parts: &[Vec<u8>]) -> io::Result<Vec<Entry>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&parts.concat()).unwrap();
        entries(&file, 3)
    }

    fn end() -> Vec<u8> {
        vec![0; 1024]
    }

    #[track_caller]
    fn check(parts: &[Vec<u8>], expected: &str) {
        let got = match read(parts) {
            Ok(entries) => entries
                .iter()
                .map(|entry| {
                    format!("{} {:?} {}@{}", String::from_utf8_lossy(&entry.path), entry.kind, entry.size_bytes, entry.offset)
                })
                .collect::<Vec<_>>()
                .join(", "),
            Err(error) => error.to_string(),
        };
        assert_eq!(got, expected);
    }

    #[test]
    fn files_links_and_directories_are_read() {
        let parts = [header("d/", b'5', 0), with(header("d/f", b'0', 3), "abc"), header("d/l", b'2', 0), end()];
        check(&parts, "d/ Directory 0@512, d/f Regular 3@1024, d/l Link 0@2048");
    }

    #[test]
    fn a_pax_header_speaks_for_the_next_entry_only() {
        let record = "22 path=long/name.txt\n9 size=4\n11 mtime=1\n";
        let pax = with(header("pax", b'x', record.len() as u64), record);
        check(
            &[pax, with(header("short", b'0', 0), "abcd"), header("next", b'0', 0), end()],
            "long/name.txt Regular 4@1536, next Regular 0@2560",
        );
    }

    #[test]
    fn what_git_does_not_write_is_refused() {
        check(&[header("d", b'3', 0), end()], "git archive wrote an entry of a kind that git does not write");
        let mut broken = header("f", b'0', 0);
        broken[0] = b'g';
        check(&[broken, end()], "git archive wrote a broken header");
        check(&[header("f", b'0', 0)], "failed to fill whole buffer");
        let many: Vec<_> = (0..4).map(|_| header("f", b'0', 0)).chain([end()]).collect();
        check(&many, "git archive wrote more files than any module has");
    }
}

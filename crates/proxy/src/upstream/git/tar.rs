//! The part of the tar format that `git archive` writes: ustar with pax headers. Anything else is refused.

use std::io::{self, Read};

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// As the archive has it; a directory's ends with a slash.
    pub(super) path: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) size_bytes: u64,
}

/// What an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Regular,
    Link,
    Directory,
}

/// Reads an archive to its end, and shows `visit` each entry with its content; what is not read of that is passed over.
///
/// # Errors
/// Those of reading and of `visit`; `InvalidData` for what git does not write and for more than `most` entries; `UnexpectedEof` for an end that
/// comes too early.
pub(super) fn read(
    archive: &mut dyn Read,
    most: usize,
    visit: &mut dyn FnMut(Entry, &mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let (mut pax, mut entries) = (Pax::default(), 0);
    loop {
        let mut header = [0; BLOCK as usize];
        archive.read_exact(&mut header)?;
        if header.iter().all(|byte| *byte == 0) {
            // What follows are more zeros; whoever writes them must not find that nobody listens.
            return io::copy(archive, &mut io::sink()).map(drop);
        }
        let header = Header(header);
        header.check()?;
        let size_bytes = pax.size.unwrap_or(header.size()?);
        let mut content = (&mut *archive).take(size_bytes);
        let kind = match header.0[156] {
            b'0' | 0 => Some(Kind::Regular),
            b'2' => Some(Kind::Link),
            b'5' => Some(Kind::Directory),
            // For all that follow: the commit's name.
            b'g' => None,
            b'x' => {
                pax = Pax::read(&mut content, size_bytes)?;
                None
            }
            _ => return Err(odd("an entry of a kind that git does not write")),
        };
        if let Some(kind) = kind {
            entries += 1;
            if entries > most {
                return Err(odd("more files than any module has"));
            }
            let path = std::mem::take(&mut pax).path.unwrap_or_else(|| header.path());
            visit(Entry { path, kind, size_bytes }, &mut content)?;
        }
        let rest = content.limit();
        pass_over(archive, rest, size_bytes)?;
    }
}

/// Passes over what is left of a content, and what fills its last block.
fn pass_over(archive: &mut dyn Read, rest: u64, size_bytes: u64) -> io::Result<()> {
    let padding = size_bytes.wrapping_neg() % BLOCK;
    let all = rest.checked_add(padding).ok_or_else(|| odd("a size beyond all measure"))?;
    let passed = io::copy(&mut archive.take(all), &mut io::sink())?;
    if passed == all { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

const BLOCK: u64 = 512;

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
    fn read(content: &mut dyn Read, size_bytes: u64) -> io::Result<Self> {
        if size_bytes > crate::limits::MAX_PAX_BYTES {
            return Err(odd("a header that is too long"));
        }
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
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

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("git archive wrote {what}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn header(name: &str, kind: u8, size: u64) -> Vec<u8> {
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

    pub(in super::super) fn with(mut header: Vec<u8>, content: &str) -> Vec<u8> {
        header.extend_from_slice(content.as_bytes());
        header.resize(header.len().div_ceil(512) * 512, 0);
        header
    }

    fn entries(parts: &[Vec<u8>]) -> io::Result<Vec<String>> {
        let mut entries = Vec::new();
        read(&mut parts.concat().as_slice(), 3, &mut |entry, content| {
            let mut text = String::new();
            content.read_to_string(&mut text)?;
            entries.push(format!("{} {:?} {} {text:?}", String::from_utf8_lossy(&entry.path), entry.kind, entry.size_bytes));
            Ok(())
        })?;
        Ok(entries)
    }

    pub(in super::super) fn end() -> Vec<u8> {
        vec![0; 1024]
    }

    #[track_caller]
    fn check(parts: &[Vec<u8>], expected: &str) {
        let got = entries(parts).map_or_else(|error| error.to_string(), |entries| entries.join(", "));
        assert_eq!(got, expected);
    }

    #[test]
    fn files_links_and_directories_are_read() {
        let parts = [header("d/", b'5', 0), with(header("d/f", b'0', 3), "abc"), header("d/l", b'2', 0), end()];
        check(&parts, r#"d/ Directory 0 "", d/f Regular 3 "abc", d/l Link 0 """#);
    }

    #[test]
    fn a_pax_header_speaks_for_the_next_entry_only() {
        let record = "22 path=long/name.txt\n9 size=4\n11 mtime=1\n";
        let pax = with(header("pax", b'x', record.len() as u64), record);
        check(
            &[pax, with(header("short", b'0', 0), "abcd"), header("next", b'0', 0), end()],
            r#"long/name.txt Regular 4 "abcd", next Regular 0 """#,
        );
    }

    #[test]
    fn a_content_that_nobody_reads_is_passed_over() {
        let parts = [with(header("f", b'0', 3), "abc"), with(header("g", b'0', 600), &"x".repeat(600)), end()].concat();
        let mut paths = Vec::new();
        read(&mut parts.as_slice(), 3, &mut |entry, _| {
            paths.push(entry.path);
            Ok(())
        })
        .unwrap();
        assert_eq!(paths, [b"f", b"g"]);
    }

    #[test]
    fn what_git_does_not_write_is_refused() {
        check(&[header("d", b'3', 0), end()], "git archive wrote an entry of a kind that git does not write");
        let mut broken = header("f", b'0', 0);
        broken[0] = b'g';
        check(&[broken, end()], "git archive wrote a broken header");
        check(&[header("f", b'0', 0)], "failed to fill whole buffer");
        check(&[header("f", b'0', 600), vec![b'a'; 512]], "unexpected end of file");
        let many: Vec<_> = (0..4).map(|_| header("f", b'0', 0)).chain([end()]).collect();
        check(&many, "git archive wrote more files than any module has");
    }
}

//! The files of a zip that a version control tool of ours has just written.
//!
//! Not the reader for module zips, which refuses whatever could be read in two ways: this one trusts the layout, whose writer we started,
//! and knows modes. Names and contents are strangers'.

use std::{
    fs::File,
    io::{self, Read, Seek as _, SeekFrom, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
    sync::Arc,
};

use flate2::read::DeflateDecoder;
use gomod::zip::create::FileKind;

use crate::upstream::direct::repo::{Content, Tree, TreeFile};

/// Reads the tree below `prefix/` and `subdir` (empty: all of it) of `tree.zip` in `folder`. Stored contents stay there, in a file that may
/// be unlinked; deflated ones are unpacked, into at most `most_bytes`.
///
/// # Errors
/// What the disk says; `InvalidData` if it is no such zip.
pub(in crate::upstream) fn tree(folder: &Path, subdir: &str, most_bytes: u64) -> io::Result<Tree> {
    let zip = File::open(folder.join("tree.zip"))?;
    let entries = directory(&zip)?;
    let below = if subdir.is_empty() { PREFIX.to_owned() } else { format!("{PREFIX}{subdir}/") };
    let wanted = entries.into_iter().filter_map(|entry| {
        let path = entry.name.strip_prefix(below.as_bytes())?.to_vec();
        (!path.is_empty() && !path.ends_with(b"/")).then_some((path, entry))
    });
    let wanted: Vec<_> = wanted.collect();
    let unpacks = wanted.iter().any(|(_, entry)| entry.method != STORED);
    let mut pack = Pack { file: if unpacks { tempfile::tempfile_in(folder)? } else { zip.try_clone()? }, end: 0, most_bytes };
    let mut files = Vec::with_capacity(wanted.len());
    for (path, entry) in wanted {
        let kind = entry.kind();
        let content = match kind {
            FileKind::Regular if unpacks => pack.add(&zip, &entry)?,
            FileKind::Regular => Content::Packed(entry.data(&zip)?),
            _ => Content::None,
        };
        files.push(TreeFile { path, kind, size_bytes: entry.size_bytes, content });
    }
    Ok(Tree { files, pack: Some(Arc::new(pack.file)), folder: None })
}

/// The directory that the tools are told to put everything in.
const PREFIX: &str = "prefix/";

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// An entry of the central directory.
struct Entry {
    name: Vec<u8>,
    method: u16,
    packed_bytes: u64,
    size_bytes: u64,
    header: u64,
    /// The Unix mode; 0 if another system wrote it.
    mode: u32,
}

impl Entry {
    fn kind(&self) -> FileKind {
        match self.mode >> 12 {
            0 | 0o10 => FileKind::Regular,
            0o12 => FileKind::Symlink,
            0o4 => FileKind::Directory,
            _ => FileKind::Other,
        }
    }

    /// Where the content begins.
    fn data(&self, zip: &File) -> io::Result<u64> {
        let mut header = [0; 30];
        zip.read_exact_at(&mut header, self.header)?;
        Ok(self.header + 30 + u64::from(short(&header, 26)) + u64::from(short(&header, 28)))
    }
}

/// Contents, one after the other.
struct Pack {
    file: File,
    end: u64,
    most_bytes: u64,
}

impl Pack {
    fn add(&mut self, zip: &File, entry: &Entry) -> io::Result<Content> {
        let at = self.end;
        self.end += entry.size_bytes;
        if self.end > self.most_bytes {
            return Err(bad("the tree is larger than a repository may be"));
        }
        let mut packed = zip.try_clone()?;
        packed.seek(SeekFrom::Start(entry.data(zip)?))?;
        let packed = packed.take(entry.packed_bytes);
        let copied = match entry.method {
            STORED => io::copy(&mut packed.take(entry.size_bytes), &mut self.file)?,
            DEFLATED => io::copy(&mut DeflateDecoder::new(packed).take(entry.size_bytes), &mut self.file)?,
            _ => return Err(bad("a method that no tool of ours uses")),
        };
        self.file.flush()?;
        if copied == entry.size_bytes { Ok(Content::Packed(at)) } else { Err(bad("a content is cut short")) }
    }
}

/// Reads the central directory. Its length decides, not its count, which has 16 bits.
fn directory(zip: &File) -> io::Result<Vec<Entry>> {
    let length = zip.metadata()?.len();
    let mut end = [0; 22];
    zip.read_exact_at(&mut end, length.checked_sub(22).ok_or_else(|| bad("too short"))?)?;
    let (size_bytes, at) = (long(&end, 12), long(&end, 16));
    if &end[..4] != b"PK\x05\x06" || u64::from(at) + u64::from(size_bytes) > length {
        return Err(bad("no directory"));
    }
    let mut bytes = vec![0; usize::try_from(size_bytes).map_err(io::Error::other)?];
    zip.read_exact_at(&mut bytes, at.into())?;
    let (mut entries, mut rest) = (Vec::new(), bytes.as_slice());
    while !rest.is_empty() {
        let entry;
        (entry, rest) = first(rest).ok_or_else(|| bad("a bad entry"))?;
        entries.push(entry);
    }
    Ok(entries)
}

/// The first entry, and what comes after it.
fn first(bytes: &[u8]) -> Option<(Entry, &[u8])> {
    let head = bytes.get(..46).filter(|head| head.starts_with(b"PK\x01\x02"))?;
    let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(short(head, at)));
    let unix = matches!(head[5], 3 | 19);
    let entry = Entry {
        name: bytes.get(46..46 + name)?.to_vec(),
        method: short(head, 10),
        packed_bytes: long(head, 20).into(),
        size_bytes: long(head, 24).into(),
        header: long(head, 42).into(),
        mode: if unix { long(head, 38) >> 16 } else { 0 },
    };
    Some((entry, bytes.get(46 + name + extra + comment..)?))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the tool's zip: {what}"))
}

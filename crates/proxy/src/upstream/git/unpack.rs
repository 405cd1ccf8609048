//! An archive is taken apart while git still writes it: small files are deflated at once, by several threads, and never rest on the disk.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    sync::Arc,
};

use gomod::zip::create::FileKind;

use super::{
    ahead::Ahead,
    remembered::Remembered,
    tar::{self, Entry, Kind},
};
use crate::{
    limits,
    upstream::direct::repo::{Content, Tree, TreeFile},
};

/// Reads the archive of `subdir` from `archive` to its end. What is not deflated ahead goes into `pack`.
///
/// # Errors
/// Those of [`tar::read`]; `FileTooLarge` for an archive of more than `most_bytes`; what the disk says of `pack`.
pub(super) fn unpack(
    archive: impl Read,
    subdir: &[u8],
    most_bytes: u64,
    pack: File,
    remembered: &Remembered,
) -> io::Result<Tree> {
    let mut archive = BufReader::with_capacity(limits::FRAME_BYTES, archive.take(most_bytes.saturating_add(1)));
    let mut sorting =
        Sorting { subdir, ahead: Ahead::new(remembered), ahead_bytes: 0, pack: &pack, packed: 0, files: Vec::new() };
    let read = tar::read(&mut archive, limits::MAX_TREE_FILES, &mut |entry, content| sorting.add(entry, content));
    if archive.get_ref().limit() == 0 {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    read?;
    let Sorting { ahead, mut files, .. } = sorting;
    for (place, deflated) in ahead.finish() {
        files[place].content = Content::Deflated(deflated);
    }
    Ok(Tree { files, pack: Some(Arc::new(pack)), folder: None })
}

/// What has been read of an archive.
struct Sorting<'a> {
    subdir: &'a [u8],
    ahead: Ahead,
    /// Bytes that were taken to be deflated.
    ahead_bytes: u64,
    pack: &'a File,
    packed: u64,
    files: Vec<TreeFile>,
}

impl Sorting<'_> {
    fn add(&mut self, entry: Entry, content: &mut dyn Read) -> io::Result<()> {
        let Some(mut file) = below(entry, self.subdir) else { return Ok(()) };
        if file.kind == FileKind::Regular {
            file.content = self.take(file.size_bytes, content)?;
        }
        self.files.push(file);
        Ok(())
    }

    fn take(&mut self, size_bytes: u64, content: &mut dyn Read) -> io::Result<Content> {
        let ahead_bytes = self.ahead_bytes + size_bytes;
        if size_bytes > limits::DEFLATED_FILE_BYTES || ahead_bytes > limits::DEFLATED_AHEAD_BYTES {
            return self.put_aside(size_bytes, content);
        }
        self.ahead_bytes = ahead_bytes;
        let mut bytes = Vec::with_capacity(usize::try_from(size_bytes).unwrap_or_default());
        content.read_to_end(&mut bytes)?;
        let is_whole = bytes.len() as u64 == size_bytes;
        if !is_whole {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.ahead.add(self.files.len(), bytes);
        // Until it is deflated.
        Ok(Content::None)
    }

    fn put_aside(&mut self, size_bytes: u64, content: &mut dyn Read) -> io::Result<Content> {
        let at = self.packed;
        let copied = io::copy(content, &mut self.pack)?;
        self.packed += copied;
        if copied == size_bytes { Ok(Content::Packed(at)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// The entry with its path relative to `subdir`; none for directories, and for the way down to `subdir`.
fn below(entry: Entry, subdir: &[u8]) -> Option<TreeFile> {
    let kind = match entry.kind {
        Kind::Regular => FileKind::Regular,
        Kind::Link => FileKind::Symlink,
        Kind::Directory => return None,
    };
    let path = match subdir {
        b"" => entry.path,
        _ => entry.path.strip_prefix(subdir)?.strip_prefix(b"/")?.to_vec(),
    };
    Some(TreeFile { path, kind, size_bytes: entry.size_bytes, content: Content::None })
}

#[cfg(test)]
mod tests {
    use super::{
        super::tar::tests::{end, header, with},
        *,
    };

    fn regular(name: &str, content: &str) -> Vec<u8> {
        with(header(name, b'0', content.len() as u64), content)
    }

    fn unpacked(parts: &[Vec<u8>], subdir: &str, most_bytes: u64) -> io::Result<Tree> {
        unpack(parts.concat().as_slice(), subdir.as_bytes(), most_bytes, tempfile::tempfile()?, &Remembered::default())
    }

    /// Names, where their contents are, and the contents themselves.
    fn told(tree: &Tree) -> Vec<String> {
        let tell = |file: &TreeFile| {
            let place = match &file.content {
                Content::None => return format!("{} {:?}", String::from_utf8_lossy(&file.path), file.kind),
                Content::Packed(at) => format!("packed at {at}"),
                Content::File(path) => format!("in {}", path.display()),
                Content::Deflated(_) => "deflated".to_owned(),
            };
            let mut content = String::new();
            tree.open(file).unwrap().read_to_string(&mut content).unwrap();
            format!(
                "{} {place}: {} bytes, {:?}",
                String::from_utf8_lossy(&file.path),
                content.len(),
                &content[..content.len().min(3)]
            )
        };
        tree.files.iter().map(tell).collect()
    }

    #[test]
    fn small_files_are_deflated_and_large_ones_put_aside_in_the_archives_order() {
        let large = "abc".repeat(limits::DEFLATED_FILE_BYTES as usize / 3 + 1);
        let parts =
            [regular("a", "aaa"), regular("b", &large), header("l", b'2', 0), regular("c", &large), regular("d", ""), end()];
        let tree = unpacked(&parts, "", 1 << 30).unwrap();
        let (second, size) = (large.len(), large.len());
        assert_eq!(
            told(&tree),
            [
                "a deflated: 3 bytes, \"aaa\"".to_owned(),
                format!("b packed at 0: {size} bytes, \"abc\""),
                "l Symlink".to_owned(),
                format!("c packed at {second}: {size} bytes, \"abc\""),
                "d deflated: 0 bytes, \"\"".to_owned(),
            ]
        );
    }

    #[test]
    fn no_more_is_deflated_ahead_than_may_be_held_in_memory() {
        let (count, text) = (40, "x".repeat(1 << 20));
        let parts: Vec<_> = (0..count).map(|n| regular(&format!("f{n}"), &text)).chain([end()]).collect();
        let tree = unpacked(&parts, "", 1 << 30).unwrap();
        let ahead = tree.files.iter().filter(|file| matches!(file.content, Content::Deflated(_))).count();
        assert_eq!((tree.files.len(), ahead as u64), (count, limits::DEFLATED_AHEAD_BYTES >> 20));
    }

    #[test]
    fn the_way_down_to_a_directory_is_not_in_its_tree() {
        let parts = [header("sub/", b'5', 0), regular("sub/a", "1"), regular("subway", "2"), regular("sub/d/b", "3"), end()];
        let paths: Vec<_> = unpacked(&parts, "sub", 1 << 30).unwrap().files.into_iter().map(|file| file.path).collect();
        assert_eq!(paths, [b"a".to_vec(), b"d/b".to_vec()]);
    }

    #[test]
    fn an_archive_that_ends_early_or_never_is_no_tree() {
        let whole = [regular("a", "aaa"), regular("b", "bbb"), end()];
        let kind = |end: io::Result<Tree>| end.map(|_| ()).map_err(|error| error.kind());
        assert_eq!(kind(unpacked(&whole, "", 3072)), Ok(()));
        assert_eq!(kind(unpacked(&whole, "", 3071)), Err(io::ErrorKind::FileTooLarge));
        assert_eq!(kind(unpacked(&whole[..2], "", 3072)), Err(io::ErrorKind::UnexpectedEof));
        assert_eq!(kind(unpacked(&[whole[0][..514].to_vec()], "", 3072)), Err(io::ErrorKind::UnexpectedEof));
    }
}

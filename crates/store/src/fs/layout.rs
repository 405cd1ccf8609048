//! Which file lies where.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::durable;
use crate::{Digest, OpenError};

/// The format this program reads and writes. It changes when an older program could no longer read what a newer one wrote.
const FORMAT: u32 = 1;

/// The directories of a store, all private to its user.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The store's own directory; it holds the file `format`.
    pub root: PathBuf,
    /// The blobs, in up to 256 directories by the first byte of their digest.
    pub blobs: PathBuf,
    /// Staged files. What lies here when nobody runs is left over.
    pub tmp: PathBuf,
    /// Damaged files, named by the digest they should have had.
    pub quarantine: PathBuf,
    /// The files of logs, in a directory for each log.
    pub logs: PathBuf,
}

impl Layout {
    /// Makes the directories that are missing and checks the format.
    pub fn open(root: &Path) -> Result<Self, OpenError> {
        let layout = Self::of(root);
        make_private(root)?;
        for directory in [&layout.blobs, &layout.tmp, &layout.quarantine, &layout.logs] {
            make_private(directory)?;
        }
        if !layout.has_format()? {
            let path = layout.format();
            durable::write(&path, &layout.tmp, format!("{FORMAT}\n").as_bytes()).map_err(OpenError::at(&path))?;
        }
        // The names made above must outlast a power cut before anything in them counts as kept.
        durable::sync_directory(root).map_err(OpenError::at(root))?;
        Ok(layout)
    }

    /// Checks the format, and makes nothing.
    pub(super) fn open_to_read(root: &Path) -> Result<Self, OpenError> {
        let layout = Self::of(root);
        if layout.has_format()? { Ok(layout) } else { Err(OpenError::Absent { path: layout.root, missing: "format" }) }
    }

    fn of(root: &Path) -> Self {
        let [blobs, tmp, quarantine, logs] = ["blobs", "tmp", "quarantine", "logs"].map(|name| root.join(name));
        Self { root: root.to_owned(), blobs, tmp, quarantine, logs }
    }

    /// The blob with this digest, relative to [`Layout::blobs`]: `ab/cdef…`.
    pub fn name(digest: Digest) -> String {
        let mut name = digest.to_string();
        name.insert(2, '/');
        name
    }

    /// The file of the blob with this digest.
    pub fn blob(&self, digest: Digest) -> PathBuf {
        self.blobs.join(Self::name(digest))
    }

    /// The directory that holds the blob with this digest.
    pub fn fan_out(&self, digest: Digest) -> PathBuf {
        self.blobs.join(format!("{:02x}", digest.as_bytes()[0]))
    }

    /// The directory of this log: its name with every byte escaped that is no lower-case letter, digit, `-`, `_`, or a dot behind the first byte.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        let is_plain = |at: usize, byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte) || (byte == b'.' && at > 0)
        };
        let escape =
            |(at, byte): (usize, u8)| if is_plain(at, byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") };
        self.logs.join(name.bytes().enumerate().map(escape).collect::<String>())
    }

    /// The names of the logs that have a directory here, in order. One that no log can have is not among them.
    pub(crate) fn log_names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.logs)? {
            let name = entry?.file_name().to_str().and_then(unescaped);
            names.extend(name.filter(|name| self.log(name).is_dir()));
        }
        names.sort();
        Ok(names)
    }

    fn format(&self) -> PathBuf {
        self.root.join("format")
    }

    /// Whether a store was made here, in a format that this program knows.
    fn has_format(&self) -> Result<bool, OpenError> {
        let path = self.format();
        let text = match fs::read_to_string(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(false),
            text => text.map_err(OpenError::at(&path))?,
        };
        let damaged = || OpenError::Damaged { path: path.clone(), reason: "holds no format number".to_owned() };
        match text.trim_end().parse::<u32>().map_err(|_| damaged())? {
            0 => Err(damaged()),
            found if found > FORMAT => Err(OpenError::TooNew { path: self.root.clone(), found, known: FORMAT }),
            _ => Ok(true),
        }
    }
}

/// The name of a log of which this is the directory's; `None` if it is none.
fn unescaped(directory: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = directory;
    while let Some(first) = rest.chars().next() {
        let (byte, after) = match first {
            '%' => (u8::from_str_radix(rest.get(1..3)?, 16).ok()?, &rest[3..]),
            _ => (u8::try_from(first).ok()?, &rest[first.len_utf8()..]),
        };
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// Makes `path` and what is missing above it. A directory of ours that others may enter is closed to them.
fn make_private(path: &Path) -> Result<(), OpenError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(OpenError::at(path))?;
    let mode = fs::metadata(path).map_err(OpenError::at(path))?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(OpenError::at(path))
}

//! Changes that are there after a power cut.
//!
//! Bytes are synced before they get their name, so that a name never reaches the disk ahead of them; the directory is synced after, so
//! that the name itself lasts.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

/// Writes `bytes` to `path` by way of `tmp`, so that whoever looks, even after a power cut, finds all of them or none.
pub(super) fn write(path: &Path, tmp: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(tmp)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_directory(path.parent().expect("a file lies in a directory"))
}

/// Renames `temporary`, whose bytes are synced, to `path` in `directory`.
///
/// If the new name cannot be made durable it is taken back: after a failed sync nobody knows what is on the disk.
pub(super) fn rename(temporary: &Path, path: &Path, directory: &Path) -> io::Result<()> {
    fs::rename(temporary, path)?;
    sync_directory(directory).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Makes the names in `directory` durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

//! The only place that deletes.

use std::{fs, io};

use crate::fs::Layout;

/// Removes the temporary files of an earlier process. Only for whoever has the store alone.
pub(crate) fn temporary_files(layout: &Layout) -> io::Result<()> {
    for entry in fs::read_dir(&layout.tmp)? {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

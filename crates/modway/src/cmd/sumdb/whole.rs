//! Files that are there whole or not at all.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::Context as _;

/// Has `make` write the file at `path`, readable by its owner only. Unless all of it succeeds, what was there stays, and a link stays one; what
/// is no file, such as a pipe, is written to as it is.
pub(super) fn write(path: &Path, make: &mut dyn FnMut(&mut (dyn Write + Send)) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let context = || format!("writing {}", path.display());
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        let mut out = BufWriter::new(File::options().write(true).open(path).with_context(context)?);
        return make(&mut out);
    }
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut out = BufWriter::new(tempfile::NamedTempFile::new_in(folder).with_context(context)?);
    make(&mut out)?;
    let file = out.into_inner().map_err(|error| error.into_error()).with_context(context)?;
    file.as_file().sync_all().with_context(context)?;
    file.persist(path).with_context(context)?;
    Ok(())
}

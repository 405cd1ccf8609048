//! Reads that never wait for a disk.
//!
//! A file whose name and bytes the kernel has in memory is read in a few microseconds, less than handing the work to another thread
//! takes. Linux can be told to give up rather than wait: `RESOLVE_CACHED` of openat2(2) and `RWF_NOWAIT` of preadv2(2). Where it cannot, or
//! does give up, the answer is `None` and a thread that may wait does the work.

use std::fs::File;

#[cfg(target_os = "linux")]
use std::{io::IoSliceMut, path::Path};

/// Opens `name` below `directory` if that needs no disk.
#[cfg(target_os = "linux")]
pub(super) fn open(directory: &File, name: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
    let how = ResolveFlags::CACHED | ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    openat2(directory, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty(), how).ok().map(File::from)
}

/// The first `size_bytes` bytes of `file` if they are all in memory.
#[cfg(target_os = "linux")]
pub(super) fn read(file: &File, size_bytes: usize) -> Option<Vec<u8>> {
    use rustix::io::{ReadWriteFlags, preadv2};
    let mut bytes = vec![0; size_bytes];
    let read = preadv2(file, &mut [IoSliceMut::new(&mut bytes)], 0, ReadWriteFlags::NOWAIT).ok()?;
    (read == size_bytes).then_some(bytes)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn open(_: &File, _: &std::path::Path) -> Option<File> {
    None
}

#[cfg(not(target_os = "linux"))]
pub(super) fn read(_: &File, _: usize) -> Option<Vec<u8>> {
    None
}

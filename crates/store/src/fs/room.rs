//! Is there room for more?

use std::{io, path::Path};

use crate::limits::RESERVE_NAMES;

/// Fails with [`io::ErrorKind::StorageFull`] if `wanted_bytes` more would leave less than `reserve_bytes` free on the disk of `tmp`.
pub(super) fn check(tmp: &Path, reserve_bytes: u64, wanted_bytes: u64) -> io::Result<()> {
    let room = rustix::fs::statvfs(tmp)?;
    let free_bytes = room.f_bavail.saturating_mul(room.f_frsize);
    let has_names = room.f_files == 0 || room.f_favail >= RESERVE_NAMES;
    if has_names && free_bytes >= reserve_bytes.saturating_add(wanted_bytes) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::StorageFull, "too little space is left on the disk of the store"))
}

//! One server per store.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
};

use rustix::fs::{FlockOperation, flock};

use crate::OpenError;

/// The right to change a store's files. Given up when the last clone is dropped, or by the kernel when the process ends.
#[derive(Clone, Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "open is all it has to be")] Arc<File>);

impl Lock {
    /// Takes the lock of the store at `root`, or says at once that someone else has it.
    pub(crate) fn take(root: &Path) -> Result<Self, OpenError> {
        let path = root.join("lock");
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(false).mode(0o600).open(&path).map_err(OpenError::at(&path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(Arc::new(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked { path: root.to_owned() }),
            Err(error) => Err(OpenError::at(&path)(error.into())),
        }
    }
}

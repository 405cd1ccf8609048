//! One server per store, and one at a time where several threads or processes change one file.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rustix::fs::{FlockOperation, flock};

use crate::{OpenError, limits::TURN_PAUSE};

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

/// The right to be the only one that changes what lies in a directory, until it is dropped, or the process ends.
#[derive(Debug)]
pub(crate) struct Turn(#[expect(dead_code, reason = "open is all it has to be")] File);

impl Turn {
    /// Waits until nobody else has the turn in `directory`, for at most `patience`: whoever has it may have been put to sleep by the system.
    pub(crate) fn wait(directory: &Path, patience: Duration) -> io::Result<Self> {
        let (file, began) = (File::open(directory)?, Instant::now());
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self(file)),
                Err(rustix::io::Errno::WOULDBLOCK) if began.elapsed() < patience => thread::sleep(TURN_PAUSE),
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(taken(patience)),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Writing takes milliseconds, so whoever has the turn for so long does not go on by itself.
fn taken(patience: Duration) -> io::Error {
    let text = format!(
        "another process has been writing here for {} s or more; if it was stopped, let it go on or end it",
        patience.as_secs()
    );
    io::Error::new(io::ErrorKind::TimedOut, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_that_does_not_end_is_told_with_whose_move_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = Turn::wait(directory.path(), Duration::ZERO).expect("nobody has it");
        let error = Turn::wait(directory.path(), Duration::ZERO).expect_err("the first one has it");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(error.to_string().contains("let it go on or end it"), "{error}");
        drop(first);
        assert!(Turn::wait(directory.path(), Duration::ZERO).is_ok());
    }
}

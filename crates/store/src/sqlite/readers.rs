//! The connections that read.

use std::{
    path::Path,
    sync::{Mutex, PoisonError, TryLockError},
};

use rusqlite::Connection;

use super::schema;
use crate::{OpenError, limits::READERS};

/// A few connections that only read.
#[derive(Debug)]
pub(super) struct Readers(Vec<Mutex<Connection>>);

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        // Reads run where they are called: there are never more at a time than threads that call.
        let readers = std::thread::available_parallelism().map_or(READERS, |threads| threads.get().clamp(2, READERS));
        (0..readers).map(|_| schema::connect_to_read(path).map(Mutex::new)).collect::<Result<_, _>>().map(Self)
    }

    /// Lends a connection to `work`, the first that is free: so the first ones' caches are the hot ones, and the last ones' stay small.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Connection) -> T) -> T {
        for connection in &self.0 {
            match connection.try_lock() {
                Ok(connection) => return work(&connection),
                Err(TryLockError::Poisoned(poisoned)) => return work(&poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        work(&self.0[0].lock().unwrap_or_else(PoisonError::into_inner))
    }
}

//! Logs in memory, for tests, with the faults that real ones have, and with what befalls real ones: damage, and backups that come back.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use bytes::Bytes;

use super::{Extended, Lease, LogFiles, LogLock, Logs, check_name, check_path};
use crate::{
    StoreError,
    memory::{Faults, lock},
};

/// Logs in memory with the faults of both halves.
pub fn logs(files: Faults, lock: Faults) -> Logs {
    Logs { files: Arc::new(MemoryLogFiles::new(files)), lock: Arc::new(MemoryLogLock::new(lock)) }
}

/// The files of logs in memory; clones share them.
#[derive(Clone, Debug, Default)]
pub struct MemoryLogFiles {
    shelves: Arc<Mutex<Shelves>>,
    faults: Faults,
}

#[derive(Clone, Debug, Default)]
struct Shelves {
    files: BTreeMap<(String, String), Bytes>,
    published: BTreeMap<String, Bytes>,
}

impl MemoryLogFiles {
    /// No files, and `faults` for [`LogFiles::put`], [`LogFiles::publish`] and [`LogFiles::remove`].
    pub fn new(faults: Faults) -> Self {
        Self { shelves: Arc::default(), faults }
    }

    /// What is there now, as a backup takes it; later changes do not reach it. It has no faults.
    pub fn backup(&self) -> Self {
        Self { shelves: Arc::new(Mutex::new(lock(&self.shelves).clone())), faults: Faults::default() }
    }

    /// Puts back what `backup` has, and nothing else is there any more.
    pub fn restore(&self, backup: &Self) {
        let shelves = lock(&backup.shelves).clone();
        *lock(&self.shelves) = shelves;
    }

    /// Changes the bytes of a file, as damage does; `None` loses it.
    pub fn damage(&self, log: &str, path: &str, bytes: Option<Bytes>) {
        let (key, mut shelves) = ((log.to_owned(), path.to_owned()), lock(&self.shelves));
        match bytes {
            Some(bytes) => drop(shelves.files.insert(key, bytes)),
            None => drop(shelves.files.remove(&key)),
        }
    }
}

#[async_trait]
impl LogFiles for MemoryLogFiles {
    async fn put(&self, log: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        check_all(log, files.iter().map(|(path, _)| path))?;
        self.faults.play_parts(files, |part| lock(&self.shelves).put(log, part))?
    }

    async fn get(&self, log: &str, path: &str) -> Result<Option<Bytes>, StoreError> {
        check_all(log, [path])?;
        Ok(lock(&self.shelves).files.get(&(log.to_owned(), path.to_owned())).cloned())
    }

    async fn publish(&self, log: &str, old: Option<Bytes>, note: Bytes) -> Result<bool, StoreError> {
        check_name(log)?;
        self.faults.play_index(|| {
            let mut shelves = lock(&self.shelves);
            let is_old = shelves.published.get(log) == old.as_ref();
            if is_old {
                shelves.published.insert(log.to_owned(), note);
            }
            is_old
        })
    }

    async fn published(&self, log: &str) -> Result<Option<Bytes>, StoreError> {
        check_name(log)?;
        Ok(lock(&self.shelves).published.get(log).cloned())
    }

    async fn remove(&self, log: &str, paths: Vec<String>) -> Result<(), StoreError> {
        check_all(log, &paths)?;
        self.faults.play_parts(paths, |part| {
            let mut shelves = lock(&self.shelves);
            part.into_iter().for_each(|path| drop(shelves.files.remove(&(log.to_owned(), path))));
        })?;
        Ok(())
    }

    async fn list(&self, log: &str, prefix: &str, limit: usize) -> Result<Vec<String>, StoreError> {
        check_name(log)?;
        let shelves = lock(&self.shelves);
        let from = shelves.files.range((log.to_owned(), prefix.to_owned())..);
        let of_prefix = from.take_while(|((of, path), _)| of == log && path.starts_with(prefix));
        Ok(of_prefix.take(limit).map(|((_, path), _)| path.clone()).collect())
    }
}

impl Shelves {
    fn put(&mut self, log: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        for (path, bytes) in files {
            match self.files.entry((log.to_owned(), path)) {
                Entry::Occupied(kept) if *kept.get() != bytes => return Err(StoreError::Changed { path: kept.key().1.clone() }),
                Entry::Occupied(_) => {}
                Entry::Vacant(free) => drop(free.insert(bytes)),
            }
        }
        Ok(())
    }
}

/// The lock of logs in memory; clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryLogLock {
    tables: Arc<Mutex<Tables>>,
    faults: Faults,
}

#[derive(Clone, Debug, Default)]
struct Tables {
    heads: BTreeMap<String, Bytes>,
    numbers: BTreeMap<(String, String), u64>,
    leases: BTreeMap<String, Lease>,
}

impl MemoryLogLock {
    /// An empty lock, and `faults` for [`LogLock::extend`] and [`LogLock::lease`].
    pub fn new(faults: Faults) -> Self {
        Self { tables: Arc::default(), faults }
    }

    /// What it holds now, as a backup takes it; later changes do not reach it. It has no faults.
    pub fn backup(&self) -> Self {
        Self { tables: Arc::new(Mutex::new(lock(&self.tables).clone())), faults: Faults::default() }
    }

    /// Puts back what `backup` holds, and nothing else is there any more.
    pub fn restore(&self, backup: &Self) {
        let tables = lock(&backup.tables).clone();
        *lock(&self.tables) = tables;
    }
}

#[async_trait]
impl LogLock for MemoryLogLock {
    async fn head(&self, log: &str) -> Result<Option<Bytes>, StoreError> {
        Ok(lock(&self.tables).heads.get(log).cloned())
    }

    async fn extend(
        &self,
        log: &str,
        fence: u64,
        old: Option<Bytes>,
        new: Bytes,
        keys: Vec<(String, u64)>,
    ) -> Result<Extended, StoreError> {
        check_name(log)?;
        self.faults.play_index(|| lock(&self.tables).extend(log, fence, old.as_ref(), new, keys))
    }

    async fn number(&self, log: &str, key: &str) -> Result<Option<u64>, StoreError> {
        Ok(lock(&self.tables).numbers.get(&(log.to_owned(), key.to_owned())).copied())
    }

    async fn lease(&self, log: &str, holder: &str, now: i64, seconds: u32) -> Result<Option<u64>, StoreError> {
        check_name(log)?;
        self.faults.play_index(|| {
            let mut tables = lock(&self.tables);
            let next = tables.leases.get(log).cloned().unwrap_or_default().next(holder, now, seconds)?;
            let fence = next.fence;
            tables.leases.insert(log.to_owned(), next);
            Some(fence)
        })
    }
}

impl Tables {
    fn extend(&mut self, log: &str, fence: u64, old: Option<&Bytes>, new: Bytes, keys: Vec<(String, u64)>) -> Extended {
        if self.leases.get(log).is_none_or(|lease| lease.fence != fence) {
            return Extended::Fenced;
        }
        if self.heads.get(log) != old {
            return Extended::Moved;
        }
        let mut named = BTreeSet::new();
        let is_free = |key: &String| !self.numbers.contains_key(&(log.to_owned(), key.clone()));
        if let Some((taken, _)) = keys.iter().find(|(key, _)| !named.insert(key) || !is_free(key)) {
            return Extended::Taken(taken.clone());
        }
        self.numbers.extend(keys.into_iter().map(|(key, number)| ((log.to_owned(), key), number)));
        self.heads.insert(log.to_owned(), new);
        Extended::Yes
    }
}

fn check_all<'a>(log: &str, paths: impl IntoIterator<Item = impl AsRef<str> + 'a>) -> Result<(), StoreError> {
    check_name(log)?;
    paths.into_iter().try_for_each(|path| check_path(path.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Fault;

    #[tokio::test]
    async fn a_put_that_fails_halfway_keeps_the_first_half_and_says_that_it_failed() {
        let faults = Faults::default();
        let files = MemoryLogFiles::new(faults.clone());
        faults.script([Some(Fault::Half), Some(Fault::Stored), Some(Fault::NotStored)]);
        for (name, kept) in [("a", 2), ("b", 4), ("c", 0)] {
            let four = (0..4).map(|n| (format!("{name}/{n}"), Bytes::new())).collect();
            files.put("log", four).await.unwrap_err();
            assert_eq!(files.list("log", name, 10).await.unwrap().len(), kept, "{name}");
        }
    }

    #[tokio::test]
    async fn an_extension_whose_answer_was_lost_took_effect() {
        let faults = Faults::default();
        let lock = MemoryLogLock::new(faults.clone());
        let fence = lock.lease("log", "h", 0, 10).await.unwrap().unwrap();
        faults.script([Some(Fault::NotStored), Some(Fault::Stored)]);
        for is_there in [false, true] {
            lock.extend("log", fence, None, Bytes::from("head"), vec![("key".to_owned(), 1)]).await.unwrap_err();
            assert_eq!(lock.head("log").await.unwrap().is_some(), is_there);
            assert_eq!(lock.number("log", "key").await.unwrap().is_some(), is_there);
        }
    }

    #[tokio::test]
    async fn a_backup_that_comes_back_knows_nothing_of_what_came_after() {
        let (files, lock) = (MemoryLogFiles::default(), MemoryLogLock::default());
        let fence = lock.lease("log", "h", 0, 10).await.unwrap().unwrap();
        let (old_files, old_lock) = (files.backup(), lock.backup());
        files.put("log", vec![("a".to_owned(), Bytes::from("1"))]).await.unwrap();
        lock.extend("log", fence, None, Bytes::from("head"), Vec::new()).await.unwrap();
        files.restore(&old_files);
        lock.restore(&old_lock);
        assert_eq!(files.get("log", "a").await.unwrap(), None);
        assert_eq!(lock.head("log").await.unwrap(), None);
        files.damage("log", "a", Some(Bytes::from("2")));
        assert_eq!(files.get("log", "a").await.unwrap(), Some(Bytes::from("2")));
    }
}

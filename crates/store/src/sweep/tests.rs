use std::fs::{File, FileTimes};

use bytes::Bytes;

use super::*;
use crate::{Blobs as _, Gone, Kind, Part, Store, embedded::open_parts, limits::RESERVE_BYTES, memory::MemoryIndex};

const GRACE: Duration = LEAST_GRACE;

struct Home {
    _directory: tempfile::TempDir,
    blobs: FsBlobs,
    index: MemoryIndex,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { blobs: FsBlobs::open(directory.path()).unwrap(), index: MemoryIndex::default(), _directory: directory }
    }

    async fn put(&self, text: &str, age: Duration) -> Digest {
        let digest = self.blobs.put_bytes(Bytes::from(text.to_owned())).await.unwrap();
        self.age(digest, age);
        digest
    }

    fn path(&self, digest: Digest) -> std::path::PathBuf {
        self.blobs.shelf().layout().blob(digest)
    }

    fn age(&self, digest: Digest, age: Duration) {
        let times = FileTimes::new().set_modified(SystemTime::now() - age);
        File::open(self.path(digest)).unwrap().set_times(times).unwrap();
    }

    async fn name(&self, digest: Digest) {
        let part = Part { digest, size_bytes: 1, h1: None, vouched: String::new(), origin: String::new(), kept_at: 0 };
        self.index.keep("m", &digest.to_string(), Kind::Zip, part).await.unwrap();
    }

    async fn sweep(&self) -> Swept {
        sweep(&self.blobs, &self.index, GRACE, SystemTime::now()).await.unwrap()
    }
}

#[tokio::test]
async fn an_old_blob_that_no_record_names_is_dropped_and_no_other() {
    let home = Home::new();
    let named = home.put("named", 2 * GRACE).await;
    let young = home.put("young", GRACE / 2).await;
    let old = home.put("old", 2 * GRACE).await;
    home.name(named).await;
    assert_eq!(home.sweep().await, Swept { right: 2, dropped: 1, ..Swept::default() });
    assert!(home.path(named).exists() && home.path(young).exists() && !home.path(old).exists());
}

#[tokio::test]
async fn a_blob_put_again_is_young_again() {
    let home = Home::new();
    home.put("old", 2 * GRACE).await;
    home.blobs.put_bytes(Bytes::from("old")).await.unwrap();
    assert_eq!(home.sweep().await.dropped, 0);
}

#[tokio::test]
async fn a_blob_whose_record_lost_it_is_dropped() {
    let home = Home::new();
    let digest = home.put("old", 2 * GRACE).await;
    home.name(digest).await;
    home.index.forget_blob("m", &digest.to_string(), Kind::Zip, Gone::Lost).await.unwrap();
    assert_eq!(home.sweep().await.dropped, 1);
}

#[tokio::test]
async fn a_damaged_blob_is_found_and_put_aside_though_it_was_right_before() {
    let home = Home::new();
    let length = 100_000;
    let digest = home.put(&"a".repeat(length), Duration::ZERO).await;
    home.name(digest).await;
    assert!(home.blobs.open(digest, length as u64).await.unwrap().is_some());
    fs::write(home.path(digest), "b".repeat(length)).unwrap();
    assert_eq!(home.sweep().await, Swept { damaged: 1, ..Swept::default() });
    assert!(home.blobs.open(digest, length as u64).await.unwrap().is_none());
}

#[tokio::test]
async fn what_was_put_aside_long_ago_is_removed() {
    let home = Home::new();
    let quarantine = &home.blobs.shelf().layout().quarantine;
    for (name, age) in [("old", 2 * QUARANTINE_AGE), ("young", QUARANTINE_AGE / 2)] {
        File::create(quarantine.join(name)).unwrap().set_times(FileTimes::new().set_modified(SystemTime::now() - age)).unwrap();
    }
    assert_eq!(home.sweep().await.removed_damaged, 1);
    assert!(quarantine.join("young").exists());
}

#[test]
fn named_digests_are_never_taken_for_unnamed() {
    for round in [0, 5, 7] {
        let digest = |n: u32| Digest::of(&n.to_le_bytes());
        let mut names = Names::new(round);
        (0..20_000).for_each(|n| names.add(digest(n)));
        assert!((0..20_000).all(|n| names.may_hold(digest(n))));
        assert!((20_000..40_000).filter(|n| names.may_hold(digest(*n))).count() < 20);
    }
}

#[tokio::test]
async fn opening_a_store_removes_the_temporary_files_of_another_life() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open_embedded(home.path()).unwrap();
    store.blobs.stage().unwrap().path.keep();
    drop(store);
    let (blobs, _) = open_parts(home.path(), RESERVE_BYTES).unwrap();
    assert_eq!(fs::read_dir(&blobs.shelf().layout().tmp).unwrap().count(), 0);
}

#[tokio::test]
async fn a_store_has_one_server_at_a_time() {
    let home = tempfile::tempdir().unwrap();
    let store = Store::open_embedded(home.path()).unwrap();
    let told = Store::open_embedded(home.path()).err().unwrap().to_string();
    let expected =
        "another modway uses this store, a server or `modway store check`; stop it, or give this one a directory of its own";
    assert_eq!(told, format!("{}: {expected}", home.path().display()));
    let Store { blobs, index, logs } = store;
    drop((index, logs));
    assert!(Store::open_embedded(home.path()).is_err());
    drop(blobs);
    Store::open_embedded(home.path()).unwrap();
}

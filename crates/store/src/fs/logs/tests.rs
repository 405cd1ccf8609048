use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::fs::FsBlobs;

const LOG: &str = "sum.example.com/Private";

fn open(home: &Path) -> FsLogFiles {
    FsBlobs::open(home).unwrap().logs()
}

async fn put(files: &FsLogFiles, path: &str, bytes: &str) -> Result<(), StoreError> {
    files.put(LOG, vec![(path.to_owned(), Bytes::from(bytes.to_owned()))]).await
}

fn folder(home: &Path) -> PathBuf {
    home.join("logs/sum.example.com%2f%50rivate")
}

fn left_over(home: &Path) -> usize {
    fs::read_dir(home.join("tmp")).unwrap().count()
}

#[tokio::test]
async fn a_file_lies_where_its_names_say_and_nobody_may_write_it() {
    let home = tempfile::tempdir().unwrap();
    put(&open(home.path()), "tile/8/0/x001/067", "bytes").await.unwrap();
    let path = folder(home.path()).join("files/tile/8/0/x001/067");
    assert_eq!(fs::read_to_string(&path).unwrap(), "bytes");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o444);
    assert_eq!(left_over(home.path()), 0);
}

#[tokio::test]
async fn a_file_that_is_there_is_not_written_again() {
    use std::os::unix::fs::MetadataExt as _;
    let home = tempfile::tempdir().unwrap();
    let files = open(home.path());
    put(&files, "a", "1").await.unwrap();
    let node = || fs::metadata(folder(home.path()).join("files/a")).unwrap().ino();
    let before = node();
    put(&files, "a", "1").await.unwrap();
    put(&files, "a", "2").await.unwrap_err();
    assert_eq!((node(), left_over(home.path())), (before, 0));
}

#[tokio::test]
async fn a_damaged_file_is_answered_as_it_is_and_never_mended_in_silence() {
    let home = tempfile::tempdir().unwrap();
    let files = open(home.path());
    put(&files, "tile/0/000", "right").await.unwrap();
    let path = folder(home.path()).join("files/tile/0/000");
    fs::remove_file(&path).unwrap();
    fs::write(&path, "wrong").unwrap();
    assert_eq!(files.get(LOG, "tile/0/000").await.unwrap(), Some(Bytes::from("wrong")));
    assert!(matches!(put(&files, "tile/0/000", "right").await, Err(StoreError::Changed { path }) if path == "tile/0/000"));
}

#[tokio::test]
async fn directories_go_with_their_last_file_and_come_back() {
    let home = tempfile::tempdir().unwrap();
    let files = open(home.path());
    put(&files, "tile/0/000", "full").await.unwrap();
    for _ in 0..2 {
        put(&files, "tile/0/000.p/5", "part").await.unwrap();
        files.remove(LOG, vec!["tile/0/000.p/5".to_owned()]).await.unwrap();
        assert!(!folder(home.path()).join("files/tile/0/000.p").exists());
    }
    files.remove(LOG, vec!["tile/0/000".to_owned()]).await.unwrap();
    assert_eq!(fs::read_dir(folder(home.path()).join("files")).unwrap().count(), 0);
    put(&files, "tile/0/000", "full").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_made_while_the_directories_of_others_go() {
    let home = tempfile::tempdir().unwrap();
    let files = Arc::new(open(home.path()));
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let files = Arc::clone(&files);
        writers.spawn(async move {
            for round in 0..20 {
                let path = format!("staging/{}/{writer}-{round}", round % 2);
                put(&files, &path, "bytes").await.unwrap();
                assert!(files.get(LOG, &path).await.unwrap().is_some());
                files.remove(LOG, vec![path]).await.unwrap();
            }
        });
    }
    writers.join_all().await;
    assert!(files.list(LOG, "", 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn many_files_are_put_at_once_with_few_of_them_open() {
    let home = tempfile::tempdir().unwrap();
    let files = open(home.path());
    let many: Vec<_> = (0..600).map(|n| (format!("tile/0/x{:03}/{:03}", n / 100, n % 100), Bytes::from(n.to_string()))).collect();
    files.put(LOG, many.clone()).await.unwrap();
    for (path, bytes) in &many {
        assert_eq!(files.get(LOG, path).await.unwrap().as_ref(), Some(bytes), "{path}");
    }
    assert_eq!(files.list(LOG, "", 1000).await.unwrap().len(), many.len());
}

#[tokio::test]
async fn a_disk_below_its_reserve_takes_no_file_and_still_answers() {
    let home = tempfile::tempdir().unwrap();
    put(&open(home.path()), "a", "1").await.unwrap();
    let full = FsBlobs::open_with_reserve(home.path(), u64::MAX).unwrap().logs();
    assert!(put(&full, "b", "1").await.unwrap_err().is_full());
    assert!(full.publish(LOG, None, Bytes::from("head")).await.unwrap_err().is_full());
    assert_eq!(full.get(LOG, "a").await.unwrap(), Some(Bytes::from("1")));
}

#[tokio::test]
async fn what_a_killed_put_left_behind_is_gone_at_the_next_start() {
    let home = tempfile::tempdir().unwrap();
    let store = crate::Store::open_embedded(home.path()).unwrap();
    store.logs.files.put(LOG, vec![("a".to_owned(), Bytes::from("1"))]).await.unwrap();
    drop(store);
    fs::write(home.path().join("tmp/log-left"), "half").unwrap();
    let store = crate::Store::open_embedded(home.path()).unwrap();
    assert_eq!(left_over(home.path()), 0);
    assert_eq!(store.logs.files.get(LOG, "a").await.unwrap(), Some(Bytes::from("1")));
}

#[tokio::test]
async fn a_lease_ends_at_once_where_its_holder_is_known_to_be_dead_and_nowhere_else() {
    let (home, now) = (tempfile::tempdir().unwrap(), 1000);
    let first = crate::Store::open_embedded(home.path()).unwrap().logs;
    let old = first.lock.lease(LOG, "first", now, 60).await.unwrap().unwrap();
    // Processes that come beside it know nothing of it.
    let beside = crate::sqlite::SqliteIndex::open(&home.path().join("index.sqlite")).unwrap();
    assert_eq!(crate::LogLock::lease(&beside, LOG, "beside", now, 60).await.unwrap(), None);
    assert_eq!(crate::stock::Stock::open(home.path(), true).unwrap().hold(), crate::stock::Hold::Beside);
    assert_eq!(crate::LogLock::lease(&beside, LOG, "beside", now, 60).await.unwrap(), None);
    drop(first);
    assert_eq!(crate::LogLock::lease(&beside, LOG, "beside", now, 60).await.unwrap(), None);
    drop(beside);
    let second = crate::Store::open_embedded(home.path()).unwrap().logs;
    let new = second.lock.lease(LOG, "second", now, 60).await.unwrap().unwrap();
    assert!(new > old);
    let late = second.lock.extend(LOG, old, None, Bytes::from("head"), Vec::new()).await.unwrap();
    assert_eq!(late, crate::Extended::Fenced);
}

#[tokio::test]
async fn whoever_holds_only_the_logs_holds_the_store() {
    let home = tempfile::tempdir().unwrap();
    let crate::Logs { files, .. } = crate::Store::open_embedded(home.path()).unwrap().logs;
    assert!(matches!(crate::Store::open_embedded(home.path()), Err(crate::OpenError::Locked { .. })));
    drop(files);
    assert!(crate::Store::open_embedded(home.path()).is_ok());
}

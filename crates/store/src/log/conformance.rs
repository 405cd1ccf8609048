//! The one suite that every backend of logs passes: each check is the sentence it proves.

use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;

use super::{Extended, LogFiles, LogLock, Logs};
use crate::StoreError;

/// Opens one more handle on the same storage.
pub type Open = Box<dyn Fn() -> Logs>;

const LOG: &str = "sum.example.com";

/// Runs the suite; panics at the first check that does not hold.
///
/// `fresh` makes an empty storage and answers how to open it. The storage lives as long as that answer, the handles may live shorter.
/// Races need a runtime with several threads.
pub async fn run(fresh: &dyn Fn() -> Open) {
    a_file_is_read_back_through_every_handle(&fresh()).await;
    a_file_is_written_once(&fresh()).await;
    one_of_many_that_changed_does_not_hide_the_others(&fresh()).await;
    of_racing_puts_one_wins_and_those_with_its_bytes_succeed(&fresh()).await;
    logs_are_apart_whatever_their_names(&fresh()).await;
    paths_that_lead_elsewhere_are_refused(&fresh()).await;
    a_head_is_published_only_over_the_one_that_was_read(&fresh()).await;
    exactly_one_of_50_racing_publications_succeeds(&fresh()).await;
    files_are_listed_in_bytewise_order(&fresh()).await;
    what_was_removed_is_gone_and_can_be_put_again(&fresh()).await;

    a_head_is_extended_only_from_the_one_that_was_read(&fresh()).await;
    a_key_has_one_number_for_ever(&fresh()).await;
    exactly_one_of_50_racing_extensions_succeeds(&fresh()).await;
    only_the_newest_lease_extends(&fresh()).await;
    one_holder_at_a_time_has_the_lease(&fresh()).await;

    everything_is_still_there_when_reopened(&fresh()).await;
}

async fn a_file_is_read_back_through_every_handle(open: &Open) {
    let (one, two) = (open().files, open().files);
    assert_eq!(one.get(LOG, "tile/8/0/000").await.unwrap(), None);
    let specimens =
        [("tile/8/0/000.p/1", 32), ("tile/8/0/000", 8192), ("tile/8/0/x001/067", 8192), ("empty", 0), ("large", 3 << 20)];
    let files: Vec<_> = specimens.iter().map(|(path, length)| (path.to_string(), specimen(path, *length))).collect();
    one.put(LOG, files.clone()).await.unwrap();
    for (path, bytes) in files {
        assert_eq!(one.get(LOG, &path).await.unwrap().as_ref(), Some(&bytes), "{path}");
        assert_eq!(two.get(LOG, &path).await.unwrap().as_ref(), Some(&bytes), "{path}");
    }
    one.put(LOG, Vec::new()).await.unwrap();
}

async fn a_file_is_written_once(open: &Open) {
    let files = open().files;
    put(&*files, &[("a", "1")]).await.unwrap();
    put(&*files, &[("a", "1")]).await.unwrap();
    for other in ["2", "", "11"] {
        assert_changed(put(&*open().files, &[("a", other)]).await, "a");
        assert_eq!(files.get(LOG, "a").await.unwrap(), Some(Bytes::from("1")));
    }
    assert_changed(put(&*files, &[("b", "1"), ("b", "2")]).await, "b");
}

async fn one_of_many_that_changed_does_not_hide_the_others(open: &Open) {
    let files = open().files;
    put(&*files, &[("b", "1")]).await.unwrap();
    assert_changed(put(&*files, &[("a", "1"), ("b", "2"), ("c", "1")]).await, "b");
    assert_eq!(files.get(LOG, "b").await.unwrap(), Some(Bytes::from("1")));
    put(&*files, &[("a", "1"), ("b", "1"), ("c", "1")]).await.unwrap();
    assert_eq!(list(&*files, "").await, ["a", "b", "c"]);
}

async fn of_racing_puts_one_wins_and_those_with_its_bytes_succeed(open: &Open) {
    let handles = [open().files, open().files];
    let mut puts = JoinSet::new();
    for n in 0..16_usize {
        let files = Arc::clone(&handles[n % 2]);
        let bytes = Bytes::from(vec![(n % 4) as u8; 5000]);
        puts.spawn(async move { (files.put(LOG, vec![("tile/0/000".to_owned(), bytes.clone())]).await.is_ok(), bytes) });
    }
    let ends = puts.join_all().await;
    let winner = handles[0].get(LOG, "tile/0/000").await.unwrap().unwrap();
    assert!(ends.into_iter().all(|(is_kept, bytes)| is_kept == (bytes == winner)));
}

async fn logs_are_apart_whatever_their_names(open: &Open) {
    let Logs { files, lock } = open();
    let names = ["a", "A", "a/b", "a%2fb", "..", ".", "/", "a b", "é", "\0", "a\n", "published", &"/".repeat(80)];
    for name in names {
        files.put(name, vec![("file".to_owned(), Bytes::from(name.to_owned()))]).await.unwrap();
        assert!(files.publish(name, None, Bytes::from(format!("{name} head"))).await.unwrap(), "{name}");
        let fence = lease(&*lock, name, "h").await;
        let extended = lock.extend(name, fence, None, Bytes::from(name.to_owned()), vec![("key".to_owned(), 7)]).await.unwrap();
        assert_eq!(extended, Extended::Yes, "{name}");
    }
    for name in names {
        assert_eq!(files.get(name, "file").await.unwrap(), Some(Bytes::from(name.to_owned())), "{name}");
        assert_eq!(files.published(name).await.unwrap(), Some(Bytes::from(format!("{name} head"))), "{name}");
        assert_eq!(files.list(name, "", 10).await.unwrap(), ["file"], "{name}");
        assert_eq!(lock.head(name).await.unwrap(), Some(Bytes::from(name.to_owned())), "{name}");
    }
    for name in ["", &"a".repeat(81)] {
        assert_refused(files.put(name, vec![("file".to_owned(), Bytes::new())]).await);
        assert_refused(files.publish(name, None, Bytes::new()).await);
        assert_refused(lock.lease(name, "h", 0, 1).await);
    }
}

async fn paths_that_lead_elsewhere_are_refused(open: &Open) {
    let files = open().files;
    for path in ["", "..", "../a", "/a", "a/../../b", "a//b", "a/", ".a", "a\0b", "a\\b", "a b"] {
        assert_refused(files.put(LOG, vec![("good".to_owned(), Bytes::new()), (path.to_owned(), Bytes::new())]).await);
        assert_refused(files.get(LOG, path).await);
        assert_refused(files.remove(LOG, vec![path.to_owned()]).await);
    }
    assert_eq!(files.get(LOG, "good").await.unwrap(), None);
    for prefix in ["..", "../", "/", "a/../", "\0"] {
        assert!(list(&*files, prefix).await.is_empty(), "{prefix:?}");
    }
}

async fn a_head_is_published_only_over_the_one_that_was_read(open: &Open) {
    let (one, two) = (open().files, open().files);
    assert_eq!(one.published(LOG).await.unwrap(), None);
    let mut stands = None;
    for (old, note, is_published) in [
        (Some("first"), "second", false),
        (Some(""), "first", false),
        (None, "first", true),
        (None, "second", false),
        (Some("first"), "second", true),
        (Some("first"), "third", false),
        (Some("second"), "second", true),
        (Some("second"), "", true),
        (None, "third", false),
        (Some(""), "third", true),
    ] {
        let bytes = |text: &'static str| Bytes::from(text);
        assert_eq!(one.publish(LOG, old.map(bytes), bytes(note)).await.unwrap(), is_published, "{old:?} -> {note}");
        stands = if is_published { Some(bytes(note)) } else { stands };
        assert_eq!(two.published(LOG).await.unwrap(), stands, "{old:?} -> {note}");
    }
    assert!(list(&*one, "").await.is_empty());
}

async fn exactly_one_of_50_racing_publications_succeeds(open: &Open) {
    let handles = [open().files, open().files];
    assert!(handles[0].publish(LOG, None, Bytes::from("old")).await.unwrap());
    let mut publications = JoinSet::new();
    for n in 0..50_usize {
        let files = Arc::clone(&handles[n % 2]);
        let note = Bytes::from(n.to_string());
        publications.spawn(async move { (files.publish(LOG, Some(Bytes::from("old")), note.clone()).await.unwrap(), note) });
    }
    let winners: Vec<Bytes> = publications.join_all().await.into_iter().filter(|(won, _)| *won).map(|(_, note)| note).collect();
    assert_eq!(winners, [handles[1].published(LOG).await.unwrap().unwrap()]);
}

async fn files_are_listed_in_bytewise_order(open: &Open) {
    let files = open().files;
    let paths =
        ["staging/10-a", "staging/9-b", "stagings", "tile/0/000", "tile/0/000.p/5", "tile/0/000.p/50", "tile/0/x000/001", "z"];
    put(&*files, &paths.map(|path| (path, "x"))).await.unwrap();
    assert_eq!(list(&*files, "").await, paths);
    assert_eq!(list(&*files, "staging/").await, &paths[..2]);
    assert_eq!(list(&*files, "staging").await, &paths[..3]);
    assert_eq!(list(&*files, "tile/0/000").await, &paths[3..6]);
    assert_eq!(list(&*files, "tile/0/000.p/5").await, &paths[4..6]);
    assert_eq!(list(&*files, "tile/0/x").await, &paths[6..7]);
    for none in ["staging/10-a/", "nothing/", "tile/1", "tile/0/000/"] {
        assert!(list(&*files, none).await.is_empty(), "{none}");
    }
    for limit in 0..=paths.len() {
        assert_eq!(files.list(LOG, "", limit).await.unwrap(), &paths[..limit]);
    }
    assert_eq!(files.list(LOG, "tile/", 2).await.unwrap(), &paths[3..5]);
    assert!(files.list("another", "", 10).await.unwrap().is_empty());
}

async fn what_was_removed_is_gone_and_can_be_put_again(open: &Open) {
    let files = open().files;
    for round in ["1", "2", "3"] {
        put(&*files, &[("tile/0/000.p/5", round), ("tile/0/000", "full")]).await.unwrap();
        let gone = ["tile/0/000.p/5", "tile/0/001.p/5", "nothing"].map(str::to_owned);
        files.remove(LOG, gone.to_vec()).await.unwrap();
        assert_eq!(files.get(LOG, "tile/0/000.p/5").await.unwrap(), None);
        assert_eq!(list(&*files, "").await, ["tile/0/000"]);
    }
}

async fn a_head_is_extended_only_from_the_one_that_was_read(open: &Open) {
    let lock = open().lock;
    assert_eq!(lock.head(LOG).await.unwrap(), None);
    let fence = lease(&*lock, LOG, "h").await;
    for (number, (old, new, expected)) in [
        (Some("1"), "2", Extended::Moved),
        (None, "1", Extended::Yes),
        (None, "2", Extended::Moved),
        (Some("1"), "2", Extended::Yes),
        (Some("1"), "3", Extended::Moved),
        (Some("2"), "2", Extended::Yes),
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("key {number}");
        let is_kept = expected == Extended::Yes;
        assert_eq!(extend(&*lock, fence, old, new, &[(&key, 1)]).await, expected, "{old:?} -> {new}");
        assert_eq!(lock.number(LOG, &key).await.unwrap().is_some(), is_kept, "{old:?} -> {new}");
    }
    assert_eq!(open().lock.head(LOG).await.unwrap(), Some(Bytes::from("2")));
}

async fn a_key_has_one_number_for_ever(open: &Open) {
    let lock = open().lock;
    let fence = lease(&*lock, LOG, "h").await;
    assert_eq!(extend(&*lock, fence, None, "1", &[("a", 0), ("A", 1), ("", 2), ("é", i64::MAX as u64)]).await, Extended::Yes);
    for keys in [&[("b", 3), ("a", 4)][..], &[("b", 3), ("c", 4), ("b", 5)], &[("a", 0)]] {
        let taken = keys[keys.len() - 1].0.to_owned();
        assert_eq!(extend(&*lock, fence, Some("1"), "2", keys).await, Extended::Taken(taken));
        assert_eq!(lock.head(LOG).await.unwrap(), Some(Bytes::from("1")));
    }
    let numbers = [("a", Some(0)), ("A", Some(1)), ("", Some(2)), ("é", Some(i64::MAX as u64)), ("b", None), ("c", None)];
    for (key, number) in numbers {
        assert_eq!(lock.number(LOG, key).await.unwrap(), number, "{key}");
        assert_eq!(lock.number("another", key).await.unwrap(), None, "{key}");
    }
}

async fn exactly_one_of_50_racing_extensions_succeeds(open: &Open) {
    let handles = [open().lock, open().lock];
    let fence = lease(&*handles[0], LOG, "h").await;
    let mut extensions = JoinSet::new();
    for n in 0..50_u64 {
        let lock = Arc::clone(&handles[(n % 2) as usize]);
        extensions.spawn(async move {
            let keys = vec![(format!("own {n}"), n), ("shared".to_owned(), n)];
            (lock.extend(LOG, fence, None, n.to_string().into(), keys).await.unwrap() == Extended::Yes).then_some(n)
        });
    }
    let winners: Vec<u64> = extensions.join_all().await.into_iter().flatten().collect();
    let [winner] = winners[..] else { panic!("{} extensions succeeded", winners.len()) };
    assert_eq!(handles[1].number(LOG, "shared").await.unwrap(), Some(winner));
    for n in 0..50 {
        assert_eq!(handles[1].number(LOG, &format!("own {n}")).await.unwrap(), (n == winner).then_some(n));
    }
}

async fn only_the_newest_lease_extends(open: &Open) {
    let lock = open().lock;
    assert_eq!(extend(&*lock, 0, None, "1", &[]).await, Extended::Fenced);
    let old = lock.lease(LOG, "old", 100, 10).await.unwrap().unwrap();
    assert_eq!(extend(&*lock, old, None, "1", &[]).await, Extended::Yes);
    let new = lock.lease(LOG, "new", 110, 10).await.unwrap().unwrap();
    assert!(new > old);
    assert_eq!(extend(&*lock, old, Some("1"), "2", &[("a", 1)]).await, Extended::Fenced);
    assert_eq!(extend(&*lock, old, None, "2", &[]).await, Extended::Fenced, "fenced is said before moved");
    assert_eq!(extend(&*lock, new + 1, Some("1"), "2", &[]).await, Extended::Fenced);
    assert_eq!(extend(&*lock, new, Some("1"), "2", &[("a", 1)]).await, Extended::Yes);
}

async fn one_holder_at_a_time_has_the_lease(open: &Open) {
    let lock = open().lock;
    let mut races = JoinSet::new();
    for n in 0..20 {
        let lock = open().lock;
        races.spawn(async move { lock.lease(LOG, &format!("holder {n}"), 100, 10).await.unwrap().is_some() });
    }
    assert_eq!(races.join_all().await.into_iter().filter(|has_it| *has_it).count(), 1);
    let first = lock.lease(LOG, "a", 110, 10).await.unwrap().unwrap();
    assert_eq!(lock.lease(LOG, "b", 119, 10).await.unwrap(), None);
    assert_eq!(lock.lease(LOG, "a", 119, 10).await.unwrap(), Some(first), "renewed");
    assert_eq!(lock.lease(LOG, "b", 128, 10).await.unwrap(), None);
    assert_eq!(lock.lease(LOG, "a", 128, 0).await.unwrap(), Some(first), "ended");
    let second = lock.lease(LOG, "b", 128, 10).await.unwrap().unwrap();
    assert!(second > first);
    assert_eq!(lock.lease(LOG, "a", 129, 10).await.unwrap(), None);
    assert!(lock.lease("another", "a", 129, 10).await.unwrap().is_some());
}

async fn everything_is_still_there_when_reopened(open: &Open) {
    let fence = {
        let Logs { files, lock } = open();
        put(&*files, &[("tile/0/000", "tile")]).await.unwrap();
        assert!(files.publish(LOG, None, Bytes::from("head")).await.unwrap());
        let fence = lease(&*lock, LOG, "h").await;
        assert_eq!(extend(&*lock, fence, None, "head", &[("key", 42)]).await, Extended::Yes);
        fence
    };
    let Logs { files, lock } = open();
    assert_eq!(files.get(LOG, "tile/0/000").await.unwrap(), Some(Bytes::from("tile")));
    assert_eq!(files.published(LOG).await.unwrap(), Some(Bytes::from("head")));
    assert_eq!(lock.head(LOG).await.unwrap(), Some(Bytes::from("head")));
    assert_eq!(lock.number(LOG, "key").await.unwrap(), Some(42));
    assert_eq!(lock.lease(LOG, "another", 1, 1).await.unwrap(), None);
    assert_eq!(extend(&*lock, fence, Some("head"), "next", &[]).await, Extended::Yes);
}

async fn put(files: &dyn LogFiles, new: &[(&str, &str)]) -> Result<(), StoreError> {
    files.put(LOG, new.iter().map(|(path, bytes)| (path.to_string(), Bytes::from(bytes.to_string()))).collect()).await
}

async fn list(files: &dyn LogFiles, prefix: &str) -> Vec<String> {
    files.list(LOG, prefix, 1000).await.unwrap()
}

async fn lease(lock: &dyn LogLock, log: &str, holder: &str) -> u64 {
    lock.lease(log, holder, 0, 3600).await.unwrap().unwrap()
}

async fn extend(lock: &dyn LogLock, fence: u64, old: Option<&str>, new: &str, keys: &[(&str, u64)]) -> Extended {
    let old = old.map(|old| Bytes::from(old.to_owned()));
    let keys = keys.iter().map(|(key, number)| (key.to_string(), *number)).collect();
    lock.extend(LOG, fence, old, Bytes::from(new.to_owned()), keys).await.unwrap()
}

#[track_caller]
fn assert_changed(end: Result<(), StoreError>, expected: &str) {
    assert!(matches!(&end, Err(StoreError::Changed { path }) if path == expected), "{end:?}");
}

#[track_caller]
fn assert_refused<T: std::fmt::Debug>(end: Result<T, StoreError>) {
    assert!(matches!(&end, Err(StoreError::Io(cause)) if cause.kind() == std::io::ErrorKind::InvalidInput), "{end:?}");
}

fn specimen(seed: &str, length: usize) -> Bytes {
    (0..length).map(|at| (at * 31 % 253) as u8 ^ seed.len() as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fs::FsBlobs,
        log::memory::{MemoryLogFiles, MemoryLogLock},
        memory::Faults,
        sqlite::SqliteIndex,
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn logs_in_memory_pass() {
        run(&|| {
            let (files, lock) = (MemoryLogFiles::new(Faults::default()), MemoryLogLock::new(Faults::default()));
            Box::new(move || Logs { files: Arc::new(files.clone()), lock: Arc::new(lock.clone()) })
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn logs_in_files_and_sqlite_pass() {
        run(&|| {
            let home = tempfile::tempdir().unwrap();
            Box::new(move || Logs {
                files: Arc::new(FsBlobs::open(home.path()).unwrap().logs()),
                lock: Arc::new(SqliteIndex::open(&home.path().join("index.sqlite")).unwrap()),
            })
        })
        .await;
    }
}

//! The one suite that every backend passes.
//!
//! It is long because it is the whole meaning of the two traits, in one place: each check is the sentence it proves.

mod drifts;
mod gone;
mod tiles;

use std::{io::Write as _, os::unix::fs::FileExt as _, sync::Arc};

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::{Answer, AnswerBody, Blobs, Content, Digest, Gone, Index, Kept, Kind, Part, Store};

/// Opens one more handle on the same storage.
pub type Open = Box<dyn Fn() -> Store>;

/// Runs the suite; panics at the first check that does not hold.
///
/// `fresh` makes an empty storage and answers how to open it. The storage lives as long as that answer, the handles may live shorter.
/// Races need a runtime with several threads.
pub async fn run(fresh: &dyn Fn() -> Open) {
    what_was_put_is_read_back_through_every_handle(&fresh()).await;
    what_was_never_put_is_not_found(&fresh()).await;
    a_stage_of_another_length_is_refused(&fresh()).await;
    a_dropped_stage_leaves_no_file(&fresh()).await;
    racing_puts_of_the_same_bytes_all_succeed(&fresh()).await;

    the_first_part_wins(&fresh()).await;
    exactly_one_of_100_racing_keeps_is_new(&fresh()).await;
    drifts::each_drift_is_recorded_once_and_their_number_is_bounded(&fresh()).await;
    drifts::the_ledger_of_drifts_has_commits_and_pages(&fresh()).await;
    a_version_is_complete_with_all_three_parts(&fresh()).await;
    names_are_compared_bytewise(&fresh()).await;
    gone::a_lost_part_gives_way_only_to_the_same_h1(&fresh()).await;
    gone::a_disproven_part_gives_way_to_proven_bytes_and_to_no_others(&fresh()).await;
    references_come_in_pages_and_in_order(&fresh()).await;

    the_last_answer_stands(&fresh()).await;
    only_old_answers_of_not_exist_are_forgotten(&fresh()).await;
    a_file_of_the_checksum_database_never_changes(&fresh()).await;
    tiles::only_narrower_tiles_of_the_same_place_are_forgotten(&fresh()).await;
    a_head_is_swapped_only_for_the_one_that_was_read(&fresh()).await;
    exactly_one_of_50_racing_swaps_succeeds(&fresh()).await;

    everything_is_still_there_when_reopened(&fresh()).await;
}

async fn what_was_put_is_read_back_through_every_handle(open: &Open) {
    let (one, two) = (open(), open());
    for length in [0, 1, 4096, 64 << 10, (64 << 10) + 1, 1 << 20, (3 << 20) + 17] {
        let bytes: Bytes = (0..length).map(|at: u32| (at * 31 % 253) as u8).collect();
        let digest = one.blobs.put_bytes(bytes.clone()).await.unwrap();
        assert_eq!(digest, Digest::of(&bytes));
        put_staged(&*two.blobs, &bytes).await;
        for store in [&one, &two] {
            assert_eq!(read(&*store.blobs, &bytes).await.as_ref(), Some(&bytes), "{length} bytes");
            assert_eq!(read(&*store.blobs, &bytes).await.as_ref(), Some(&bytes), "{length} bytes, again");
        }
    }
}

async fn what_was_never_put_is_not_found(open: &Open) {
    let store = open();
    assert!(store.blobs.open(Digest::of(b"nothing"), 7).await.unwrap().is_none());
    assert_eq!(store.index.version("m", "v1.0.0").await.unwrap(), None);
    assert!(store.index.complete_versions("m").await.unwrap().is_empty());
    assert!(store.index.drifts("m", "v1.0.0").await.unwrap().is_empty());
    assert!(store.index.references(None, 10).await.unwrap().is_empty());
    assert_eq!(store.index.answer("list m").await.unwrap(), None);
    assert_eq!(store.index.sumdb_file("n", "latest").await.unwrap(), None);
    assert_eq!(store.index.sumdb_head("n").await.unwrap(), None);
    store.index.forget_blob("m", "v1.0.0", Kind::Zip, Gone::Lost).await.unwrap();
    store.index.ping().await.unwrap();
}

async fn a_stage_of_another_length_is_refused(open: &Open) {
    let store = open();
    let stage = store.blobs.stage().unwrap();
    (&*stage.file).write_all(b"shor").unwrap();
    store.blobs.put(stage, Digest::of(b"short"), 5).await.unwrap_err();
    assert!(store.blobs.open(Digest::of(b"short"), 5).await.unwrap().is_none());
}

async fn a_dropped_stage_leaves_no_file(open: &Open) {
    let stage = open().blobs.stage().unwrap();
    let path = stage.path.as_path().to_owned();
    assert!(path.exists());
    drop(stage);
    assert!(!path.exists());
}

async fn racing_puts_of_the_same_bytes_all_succeed(open: &Open) {
    let bytes = Bytes::from(vec![42; 100_000]);
    let mut puts = JoinSet::new();
    for _ in 0..8 {
        let (store, bytes) = (open(), bytes.clone());
        puts.spawn(async move { put_staged(&*store.blobs, &bytes).await });
    }
    puts.join_all().await;
    assert_eq!(read(&*open().blobs, &bytes).await, Some(bytes));
}

async fn the_first_part_wins(open: &Open) {
    let index = open().index;
    let (first, other) = (part("first"), part("other"));
    assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, &first).await, Kept::New);
    assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, &first).await, Kept::Same);
    assert_eq!(keep(&*index, "v1.0.0", Kind::Zip, &other).await, Kept::Differs(first.clone()));
    assert_eq!(keep(&*index, "v1.0.0", Kind::Mod, &other).await, Kept::New);
    let record = index.version("m", "v1.0.0").await.unwrap().unwrap();
    assert_eq!((record.info, record.go_mod, record.zip), (None, Some(other.clone()), Some(first.clone())));
    assert_eq!(index.drifts("m", "v1.0.0").await.unwrap(), [], "whoever knows more records it");
}

async fn exactly_one_of_100_racing_keeps_is_new(open: &Open) {
    let handles = [open().index, open().index];
    let mut keeps = JoinSet::new();
    for n in 0..100 {
        let index = Arc::clone(&handles[n % 2]);
        keeps.spawn(async move {
            let part = part(&format!("bytes {n}"));
            (keep(&*index, "v1.0.0", Kind::Mod, &part).await, part)
        });
    }
    let kept = keeps.join_all().await;
    let news: Vec<_> = kept.iter().filter(|(kept, _)| *kept == Kept::New).collect();
    let [(_, winner)] = news[..] else { panic!("{} keeps were new", news.len()) };
    let losers = kept.iter().filter(|(kept, _)| *kept == Kept::Differs(winner.clone()));
    assert_eq!(losers.count(), 99);
    assert_eq!(handles[0].version("m", "v1.0.0").await.unwrap().unwrap().go_mod.as_ref(), Some(winner));
}

async fn a_version_is_complete_with_all_three_parts(open: &Open) {
    let index = open().index;
    for (version, kinds) in [
        ("v1.0.0", &[Kind::Info, Kind::Mod, Kind::Zip][..]),
        ("v1.1.0", &[Kind::Info, Kind::Mod]),
        ("v1.2.0", &[Kind::Zip]),
        ("v1.3.0", &[Kind::Zip, Kind::Mod, Kind::Info]),
    ] {
        for kind in kinds {
            keep(&*index, version, *kind, &part(version)).await;
        }
    }
    assert_eq!(complete(&*index).await, ["v1.0.0", "v1.3.0"]);
    index.forget_blob("m", "v1.3.0", Kind::Mod, Gone::Lost).await.unwrap();
    assert_eq!(complete(&*index).await, ["v1.0.0"]);
    assert_eq!(infos(&*index).await, ["v1.0.0", "v1.1.0", "v1.3.0"]);
    index.forget_blob("m", "v1.0.0", Kind::Info, Gone::Lost).await.unwrap();
    assert_eq!(infos(&*index).await, ["v1.1.0", "v1.3.0"]);
    assert_eq!(index.infos("m/n").await.unwrap(), []);
}

async fn names_are_compared_bytewise(open: &Open) {
    let index = open().index;
    let names = ["example.com/m", "example.com/M", "example.com/m/", "example.com/m%", "example.com/_", "example.com/é"];
    for name in names {
        assert_eq!(index.keep(name, "v1.0.0", Kind::Mod, part(name)).await.unwrap(), Kept::New, "{name}");
    }
    for name in names {
        assert_eq!(index.version(name, "v1.0.0").await.unwrap().unwrap().go_mod, Some(part(name)), "{name}");
    }
}

async fn references_come_in_pages_and_in_order(open: &Open) {
    let index = open().index;
    for module in ["b", "a", "a/b", "c"] {
        for version in ["v1.10.0", "v1.2.0"] {
            for kind in [Kind::Zip, Kind::Info] {
                index.keep(module, version, kind, part(&format!("{module}{version}{kind:?}"))).await.unwrap();
            }
        }
    }
    index.forget_blob("a", "v1.2.0", Kind::Zip, Gone::Lost).await.unwrap();
    let all = index.references(None, 100).await.unwrap();
    assert_eq!(all.len(), 15);
    assert!(all.is_sorted());
    assert!(all.iter().all(|reference| reference.size_bytes > 0));
    let mut paged = Vec::new();
    loop {
        let page = index.references(paged.last(), 4).await.unwrap();
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
}

async fn the_last_answer_stands(open: &Open) {
    let index = open().index;
    for answer in [found("v1.0.0\n", 1), not_exist(2), found("", 3)] {
        index.put_answer("list m", answer.clone()).await.unwrap();
        assert_eq!(index.answer("list m").await.unwrap(), Some(answer));
    }
    assert_eq!(index.answer("list M").await.unwrap(), None);
}

async fn only_old_answers_of_not_exist_are_forgotten(open: &Open) {
    let index = open().index;
    for (key, answer) in [("old", not_exist(10)), ("young", not_exist(20)), ("found", found("v1.0.0\n", 10))] {
        index.put_answer(key, answer).await.unwrap();
    }
    assert_eq!(index.forget_not_exist(20).await.unwrap(), 1);
    assert_eq!(index.answer("old").await.unwrap(), None);
    assert!(index.answer("young").await.unwrap().is_some());
    assert!(index.answer("found").await.unwrap().is_some());
}

async fn a_file_of_the_checksum_database_never_changes(open: &Open) {
    let index = open().index;
    let file = |path: &str, body: &'static str| (path.to_owned(), Bytes::from(body));
    index.put_sumdb_files("n", vec![file("tile/8/0/000", "a"), file("tile/8/0/001", "b")]).await.unwrap();
    index.put_sumdb_files("n", vec![file("tile/8/0/001", "B"), file("tile/8/0/002", "c")]).await.unwrap();
    index.put_sumdb_files("other", vec![file("tile/8/0/000", "x")]).await.unwrap();
    for (name, path, body) in [
        ("n", "tile/8/0/000", Some("a")),
        ("n", "tile/8/0/001", Some("b")),
        ("n", "tile/8/0/002", Some("c")),
        ("other", "tile/8/0/000", Some("x")),
        ("other", "tile/8/0/001", None),
    ] {
        assert_eq!(index.sumdb_file(name, path).await.unwrap(), body.map(Bytes::from), "{name} {path}");
    }
}

async fn a_head_is_swapped_only_for_the_one_that_was_read(open: &Open) {
    let index = open().index;
    let note = |text: &'static str| Bytes::from(text);
    for (old, new, swapped) in [
        (Some(note("1")), note("2"), false),
        (None, note("1"), true),
        (None, note("2"), false),
        (Some(note("1")), note("2"), true),
        (Some(note("1")), note("3"), false),
    ] {
        assert_eq!(index.swap_sumdb_head("n", old.clone(), new.clone()).await.unwrap(), swapped, "{old:?} -> {new:?}");
    }
    assert_eq!(index.sumdb_head("n").await.unwrap(), Some(note("2")));
}

async fn exactly_one_of_50_racing_swaps_succeeds(open: &Open) {
    let handles = [open().index, open().index];
    let mut swaps = JoinSet::new();
    for n in 0..50 {
        let index = Arc::clone(&handles[n % 2]);
        swaps.spawn(async move { index.swap_sumdb_head("n", None, n.to_string().into()).await.unwrap() });
    }
    assert_eq!(swaps.join_all().await.into_iter().filter(|swapped| *swapped).count(), 1);
}

async fn everything_is_still_there_when_reopened(open: &Open) {
    let bytes = Bytes::from(vec![9; 200_000]);
    {
        let store = open();
        store.blobs.put_bytes(bytes.clone()).await.unwrap();
        keep(&*store.index, "v1.0.0", Kind::Info, &part("info")).await;
        assert!(store.index.put_drift("m", "v1.0.0", drifts::of_bytes("other")).await.unwrap());
        store.index.put_answer("list m", found("v1.0.0\n", 1)).await.unwrap();
        store.index.put_sumdb_files("n", vec![("latest".to_owned(), Bytes::from("tree"))]).await.unwrap();
        store.index.swap_sumdb_head("n", None, Bytes::from("note")).await.unwrap();
    }
    let store = open();
    assert_eq!(read(&*store.blobs, &bytes).await, Some(bytes));
    assert_eq!(store.index.version("m", "v1.0.0").await.unwrap().unwrap().info, Some(part("info")));
    assert_eq!(store.index.drifts("m", "v1.0.0").await.unwrap(), [drifts::of_bytes("other")]);
    assert_eq!(store.index.answer("list m").await.unwrap(), Some(found("v1.0.0\n", 1)));
    assert_eq!(store.index.sumdb_file("n", "latest").await.unwrap(), Some(Bytes::from("tree")));
    assert_eq!(store.index.sumdb_head("n").await.unwrap(), Some(Bytes::from("note")));
}

async fn put_staged(blobs: &dyn Blobs, bytes: &Bytes) {
    let stage = blobs.stage().unwrap();
    (&*stage.file).write_all(bytes).unwrap();
    blobs.put(stage, Digest::of(bytes), bytes.len() as u64).await.unwrap();
}

async fn read(blobs: &dyn Blobs, expected: &Bytes) -> Option<Bytes> {
    let blob = blobs.open(Digest::of(expected), expected.len() as u64).await.unwrap()?;
    assert_eq!(blob.size_bytes, expected.len() as u64);
    match blob.content {
        Content::Memory(bytes) => Some(bytes),
        Content::File(file) => {
            assert_eq!(file.metadata().unwrap().len(), blob.size_bytes);
            let mut bytes = vec![0; expected.len()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            Some(bytes.into())
        }
    }
}

async fn keep(index: &dyn Index, version: &str, kind: Kind, part: &Part) -> Kept {
    index.keep("m", version, kind, part.clone()).await.unwrap()
}

async fn infos(index: &dyn Index) -> Vec<String> {
    let mut infos = index.infos("m").await.unwrap();
    assert!(infos.iter().all(|(version, kept)| *kept == part(version)), "{infos:?}");
    infos.sort_by(|one, other| one.0.cmp(&other.0));
    infos.into_iter().map(|(version, _)| version).collect()
}

async fn complete(index: &dyn Index) -> Vec<String> {
    let mut versions = index.complete_versions("m").await.unwrap();
    versions.sort();
    versions
}

fn part(bytes: &str) -> Part {
    Part {
        digest: Digest::of(bytes.as_bytes()),
        size_bytes: bytes.len() as u64,
        h1: Some(format!("h1:{bytes}")),
        vouched: "sumdb sum.golang.org 42".to_owned(),
        origin: "https://proxy.example.com".to_owned(),
        kept_at: 1_700_000_000,
    }
}

fn found(body: &'static str, checked_at: i64) -> Answer {
    Answer {
        body: AnswerBody::Found(Bytes::from(body)),
        etag: "\"e\"".to_owned(),
        last_modified: "Mon, 02 Jan 2006 15:04:05 GMT".to_owned(),
        origin: "https://proxy.example.com".to_owned(),
        checked_at,
        changed_at: 1,
    }
}

fn not_exist(checked_at: i64) -> Answer {
    Answer { body: AnswerBody::NotExist("not found: m: no such host é".to_owned()), ..found("", checked_at) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Logs,
        fs::FsBlobs,
        log::memory::logs,
        memory::{Faults, MemoryBlobs, MemoryIndex},
        sqlite::SqliteIndex,
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn memory_passes() {
        run(&|| {
            let (blobs, index) = (MemoryBlobs::new(Faults::default()), MemoryIndex::new(Faults::default()));
            let logs = logs(Faults::default(), Faults::default());
            Box::new(move || Store { blobs: Arc::new(blobs.clone()), index: Arc::new(index.clone()), logs: logs.clone() })
        })
        .await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn files_and_sqlite_pass() {
        run(&|| {
            let home = tempfile::tempdir().unwrap();
            Box::new(move || {
                let blobs = Arc::new(FsBlobs::open(home.path()).unwrap());
                let index = Arc::new(SqliteIndex::open(&home.path().join("index.sqlite")).unwrap());
                let logs = Logs { files: Arc::new(blobs.logs()), lock: Arc::clone(&index) as _ };
                Store { blobs, index, logs }
            })
        })
        .await;
    }
}

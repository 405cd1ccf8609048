use super::*;
use crate::{Digest, LogLock as _};

fn part(bytes: &str) -> Part {
    Part {
        digest: Digest::of(bytes.as_bytes()),
        size_bytes: bytes.len() as u64,
        h1: Some(format!("h1:{bytes}")),
        vouched: "sumdb sum.golang.org 1".to_owned(),
        origin: "example.com".to_owned(),
        kept_at: 1,
    }
}

#[test]
fn an_index_of_a_newer_format_is_refused_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.sqlite");
    drop(SqliteIndex::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 4).unwrap();
    let told = SqliteIndex::open(&path).unwrap_err().to_string();
    let expected = "store format 4 is newer than format 3 of this modway; run the newer modway that wrote it";
    assert_eq!(told, format!("{}: {expected}", path.display()));
}

#[tokio::test]
async fn an_index_of_the_first_format_keeps_what_it_has_and_takes_logs() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.sqlite");
    let index = SqliteIndex::open(&path).unwrap();
    index.keep("m", "v1.0.0", Kind::Mod, part("a")).await.unwrap();
    drop(index);
    let first = "DROP TABLE logs; DROP TABLE log_keys; DROP TABLE ledger;
        CREATE TABLE drifts (
            module TEXT, version TEXT, kind INTEGER, seen BLOB, seen_h1 TEXT, kept BLOB, kept_h1 TEXT, origin TEXT, seen_at INTEGER
        );
        INSERT INTO drifts VALUES ('m', 'v1.0.0', 1, zeroblob(32), 'h1:b', zeroblob(32), 'h1:a', 'somebody', 7);
        PRAGMA user_version = 1";
    Connection::open(&path).unwrap().execute_batch(first).unwrap();

    let index = SqliteIndex::open(&path).unwrap();
    assert_eq!(index.version("m", "v1.0.0").await.unwrap().unwrap().go_mod, Some(part("a")));
    assert_eq!(index.lease("log", "h", 0, 1).await.unwrap(), Some(1));
    let zero = Digest::new([0; 32]);
    let drift = Drift {
        kind: Kind::Mod,
        kept: zero,
        kept_h1: Some("h1:a".into()),
        kept_commit: None,
        seen: Some(zero),
        seen_h1: Some("h1:b".into()),
        seen_commit: None,
        origin: "somebody".into(),
        seen_at: 7,
    };
    assert_eq!(index.drifts("m", "v1.0.0").await.unwrap(), [drift]);
}

#[tokio::test]
async fn an_index_that_is_open_to_read_shows_what_its_writer_keeps_and_takes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.sqlite");
    let writer = SqliteIndex::open(&path).unwrap();
    let reader = SqliteIndex::open_to_read(&path).unwrap();
    assert_eq!(reader.total().unwrap(), (0, 0));
    writer.keep("m", "v1.0.0", Kind::Mod, part("four")).await.unwrap();
    writer.keep("m", "v1.0.0", Kind::Zip, part("seven..")).await.unwrap();
    assert_eq!(reader.version("m", "v1.0.0").await.unwrap().unwrap().go_mod, Some(part("four")));
    assert_eq!(reader.total().unwrap(), (2, 11));
    writer.forget_blob("m", "v1.0.0", Kind::Zip, Gone::Lost).await.unwrap();
    assert_eq!(reader.total().unwrap(), (1, 4));
    assert!(reader.forget_blob("m", "v1.0.0", Kind::Mod, Gone::Lost).await.is_err());
    assert!(writer.version("m", "v1.0.0").await.unwrap().is_some());
}

#[test]
fn an_index_of_another_format_is_not_opened_to_read() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.sqlite");
    assert!(matches!(SqliteIndex::open_to_read(&path), Err(OpenError::Io { .. })));
    assert!(!path.exists());
    drop(SqliteIndex::open(&path).unwrap());
    let set = |format: u32| Connection::open(&path).unwrap().pragma_update(None, "user_version", format).unwrap();
    set(1);
    let told = SqliteIndex::open_to_read(&path).unwrap_err().to_string();
    assert!(
        told.ends_with("store format 1 is older than format 3 of this modway; `modway serve` brings it up when it starts"),
        "{told}"
    );
    set(4);
    assert!(matches!(SqliteIndex::open_to_read(&path), Err(OpenError::TooNew { found: 4, known: 3, .. })));
}

#[test]
fn a_file_that_is_no_index_is_refused_with_its_name() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.sqlite");
    std::fs::write(&path, "not a database at all, but longer than its header of 100 bytes".repeat(10)).unwrap();
    assert!(matches!(SqliteIndex::open(&path), Err(OpenError::Damaged { path: named, .. }) if named == path));
}

#[tokio::test]
async fn writes_that_wait_together_are_all_told() {
    let home = tempfile::tempdir().unwrap();
    let index = SqliteIndex::open(&home.path().join("index.sqlite")).unwrap();
    let versions: Vec<String> = (0..2000).map(|n| format!("v1.0.{n}")).collect();
    let kept = futures(versions.iter().map(|version| index.keep("m", version, Kind::Mod, part(version)))).await;
    assert!(kept.into_iter().all(|kept| kept.unwrap() == Kept::New));
    assert_eq!(index.references(None, 5000).await.unwrap().len(), 2000);
}

#[tokio::test]
async fn a_write_that_fails_undoes_nothing_of_its_group() {
    let home = tempfile::tempdir().unwrap();
    let index = SqliteIndex::open(&home.path().join("index.sqlite")).unwrap();
    let half = |connection: &Connection| {
        rows::keep(connection, "half", "v1.0.0", Kind::Mod, &part("half"))?;
        connection.execute("no such statement", []).map(drop)
    };
    let (before, failed, after) = tokio::join!(
        index.keep("m", "v1.0.0", Kind::Mod, part("a")),
        index.write(half),
        index.keep("m", "v1.0.1", Kind::Mod, part("b")),
    );
    assert_eq!((before.unwrap(), after.unwrap()), (Kept::New, Kept::New));
    assert!(failed.is_err());
    assert_eq!(index.version("half", "v1.0.0").await.unwrap(), None);
    assert!(index.version("m", "v1.0.0").await.unwrap().is_some());
}

#[tokio::test]
async fn the_log_stays_within_its_bound() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.sqlite");
    let index = SqliteIndex::open(&path).unwrap();
    for n in 0..200 {
        let files = (0..20).map(|m| (format!("tile/8/0/{n}-{m}"), Bytes::from(vec![7; 8192]))).collect();
        index.put_sumdb_files("sum.golang.org", files).await.unwrap();
    }
    let log = std::fs::metadata(writer::log_of(&path)).unwrap().len();
    assert!(log <= u64::from(crate::limits::WAL_BYTES), "{log} bytes");
}

async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        all.retain_mut(|future| match future.as_mut().poll(context) {
            std::task::Poll::Ready(output) => {
                done.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

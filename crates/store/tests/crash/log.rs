//! A log that grows by one batch at a time, in the order that logs keep to, and what of it must be there after a crash.

use bytes::Bytes;
use store::{Extended, LogFiles, Logs};

use crate::writer::{parse_head, say, specimen};

const LOG: &str = "log";

/// So many files and keys has a batch.
const BATCH: u64 = 3;

/// Appends one batch, after completing what an earlier life began; says so once all of it was told to be durable.
pub(crate) async fn grow(logs: &Logs) -> Option<()> {
    let fence = logs.lock.lease(LOG, &std::process::id().to_string(), 1, 0).await.ok()??;
    let old = logs.lock.head(LOG).await.ok()?;
    let size = old.as_deref().map_or(0, parse_head);
    if published(&*logs.files).await? < size {
        apply(&*logs.files, size).await?;
    }
    let (number, staged) = (size + 1, vec![staged(size + 1)]);
    logs.files.put(LOG, staged).await.ok()?;
    let keys = (0..BATCH).map(|part| (key(number, part), number)).collect();
    let extended = logs.lock.extend(LOG, fence, old, number.to_string().into(), keys).await.ok()?;
    assert_eq!(extended, Extended::Yes);
    apply(&*logs.files, number).await?;
    say(&format!("log {number}\n"))
}

async fn apply(files: &dyn LogFiles, number: u64) -> Option<()> {
    files.put(LOG, (0..BATCH).map(|part| tile(number, part)).collect()).await.ok()?;
    let old = files.published(LOG).await.ok()?;
    assert!(files.publish(LOG, old, number.to_string().into()).await.ok()?);
    files.remove(LOG, vec![staged(number).0]).await.ok()
}

/// Holds a log against what was told: `told` is the last batch of which somebody heard.
pub(crate) async fn read_back(logs: &Logs, told: u64) {
    let head = logs.lock.head(LOG).await.unwrap().as_deref().map_or(0, parse_head);
    let published = published(&*logs.files).await.unwrap();
    assert!(head >= told, "the lock went back from {told} to {head}");
    assert!(published >= told, "what is published went back from {told} to {published}");
    assert!(published == head || published + 1 == head, "{published} is published, the lock has {head}");
    for number in 1..=published {
        for part in 0..BATCH {
            check(&*logs.files, tile(number, part)).await;
        }
    }
    if published < head {
        check(&*logs.files, staged(head)).await;
    }
    for number in 1..=head + 1 {
        for part in 0..BATCH {
            let kept = logs.lock.number(LOG, &key(number, part)).await.unwrap();
            assert_eq!(kept, (number <= head).then_some(number), "a key of batch {number}, the head is {head}");
        }
    }
    for path in logs.files.list(LOG, "", usize::MAX).await.unwrap() {
        let parts: Vec<u64> = path.split(['/', '-']).filter_map(|part| part.parse().ok()).collect();
        let [number, part] = parts[..] else { panic!("{path}") };
        let whole = if path.starts_with("staging") { staged(number) } else { tile(number, part) };
        check(&*logs.files, whole).await;
    }
}

async fn check(files: &dyn LogFiles, (path, bytes): (String, Bytes)) {
    let kept = files.get(LOG, &path).await.unwrap();
    assert!(kept.as_ref() == Some(&bytes), "{path} is {}", kept.map_or("lost", |_| "wrong"));
}

async fn published(files: &dyn LogFiles) -> Option<u64> {
    files.published(LOG).await.ok().map(|note| note.as_deref().map_or(0, parse_head))
}

fn staged(number: u64) -> (String, Bytes) {
    (format!("staging/{number}-0"), specimen(number))
}

fn tile(number: u64, part: u64) -> (String, Bytes) {
    (format!("tile/{number}/{part}"), specimen(number * BATCH + part))
}

fn key(number: u64, part: u64) -> String {
    format!("example.com/m{part}@v1.{number}.0")
}

//! Storage and lock that do not fit together: nothing is signed, and the operator hears which of them is old.

use std::time::Duration;

use bytes::Bytes;
use proxy::tlog::{LogError, Refusal};
use store::log::{LogFiles as _, LogLock as _};

use crate::{
    way::{Whim, Whims},
    world::{LOG, Node, World, key},
};

/// A log that `count` more records came into, one by one.
async fn grow(node: &Node, count: u64) {
    for _ in 0..count {
        node.log.append("x\n").await.unwrap();
    }
}

/// Starts a process, which must be refused; nothing may be signed for it.
#[track_caller]
fn check(world: &World, started: Result<Node, LogError>, signed: usize, want: Refusal) {
    match started.map(drop) {
        Err(LogError::Refused(refusal)) => assert_eq!(refusal, want),
        end => panic!("{end:?}, not {want:?}"),
    }
    assert_eq!(world.recorder.heads().len(), signed, "nothing is signed for it");
}

#[tokio::test(start_paused = true)]
async fn a_lock_from_a_backup_is_refused() {
    for lost_head in [false, true] {
        let world = World::new();
        let node = world.start().await.unwrap();
        grow(&node, 5).await;
        let backup = world.lock.backup();
        grow(&node, 4).await;
        node.stop().await;
        world.lock.restore(&backup);
        if lost_head {
            // The published head is lost, too: the tiles still tell.
            let files = store::log::memory::MemoryLogFiles::default();
            for path in world.files.list(LOG, "", 100).await.unwrap() {
                let bytes = world.files.get(LOG, &path).await.unwrap().unwrap();
                files.put(LOG, vec![(path, bytes)]).await.unwrap();
            }
            world.files.restore(&files);
        }
        let signed = world.recorder.heads().len();
        check(&world, world.start().await, signed, Refusal::StorageNewer { files: 9, lock: 5 });
    }
}

/// Nobody has seen a signature of it, nor a tile, nor an answer: other records may take its place.
#[tokio::test(start_paused = true)]
async fn a_head_that_was_decided_and_never_signed_may_go_with_a_lock_from_a_backup() {
    let world = World::new();
    let node = world.start().await.unwrap();
    grow(&node, 2).await;
    node.stop().await;
    let backup = world.lock.backup();
    let mut puts = 0;
    // The first put stages the tiles, the second one would put them where they are read.
    let whims = Whims::new(move |_, what| {
        puts += u64::from(what == "put");
        if what == "put" && puts == 2 { Whim::DeadBefore } else { Whim::Done }
    });
    let dying = world.start_by(whims, &[key()]).await.unwrap();
    let unanswered = tokio::time::timeout(Duration::from_secs(60), dying.log.append("never signed\n")).await;
    assert!(unanswered.is_err());
    drop(dying);
    assert_ne!(world.lock.head(LOG).await.unwrap(), backup.head(LOG).await.unwrap(), "it was decided");
    world.lock.restore(&backup);
    let node = world.start().await.unwrap();
    assert_eq!(node.log.append("another\n").await.unwrap(), 2);
    world.recorder.judge("never signed");
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_gone_is_refused() {
    let world = World::new();
    let node = world.start().await.unwrap();
    grow(&node, 3).await;
    node.stop().await;
    world.lock.restore(&store::log::memory::MemoryLogLock::default());
    let signed = world.recorder.heads().len();
    check(&world, world.start().await, signed, Refusal::StorageNewer { files: 3, lock: 0 });
}

#[tokio::test(start_paused = true)]
async fn files_from_a_backup_are_refused() {
    let world = World::new();
    let node = world.start().await.unwrap();
    grow(&node, 5).await;
    let backup = world.files.backup();
    grow(&node, 4).await;
    node.stop().await;
    world.files.restore(&backup);
    let signed = world.recorder.heads().len();
    check(&world, world.start().await, signed, Refusal::LockNewer { lock: 9, files: 5 });
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_comes_back_under_a_running_log_ends_its_signing() {
    for of_files in [false, true] {
        let world = World::new();
        let node = world.start().await.unwrap();
        grow(&node, 5).await;
        let (files, lock) = (world.files.backup(), world.lock.backup());
        grow(&node, 4).await;
        let signed = world.recorder.heads().len();
        if of_files {
            world.files.restore(&files)
        } else {
            world.lock.restore(&lock)
        }
        let end = node.log.append("y\n").await;
        assert!(matches!(end, Err(LogError::Refused(_))), "{end:?}");
        assert!(node.log.refusal().is_some());
        assert!(matches!(node.log.append("z\n").await, Err(LogError::Refused(_))), "and stays so");
        assert_eq!((world.recorder.heads().len(), node.log.head().unwrap().tree().size), (signed, 9));
    }
}

#[tokio::test(start_paused = true)]
async fn two_histories_of_one_length_are_refused() {
    let (world, other) = (World::new(), World::new());
    for (world, text) in [(&world, "x\n"), (&other, "y\n")] {
        let node = world.start().await.unwrap();
        node.log.append(text).await.unwrap();
        node.stop().await;
    }
    let signed = world.recorder.heads().len();
    world.lock.restore(&other.lock.backup());
    check(&world, world.start().await, signed, Refusal::Forked { size: 1 });
}

#[tokio::test(start_paused = true)]
async fn a_published_head_that_somebody_changed_is_refused() {
    let world = World::new();
    let node = world.start().await.unwrap();
    grow(&node, 2).await;
    node.stop().await;
    let published = world.files.published(LOG).await.unwrap().unwrap();
    let bent = String::from_utf8(published.to_vec()).unwrap().replacen("tree\\n2", "tree\\n3", 1);
    assert_ne!(bent.as_bytes(), &published[..]);
    let mut before = published;
    let invalid = "invalid signature for key sum.corp.test/db+";
    for (bytes, said) in [(Bytes::from(bent), invalid), (Bytes::from("{}"), "it cannot be read")] {
        assert!(world.files.publish(LOG, Some(before), bytes.clone()).await.unwrap());
        let Err(LogError::Refused(refused)) = world.start().await.map(drop) else { panic!("{bytes:?}") };
        let refused = refused.to_string();
        let (head, rest) = ("the published head (", "of the log is damaged or lost; bring it back from a backup");
        assert!(refused.contains(head) && refused.contains(said) && refused.ends_with(rest), "{refused}");
        before = bytes;
    }
}

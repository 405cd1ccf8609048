//! What a log may forget, and what it may not.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::join_all;
use proxy::tlog::{LogError, Refusal};
use store::log::LogFiles as _;

use crate::{
    way::{Whim, Whims},
    world::{LOG, Node, World, key},
};

/// A log with so many lines: of three full tiles of records and a partial one.
const LINES: u64 = 800;

async fn filled(world: &World, whims: Whims) -> Node {
    let node = world.start_by(whims, &[key()]).await.unwrap();
    assert!(join_all((0..LINES).map(|_| node.log.append("x\n"))).await.iter().all(Result::is_ok));
    node
}

/// Whoever can write the store's files can plant one.
#[tokio::test(start_paused = true)]
async fn a_log_that_may_not_forget_takes_no_deletion_for_retention() {
    for may_forget in [false, true] {
        let mut world = World::new();
        world.may_forget = may_forget;
        let node = filled(&world, Whims::default()).await;
        world.files.put(LOG, vec![(format!("forgotten/{:020}", 2), Bytes::new())]).await.unwrap();
        world.files.damage(LOG, "tile/8/data/001", None);
        let (read, kept) = (node.log.record(300).await, node.log.first_kept().await.unwrap());
        let added = node.log.append("x\n").await;
        if may_forget {
            assert!(matches!(read, Err(LogError::Forgotten(300))), "{read:?}");
            assert_eq!((kept, added.unwrap()), (512, LINES));
        } else {
            let damaged = Refusal::Damaged { path: "tile/8/data/001".to_owned() };
            assert!(matches!(read, Err(LogError::Damaged { .. })), "{read:?}");
            assert!(matches!(&added, Err(LogError::Refused(refusal)) if *refusal == damaged), "{added:?}");
            assert_eq!(kept, 0);
            node.log.forget(512).await.unwrap();
            assert!(world.files.get(LOG, "tile/8/data/000").await.unwrap().is_some(), "it was asked to forget, and does not");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_forgetting_left_half_done_the_next_one_completes() {
    let mut failed = 0;
    for broken in 0.. {
        let mut world = World::new();
        world.may_forget = true;
        let from = Arc::new(AtomicU64::new(u64::MAX));
        let begins = Arc::clone(&from);
        let whims =
            Whims::new(
                move |call, _| {
                    if call.checked_sub(begins.load(Ordering::Relaxed)) == Some(broken) { Whim::Failed } else { Whim::Done }
                },
            );
        let node = filled(&world, whims.clone()).await;
        // A crash left narrower forms of tiles.
        for path in ["tile/8/data/000.p/9", "tile/8/data/001.p/7", "tile/8/data/002.p/7"] {
            world.files.put(LOG, vec![(path.to_owned(), Bytes::from("x\n\n"))]).await.unwrap();
        }
        from.store(whims.calls(), Ordering::Relaxed);
        let end = node.log.forget(600).await;
        from.store(u64::MAX, Ordering::Relaxed);
        failed += usize::from(end.is_err());
        if end.is_err() {
            node.log.forget(600).await.unwrap();
        }
        let left = world.files.list(LOG, "", 100).await.unwrap();
        let data: Vec<_> =
            left.iter().filter(|path| path.starts_with("tile/8/data/") || path.starts_with("forgotten/")).collect();
        let marker = format!("forgotten/{:020}", 2);
        assert_eq!(data, [&marker, "tile/8/data/002", "tile/8/data/002.p/7", "tile/8/data/003.p/32"], "call {broken}");
        assert_eq!(node.log.append("x\n").await.unwrap(), LINES);
        assert!(matches!(node.log.record(511).await, Err(LogError::Forgotten(511))));
        assert!(node.log.record(512).await.unwrap().is_some());
        if end.is_ok() {
            break;
        }
    }
    assert!(failed >= 7, "{failed} calls could fail");
}

/// The export of an audit log begins with them.
#[tokio::test(start_paused = true)]
async fn peaks_of_a_log_that_grows_meanwhile_are_those_of_a_newer_head() {
    let world = World::new();
    let slow = Arc::new(AtomicU64::new(0));
    let pause = Arc::clone(&slow);
    let whims = Whims::new(move |_, what| match what {
        "get" => Whim::Late(Duration::from_secs(pause.swap(0, Ordering::Relaxed))),
        _ => Whim::Done,
    });
    let node = world.start_by(whims, &[key()]).await.unwrap();
    for _ in 0..3 {
        node.log.append("x\n").await.unwrap();
    }
    let other = world.start().await.unwrap();
    slow.store(5, Ordering::Relaxed);
    let (log, reading) = (Arc::clone(&node.log), Duration::from_secs(1));
    let peaks = tokio::spawn(async move { log.peaks(2).await });
    tokio::time::sleep(reading).await;
    other.log.append("y\n").await.unwrap();
    assert_eq!(slow.load(Ordering::Relaxed), 0, "it is being read");
    let (head, peaks) = peaks.await.unwrap().unwrap();
    assert_eq!((head.tree().size, peaks.tree().size), (4, 2));
}

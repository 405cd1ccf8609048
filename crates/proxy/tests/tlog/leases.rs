//! How long one process keeps others from writing, and what it costs to let them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use proxy::limits;
use tokio::time::{Instant, sleep};

use crate::{
    way::{Whim, Whims},
    world::{Node, World, key},
};

/// A process, and how often it has asked for the lease or given it back.
async fn counted(world: &World) -> (Node, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let whims = Whims::new(move |_, what| {
        count.fetch_add(usize::from(what == "lease"), Ordering::Relaxed);
        Whim::Done
    });
    let node = world.start_by(whims, &[key()]).await.unwrap();
    asked.store(0, Ordering::Relaxed);
    (node, asked)
}

#[tokio::test(start_paused = true)]
async fn records_that_come_alone_share_a_lease_for_a_second() {
    let world = World::new();
    let (node, asked) = counted(&world).await;
    for _ in 0..100 {
        node.log.append("x\n").await.unwrap();
        sleep(Duration::from_millis(100)).await;
    }
    // It is kept for a second, and offered for 0.4 behind each: seven rounds of one pair and four.
    let asked = asked.load(Ordering::Relaxed);
    assert!((50..80).contains(&asked), "{asked} transactions, of 200 if each had its own lease");
}

#[tokio::test(start_paused = true)]
async fn another_process_waits_for_the_lease_of_a_quiet_one_a_second_and_of_one_that_ended_not_at_all() {
    let world = World::new();
    let (quiet, _) = counted(&world).await;
    let other = world.start().await.unwrap();
    quiet.log.append("x\n").await.unwrap();
    let began = Instant::now();
    other.log.append("y\n").await.unwrap();
    let waited = began.elapsed();
    assert!(waited <= limits::LOG_LEASE_KEPT + limits::LOG_LEASE_PAUSE, "{waited:?}");
    other.stop().await;
    let began = Instant::now();
    quiet.log.append("x\n").await.unwrap();
    assert!(began.elapsed() < limits::LOG_LEASE_PAUSE, "{:?}", began.elapsed());
}

/// One that writes again and again, alone each time, is never quiet for long.
#[tokio::test(start_paused = true)]
async fn another_process_gets_the_lease_beside_one_that_writes_all_the_time() {
    for every in [7, 31, 91, 301, 701] {
        let world = World::new();
        let (busy, _) = counted(&world).await;
        let other = world.start().await.unwrap();
        let writing = async {
            loop {
                busy.log.append("x\n").await.unwrap();
                sleep(Duration::from_millis(every)).await;
            }
        };
        let began = Instant::now();
        tokio::select! {
            () = writing => {}
            end = async {
                sleep(Duration::from_micros(10_500)).await;
                other.log.append("y\n").await
            } => drop(end.unwrap()),
        }
        let longest = limits::LOG_LEASE_KEPT + 3 * limits::LOG_LEASE_PAUSE;
        assert!(began.elapsed() <= longest, "every {every} ms: {:?}", began.elapsed());
    }
}

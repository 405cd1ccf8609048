//! A crash before and behind every single call to the store, and every call failed, with and without effect.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt as _, future::join_all};
use proxy::tlog::{Added, LogError};
use store::log::LogLock as _;

use crate::{
    way::{Whim, Whims},
    world::{BEGIN, LOG, World, key, record},
};

/// How many records the second life adds: so many that a tile fills up.
const MORE: u64 = 10;

/// What became of one life whose call with this number met this whim.
async fn live(world: &World, call: u64, whim: Whim) -> (Vec<(u64, Result<Added, LogError>)>, u64) {
    let whims = Whims::new(move |number, _| if number == call { whim } else { Whim::Done });
    let life = async {
        let node = world.start_by(whims.clone(), &[key()]).await?;
        let adds = (250..250 + MORE).map(|number| {
            let (log, record) = (Arc::clone(&node.log), record(number, ""));
            async move { (number, log.add(&record.key(), &record.to_string()).await) }
        });
        Ok::<_, LogError>(join_all(adds).await)
    };
    // A process that died answers nobody; here its silence is cut short.
    let ends = tokio::time::timeout(Duration::from_secs(3600), life).await;
    (ends.ok().and_then(Result::ok).unwrap_or_default(), whims.calls())
}

#[tokio::test(start_paused = true)]
async fn whatever_call_fails_or_kills_the_log_goes_on_with_all_that_was_answered() {
    let world = World::new();
    let node = world.start().await.unwrap();
    join_all((0..250).map(|number| {
        let (log, record) = (Arc::clone(&node.log), record(number, ""));
        async move { log.add(&record.key(), &record.to_string()).await.unwrap() }
    }))
    .await;
    node.stop().await;
    let (files, lock) = (world.files.backup(), world.lock.backup());
    let calls = live(&copy(&files, &lock), u64::MAX, Whim::Done).await.1;
    assert!(calls > 20, "{calls} calls make a life");
    for whim in [Whim::Failed, Whim::Unanswered, Whim::DeadBefore, Whim::DeadBehind] {
        for call in 0..calls {
            let world = copy(&files, &lock);
            let (ends, _) = live(&world, call, whim).await;
            let what = format!("{whim:?} at call {call}");
            let node = world.start().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            for (number, end) in ends {
                if let Ok(added) = end {
                    let found = node.log.lookup(&record(number, "").key()).await.unwrap().expect(&what);
                    assert_eq!((found.number, found.text), (added.number, added.text), "{what}");
                }
            }
            for number in [0, 249].into_iter().chain(250..250 + MORE) {
                let record = record(number, "");
                assert_eq!(node.log.add(&record.key(), &record.to_string()).await.expect(&what).text, record.to_string());
            }
            assert_eq!(node.log.head().unwrap().tree().size, 260, "{what}: one record a version");
            world.recorder.judge(&what);
        }
    }
}

/// It sleeps between its last look at the lock and the file, which nothing but the file itself can notice.
#[tokio::test(start_paused = true)]
async fn a_process_that_sleeps_where_it_publishes_puts_no_older_head_over_a_newer_one() {
    for whim in [Whim::Late, Whim::LateAnswer] {
        let (world, mut published) = (World::new(), 0);
        let whims = Whims::new(move |_, what| {
            published += u64::from(what == "publish");
            if what == "publish" && published == 3 { whim(Duration::from_secs(60)) } else { Whim::Done }
        });
        let sleeper = world.start_by(whims, &[key()]).await.unwrap();
        sleeper.log.append("first\n").await.unwrap();
        let log = Arc::clone(&sleeper.log);
        let late = tokio::spawn(async move { log.append("second\n").await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        let other = world.start().await.unwrap();
        assert_eq!(other.log.append("third\n").await.unwrap(), 2);
        assert_eq!(world.published().await, 3);
        // What the sleeper decided is in the log all the same, and it is told so when it wakes.
        assert_eq!(late.await.unwrap().unwrap(), 1);
        assert_eq!(world.published().await, 3);
        assert_eq!(sleeper.log.append("fourth\n").await.unwrap(), 3);
        world.recorder.judge("asleep");
    }
}

/// Found by the hunt with real processes, seed 172.
#[tokio::test(start_paused = true)]
async fn whoever_sleeps_while_it_completes_what_was_decided_takes_nothing_that_others_removed_for_a_loss() {
    let (world, mut puts) = (World::new(), 0);
    let whims = Whims::new(move |_, what| {
        puts += u64::from(what == "put");
        if what == "put" && puts == 4 { Whim::DeadBefore } else { Whim::Done }
    });
    let dying = world.start_by(whims, &[key()]).await.unwrap();
    dying.log.append("first\n").await.unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(5), dying.log.append("second\n")).await.is_err());
    drop(dying);
    tokio::time::sleep(Duration::from_secs(60)).await;
    for nth in 0..3 {
        let (world, mut gets) = (copy(&world.files, &world.lock), 0);
        let whims = Whims::new(move |_, what| {
            gets += u64::from(what == "get");
            if what == "get" && gets == nth + 1 { Whim::Late(Duration::from_secs(60)) } else { Whim::Done }
        });
        let beside = world.clone();
        let sleeper = tokio::spawn(async move { beside.start_by(whims, &[key()]).await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        let other = world.start().await.unwrap();
        for number in 2..5 {
            assert_eq!(other.log.append("more\n").await.unwrap(), number);
        }
        other.stop().await;
        let sleeper = sleeper.await.unwrap().unwrap_or_else(|error| panic!("asleep at get {nth}: {error:?}"));
        assert_eq!(sleeper.log.append("last\n").await.unwrap(), 5, "asleep at get {nth}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_sleeps_behind_its_decision_and_hears_of_a_newer_head_meanwhile_tells_of_no_fork() {
    let (world, mut puts) = (World::new(), 0);
    let whims = Whims::new(move |_, what| {
        puts += u64::from(what == "put");
        if what == "put" && puts == 2 { Whim::Late(Duration::from_secs(60)) } else { Whim::Done }
    });
    let sleeper = world.start_by(whims, &[key()]).await.unwrap();
    let log = Arc::clone(&sleeper.log);
    let late = tokio::spawn(async move { log.append("first\n").await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let other = world.start().await.unwrap();
    assert_eq!(other.log.append("second\n").await.unwrap(), 1);
    other.stop().await;
    assert_eq!(sleeper.log.newest().await.unwrap().tree().size, 2);
    assert_eq!(late.await.unwrap().unwrap(), 0);
    assert_eq!(sleeper.log.append("third\n").await.unwrap(), 2);
    world.recorder.judge("asleep");
}

/// What befalls it meets it where the tiles of its record are put, behind the decision.
async fn behind_the_decision(befall: impl Fn(&World) -> Whim + Send + 'static) {
    let (world, mut puts) = (World::new(), 0);
    let here = world.clone();
    let whims = Whims::new(move |_, what| {
        puts += u64::from(what == "put");
        // The first put stages the tiles, the second one puts them where they are read.
        if what == "put" && puts == 2 { befall(&here) } else { Whim::Done }
    });
    let node = world.start_by(whims, &[key()]).await.unwrap();
    let record = record(0, "");
    let end = node.log.add(&record.key(), &record.to_string()).await;
    assert!(matches!(end, Err(LogError::Unpublished)), "{end:?}");
    drop(node);
    tokio::time::sleep(Duration::from_secs(1000)).await;
    let node = world.start().await.unwrap();
    assert_eq!(node.log.lookup(&record.key()).await.unwrap().expect("it was decided").number, 0);
}

#[tokio::test(start_paused = true)]
async fn what_fails_behind_the_decision_is_not_said_to_be_lost() {
    behind_the_decision(|world| {
        world.skew.store(-100, std::sync::atomic::Ordering::Relaxed);
        Whim::Done
    })
    .await;
    behind_the_decision(|world| {
        let taken = world.lock.lease(LOG, "another", BEGIN + 60, 60).now_or_never().unwrap().unwrap();
        assert!(taken.is_some());
        Whim::Failed
    })
    .await;
}

/// The first node publishes its record after so long.
async fn looked_up_while_it_is_published(pause: Duration) -> Result<(), LogError> {
    let (world, mut published) = (World::new(), 0);
    let whims = Whims::new(move |_, what| {
        published += u64::from(what == "publish");
        if what == "publish" && published == 2 { Whim::Late(pause) } else { Whim::Done }
    });
    let node = world.start_by(whims, &[key()]).await.unwrap();
    let (log, record) = (Arc::clone(&node.log), record(0, ""));
    let (name, text) = (record.key(), record.to_string());
    let adding = tokio::spawn(async move { log.add(&record.key(), &record.to_string()).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let found = node.log.lookup(&name).await?.expect("it has its number");
    assert_eq!((found.text, found.head.tree().size), (text, 1));
    assert!(adding.await.unwrap().unwrap().is_new);
    Ok(())
}

/// A version that is looked up twice at once is written down once, and the second one comes in between.
#[tokio::test(start_paused = true)]
async fn a_lookup_waits_for_the_head_that_is_a_moment_behind_its_record() {
    looked_up_while_it_is_published(Duration::from_secs(3)).await.unwrap();
    let late = looked_up_while_it_is_published(Duration::from_secs(600)).await;
    assert!(matches!(late, Err(LogError::Unpublished)), "{late:?}");
}

/// A world with this store.
fn copy(files: &store::log::memory::MemoryLogFiles, lock: &store::log::memory::MemoryLogLock) -> World {
    let world = World::new();
    world.files.restore(files);
    world.lock.restore(lock);
    world
}

//! Bits that flip where the log rests: found before the next signature; no more is written, and what is right is read on.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::join_all};
use proxy::{
    limits,
    tlog::{LogError, Refusal},
};
use store::log::{
    LogFiles as _,
    memory::{MemoryLogFiles, MemoryLogLock},
};
use testkit::random::Random;

use crate::{
    rounds,
    way::{Whim, Whims},
    world::{LOG, Node, World, key, record},
};

/// Records of the log that is damaged: all of it is read before each signature, and it has tiles of every kind.
const RECORDS: u64 = 1500;

async fn filled(world: &World) -> Node {
    let node = world.start().await.unwrap();
    let adds = (0..RECORDS).map(|number| {
        let (log, record) = (Arc::clone(&node.log), record(number, ""));
        async move { log.add(&record.key(), &record.to_string()).await.unwrap() }
    });
    join_all(adds).await;
    node
}

#[tokio::test(start_paused = true)]
async fn every_flipped_bit_is_found_before_the_next_signature() {
    let world = World::new();
    filled(&world).await.stop().await;
    let (files, lock) = (world.files.backup(), world.lock.backup());
    let paths = files.list(LOG, "tile/", 100).await.unwrap();
    assert_eq!(paths.len(), 5 + 1 + 1 + 6, "{paths:?}");
    let mut random = Random::new(1);
    for round in 0..rounds(60, 2000) {
        world.files.restore(&files);
        world.lock.restore(&lock);
        let node = world.start().await.unwrap();
        let what = format!("round {round}: {}", flip(&world.files, &mut random));
        let signed = world.recorder.heads().len();
        let end = node.log.append("one more\n").await;
        assert!(matches!(end, Err(LogError::Refused(Refusal::Damaged { .. }))), "{what}: {end:?}");
        assert_eq!(world.recorder.heads().len(), signed, "{what}: nothing was signed");
        // What is right is read on, what is wrong is not served.
        for number in [0, 300, 1499] {
            match node.log.lookup(&record(number, "").key()).await {
                Ok(found) => assert_eq!(found.unwrap().text, record(number, "").to_string(), "{what}"),
                Err(LogError::Damaged { .. }) => {}
                Err(error) => panic!("{what}: {error:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_damaged_is_read_on_and_the_file_is_named() {
    let world = World::new();
    let node = filled(&world).await;
    let path = "tile/8/data/002";
    let mut bytes = world.files.get(LOG, path).await.unwrap().unwrap().to_vec();
    bytes[3] ^= 4;
    world.files.damage(LOG, path, Some(Bytes::from(bytes)));
    let end = node.log.append("x\n").await;
    assert!(matches!(&end, Err(LogError::Refused(Refusal::Damaged { path: named })) if named == path), "{end:?}");
    assert_eq!(node.log.refusal(), Some(Refusal::Damaged { path: path.to_owned() }));
    for (number, is_right) in [(0, true), (511, true), (512, false), (767, true), (768, true)] {
        let end = node.log.record(number).await;
        assert_eq!(end.is_ok(), is_right, "{number}: {end:?}");
    }
    // A lost file is damage as well, also of a tile above others.
    let world = World::new();
    let node = filled(&world).await;
    world.files.damage(LOG, "tile/8/0/003", None);
    let end = node.log.append("x\n").await;
    assert!(matches!(&end, Err(LogError::Refused(Refusal::Damaged { path })) if path == "tile/8/0/003"), "{end:?}");
}

/// Of a long log, so many batches read all of it: it has 78 full tiles of records, and each batch proves 16.
const BATCHES: usize = 5;

/// A log of 20,000 records, with its backups.
async fn long() -> (World, MemoryLogFiles, MemoryLogLock) {
    let world = World::new();
    let node = world.start().await.unwrap();
    for _ in 0..20 {
        let all = (0..1000).map(|line| {
            let (log, text) = (Arc::clone(&node.log), format!("{line}\n"));
            async move { log.append(&text).await.unwrap() }
        });
        join_all(all).await;
    }
    node.stop().await;
    let (files, lock) = (world.files.backup(), world.lock.backup());
    (world, files, lock)
}

/// Flips one bit of one tile; says where.
fn flip(files: &MemoryLogFiles, random: &mut Random) -> String {
    let paths = files.list(LOG, "tile/", 1000).now_or_never().unwrap().unwrap();
    let path = &paths[random.below(paths.len())];
    let mut bytes = files.get(LOG, path).now_or_never().unwrap().unwrap().unwrap().to_vec();
    let bit = random.below(bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    files.damage(LOG, path, Some(Bytes::from(bytes)));
    format!("bit {bit} of {path}")
}

#[tokio::test(start_paused = true)]
async fn a_long_log_is_proven_in_turns() {
    let (world, files, lock) = long().await;
    let mut random = Random::new(2);
    for round in 0..rounds(40, 1000) {
        world.files.restore(&files);
        world.lock.restore(&lock);
        let node = world.start().await.unwrap();
        let what = format!("round {round}: {}", flip(&world.files, &mut random));
        let mut signed = 0;
        while signed < BATCHES && node.log.append("x\n").await.is_ok() {
            signed += 1;
        }
        assert!(signed < BATCHES, "{what}");
        assert!(matches!(node.log.refusal(), Some(Refusal::Damaged { .. })), "{what}: {:?}", node.log.refusal());
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_to_which_nothing_comes_is_proven_too_soon_after_the_start_and_then_daily() {
    let (world, files, lock) = long().await;
    let mut random = Random::new(3);
    let turns = limits::LOG_IDLE_PAUSE * (BATCHES as u32 + 1);
    for round in 0..rounds(20, 500) {
        let rested = if round % 2 == 0 { Duration::ZERO } else { Duration::from_secs(10) };
        world.files.restore(&files);
        world.lock.restore(&lock);
        let whims = Whims::default();
        let node = world.start_by(whims.clone(), &[key()]).await.unwrap();
        tokio::time::sleep(rested).await;
        let calls = whims.calls();
        tokio::time::sleep(rested * 360).await;
        assert_eq!(whims.calls(), calls, "round {round}: what was proven wholly rests");
        let what = format!("round {round}: {}", flip(&world.files, &mut random));
        let within = if rested.is_zero() { turns } else { limits::LOG_ROUND };
        let refusal = tokio::time::timeout(within, node.log.refused()).await.unwrap_or_else(|_| panic!("{what}"));
        assert!(matches!(refusal, Refusal::Damaged { .. }), "{what}: {refusal:?}");
        assert!(matches!(node.log.append("x\n").await, Err(LogError::Refused(_))), "{what}");
        assert_eq!(world.recorder.heads().last().unwrap().size, 20_000, "{what}: nothing was signed");
    }
}

/// Each proves what one batch does, and there is no time for more.
#[tokio::test(start_paused = true)]
async fn short_lives_read_all_of_a_long_log_together() {
    let (world, ..) = long().await;
    world.files.damage(LOG, "tile/8/data/040", Some(Bytes::from("wrong")));
    let mut lives = 0;
    while lives < 60 {
        let node = world.start().await.unwrap();
        if node.log.append("x\n").await.is_err() {
            break;
        }
        lives += 1;
        node.stop().await;
    }
    assert!((1..60).contains(&lives), "{lives} lives");
}

#[tokio::test(start_paused = true)]
async fn what_a_batch_puts_is_read_in_its_place_before_it_is_signed() {
    const COUNT: u64 = 300;
    for at in 0..5 {
        let world = World::new();
        let (files, mut puts, mut path) = (world.files.clone(), 0, String::new());
        let whims = Whims::new(move |_, what| {
            puts += u64::from(what == "put");
            // The first put stages the tiles, the second one puts them where they are read.
            if puts == 2 && what != "put" && path.is_empty() {
                let paths = files.list(LOG, "tile/", 10).now_or_never().unwrap().unwrap();
                assert_eq!(paths.len(), 5, "{paths:?}");
                path.clone_from(&paths[at]);
                let mut bytes = files.get(LOG, &path).now_or_never().unwrap().unwrap().unwrap().to_vec();
                bytes[20] ^= 1;
                files.damage(LOG, &path, Some(Bytes::from(bytes)));
            }
            Whim::Done
        });
        let node = world.start_by(whims, &[key()]).await.unwrap();
        let adds = join_all((0..COUNT).map(|_| node.log.append("x\n"))).await;
        let all = adds.iter().all(|end| matches!(end, Err(LogError::Refused(Refusal::Damaged { .. }))));
        assert!(all, "tile {at}: {:?}", adds[0]);
        assert_eq!(world.recorder.heads().last().unwrap().size, 0, "tile {at}: nothing was signed");
        let Some(Refusal::Damaged { path }) = node.log.refusal() else { panic!("tile {at}") };
        node.stop().await;
        assert!(matches!(world.start().await.map(drop), Err(LogError::Refused(Refusal::Damaged { .. }))), "tile {at}");
        // It was decided, and what was staged of it is there.
        world.files.damage(LOG, &path, None);
        assert_eq!(world.start().await.unwrap().log.head().unwrap().tree().size, COUNT);
    }
}

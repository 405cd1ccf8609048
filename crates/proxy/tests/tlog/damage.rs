//! Bits that flip where the log rests: found before the next signature; no more is written, and what is right is read on.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use proxy::tlog::{LogError, Refusal};
use store::log::LogFiles as _;
use testkit::random::Random;

use crate::{
    rounds,
    world::{LOG, Node, World, record},
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
        let path = &paths[random.below(paths.len())];
        let mut bytes = files.get(LOG, path).await.unwrap().unwrap().to_vec();
        let bit = random.below(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        world.files.damage(LOG, path, Some(Bytes::from(bytes)));
        let signed = world.recorder.heads().len();
        let end = node.log.append("one more\n").await;
        let what = format!("round {round}: bit {bit} of {path}");
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

#[tokio::test(start_paused = true)]
async fn a_long_log_is_proven_in_turns() {
    let world = World::new();
    let node = world.start().await.unwrap();
    for _ in 0..20 {
        let all = (0..1000).map(|line| {
            let (log, text) = (Arc::clone(&node.log), format!("{line}\n"));
            async move { log.append(&text).await.unwrap() }
        });
        join_all(all).await;
    }
    // 78 full tiles of records, 16 a turn.
    world.files.damage(LOG, "tile/8/data/005", Some(Bytes::from("wrong")));
    let mut turns = 0;
    while turns < 10 && node.log.append("x\n").await.is_ok() {
        turns += 1;
    }
    assert!(turns <= 5, "{turns} turns until it was found");
    assert_eq!(node.log.refusal(), Some(Refusal::Damaged { path: "tile/8/data/005".to_owned() }));
}

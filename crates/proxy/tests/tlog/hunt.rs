//! The fork hunt: drawn histories of two sequencers that pause, fail, are killed and come back, over a store that backups come back to.
//!
//! Whatever happens, every head that was ever signed is of one history, and no record that was answered is lost, as long as no backup came
//! back. After a backup the log may refuse to go on; it must not tell two histories then, either.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use proxy::tlog::{Added, Log, LogError};
use testkit::random::Random;
use tokio::task::JoinSet;

use crate::{
    rounds,
    way::{Whim, Whims},
    world::{Node, World, key, record},
};

/// What a history did, so that one in which nothing happened does not count for much.
#[derive(Default, Debug)]
struct Tally {
    signed: usize,
    added: usize,
    failed: usize,
    lives: usize,
    restored: usize,
    refused: usize,
}

#[test]
fn no_history_of_two_sequencers_has_two_heads_that_cannot_both_be_true() {
    let only: Option<u64> = std::env::var("MODWAY_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seeds = only.map_or(1..=rounds(60, 1000), |seed| seed..=seed);
    let mut all = Tally::default();
    for seed in seeds.clone() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        let tally = runtime.block_on(hunt(seed));
        all.signed += tally.signed;
        all.added += tally.added;
        all.failed += tally.failed;
        all.lives += tally.lives;
        all.restored += tally.restored;
        all.refused += tally.refused;
    }
    let histories = seeds.count();
    assert!(only.is_some() || (all.signed > 7 * histories && all.added > 50 * histories), "little happened: {all:?}");
    assert!(
        only.is_some() || (all.failed > histories && all.restored > histories / 10 && all.refused > 0),
        "little failed: {all:?}"
    );
    println!("{histories} histories: {all:?}");
}

/// Numbers and texts that were answered, by key.
type Answered = Arc<Mutex<BTreeMap<String, Added>>>;

async fn hunt(seed: u64) -> Tally {
    let (mut random, world, answered) = (Random::new(seed), World::new(), Answered::default());
    let (mut nodes, mut adds, mut tally): (Vec<Option<Node>>, JoinSet<bool>, Tally) =
        (vec![None, None], JoinSet::new(), Tally::default());
    let (mut served, mut published, mut lines) = ([0; 2], 0, 0);
    let backup = (world.files.backup(), world.lock.backup());
    let mut backups = vec![backup];
    for _ in 0..100 {
        let slot = random.below(2);
        match random.below(14) {
            0 => {
                // kill -9
                nodes[slot] = None;
                served[slot] = 0;
            }
            1..=2 if nodes[slot].is_none() => {
                tally.lives += 1;
                let opened =
                    tokio::time::timeout(Duration::from_secs(600), world.start_by(whims(random.number()), &[key()])).await;
                nodes[slot] = opened.ok().and_then(Result::ok);
            }
            3..=8 => {
                if let Some(node) = &nodes[slot] {
                    for _ in 0..=random.below(12) {
                        lines += 1;
                        let log = Arc::clone(&node.log);
                        match random.one_in(3) {
                            true => adds.spawn(append(log, lines)),
                            false => adds.spawn(add(log, random.below(400), random.number(), Arc::clone(&answered))),
                        };
                    }
                }
            }
            9 => tokio::time::sleep(Duration::from_millis(random.below(20_000))).await,
            10 if random.one_in(3) => drop(world.skew.fetch_add(random.below(40) as i64 - 15, Ordering::Relaxed)),
            11 => backups.push((world.files.backup(), world.lock.backup())),
            12 if tally.restored == 0 && seed.is_multiple_of(3) && random.one_in(3) => {
                // One side comes back from a backup, under whoever is running; the answers from then on are nobody's promise.
                let (files, lock) = &backups[random.below(backups.len())];
                if random.one_in(2) {
                    world.files.restore(files)
                } else {
                    world.lock.restore(lock)
                }
                tally.restored += 1;
            }
            _ => tokio::time::sleep(Duration::from_millis(random.below(50))).await,
        }
        for (node, newest) in nodes.iter().zip(&mut served).filter_map(|(node, newest)| node.as_ref().map(|node| (node, newest)))
        {
            let size = node.log.head().map_or(0, |head| head.tree().size);
            assert!(size >= *newest, "seed {seed}: one process served {newest} records and then {size}");
            *newest = size;
        }
        let size = world.published().await;
        assert!(size >= published || tally.restored > 0, "seed {seed}: {published} records were published and then {size}");
        published = size;
    }
    drop(nodes);
    while let Some(end) = adds.join_next().await {
        if end.expect("adding does not panic") { tally.added += 1 } else { tally.failed += 1 }
    }
    // A day later, all is well with the clock and the store.
    tokio::time::sleep(Duration::from_secs(86_400)).await;
    let what = format!("seed {seed}");
    match world.start().await {
        Ok(node) => {
            let end = node.log.append("the last one\n").await;
            assert!(tally.restored > 0 || end.is_ok(), "{what}: {end:?}");
            if tally.restored == 0 {
                check_answers(&what, &node, &answered).await;
            }
            tally.refused += usize::from(end.is_err());
        }
        Err(LogError::Refused(_)) if tally.restored > 0 => tally.refused += 1,
        Err(error) => panic!("{what}: {error:?}"),
    }
    world.recorder.judge(&what);
    // One record a version, and a line that was to come in once came in once, whatever its sender heard.
    let mut seen = BTreeSet::new();
    for text in world.recorder.texts() {
        let subject = String::from_utf8(text.split(|byte| *byte == b'h').next().unwrap_or_default().to_vec()).expect("text");
        assert!(seen.insert(subject.clone()), "{what}: {subject} is in the log twice");
    }
    tally.signed = world.recorder.heads().len();
    tally
}

/// Adds a record of a version, with one of two sums; true if it was answered.
async fn add(log: Arc<Log>, number: u64, drawn: u64, answered: Answered) -> bool {
    let record = record(number, if drawn.is_multiple_of(2) { "one" } else { "other" });
    // The process may be gone before it answers.
    let (key, text) = (record.key(), record.to_string());
    match tokio::time::timeout(Duration::from_secs(3600), log.add(&key, &text)).await {
        Ok(Ok(added)) => {
            let mut answered = answered.lock().expect("nobody panics with it");
            let first = answered.entry(key).or_insert_with(|| added.clone());
            // What one was told, all are told: unless a backup came back, which the end of the history knows.
            if first.text != added.text || first.number != added.number {
                first.number = u64::MAX;
            }
            true
        }
        _ => false,
    }
}

/// Appends a line that is unlike all others; true if it was answered.
async fn append(log: Arc<Log>, line: u64) -> bool {
    let text = format!("line {line}\n");
    tokio::time::timeout(Duration::from_secs(3600), log.append(&text)).await.is_ok_and(|end| end.is_ok())
}

async fn check_answers(what: &str, node: &Node, answered: &Answered) {
    let answered = answered.lock().expect("nobody panics with it").clone();
    for (key, added) in answered {
        let found = node.log.lookup(&key).await.unwrap_or_else(|error| panic!("{what}: {key}: {error:?}"));
        let found = found.unwrap_or_else(|| panic!("{what}: {key} was answered as number {} and is lost", added.number));
        assert_eq!((found.number, found.text), (added.number, added.text), "{what}: {key}");
    }
}

/// Trouble with the store, drawn for one life: most calls are well, some wait long enough for a lease to end, and once in a while it dies.
fn whims(seed: u64) -> Whims {
    let mut random = Random::new(seed);
    let (trouble, death) = (random.below(120) + 10, random.below(4000) + 100);
    Whims::new(move |_, what| {
        let pause = Duration::from_millis(match random.below(4) {
            0 => 8_000 + random.below(20_000),
            _ => random.below(40),
        });
        if random.one_in(death) {
            return if random.one_in(2) { Whim::DeadBefore } else { Whim::DeadBehind };
        }
        // Where one process may put its head over another one's it sleeps more often than anywhere else.
        if what == "publish" && random.one_in(20) {
            return Whim::Late(Duration::from_millis(11_000 + random.below(10_000)));
        }
        if !random.one_in(trouble) {
            return Whim::Done;
        }
        match random.below(4) {
            0 => Whim::Failed,
            1 => Whim::Unanswered,
            2 => Whim::Late(pause),
            _ => Whim::LateAnswer(pause),
        }
    })
}

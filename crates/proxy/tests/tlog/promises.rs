//! What a log promises to who adds and reads.

use std::sync::{Arc, atomic::Ordering};

use futures_util::{FutureExt as _, future::join_all};
use gomod::{
    module::{ModulePath, Version},
    sumdb::{
        checkpoint::{Checkpoint, data_tile_body},
        client::Head,
        grow::FULL,
        lookup::{Lookup, Need, Proved, Step},
        note,
        tile::{Tile, TileLevel},
        tlog::check_tree,
    },
};
use proxy::tlog::{Log, LogError};

use crate::{
    way::Whims,
    world::{NAME, World, key, record},
};

/// Looks a version up as the go command does, from a head it knew before, asking nothing but what the log serves.
pub(crate) async fn look_up(log: &Log, number: u64, known: Option<&str>, key: &note::VerifierKey) -> Proved {
    let (module, version) = (ModulePath::parse("corp.test/m").unwrap(), Version::parse(&format!("v1.{number}.0")).unwrap());
    let mut lookup = Lookup::new(key, known, &module, &version).unwrap();
    loop {
        match lookup.step().unwrap() {
            Step::Proved(proved) => return *proved,
            Step::Need(Need::Lookup(_)) => {
                let found = log.lookup(&format!("{module}@{version}")).await.unwrap().expect("it was added");
                lookup.feed_lookup(found.answer().as_bytes());
            }
            Step::Need(Need::Tiles(tiles)) => {
                for tile in tiles {
                    lookup.feed_tile(&tile, &log.tile(&tile).await.unwrap().expect("a tile of the head")).unwrap();
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_go_commands_client_proves_every_record_from_every_older_head() {
    let (world, mut heads) = (World::new(), Vec::new());
    let node = world.start().await.unwrap();
    assert_eq!(node.log.head().unwrap().tree().size, 0);
    let mut next = 0;
    for batch in [1, 1, 200, 55, 300, 1] {
        let adds = (next..next + batch).map(|number| {
            let record = record(number, "");
            let log = Arc::clone(&node.log);
            async move { log.add(&record.key(), &record.to_string()).await.unwrap() }
        });
        assert!(join_all(adds).await.iter().all(|added| added.is_new));
        next += batch;
        heads.push(node.log.head().unwrap().note().to_owned());
    }
    for number in (0..next).step_by(37) {
        for known in heads.iter().map(|head| Some(head.as_str())).chain([None]) {
            let proved = look_up(&node.log, number, known, &key().verifier()).await;
            assert_eq!(proved.zip_h1, record(number, "").zip_h1());
        }
    }
    assert_eq!(node.log.lookup("corp.test/m@v2.0.0").await.unwrap(), None);
    world.recorder.judge("a quiet life");
}

#[tokio::test(start_paused = true)]
async fn auditors_read_all_of_it_in_their_form() {
    let world = World::new();
    let node = world.start().await.unwrap();
    let log = &node.log;
    let lines: Vec<String> = (0..600).map(|number| format!("{{\"line\":{number}}}\n")).collect();
    assert!(join_all(lines.iter().map(|line| log.append(line))).await.iter().all(Result::is_ok));
    let head = log.head().unwrap();
    let signed = note::open(head.checkpoint(NAME).unwrap().as_bytes(), &[&key().verifier()]).unwrap();
    let checkpoint = Checkpoint::parse(signed.text()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.tree()), (NAME, head.tree()));
    assert_eq!(head.checkpoint("other.test"), None);
    for old in [1, 255, 256, 599, 600] {
        let proof = log.consistency(&head, old).await.unwrap();
        let root = crate::recorder::History::new(&lines.iter().map(|line| line.clone().into()).collect::<Vec<_>>()).root(old);
        assert_eq!(check_tree(&proof, 600, &head.tree().hash, old, &root.unwrap()), Ok(()), "{old}");
    }
    for old in [0, 601] {
        assert!(log.consistency(&head, old).await.is_err());
    }
    let tile = |number, width| Tile::new(8, TileLevel::Data, number, width).unwrap();
    for (tile, there) in
        [(tile(0, 256), true), (tile(2, 88), true), (tile(2, 3), true), (tile(2, 89), false), (tile(3, 1), false)]
    {
        let entries = log.entries(&tile).await.unwrap();
        let body = log.tile(&tile).await.unwrap();
        assert_eq!(entries.map(|entries| data_tile_body(&entries).unwrap()), body.clone().map(|body| body.to_vec()));
        let count = body.map(|body| gomod::sumdb::tile::records(&body).unwrap().len() as u32);
        assert_eq!(count, there.then_some(tile.width()));
    }
    let narrow = Tile::parse("tile/8/0/001.p/7").unwrap();
    assert_eq!(log.tile(&narrow).await.unwrap().unwrap()[..], log.tile(&narrow.full()).await.unwrap().unwrap()[..7 * 32]);
    for path in ["tile/8/1/000.p/3", "tile/8/2/000.p/1", "tile/8/63/000.p/1", "tile/7/0/000"] {
        assert_eq!(log.tile(&Tile::parse(path).unwrap()).await.unwrap(), None, "{path}");
    }
    assert!(log.tile(&Tile::parse("tile/8/1/000.p/2").unwrap()).await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_thousand_racing_adds_with_two_sums_make_one_record() {
    let world = World::new();
    let nodes = [world.start().await.unwrap(), world.start().await.unwrap()];
    let adds = (0..1000usize).map(|racer| {
        let log = Arc::clone(&nodes[racer % 2].log);
        let record = record(7, if racer % 3 == 0 { "one" } else { "other" });
        tokio::spawn(async move { (record.to_string(), log.add(&record.key(), &record.to_string()).await) })
    });
    let ends: Vec<_> = join_all(adds.collect::<Vec<_>>()).await.into_iter().map(Result::unwrap).collect();
    let added: Vec<_> = ends.iter().filter_map(|(text, end)| end.as_ref().ok().map(|added| (text, added))).collect();
    assert_eq!(added.len(), 1000, "{:?}", ends.iter().find(|(_, end)| end.is_err()));
    assert_eq!(added.iter().filter(|(_, added)| added.is_new).count(), 1);
    let (winner, first) = added.iter().find(|(_, added)| added.is_new).unwrap();
    assert!(added.iter().all(|(_, added)| (added.number, &added.text) == (first.number, winner)), "the losers get the first");
    assert_eq!(nodes[0].log.lookup(&record(7, "").key()).await.unwrap().unwrap().text, **winner);
    assert_eq!(world.recorder.heads().last().unwrap().size, 1);
    world.recorder.judge("a race");
}

#[tokio::test(start_paused = true)]
async fn lines_are_records_one_behind_the_other_and_all_come_in_or_none() {
    let world = World::new();
    let node = world.start().await.unwrap();
    let lines = |from: u64, to: u64| (from..to).map(|number| format!("line {number}\n")).collect::<String>();
    let (first, one, second) =
        tokio::join!(node.log.append_lines(lines(0, 700)), node.log.append("between\n"), node.log.append_lines(lines(700, 701)));
    assert_eq!((first.unwrap(), one.unwrap(), second.unwrap()), (0, 700, 701));
    for lines in [lines(0, 300) + "no line feed", lines(0, 2) + "\n", lines(0, 2) + &"x".repeat(4000) + "\n", String::new()] {
        assert!(matches!(node.log.append_lines(lines).await, Err(LogError::BadRecord(_))));
    }
    assert_eq!(node.log.append_lines(lines(701, 1200)).await.unwrap(), 702);
    assert_eq!(node.log.head().unwrap().tree().size, 1201);
    for (number, text) in [(0, "line 0\n"), (699, "line 699\n"), (700, "between\n"), (701, "line 700\n"), (1200, "line 1199\n")] {
        assert_eq!(node.log.record(number).await.unwrap().unwrap().text, text);
    }
    let heads: Vec<u64> = world.recorder.heads().iter().map(|head| head.size).collect();
    assert_eq!(heads.last(), Some(&1201));
    assert!(heads.iter().all(|size| [0, 702, 1201].contains(size)), "each batch has one head: {heads:?}");
    world.recorder.judge("lines");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_record_never_comes_into_the_log() {
    let world = World::new();
    let node = world.start().await.unwrap();
    for text in ["", "x", "x\n\n", "\nx\n", "x\ty\n", "x\r\n", "x\u{1b}[2J\n", &("x".repeat(4000) + "\n")] {
        assert!(matches!(node.log.add("k", text).await, Err(LogError::BadRecord(_))), "{text:?}");
        assert!(matches!(node.log.append(text).await, Err(LogError::BadRecord(_))), "{text:?}");
    }
    assert!(matches!(node.log.add("", "x\n").await, Err(LogError::BadKey(0))));
    assert_eq!(node.log.append(&("x".repeat(3999) + "\n")).await.unwrap(), 0);
    assert_eq!(node.log.head().unwrap().tree().size, 1);
}

#[tokio::test(start_paused = true)]
async fn more_records_than_may_wait_are_refused_and_a_log_without_its_sequencer_says_so() {
    let world = World::new();
    let (log, sequencer) = world.open(Whims::default(), &[key()]).await.unwrap();
    let (mut waiting, mut refused) = (0, None);
    while waiting < 100_000 && refused.is_none() {
        match log.append("x\n").now_or_never() {
            None => waiting += 1,
            Some(end) => refused = end.err(),
        }
    }
    assert!(matches!(refused, Some(LogError::Busy)), "{waiting} wait: {refused:?}");
    drop(sequencer);
    assert!(matches!(log.append("x\n").await, Err(LogError::Stopped)));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_runs_back_ends_signing_until_it_has_caught_up() {
    let world = World::new();
    let node = world.start().await.unwrap();
    assert_eq!(node.log.append("one\n").await.unwrap(), 0);
    world.skew.store(-100, Ordering::Relaxed);
    let signed = world.recorder.heads().len();
    let Err(LogError::Clock { now, last }) = node.log.append("two\n").await else { panic!("the clock stands before the head") };
    assert_eq!((last - now, world.recorder.heads().len()), (100, signed));
    assert_eq!(node.log.record(0).await.unwrap().unwrap().text, "one\n", "reading goes on");
    node.stop().await;
    let node = world.start().await.unwrap();
    assert!(matches!(node.log.append("two\n").await, Err(LogError::Clock { .. })), "a new start does not forget");
    tokio::time::sleep(std::time::Duration::from_secs(100)).await;
    assert_eq!(node.log.append("two\n").await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_log_opened_again_goes_on_where_it_was() {
    let world = World::new();
    for life in 0..5 {
        let node = world.start().await.unwrap();
        assert_eq!(node.log.head().unwrap().tree().size, life * 100);
        let numbers = join_all((0..100).map(|line| {
            let (log, text) = (Arc::clone(&node.log), format!("{life} {line}\n"));
            async move { log.append(&text).await.unwrap() }
        }));
        let mut numbers = numbers.await;
        numbers.sort_unstable();
        assert_eq!(numbers, (life * 100..life * 100 + 100).collect::<Vec<_>>());
        node.stop().await;
    }
    assert_eq!(world.recorder.heads().last().unwrap().size, 500);
    // Tiles that are narrower than the newest are gone, and so is what was staged.
    let names = store::log::LogFiles::list(&world.files, crate::world::LOG, "", 100).await.unwrap();
    let wanted = ["tile/8/0/000", "tile/8/0/001.p/244", "tile/8/1/000.p/1", "tile/8/data/000", "tile/8/data/001.p/244"];
    assert_eq!((names, 500 - FULL), (wanted.map(str::to_owned).to_vec(), 244));
    world.recorder.judge("five lives");
}

#[tokio::test(start_paused = true)]
async fn heads_are_those_of_gos_own_form() {
    let world = World::new();
    let node = world.start().await.unwrap();
    node.log.append("x\n").await.unwrap();
    let head = node.log.head().unwrap();
    assert_eq!(Head::open(&key().verifier(), head.note().as_bytes()).unwrap().tree(), head.tree());
    assert_eq!(node.log.names().collect::<Vec<_>>(), [NAME]);
}

//! How a log asks: sites that witness each other, witnesses that are silent, lie, know more, or know another history.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gomod::sumdb::{
    checkpoint::Checkpoint,
    cosign::{Cosigner, WitnessKey},
    note::{self, SignerKey},
};
use proxy::{
    clock::Clock,
    limits::WITNESS_PAUSE,
    tlog::{
        Log, LogError,
        witness::{Asked, SIZE_TYPE, Silence, Site, TEXT_TYPE, Witness, WitnessSettings, Witnesses},
    },
};
use store::log::memory::logs;
use tokio::sync::mpsc;

use crate::{
    site::{Shelf, door, grow, site, witness_door},
    tree::{ORIGIN, key},
};

const PATIENCE: Duration = Duration::from_secs(10);

fn cosigner(name: &str) -> Cosigner {
    Cosigner::from_seed(name, &[name.len() as u8; 32]).expect("a key")
}

/// A witness of the log `origin` with this key.
fn witness(name: &str, origin: &str, key: &SignerKey) -> Arc<Witness> {
    let logs_of = vec![(origin.to_owned(), vec![key.verifier()])];
    let settings = WitnessSettings { cosigner: cosigner(name), logs: logs_of, holder: name.to_owned() };
    Arc::new(Witness::new(settings, logs(Default::default(), Default::default()), Clock::system()))
}

async fn site_of(witness: &Arc<Witness>) -> Site {
    site(witness_door(Arc::clone(witness)).await, witness.key())
}

/// The checkpoint that counts is signed by the log and by these.
#[track_caller]
fn check_cosigned(witnesses: &Witnesses, key: &SignerKey, size: u64, by: &[WitnessKey]) {
    let cosigned = witnesses.cosigned().expect("enough cosigned");
    let note = note::open(cosigned.note.as_bytes(), &[&key.verifier()]).expect("it opens");
    assert_eq!((cosigned.size, cosigned.witnesses), (size, by.len()));
    for key in by {
        assert!(key.find(&note).expect("it holds").is_some(), "{}", key.name());
    }
}

#[track_caller]
fn silence(asked: &Asked, at: usize) -> &Silence {
    &asked.silent[at].1
}

#[tokio::test]
async fn two_sites_witness_each_other() {
    let names = ["sum.one.test", "sum.two.test"];
    let keys = names.map(|name| SignerKey::from_seed(name, &[name.as_bytes()[4]; 32]).expect("a key"));
    let logs = [Shelf::default().open(keys[0].clone(), "one").await, Shelf::default().open(keys[1].clone(), "two").await];
    let of = [witness("one.test/witness", names[1], &keys[1]), witness("two.test/witness", names[0], &keys[0])];
    for (at, other) in [(0, 1), (1, 0)] {
        let witnesses = Witnesses::new(names[at], vec![site_of(&of[other]).await], 1, PATIENCE);
        for count in [3, 1, 300] {
            grow(&logs[at], names[at], count).await;
            let asked = witnesses.ask(&logs[at]).await.unwrap();
            assert_eq!((asked.cosignatures.len(), asked.silent.len()), (1, 0), "{:?}", asked.silent);
            check_cosigned(&witnesses, &keys[at], logs[at].head().unwrap().tree().size, &[of[other].key()]);
        }
        let strange = Witnesses::new(names[other], vec![site_of(&of[other]).await], 1, PATIENCE);
        assert!(strange.ask(&logs[at]).await.is_err(), "a log has no head under the other's name");
    }
}

#[tokio::test]
async fn who_does_not_know_where_a_witness_stands_hears_it_and_begins_there() {
    let (log, witness) = (Shelf::default().open(key(), "one").await, witness("w.test", ORIGIN, &key()));
    grow(&log, "a", 5).await;
    Witnesses::new(ORIGIN, vec![site_of(&witness).await], 1, PATIENCE).ask(&log).await.unwrap();
    grow(&log, "b", 5).await;
    let witnesses = Witnesses::new(ORIGIN, vec![site_of(&witness).await], 1, PATIENCE);
    let asked = witnesses.ask(&log).await.unwrap();
    assert_eq!(asked.cosignatures.len(), 1, "{:?}", asked.silent);
    check_cosigned(&witnesses, &key(), 10, &[witness.key()]);
}

#[tokio::test]
async fn a_log_with_two_histories_gets_one_of_them_cosigned() {
    let shelf = Shelf::default();
    let log = shelf.open(key(), "one").await;
    grow(&log, "shared", 5).await;
    let witness = witness("w.test", ORIGIN, &key());
    let fork = shelf.copy().open(key(), "two").await;
    grow(&log, "a", 3).await;
    grow(&fork, "b", 3).await;
    let ask = async |log: &Log| {
        let witnesses = Witnesses::new(ORIGIN, vec![site_of(&witness).await], 1, PATIENCE);
        (witnesses.ask(log).await.unwrap(), witnesses)
    };
    assert_eq!(ask(&log).await.0.cosignatures.len(), 1);
    let (asked, witnesses) = ask(&fork).await;
    assert!(matches!(silence(&asked, 0), Silence::Forked { size: 8 }), "{:?}", asked.silent);
    assert_eq!((witnesses.cosigned(), silence(&asked, 0).is_alarm()), (None, true), "nothing counts as cosigned");
    grow(&fork, "b", 1).await;
    let (asked, witnesses) = ask(&fork).await;
    assert!(matches!(silence(&asked, 0), Silence::Unproven { old: 8 }), "{:?}", asked.silent);
    assert_eq!((witnesses.cosigned(), silence(&asked, 0).is_alarm()), (None, true), "nor now");
    // Whose log went back is told so, and which size the witness knows.
    let old = shelf.copy().open(key(), "three").await;
    drop(log);
    let back = Shelf::default().open(key(), "four").await;
    grow(&back, "shared", 5).await;
    let (asked, _) = ask(&back).await;
    assert!(matches!(silence(&asked, 0), Silence::Ahead { theirs: 8, ours: 5 }), "{:?}", asked.silent);
    assert_eq!(ask(&old).await.0.cosignatures.len(), 1, "the first history goes on");
}

/// A door that says 409 in this form, over and over; what its log hears.
async fn hear(conflict: (&'static str, &'static str)) -> Silence {
    let log = Shelf::default().open(key(), "one").await;
    grow(&log, "a", 5).await;
    let door = door(Arc::new(move |body| {
        // Whoever names 5 hears no more than that it is another tree.
        let (media_type, text) = if body.starts_with(b"old 5\n") { conflict } else { (SIZE_TYPE, "5\n") };
        Box::pin(async move { Some((409, media_type, text.to_owned())) })
    }));
    let witnesses = Witnesses::new(ORIGIN, vec![site(door.await, cosigner("w.test").verifier())], 1, PATIENCE);
    silence(&witnesses.ask(&log).await.unwrap(), 0).clone()
}

#[tokio::test]
async fn a_conflict_over_a_tree_of_ones_own_size_is_a_fork_in_whatever_form() {
    for conflict in [(SIZE_TYPE, "5\n"), (TEXT_TYPE, "conflict\n"), (TEXT_TYPE, ""), (SIZE_TYPE, "")] {
        assert!(matches!(hear(conflict).await, Silence::Forked { size: 5 }), "{conflict:?}");
    }
    // Another size is no fork: it changes its mind, or is ahead.
    assert!(matches!(hear((SIZE_TYPE, "4\n")).await, Silence::Refused(409, _)));
    assert!(matches!(hear((SIZE_TYPE, "6\n")).await, Silence::Ahead { theirs: 6, ours: 5 }));
}

#[tokio::test]
async fn a_head_counts_as_cosigned_with_a_quorum_and_not_before() {
    let log = Shelf::default().open(key(), "one").await;
    grow(&log, "a", 5).await;
    let (good, fine) = (witness("w1.test", ORIGIN, &key()), witness("w.two.test", ORIGIN, &key()));
    let stranger = witness("w1.test", ORIGIN, &SignerKey::from_seed(ORIGIN, &[9; 32]).unwrap());
    let liar = door(Arc::new(|body| {
        let other = cosigner("w1.test").sign("sum.corp.test/db\n9\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 9).unwrap();
        let line = format!("— {} {}\n", other.name, other.base64);
        Box::pin(async move { Some((200, "text/plain", if body.is_empty() { String::new() } else { line })) })
    }));
    let liar = site(liar.await, cosigner("w1.test").verifier());
    let huge = door(Arc::new(|_| Box::pin(async { Some((200, "text/plain", "x".repeat(1 << 20))) }))).await;
    let mute = door(Arc::new(|_| Box::pin(async { None }))).await;
    let mad = door(Arc::new(|_| Box::pin(async { Some((409, "text/plain", "7\n".to_owned())) }))).await;
    let odd = |address| site(address, cosigner("w1.test").verifier());
    let sites = vec![site_of(&good).await, site_of(&fine).await, site_of(&stranger).await, liar, odd(huge), odd(mute), odd(mad)];
    let witnesses = Witnesses::new(ORIGIN, sites, 2, Duration::from_secs(2));
    let asked = witnesses.ask(&log).await.unwrap();
    assert_eq!(asked.cosignatures.len(), 2, "{:?}", asked.silent);
    check_cosigned(&witnesses, &key(), 5, &[good.key(), fine.key()]);
    assert_eq!(
        log.checkpoint(ORIGIN).unwrap().as_deref(),
        log.head().unwrap().checkpoint(ORIGIN),
        "nobody said that it is witnessed"
    );
    let told: Vec<String> = asked.silent.iter().map(|(_, silence)| format!("{silence:?}")).collect();
    for (told, kind) in told.iter().zip(["Refused(403", "Invalid", "Unreached(TooLarge", "Unreached(Deadline", "Refused(409"]) {
        assert!(told.starts_with(kind), "{kind}: {told}");
    }
    let strict = Witnesses::new(ORIGIN, vec![site_of(&good).await, site_of(&stranger).await], 2, PATIENCE).required();
    assert_eq!(strict.ask(&log).await.unwrap().cosignatures.len(), 1);
    assert_eq!(strict.cosigned(), None);
    log.witnessed_by(Arc::new(strict));
    let why = log.checkpoint(ORIGIN).expect_err("no checkpoint is shown before enough have cosigned one");
    assert!(matches!(why, LogError::Unwitnessed { cosigned: 1, wanted: 2, .. }), "{why}");
    assert_eq!(why.reason().code(), "unwitnessed");
    assert_eq!(log.checkpoint("other.test").unwrap(), None);
}

#[tokio::test]
async fn cosignatures_below_the_quorum_are_shown_until_there_is_a_quorum() {
    let shelf = Shelf::default();
    let log = shelf.open(key(), "one").await;
    let (good, fine) = (witness("w1.test", ORIGIN, &key()), witness("w.two.test", ORIGIN, &key()));
    let (is_up, inner) = (Arc::new(AtomicBool::new(false)), Arc::clone(&fine));
    let moody = door({
        let is_up = Arc::clone(&is_up);
        Arc::new(move |body| {
            let (is_up, inner) = (is_up.load(Ordering::SeqCst), Arc::clone(&inner));
            Box::pin(async move {
                match is_up {
                    true => Some((200, TEXT_TYPE, inner.add_checkpoint(&body).await.expect("it is new to it"))),
                    false => Some((503, TEXT_TYPE, "not now\n".to_owned())),
                }
            })
        })
    })
    .await;
    let sites = vec![site_of(&good).await, site(moody, fine.key())];
    let witnesses = Arc::new(Witnesses::new(ORIGIN, sites, 2, PATIENCE));
    log.witnessed_by(Arc::clone(&witnesses));
    let shown = |by: &[WitnessKey]| check_shown(&log, by);
    grow(&log, "a", 5).await;
    shown(&[]);
    witnesses.ask(&log).await.unwrap();
    assert_eq!((shown(&[good.key()]), witnesses.cosigned()), (5, None));
    grow(&log, "a", 1).await;
    assert_eq!(shown(&[good.key()]), 5, "better than the newest one, which nobody has cosigned");
    witnesses.ask(&log).await.unwrap();
    assert_eq!(shown(&[good.key()]), 6);
    is_up.store(true, Ordering::SeqCst);
    witnesses.ask(&log).await.unwrap();
    assert_eq!(shown(&[good.key(), fine.key()]), 6);
    check_cosigned(&witnesses, &key(), 6, &[good.key(), fine.key()]);
    is_up.store(false, Ordering::SeqCst);
    grow(&log, "a", 1).await;
    witnesses.ask(&log).await.unwrap();
    assert_eq!(shown(&[good.key(), fine.key()]), 6, "what enough have cosigned is not given up for less");
    let later = Witnesses::new(ORIGIN, vec![site_of(&good).await], 2, PATIENCE);
    later.recall(&log).await.unwrap();
    assert_eq!(later.cosigned(), None, "one of two is no quorum after a restart either");
}

/// The size of the checkpoint that is shown, which just these have cosigned.
#[track_caller]
fn check_shown(log: &Log, by: &[WitnessKey]) -> u64 {
    let shown = log.checkpoint(ORIGIN).unwrap().expect("it has that name");
    let note = note::open(shown.as_bytes(), &[&key().verifier()]).expect("it opens");
    assert_eq!(note.unverified().len(), by.len(), "{shown}");
    by.iter().for_each(|key| assert!(key.find(&note).expect("it holds").is_some(), "{shown}"));
    Checkpoint::parse(note.text()).expect("a checkpoint").tree().size
}

#[tokio::test]
async fn where_witnesses_are_required_the_old_name_of_a_log_is_no_way_round_them() {
    let shelf = Shelf::default();
    let old = SignerKey::from_seed("old.corp.test", &[9; 32]).expect("a key");
    let log = shelf.open_with(vec![key(), old], "one").await;
    grow(&log, "a", 5).await;
    let witness = witness("w.test", ORIGIN, &key());
    let sites = vec![site_of(&witness).await];
    let strict = Witnesses::new(ORIGIN, sites, 1, PATIENCE).required();
    assert!(log.checkpoint("old.corp.test").unwrap().is_some(), "nobody has asked for witnesses yet");
    strict.ask(&log).await.unwrap();
    log.witnessed_by(Arc::new(strict));
    assert_eq!(check_shown(&log, &[witness.key()]), 5);
    assert!(matches!(log.checkpoint("old.corp.test"), Err(LogError::Unwitnessed { cosigned: 0, .. })));
    assert_eq!(log.checkpoint("other.test").unwrap(), None);
}

#[tokio::test]
async fn a_silence_is_told_when_it_begins_changes_and_ends() {
    let log = Shelf::default().open(key(), "one").await;
    grow(&log, "a", 5).await;
    let witness = witness("w.test", ORIGIN, &key());
    let says = Arc::new(AtomicU16::new(200));
    let (inner, status) = (Arc::clone(&witness), Arc::clone(&says));
    let door = door(Arc::new(move |body| {
        let (inner, status) = (Arc::clone(&inner), status.load(Ordering::SeqCst));
        Box::pin(async move {
            match status {
                200 => match inner.add_checkpoint(&body).await {
                    Ok(lines) => Some((200, TEXT_TYPE, lines)),
                    Err(end) => panic!("{end}"),
                },
                0 => None,
                other => Some((other, TEXT_TYPE, "no\n".to_owned())),
            }
        })
    }));
    let witnesses = Witnesses::new(ORIGIN, vec![site(door.await, witness.key())], 1, Duration::from_millis(500));
    for (status, news) in [
        (200, "[]"),
        (503, "[Some(Refused(503, \"no\"))]"),
        (503, "[]"),
        (403, "[Some(Refused(403, \"no\"))]"),
        (0, "[Some(Unreached(Deadline(Total, 500)))]"),
        (0, "[]"),
        (200, "[None]"),
        (200, "[]"),
    ] {
        says.store(status, Ordering::SeqCst);
        let asked = witnesses.ask(&log).await.unwrap();
        let told: Vec<_> = asked.news.into_iter().map(|(_, silence)| silence).collect();
        assert_eq!(format!("{told:?}"), news, "{status}");
        assert_eq!(asked.silent.len(), usize::from(status != 200), "it is silent all the time");
    }
}

#[tokio::test]
async fn a_log_that_grows_does_not_hurry_a_silent_witness_and_the_next_time_brings_the_newest_head() {
    let log = Shelf::default().open(key(), "one").await;
    grow(&log, "a", 1).await;
    let witness = witness("w.test", ORIGIN, &key());
    let (asks, is_up) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let (inner, counted, up) = (Arc::clone(&witness), Arc::clone(&asks), Arc::clone(&is_up));
    let door = door(Arc::new(move |body| {
        counted.fetch_add(1, Ordering::SeqCst);
        let (inner, up) = (Arc::clone(&inner), up.load(Ordering::SeqCst));
        Box::pin(async move {
            match up {
                true => inner.add_checkpoint(&body).await.ok().map(|lines| (200, TEXT_TYPE, lines)),
                false => Some((503, TEXT_TYPE, "not now\n".to_owned())),
            }
        })
    }));
    let witnesses = Arc::new(Witnesses::new(ORIGIN, vec![site(door.await, witness.key())], 1, PATIENCE));
    let (rounds, mut told) = mpsc::channel(100);
    let task = {
        let (witnesses, log) = (Arc::clone(&witnesses), Arc::clone(&log));
        tokio::spawn(async move { witnesses.run(&log, |end| rounds.try_send(end.is_ok()).unwrap()).await })
    };
    assert_eq!(told.recv().await, Some(true));
    let begun = Instant::now();
    grow(&log, "a", 100).await;
    let most = 1 + begun.elapsed().as_secs() / WITNESS_PAUSE.as_secs();
    assert!((1..=most).contains(&asks.load(Ordering::SeqCst)), "{asks:?} asks for 101 heads");
    is_up.store(true, Ordering::SeqCst);
    tokio::time::pause();
    tokio::time::advance(WITNESS_PAUSE).await;
    tokio::time::resume();
    assert_eq!(told.recv().await, Some(true));
    assert_eq!(witnesses.cosigned().map(|cosigned| cosigned.size), Some(101));
    assert!(asks.load(Ordering::SeqCst) <= most + 1, "{asks:?}");
    task.abort();
}

#[tokio::test]
async fn new_heads_are_cosigned_as_they_come_and_recalled_after_a_restart() {
    let shelf = Shelf::default();
    let log = shelf.open(key(), "one").await;
    let witness = witness("w.test", ORIGIN, &key());
    let witnesses = Arc::new(Witnesses::new(ORIGIN, vec![site_of(&witness).await], 1, PATIENCE));
    let task = {
        let (witnesses, log) = (Arc::clone(&witnesses), Arc::clone(&log));
        tokio::spawn(async move { witnesses.run(&log, |_| {}).await })
    };
    for size in [2, 4, 6] {
        grow(&log, "a", 2).await;
        let reached = async {
            while witnesses.cosigned().is_none_or(|cosigned| cosigned.size < size) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect("it is cosigned soon");
    }
    task.abort();
    log.witnessed_by(Arc::clone(&witnesses));
    assert_eq!(log.checkpoint(ORIGIN).unwrap(), witnesses.cosigned().map(|cosigned| cosigned.note.clone()));
    grow(&log, "a", 1).await;
    let shown = log.checkpoint(ORIGIN).unwrap();
    assert_eq!(
        shown,
        witnesses.cosigned().map(|cosigned| cosigned.note.clone()),
        "the cosigned one, although there is a newer head"
    );
    let later = Witnesses::new(ORIGIN, vec![site_of(&witness).await], 1, PATIENCE);
    later.recall(&log).await.unwrap();
    assert_eq!(later.cosigned(), witnesses.cosigned());
    let strangers = Witnesses::new(ORIGIN, vec![site_of(&self::witness("v.test", ORIGIN, &key())).await], 1, PATIENCE);
    strangers.recall(&log).await.unwrap();
    assert_eq!(strangers.cosigned(), None, "whom nobody asks any more vouches for nothing");
}

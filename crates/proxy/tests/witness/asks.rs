//! How a log asks: sites that witness each other, witnesses that are silent, lie, know more, or know another history.

use std::{sync::Arc, time::Duration};

use gomod::sumdb::{
    cosign::{Cosigner, WitnessKey},
    note::{self, SignerKey},
};
use proxy::{
    clock::Clock,
    tlog::{
        Log,
        witness::{Asked, Silence, Site, Witness, WitnessSettings, Witnesses},
    },
};
use store::log::memory::logs;

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
async fn a_log_that_forgot_what_its_witness_knows_is_told() {
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
    grow(&fork, "b", 4).await;
    let ask = async |log: &Log| {
        let witnesses = Witnesses::new(ORIGIN, vec![site_of(&witness).await], 1, PATIENCE);
        (witnesses.ask(log).await.unwrap(), witnesses)
    };
    assert_eq!(ask(&log).await.0.cosignatures.len(), 1);
    let (asked, witnesses) = ask(&fork).await;
    assert!(matches!(silence(&asked, 0), Silence::Refused(422, _)), "{:?}", asked.silent);
    assert_eq!(witnesses.cosigned(), None, "nothing counts as cosigned");
    // Whose log went back is told so, and which size the witness knows.
    let old = shelf.copy().open(key(), "three").await;
    drop(log);
    let back = Shelf::default().open(key(), "four").await;
    grow(&back, "shared", 5).await;
    let (asked, _) = ask(&back).await;
    assert!(matches!(silence(&asked, 0), Silence::Ahead { theirs: 8, ours: 5 }), "{:?}", asked.silent);
    assert_eq!(ask(&old).await.0.cosignatures.len(), 1, "the first history goes on");
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
    assert!(log.checkpoint(ORIGIN).is_err(), "no checkpoint is shown before enough have cosigned one");
    assert_eq!(log.checkpoint("other.test").unwrap(), None);
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
    assert_eq!(log.checkpoint(ORIGIN).unwrap().as_deref(), log.head().unwrap().checkpoint(ORIGIN), "the newest, as it is");
    let later = Witnesses::new(ORIGIN, vec![site_of(&witness).await], 1, PATIENCE);
    later.recall(&log).await.unwrap();
    assert_eq!(later.cosigned(), witnesses.cosigned());
    let strangers = Witnesses::new(ORIGIN, vec![site_of(&self::witness("v.test", ORIGIN, &key())).await], 1, PATIENCE);
    strangers.recall(&log).await.unwrap();
    assert_eq!(strangers.cosigned(), None, "whom nobody asks any more vouches for nothing");
}

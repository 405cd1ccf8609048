//! A new name and a new key: for a while both sign, then the old one no more.

use gomod::sumdb::{checkpoint::Checkpoint, client::Head, note, note::SignerKey};
use proxy::tlog::{LogError, Refusal};

use crate::{
    promises::look_up,
    way::Whims,
    world::{NAME, World, key, record},
};

#[tokio::test(start_paused = true)]
async fn while_a_key_rotates_old_and_new_clients_both_pass() {
    let (world, old) = (World::new(), key());
    let new = SignerKey::from_seed("sum2.corp.test/db", &[10; 32]).unwrap();
    let node = world.start().await.unwrap();
    for number in 0..300 {
        let record = record(number, "");
        node.log.add(&record.key(), &record.to_string()).await.unwrap();
    }
    let known_to_old = node.log.head().unwrap().note().to_owned();
    node.stop().await;

    // The window: the head that is there is signed by both at once, before anything is added.
    let node = world.start_by(Whims::default(), &[new.clone(), old.clone()]).await.unwrap();
    assert_eq!(node.log.names().collect::<Vec<_>>(), [new.name(), NAME]);
    let known_to_new = node.log.head().unwrap().note().to_owned();
    let another = record(300, "");
    node.log.add(&another.key(), &another.to_string()).await.unwrap();
    for number in [0, 299, 300] {
        assert_eq!(look_up(&node.log, number, Some(&known_to_old), &old.verifier()).await.zip_h1, record(number, "").zip_h1());
        assert_eq!(look_up(&node.log, number, Some(&known_to_new), &new.verifier()).await.zip_h1, record(number, "").zip_h1());
    }
    let head = node.log.head().unwrap();
    for key in [&old, &new] {
        let checkpoint = note::open(head.checkpoint(key.name()).unwrap().as_bytes(), &[&key.verifier()]).unwrap();
        assert_eq!(Checkpoint::parse(checkpoint.text()).unwrap().tree(), head.tree());
    }
    node.stop().await;

    // After it: the old client fails with words that say why.
    let node = world.start_by(Whims::default(), std::slice::from_ref(&new)).await.unwrap();
    let head = node.log.head().unwrap();
    assert!(Head::open(&new.verifier(), head.note().as_bytes()).is_ok());
    let refused = Head::open(&old.verifier(), head.note().as_bytes()).unwrap_err();
    assert_eq!(std::error::Error::source(&refused).unwrap().to_string(), "note has no verifiable signatures");
    assert_eq!(head.checkpoint(NAME), None);
    assert!(world.recorder.heads().is_sorted_by_key(|tree| tree.size));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_never_signed_the_log_is_refused_at_the_start() {
    let world = World::new();
    let node = world.start().await.unwrap();
    node.log.append("x\n").await.unwrap();
    node.stop().await;
    let other = SignerKey::from_seed("sum2.corp.test/db", &[10; 32]).unwrap();
    let refused = world.start_by(Whims::default(), &[other]).await.map(drop).unwrap_err();
    assert!(matches!(&refused, LogError::Refused(Refusal::Key { key }) if key.starts_with("sum2.corp.test/db+")), "{refused:?}");
    world.recorder.judge("a wrong key");
}

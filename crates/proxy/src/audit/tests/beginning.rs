//! A log whose first lines are missing: forgotten, or deleted.

use std::sync::atomic::Ordering;

use gomod::sumdb::{peaks::Peaks, tlog::Hash};

use super::*;

/// An export without its first `count` records, whose hashes stand in its first line as if they were forgotten: no key is needed for that.
fn beheaded(export: &str, count: usize) -> String {
    let (first, rest) = export.split_once('\n').unwrap();
    let begin: serde_json::Value = serde_json::from_str(first).unwrap();
    let hashes = begin["peaks"].as_array().unwrap().iter().map(|hash| Hash::parse(hash.as_str().unwrap()).unwrap()).collect();
    let mut peaks = Peaks::new(begin["from"].as_u64().unwrap(), hashes).unwrap();
    let lines: Vec<&str> = rest.split_inclusive('\n').collect();
    for line in &lines[..count] {
        peaks.push(Hash::parse(line.split('"').nth(5).unwrap()).unwrap());
    }
    let hashes: Vec<String> = peaks.hashes().iter().map(ToString::to_string).collect();
    format!("{}\n{}", serde_json::json!({ "from": peaks.size(), "peaks": hashes }), lines[count..].concat())
}

#[tokio::test(start_paused = true)]
async fn a_deleted_beginning_is_not_taken_for_a_forgotten_one() {
    let check = |export: &str, count: usize, missing: Option<u64>| {
        let end = prove(beheaded(export, count).as_bytes(), &key(), &[]);
        match (&end, missing) {
            (Ok(proven), None) => assert_eq!(proven.from, 512),
            (Err(Unproven::Missing { from }), Some(missing)) => assert_eq!(*from, missing),
            _ => panic!("{count}: {end:?}"),
        }
    };
    let world = recorded(700).await;
    let export = world.exported().await;
    for count in [1, 255, 256, 512, 701] {
        check(&export, count, Some(count as u64));
    }
    world.now.store(2000, Ordering::Relaxed);
    let running = world.start("two", None).await;
    assert_eq!(running.audit.forget(999).await.unwrap(), 512);
    (700..900).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    let export = world.exported().await;
    check(&export, 0, None);
    check(&export, 1, Some(513));
    check(&export, 256, Some(768));
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_ends_where_a_tile_does() {
    let world = recorded(700).await;
    let running = world.start("two", None).await;
    // As after a crash between the line and the forgetting.
    running.audit.log().append(&Line::Forget { time_ms: 0, before: 512 }.print()).await.unwrap();
    running.stop().await;
    let export = world.exported().await;
    let from = |count| prove(beheaded(&export, count).as_bytes(), &key(), &[]).map(|proven| proven.from);
    assert!(matches!((from(256), from(512)), (Ok(256), Ok(512))));
    for count in [1, 255, 300, 511, 600] {
        assert!(matches!(from(count), Err(Unproven::Missing { from }) if from == count as u64), "{count}: {:?}", from(count));
    }
}

#[tokio::test(start_paused = true)]
async fn an_export_by_who_opened_the_log_before_it_forgot_proves() {
    let world = recorded(700).await;
    let early = Log::reader(world.settings("reader"), world.logs.clone(), world.clock()).await.unwrap();
    world.now.store(2000, Ordering::Relaxed);
    let running = world.start("two", None).await;
    assert_eq!(running.audit.forget(999).await.unwrap(), 512);
    let mut out = Vec::new();
    export(&early, &mut out).await.unwrap();
    assert!(prove(&out[..], &key(), &[]).is_ok_and(|proven| proven.from == 512), "the line that says so is in it");
    running.stop().await;
}

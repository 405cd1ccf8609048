//! A version once served never changes: the first h1 wins for ever.

use std::{fs, path::Path};

use super::*;

fn first() -> Module {
    Module::new("example.test/m", "v1.0.0")
}

/// The same version with other bytes.
fn other() -> Module {
    let mut other = Module::of("example.test/m", "v1.0.0", &[("evil.go", b"package evil\n".to_vec())]);
    other.go_mod = "module example.test/m\n\ngo 1.21\n".into();
    other
}

#[tokio::test]
async fn what_the_upstream_changes_later_reaches_nobody() {
    let (world, store) = (World::start().await, memory::store().0);
    first().serve(&world);
    let site = Setup::to(&world).site_on(store);
    for kind in ["info", "mod", "zip"] {
        site.get(&first().url(kind)).await.expect("a file");
    }
    other().serve(&world);
    assert_eq!(site.get(&first().url("mod")).await, Ok(first().go_mod.into()));
    assert_eq!(site.get(&first().url("zip")).await, Ok(first().zip));
    assert_eq!(world.seen().len(), 3);
}

/// Damages every file below `folder` that holds these bytes; answers how many.
fn damage(folder: &Path, bytes: &[u8]) -> usize {
    let mut damaged = 0;
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            damaged += damage(&path, bytes);
        } else if fs::read(&path).is_ok_and(|found| found == bytes) {
            let mut wrong = bytes.to_vec();
            wrong[bytes.len() / 2] ^= 1;
            fs::remove_file(&path).expect("removed");
            fs::write(&path, wrong).expect("written");
            damaged += 1;
        }
    }
    damaged
}

#[tokio::test]
async fn a_damaged_file_is_healed_by_the_same_bytes_and_by_no_others() {
    for kind in ["mod", "zip"] {
        let (world, folder) = (World::start().await, tempfile::tempdir().expect("a folder"));
        first().serve(&world);
        let site = Setup::to(&world).site_on(Store::open_embedded(folder.path()).expect("a store"));
        let good = site.get(&first().url(kind)).await.expect("a file");
        drop(site);
        assert_eq!(damage(folder.path(), &good), 1);
        other().serve(&world);
        let site = Setup::to(&world).site_on(Store::open_embedded(folder.path()).expect("a store"));
        let (end, events) = site.answer(&first().url(kind)).await;
        assert_eq!(end.expect_err("other bytes").code(), "checksum-mismatch", "{kind}");
        assert!(events.iter().any(|event| matches!(event, Event::Drifted(_))), "{kind}: {events:?}");
        let drifts = site.store.index.drifts("example.test/m", "v1.0.0").await.expect("drifts");
        assert_eq!((drifts.len(), drifts[0].origin.as_str(), drifts[0].seen_at), (1, "there", NOW), "{kind}");
        assert!(drifts[0].kept_h1.is_some() && drifts[0].kept_h1 != drifts[0].seen_h1, "{kind}: {drifts:?}");
        let told = || site.alarms.lock().expect("no panic").len();
        assert_eq!(told(), 1, "{kind}");
        for _ in 0..3 {
            let (end, events) = site.answer(&first().url(kind)).await;
            assert_eq!(end.expect_err("other bytes").code(), "checksum-mismatch", "{kind}: and again");
            assert!(!events.iter().any(|event| matches!(event, Event::Drifted(_))), "{kind}: {events:?}");
        }
        assert_eq!(told(), 1, "{kind}: the same drift is told once");
        first().serve(&world);
        assert_eq!(site.get(&first().url(kind)).await, Ok(good.clone()), "{kind}: healed");
        drop(world);
        assert_eq!(site.get(&first().url(kind)).await, Ok(good), "{kind}: and kept");
    }
}

#[tokio::test]
async fn two_zips_of_one_h1_are_one() {
    // The same files in another order of packing: another digest, the same h1.
    let (world, database) = (World::start().await, Sumdb::start(3, &[&first()]).await);
    first().serve(&world);
    let site = Setup::to(&world).sums(&database).site();
    site.get(&first().url("zip")).await.expect("a zip");
    let names = ["example.test/m@v1.0.0/m.go", "example.test/m@v1.0.0/go.mod"];
    let source = b"package m // example.test/m v1.0.0\n";
    let again = testkit::modules::any_zip(&[(names[0], source, None), (names[1], first().go_mod.as_bytes(), None)]);
    assert_ne!(again, first().zip);
    let fresh = Setup::to(&world).sums(&database).site();
    world.on(&first().url("zip"), [Play::ok(again.clone())]);
    assert_eq!(fresh.get(&first().url("zip")).await, Ok(again));
    assert_eq!(site.get(&first().url("zip")).await, Ok(first().zip));
}

//! The checksum database as others see it through us.

use testkit::sumdb::{Lie, NAME};
use tokio::task::JoinSet;

use super::*;

const STRANGERS: usize = 600;

fn module() -> Module {
    Module::new("example.test/m", "v1.0.0")
}

fn below(path: &str) -> String {
    format!("/sumdb/{NAME}/{path}")
}

#[tokio::test]
async fn lookups_and_tiles_are_kept_and_served_without_asking_again() {
    let (world, database) = (World::start().await, Sumdb::start(STRANGERS, &[&module()]).await);
    let site = Setup::to(&world).sums(&database).site();
    let paths =
        [below("lookup/example.test/m@v1.0.0"), below("tile/8/0/001"), below("tile/8/0/002.p/89"), below("tile/8/data/000")];
    let mut bodies = Vec::new();
    for path in &paths {
        bodies.push(site.get(path).await.unwrap_or_else(|text| panic!("{path}: {text}")));
    }
    assert!(bodies[0].starts_with(b"600\nexample.test/m v1.0.0 h1:"), "{:?}", bodies[0]);
    assert_eq!(site.get(&below("supported")).await, Ok(Bytes::new()));
    let asked = database.seen().len();
    for (path, body) in paths.iter().zip(&bodies) {
        assert_eq!(site.get(path).await.as_ref(), Ok(body), "{path}");
    }
    assert_eq!(database.seen().len(), asked, "nothing twice: {:?}", database.seen());
    // The head moves on; what is kept is served with the database gone.
    database.add(&Module::record_of("example.test/new", "v1.0.0", ""));
    let head = site.get(&below("latest")).await.expect("a head");
    assert_eq!(head, database.head());
    database.lie(Some(Lie::All(503)));
    let record = bodies[0].len() - head.len();
    bodies[0] = [&bodies[0][..record], &head].concat().into();
    for (path, body) in paths.iter().zip(&bodies) {
        assert_eq!(site.get(path).await.as_ref(), Ok(body), "{path}: offline");
    }
    assert_eq!(site.get(&below("latest")).await, Ok(head), "the head that is known");
}

#[tokio::test]
async fn a_version_looked_up_once_stays_proven_with_the_database_gone() {
    let (world, module) = (World::start().await, module());
    let database = Sumdb::start(STRANGERS, &[&module]).await;
    module.serve(&world);
    let site = Setup::to(&world).sums(&database).site();
    site.get(&module.url("mod")).await.expect("a file");
    for number in 0..300 {
        database.add(&Module::record_of(&format!("example.test/new{number}"), "v1.0.0", ""));
    }
    let newest = site.get(&below("latest")).await.expect("a head");
    database.lie(Some(Lie::All(503)));
    assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()));
    let head = site.store.index.sumdb_head(NAME).await.expect("an index");
    assert_eq!(head, Some(newest), "the head does not go back");
}

/// Every head that was served is proven with what is kept, of which there is one tile for each place.
#[tokio::test]
async fn a_wider_tile_takes_the_place_of_the_narrower_ones() {
    let (world, module) = (World::start().await, module());
    let database = Sumdb::start(STRANGERS, &[&module]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let site = Setup::to(&world).sums(&database).site_on(Store::open_embedded(folder.path()).expect("a store"));
    let lookup = site.get(&below("lookup/example.test/m@v1.0.0")).await.expect("a lookup");
    let mut sizes = vec![601_u64];
    for round in 0..30 {
        for number in 0..17 {
            database.add(&Module::record_of(&format!("example.test/new{round}n{number}"), "v1.0.0", ""));
        }
        if round % 3 == 0 {
            // Another lookup moves the head as well as `latest` does.
            let path = format!("lookup/stranger.test/m{round}@v1.0.0");
            site.get(&below(&path)).await.expect("a lookup");
        } else {
            site.get(&below("latest")).await.expect("a head");
        }
        sizes.push(601 + 17 * (round + 1));
    }
    for place in ["0/000", "0/001", "0/002", "0/003", "0/004", "1/000"] {
        let mut kept = Vec::new();
        for width in 1..256 {
            let path = format!("tile/8/{place}.p/{width}");
            kept.extend(site.store.index.sumdb_file(NAME, &path).await.expect("an index").map(|_| path));
        }
        assert!(kept.len() <= 1, "{kept:?}");
    }
    database.lie(Some(Lie::All(503)));
    for size in sizes {
        let (number, width) = (size >> 8, size & 255);
        let edge =
            site.get(&below(&format!("tile/8/0/{number:03}.p/{width}"))).await.unwrap_or_else(|text| panic!("{size}: {text}"));
        assert_eq!(edge.len() as u64, 32 * width);
        let root = site.get(&below(&format!("tile/8/1/000.p/{number}"))).await.unwrap_or_else(|text| panic!("{size}: {text}"));
        assert_eq!(root.len() as u64, 32 * number);
    }
    let again = site.get(&below("lookup/example.test/m@v1.0.0")).await.expect("a lookup");
    assert!(again.starts_with(&lookup[..lookup.len() / 2]) && again.ends_with(database.head().as_bytes()));
}

#[tokio::test]
async fn a_partial_tile_of_records_is_not_cut_out_of_the_full_one() {
    let (world, database) = (World::start().await, Sumdb::start(STRANGERS, &[]).await);
    let site = Setup::to(&world).sums(&database).site();
    let full = site.get(&below("tile/8/data/000")).await.expect("a full tile");
    let partial = site.get(&below("tile/8/data/000.p/3")).await.expect("a partial tile");
    assert!(full.starts_with(&partial) && partial.iter().filter(|byte| **byte == b'\n').count() == 9, "{partial:?}");
}

/// The database lies about what others ask for through us: refused, not kept, and the truth then works.
async fn check(path: &str, lie: Lie, code: &str) {
    let (world, database) = (World::start().await, Sumdb::start(STRANGERS, &[&module()]).await);
    let site = Setup::to(&world).sums(&database).site();
    database.lie(Some(lie.clone()));
    assert_eq!(site.code(&below(path)).await, code, "{path} {lie:?}");
    assert_eq!(site.store.index.sumdb_file(NAME, path).await.expect("an index"), None, "{path} {lie:?}");
    database.lie(None);
    // What does not exist is believed for a while.
    site.at(6);
    assert_eq!(site.code(&below(path)).await, "found", "{path} {lie:?}");
}

#[tokio::test]
async fn a_lookup_that_does_not_exist_is_asked_for_once_in_a_while() {
    let (world, module) = (World::start().await, module());
    module.serve(&world);
    let database = Sumdb::start(STRANGERS, &[]).await;
    let (store, path) = (memory::store().0, below("lookup/example.test/m@v1.0.0"));
    let start = || Setup::to(&world).sums(&database).site_on(store.clone());
    let site = start();
    let asked = || database.count("/lookup/");
    for (status, since) in [(404, 0), (410, 5)] {
        database.lie(Some(Lie::Status(status)));
        site.at(since);
        let before = asked();
        let (lookup, go_mod) = (site.get(&path).await, site.get(&module.url("mod")).await);
        assert!(lookup.as_ref().is_err_and(|text| text.starts_with("not-exist: ")), "{lookup:?}");
        assert!(go_mod.as_ref().is_err_and(|text| text.starts_with("unproven: ")), "{go_mod:?}");
        for later in [0, 1, 4] {
            site.at(since + later);
            assert_eq!((site.get(&path).await, site.get(&module.url("mod")).await), (lookup.clone(), go_mod.clone()), "{status}");
        }
        assert_eq!(asked() - before, 1, "{status}: the words are the same, and nobody is asked");
    }
    database.lie(None);
    database.add(&module.record());
    assert_eq!(site.code(&path).await, "not-exist");
    assert_eq!(start().code(&path).await, "found", "a restart forgets it");
}

#[tokio::test]
async fn a_database_in_trouble_is_asked_again_at_once() {
    let (world, module) = (World::start().await, module());
    let database = Sumdb::start(STRANGERS, &[&module]).await;
    let site = Setup::to(&world).sums(&database).site();
    for status in [500, 503, 429, 403] {
        database.lie(Some(Lie::Status(status)));
        assert_eq!(site.code(&below("lookup/example.test/m@v1.0.0")).await, "unproven", "{status}");
    }
    database.lie(None);
    assert_eq!(site.code(&below("lookup/example.test/m@v1.0.0")).await, "found");
}

#[tokio::test]
async fn nothing_is_handed_on_that_does_not_prove() {
    let (lookup, tile) = ("lookup/example.test/m@v1.0.0", "tile/8/0/001");
    check(lookup, Lie::Body("<html>".into()), "sumdb-lied").await;
    check(lookup, Lie::BadSignature, "sumdb-lied").await;
    check(lookup, Lie::Record(3), "sumdb-lied").await;
    check(lookup, Lie::All(500), "unproven").await;
    check(lookup, Lie::Status(404), "not-exist").await;
    check(lookup, Lie::Status(410), "not-exist").await;
    check(tile, Lie::Flipped(tile.into()), "sumdb-lied").await;
    check(tile, Lie::Narrow, "sumdb-lied").await;
    check(tile, Lie::NoTiles, "not-exist").await;
    check(tile, Lie::All(500), "unproven").await;
    check("latest", Lie::BadSignature, "sumdb-lied").await;
    check("latest", Lie::WrongKey, "sumdb-lied").await;
}

#[tokio::test]
async fn a_tile_beyond_the_newest_head_is_not_kept_nor_called_for_ever() {
    let (world, database) = (World::start().await, Sumdb::start(STRANGERS, &[]).await);
    let site = Setup::to(&world).sums(&database).site();
    database.lie(Some(Lie::OldHead(100)));
    let path = "tile/8/0/001";
    let answer = site.answer(&below(path)).await.0.expect("the client proves it");
    assert_eq!((answer.hot_for, answer.caching), (Duration::ZERO, proxy::answer::Caching::Revalidate));
    assert_eq!(site.store.index.sumdb_file(NAME, path).await.expect("an index"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_cold_lookups_side_by_side_agree_on_one_head() {
    let modules: Vec<Module> = (0..100).map(|number| Module::new(&format!("example.test/m{number}"), "v1.0.0")).collect();
    let (world, all) = (World::start().await, modules.iter().collect::<Vec<_>>());
    modules.iter().for_each(|module| module.serve(&world));
    let database = Sumdb::start(STRANGERS, &all).await;
    let folder = tempfile::tempdir().expect("a folder");
    let site = Setup::to(&world).sums(&database).site_on(Store::open_embedded(folder.path()).expect("a store"));
    let mut asking = JoinSet::new();
    for (number, module) in modules.iter().enumerate() {
        if number % 10 == 0 {
            // The head moves meanwhile.
            database.add(&Module::record_of(&format!("example.test/late{number}"), "v1.0.0", ""));
        }
        let (proxy, path) = (site.proxy.clone(), module.url("mod"));
        asking.spawn(async move { get(&proxy, &path).await.map(drop) });
    }
    while let Some(end) = asking.join_next().await {
        assert_eq!(end.expect("no panic"), Ok(()));
    }
    assert_eq!(database.count("/lookup/"), 100);
    let mut tiles: Vec<String> = database.seen().into_iter().filter(|path| path.starts_with("/tile/")).collect();
    tiles.retain(|path| path.starts_with("/tile/8/1/"));
    assert!(tiles.len() < 20, "the top tile of a hundred proofs: {tiles:?}");
    let head = site.store.index.sumdb_head(NAME).await.expect("an index").expect("a head");
    assert_eq!(head, database.head());
}

#[tokio::test]
async fn the_database_is_read_through_the_first_proxy_that_supports_it() {
    let module = module();
    let name_and_key = |database: &Sumdb| database.setting().split(' ').next().unwrap_or_default().to_owned();
    for (list, first, code) in [
        ("a,b", Play::not_found("no"), "found"),
        ("a,b", Play::status(500, ""), "unproven"),
        ("a|b", Play::status(500, ""), "found"),
        ("a,b", Play::status(403, ""), "unproven"),
    ] {
        let (world, database) = (World::start().await, Sumdb::start(STRANGERS, &[&module]).await);
        module.serve(&world);
        world.on(&below("supported"), [first.clone()]);
        let site = Setup::new(list, &[("a", &world.url()), ("b", &database.url())]).gosumdb(&name_and_key(&database)).site();
        assert_eq!(site.code(&module.url("mod")).await, code, "{list} {}", first.status);
        assert_eq!(database.count(&below("lookup/")), usize::from(code == "found"), "{list} {}", first.status);
        assert_eq!(database.count("/lookup/"), 0, "{list}: always below /sumdb/");
    }
}

#[tokio::test]
async fn a_proxy_that_steps_down_for_modules_steps_down_for_the_database() {
    let (world, module) = (World::start().await, module());
    let database = Sumdb::start(STRANGERS, &[&module]).await;
    module.serve(&world);
    world.on(&below("supported"), [Play::status(503, "")]);
    let key = database.setting().split(' ').next().unwrap_or_default().to_owned();
    let site = Setup::new("a,b", &[("a", &world.url()), ("b", &database.url())])
        .hop("a", |hop| hop.step_down = vec![proxy::settings::StepDown::ServerErrors])
        .gosumdb(&key)
        .site();
    assert_eq!(site.code(&module.url("mod")).await, "found");
}

#[tokio::test]
async fn many_who_wait_for_a_database_out_of_reach_wait_once() {
    let (world, silent) = (World::start().await, tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port"));
    let modules: Vec<Module> = (0..20).map(|number| Module::new(&format!("example.test/m{number}"), "v1.0.0")).collect();
    modules.iter().for_each(|module| module.serve(&world));
    let database = Sumdb::start(3, &[]).await;
    let key = database.setting().split(' ').next().unwrap_or_default().to_owned();
    let url = format!("http://{}", silent.local_addr().expect("bound"));
    let site = Setup::new("a,b", &[("a", &world.url()), ("b", &url)])
        .hop("b", |hop| hop.first_byte = Duration::from_millis(500))
        .gosumdb(&key)
        .site();
    let (started, mut asking) = (Instant::now(), JoinSet::new());
    for module in &modules {
        let (proxy, path) = (site.proxy.clone(), module.url("mod"));
        asking.spawn(async move { get(&proxy, &path).await.expect_err("not proven") });
    }
    while let Some(end) = asking.join_next().await {
        assert!(end.expect("no panic").starts_with("unproven: "));
    }
    assert!(started.elapsed() < Duration::from_secs(5), "side by side, not one after the other: {:?}", started.elapsed());
}

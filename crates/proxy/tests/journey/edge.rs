//! The edge: what bursts cost, how heads of all ages prove, and where lookups never go.

use gomod::{
    module::{ModulePath, Version},
    sumdb::{
        lookup::{Lookup, Need, Proved, Step},
        tile::Tile,
    },
};
use store::memory::Fault;
use testkit::sumdb::{Lie, NAME, key};
use tokio::task::JoinSet;

use super::*;

/// A log in which each module stands among so many strangers.
const STRANGERS_BETWEEN: usize = 50;

fn below(path: &str) -> String {
    format!("/sumdb/{NAME}/{path}")
}

fn modules(count: usize) -> Vec<Module> {
    (0..count).map(|number| Module::new(&format!("example.test/m{number}"), "v1.0.0")).collect()
}

/// A database with these modules, and strangers between them.
async fn spread(modules: &[Module]) -> Sumdb {
    let database = Sumdb::start(0, &[]).await;
    for (place, module) in modules.iter().enumerate() {
        database.add(&module.record());
        strangers(&database, &format!("m{place}"), STRANGERS_BETWEEN);
    }
    database
}

fn strangers(database: &Sumdb, salt: &str, count: usize) {
    for number in 0..count {
        database.add(&Module::record_of(&format!("stranger.test/{salt}-{number}"), "v1.0.0", salt));
    }
}

/// Looks all modules up at once.
async fn burst(site: &Site, modules: &[Module]) {
    let mut asking = JoinSet::new();
    for module in modules {
        let (proxy, path) = (site.proxy.clone(), below(&format!("lookup/{}@v1.0.0", module.path)));
        asking.spawn(async move { get(&proxy, &path).await.map(drop) });
    }
    while let Some(end) = asking.join_next().await {
        assert_eq!(end.expect("no panic"), Ok(()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_lookups_costs_few_requests() {
    let modules = modules(100);
    let (world, database) = (World::start().await, spread(&modules).await);
    // Every answer ends in another head, as those of a database that the world uses.
    database.busy();
    database.slow(Duration::from_millis(20));
    let site = Setup::to(&world).sums(&database).site();
    burst(&site, &modules).await;
    let (lookups, tiles) = (database.count("/lookup/"), database.count("/tile/"));
    println!("100 lookups, each with a head of its own: {} requests, {tiles} of them for tiles", database.seen().len());
    assert_eq!(lookups, 100, "no lookup twice");
    // 5,100 records: 19 full tiles, one tile over them, one partial tile; the latter two again for each head that was merged.
    assert!(tiles <= 19 + 2 * 10, "{tiles}: {:?}", database.seen());
    assert!(database.most() <= limits::SUMDB_REQUESTS, "{} at once", database.most());
    assert!(database.most() > 1, "side by side");
    assert_eq!(site.store.index.sumdb_head(NAME).await.expect("an index").expect("a head"), database.head());
    let asked = database.seen().len();
    burst(&site, &modules).await;
    assert_eq!(database.seen().len(), asked, "nothing twice");
}

/// What the go command's client does: looks `module` up with the newest head `known` to it, and takes tiles partial, else full.
async fn client(site: &Site, module: &Module, known: Option<&str>, lookup: Option<&Bytes>) -> Result<Proved, String> {
    let (path, version) = (ModulePath::parse(&module.path).expect("a path"), Version::parse(&module.version).expect("a version"));
    let mut proof = Lookup::new(&key().verifier(), known, &path, &version).map_err(|error| error.to_string())?;
    loop {
        match proof.step().map_err(|error| error.to_string())? {
            Step::Proved(proved) => return Ok(*proved),
            Step::Need(Need::Lookup(path)) => match lookup {
                Some(body) => proof.feed_lookup(body),
                None => proof.feed_lookup(&site.get(&below(&path[1..])).await?),
            },
            Step::Need(Need::Tiles(tiles)) => {
                for tile in tiles {
                    let (tile, body) = tile_of(site, tile).await?;
                    proof.feed_tile(&tile, &body).map_err(|error| error.to_string())?;
                }
            }
        }
    }
}

async fn tile_of(site: &Site, tile: Tile) -> Result<(Tile, Bytes), String> {
    match site.get(&below(&tile.to_string())).await {
        Ok(body) => Ok((tile, body)),
        Err(_) => Ok((tile.full(), site.get(&below(&tile.full().to_string())).await?)),
    }
}

#[tokio::test]
async fn a_kept_lookup_proves_for_clients_of_every_age_with_the_database_gone() {
    let (world, modules) = (World::start().await, modules(8));
    let database = Sumdb::start(3, &[]).await;
    let site = Setup::to(&world).sums(&database).site();
    // Growth within a tile, to its very end, over it, over many, and by nothing.
    let steps = [1, 250, 3, 700, 0, 255, 256, 66];
    let (mut heads, mut bodies) = (Vec::new(), Vec::new());
    for (module, growth) in modules.iter().zip(steps) {
        database.add(&module.record());
        strangers(&database, &module.path, growth);
        bodies.push(site.get(&below(&format!("lookup/{}@v1.0.0", module.path))).await.expect("a lookup"));
        heads.push(database.head());
        // A head that is never merged here: its tiles are cut out of wider ones.
        strangers(&database, &format!("{}-more", module.path), 1);
        heads.push(database.head());
    }
    strangers(&database, "last", 777);
    heads.push(database.head());
    strangers(&database, "the-very-last", 1);
    let newest = site.get(&below("latest")).await.expect("a head");
    heads.push(database.head());
    assert_eq!(newest, database.head());
    database.lie(Some(Lie::All(503)));
    for (module, as_it_was) in modules.iter().zip(&bodies) {
        let served = site.get(&below(&format!("lookup/{}@v1.0.0", module.path))).await.expect("kept");
        assert!(served.ends_with(&newest), "{}: with the newest head", module.path);
        assert!(!as_it_was.ends_with(&newest), "{}", module.path);
        for known in [None].into_iter().chain(heads.iter().map(Some)) {
            for body in [None, Some(as_it_was)] {
                let proved = client(&site, module, known.map(String::as_str), body).await;
                let proved = proved.unwrap_or_else(|error| panic!("{} from {known:?}: {error}", module.path));
                assert_eq!(proved.zip_h1.to_string(), module.zip_h1);
                assert!(body.is_some() || proved.latest.as_bytes() == newest, "{}", module.path);
            }
        }
    }
    assert_eq!(site.get(&below("latest")).await, Ok(newest));
    assert_eq!(site.code(&below("lookup/example.test/never@v1.0.0")).await, "unproven", "gone is not: there is none");
}

#[tokio::test]
async fn a_client_that_knows_a_newer_head_than_we_still_proves_a_kept_lookup() {
    let (world, modules) = (World::start().await, modules(2));
    let database = spread(&modules).await;
    let site = Setup::to(&world).sums(&database).site();
    let lookup = below("lookup/example.test/m0@v1.0.0");
    site.get(&lookup).await.expect("kept");
    strangers(&database, "later", 1000);
    let newer = database.head();
    let asked = database.count("/lookup/");
    let proved = client(&site, &modules[0], Some(&newer), None).await.expect("proven");
    assert_eq!(
        (proved.latest, database.count("/lookup/")),
        (newer.clone(), asked),
        "its own head stays, and no lookup is asked for"
    );
    assert_eq!(site.get(&below("latest")).await, Ok(Bytes::from(newer)));
}

#[tokio::test]
async fn a_head_whose_tiles_could_not_be_kept_is_not_known() {
    let (world, modules) = (World::start().await, modules(2));
    let database = spread(&modules).await;
    let (site, faults) = Setup::to(&world).sums(&database).faulty_site();
    site.get(&below("lookup/example.test/m0@v1.0.0")).await.expect("kept");
    let known = site.store.index.sumdb_head(NAME).await.expect("an index");
    strangers(&database, "later", 300);
    // The tiles of the new head are not taken; the head itself would be.
    faults.script([Some(Fault::NotStored), None]);
    faults.then(Some(Fault::NotStored));
    site.get(&below("lookup/example.test/m1@v1.0.0")).await.expect("proven all the same");
    assert_eq!(site.store.index.sumdb_head(NAME).await.expect("an index"), known);
}

/// Two origins with one log; what comes of a lookup when they behave so, and how often each is asked for it.
async fn origins(first: Option<Lie>, second: Option<Lie>, code: &str, asked: [usize; 2]) {
    let (world, modules) = (World::start().await, modules(3));
    let (one, two) = (spread(&modules).await, spread(&modules).await);
    one.lie(first.clone());
    two.lie(second.clone());
    let site = Setup::to(&world).sums(&one).origin(&two.setting()).site();
    let what = format!("{first:?}, {second:?}");
    assert_eq!(site.code(&below("lookup/example.test/m1@v1.0.0")).await, code, "{what}");
    assert_eq!([one.count("/lookup/"), two.count("/lookup/")], asked, "{what}");
}

#[tokio::test]
async fn another_origin_of_the_same_log_is_asked_when_the_first_one_fails() {
    origins(None, None, "found", [1, 0]).await;
    origins(Some(Lie::All(503)), None, "found", [1, 1]).await;
    origins(Some(Lie::Status(404)), None, "found", [1, 1]).await;
    origins(Some(Lie::Status(404)), Some(Lie::Status(410)), "not-exist", [1, 1]).await;
    origins(Some(Lie::All(503)), Some(Lie::Status(404)), "unproven", [1, 1]).await;
    origins(Some(Lie::Status(404)), Some(Lie::All(503)), "unproven", [1, 1]).await;
    // One that lags behind lacks a tile; the other one has it.
    origins(Some(Lie::NoTiles), None, "found", [1, 0]).await;
    // A lie is refused and seen; it is not passed over as if nothing had been.
    origins(Some(Lie::BadSignature), None, "sumdb-lied", [1, 0]).await;
}

#[tokio::test]
async fn an_origin_that_keeps_failing_is_left_alone_for_a_while() {
    let (world, modules) = (World::start().await, modules(9));
    let (one, two) = (spread(&modules).await, spread(&modules).await);
    one.lie(Some(Lie::All(503)));
    let breaker = Breaker { failures: 2, pause: Duration::from_secs(3600) };
    let mut setup = Setup::to(&world).sums(&one).origin(&two.setting());
    setup.0.sums.hop.breaker = breaker;
    let site = setup.site();
    site.get(&below("lookup/example.test/m0@v1.0.0")).await.expect("from the second");
    let asked = one.seen().len();
    for module in &modules {
        site.get(&below(&format!("lookup/{}@v1.0.0", module.path))).await.expect("from the second");
    }
    assert!(asked >= 2, "{:?}", one.seen());
    assert_eq!(one.seen().len(), asked, "{:?}", one.seen());
}

#[tokio::test]
async fn any_number_of_databases_are_served_each_from_its_own_store() {
    let (world, modules) = (World::start().await, modules(2));
    let first = Sumdb::start(3, &[&modules[0]]).await;
    let others = [Sumdb::named("other.test", 5, &[&modules[0]]).await, Sumdb::named("third.test/db/x", 9, &[&modules[0]]).await];
    let site = others.iter().fold(Setup::to(&world).sums(&first), |setup, other| setup.proxied(&other.setting())).site();
    for (name, database, number) in [(NAME, &first, 3), ("other.test", &others[0], 5), ("third.test/db/x", &others[1], 9)] {
        for path in ["supported", "latest", "lookup/example.test/m0@v1.0.0", "tile/8/0/000.p/4", "tile/8/data/000.p/4"] {
            site.get(&format!("/sumdb/{name}/{path}")).await.unwrap_or_else(|error| panic!("{name} {path}: {error}"));
        }
        let body = site.get(&format!("/sumdb/{name}/lookup/example.test/m0@v1.0.0")).await.expect("kept");
        assert!(body.starts_with(format!("{number}\n").as_bytes()), "{name}: {body:?}");
        assert!(body.ends_with(database.head().as_bytes()), "{name}: {body:?}");
    }
}

#[tokio::test]
async fn nothing_goes_to_a_database_that_it_has_no_business_with() {
    let world = World::start().await;
    let (database, other) = (Sumdb::start(3, &[]).await, Sumdb::named("other.test", 3, &[]).await);
    let site =
        Setup::to(&world).sums(&database).proxied(&other.setting()).waived("git.corp.test,*.inner.test,github.com/acme").site();
    // Names that nobody set up here, some of which the upstream or the database might know.
    for name in ["sum.golang.org", "sum.test", "sum.test/db/more", "other.test:443", "OTHER.test"] {
        for path in ["supported", "latest", "lookup/example.test/m0@v1.0.0", "tile/8/0/000.p/3"] {
            let Ok(request) = Request::parse(&format!("/sumdb/{name}/{path}")) else { continue };
            let end = site.proxy.answer(&request, &Journey::new(Instant::now())).await;
            assert_eq!(end.expect_err("unknown").code(), "not-served", "{name} {path}");
        }
    }
    // Private paths, whichever database is asked, and however they are spelled.
    for name in [NAME, "other.test"] {
        for module in ["git.corp.test/x", "git.corp.test", "git.corp.test/!x/y/v2", "a.inner.test/m", "github.com/acme/!secret"] {
            let path = format!("/sumdb/{name}/lookup/{module}@v2.0.0");
            let Ok(request) = Request::parse(&path) else { panic!("{path}") };
            let end = site.proxy.answer(&request, &Journey::new(Instant::now())).await;
            assert_eq!(end.expect_err("private").code(), "private", "{path}");
        }
    }
    for seen in [database.seen(), other.seen()] {
        assert!(seen.is_empty(), "{seen:?}");
    }
    assert!(world.seen().is_empty(), "{:?}", world.seen());
}

#[tokio::test]
async fn a_redirect_is_never_handed_on() {
    let (world, elsewhere, modules) = (World::start().await, World::start().await, modules(1));
    let database = Sumdb::start(3, &[&modules[0]]).await;
    let key = database.setting().split(' ').next().unwrap_or_default().to_owned();
    let to = |path: &str| Play::status(302, "moved").header("Location", &format!("{}/{path}", elsewhere.url()));
    for path in ["lookup/example.test/m0@v1.0.0", "latest", "tile/8/0/000.p/4"] {
        world.on(&format!("/{path}"), [to(path)]);
    }
    let site = Setup::to(&world).gosumdb(&format!("{key} {}", world.url())).site();
    elsewhere.on("/lookup/example.test/m0@v1.0.0", [Play::ok("<html>sign in</html>")]);
    assert_eq!(site.code(&below("lookup/example.test/m0@v1.0.0")).await, "sumdb-lied", "what it leads to must prove");
    for path in ["lookup/example.test/m0@v1.0.0", "latest", "tile/8/0/000.p/4"] {
        let (status, body) = database.answer(&format!("/{path}"));
        assert_eq!(status, 200);
        elsewhere.on(&format!("/{path}"), [Play::ok(body)]);
    }
    for path in ["lookup/example.test/m0@v1.0.0", "latest", "tile/8/0/000.p/4"] {
        let (_, body) = database.answer(&format!("/{path}"));
        assert_eq!(site.get(&below(path)).await, Ok(Bytes::from(body)), "{path}");
    }
}

#[tokio::test]
async fn after_a_fork_what_is_kept_goes_on_under_the_head_that_was_believed() {
    let (world, modules) = (World::start().await, modules(2));
    let database = spread(&modules).await;
    let site = Setup::to(&world).sums(&database).site();
    let lookup = |module: &Module| below(&format!("lookup/{}@v1.0.0", module.path));
    let kept = site.get(&lookup(&modules[0])).await.expect("the first history");
    let known = database.head();
    let back = database.fork("another history", &[&modules[1], &modules[0]]);
    // What is new ends in a head of the other history, which continues nothing.
    let refusal = site.get(&lookup(&modules[1])).await.expect_err("a fork");
    assert!(refusal.starts_with("sumdb-lied: ") && refusal.contains("proof of misbehavior"), "{refusal}");
    let refusal = site.get(&below("latest")).await.expect_err("a fork");
    assert!(refusal.starts_with("sumdb-lied: ") && refusal.contains("proof of misbehavior"), "{refusal}");
    assert_eq!(site.get(&lookup(&modules[0])).await.as_ref(), Ok(&kept), "as it was");
    client(&site, &modules[0], Some(&known), None).await.expect("it proves for whoever knows the head");
    client(&site, &modules[0], None, None).await.expect("it proves for whoever knows none");
    assert_eq!(site.store.index.sumdb_head(NAME).await.expect("an index").expect("a head"), known);
    back();
    client(&site, &modules[1], Some(&known), None).await.expect("the first history goes on");
}

/// However large a tree a database signs: what proves a record are the tiles on its way up, and those of the right edge.
#[tokio::test]
async fn a_head_of_any_size_costs_few_requests() {
    let (world, modules) = (World::start().await, modules(1));
    for size in [1 << 40, 1 << 62, i64::MAX as u64] {
        let database = spread(&modules).await;
        let site = Setup::to(&world).sums(&database).site();
        let lines = format!("go.sum database tree\n{size}\n{}\n", "A".repeat(43) + "=");
        let head = gomod::sumdb::note::sign(&lines, &[], &[&key()]).expect("a signature");
        database.lie(Some(Lie::Body(format!("0\n{}\n{head}", modules[0].record()))));
        let refusal = site.get(&below(&format!("lookup/{}@v1.0.0", modules[0].path))).await.expect_err("no such tree");
        println!("{size} records: {} requests: {refusal}", database.seen().len());
        // Looked at twice, ahead and in the proof: on each of eight levels a tile over the record and one at the edge, partial, then full.
        assert!(database.count("/tile/") <= 2 * 8 * 3, "{size}: {:?}", database.seen());
        assert_eq!(site.store.index.sumdb_head(NAME).await.expect("an index").map(|head| head.len()), None, "{size}");
    }
}

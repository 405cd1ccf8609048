//! Our own checksum database: what gets a record, when, what it says, and who may read it.

use gomod::sumdb::note::SignerKey;
use plan::Caller;
use proxy::{
    settings::{Auditor, OwnSumdb, Records},
    tlog::{Log, LogSettings},
};
use testkit::sumdb::Lie;
use tokio::task::JoinSet;

use super::{
    stocktake::{keep, take},
    *,
};

const TOKEN: &str = "0123456789abcdefghij";

fn key(name: &str) -> SignerKey {
    SignerKey::from_seed(name, &[7; 32]).expect("a key")
}

fn settings(records: Records) -> OwnSumdb {
    let auditors = vec![Auditor { name: "security".into(), token: Secret::new(TOKEN.into()) }];
    OwnSumdb { key: key("own.test/db"), old_key: None, retired: vec!["older.test".into()], records, auditors }
}

/// Opens the log and runs its sequencer as long as anybody has the log.
async fn log(store: &Store, own: &OwnSumdb) -> Arc<Log> {
    let signers = std::iter::once(&own.key).chain(&own.old_key).cloned().collect();
    let settings =
        LogSettings { log: "sumdb".into(), signers, holder: "one".into(), may_forget: false, signed: Arc::new(|_| ()) };
    let (log, sequencer) = Log::open(settings, store.logs.clone(), Clock::new(|| NOW)).await.expect("a log");
    tokio::spawn(sequencer.run());
    log
}

/// A site with a private route to `world`, where everything below corp.test is private, and its log.
async fn site(world: &World, public: Setup, own: OwnSumdb, store: Store) -> (Site, Arc<Log>) {
    let log = log(&store, &own).await;
    let mut setup = public.hop_to("inside", world).route("private", "corp.test", "inside").public_last().waived("corp.test");
    setup.0.sums.own = Some(own);
    (setup.site_with(store, Some(Arc::clone(&log))), log)
}

impl Setup {
    fn hop_to(mut self, name: &str, world: &World) -> Self {
        self.0.hops.push(hop(name, &world.url()));
        self
    }
}

fn store() -> Store {
    memory::store().0
}

fn lookup(module: &Module) -> String {
    format!("/sumdb/own.test/db/lookup/{}@{}", module.path, module.version)
}

fn size(log: &Log) -> u64 {
    log.head().expect("a head").tree().size
}

async fn private_world() -> (World, Module) {
    let (world, module) = (World::start().await, Module::new("corp.test/m", "v1.0.0"));
    module.serve(&world);
    (world, module)
}

#[tokio::test]
async fn a_private_version_is_fetched_from_its_owner_written_down_once_and_then_known() {
    let (world, module) = private_world().await;
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store()).await;
    let body = site.get(&lookup(&module)).await.expect("a record");
    assert!(body.starts_with(format!("0\n{}\ngo.sum database tree\n1\n", module.record()).as_bytes()), "{body:?}");
    assert!(body.ends_with(log.head().expect("a head").note().as_bytes()));
    assert!(site.keeps(&module, Kind::Mod).await && site.keeps(&module, Kind::Zip).await);
    let asked = world.seen().len();
    assert_eq!(site.get(&lookup(&module)).await, Ok(body));
    assert_eq!((world.seen().len(), size(&log)), (asked, 1));
    assert_eq!(site.get("/sumdb/own.test/db/supported").await, Ok(Bytes::new()));
    assert_eq!(site.get("/sumdb/own.test/db/latest").await, Ok(log.head().expect("a head").note().to_owned().into()));
}

#[tokio::test]
async fn a_hundred_lookups_at_once_share_one_fetch_and_one_record() {
    let (world, module) = private_world().await;
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store()).await;
    let mut all = JoinSet::new();
    for _ in 0..100 {
        let (proxy, path) = (site.proxy.clone(), lookup(&module));
        all.spawn(async move { get(&proxy, &path).await });
    }
    let bodies = all.join_all().await;
    assert!(
        bodies.iter().all(|body| body.as_ref().is_ok_and(|body| *body == bodies[0].clone().expect("a record"))),
        "{bodies:?}"
    );
    assert_eq!((world.count(&module.url("mod")), world.count(&module.url("zip")), size(&log)), (1, 1, 1));
}

#[tokio::test]
async fn a_version_is_written_down_when_it_is_first_fetched_and_not_first_looked_up() {
    let (world, module) = private_world().await;
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store()).await;
    site.get(&module.url("zip")).await.expect("a zip");
    site.landed().await;
    assert_eq!(size(&log), 0, "half a version has no record");
    site.get(&module.url("mod")).await.expect("a go.mod");
    site.landed().await;
    assert_eq!(size(&log), 1);
    let found = log.record(0).await.expect("a log").expect("a record");
    assert_eq!(found.text, module.record());
}

#[tokio::test]
async fn a_large_zip_that_streams_is_waited_for() {
    let world = World::start().await;
    let module = Module::large("corp.test/large", "v1.0.0", 3 << 20);
    module.serve(&world);
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store()).await;
    let body = site.get(&lookup(&module)).await.expect("a record");
    assert!(body.starts_with(format!("0\n{}", module.record()).as_bytes()), "{body:?}");
    assert_eq!(size(&log), 1);
}

#[tokio::test]
async fn what_does_not_exist_or_fails_is_not_written_down() {
    let (world, module) = private_world().await;
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store()).await;
    let absent = Module::new("corp.test/m", "v1.9.0");
    all_files(&world, &absent, Play::status(404, "not found: unknown revision v1.9.0"));
    let said = site.get(&lookup(&absent)).await.expect_err("no record");
    assert!(said.starts_with("not-exist: ") && said.contains("unknown revision v1.9.0"), "{said}");
    let failing = Module::new("corp.test/m", "v1.8.0");
    failing.serve(&world);
    world.on(&failing.url("zip"), [Play::status(500, "no")]);
    assert_eq!(site.code(&lookup(&failing)).await, "upstream-trouble");
    let broken = Module::new("corp.test/m", "v1.7.0");
    broken.serve(&world);
    world.on(&broken.url("zip"), [Play::ok("no zip")]);
    assert_eq!(site.code(&lookup(&broken)).await, "bad-content");
    site.landed().await;
    assert_eq!(size(&log), 0);
    site.get(&lookup(&module)).await.expect("the next one is written");
    assert_eq!(size(&log), 1);
}

#[tokio::test]
async fn what_the_store_does_not_keep_has_no_record() {
    let (world, module) = private_world().await;
    let (store, faults) = memory::store();
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store).await;
    faults.then(Some(memory::Fault::Full));
    assert_eq!(site.code(&lookup(&module)).await, "store-trouble");
    faults.then(None);
    assert_eq!((size(&log), site.code(&lookup(&module)).await.as_str()), (0, "found"));
    assert_eq!(size(&log), 1);
}

#[tokio::test]
async fn the_first_h1_is_recorded_and_holds_when_the_upstream_changes_and_when_the_store_is_lost() {
    let (world, first) = private_world().await;
    let kept = store();
    let (site_1, log_1) = site(&world, Setup::to(&World::start().await), settings(Records::Private), kept.clone()).await;
    site_1.get(&lookup(&first)).await.expect("a record");
    let second = Module::of("corp.test/m", "v1.0.0", &[("other.go", b"package other\n".to_vec())]);
    assert_ne!(first.record(), second.record());
    second.serve(&world);
    let body = site_1.get(&lookup(&first)).await.expect("the record of before");
    assert!(body.starts_with(format!("0\n{}", first.record()).as_bytes()));
    drop((site_1, log_1));
    // Blobs and index are gone, the log is not: what it says is what is let in.
    let lost = Store { logs: kept.logs, ..store() };
    let (site_2, log_2) = site(&world, Setup::to(&World::start().await), settings(Records::Private), lost).await;
    let said = site_2.get(&second.url("zip")).await.expect_err("other bytes");
    assert!(said.starts_with("checksum-mismatch: verifying corp.test/m@v1.0.0: checksum mismatch"), "{said}");
    assert!(said.contains("own.test/db: h1:"), "{said}");
    site_2.landed().await;
    first.serve(&world);
    assert_eq!(site_2.get(&first.url("zip")).await, Ok(first.zip.clone()));
    site_2.landed().await;
    assert_eq!(size(&log_2), 1);
}

#[tokio::test]
async fn with_records_of_private_modules_a_public_one_is_told_the_right_move_and_nobody_is_asked() {
    let (inside, outside) = (World::start().await, World::start().await);
    let (site, log) = site(&inside, Setup::to(&outside), settings(Records::Private), store()).await;
    let said = site.get("/sumdb/own.test/db/lookup/example.test/m@v1.0.0").await.expect_err("no record");
    assert_eq!(said, "not-recorded: own.test/db has records of private modules only, and example.test/m is public");
    assert_eq!((outside.seen().len(), inside.seen().len(), size(&log)), (0, 0, 0));
}

#[tokio::test]
async fn with_records_of_all_a_public_version_is_written_as_the_public_database_has_it_and_costs_no_zip() {
    let (inside, outside, module) = (World::start().await, World::start().await, Module::new("example.test/m", "v1.0.0"));
    module.serve(&outside);
    let database = Sumdb::start(300, &[&module]).await;
    let (site, log) = site(&inside, Setup::to(&outside).sums(&database), settings(Records::All), store()).await;
    let body = site.get(&lookup(&module)).await.expect("a record");
    assert!(body.starts_with(format!("0\n{}", module.record()).as_bytes()), "{body:?}");
    assert_eq!((outside.seen().len(), inside.seen().len(), size(&log)), (0, 0, 1));
    // What the database does not know does not exist; what it lies about, or does not say, is no record.
    let said = site.get("/sumdb/own.test/db/lookup/example.test/none@v1.0.0").await.expect_err("unknown");
    assert!(said.starts_with("not-exist: "), "{said}");
    database.lie(Some(Lie::Record(0)));
    assert_eq!(site.code("/sumdb/own.test/db/lookup/example.test/lied@v1.0.0").await, "sumdb-lied");
    database.lie(Some(Lie::All(503)));
    assert_eq!(site.code("/sumdb/own.test/db/lookup/example.test/late@v1.0.0").await, "unproven");
    assert_eq!(size(&log), 1);
    assert_eq!(site.get(&lookup(&module)).await, Ok(body), "with the public database gone");
}

#[tokio::test]
async fn a_public_version_gets_its_record_when_it_is_looked_up_and_not_when_it_is_fetched() {
    let (inside, outside, module) = (World::start().await, World::start().await, Module::new("example.test/m", "v1.0.0"));
    module.serve(&outside);
    let database = Sumdb::start(3, &[&module]).await;
    let (site, log) = site(&inside, Setup::to(&outside).sums(&database), settings(Records::All), store()).await;
    for kind in ["mod", "zip"] {
        site.get(&module.url(kind)).await.expect("fetched");
    }
    site.landed().await;
    assert_eq!(size(&log), 0);
    site.get(&lookup(&module)).await.expect("a record");
    assert_eq!(size(&log), 1);
}

#[tokio::test]
async fn where_no_more_fetches_fit_a_first_lookup_is_told_so_and_what_has_a_record_goes_on() {
    let (world, module) = private_world().await;
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store()).await;
    site.get(&lookup(&module)).await.expect("a record");
    let (late, gate) = (Module::new("corp.test/late", "v1.0.0"), Arc::new(Semaphore::new(0)));
    late.serve(&world);
    for number in 0..limits::MAX_FLIGHTS {
        let gate = Arc::clone(&gate);
        site.air.start(number.to_string(), |landing: proxy::flight::Landing<Landed>| async move {
            let _open = gate.acquire().await;
            drop(landing);
        });
    }
    assert_eq!((site.code(&lookup(&late)).await.as_str(), world.count(&late.url("mod"))), ("busy", 0));
    assert_eq!(site.code(&lookup(&module)).await, "found");
    gate.close();
    site.landed().await;
    assert_eq!((site.code(&lookup(&late)).await.as_str(), size(&log)), ("found", 2));
}

#[tokio::test]
async fn a_private_name_reaches_no_public_database_for_a_record() {
    let (inside, module) = private_world().await;
    let database = Sumdb::start(3, &[]).await;
    let (site, _) = site(&inside, Setup::to(&World::start().await).sums(&database), settings(Records::All), store()).await;
    site.get(&lookup(&module)).await.expect("a record");
    assert!(!database.seen().concat().contains("corp.test"), "{:?}", database.seen());
}

#[tokio::test]
async fn what_a_private_route_serves_is_private_though_no_pattern_says_so() {
    let ((inside, module), outside) = (private_world().await, World::start().await);
    let database = Sumdb::start(3, &[]).await;
    for records in [Records::Private, Records::All] {
        let (own, store) = (settings(records), store());
        let log = log(&store, &own).await;
        let setup = Setup::to(&outside).sums(&database).hop_to("inside", &inside).route("private", "corp.test", "inside");
        let mut setup = setup.private().public_last();
        setup.0.sums.own = Some(own);
        let site = setup.site_with(store, Some(Arc::clone(&log)));
        for kind in ["mod", "zip"] {
            site.get(&module.url(kind)).await.expect("fetched from its owner");
        }
        site.landed().await;
        assert_eq!(size(&log), 1, "written down when it was first proven: {records:?}");
        let body = site.get(&lookup(&module)).await.expect("a record");
        assert!(body.starts_with(format!("0\n{}", module.record()).as_bytes()), "{body:?}");
        let public = format!("/sumdb/{}/lookup/corp.test/m@v1.0.0", testkit::sumdb::NAME);
        assert_eq!(site.code(&public).await, "private");
    }
    assert!(database.seen().is_empty() && outside.seen().is_empty(), "{:?} {:?}", database.seen(), outside.seen());
}

#[tokio::test]
async fn without_a_public_database_a_public_version_is_what_was_fetched_first() {
    let (inside, outside, module) = (World::start().await, World::start().await, Module::new("example.test/m", "v1.0.0"));
    module.serve(&outside);
    let (site, log) = site(&inside, Setup::to(&outside), settings(Records::All), store()).await;
    let body = site.get(&lookup(&module)).await.expect("a record");
    assert!(body.starts_with(format!("0\n{}", module.record()).as_bytes()), "{body:?}");
    assert_eq!(size(&log), 1);
}

#[tokio::test]
async fn bytes_kept_first_that_the_public_database_does_not_know_have_no_record() {
    let (inside, outside) = (World::start().await, World::start().await);
    let first = Module::of("example.test/m", "v1.0.0", &[("other.go", b"package other\n".to_vec())]);
    first.serve(&outside);
    outside.on(&first.url("mod"), [Play::ok("module example.test/m\n\ngo 1.2\n")]);
    let database = Sumdb::start(3, &[&Module::new("example.test/m", "v1.0.0")]).await;
    for kind in ["zip", "mod"] {
        let (kept, setup) = (store(), || Setup::to(&outside));
        let (before, before_log) = site(&inside, setup(), settings(Records::Private), kept.clone()).await;
        before.get(&first.url(kind)).await.expect("kept while no database was asked");
        before.landed().await;
        drop((before, before_log));
        let (site, log) = site(&inside, setup().sums(&database), settings(Records::All), kept).await;
        assert_eq!(site.code(&lookup(&first)).await, "checksum-mismatch", "{kind}");
        assert_eq!(size(&log), 0);
    }
}

#[tokio::test]
async fn records_are_read_by_auditors_and_hashes_by_everybody_in_both_forms() {
    let (world, module) = private_world().await;
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store()).await;
    // The second time out of the log.
    for _ in 0..2 {
        let answer =
            site.proxy.answer(&Request::parse(&lookup(&module)).expect("a request"), &Journey::new(Instant::now())).await;
        assert_eq!(answer.expect("a record").caching, proxy::answer::Caching::Private, "its name is no cache's on the way");
    }
    let below = |path: &str| format!("/sumdb/own.test/db/{path}");
    let ask = async |caller: Caller, path: &str| {
        let journey = Journey::of(caller, Instant::now());
        site.proxy.answer(&Request::parse(&below(path)).expect("a request"), &journey).await
    };
    for path in ["tile/8/data/000.p/1", "tile/entries/000.p/1"] {
        let said = ask(Caller::Anyone, path).await.expect_err("not for everybody");
        assert_eq!(said.code(), "auditors-only", "{path}");
        let auditor = site.proxy.caller(TOKEN);
        assert_eq!(auditor, Caller::Auditor("security".into()));
        let answer = ask(auditor, path).await.expect("an auditor's");
        assert_eq!((answer.caching, answer.hot_for), (proxy::answer::Caching::Never, Duration::ZERO));
        let body = read(answer.body).await.expect("a body");
        assert!(String::from_utf8_lossy(&body).contains(&module.record()), "{path}: {body:?}");
    }
    for token in ["", "0123456789abcdefghi", "0123456789abcdefghijk"] {
        assert_eq!(site.proxy.caller(token), Caller::Anyone);
    }
    let hashes = site.get(&below("tile/8/0/000.p/1")).await.expect("hashes");
    assert_eq!((hashes.len(), site.get(&below("tile/0/000.p/1")).await), (32, Ok(hashes)));
    let checkpoint = site.get(&below("checkpoint")).await.expect("a checkpoint");
    assert!(checkpoint.starts_with(b"own.test/db\n1\n"), "{checkpoint:?}");
    assert_eq!(site.code(&below("tile/8/0/001")).await, "not-exist");
    assert_eq!(size(&log), 1);
    assert_eq!(site.code("/sumdb/older.test/supported").await, "key-retired");
}

#[tokio::test]
async fn during_a_rotation_both_names_serve_one_log_that_both_keys_sign() {
    let (world, module) = private_world().await;
    let own = OwnSumdb { key: key("new.test"), old_key: Some(key("own.test/db")), ..settings(Records::Private) };
    let (site, _log) = site(&world, Setup::to(&World::start().await), own, store()).await;
    let old = site.get(&lookup(&module)).await.expect("by the old name");
    let new = site.get("/sumdb/new.test/lookup/corp.test/m@v1.0.0").await.expect("by the new name");
    assert_eq!(old, new);
    let head = site.get("/sumdb/new.test/latest").await.expect("a head");
    for name in ["own.test/db", "new.test"] {
        let verifier = key(name).verifier();
        assert!(gomod::sumdb::client::Head::open(&verifier, &head).is_ok(), "{name}: {head:?}");
        let checkpoint = site.get(&format!("/sumdb/{name}/checkpoint")).await.expect("a checkpoint");
        assert!(checkpoint.starts_with(format!("{name}\n1\n").as_bytes()), "{checkpoint:?}");
    }
}

#[tokio::test]
async fn a_stocktake_holds_private_versions_against_our_own_records() {
    let ((world, module), folder) = (private_world().await, TempDir::new().expect("a folder"));
    let store = Store::open_embedded(folder.path()).expect("a store");
    let (site, log) = site(&world, Setup::to(&World::start().await), settings(Records::Private), store.clone()).await;
    site.get(&lookup(&module)).await.expect("a record");
    let sums = Sums { own: Some(settings(Records::Private)), ..Setup::to(&world).0.sums };
    let (tally, found) = take(folder.path(), &sums, true).await;
    assert_eq!((tally.versions, tally.compared, found), (1, 1, Vec::new()), "beside its server");

    let (kept, recorded) = (Module::new("corp.test/n", "v1.0.0"), Module::large("corp.test/n", "v1.0.0", 100));
    log.add("corp.test/n@v1.0.0", &recorded.record()).await.expect("a number");
    keep(&store, &kept, Kind::Zip, kept.zip.clone(), &kept.zip_h1).await;
    drop((site, log, store));
    until(|| Store::open_embedded(folder.path()).is_ok()).await;
    let (_, found) = take(folder.path(), &sums, true).await;
    let told: Vec<_> = found.iter().map(|finding| (&*finding.path, finding.fault.code(), finding.aside)).collect();
    assert_eq!(told, [("corp.test/n/@v/v1.0.0.zip", "unlike-database", true)]);

    let records = folder.path().join("logs/sumdb/files/tile/8/data/000.p/2");
    let body = std::fs::read_to_string(&records).expect("the records").replacen("h1:", "h1;", 1);
    std::fs::remove_file(&records).expect("removed");
    std::fs::write(&records, body).expect("written");
    let (_, found) = take(folder.path(), &sums, true).await;
    let told: Vec<_> = found.iter().map(|finding| (&*finding.path, finding.fault.code(), finding.aside)).collect();
    assert_eq!(told, [("logs/sumdb/tile/8/data/000.p/2", "damaged-tile", false)]);
}

//! Checksum databases: through a proxy, at a URL of their own, and lying.

use testkit::{
    faults::Play,
    modules::Module,
    sumdb::{self, Lie, NAME, Sumdb},
    world::World,
};

use crate::{
    proxies::serve,
    stage::{Stage, Told},
};

const WORDS: [&str; 3] = ["mod", "download", "example.test/lib@v1.1.0"];

/// Both ways; the database is asked the same, and what it is asked is what was recorded for it.
#[track_caller]
fn check(stage: &Stage, database: &Sumdb) -> Told {
    let asked = |from: usize| crate::stage::sorted(database.seen()[from..].iter().map(|target| format!("GET {target}")));
    let start = database.seen().len();
    let plain = stage.plain(&WORDS);
    let (middle, by_itself) = (database.seen().len(), asked(start));
    let told = stage.traced(&WORDS);
    assert_eq!(told.left, plain);
    assert_eq!(asked(middle), by_itself);
    let host = database.url().replace("http://", "");
    assert_eq!(told.targets(&host), asked(middle));
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn through_a_proxy_and_at_its_own_url_the_database_is_asked_the_same() {
    let world = World::start().await;
    let module: Module = serve(&world);
    let database = Sumdb::start(300, &[&module]).await;
    let own = Stage::new(&[("GOPROXY", &world.url()), ("GOSUMDB", &database.setting())]);
    let told = check(&own, &database);
    assert_eq!(told.left.code, Some(0), "{}", told.left.stderr);
    assert!(told.json["requests"].as_array().expect("requests").iter().any(|request| request["asked"] == "gosumdb"));
    // Through the second entry: the first says that it knows no database, the second is one.
    let key = sumdb::key().verifier().to_string();
    let proxied = Stage::new(&[("GOPROXY", &format!("{},{}", world.url(), database.url())), ("GOSUMDB", &key)]);
    let told = check(&proxied, &database);
    assert_eq!(told.left.code, Some(0), "{}", told.left.stderr);
    assert!(told.targets(&world.address().to_string()).contains(&format!("GET /sumdb/{NAME}/supported")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_lies_or_is_in_trouble_is_caught_alike() {
    let world = World::start().await;
    let module = serve(&world);
    let database = Sumdb::start(300, &[&module]).await;
    let stage = Stage::new(&[("GOPROXY", &world.url()), ("GOSUMDB", &database.setting())]);
    for lie in [Lie::BadSignature, Lie::Record(3), Lie::Status(404), Lie::All(503), Lie::NoTiles] {
        database.lie(Some(lie));
        assert_eq!(check(&stage, &database).left.code, Some(1));
    }
    database.lie(None);
    world.on(&format!("/sumdb/{NAME}/supported"), [Play::status(403, "no")]);
    let key = sumdb::key().verifier().to_string();
    let refused = Stage::new(&[("GOPROXY", &format!("{},{}", world.url(), database.url())), ("GOSUMDB", &key)]);
    assert_eq!(check(&refused, &database).left.code, Some(1));
    let waived = Stage::new(&[("GOPROXY", &world.url()), ("GOSUMDB", &database.setting()), ("GONOSUMDB", "example.test")]);
    assert_eq!(check(&waived, &database).left.code, Some(0));
}

//! Each lie a checksum database can tell: refused, named, forgotten; and the real go command, told the same, comes to the same verdict.

use std::process::Output;

use testkit::{
    go::Go,
    sumdb::{Lie, NAME},
};

use super::*;

/// So many strangers that a proof needs tiles of two levels, full ones and partial ones.
const STRANGERS: usize = 600;

fn module() -> Module {
    Module::new("example.test/m", "v1.0.0")
}

/// A lie that the go command names with the same words.
async fn check(what: &str, tell: impl Fn(&Sumdb) -> Lie, code: &str, words: &str) {
    check_words(what, tell, code, words, words).await;
}

/// The database lies; `.mod` and `.zip` are refused with this code and these words, nothing is kept, and the truth then works. The go command
/// that asks the same database refuses too, with its words.
async fn check_words(what: &str, tell: impl Fn(&Sumdb) -> Lie, code: &str, words: &str, gos_words: &str) {
    let (world, module) = (World::start().await, module());
    module.serve(&world);
    let database = Sumdb::start(STRANGERS, &[&module]).await;
    let site = Setup::to(&world).sums(&database).site();
    database.lie(Some(tell(&database)));
    for kind in ["mod", "zip", "mod"] {
        let refusal = site.get(&module.url(kind)).await.expect_err(what);
        assert!(refusal.starts_with(&format!("{code}: ")), "{what}: {refusal}");
        assert!(refusal.contains(words), "{what}: {refusal}");
        assert!(refusal.contains("example.test/m@v1.0.0") || refusal.contains("tile/8/"), "{what} names its subject: {refusal}");
    }
    assert!(!site.keeps(&module, Kind::Mod).await && !site.keeps(&module, Kind::Zip).await, "{what}: kept");
    let lookup = site.store.index.sumdb_file(NAME, "lookup/example.test/m@v1.0.0").await.expect("a working index");
    assert_eq!(lookup, None, "{what}: the lookup was kept");
    let gopher = Gopher::new(&world, &database);
    let told = gopher.refused(&module).await;
    assert!(told.contains(gos_words), "{what}: go says otherwise: {told}");
    database.lie(None);
    // What does not exist is believed for a while.
    site.at(6);
    assert_eq!(site.get(&module.url("mod")).await, Ok(module.go_mod.clone().into()), "{what}: poisoned");
    assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()), "{what}: poisoned");
    gopher.accepted(&module).await;
}

/// The real go command between the same module proxy and the same checksum database, with a memory of its own.
struct Gopher {
    home: TempDir,
    goproxy: String,
    gosumdb: String,
    /// Whether its module cache, which has the tiles too, lasts; its newest tree head always does, as that lies in GOPATH.
    remembers: bool,
}

impl Gopher {
    fn new(world: &World, database: &Sumdb) -> Self {
        Self {
            home: TempDir::new().expect("a temporary folder"),
            goproxy: world.url(),
            gosumdb: database.setting(),
            remembers: false,
        }
    }

    async fn download(&self, module: &Module) -> Output {
        let cache = TempDir::new_in(self.home.path()).expect("a temporary folder");
        let mut go = Go::find().command(self.home.path());
        go.env("GOPROXY", &self.goproxy).env("GOSUMDB", &self.gosumdb);
        if !self.remembers {
            go.env("GOMODCACHE", cache.path());
        }
        go.args(["mod", "download", &format!("{}@{}", module.path, module.version)]);
        let run = tokio::task::spawn_blocking(move || go.output());
        run.await.expect("no panic").expect("the go command starts")
    }

    async fn accepted(&self, module: &Module) {
        let output = self.download(module).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    async fn refused(&self, module: &Module) -> String {
        let output = self.download(module).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "go accepts {}@{}", module.path, module.version);
        told
    }
}

const RECORD: &str = "malformed record data";
const NOTE: &str = "reading tree note";
const MISSING: &str = "checksum missing from sumdb response";
const TILE: &str = "downloaded inconsistent tile";

#[tokio::test]
async fn a_lookup_that_is_no_record_is_refused() {
    check("empty", |_| Lie::Body(String::new()), "sumdb-lied", RECORD).await;
    check("a page", |_| Lie::Body("<!DOCTYPE html><html>Sign in</html>\n".into()), "sumdb-lied", RECORD).await;
    check("no number", |_| Lie::Body("x\nexample.test/m v1.0.0 h1:\n\n".into()), "sumdb-lied", RECORD).await;
    check("truncated in the record", |_| Lie::Truncated(40), "sumdb-lied", RECORD).await;
    check("truncated in the head", |_| Lie::Truncated(260), "sumdb-lied", NOTE).await;
    check("lines before the head", |_| Lie::Between("example.test/m v1.0.0 h1:evil\n".into()), "sumdb-lied", NOTE).await;
    check("lines behind the head", |_| Lie::Behind("example.test/m v1.0.0 h1:evil\n".into()), "sumdb-lied", NOTE).await;
    check("lines after a blank line", |_| Lie::Behind("\nexample.test/m v1.0.0 h1:evil\n".into()), "sumdb-lied", NOTE).await;
}

#[tokio::test]
async fn a_record_that_does_not_vouch_for_the_version_is_refused() {
    let add = |text: String| move |database: &Sumdb| Lie::Record(database.add(&text));
    check("another module's record", |_| Lie::Record(7), "sumdb-lied", MISSING).await;
    let Module { zip_h1, mod_h1, .. } = module();
    let no_zip = add(format!("example.test/m v1.0.0/go.mod {mod_h1}\n"));
    check("no line for the version", no_zip, "sumdb-lied", MISSING).await;
    let no_mod = add(format!("example.test/m v1.0.0 {zip_h1}\n"));
    check("no line for go.mod", no_mod, "sumdb-lied", MISSING).await;
    let odd = add(format!("example.test/m v1.0.0 h1:odd\nexample.test/m v1.0.0/go.mod {mod_h1}\n"));
    check_words("a sum that is none", odd, "sumdb-lied", "malformed checksum", "checksum mismatch").await;
    check(
        "a number beyond the tree",
        |_| Lie::BeyondTree,
        "sumdb-lied",
        "cannot validate record 1099511627776 in tree of size 601",
    )
    .await;
    let made_up = |database: &Sumdb| {
        let head = database.head();
        Lie::Body(format!("600\n{}\n{head}", Module::record_of("example.test/m", "v1.0.0", "evil")))
    };
    check("a record the log does not have", made_up, "sumdb-lied", "cannot authenticate record data in server response").await;
}

#[tokio::test]
async fn a_head_that_is_not_the_databases_is_refused() {
    check("a broken signature", |_| Lie::BadSignature, "sumdb-lied", "invalid signature").await;
    check("another key of the same name", |_| Lie::WrongKey, "sumdb-lied", "no verifiable signatures").await;
    check("another key", |_| Lie::Stranger, "sumdb-lied", "no verifiable signatures").await;
    check("an old head", |_| Lie::OldHead(500), "sumdb-lied", "cannot validate record 600 in tree of size 500").await;
}

#[tokio::test]
async fn a_database_that_cannot_be_asked_proves_nothing() {
    check("404", |_| Lie::Status(404), "unproven", "404 Not Found").await;
    check_words("410", |_| Lie::Status(410), "unproven", "reading sum.test/db/lookup/", "410 Gone").await;
    check_words("500", |_| Lie::Status(500), "unproven", "status 500", "500 Internal Server Error").await;
    check_words("500 for all", |_| Lie::All(500), "unproven", "status 500", "500 Internal Server Error").await;
    check("no tiles", |_| Lie::NoTiles, "unproven", "tile/8/").await;
}

#[tokio::test]
async fn every_tile_of_a_proof_is_checked() {
    check("narrow tiles", |_| Lie::Narrow, "sumdb-lied", "tile/8/").await;
    let (world, module) = (World::start().await, module());
    module.serve(&world);
    let database = Sumdb::start(STRANGERS, &[&module]).await;
    let site = Setup::to(&world).sums(&database).site();
    site.get(&module.url("mod")).await.expect("an honest answer");
    let tiles: Vec<String> = database.seen().iter().filter_map(|path| Some(path.strip_prefix('/')?.to_owned())).collect();
    let tiles: Vec<String> = tiles.into_iter().filter(|path| path.starts_with("tile/")).collect();
    assert!(tiles.len() >= 2, "{tiles:?}");
    for tile in tiles {
        check(&tile, |_| Lie::Flipped(tile.clone()), "sumdb-lied", TILE).await;
    }
}

#[tokio::test]
async fn two_histories_under_one_key_are_shown_with_both_heads() {
    let (world, module, other) = (World::start().await, module(), Module::new("example.test/other", "v1.0.0"));
    module.serve(&world);
    other.serve(&world);
    let database = Sumdb::start(STRANGERS, &[&other, &module]).await;
    let site = Setup::to(&world).sums(&database).site();
    let gopher = Gopher { remembers: true, ..Gopher::new(&world, &database) };
    gopher.accepted(&other).await;
    site.get(&other.url("mod")).await.expect("the first history");
    let known = site.store.index.sumdb_head(NAME).await.expect("a working index");
    let back = database.fork("another history", &[&other, &module]);
    let forked = database.head();
    for kind in ["mod", "zip"] {
        let refusal = site.get(&module.url(kind)).await.expect_err("a fork");
        for words in ["sumdb-lied: ", "SECURITY ERROR", "go.sum database server misbehavior detected!", "proof of misbehavior"] {
            assert!(refusal.contains(words), "{refusal}");
        }
        assert!(refusal.contains(forked.lines().nth(2).expect("a hash")), "{refusal}");
    }
    let told = gopher.refused(&module).await;
    for words in ["SECURITY ERROR", "go.sum database server misbehavior detected!", "proof of misbehavior"] {
        assert!(told.contains(words), "go: {told}");
    }
    assert!(told.contains(forked.lines().nth(2).expect("a hash")), "go: {told}");
    assert_eq!(site.store.index.sumdb_head(NAME).await.expect("a working index"), known, "the head stays");
    assert!(!site.keeps(&module, Kind::Mod).await);
    back();
    assert_eq!(site.get(&module.url("mod")).await, Ok(module.go_mod.clone().into()));
    gopher.accepted(&module).await;
}

#[tokio::test]
async fn an_older_head_than_the_known_one_is_no_lie_while_it_proves() {
    let (world, module, other) = (World::start().await, module(), Module::new("example.test/other", "v1.0.0"));
    module.serve(&world);
    other.serve(&world);
    let database = Sumdb::start(STRANGERS, &[&module, &other]).await;
    let (site, gopher) = (Setup::to(&world).sums(&database).site(), Gopher::new(&world, &database));
    gopher.accepted(&other).await;
    site.get(&other.url("mod")).await.expect("the newer head");
    database.lie(Some(Lie::OldHead(STRANGERS as u64 + 1)));
    assert_eq!(site.get(&module.url("mod")).await, Ok(module.go_mod.clone().into()));
    gopher.accepted(&module).await;
    assert_eq!(site.store.index.sumdb_head(NAME).await.expect("an index").expect("a head"), {
        database.lie(None);
        database.head()
    });
}

#[tokio::test]
async fn a_database_that_drips_is_waited_for_no_longer_than_the_deadline() {
    let (world, module) = (World::start().await, module());
    module.serve(&world);
    let database = Sumdb::start(STRANGERS, &[&module]).await;
    let mut setup = Setup::to(&world).sums(&database);
    setup.0.sums.hop.total = Duration::from_millis(700);
    let site = setup.site();
    // A lookup has some 300 bytes, a tile of 89 hashes ten times as many. Each byte comes within every other deadline.
    database.lie(Some(Lie::Drip(Duration::from_millis(100))));
    let refusal = site.get(&module.url("mod")).await.expect_err("it drips");
    assert!(refusal.starts_with("unproven: ") && refusal.contains("sum.test/db did not answer"), "{refusal}");
    assert!(!site.keeps(&module, Kind::Mod).await);
    // The go command has no deadline of its own: what drips in the end says the truth, and is believed by both.
    database.lie(Some(Lie::Drip(Duration::ZERO)));
    let site = Setup::to(&world).sums(&database).site();
    assert_eq!(site.get(&module.url("mod")).await, Ok(module.go_mod.clone().into()));
    Gopher::new(&world, &database).accepted(&module).await;
}

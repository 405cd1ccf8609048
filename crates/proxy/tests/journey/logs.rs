//! All that a store holds of logs and checksum databases is proven again.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
};

use gomod::sumdb::{
    checkpoint::Checkpoint,
    note::{self, SignerKey},
    tlog::Tree,
};
use proxy::{
    audit::Line,
    settings::{OwnSumdb, Records},
    stocktake::{Finding, Tally},
    tlog::{Log, LogSettings},
};
use serde_json::Value;
use store::{Index as _, stock::Stock};
use testkit::sumdb::NAME;

use super::{
    stocktake::{take, take_with},
    *,
};

fn key(name: &str) -> SignerKey {
    SignerKey::from_seed(name, &[7; 32]).expect("a key")
}

fn own() -> OwnSumdb {
    let (key, old_key) = (key("own.test/db"), Some(key("old.test/db")));
    OwnSumdb { key, old_key, retired: Vec::new(), records: Records::Private, auditors: Vec::new() }
}

async fn open(store: &Store, log: &str, signers: Vec<SignerKey>) -> Arc<Log> {
    let settings =
        LogSettings { log: log.into(), signers, holder: "one".into(), may_forget: log == "audit", signed: Arc::new(|_| ()) };
    // Seconds pass between any two steps.
    static SECOND: AtomicI64 = AtomicI64::new(NOW);
    let clock = Clock::new(|| SECOND.fetch_add(1, Ordering::Relaxed));
    let (log, sequencer) = Log::open(settings, store.logs.clone(), clock).await.expect("a log");
    tokio::spawn(sequencer.run());
    log
}

/// A store with our own database, whose key rotates, of 300 records, and an audit log of three lines.
struct Home {
    folder: TempDir,
    sums: Sums,
}

impl Home {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let store = Store::open_embedded(folder.path()).expect("a store");
        let log = open(&store, "sumdb", vec![own().key, own().old_key.expect("one")]).await;
        let add = async |number: u32| {
            let (path, version) = ("corp.test/m", format!("v1.{number}.0"));
            log.add(&format!("{path}@{version}"), &Module::record_of(path, &version, "")).await.expect("a number");
        };
        futures_util::future::join_all((0..300).map(add)).await;
        let lines = open(&store, "audit", vec![key("audit.test")]).await;
        for time_ms in 0..3 {
            lines.append(&Line::Start { time_ms, life: "one".into() }.print()).await.expect("a number");
        }
        drop((log, lines, store));
        until(|| Store::open_embedded(folder.path()).is_ok()).await;
        let sums = Sums { own: Some(own()), ..Setup::new("off", &[]).0.sums };
        Self { folder, sums }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join("logs").join(path)
    }

    async fn take(&self, may_change: bool) -> (Tally, Vec<(String, &'static str)>) {
        let with = |stocktake: proxy::stocktake::Stocktake| stocktake.with_audit("audit", key("audit.test"));
        let (tally, found) = take_with(self.folder.path(), &self.sums, may_change, with).await;
        assert!(found.iter().all(|finding| !finding.aside), "{found:?}");
        (tally, found.iter().map(|Finding { path, fault, .. }| (path.clone(), fault.code())).collect())
    }

    /// What is found alone, dry and beside a server after `change` of a file, which is made good again.
    async fn check(&self, path: &str, change: impl FnOnce(&Path), expected: &[(&str, &str)]) {
        let file = self.path(path);
        let before = fs::read(&file).ok();
        change(&file);
        let server = Store::open_embedded(self.folder.path()).expect("a store");
        let beside = self.take(true).await.1;
        drop(server);
        for found in [self.take(true).await.1, self.take(false).await.1, beside] {
            let found: Vec<_> = found.iter().map(|(path, code)| (&**path, *code)).collect();
            assert_eq!(found, expected, "{path}");
        }
        let _ = fs::remove_file(&file);
        before.into_iter().for_each(|before| fs::write(&file, before).expect("written"));
    }
}

fn put(path: &Path, bytes: Vec<u8>) {
    fs::remove_file(path).expect("removed");
    fs::write(path, bytes).expect("written");
}

fn flip(path: &Path) {
    flip_at(path, fs::read(path).expect("a file").len() / 2);
}

fn flip_at(path: &Path, place: usize) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[place] ^= 1;
    put(path, bytes);
}

/// Flips a bit in the middle of what stands behind the last `mark`.
fn flip_behind(path: &Path, mark: &str) {
    let text = fs::read_to_string(path).expect("text");
    flip_at(path, text.rfind(mark).expect("the mark") + mark.len() + 20);
}

#[tokio::test]
async fn every_damage_of_a_log_of_our_own_is_named_beside_a_server_and_alone() {
    let home = Home::new().await;
    let (tally, found) = home.take(true).await;
    assert_eq!((tally.logs, tally.records, found), (2, 303, Vec::new()));
    let gone = |path: &Path| fs::remove_file(path).expect("removed");
    home.check("sumdb/files/tile/8/0/000", flip, &[("logs/sumdb/tile/8/0/000", "damaged-tile")]).await;
    home.check("sumdb/files/tile/8/data/000", flip, &[("logs/sumdb/tile/8/data/000", "damaged-tile")]).await;
    home.check("sumdb/files/tile/8/data/001.p/44", gone, &[("logs/sumdb/tile/8/data/001.p/44", "lost-tile")]).await;
    home.check("sumdb/files/tile/8/0/000", gone, &[("logs/sumdb/tile/8/0/000", "lost-tile")]).await;
    home.check("audit/files/tile/8/data/000.p/3", flip, &[("logs/audit/tile/8/data/000.p/3", "damaged-tile")]).await;
    let link = |path: &Path| {
        fs::remove_file(path).expect("removed");
        symlink(path, path).expect("a link to itself, which nobody can open");
    };
    home.check("sumdb/files/tile/8/data/000", link, &[("logs/sumdb", "unreadable")]).await;
}

#[tokio::test]
async fn a_damaged_head_is_named_whichever_of_its_signatures_it_is_and_the_tiles_are_proven_all_the_same() {
    let home = Home::new().await;
    let bad = [("logs/sumdb/published", "bad-head")];
    home.check("sumdb/published", flip, &bad).await;
    home.check("sumdb/published", |path| flip_behind(path, "\u{2014} old.test/db "), &bad).await;
    let earlier = |path: &Path| {
        let text = fs::read_to_string(path).expect("text");
        put(path, text.replace("\"time\":", "\"time\":-").into_bytes());
    };
    home.check("sumdb/published", earlier, &bad).await;
    home.check("sumdb/published", |path| fs::remove_file(path).expect("removed"), &bad).await;
    put(&home.path("sumdb/published"), b"{}".to_vec());
    flip(&home.path("sumdb/files/tile/8/0/001.p/44"));
    let found = home.take(true).await.1;
    let found: Vec<_> = found.iter().map(|(path, code)| (&**path, *code)).collect();
    assert_eq!(found[0], bad[0]);
    assert!(found[1].0.contains("tile/8/0/001.p/44") && found[1].1 == "damaged-tile", "{found:?}");
}

/// One head of a log can be wrong in several places; each is told in words of its own.
#[tokio::test]
async fn what_is_wrong_with_a_head_is_told_in_words() {
    let home = Home::new().await;
    let published = home.path("sumdb/published");
    let whole = fs::read(&published).expect("a head");
    let said = async |change: &dyn Fn(&mut Value)| {
        let mut head: Value = serde_json::from_slice(&whole).expect("JSON");
        change(&mut head);
        put(&published, head.to_string().into_bytes());
        let (_, found) = take(home.folder.path(), &home.sums, false).await;
        put(&published, whole.clone());
        found.iter().map(|finding| format!("{}: {}", finding.path, finding.fault)).collect::<Vec<_>>()
    };
    let told = |texts: &[&str]| texts.iter().map(|text| format!("logs/sumdb/published: {text}")).collect::<Vec<_>>();
    assert_eq!(said(&|_| ()).await, told(&[]));
    let old = own().old_key.expect("one").verifier();
    let invalid = format!("invalid signature for key {}+{:08x}", old.name(), old.hash());
    let damaged = format!("the published head ({invalid}) of the log is damaged or lost; bring it back from a backup");
    // In the last signature of a note, behind the hash of its key.
    let flip = |note: &mut Value| {
        let mut text = note.as_str().expect("a note").to_owned();
        let place = text.len() - 20;
        text.replace_range(place..=place, if &text[place..=place] == "A" { "B" } else { "A" });
        *note = text.into();
    };
    assert_eq!(said(&|head| flip(&mut head["note"])).await, told(&[&damaged]));
    let of_old = format!("the checkpoint of {}: {invalid}", old.name());
    assert_eq!(said(&|head| flip(&mut head["checkpoints"][1])).await, told(&[&of_old]));
    let unsigned = |head: &mut Value| {
        let note = head["note"].as_str().expect("a note");
        head["note"] = note.split_inclusive('\n').filter(|line| !line.contains(old.name())).collect::<String>().into();
    };
    let of_old = format!("the signature of {}: note has no verifiable signatures", old.name());
    assert_eq!(said(&unsigned).await, told(&[&of_old]));
    let gone = |head: &mut Value| drop(head["checkpoints"].as_array_mut().expect("a list").remove(0));
    assert_eq!(said(&gone).await, told(&["it has no checkpoint of own.test/db"]));
    // Our own key, and a tree that never was.
    let other = |head: &mut Value| {
        let text = Checkpoint::new("own.test/db", Tree::empty()).expect("a checkpoint").to_string();
        head["checkpoints"][0] = note::sign(&text, &[], &[&own().key]).expect("a note").into();
    };
    assert_eq!(said(&other).await, told(&["the checkpoint of own.test/db is of another tree"]));
    let early = |head: &mut Value| head["time"] = 1.into();
    assert_eq!(said(&early).await, told(&["its time is before that at which its tree was decided"]));
}

#[tokio::test]
async fn a_log_and_its_index_must_fit_and_what_was_forgotten_must_have_been_said() {
    let home = Home::new().await;
    let marker = |path: &Path| {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, b"").expect("written");
    };
    // Of a checksum database nothing is ever forgotten, and a line must say what of an audit log was.
    home.check("audit/files/forgotten/00000000000000000001", marker, &[("logs/audit", "lost-tile")]).await;
    let lost = |path: &Path| {
        marker(path);
        fs::rename(home.path("sumdb/files/tile/8/data/000"), home.path("aside")).expect("moved");
    };
    let marker_of_own = "sumdb/files/forgotten/00000000000000000001";
    home.check(marker_of_own, lost, &[("logs/sumdb/tile/8/data/000", "lost-tile")]).await;
    fs::rename(home.path("aside"), home.path("sumdb/files/tile/8/data/000")).expect("moved back");

    let index = ["index.sqlite", "index.sqlite-wal"].map(|name| home.folder.path().join(name));
    let old = index.clone().map(|path| fs::read(path).expect("a part of the index"));
    let store = Store::open_embedded(home.folder.path()).expect("a store");
    let log = open(&store, "sumdb", vec![own().key, own().old_key.expect("one")]).await;
    // No key leads to it.
    log.append(&Module::record_of("corp.test/n", "v1.0.0", "")).await.expect("a number");
    drop((log, store));
    until(|| Store::open_embedded(home.folder.path()).is_ok()).await;
    assert_eq!(home.take(true).await.1, [("logs/sumdb/record 300".to_owned(), "bad-index")]);
    let _ = fs::remove_file(home.folder.path().join("index.sqlite-shm"));
    index.iter().zip(old).for_each(|(path, bytes)| fs::write(path, bytes).expect("written"));
    assert_eq!(home.take(false).await.1[0], ("logs/sumdb/published".to_owned(), "storage-newer"));
}

#[tokio::test]
async fn a_log_without_a_key_is_held_against_the_index_and_one_that_was_never_begun_is_nothing() {
    let mut home = Home::new().await;
    home.sums.own = None;
    assert_eq!(home.take(true).await.1, []);
    home.check("sumdb/files/tile/8/data/000", flip, &[("logs/sumdb/tile/8/data/000", "damaged-tile")]).await;
    let other_root = |path: &Path| flip_behind(path, r"tree\n300\n");
    home.check("sumdb/published", other_root, &[("logs/sumdb/published", "bad-head")]).await;
    let empty = TempDir::new().expect("a folder");
    drop(Store::open_embedded(empty.path()).expect("a store"));
    let (tally, found) = take(empty.path(), &Sums { own: Some(own()), ..home.sums }, true).await;
    assert_eq!((tally.logs, found), (0, Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_that_a_server_forgets_during_a_check_are_not_missing() {
    let home = Home::new().await;
    let store = Store::open_embedded(home.folder.path()).expect("a store");
    let log = open(&store, "audit", vec![key("audit.test")]).await;
    let tiles = 60;
    let line = |time_ms: i64| Line::Start { time_ms, life: "one".into() }.print();
    for tile in 0..tiles {
        log.append_lines((0..256).map(|number| line(tile * 256 + number)).collect()).await.expect("lines");
    }
    let forgetting = tokio::spawn(async move {
        for tile in 1..tiles {
            let before = u64::try_from(tile).expect("a number") * 256;
            log.append(&Line::Forget { time_ms: tile, before }.print()).await.expect("a number");
            log.forget(before).await.expect("forgotten");
        }
    });
    let mut checks = 0;
    while !forgetting.is_finished() {
        assert_eq!(home.take(true).await.1, [], "{checks}");
        checks += 1;
    }
    forgetting.await.expect("no panic");
    assert!(checks > 1, "{checks}");
    drop(store);
}

/// Flips a bit in the middle of a kept file of the database.
async fn flip_kept(folder: &Path, path: &str) {
    let stock = Stock::open(folder, true).expect("a store");
    let index = Arc::clone(stock.index());
    let mut bytes = index.sumdb_file(NAME, path).await.expect("an answer").expect("a file").to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    stock.remove_sumdb_files(NAME, vec![path.to_owned()]).await.expect("removed");
    index.put_sumdb_files(NAME, vec![(path.to_owned(), bytes.into())]).await.expect("kept");
}

#[tokio::test]
async fn every_kept_tile_and_lookup_of_others_is_proven_and_what_is_wrong_is_fetched_again() {
    let modules = [
        ("example.test/a", "v1.0.0"),
        ("example.test/Big", "v2.0.0+incompatible"),
        ("golang.org/toolchain", "v0.0.1-go1.27.3.linux-amd64"),
    ];
    let modules = modules.map(|(path, version)| Module::new(path, version));
    let (world, database) = (World::start().await, Sumdb::start(300, &modules.iter().collect::<Vec<_>>()).await);
    let (folder, setup) = (TempDir::new().expect("a folder"), || Setup::to(&world).sums(&database));
    let lookups =
        ["example.test/a@v1.0.0", "example.test/!big@v2.0.0+incompatible", "golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64"];
    let ask = async |tiles: &[String]| {
        let site = setup().site_on(Store::open_embedded(folder.path()).expect("a store"));
        for lookup in lookups {
            site.get(&format!("/sumdb/{NAME}/lookup/{lookup}")).await.expect("a lookup");
        }
        for tile in tiles {
            site.get(&format!("/sumdb/{NAME}/{tile}")).await.expect("a tile");
        }
        site.landed().await;
    };
    ask(&[]).await;
    let sums = setup().0.sums;
    let (tally, found) = take(folder.path(), &sums, true).await;
    assert_eq!((tally.versions, tally.lookups, found), (0, 3, Vec::new()), "no file of any version is kept");
    let stock = Stock::open(folder.path(), false).expect("a store");
    let tiles = stock.index().sumdb_paths(NAME, "tile/", "", 1000).expect("paths");
    assert_eq!(tally.kept_tiles, tiles.len() as u64);
    drop(stock);
    for path in tiles.iter().cloned().chain(lookups.iter().map(|lookup| format!("lookup/{lookup}"))) {
        flip_kept(folder.path(), &path).await;
        for (may_change, again) in [(false, false), (true, true)] {
            let (_, found) = take(folder.path(), &sums, may_change).await;
            let named = format!("sumdb/{NAME}/{path}");
            assert!(found.iter().any(|finding| finding.path == named), "{path}: {found:?}");
            assert!(
                found.iter().all(|finding| finding.fault.code() == "unproven" && finding.aside == again),
                "{path}: {found:?}"
            );
            assert!(
                found.iter().all(|finding| finding.path.contains("/tile/") == path.starts_with("tile/")),
                "{path}: {found:?}"
            );
        }
        assert_eq!(take(folder.path(), &sums, true).await.1, [], "{path}");
        ask(&tiles).await;
        let (after, found) = take(folder.path(), &sums, true).await;
        assert_eq!((after.lookups, after.kept_tiles, found), (3, tally.kept_tiles, Vec::new()), "{path}");
    }
}

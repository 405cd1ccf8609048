//! All that a store holds is proven again.

use std::{fs, path::Path};

use gomod::dirhash::go_mod_h1;
use proxy::stocktake::{Fault, Finding, Stocktake, Tally, Told};
use store::{Digest, Part, fs::Layout, stock::Stock};
use testkit::sumdb::NAME;

use super::*;

/// A store on disk, filled by journeys, and all that filled it.
struct Filled {
    world: World,
    database: Sumdb,
    modules: [Module; 3],
    folder: TempDir,
}

impl Filled {
    async fn new() -> Self {
        let modules = [("example.test/a", "v1.0.0"), ("example.test/b", "v1.2.3-rc.1"), ("example.test/c", "v0.0.1")];
        let modules = modules.map(|(path, version)| Module::new(path, version));
        let (world, database) = (World::start().await, Sumdb::start(300, &modules.iter().collect::<Vec<_>>()).await);
        let filled = Self { world, database, modules, folder: TempDir::new().expect("a folder") };
        filled.modules.iter().for_each(|module| module.serve(&filled.world));
        let site = filled.site();
        for module in &filled.modules {
            for kind in ["info", "mod", "zip"] {
                site.get(&module.url(kind)).await.expect("a file");
            }
        }
        site.landed().await;
        filled
    }

    fn setup(&self) -> Setup {
        Setup::to(&self.world).sums(&self.database)
    }

    fn site(&self) -> Site {
        self.setup().site_on(self.store())
    }

    fn store(&self) -> Store {
        Store::open_embedded(self.folder.path()).expect("a store")
    }

    /// The file of a part's blob.
    async fn blob(&self, module: &Module, kind: Kind) -> PathBuf {
        let index = store::sqlite::SqliteIndex::open_to_read(&self.folder.path().join("index.sqlite")).expect("an index");
        let record = store::Index::version(&index, &module.path, &module.version).await.expect("an answer").expect("a record");
        Layout::open(self.folder.path()).expect("a layout").blob(record.part(kind).expect("a part").digest)
    }

    async fn take(&self, may_change: bool) -> (Tally, Vec<Finding>) {
        take(self.folder.path(), &self.setup().0.sums, may_change).await
    }
}

pub(crate) async fn take(folder: &Path, sums: &Sums, may_change: bool) -> (Tally, Vec<Finding>) {
    take_with(folder, sums, may_change, |stocktake| stocktake).await
}

pub(crate) async fn take_with(
    folder: &Path,
    sums: &Sums,
    may_change: bool,
    with: impl FnOnce(Stocktake) -> Stocktake,
) -> (Tally, Vec<Finding>) {
    let stock = Arc::new(Stock::open(folder, may_change).expect("a store"));
    let mut found = Vec::new();
    let mut note = |told: Told<'_>| {
        if let Told::Found(finding) = told {
            found.push(finding.clone());
        }
    };
    let tally = with(Stocktake::new(stock, sums).expect("keys")).run(&mut note).await.expect("an end");
    assert_eq!(tally.found, found.len() as u64);
    (tally, found)
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("a blob");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("written");
}

const KINDS: [(Kind, &str); 3] = [(Kind::Info, "info"), (Kind::Mod, "mod"), (Kind::Zip, "zip")];

#[tokio::test]
async fn a_store_that_is_right_is_proven_against_its_records_and_the_database() {
    let filled = Filled::new().await;
    let (tally, found) = filled.take(true).await;
    assert_eq!(found, []);
    let length = |module: &Module| (module.info.len() + module.go_mod.len() + module.zip.len()) as u64;
    let bytes = filled.modules.iter().map(length).sum();
    assert_eq!(tally, Tally { versions: 3, files: 9, bytes, compared: 3, lookups: 3, found: 0, unreadable: 0, ..tally });
}

#[tokio::test]
async fn a_flipped_bit_is_found_put_aside_and_healed_by_the_same_bytes() {
    let filled = Filled::new().await;
    for (kind, name) in KINDS {
        let module = &filled.modules[1];
        let blob = filled.blob(module, kind).await;
        flip(&blob);
        let path = format!("example.test/b/@v/v1.2.3-rc.1.{name}");
        assert_eq!(filled.take(true).await.1, [Finding { path, fault: Fault::Damaged, aside: true }]);
        assert!(!blob.exists(), "{name}");
        assert_eq!(fs::read_dir(filled.folder.path().join("quarantine")).expect("a folder").count(), 1, "{name}");
        let (tally, found) = filled.take(true).await;
        assert_eq!((tally.files, found), (8, Vec::new()), "{name}");

        let site = filled.site();
        site.get(&module.url(name)).await.expect("fetched again");
        site.landed().await;
        drop(site);
        assert_eq!(filled.take(true).await.0.files, 9, "{name}");
        fs::remove_dir_all(filled.folder.path().join("quarantine")).expect("removed");
    }
}

#[tokio::test]
async fn bytes_with_another_h1_do_not_heal() {
    let filled = Filled::new().await;
    let module = &filled.modules[0];
    flip(&filled.blob(module, Kind::Zip).await);
    filled.take(true).await;
    let other = Module::of(&module.path, &module.version, &[("evil.go", b"package a\n".to_vec())]);
    let world = World::start().await;
    other.serve(&world);
    let site = Setup::to(&world).site_on(filled.store());
    assert_ne!(
        site.get(&module.url("zip")).await,
        Ok(other.zip.clone()),
        "no database, and yet the h1 that was kept first counts"
    );
    drop(site);
    assert_eq!(filled.take(true).await.0.files, 8);
}

#[tokio::test]
async fn an_info_that_was_lost_comes_back_as_the_same_bytes_and_others_are_a_drift() {
    let filled = Filled::new().await;
    let module = &filled.modules[0];
    flip(&filled.blob(module, Kind::Info).await);
    filled.take(true).await;
    let moved = Module { info: module.info.replace("2024-", "2025-"), ..module.clone() };
    let world = World::start().await;
    moved.serve(&world);
    let site = Setup::to(&world).site_on(filled.store());
    assert_eq!(site.code(&module.url("info")).await, "checksum-mismatch");
    let drifts = site.store.index.drifts(&module.path, &module.version).await.expect("drifts");
    assert_eq!(
        drifts.iter().map(|drift| (drift.kind, drift.seen)).collect::<Vec<_>>(),
        [(Kind::Info, Some(Digest::of(moved.info.as_bytes())))]
    );
    assert_eq!(site.alarms.lock().expect("no panic").len(), 1);
    drop(site);
    assert_eq!(filled.site().get(&module.url("info")).await, Ok(module.info.clone().into()));
}

#[tokio::test]
async fn a_blob_that_is_gone_is_found_and_forgotten() {
    let filled = Filled::new().await;
    fs::remove_file(filled.blob(&filled.modules[2], Kind::Zip).await).expect("removed");
    let path = "example.test/c/@v/v0.0.1.zip".to_owned();
    assert_eq!(filled.take(true).await.1, [Finding { path, fault: Fault::Missing, aside: true }]);
    assert_eq!(filled.take(true).await.1, []);
}

#[tokio::test]
async fn beside_a_server_and_unasked_nothing_is_changed() {
    let filled = Filled::new().await;
    let blob = filled.blob(&filled.modules[0], Kind::Zip).await;
    flip(&blob);
    let server = filled.site();
    for may_change in [true, false] {
        let found = filled.take(may_change).await.1;
        assert_eq!(found.iter().map(|finding| (finding.fault.code(), finding.aside)).collect::<Vec<_>>(), [("damaged", false)]);
        assert!(blob.exists());
    }
    drop(server);
    assert!(!filled.take(false).await.1[0].aside);
    assert!(blob.exists());
    assert!(filled.take(true).await.1[0].aside);
}

/// Keeps `part` of a version of which nothing is kept yet, with this h1 in its record.
pub(crate) async fn keep(store: &Store, module: &Module, kind: Kind, bytes: Bytes, h1: &str) {
    let digest = store.blobs.put_bytes(bytes.clone()).await.expect("put");
    let (h1, vouched, origin) = (Some(h1.to_owned()), "waived GOSUMDB=off".to_owned(), "there".to_owned());
    let part = Part { digest, size_bytes: bytes.len() as u64, h1, vouched, origin, kept_at: NOW };
    store.index.keep(&module.path, &module.version, kind, part).await.expect("kept");
}

/// A version of which `bytes` are kept as `kind` with `h1` in the record, and its lookup if `with_lookup`: code of the finding and whether it went aside.
async fn check(kind: Kind, bytes: &dyn Fn(&Module) -> Bytes, h1: &str, with_lookup: bool, expected: &[(&str, bool)]) {
    let module = Module::new("example.test/m", "v1.0.0");
    let (world, database, folder) =
        (World::start().await, Sumdb::start(300, &[&module]).await, TempDir::new().expect("a folder"));
    let store = Store::open_embedded(folder.path()).expect("a store");
    let setup = || Setup::to(&world).sums(&database);
    if with_lookup {
        let site = setup().site_on(store.clone());
        site.get(&format!("/sumdb/{NAME}/lookup/example.test/m@v1.0.0")).await.expect("a lookup");
    }
    keep(&store, &module, kind, bytes(&module), h1).await;
    drop(store);
    let (tally, found) = take(folder.path(), &setup().0.sums, true).await;
    let found: Vec<_> = found.iter().map(|finding| (finding.fault.code(), finding.aside)).collect();
    assert_eq!((&found[..], tally.compared), (expected, u64::from(with_lookup)), "{kind:?} {h1} {with_lookup}");
}

const WRONG: &str = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

#[tokio::test]
async fn a_record_with_another_h1_is_found_and_right_bytes_stay_if_the_database_proves_them() {
    let zip = |module: &Module| module.zip.clone();
    let go_mod = |module: &Module| Bytes::from(module.go_mod.clone());
    check(Kind::Zip, &zip, WRONG, false, &[("unlike-record", true)]).await;
    check(Kind::Zip, &zip, WRONG, true, &[("unlike-record", false)]).await;
    check(Kind::Mod, &go_mod, WRONG, false, &[("unlike-record", true)]).await;
    check(Kind::Mod, &go_mod, WRONG, true, &[("unlike-record", false)]).await;
}

#[tokio::test]
async fn bytes_that_the_database_does_not_prove_are_put_aside_whatever_the_record_says() {
    let other = Module::of("example.test/m", "v1.0.0", &[("evil.go", b"package m\n".to_vec())]);
    let zip = |_: &Module| other.zip.clone();
    check(Kind::Zip, &zip, &other.zip_h1, true, &[("unlike-database", true)]).await;
    check(Kind::Zip, &zip, &other.zip_h1, false, &[]).await;
    let go_mod = |_: &Module| Bytes::from("module example.test/evil\n");
    let h1 = go_mod_h1(b"module example.test/evil\n").to_string();
    check(Kind::Mod, &go_mod, &h1, true, &[("unlike-database", true)]).await;
    check(Kind::Mod, &go_mod, &h1, false, &[]).await;
}

#[tokio::test]
async fn a_version_that_the_database_disproved_is_served_as_it_proves_it_and_not_otherwise() {
    let (right, other) = (
        Module::new("example.test/m", "v1.0.0"),
        Module::of("example.test/m", "v1.0.0", &[("evil.go", b"package m\n".to_vec())]),
    );
    let (world, third, database) = (World::start().await, World::start().await, Sumdb::start(300, &[&right]).await);
    let folder = TempDir::new().expect("a folder");
    let open = || Store::open_embedded(folder.path()).expect("a store");
    right.serve(&world);
    Module::of("example.test/m", "v1.0.0", &[("third.go", b"package m\n".to_vec())]).serve(&third);
    let site = Setup::to(&world).sums(&database).site_on(open());
    site.get(&format!("/sumdb/{NAME}/lookup/example.test/m@v1.0.0")).await.expect("a lookup");
    keep(&site.store, &right, Kind::Zip, other.zip.clone(), &other.zip_h1).await;
    drop(site);
    let taken = take(folder.path(), &Setup::to(&world).sums(&database).0.sums, true).await;
    assert!(taken.1[0].aside && taken.1[0].fault.code() == "unlike-database", "{taken:?}");

    let unproven = Setup::to(&third).site_on(open());
    assert_eq!(unproven.code(&right.url("zip")).await, "checksum-mismatch", "nobody proves the third one");
    drop(unproven);
    let site = Setup::to(&world).sums(&database).site_on(open());
    assert_eq!(site.get(&right.url("zip")).await, Ok(right.zip.clone()));
    site.landed().await;
    assert!(site.keeps(&right, Kind::Zip).await);
}

#[tokio::test]
async fn bytes_that_are_no_zip_of_their_module_are_put_aside() {
    check(Kind::Zip, &|_| Bytes::from("no zip"), WRONG, false, &[("not-a-module", true)]).await;
    let stranger = Module::new("example.test/stranger", "v1.0.0");
    check(Kind::Zip, &|_| stranger.zip.clone(), &stranger.zip_h1, false, &[("not-a-module", true)]).await;
}

#[tokio::test]
async fn a_lookup_that_does_not_prove_is_told_and_a_head_that_does_not_is_told_once() {
    let filled = Filled::new().await;
    let store = filled.store();
    let module = Module::new("example.test/m", "v1.0.0");
    keep(&store, &module, Kind::Mod, module.go_mod.clone().into(), &module.mod_h1).await;
    let lookup = store.index.sumdb_file(NAME, "lookup/example.test/a@v1.0.0").await.expect("an answer").expect("a lookup");
    let lookup = String::from_utf8(lookup.to_vec()).expect("text").replace("example.test/a ", "example.test/m ");
    store.index.put_sumdb_files(NAME, vec![("lookup/example.test/m@v1.0.0".into(), lookup.into())]).await.expect("kept");
    drop(store);
    let found = filled.take(true).await.1;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&*found[0].path, found[0].fault.code()), (&*format!("sumdb/{NAME}/lookup/example.test/m@v1.0.0"), "unproven"));

    let store = filled.store();
    let head = store.index.sumdb_head(NAME).await.expect("an answer");
    assert!(store.index.swap_sumdb_head(NAME, head, Bytes::from("no head")).await.expect("an answer"));
    drop(store);
    let (tally, found) = filled.take(true).await;
    assert_eq!((tally.compared, found.len()), (0, 1), "{found:?}");
    assert_eq!((&*found[0].path, found[0].fault.code()), (&*format!("sumdb/{NAME}/latest"), "unproven"));
}

#[tokio::test]
async fn every_version_is_taken_once_however_many_pages_there_are() {
    let (folder, world) = (TempDir::new().expect("a folder"), World::start().await);
    let store = Store::open_embedded(folder.path()).expect("a store");
    let body = Bytes::from("module example.test/many\n");
    store.blobs.put_bytes(body.clone()).await.expect("put");
    let (versions, mut keeps) = (store::limits::PAGE as u64, tokio::task::JoinSet::new());
    for number in 0..versions {
        let index = Arc::clone(&store.index);
        let (digest, size_bytes, h1) = (Digest::of(&body), body.len() as u64, Some(go_mod_h1(&body).to_string()));
        let part = Part { digest, size_bytes, h1, vouched: String::new(), origin: String::new(), kept_at: NOW };
        keeps.spawn(async move {
            for kind in [Kind::Info, Kind::Mod] {
                index.keep("example.test/many", &format!("v1.0.{number}"), kind, part.clone()).await.expect("kept");
            }
        });
    }
    keeps.join_all().await;
    drop(store);
    let (tally, found) = take(folder.path(), &Setup::to(&world).0.sums, true).await;
    assert_eq!((tally.versions, tally.files, found.len()), (versions, 2 * versions, 0));
}

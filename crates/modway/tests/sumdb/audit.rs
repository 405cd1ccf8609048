//! `modway sumdb audit`: databases of others over HTTP, our own from its store and through its doors.

use std::{fs, path::Path};

use serde_json::Value;
use testkit::{
    modules::Module,
    sumdb::{Lie, Sumdb},
};

use super::{
    commands::modway,
    site::{PRIVATE, PUBLIC, Server, Site, TOKEN},
};

/// What an audit of `database` says: exit code, and its JSON.
fn audit(folder: &Path, database: &Sumdb, more: &[&str]) -> (Option<i32>, Value) {
    let setting = database.setting();
    let (key, url) = setting.split_once(' ').expect("key and URL");
    let arguments = [&["sumdb", "audit", url, "--key", key, "--json"], more].concat();
    let (code, printed, said) = modway(folder, &arguments);
    assert!(!said.contains('\r'), "progress is for terminals: {said}");
    (code, serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}{said}")))
}

/// The findings of an audit, each as `code place`.
fn findings(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().expect("a list");
    let text = |finding: &Value, key: &str| finding[key].as_str().expect("a text").to_owned();
    findings.iter().map(|finding| format!("{} {}", text(finding, "code"), text(finding, "place"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_database_is_read_whole_and_proven() {
    let folder = tempfile::tempdir().expect("a folder");
    // Three levels of tiles, the last ones partial; none at all; exactly full ones.
    for size in [65_600, 600, 512, 1, 0] {
        let database = Sumdb::start(size, &[]).await;
        let (code, report) = audit(folder.path(), &database, &[]);
        assert_eq!((code, &report["good"]), (Some(0), &true.into()), "{report}");
        assert_eq!((&report["records"], &report["head"]["size"]), (&size.into(), &size.into()), "{report}");
        let tiles = size.div_ceil(256);
        let upper = if size >= 256 { 1 } else { 0 } + if size >= 65_536 { 1 } else { 0 };
        assert_eq!(report["tiles"], 2 * tiles + upper, "{size}");
        assert_eq!((&report["lookups"], database.count("/lookup/")), (&size.min(100).into(), size.min(100)), "{size}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_lookup_must_give_the_record_of_its_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Sumdb::start(40, &[]).await;
    let check = |lie: Lie, lookups: &str, found: usize, words: &str| {
        database.lie(Some(lie.clone()));
        let (code, report) = audit(folder.path(), &database, &["--lookups", lookups]);
        let findings = findings(&report);
        assert_eq!((code, findings.len()), (Some(i32::from(found > 0)), found), "{lie:?}: {report}");
        assert!(findings.iter().all(|finding| finding.starts_with("bad-lookup record ")), "{findings:?}");
        assert!(found == 0 || report["findings"][0]["message"].as_str().expect("a text").contains(words), "{report}");
    };
    check(Lie::Record(7), "all", 39, "gives another record's number");
    check(Lie::Status(404), "all", 40, "there is no lookup/");
    check(Lie::Body(String::new()), "5", 5, "malformed record data");
    check(Lie::Between("a.example/m v1.0.0 h1:evil\n".into()), "3", 3, "reading tree note");
    check(Lie::Body(String::new()), "0", 0, "");
    database.lie(None);
    assert_eq!(audit(folder.path(), &database, &["--lookups", "all"]).1["lookups"], 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_is_found_and_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Sumdb::start(600, &[]).await;
    let check = |lie: Lie, expected: &[&str]| {
        database.lie(Some(lie.clone()));
        let (code, report) = audit(folder.path(), &database, &[]);
        assert_eq!((code, findings(&report)), (Some(1), expected.iter().map(|text| (*text).to_owned()).collect()), "{lie:?}");
    };
    check(Lie::Flipped("tile/8/0/001".into()), &["damaged-tile tile/8/0/001"]);
    // The tiles at the edge make the root together.
    check(Lie::Flipped("tile/8/1/000".into()), &["damaged-tile tile/8/1/000.p/2, tile/8/0/002.p/88"]);
    check(Lie::Flipped("tile/8/0/002".into()), &["damaged-tile tile/8/1/000.p/2, tile/8/0/002.p/88"]);
    check(Lie::Flipped("tile/8/data/001".into()), &["damaged-tile tile/8/data/001"]);
    check(Lie::BadSignature, &["bad-head "]);
    check(Lie::WrongKey, &["bad-head "]);
    database.lie(None);
    assert_eq!(audit(folder.path(), &database, &[]).0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_has_one_record_of_two_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Sumdb::start(300, &[]).await;
    let record = Module::record_of("example.test/m", "v1.0.0", "");
    database.add(&record);
    database.add(&record);
    database.add(&Module::record_of("example.test/m", "v1.0.0", "other"));
    database.add(&Module::record_of("example.test/m", "v1.0.1", ""));
    database.add(&record.lines().next().map(|line| format!("{line}\n")).expect("a line"));
    let (code, report) = audit(folder.path(), &database, &[]);
    assert_eq!((code, &report["records"]), (Some(1), &305.into()));
    assert_eq!(findings(&report), ["malformed-record record 304", "second-record record 301", "other-record record 302"]);
    assert!(report["findings"][2]["message"].as_str().expect("a text").contains("example.test/m@v1.0.0 has record 300 already"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_of_before_must_be_continued() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Sumdb::start(300, &[]).await;
    let with_head = ["--head", "head"];
    assert_eq!(audit(folder.path(), &database, &with_head).0, Some(0));
    let kept = || fs::read_to_string(folder.path().join("head")).expect("the head");
    assert_eq!(kept(), database.head());
    database.add(&Module::record_of("example.test/m", "v1.0.0", ""));
    assert_eq!(audit(folder.path(), &database, &with_head).0, Some(0));
    assert_eq!(kept(), database.head(), "the newest one is kept");
    // Another history, then an older end of the same one: neither is believed, and the head that was stays.
    let newest = kept();
    let back = database.fork("salt", &[]);
    let (code, report) = audit(folder.path(), &database, &with_head);
    assert_eq!((code, findings(&report)), (Some(1), vec!["forked ".to_owned()]), "{report}");
    // Also where the other history is the longer one.
    database.add(&Module::record_of("example.test/m", "v1.1.0", ""));
    let (code, report) = audit(folder.path(), &database, &with_head);
    assert_eq!((code, findings(&report)), (Some(1), vec!["forked ".to_owned()]), "{report}");
    back();
    let shorter = Sumdb::start(300, &[]).await;
    let (code, report) = audit(folder.path(), &shorter, &with_head);
    assert_eq!(code, Some(1), "{report}");
    assert!(
        findings(&report).iter().all(|finding| finding.starts_with("bad-head") || finding.starts_with("damaged-tile")),
        "{report}"
    );
    assert_eq!(kept(), newest);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_no_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = Sumdb::start(3, &[]).await;
    let setting = database.setting();
    let (key, url) = setting.split_once(' ').expect("key and URL");
    let check = |arguments: &[&str], code: i32, words: &str| {
        let (ended, printed, said) = modway(folder.path(), &[&["sumdb", "audit"], arguments].concat());
        assert_eq!((ended, printed.as_str()), (Some(code), ""), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    };
    check(&[url], 2, "say --key NAME+HASH+KEY");
    check(&[url, "--key", "a+b"], 2, "--key: malformed verifier id");
    check(&["nothing.example"], 2, "is no folder, no URL, and no checksum database of the configuration");
    check(&[".", "--key", key], 3, "there is no store here, since it has no file format");
    store::Store::open_embedded(folder.path()).expect("a store");
    check(&[".", "--key", key], 3, "the store has no checksum database of our own");
    // Whose move it is, too.
    check(&["http://127.0.0.1:1/sumdb/x", "--key", key], 3, "\nwhose move: you, or whoever runs your network\nfix: ");
    database.lie(Some(Lie::All(302)));
    check(&[url, "--key", key], 3, "\nwhose move: you\nfix: check the URL");
    database.lie(Some(Lie::All(503)));
    let before = database.count("/latest");
    check(&[url, "--key", key], 3, "reading latest from");
    assert_eq!(
        database.count("/latest") - before,
        7,
        "one of many requests fails sometimes: it is asked again, and not for ever"
    );
    check(&[url, "--key", key], 3, "\nwhose move: whoever runs the database\nfix: it was tried again");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_a_key_rotates_our_own_is_audited_under_either_name_from_either_head() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    let look_up = |server: &Server, name: &str, version: &str| {
        assert_eq!(server.get(&format!("/sumdb/{name}/lookup/{PRIVATE}@{version}"), "").0, 200);
    };
    look_up(&server, "sumdb.corp.test", "v1.0.0");
    let check = |arguments: &[&str], says: &str| {
        let of_site = ["--config", "modway.toml", "--store", "store", "--head", "head"];
        let (code, printed, said) = modway(site.home.path(), &[&["sumdb", "audit"], arguments, &of_site].concat());
        assert!(code == Some(0) && printed.starts_with(says), "{arguments:?}: {printed}{said}");
    };
    check(&["sumdb.corp.test"], "sumdb.corp.test: 1 records signed");
    let of_before = fs::read(site.home.path().join("head")).expect("the head");
    drop(server);
    fs::rename(site.home.path().join("sumdb.key"), site.home.path().join("old.key")).expect("a file of ours");
    site.make_key("sumdb.key", "sumdb-2.corp.test");
    site.configure("records = \"all\"\nold_key_file = \"old.key\"");
    let server = site.serve("store");
    look_up(&server, "sumdb-2.corp.test", "v1.1.0");
    for name in ["sumdb.corp.test", "sumdb-2.corp.test"] {
        // The head of before has the old signature only.
        fs::write(site.home.path().join("head"), &of_before).expect("a file of ours");
        check(&[name], &format!("{name}: 2 records signed"));
        fs::write(site.home.path().join("head"), &of_before).expect("a file of ours");
        let url = format!("{}/sumdb/{name}", server.url());
        check(&[&url, "--token-file", "token"], &format!("{name}: 2 records signed"));
    }
    drop(server);
    site.configure("records = \"all\"\nretired = [\"sumdb.corp.test\"]");
    let server = site.serve("store");
    look_up(&server, "sumdb-2.corp.test", "v1.2.0");
    check(&["sumdb-2.corp.test"], "sumdb-2.corp.test: 3 records signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn our_own_is_audited_from_its_store_and_through_its_doors() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    for lookup in [format!("{PRIVATE}@v1.0.0"), format!("{PUBLIC}@v1.0.0"), format!("{PRIVATE}@v1.1.0")] {
        assert_eq!(server.get(&format!("/sumdb/sumdb.corp.test/lookup/{lookup}"), "").0, 200);
    }
    let audit = |arguments: &[&str]| modway(site.home.path(), &[&["sumdb", "audit"], arguments].concat());
    let good = "sumdb.corp.test: 3 records signed, 3 read and proven, 2 tiles: all of it is as it must be\n";
    // From the store, by its folder and by its name, beside the server.
    let (code, printed, said) = audit(&["store", "--config", "modway.toml"]);
    assert_eq!((code, printed.as_str()), (Some(0), good), "{said}");
    let (code, printed, said) = audit(&["sumdb.corp.test", "--config", "modway.toml", "--store", "store"]);
    assert_eq!((code, printed.as_str()), (Some(0), good), "{said}");
    // Through the doors an auditor needs a token.
    let url = format!("{}/sumdb/sumdb.corp.test", server.url());
    let (code, _, said) = audit(&[&url, "--config", "modway.toml"]);
    assert!(code == Some(3) && said.contains("tile/8/data/000.p/3") && !said.contains(TOKEN), "{said}");
    assert!(said.contains("\nwhose move: you\nfix: records are for auditors: --token-file FILE"), "{said}");
    fs::write(site.home.path().join("no-token"), "0123456789abcdef0123456789abcdef").expect("a file of ours");
    let (_, _, said) = audit(&[&url, "--config", "modway.toml", "--token-file", "no-token"]);
    assert!(said.contains("\nwhose move: whoever runs the database\nfix: the token of --token-file"), "{said}");
    let (code, printed, said) = audit(&[&url, "--config", "modway.toml", "--token-file", "token"]);
    assert_eq!((code, printed), (Some(0), good.replace("2 tiles", "2 tiles, 3 looked up")), "{said}");
    drop(server);
    let tile = site.folder("store").join("logs/sumdb/files/tile/8/data/000.p/3");
    let mut body = fs::read(&tile).expect("the tile of records");
    body[20] ^= 1;
    fs::remove_file(&tile).expect("our file");
    fs::write(&tile, body).expect("a file");
    let (code, printed, _) = audit(&["store", "--config", "modway.toml"]);
    assert_eq!(code, Some(1));
    assert!(
        printed.starts_with("tile/8/data/000.p/3: damaged-tile: its records are not those of the signed tree\n"),
        "{printed}"
    );
}

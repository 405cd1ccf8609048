//! The real go command with one GOSUMDB, our key, and nothing in GONOSUMDB and GOPRIVATE.

use std::{fs, path::Path, process::Command, sync::Arc};

use gomod::sumdb::client::Head;
use testkit::modules::Module;

use super::{
    middle::{Change, Middle},
    site::{PRIVATE, PUBLIC, Server, Site, TOKEN, copy, toolchain},
};

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("the go command starts");
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}\n{said}");
    said
}

/// What the go command says, which must fail.
#[track_caller]
fn fail(command: &mut Command) -> String {
    let output = command.output().expect("the go command starts");
    let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(!output.status.success(), "{command:?}\n{said}");
    said
}

/// Makes the project's go.sum, downloads and verifies it, with an empty module cache; answers the go.sum.
#[track_caller]
fn whole_journey(site: &Site, server: &Server, home: &str, private: &str, public: &str) -> String {
    let project = site.project(home, private, public);
    // A cache of before would need no proof.
    let _ = fs::remove_dir_all(site.folder(home).join("modcache"));
    succeed(site.go(home, server.url()).current_dir(&project).args(["mod", "tidy"]));
    succeed(site.go(home, server.url()).current_dir(&project).args(["mod", "download"]));
    let verified = succeed(site.go(home, server.url()).current_dir(&project).args(["mod", "verify"]));
    assert!(verified.contains("all modules verified"), "{verified}");
    fs::read_to_string(project.join("go.sum")).expect("a go.sum")
}

/// The go.sum line of the zip of a version in our log: what an auditor reads.
fn recorded(server: &Server, size: u64) -> String {
    let path = format!("/sumdb/sumdb.corp.test/tile/8/data/000.p/{size}");
    let (status, body) = server.get(&path, &format!("Authorization: Bearer {TOKEN}"));
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    String::from_utf8(body).expect("text")
}

fn size(site: &Site, server: &Server) -> u64 {
    let (_, note) = server.get("/sumdb/sumdb.corp.test/latest", "");
    Head::open(&site.key("sumdb.key"), &note).expect("a head of ours").tree().size
}

#[tokio::test(flavor = "multi_thread")]
async fn one_gosumdb_proves_private_and_public_modules_and_goes_on_after_a_restart() {
    let mut site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    let sums = whole_journey(&site, &server, "amy", "v1.0.0", "v1.0.0");
    assert_eq!(size(&site, &server), 2);
    // go.sum has the very lines of the log, and the public ones are those of the public database.
    let records = recorded(&server, 2);
    assert!(!sums.is_empty() && sums.lines().all(|line| records.contains(&format!("{line}\n"))), "{sums}\n{records}");
    assert!(sums.contains(&Module::new(PUBLIC, "v1.0.0").record()), "{sums}");
    assert_eq!(sums.lines().count(), 4);
    // The head that the client keeps is continued by the server that comes after.
    drop(server);
    let server = site.serve("store");
    whole_journey(&site, &server, "amy", "v1.1.0", "v1.1.0");
    assert_eq!(size(&site, &server), 4);
    let kept = fs::read(site.folder("amy").join("gopath/pkg/sumdb/sumdb.corp.test/latest")).expect("the kept head");
    assert_eq!(Head::open(&site.key("sumdb.key"), &kept).expect("a head").tree().size, 4);
    // Another client finds the same records, of a server that starts with the repositories, the upstream and the public database gone.
    drop(server);
    site.cut_off().await;
    let server = site.serve("store");
    assert_eq!(whole_journey(&site, &server, "bob", "v1.0.0", "v1.0.0"), sums);
    assert_eq!(size(&site, &server), 4, "nothing is written twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_toolchain_is_proven_by_our_key_before_it_runs() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    let (module, evil) = (toolchain("proven"), toolchain("evil").zip);
    // Another zip than the one that was recorded does not run.
    let path = module.url("zip");
    let change: Change = Arc::new(move |asked, body| if asked.ends_with(&path) { evil.to_vec() } else { body });
    let middle = Middle::before(server.address(), change);
    let switched = |home: &str, proxy: &str| {
        let mut go = site.go(home, proxy);
        go.env("GOTOOLCHAIN", "go1.99.0").args(["version"]);
        go
    };
    let said = fail(&mut switched("amy", &middle.url()));
    assert!(said.contains("checksum mismatch") && said.contains("sumdb.corp.test: h1:") && !said.contains("evil"), "{said}");
    let said = succeed(&mut switched("amy", server.url()));
    assert!(said.contains("proven: version\n"), "{said}");
    assert_eq!(recorded(&server, 1).trim_end(), module.record().trim_end());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_does_not_exist_is_refused_with_the_reason_and_not_written_down() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    let (status, body) = server.get("/sumdb/sumdb.corp.test/lookup/corp.test/lib@v1.9.0", "");
    let said = String::from_utf8_lossy(&body);
    assert!(status == 404 && said.contains("unknown revision v1.9.0"), "{status} {said}");
    let (status, body) = server.get("/sumdb/sumdb.corp.test/lookup/example.test/pub@v1.9.0", "");
    assert_eq!(status, 404, "{}", String::from_utf8_lossy(&body));
    assert_eq!(size(&site, &server), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_records_of_private_modules_the_go_command_prints_the_right_move() {
    let site = Site::new().await;
    site.configure("records = \"private\"");
    let server = site.serve("store");
    succeed(site.go("amy", server.url()).args(["mod", "download", &format!("{PRIVATE}@v1.0.0")]));
    let said = fail(site.go("amy", server.url()).args(["mod", "download", &format!("{PUBLIC}@v1.0.0")]));
    assert!(said.contains("403 Forbidden") && said.contains("sumdb.corp.test has records of private modules only"), "{said}");
    assert!(said.contains("name public modules in GONOSUMDB where the go command runs"), "{said}");
    succeed(site.go("amy", server.url()).env("GONOSUMDB", "example.test").args(["mod", "download", &format!("{PUBLIC}@v1.0.0")]));
    assert_eq!(size(&site, &server), 1);
}

/// A proxy in between changes what it passes on: the go command says these words and keeps nothing.
#[track_caller]
fn check(site: &Site, server: &Server, name: &str, change: Change, words: &[&str]) {
    let middle = Middle::before(server.address(), change);
    let module = format!("{PRIVATE}@v1.0.0");
    let said = fail(site.go(name, &middle.url()).args(["mod", "download", &module]));
    for word in words {
        assert!(said.contains(word), "{name}: {word}: {said}");
    }
    let unpacked = site.folder(name).join("modcache").join(&module);
    assert!(!unpacked.exists(), "{name}: the module was unpacked");
    // Without the one in between all is well again; what go kept of a lookup that proved, but of another version, goes with its cache.
    let _ = fs::remove_dir_all(site.folder(name).join("modcache"));
    succeed(site.go(name, server.url()).args(["mod", "download", &module]));
}

/// Changes the bodies of the paths that end so.
fn at(end: &'static str, change: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Change {
    Arc::new(move |path, body| if path.ends_with(end) { change(body) } else { body })
}

fn text(body: Vec<u8>, change: impl Fn(&str) -> String) -> Vec<u8> {
    change(&String::from_utf8(body).expect("text")).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampering_proxy_in_between_is_refused_by_the_go_command() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    whole_journey(&site, &server, "first", "v1.0.0", "v1.0.0");
    let evil = Module::of(PRIVATE, "v1.0.0", &[("lib.go", b"package lib // evil\n".to_vec())]);
    let zip = evil.zip.to_vec();
    let security = "SECURITY ERROR";
    check(
        &site,
        &server,
        "zip",
        at("v1.0.0.zip", move |_| zip.clone()),
        &["corp.test/lib@v1.0.0: verifying module: checksum mismatch", "sumdb.corp.test: h1:", security],
    );
    check(
        &site,
        &server,
        "mod",
        at("v1.0.0.mod", |body| [body, b"// evil\n".to_vec()].concat()),
        &["verifying go.mod: checksum mismatch", security],
    );
    let lie = evil.record();
    let lookup = "lookup/corp.test/lib@v1.0.0";
    check(
        &site,
        &server,
        "record",
        at(lookup, move |body| {
            text(body, |body| {
                let (head, rest) = body.split_once("\n\n").expect("a record and a note");
                let number = head.lines().next().expect("a number");
                format!("{number}\n{lie}\n{rest}")
            })
        }),
        &["cannot authenticate record data in server response"],
    );
    let other = format!("/{PUBLIC}@v1.0.0");
    let address = server.address();
    check(
        &site,
        &server,
        "other",
        at(lookup, move |_| super::site::get(&address, &format!("/sumdb/sumdb.corp.test/lookup{other}"), "").1),
        &["checksum missing from sumdb response"],
    );
    check(
        &site,
        &server,
        "root",
        at(lookup, |body| text(body, |body| body.replacen("\n2\n", "\n3\n", 1))),
        &["invalid signature for key sumdb.corp.test"],
    );
    check(
        &site,
        &server,
        "unsigned",
        at(lookup, |body| text(body, |body| body.replace("— sumdb.corp.test ", "— sumdb.evil.test "))),
        &["note has no verifiable signatures"],
    );
    let flipped = Arc::new(|path: &str, mut body: Vec<u8>| {
        if path.contains("/tile/8/0/") {
            body[0] ^= 1;
        }
        body
    });
    check(&site, &server, "tile", flipped, &["downloaded inconsistent tile"]);
}

/// The head that the go command of `home` keeps is not continued by `server`: it says so, with both heads and the proof.
#[track_caller]
fn refused_as_fork(site: &Site, server: &Server, home: &str, version: &str) {
    let said = fail(site.go(home, server.url()).args(["mod", "download", &format!("{PRIVATE}@{version}")]));
    for words in ["SECURITY ERROR", "go.sum database server misbehavior detected!", "proof of misbehavior:"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_history_under_the_same_key_is_refused_by_the_go_command() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    whole_journey(&site, &server, "amy", "v1.0.0", "v1.0.0");
    drop(server);
    // Another store, the same key: the records come in another order.
    let other = site.serve("other");
    let (status, _) = other.get(&format!("/sumdb/sumdb.corp.test/lookup/{PUBLIC}@v1.2.0"), "");
    assert_eq!(status, 200);
    refused_as_fork(&site, &other, "amy", "v1.1.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_from_an_old_backup_is_refused_by_who_knows_the_newer_head() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    whole_journey(&site, &server, "amy", "v1.0.0", "v1.0.0");
    drop(server);
    copy(&site.folder("store"), &site.folder("backup"));
    let server = site.serve("store");
    whole_journey(&site, &server, "amy", "v1.1.0", "v1.1.0");
    drop(server);
    let server = site.serve("backup");
    let kept = site.folder("amy").join("gopath/pkg/sumdb/sumdb.corp.test/latest");
    assert_eq!(kept_size(&site, &kept), 4);
    // A client that has its tiles still sees the two histories; one that must ask for them finds that the log is too short.
    refused_as_fork(&site, &server, "amy", "v1.2.0");
    fs::remove_dir_all(site.folder("amy").join("modcache")).expect("a cache");
    let said = fail(site.go("amy", server.url()).args(["mod", "download", &format!("{PRIVATE}@v1.0.0")]));
    assert!(said.contains("checking tree#4") && said.contains("sumdb.corp.test has no tile/8/0/000.p/4 yet"), "{said}");
    assert_eq!(kept_size(&site, &kept), 4, "the client keeps the newest head");
}

fn kept_size(site: &Site, path: &Path) -> u64 {
    Head::open(&site.key("sumdb.key"), &fs::read(path).expect("a head")).expect("a head of ours").tree().size
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_keeps_old_and_new_clients_and_ends_with_a_word() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    whole_journey(&site, &server, "old", "v1.0.0", "v1.0.0");
    drop(server);
    let old = site.key("sumdb.key").to_string();
    fs::rename(site.home.path().join("sumdb.key"), site.home.path().join("old.key")).expect("a file of ours");
    site.make_key("sumdb.key", "sumdb-2.corp.test");
    site.configure("records = \"all\"\nold_key_file = \"old.key\"");
    let server = site.serve("store");
    let with_old = |home: &str, version: &str| {
        let mut go = site.go(home, server.url());
        go.env("GOSUMDB", &old).args(["mod", "download", &format!("{PRIVATE}@{version}")]);
        go
    };
    succeed(&mut with_old("old", "v1.1.0"));
    whole_journey(&site, &server, "new", "v1.0.0", "v1.1.0");
    // The window ends by a reload for the name; the key itself goes with the next start.
    drop(server);
    site.configure("records = \"all\"\nretired = [\"sumdb.corp.test\"]");
    let server = site.serve("store");
    let mut go = site.go("old", server.url());
    let said = fail(go.env("GOSUMDB", &old).args(["mod", "download", &format!("{PRIVATE}@v1.2.0")]));
    assert!(said.contains("the key of sumdb.corp.test was retired") && said.contains("modway sumdb env"), "{said}");
    whole_journey(&site, &server, "new", "v1.2.0", "v1.2.0");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_for_auditors_after_a_reload_too() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    let (status, _) = server.get(&format!("/sumdb/sumdb.corp.test/lookup/{PRIVATE}@v1.0.0"), "");
    assert_eq!(status, 200);
    let bearer = format!("Authorization: bearer {TOKEN}");
    for path in ["tile/8/data/000.p/1", "tile/entries/000.p/1"] {
        let path = format!("/sumdb/sumdb.corp.test/{path}");
        // In this order: what an auditor was given is not kept for anybody.
        for (header, status) in
            [(bearer.as_str(), 200), ("", 403), ("Authorization: Bearer x", 403), ("Authorization: Basic Og==", 403)]
        {
            assert_eq!(server.get(&path, header).0, status, "{path} {header}");
        }
        assert_eq!(server.get(&path, &format!("{bearer}\r\n{bearer}")).0, 403, "two headers are nobody's");
    }
    let (status, hashes) = server.get("/sumdb/sumdb.corp.test/tile/0/000.p/1", "");
    assert_eq!((status, hashes.len()), (200, 32));
    fs::write(site.home.path().join("token"), "another-token-of-some-length").expect("a file");
    server.hang_up();
    let path = "/sumdb/sumdb.corp.test/tile/entries/000.p/1";
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while server.get(path, "Authorization: Bearer another-token-of-some-length").0 != 200 {
        assert!(std::time::Instant::now() < deadline, "the reload takes too long");
    }
    assert_eq!(server.get(path, &bearer).0, 403, "the token of before");
}

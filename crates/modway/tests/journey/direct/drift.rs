//! A tag that moves: what was kept first is served for ever, and the ledger names both commits.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::SystemTime,
};

use serde_json::Value;
use testkit::{repos::Format, world::World};

use super::*;

/// The whole answer to one request, its header included.
fn raw(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: modway\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

fn body(server: &Server, path: &str) -> Vec<u8> {
    let (status, body) = get(&server.address(), path).expect("an answer");
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    body
}

fn ledger(server: &Server, query: &str) -> Value {
    serde_json::from_slice(&body(server, &format!("/-/api/v1/drifts{query}"))).expect("JSON")
}

/// What `/-/why` says of a request for `path` that is over.
fn why(server: &Server, path: &str) -> String {
    let answer = raw(server, path).to_lowercase();
    let id = answer.lines().find_map(|line| line.strip_prefix("x-request-id: ")).expect("an id").trim().to_owned();
    raw(server, &format!("/-/why/{id}"))
}

fn files() -> [String; 3] {
    ["info", "mod", "zip"].map(|kind| format!("/{MODULE}/@v/v1.0.0.{kind}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_moves_is_recorded_with_both_commits_and_never_adopted() {
    let mut site = Site::new().await;
    let log = site.home.path().join("log");
    let log_file = log.display().to_string();
    // Warm: references are asked for whenever they are needed.
    let settings = [("MODWAY_DIRECT__REFS_FRESH", "1ms"), ("MODWAY_SERVER__LOG", &*log_file)];
    let server = site.modway("store", &settings);
    let query = format!("{MODULE}@v1.0.0");
    let first = download(site.go("first", server.url()), &query);
    let bytes = files().map(|path| body(&server, &path));
    assert_eq!(ledger(&server, ""), serde_json::json!({ "version": 1, "drifts": [], "next": null }));
    let kept = site.repository.git(&["rev-parse", "v1.0.0"]).trim().to_owned();
    let now = site.repository.write("lib.go", "package lib // evil\n").commit(1_600_000_900);
    site.repository.tag("v1.0.0");

    // The repository is asked about another version of the module; nothing is asked about this one.
    let asked = |site: &Site| site.server.requests().len();
    let before = asked(&site);
    body(&server, &format!("/{MODULE}/@v/v1.1.0.info"));
    let cost = asked(&site) - before;
    let told = ledger(&server, "");
    let [drift] = &told["drifts"].as_array().expect("a list")[..] else { panic!("{told}") };
    assert_eq!((&drift["module"], &drift["version"], &drift["what"]), (&Value::Null, &"v1.0.0".into(), &"tag-moved".into()));
    assert_eq!((&drift["kept"]["commit"], &drift["seen"]["commit"]), (&kept.clone().into(), &now.clone().into()));
    assert_eq!(drift["kept"]["h1"], Value::from(first.sum.clone()));
    assert_eq!(drift["origin"], Value::Null, "the module is private: strangers are told neither its name nor its place");
    assert_eq!(told["next"], Value::Null);

    // A hundred fetches, some of which ask the repository: the same bytes, the same drift.
    for number in 0..30 {
        for (path, bytes) in files().iter().zip(&bytes) {
            assert!(body(&server, path) == *bytes, "{path}: other bytes");
        }
        body(&server, &format!("/{MODULE}/@v/{}.info", if number % 2 == 0 { "main" } else { &now[..12] }));
    }
    assert_eq!(download(site.go("again", server.url()), &query), first);
    assert_eq!(ledger(&server, ""), told);
    let metrics = String::from_utf8(body(&server, "/-/metrics")).expect("text");
    assert!(metrics.contains("\nmodway_drifts_total 1\n"), "{metrics}");
    let log = fs::read_to_string(log).expect("a log");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("\"message\":\"drift of ")).collect();
    let [line] = lines[..] else { panic!("{lines:?}") };
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!(
        (&line["level"], &line["module.path"], &line["module.version"]),
        (&"error".into(), &MODULE.into(), &"v1.0.0".into())
    );
    assert!([&kept, &now].iter().all(|commit| line["message"].as_str().is_some_and(|text| text.contains(*commit))), "{line}");

    // `/-/why` of any later request for the version, and so `modway why`.
    let told_why = why(&server, &files()[1]);
    assert!([&kept, &now].iter().all(|commit| told_why.contains(*commit)) && told_why.contains("its tag moved"), "{told_why}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
    command.env_clear().env("HOME", site.folder("why")).env("PATH", path()).env("GOENV", "off");
    command.env("GOPROXY", server.url()).env("GOSUMDB", "off").args(["why", &query]);
    let told_why = String::from_utf8_lossy(&command.output().expect("it starts").stdout).into_owned();
    assert!([&kept, &now].iter().all(|commit| told_why.contains(*commit)), "{told_why}");
    drop(server);

    // Cold: another process, which has to bring the repository anew.
    fs::remove_dir_all(site.home.path().join("store/vcs")).expect("repositories");
    let server = site.modway("store", &[]);
    body(&server, &format!("/{MODULE}/@v/v1.1.0.zip"));
    for (path, bytes) in files().iter().zip(&bytes) {
        assert!(body(&server, path) == *bytes, "{path}: other bytes");
    }
    assert_eq!(download(site.go("cold", server.url()), &query), first);
    assert_eq!(ledger(&server, ""), told, "the same drift is no new one");

    // What it costs to notice is nothing: the same question of a site that keeps no version whose tag moved.
    let mut other = Site::new().await;
    let server = other.modway("store", &settings[..1]);
    download(other.go("first", server.url()), &format!("{MODULE}@v1.0.0"));
    other.repository.write("lib.go", "package lib // evil\n").commit(1_600_000_900);
    let before = asked(&other);
    body(&server, &format!("/{MODULE}/@v/v1.1.0.info"));
    assert_eq!(asked(&other) - before, cost, "no request more");
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_that_move_again_and_again_are_paged() {
    let mut site = Site::new().await;
    let server = site.modway("store", &[("MODWAY_DIRECT__REFS_FRESH", "1ms")]);
    for path in files() {
        body(&server, &path);
    }
    let mut commits = Vec::new();
    for number in 0..5 {
        commits.push(site.repository.write("lib.go", format!("package lib // {number}\n")).commit(1_600_001_000 + number));
        site.repository.tag("v1.0.0");
        body(&server, &format!("/{MODULE}/@v/main.info"));
        body(&server, &format!("/{MODULE}/@v/{}.info", &commits[number as usize][..12]));
    }
    let (mut after, mut seen) = (0, Vec::new());
    loop {
        let page = ledger(&server, &format!("?after={after}&limit=2"));
        let drifts = page["drifts"].as_array().expect("a list").clone();
        assert!(drifts.len() <= 2);
        seen.extend(drifts.iter().map(|drift| drift["seen"]["commit"].as_str().expect("a commit").to_owned()));
        let Some(next) = page["next"].as_u64() else { break };
        after = next;
    }
    assert_eq!(seen, commits);
    let (status, words) = get(&server.address(), "/-/api/v1/drifts?limit=0").expect("an answer");
    assert_eq!(status, 400, "{}", String::from_utf8_lossy(&words));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_that_is_gone_is_told_once_and_its_version_served_on() {
    let site = Site::new().await;
    let log = site.home.path().join("log");
    let log_file = log.display().to_string();
    let server = site.modway("store", &[("MODWAY_DIRECT__REFS_FRESH", "1ms"), ("MODWAY_SERVER__LOG", &*log_file)]);
    let bytes = files().map(|path| body(&server, &path));
    let kept = site.repository.git(&["rev-parse", "v1.0.0"]).trim().to_owned();
    // What was kept in the second in which tags are told may be younger than those.
    let seconds = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let kept_at = seconds();
    while seconds() <= kept_at {
        thread::sleep(Duration::from_millis(20));
    }
    site.repository.git(&["tag", "-d", "v1.0.0"]);
    // An origin that does not answer tells nothing of its tags; neither does one that has nothing at all.
    let (home, away) = (site.repository.directory(), site.home.path().join("away"));
    fs::rename(home, &away).expect("moved away");
    get(&server.address(), &format!("/{MODULE}/@v/v7.0.0.info")).expect("an answer");
    fs::rename(&away, home).expect("moved back");
    site.server.serve("lib", &Repository::new(Format::Sha1));
    get(&server.address(), &format!("/{MODULE}/@v/v8.0.0.info")).expect("an answer");
    site.server.serve("lib", &site.repository);
    assert_eq!(ledger(&server, "")["drifts"], serde_json::json!([]));

    get(&server.address(), &format!("/{MODULE}/@v/v9.0.0.info")).expect("an answer");
    let told = ledger(&server, "");
    let [drift] = &told["drifts"].as_array().expect("a list")[..] else { panic!("{told}") };
    assert_eq!((&drift["version"], &drift["what"], &drift["file"]), (&"v1.0.0".into(), &"tag-gone".into(), &"info".into()));
    assert_eq!((&drift["kept"]["commit"], &drift["seen"]["commit"]), (&kept.clone().into(), &Value::Null));
    for number in 0..10 {
        for (path, bytes) in files().iter().zip(&bytes) {
            assert!(body(&server, path) == *bytes, "{path}: other bytes");
        }
        get(&server.address(), &format!("/{MODULE}/@v/v10.{number}.0.info")).expect("an answer");
    }
    assert_eq!(ledger(&server, ""), told);
    let metrics = String::from_utf8(body(&server, "/-/metrics")).expect("text");
    assert!(metrics.contains("\nmodway_drifts_total 1\n"), "{metrics}");
    let told_why = why(&server, &files()[1]);
    assert!(told_why.contains("its tag is gone") && told_why.contains(&kept), "{told_why}");
    let log = fs::read_to_string(log).expect("a log");
    assert_eq!(log.lines().filter(|line| line.contains("\"message\":\"drift of ") && line.contains(&kept)).count(), 1);
}

/// Two upstreams that disagree about one version: the second is asked for what the store lost.
#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_of_another_upstream_are_told_once_and_refused() {
    let (home, one, two) = (tempfile::tempdir().expect("a folder"), World::start().await, World::start().await);
    let mut first = Module::new("example.test/m", "v1.0.0");
    let commit = "1234567890123456789012345678901234567890";
    first.info = format!(r#"{{"Version":"v1.0.0","Origin":{{"VCS":"git","URL":"https://example.test/m","Hash":"{commit}"}}}}"#);
    let other = Module::of("example.test/m", "v1.0.0", &[("m.go", b"package m // evil\n".to_vec())]);
    first.serve(&one);
    other.serve(&two);
    let start = |upstream: &str| Server::start(home.path(), &[("GOPROXY", upstream), ("GOSUMDB", "off")]);
    let server = start(&one.url());
    let zip = body(&server, &first.url("zip"));
    body(&server, &first.url("info"));
    drop(server);

    let lost = store_file(home.path(), &zip).expect("the zip is kept");
    fs::remove_file(lost).expect("lost");
    let server = start(&two.url());
    for _ in 0..5 {
        let (status, words) = get(&server.address(), &first.url("zip")).expect("an answer");
        assert_eq!(status, 422, "{}", String::from_utf8_lossy(&words));
    }
    assert!(two.count(&first.url("zip")) >= 5, "it was fetched again each time");
    let told = ledger(&server, "");
    let [drift] = &told["drifts"].as_array().expect("a list")[..] else { panic!("{told}") };
    assert_eq!(
        (&drift["module"], &drift["version"], &drift["what"], &drift["file"]),
        (&"example.test/m".into(), &"v1.0.0".into(), &"bytes-differ".into(), &"zip".into())
    );
    let sha256 = |bytes: &[u8]| store::Digest::of(bytes).to_string();
    assert_eq!(drift["kept"], serde_json::json!({ "sha256": sha256(&zip), "h1": first.zip_h1, "commit": commit }));
    assert_eq!(drift["seen"], serde_json::json!({ "sha256": sha256(&other.zip), "h1": other.zip_h1, "commit": null }));
    assert!(drift["origin"].as_str().is_some_and(|origin| two.url().starts_with(origin.trim_end_matches('/'))), "{drift}");
    let metrics = String::from_utf8(body(&server, "/-/metrics")).expect("text");
    assert!(metrics.contains("\nmodway_drifts_total 1\n"), "{metrics}");
    let told_why = why(&server, &first.url("info"));
    assert!([commit, &*first.zip_h1, &*other.zip_h1].iter().all(|part| told_why.contains(part)), "{told_why}");
}

/// Each upstream's bytes are of the commit that its own `.info` was seen with.
#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_are_of_the_commit_that_their_own_upstream_names() {
    let home = tempfile::tempdir().expect("a folder");
    let with = |letter: &str| {
        let mut module = Module::of("example.test/m", "v1.0.0", &[("m.go", format!("package m // {letter}\n").into_bytes())]);
        let commit = letter.repeat(40);
        module.info =
            format!(r#"{{"Version":"v1.0.0","Origin":{{"VCS":"git","URL":"https://example.test/m","Hash":"{commit}"}}}}"#);
        module
    };
    let (first, second, third) = (with("a"), with("b"), with("c"));
    let [one, two, three] = [World::start().await, World::start().await, World::start().await];
    for (module, world) in [(&first, &one), (&second, &two), (&third, &three)] {
        module.serve(world);
    }
    let start = |upstream: &World| Server::start(home.path(), &[("GOPROXY", &*upstream.url()), ("GOSUMDB", "off")]);
    let server = start(&one);
    let kept = ["info", "zip"].map(|kind| body(&server, &first.url(kind)));
    drop(server);
    for bytes in kept {
        fs::remove_file(store_file(home.path(), &bytes).expect("it is kept")).expect("lost");
    }
    let refused = |server: &Server, kind: &str| assert_eq!(get(&server.address(), &first.url(kind)).expect("an answer").0, 422);
    let server = start(&two);
    refused(&server, "info");
    refused(&server, "zip");
    drop(server);
    // Of the third one no .info was ever seen.
    let server = start(&three);
    refused(&server, "zip");
    let told = ledger(&server, "");
    let seen: Vec<(&Value, &Value)> =
        told["drifts"].as_array().expect("a list").iter().map(|drift| (&drift["file"], &drift["seen"]["commit"])).collect();
    let commit = Value::from("b".repeat(40));
    assert_eq!(seen, [(&"info".into(), &commit), (&"zip".into(), &commit), (&"zip".into(), &Value::Null)], "{told}");
}

/// The file below `folder` that holds these bytes.
fn store_file(folder: &std::path::Path, bytes: &[u8]) -> Option<PathBuf> {
    let paths = fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path());
    paths.into_iter().find_map(|path| {
        if path.is_dir() { store_file(&path, bytes) } else { fs::read(&path).is_ok_and(|found| found == bytes).then_some(path) }
    })
}

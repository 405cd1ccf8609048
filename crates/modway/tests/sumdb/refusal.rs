//! A log that signs nothing more: what an operator, a client and a load balancer see of it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use super::site::{PRIVATE, Site};

/// The lines of the server's log that say so.
fn told(store: &Path) -> Vec<String> {
    let log = fs::read_to_string(store.join("log")).expect("the server's log");
    log.lines().filter(|line| line.contains("signs nothing more")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_signs_nothing_more_says_so_once_and_modules_are_served_on() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    let lookup = |version: &str| server.get(&format!("/sumdb/sumdb.corp.test/lookup/{PRIVATE}@{version}"), "");
    assert_eq!(lookup("v1.0.0").0, 200);
    let store = site.home.path().join("store");
    assert!(told(&store).is_empty());

    let tile = store.join("logs/sumdb/files/tile/8/0/000.p/1");
    fs::set_permissions(&tile, fs::Permissions::from_mode(0o644)).expect("our own file");
    fs::write(&tile, [7; 32]).expect("our own file");
    for version in ["v1.1.0", "v1.2.0", "v1.1.0"] {
        let (status, body) = lookup(version);
        let body = String::from_utf8(body).expect("text");
        assert_eq!(status, 500, "{body}");
        assert!(body.contains("the log takes no more records: tile/8/0/000.p/1 of the log is damaged or lost"), "{body}");
        assert!(body.contains("whose move: whoever runs this server"), "{body}");
    }
    let began = Instant::now();
    while told(&store).is_empty() && began.elapsed() < Duration::from_secs(20) {
        std::thread::yield_now();
    }
    let lines = told(&store);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("\"error\"") && lines[0].contains("sumdb.corp.test") && lines[0].contains("operator"), "{lines:?}");
    assert!(lines[0].contains("tile/8/0/000.p/1"), "{lines:?}");

    assert_eq!(server.get("/-/ready", "").0, 200);
    for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
        assert_eq!(server.get(&format!("/{PRIVATE}/@v/{version}.zip"), "").0, 200, "{version}");
    }
    assert_eq!(server.get("/sumdb/sumdb.corp.test/latest", "").0, 200);
    assert_eq!(told(&store).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_audit_log_is_required_nothing_is_served_while_it_takes_no_lines() {
    let site = Site::new().await;
    let path = site.configure("");
    site.make_key("audit.key", "audit.test");
    let text = fs::read_to_string(&path).expect("the configuration") + "[audit]\nkey_file = \"audit.key\"\nrequired = true\n";
    fs::write(&path, text).expect("our own file");
    let server = site.serve("store");
    let store = site.home.path().join("store");
    let list = || server.get(&format!("/{PRIVATE}/@v/list"), "");
    assert_eq!(list().0, 200);
    let until = |what: &str, is_so: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !is_so() {
            assert!(began.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::yield_now();
        }
    };
    // The start and the request.
    let tile = store.join("logs/audit/files/tile/8/0/000.p/2");
    until("the first lines are written", &|| tile.exists());
    fs::set_permissions(&tile, fs::Permissions::from_mode(0o644)).expect("our own file");
    fs::write(&tile, [7; 64]).expect("our own file");
    until("the log takes no lines, which is seen when they are written", &|| list().0 == 503);
    for path in [format!("/{PRIVATE}/@v/list"), format!("/{PRIVATE}/@v/v1.0.0.info"), "/sumdb/sumdb.corp.test/latest".to_owned()]
    {
        let (status, body) = server.get(&path, "");
        let body = String::from_utf8(body).expect("text");
        assert_eq!(status, 503, "{path}: {body}");
        assert!(body.contains("whose move: whoever runs this server") && body.contains("code: unaudited"), "{body}");
    }
    assert_eq!(server.get("/-/health", "").0, 200);
    let told = || fs::read_to_string(store.join("log")).expect("the server's log");
    until("the server's log says so", &|| told().contains("the audit log loses lines: "));
    let lines: Vec<String> = told().lines().filter(|line| line.contains("loses lines")).map(str::to_owned).collect();
    assert!(lines.len() == 1 && lines[0].contains("\"error\"") && lines[0].contains("tile/8/0/000.p/2"), "{lines:?}");
}

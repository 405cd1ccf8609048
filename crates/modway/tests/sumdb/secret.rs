//! Whoever does not know the name of a private module is not told it, wherever he asks.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::site::{PRIVATE, PUBLIC, Server, Site, TOKEN};

/// What no answer may have in it, in any form in which names are written.
const SECRET: &str = "corp.test";

/// Everything that a stranger can think of asking, about anything but that name.
fn questions(size: u64) -> Vec<String> {
    let own = [
        "/",
        "/-/",
        "/-/health",
        "/-/ready",
        "/-/metrics",
        "/-/api/v1/drifts",
        "/-/api/v1/drifts?after=0&limit=1000",
        "/-/api/v1/drifts?limit=x",
        "/-/why/",
        "/-/why/aaaaaaaaaaaaaa",
        "/-/why/aaaaaaaaaaaaaa.json",
        "/robots.txt",
        "/index",
        "/catalog",
        "/sumdb/",
        "/sumdb",
        "/example.test/none/@v/list",
        "/example.test/none/@latest",
        "/elsewhere.test/x/@v/list",
        "/@direct/elsewhere.test/x/@v/list",
        "/sumdb/audit.test/latest",
        "/sumdb/audit.test/tile/8/data/000.p/1",
        "/sumdb/sum.other.test/supported",
    ];
    let logs = [
        "supported",
        "latest",
        "checkpoint",
        "log.v3.json",
        "lookup/",
        "lookup/none.test/x@v1.0.0",
        "tile/8/0/000",
        "tile/8/data/000",
        "tile/8/data/x001/000",
        "tile/entries/000",
        "tile/entries/000.p/0",
        "tile/8/-1/000",
        "tile/data/000",
        "tile/0/000",
        "tile/1/000",
    ];
    let sized = [
        "tile/8/0/000.p/N",
        "tile/8/data/000.p/N",
        "tile/0/000.p/N",
        "tile/entries/000.p/N",
        "tile/4/data/000.p/N",
        "tile/1/0/000.p/N",
    ];
    let of_logs = logs.iter().map(|path| (*path).to_owned());
    let of_tiles = (1..=size).flat_map(|width| sized.map(|path| path.replace('N', &width.to_string())));
    let below: Vec<String> = of_logs.chain(of_tiles).collect();
    let prefixes = ["/sumdb/sumdb.corp-log.test/", "/@direct/sumdb/sumdb.corp-log.test/"];
    own.map(str::to_owned)
        .into_iter()
        .chain(prefixes.iter().flat_map(|prefix| below.iter().map(move |path| format!("{prefix}{path}"))))
        .collect()
}

fn drifts(server: &Server, header: &str) -> Value {
    serde_json::from_slice(&server.get("/-/api/v1/drifts", header).1).expect("JSON")
}

/// Until the ledger has a line.
fn wait_for_drift(server: &Server, auditor: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while drifts(server, auditor)["drifts"].as_array().is_none_or(Vec::is_empty) {
        assert!(Instant::now() < end, "in vain: a drift");
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_know_a_private_name_is_told_it_nowhere() {
    let mut site = Site::new().await;
    // A log whose name has nothing of the secret.
    std::fs::remove_file(site.home.path().join("sumdb.key")).expect("a key");
    site.make_key("sumdb.key", "sumdb.corp-log.test");
    site.make_key("audit.key", "audit.test");
    let file = site.configure("records = \"all\"");
    let text = std::fs::read_to_string(&file).expect("the configuration") + "[audit]\nkey_file = \"audit.key\"\n";
    std::fs::write(&file, text.replacen("[direct]\n", "[direct]\nrefs_fresh = \"1ms\"\n", 1)).expect("a file");
    let server = site.serve("store");
    let auditor = format!("Authorization: Bearer {TOKEN}");
    for path in [
        format!("/sumdb/sumdb.corp-log.test/lookup/{PRIVATE}@v1.0.0"),
        format!("/sumdb/sumdb.corp-log.test/lookup/{PUBLIC}@v1.0.0"),
    ] {
        assert_eq!(server.get(&path, "").0, 200, "who knows a name may look it up");
    }
    assert_eq!(server.get(&format!("/{PRIVATE}/@v/v9.0.0.info"), "").0, 404);
    // The commit of a version is kept with its .info.
    assert_eq!(server.get(&format!("/{PRIVATE}/@v/v1.0.0.info"), "").0, 200);
    site.repository.write("lib.go", "package lib // other\n").commit(1_600_000_900);
    site.repository.tag("v1.0.0");
    assert_eq!(server.get(&format!("/{PRIVATE}/@v/v1.1.0.info"), "").0, 200);
    wait_for_drift(&server, &auditor);
    let told = drifts(&server, &auditor);
    assert_eq!((&told["drifts"][0]["module"], &told["drifts"][0]["version"]), (&PRIVATE.into(), &"v1.0.0".into()));
    assert!(told["drifts"][0]["origin"].as_str().is_some_and(|origin| origin.starts_with("git http://")), "{told}");
    for header in ["", "Authorization: Bearer 0123456789abcdefghij0123456780", "Authorization: Basic c2VjdXJpdHk6"] {
        for method in ["", "Accept: application/json"] {
            let headers = [header, method].into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\r\n");
            for path in questions(2) {
                let (status, body) = server.get(&path, &headers);
                let text = String::from_utf8_lossy(&body).to_lowercase();
                assert!(!text.contains(SECRET) && !text.contains("corp%2etest"), "{status} {path} {headers}: {text}");
            }
        }
    }
    let told = drifts(&server, "");
    assert_eq!(
        (&told["drifts"][0]["module"], &told["drifts"][0]["origin"]),
        (&Value::Null, &Value::Null),
        "that there is one is told"
    );
    assert_eq!(told["drifts"][0]["what"], "tag-moved");
    // An auditor who read the records leaves nothing behind for others.
    let tile = "/sumdb/sumdb.corp-log.test/tile/8/data/000.p/2";
    assert!(String::from_utf8_lossy(&server.get(tile, &auditor).1).contains(PRIVATE));
    assert_eq!(server.get(tile, "").0, 403);
    let metrics = String::from_utf8(server.get("/-/metrics", "").1).expect("text");
    for line in
        ["modway_log_records{log=\"sumdb\"} 2", "modway_log_refuses{log=\"sumdb\"} 0", "modway_log_refuses{log=\"audit\"} 0"]
    {
        assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    }
    for name in
        ["modway_log_heads_total{log=\"sumdb\"} ", "modway_log_signed_timestamp_seconds{log=\"audit\"} ", "modway_audit_waiting "]
    {
        assert!(
            metrics.lines().any(|found| found.starts_with(name) && !(name.contains("heads") && found.ends_with(" 0"))),
            "{name}: {metrics}"
        );
    }
}

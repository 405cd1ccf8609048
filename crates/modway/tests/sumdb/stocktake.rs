//! `modway store check` of a store with a log of our own and files of a checksum database of others.

use std::{fs, path::Path, thread};

use serde_json::Value;
use testkit::modules::Module;

use super::{
    commands::modway,
    site::{PRIVATE, PUBLIC, Server, Site},
};

const CHECK: [&str; 6] = ["store", "check", "--config", "modway.toml", "--store", "store"];

fn look_up(server: &Server, module: &str, version: &str) {
    let (status, body) = server.get(&format!("/sumdb/sumdb.corp.test/lookup/{module}@{version}"), "");
    assert_eq!(status, 200, "{module}@{version}: {}", String::from_utf8_lossy(&body));
}

/// Exit code and document of a check.
fn check(site: &Site) -> (Option<i32>, Value) {
    let (code, printed, said) = modway(site.home.path(), &[&CHECK[..], &["--json"]].concat());
    (code, serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}{said}")))
}

/// Flips a bit in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::remove_file(path).expect("our file");
    fs::write(path, bytes).expect("a file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_check_proves_our_log_and_says_whose_move_a_damage_is() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let server = site.serve("store");
    for module in [PRIVATE, PUBLIC] {
        for version in ["v1.0.0", "v1.1.0", "v1.2.0"] {
            look_up(&server, module, version);
        }
    }
    let told = |code: i32, lines: &[&str]| {
        let (ended, printed, said) = modway(site.home.path(), &CHECK);
        assert_eq!((ended, said.as_str()), (Some(code), ""), "{printed}");
        assert!(lines.iter().all(|line| printed.contains(line)), "{printed}");
    };
    let whole =
        "6 records of 1 log and 2 tiles in it; 3 lookups and 2 tiles kept of checksum databases of others\nall of it is right\n";
    told(0, &[whole]);
    drop(server);
    told(0, &[whole]);
    let tile = site.folder("store").join("logs/sumdb/files/tile/8/data/000.p/6");
    flip(&tile);
    let named = "logs/sumdb/tile/8/data/000.p/6: its records are not those of the signed tree\n";
    let move_of = "1 finding; nobody else has the logs of your own: stop the server and bring their folders in logs/ and index.sqlite back together";
    told(1, &[named, move_of]);
    assert!(tile.exists(), "nothing can be fetched in its place, so it is not put aside");
    flip(&tile);
    told(0, &[whole]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_grows_during_a_check_is_not_called_damaged() {
    let site = Site::new().await;
    site.configure("records = \"all\"");
    let modules: Vec<Module> = (0..320).map(|number| Module::new(&format!("example.test/grows{number}"), "v1.0.0")).collect();
    for module in &modules {
        site.public.add(&module.record());
    }
    // That of the others grows, too: each of its answers ends in another head.
    site.public.busy();
    let server = site.serve("store");
    let ask = |modules: &[Module]| modules.iter().for_each(|module| look_up(&server, &module.path, "v1.0.0"));
    // What follows goes over the end of the first tile.
    thread::scope(|scope| modules[..224].chunks(14).for_each(|some| drop(scope.spawn(|| ask(some)))));
    let mut seen = Vec::new();
    thread::scope(|scope| {
        let asking = scope.spawn(|| ask(&modules[224..]));
        while !asking.is_finished() {
            let (code, report) = check(&site);
            assert_eq!(code, Some(0), "{report:#}");
            seen.push(report["logs"]["records"].as_u64().expect("a number"));
        }
    });
    assert!(seen.is_sorted() && seen.first() < seen.last(), "{seen:?}");
    assert_eq!(check(&site).1["logs"]["records"], 320);
}

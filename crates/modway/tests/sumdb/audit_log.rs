//! The audit log of a real server: written, exported beside it, and proven.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;
use testkit::{faults::Play, modules::Module, world::World};

use crate::commands::modway;

/// A server with an audit log, in a folder of its own.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.args(["serve", "--config", "modway.toml"]).env_clear().env("HOME", folder).current_dir(folder);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.by_ref().find_map(|line| line.strip_prefix("export GOPROXY=http://").map(str::to_owned));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: url.expect("it says where it listens") }
    }

    /// The status of the answer.
    fn get(&self, path: &str, more: &str) -> u16 {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: modway\r\nConnection: close\r\n{more}\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer.split(' ').nth(1).expect("a status").parse().expect("a number")
    }

    /// Stops it as an operator does, and waits.
    fn stop(mut self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM).expect("it lives");
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Best effort: the test is over either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder with a configuration, and the key that verifies.
async fn configured(more: &str) -> (tempfile::TempDir, String, World) {
    let folder = tempfile::tempdir().expect("a folder");
    let (code, printed, said) = modway(folder.path(), &["sumdb", "init", "audit.test", "--key", "audit.key"]);
    assert_eq!(code, Some(0), "{said}");
    let (upstream, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    upstream.on(&module.url("info"), [Play::ok(module.info.clone())]);
    let text = format!(
        "[server]\nlisten = [\"127.0.0.1:0\"]\n[store]\npath = \"store\"\n[sumdb]\ngosumdb = \"off\"\n[audit]\nkey_file = \"audit.key\"\n{more}\n\
         [upstream.up]\nurl = \"{}\"\n[[route]]\nname = \"tests\"\nmatch = \"*.test\"\nupstreams = \"up\"\n\
         [[route]]\nname = \"rest\"\nmatch = \"*\"\nupstreams = \"off\"\n",
        upstream.url()
    );
    fs::write(folder.path().join("modway.toml"), text).expect("the folder is ours");
    (folder, printed.lines().next().expect("the key").to_owned(), upstream)
}

fn export(folder: &Path, name: &str) -> String {
    let (code, _, said) = modway(folder, &["sumdb", "export-audit", "--config", "modway.toml", "--output", name]);
    assert_eq!(code, Some(0), "{said}");
    fs::read_to_string(folder.join(name)).expect("it was written")
}

fn records(export: &str) -> Vec<Value> {
    let lines = export.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines.filter_map(|mut line| line.get_mut("record").map(Value::take)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_asked_of_a_server_is_in_its_audit_log_and_proves() {
    let (folder, key, _upstream) = configured("").await;
    let folder = folder.path();
    tokio::task::block_in_place(|| {
        let server = Server::start(folder);
        assert_eq!(server.get("/example.test/m/@v/v1.0.0.info", "Authorization: Basic bWlyYTpodXNo\r\n"), 200);
        assert_eq!(server.get("/example.test/m/@v/v1.0.0.info", ""), 200);
        assert_eq!(server.get("/example.test/none/@v/list", ""), 404);
        assert_eq!(server.get("/elsewhere.example/m/@v/list", ""), 403);
        assert_eq!(server.get("/-/health", ""), 200);
        assert_eq!(server.get("/example.test/!!/@v/list", ""), 400);
        assert_eq!(server.get("/sumdb/none.test/tile/8/data/000", ""), 404);
        // The first lines are on their way to the disk: each look is a process of its own.
        let beside = |look: u32| !records(&export(folder, &format!("beside-{look}.jsonl"))).is_empty();
        assert!((0..300).any(beside), "it can be read while the server runs");
        server.stop();
        fs::write(folder.join("first.jsonl"), "x".repeat(1 << 20)).expect("the folder is ours");
        let first = export(folder, "first.jsonl");
        let mode = fs::metadata(folder.join("first.jsonl")).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "who asked for what is not for everybody");
        symlink("/proc/self/fd/1", folder.join("out")).expect("the folder is ours");
        let arguments = ["sumdb", "export-audit", "--config", "modway.toml", "--output", "out"];
        assert_eq!(modway(folder, &arguments).1, first, "what is no file is written to as it is");
        assert!(!first.contains("hush") && !first.contains("bWlyYTpodXNo"), "no password");
        let told: Vec<String> = records(&first)
            .iter()
            .map(|record| {
                let of = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
                [
                    of("event"),
                    of("login"),
                    of("what"),
                    of("module"),
                    of("version"),
                    of("decision"),
                    record["status"].to_string(),
                    of("reason"),
                    of("rule"),
                    of("pattern"),
                ]
                .join(" ")
            })
            .collect();
        assert_eq!(
            told,
            [
                "start      null   ",
                "asked mira info example.test/m v1.0.0 served 200  route/tests *.test",
                // This one is answered from memory.
                "asked  info example.test/m v1.0.0 served 200  route/tests *.test",
                "asked  list example.test/none  absent 404 not-exist route/tests *.test",
                "asked  list elsewhere.example/m  refused 403 off route/rest *",
                "asked  bad   refused 400 bad-path  ",
                "asked  sumdb/records   absent 404 not-served  ",
                "stop      null   ",
            ]
        );
        assert!(records(&first).iter().filter(|record| record["event"] == "asked").all(|record| record["client"] == "127.0.0.1"));
        let prove = |arguments: &[&str]| modway(folder, &[&["sumdb", "prove-audit", "--key", &key], arguments].concat());
        assert_eq!(
            prove(&["first.jsonl"]),
            (Some(0), "proven: records 0 to 7 are those that audit.test signed, all of them, in order\n".into(), String::new())
        );
        fs::write(folder.join("changed.jsonl"), first.replacen("mira", "mona", 1)).expect("the folder is ours");
        assert_eq!(prove(&["changed.jsonl"]).1, "not proven: line 3: record 1 was changed\n");
        assert_eq!(prove(&["changed.jsonl", "--json"]).0, Some(1));
        let (code, proof, _) = prove(&["first.jsonl", "--line", "1"]);
        assert!(code == Some(0) && proof.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{proof}");
        fs::write(folder.join("one.tlog-proof"), &proof).expect("the folder is ours");
        let (code, said, _) = prove(&["one.tlog-proof", "--line", "1"]);
        let record =
            first.lines().nth(2).and_then(|line| line.split_once(",\"record\":")?.1.strip_suffix('}')).expect("a record");
        let told = format!("proven: this is record 1 of the 8 that audit.test signed\n{record}\n");
        assert_eq!((code, said), (Some(0), told));
        let id = records(&first)[2]["request"].as_str().expect("an id").to_owned();
        assert_eq!(prove(&["first.jsonl", "--request", &id]).1, prove(&["first.jsonl", "--line", "2"]).1);
        let said: Value = serde_json::from_str(&prove(&["one.tlog-proof", "--json"]).1).expect("JSON");
        assert_eq!(
            (&said["proven"], &said["line"]["number"], &said["line"]["record"]["login"]),
            (&true.into(), &1.into(), &"mira".into())
        );
        assert_eq!(prove(&["one.tlog-proof", "--line", "2"]).1, "not proven: it is the proof of another line: record 1\n");
        fs::write(folder.join("bad.tlog-proof"), proof.replacen("index 1", "index 2", 1)).expect("the folder is ours");
        let (code, said, _) = prove(&["bad.tlog-proof"]);
        let told = "not proven: this is not record 2 that audit.test signed: the line, its number or the proof was changed\n";
        assert_eq!((code, said.as_str()), (Some(1), told));
        let told = "not proven: record 8 is not in the export, which has the records from 0 on, and 8 is the next one\n";
        assert_eq!(prove(&["first.jsonl", "--line", "8"]).1, told);
        let server = Server::start(folder);
        assert_eq!(server.get("/example.test/m/@v/v1.0.0.info", ""), 200);
        server.stop();
        assert_eq!(records(&export(folder, "second.jsonl")).len(), 11);
        assert_eq!(prove(&["second.jsonl", "--earlier", "first.jsonl"]).0, Some(0));
        let (code, said, _) = prove(&["first.jsonl", "--earlier", "second.jsonl"]);
        assert_eq!(
            (code, said.as_str()),
            (Some(1), "not proven: an earlier head of 11 records cannot be looked at: the export has records 0 to 8\n")
        );
        assert_eq!(prove(&["first.jsonl", "--earlier", "modway.toml"]).0, Some(2));
        assert_eq!(prove(&["nowhere.jsonl"]).0, Some(3));
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_blinding_key_no_name_is_written() {
    let (folder, key, _upstream) = configured("blinding_key_file = \"blind\"").await;
    let folder = folder.path();
    fs::write(folder.join("blind"), "0123456789abcdef".repeat(4)).expect("the folder is ours");
    fs::set_permissions(folder.join("blind"), fs::Permissions::from_mode(0o600)).expect("the folder is ours");
    tokio::task::block_in_place(|| {
        let server = Server::start(folder);
        assert_eq!(server.get("/example.test/m/@v/v1.0.0.info", "Authorization: Basic bWlyYTpodXNo\r\n"), 200);
        server.stop();
        let export = export(folder, "export.jsonl");
        assert!(
            ["mira", "example.test", "127.0.0.1", "v1.0.0", "*.test", "route/"].iter().all(|name| !export.contains(name)),
            "{export}"
        );
        let blind = proxy::audit::Blind::new("0123456789abcdef".repeat(4).as_bytes()).expect("a key");
        assert!(export.contains(&blind.name("module", "example.test/m")), "{export}");
        assert_eq!(modway(folder, &["sumdb", "prove-audit", "export.jsonl", "--key", &key]).0, Some(0));
    });
}

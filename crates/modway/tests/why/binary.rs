//! The command itself: flags, exit codes, JSON, `--apply`, and a modway server on the way.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use testkit::go::Go;

use crate::world::{MODULE, Town};

/// Runs `modway why` in the town.
async fn why(town: &Town, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
    let environment = town.environment();
    command.arg("why").args(words).env_clear().envs(environment.iter()).stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().expect("it was built for this test")).await.expect("it ran")
}

#[track_caller]
fn check(output: &Output, code: i32, words: &str) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}{errors}");
    assert!(text.contains(words), "{words}: {text}{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_exit_code_says_whether_it_breaks() {
    let town = Town::new().await.proxied().recorded();
    check(&why(&town, &[&format!("{MODULE}@v1.0.0")]).await, 0, "it works");
    check(&why(&town, &["--lang", "zh", &format!("{MODULE}@v9.0.0")]).await, 1, "怎么办");
    let works = why(&town, &["--json", &format!("{MODULE}@v1.0.0")]).await;
    assert!(serde_json::from_slice::<Value>(&works.stdout).expect("JSON")["docs"].is_null(), "nothing broke");
    check(&why(&town, &["--dry", MODULE]).await, 0, "not known without asking");
    check(&why(&town, &["--dry", "--apply", MODULE]).await, 2, "");
    check(&why(&town, &["--env", "/nowhere", MODULE]).await, 3, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn json_tells_the_same_to_programs() {
    let town = Town::new().await.go_trusts().set("GOPRIVATE", "git.example.test");
    let output = why(&town, &["--json", &format!("{MODULE}@v1.0.0")]).await;
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((told["version"].as_u64(), told["outcome"]["class"].as_str()), (Some(1), Some("repository-certificate")));
    assert_eq!((&told["code"], &told["docs"]), (&"git-tls".into(), &"docs/errors.md#git-tls".into()));
    assert_eq!(told["hops"][0]["kind"], "direct");
    assert_eq!(told["hops"][1]["state"], "passed");
    assert_eq!(told["tls"]["git"]["trust"], "bundle");
    let steps: Vec<&str> = told["hops"][0]["asked"][0]["exchanges"][0]["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .filter_map(|step| step["step"].as_str())
        .collect();
    assert_eq!(steps, ["tcp", "tunnel", "tls", "http"]);
    assert_eq!(told["fixes"][0]["code"], "git-ca-of-go");
    assert_eq!(told["fixes"][0]["can_be_applied"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_runs_the_fix_and_looks_again() {
    let town = Town::new().await.go_trusts().git_trusts();
    let go = Go::find();
    let path = format!("{}:{}", go.path().parent().expect("a folder").display(), std::env::var("PATH").unwrap_or_default());
    let list = town.proxy.url();
    let town = town.set("PATH", &path).set("GOPROXY", &list).set("GOFLAGS", "-toolexec=/nowhere/evil");
    let asked = why(&town, &["--apply", &format!("{MODULE}@v1.0.0")]).await;
    check(&asked, 1, "go env -w GOPRIVATE=git.example.test");
    let file = town.path(".config/go/env");
    assert!(!std::path::Path::new(&file).exists(), "nobody said yes");
    let applied = why(&town, &["--apply", "--yes", &format!("{MODULE}@v1.0.0")]).await;
    check(&applied, 0, "it works as far as was looked");
    assert_eq!(std::fs::read_to_string(file).expect("go env -w wrote it"), "GOPRIVATE=git.example.test\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modway_server_on_the_way_tells_what_it_did_for_the_request_that_failed() {
    let town = Town::new().await.proxied();
    let server = Server::start(&town);
    let town = town.set("GOPROXY", &server.url).set("GOSUMDB", "off");
    let output = why(&town, &[&format!("{MODULE}@v1.0.0")]).await;
    check(&output, 1, "this is a modway server; it says:");
    let text = String::from_utf8_lossy(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    let inside = format!("asked {} for {MODULE}/@v/v1.0.0.zip: found", town.proxy.url());
    assert!(text.contains(&inside) && text.contains("zip: not a valid zip file"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_server_with_ids_like_ours_is_asked_for_its_part() {
    let town = Town::new().await.proxied().recorded();
    town.proxy.on(
        &format!("/{MODULE}/@v/v1.0.0.info"),
        [testkit::faults::Play::ok("{\"Version\":\"v1.0.0\"}").header("X-Request-Id", "4f9c-OTHER")],
    );
    check(&why(&town, &[&format!("{MODULE}@v1.0.0")]).await, 0, "it works");
    assert!(town.proxy.seen().iter().all(|seen| !seen.target.starts_with("/-/")));
}

/// `modway serve` before the town's proxy.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(town: &Town) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        let store = town.path("store");
        std::fs::create_dir_all(&store).expect("a folder for the store");
        command.args(["serve", "--listen", "127.0.0.1:0", "--store", &store]).env_clear().env("HOME", &store);
        command.envs([("GOENV", "off"), ("GOPROXY", &town.proxy.url()), ("GOSUMDB", "off")]);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it was built for this test");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let url = lines.by_ref().find_map(|line| line.strip_prefix("export GOPROXY=").map(str::to_owned));
        let url = url.expect("the server prints the line to set");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Best effort: the test is over either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

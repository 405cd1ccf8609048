//! The first journey on real modules: a real project through `modway serve`, cold, warm, and with every upstream gone.
//!
//! Runs where the machine reaches a module proxy; elsewhere it says that it was skipped.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Instant,
};

use gomod::goenv::defaults;
use testkit::go::Go;

use super::{say, server::Server};

/// A web server with 142 requirements in its own go.mod, each with its line in its own go.sum.
const PROJECT: &str = "github.com/caddyserver/caddy/v2@v2.8.4";

/// At least so many modules must travel for the journey to count.
const MODULES: usize = 100;

#[test]
fn a_real_project_travels_cold_warm_and_with_every_upstream_gone() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let proxy = std::env::var("GOPROXY").ok().filter(|list| !list.is_empty()).unwrap_or_else(|| defaults::GOPROXY.into());
    if !reaches(&proxy, home.path()) {
        return testkit::mount::skipped("live journey", "no module proxy is reached from this machine");
    }
    let store = home.path().join("store");
    let project;
    {
        let server = Server::start(&store, &[("GOPROXY", &proxy)]);
        project = unpack(&server, home.path());
        let cold = download(&server, &project, &home.path().join("cold"));
        let warm = download(&server, &project, &home.path().join("warm"));
        say(&format!("live: {} modules of {PROJECT}, cold {:.1}s, warm {:.1}s", cold.0, cold.1, warm.1));
        assert!(cold.0 >= MODULES, "only {} modules", cold.0);
        assert_eq!(cold.0, warm.0);
    }
    // The same store, no upstream: the port is closed, and so is the forward proxy that anything else would have to take.
    let nowhere =
        [("GOPROXY", "http://127.0.0.1:1"), ("HTTPS_PROXY", "http://127.0.0.1:1"), ("HTTP_PROXY", "http://127.0.0.1:1")];
    let server = Server::start(&store, &nowhere);
    let cut = download(&server, &project, &home.path().join("cut"));
    say(&format!("live: {} modules with every upstream gone, {:.1}s", cut.0, cut.1));
    assert!(cut.0 >= MODULES);
}

fn reaches(proxy: &str, home: &Path) -> bool {
    let mut go = Go::find().command(&fresh(&home.join("probe")));
    let probe = go.args(["list", "-m", "-json", PROJECT]).env("GOPROXY", proxy).output();
    probe.is_ok_and(|output| output.status.success())
}

/// The project's own folder, out of the module zip that came through the server.
fn unpack(server: &Server, home: &Path) -> PathBuf {
    let cache = fresh(&home.join("unpack"));
    succeed(go(server, &cache).args(["mod", "download", PROJECT]));
    cache.join("modcache").join(PROJECT)
}

/// Downloads every module of the project into an empty cache and verifies it against the project's own go.sum and the checksum database.
fn download(server: &Server, project: &Path, home: &Path) -> (usize, f64) {
    let home = fresh(home);
    let started = Instant::now();
    let output = succeed(go(server, &home).current_dir(project).args(["mod", "download", "-json"]));
    let seconds = started.elapsed().as_secs_f64();
    let modules = String::from_utf8_lossy(&output.stdout).matches("\"GoModSum\"").count();
    succeed(go(server, &home).current_dir(project).args(["mod", "verify"]));
    (modules, seconds)
}

fn go(server: &Server, home: &Path) -> Command {
    let mut go = Go::find().command(home);
    go.env("GOPROXY", server.url()).env("GOSUMDB", defaults::GOSUMDB);
    go
}

#[track_caller]
fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("the go command starts");
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn fresh(path: &Path) -> PathBuf {
    fs::create_dir_all(path).expect("a folder in the temporary folder");
    path.to_owned()
}

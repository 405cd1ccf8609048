//! With the real go command: what it says of a project is what the check says, and it builds what the check has mended.

use std::{
    fs, io,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use testkit::{go::Go, modules::any_zip};

use crate::world::{Said, World};

const MAIN: &str = "package main\n\nimport _ \"a.test/x\"\n\nfunc main() {}\n";

/// A project that builds, with a proxy in a folder, and go in the PATH.
fn world() -> World {
    let world = World::new()
        .file("go.mod", "module git.corp.example/team/app\n\ngo 1.24.0\n\ntoolchain go1.24.0\n\nrequire a.test/x v1.0.0\n")
        .file("main.go", MAIN);
    for version in ["v1.0.0", "v1.1.0"] {
        let retraction = if version == "v1.1.0" { "\nretract v1.0.0 // leaks keys\n" } else { "" };
        let text = format!("// Deprecated: use b.test/x\nmodule a.test/x\n\ngo 1.20\n{retraction}");
        let names = ["go.mod", "x.go"].map(|name| format!("a.test/x@{version}/{name}"));
        let zip = any_zip(&[(&names[0], text.as_bytes(), None), (&names[1], b"package x\n", None)]);
        let folder = world.path().join("proxy/a.test/x/@v");
        fs::create_dir_all(&folder).unwrap();
        let info = format!("{{\"Version\":\"{version}\",\"Time\":\"2024-05-06T07:08:09Z\"}}");
        fs::write(folder.join(format!("{version}.info")), info).unwrap();
        fs::write(folder.join(format!("{version}.mod")), &text).unwrap();
        fs::write(folder.join(format!("{version}.zip")), &zip).unwrap();
    }
    fs::write(world.path().join("proxy/a.test/x/@v/list"), "v1.0.0\nv1.1.0\n").unwrap();
    let proxy = format!("file://{}/proxy", world.path().display());
    let bin = Go::find().root().join("bin").display().to_string();
    let world = world.env("GOPROXY", &proxy).env("PATH", &bin).env("GOTOOLCHAIN", "local").env("GOTELEMETRY", "off");
    // Not judged here: there is no checksum database for such modules.
    world.env("GONOSUMDB", "a.test").env("GOPRIVATE", "a.test").env("GONOPROXY", "none")
}

fn go(world: &World, words: &[&str]) -> Said {
    let mut command = Command::new(Go::find().path());
    command.args(words);
    world.said(command)
}

/// The module cache is read-only, and a temporary folder can only be removed without it.
fn clean(world: &World) {
    go(world, &["clean", "-modcache"]);
}

fn rules(said: &Said) -> Vec<String> {
    said.found().into_iter().map(|(rule, ..)| rule).collect()
}

#[test]
fn what_is_retracted_and_deprecated_is_asked_of_upstream() {
    let world = world();
    assert_eq!(go(&world, &["mod", "download"]).code, 0);
    assert_eq!(go(&world, &["build"]).code, 1, "go.sum is not complete");
    assert_eq!(go(&world, &["mod", "tidy"]).code, 0);
    let said = world.modway(&["--json"]);
    assert_eq!(rules(&said), ["require-retracted", "require-deprecated"], "{said:#?}");
    let report = said.json();
    assert_eq!(report["findings"][0]["line"], 5);
    assert_eq!(report["findings"][0]["why"], "the author has retracted v1.0.0: leaks keys");
    assert_eq!(report["findings"][1]["why"], "the author has deprecated a.test/x: use b.test/x");
    clean(&world);
}

#[test]
fn go_sum_is_complete_exactly_if_go_builds() {
    let world = world();
    assert_eq!(go(&world, &["mod", "tidy"]).code, 0);
    let whole = world.read("go.sum");
    assert_eq!(whole.lines().count(), 2, "{whole}");
    let without =
        |dropped: &str| whole.lines().filter(|line| *line != dropped).map(|line| format!("{line}\n")).collect::<String>();
    let mut world = world;
    for sum in whole.lines().map(without).chain([String::new(), whole.clone(), format!("{whole}\n{whole}")]) {
        world = world.file("go.sum", &sum);
        let builds = go(&world, &["build", "-o", "/dev/null"]).code == 0;
        let missing = world.found().iter().any(|(rule, ..)| rule == "go-sum-missing");
        assert_eq!(builds, !missing, "{sum:?}");
        assert_eq!(world.read("go.sum"), sum, "neither writes it");
    }
    clean(&world);
}

#[test]
fn go_builds_what_was_mended_and_mending_again_changes_nothing() {
    let world = world().file(
        "go.mod",
        "module git.corp.example/team/app\n\ngo 1.24.0\n\ntoolchain go1.24.0\n\nrequire a.test/x v1.0.0 // kept\n",
    );
    assert_eq!(go(&world, &["mod", "download", "a.test/x@v1.0.0"]).code, 0);
    let sum = world.read("go.sum");
    let world = world.file("go.sum", &format!("{sum}{sum}"));
    let said = world.modway(&["--fix", "--offline", "--json"]);
    assert_eq!((said.code, rules(&said)), (0, Vec::new()), "{said:#?}");
    let (mended, sums) = (world.read("go.mod"), world.read("go.sum"));
    assert_eq!(mended, "module git.corp.example/team/app\n\ngo 1.24.0\n\nrequire a.test/x v1.0.0 // kept\n");
    assert_eq!(sums, sum);
    assert_eq!(go(&world, &["build", "-mod=readonly", "-o", "/dev/null"]).code, 0);
    assert_eq!(world.modway(&["--fix", "--offline"]).stderr, "");
    assert_eq!((world.read("go.mod"), world.read("go.sum")), (mended, sums));
    clean(&world);
}

/// A server that counts who comes, and says nothing.
fn listener() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, count) = (listener.local_addr().unwrap().to_string(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let _ = connection.and_then(|stream| {
                io::Write::write_all(&mut &stream, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            });
        }
    });
    (address, count)
}

#[test]
fn offline_nobody_is_asked_whatever_the_settings_say() {
    let (address, count) = listener();
    for (private, words, asked) in
        [("a.test", &["--offline"][..], false), ("none", &["--offline"], false), ("none", &[], true), ("a.test", &[], true)]
    {
        count.store(0, Ordering::SeqCst);
        let world = World::good().env("GOPRIVATE", private);
        let world = settings_of(world, &address);
        let said = world.modway(words);
        assert_eq!(count.load(Ordering::SeqCst) > 0, asked, "{private} {words:?}: {said:#?}");
    }
}

fn settings_of(world: World, address: &str) -> World {
    world
        .env("PATH", &format!("{}:/usr/bin:/bin", Go::find().root().join("bin").display()))
        .env("GOPROXY", &format!("http://{address}"))
        .env("GOINSECURE", "*")
        .env("HTTP_PROXY", &format!("http://{address}"))
        .env("HTTPS_PROXY", &format!("http://{address}"))
        .env("GOTELEMETRY", "off")
}

/// A project whose settings and directives would run a program, another toolchain, and writes to its files.
fn hostile() -> World {
    let world = world();
    let evil = world.project().join("evil").display().to_string();
    let world = world
        .settings(&format!("CC={evil}\nGOFLAGS=-toolexec={evil} -mod=mod\nGOTOOLCHAIN=go1.99.0+auto\n"))
        .file("go.mod", "module git.corp.example/team/app\n\ngo 1.24.0\n\ntoolchain go1.99.0\n\ntool a.test/x/cmd\n\nrequire a.test/x v1.0.0\n")
        .file("evil", &format!("#!/bin/sh\n: > {evil}.ran\n"))
        .env("GOTOOLCHAIN", "go1.99.0+auto");
    fs::set_permissions(world.project().join("evil"), fs::Permissions::from_mode(0o755)).unwrap();
    world
}

#[test]
fn hostile_settings_and_directives_run_nothing_and_change_nothing() {
    let world = hostile();
    let go_mod = world.read("go.mod");
    let said = world.modway(&["--json"]);
    assert!(rules(&said).contains(&"goflags-toolexec".to_owned()), "{said:#?}");
    assert!(said.json()["unknown"][0]["why"].as_str().unwrap().contains("missing go.sum entry"), "{said:#?}");
    assert!(!world.project().join("go.sum").exists(), "-mod=mod would have written it");
    assert_eq!(world.read("go.mod"), go_mod);
    // With sums go list can do its work, and does it with the toolchain that is here.
    let sums = world.env("GOFLAGS", "-mod=mod").env("GOTOOLCHAIN", "local");
    assert_eq!(go(&sums, &["mod", "download", "all"]).code, 0);
    let world = sums.env("GOFLAGS", "-toolexec=./evil -mod=mod").env("GOTOOLCHAIN", "go1.99.0+auto");
    let said = world.modway(&["--json"]);
    assert_eq!(said.json()["unknown"].as_array().map(Vec::len), Some(0), "{said:#?}");
    assert!(rules(&said).contains(&"require-retracted".to_owned()), "{said:#?}");
    assert!(!world.project().join("evil.ran").exists(), "something was run");
    clean(&world.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=readonly"));
}

#[test]
fn without_a_go_command_what_cannot_be_known_is_told() {
    let world = World::good();
    let said = world.modway(&[]);
    assert_eq!(said.code, 3);
    assert!(
        said.stdout.contains("not checked: require-retracted, require-deprecated: go list: no go in PATH"),
        "{}",
        said.stdout
    );
    assert_eq!(world.modway(&["LISTED"]).code, 0);
    assert_eq!(
        world.rules("rules.require-retracted.severity = \"off\"\nrules.require-deprecated.severity = \"off\"\n").modway(&[]).code,
        0
    );
}

#[test]
fn a_machine_is_judged_by_what_go_env_prints_of_it() {
    let world = world().settings("GOFLAGS=-mod=mod\nGOSUMDB=off\nGO111MODULE=off\n");
    let told = go(
        &world,
        &["env", "-json", "GOFLAGS", "GOSUMDB", "GO111MODULE", "GOPROXY", "GOPRIVATE", "GONOSUMDB", "GONOPROXY", "GOINSECURE"],
    )
    .stdout;
    // Where the temporary folder is was taken out of what go printed.
    let told = told.replace("HERE", &world.path().display().to_string());
    let elsewhere = World::new().file("env.json", &told).modway(&["LISTED", "--go-env", "env.json", "--json"]);
    let machine = |found: Vec<(String, String, String)>| -> Vec<(String, String)> {
        let settings = ["GO111MODULE", "GOFLAGS", "GOSUMDB"];
        let of_machine = |(_, _, subject): &(String, String, String)| settings.iter().any(|name| subject.starts_with(name));
        found.into_iter().filter(of_machine).map(|(rule, _, subject)| (rule, subject)).collect()
    };
    let expected = [("go111module", "GO111MODULE=off"), ("goflags-mod", "GOFLAGS -mod=mod"), ("gosumdb-off", "GOSUMDB=off")];
    let expected = expected.map(|(rule, subject)| (rule.to_owned(), subject.to_owned()));
    let sorted = |mut found: Vec<(String, String)>| {
        found.sort();
        found
    };
    assert_eq!(sorted(machine(world.found())), expected);
    assert_eq!(sorted(machine(elsewhere.found())), expected);
    assert_eq!(elsewhere.code, 1);
    let places: Vec<String> = elsewhere.found().into_iter().map(|(_, place, _)| place).collect();
    assert!(places.iter().all(|place| place.starts_with("env.json:")), "the lines of the file that tells: {places:?}");
}

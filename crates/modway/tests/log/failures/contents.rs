//! What modules and their versions can be wrong about, in repositories and from proxies.

use testkit::{faults::Play, modules::Module};

use super::super::{case::Case, worlds::Worlds};

pub(crate) fn all(worlds: &Worlds) -> Vec<Case> {
    let mut cases = repositories(worlds);
    cases.extend(pseudo(worlds));
    cases.extend(modules(worlds));
    cases
}

fn direct(worlds: &Worlds, code: &'static str, what: &str) -> Case {
    Case::new(code, &format!("mod download {what}")).envs(&worlds.direct()).titled(what)
}

fn repositories(worlds: &Worlds) -> Vec<Case> {
    let mut repository = worlds.host.make("r");
    worlds.host.page("r.example.test/r", "r.example.test/r git https://r.example.test/r");
    for inner in ["sub", "v2", "v3", "sub/v2"] {
        worlds.host.page(&format!("r.example.test/r/{inner}"), "r.example.test/r git https://r.example.test/r");
    }
    repository.write("go.mod", "module r.example.test/r\n").write("sub/x.go", "package sub\n").commit(1_600_000_000);
    repository.tag("v1.0.0").tag("v2.0.0").tag("v3.0.0").tag("v1.0").tag("sub/v1.0.0").tag("release");
    repository.write("v3/go.mod", "module r.example.test/other\n").commit(1_600_000_100);
    repository.tag("v3.1.0").write("bad*name", "x").commit(1_600_000_200);
    repository.tag("v1.9.0");
    repository.branch("v1.5.0").write("b.go", "package r\n").commit(1_600_000_300);
    repository.tag("v1.0.2");
    let mut empty = worlds.host.make("empty");
    worlds.host.page("r.example.test/empty", "r.example.test/empty git https://r.example.test/empty");
    empty.write("README", "x").commit(1_600_000_000);
    vec![
        direct(worlds, "unknown-revision", "r.example.test/r@v1.2.3"),
        direct(worlds, "unknown-revision", "r.example.test/r@nobranch"),
        direct(worlds, "unknown-revision", "r.example.test/r@0123456789ab"),
        direct(worlds, "missing-go-mod", "r.example.test/r/sub@v1.0.0"),
        direct(worlds, "wrong-major-version", "r.example.test/r/v2@v2.0.0"),
        direct(worlds, "wrong-major-version", "r.example.test/r/v3@v3.1.0"),
        direct(worlds, "wrong-major-version", "r.example.test/r@v2.0.0"),
        direct(worlds, "wrong-major-version", "r.example.test/r/v2@v1.0.0"),
        direct(worlds, "wrong-major-version", "r.example.test/r@v1.0.0+incompatible"),
        direct(worlds, "wrong-major-version", "r.example.test/r@v2.0.0+incompatible"),
        direct(worlds, "repository-not-a-module", "r.example.test/r@v1.9.0"),
        direct(worlds, "not-a-tag", "r.example.test/r@v1.5.0"),
        direct(worlds, "bad-version-argument", "r.example.test/r@-x"),
        direct(worlds, "no-matching-versions", "r.example.test/r@<v0.1.0"),
    ]
}

fn pseudo(worlds: &Worlds) -> Vec<Case> {
    let mut repository = worlds.host.make("p");
    worlds.host.page("r.example.test/p", "r.example.test/p git https://r.example.test/p");
    worlds.host.page("r.example.test/p/v2", "r.example.test/p git https://r.example.test/p");
    let first = repository.write("go.mod", "module r.example.test/p\n").commit(1_600_000_000);
    repository.tag("v1.0.0");
    let second = repository.write("a.go", "package p\n").commit(1_600_000_100);
    let (a, b) = (&first[..12], &second[..12]);
    let (at, then) = ("20200913122640", "20200913122820");
    let of = |version: String| direct(worlds, "invalid-pseudo-version", &format!("r.example.test/p@{version}"));
    vec![
        of(format!("v0.0.0-{then}-{}", &second[..11])),
        of(format!("v0.0.0-{then}-{}", &second[..13])),
        of(format!("v0.0.0-20200913122821-{b}")),
        of(format!("v1.0.0-{then}-{b}")),
        of(format!("v1.0.1-0.{at}-{a}")),
        of(format!("v1.3.1-0.{then}-{b}")),
        of(format!("v0.0.0-0.{then}-{b}")),
        direct(worlds, "wrong-major-version", &format!("r.example.test/p@v0.0.0-{then}-{b}+incompatible")),
    ]
}

fn modules(worlds: &Worlds) -> Vec<Case> {
    let module = Module::new("example.test/m", "v1.0.0");
    let renamed = Module { go_mod: "module other.test/m\n".into(), ..module.clone() };
    let newer = Module { go_mod: "module example.test/m\n\ngo 1.99\n".into(), ..module.clone() };
    let broken = Module { go_mod: "modul example.test/m\n".into(), ..module.clone() };
    let plain = worlds.serving("plain", &[&module]);
    let listed = worlds.serving("listed", &[&module]);
    worlds.proxy.on("/listed/example.test/m/@v/list", [Play::ok("v1.0.0\nv1.1.0\n")]);
    let retracting =
        Module { go_mod: "module example.test/m\n\nretract v1.0.0\n".into(), ..Module::new("example.test/m", "v1.1.0") };
    let withdrawn = worlds.serving("withdrawn", &[&module, &retracting]);
    worlds.proxy.on("/withdrawn/example.test/m/@v/list", [Play::ok("v1.0.0\nv1.1.0\n")]);
    worlds.proxy.on("/withdrawn/example.test/m/@v/old.info", [Play::ok(module.info.clone())]);
    let renamed = worlds.serving("renamed", &[&renamed]);
    let newer = worlds.serving("newer", &[&newer]);
    let broken = worlds.serving("broken", &[&broken]);
    let get = |code, args: &str, proxy: &str| Case::new(code, args).proxy(proxy).module("").titled(&format!("{args} {code}"));
    vec![
        get("package-not-in-module", "get example.test/m/no/such@v1.0.0", &plain),
        get("retracted-version", "get example.test/m@old", &withdrawn),
        get("excluded-version", "get example.test/m@v1.0.0", &plain).module("exclude example.test/m v1.0.0"),
        get("path-mismatch", "get example.test/m@v1.0.0", &renamed),
        get("go-too-old", "get example.test/m@v1.0.0", &newer),
        get("go-mod-broken", "get example.test/m@v1.0.0", &broken),
        get("retractions-unreadable", "list -m -versions example.test/m", &listed),
        get("no-matching-versions", "list -m example.test/m@v3", &listed),
        get("proxy-absent", "mod tidy", &format!("{}/none", worlds.proxy.url()))
            .file("main.go", "package main\n\nimport _ \"example.test/none\"\n\nfunc main() {}\n"),
    ]
}

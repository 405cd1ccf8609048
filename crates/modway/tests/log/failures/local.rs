//! What this machine's settings, arguments and files can do wrong.

use gomod::dirhash::go_mod_h1;
use testkit::{
    faults::Play,
    modules::{Module, any_zip},
};

use super::super::{
    case::Case,
    worlds::{VERSION, Worlds},
};

const GET: &str = "mod download example.test/m@v1.0.0";

pub(crate) fn all(worlds: &Worlds) -> Vec<Case> {
    let mut cases = lists(worlds);
    cases.extend(arguments(worlds));
    cases.extend(modes());
    cases.push(outdated(worlds));
    cases.extend(toolchains(worlds));
    cases
}

fn lists(worlds: &Worlds) -> Vec<Case> {
    let with = |code, value: &str| Case::new(code, GET).proxy(value).titled(value);
    let base = worlds.proxy.url();
    let served = worlds.serving("local", &[&Module::new("example.test/m", VERSION)]);
    vec![
        with("goproxy-off", "off"),
        with("goproxy-off", &format!("{base}/nothing,off")),
        with("goproxy-empty", ","),
        with("goproxy-empty", " "),
        with("goproxy-no-scheme", "DIRECT"),
        with("goproxy-no-scheme", "none"),
        with("goproxy-scheme", "ftp://x"),
        with("goproxy-file-url", "file://host/x"),
        with("goproxy-file-url", "file:/x"),
        with("goproxy-not-a-url", "\"https://proxy.test\""),
        with("goproxy-not-a-url", ";https://proxy.test"),
        with("credentials-over-http", "http://user:secret@proxy.test"),
        Case::new("network-disabled", GET).proxy(base.clone()).env("GODEBUG", "cmdgonetlimit=0"),
        Case::new("malformed-goauth", GET).proxy("https://127.0.0.1:1").env("GOAUTH", "off;netrc"),
        Case::new("malformed-goauth", GET).proxy("https://127.0.0.1:1").env("GOAUTH", "git relative").titled("git"),
        Case::new("malformed-goauth", GET).proxy("https://127.0.0.1:1").env("GOAUTH", "netrc;;git /x").titled("empty"),
        Case::new("module-cache", GET).proxy(served.clone()).file("taken", "").env("GOMODCACHE", "HOME/project/taken/cache"),
        Case::new("module-cache", GET).proxy(served).env("GOMODCACHE", "relative").titled("relative"),
    ]
}

fn arguments(worlds: &Worlds) -> Vec<Case> {
    let base = format!("{}/arguments", worlds.proxy.url());
    let get = |code, args: &str| Case::new(code, args).proxy(base.clone()).module("").titled(args);
    vec![
        get("version-not-for-proxies", "mod download example.test/m@feature/x"),
        get("version-not-for-proxies", "get example.test/m@a?b"),
        get("bad-version-argument", "get example.test/m@-x"),
        get("bad-query", "get example.test/m@patch"),
        get("bad-query", "get example.test/m@>v1"),
        get("bad-query", "get example.test/m@>=x"),
        get("malformed-module-path", "get https://example.test/m"),
        get("malformed-module-path", "get example.test:8443/m@v1.0.0"),
        get("malformed-module-path", "get Example.test/m@v1.0.0"),
        get("malformed-module-path", "mod download m@v1.0.0"),
        get("malformed-module-path", "mod download example.test//m@v1.0.0"),
        get("malformed-module-path", "mod download example.test/m/v1@v1.0.0"),
        get("malformed-module-path", "mod download .example.test/m@v1.0.0"),
        Case::new("reserved-path", "get example.net/m@v1.0.0").proxy("direct").module(""),
        Case::new("static-host-path", "get github.com/alone@v1.0.0").proxy("direct").module(""),
        Case::new("static-host-path", "get github.com/a/b.git@v1.0.0").proxy("direct").module("").titled("suffix"),
        Case::new("bundled-with-go", "mod download golang.org/fips140@v1.0.0")
            .proxy(worlds.serving("fips", &[&Module::new("golang.org/fips140", VERSION)])),
    ]
}

fn modes() -> Vec<Case> {
    let main = |import: &str| format!("package main\n\nimport _ \"{import}\"\n\nfunc main() {{}}\n");
    let zeros = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let building = |code, lines: &str| Case::new(code, "build ./...").module(lines).file("main.go", main("example.test/m/p"));
    vec![
        building("package-not-required", ""),
        building("package-not-required", "").env("GOFLAGS", "-mod=readonly").titled("readonly"),
        Case::new("package-not-in-std", "build ./...").module("").file("main.go", main("nowhere/p")),
        Case::new("repository-unsafe", "build -buildvcs=true ./...")
            .module("")
            .file("main.go", main("fmt"))
            .file(".git/HEAD", "nothing"),
        building("go-sum-missing", "require example.test/m v1.0.0"),
        building("go-sum-malformed", "require example.test/m v1.0.0").file("go.sum", "<<<<<<< HEAD a b\n"),
        Case::new("go-mod-broken", "build ./...").file("go.mod", "modul probe.test/m\n"),
        Case::new("go-mod-broken", "build ./...").file("go.mod", "go 1.27\n").titled("no module line"),
        building("mod-vendor", "require example.test/m v1.0.0").file("vendor/modules.txt", "").titled("inconsistent"),
        building("mod-vendor", "").env("GOFLAGS", "-mod=vendor").file("vendor/modules.txt", "").titled("import"),
        Case::new("mod-vendor", "list -m all")
            .module("")
            .file("vendor/modules.txt", "")
            .env("GOFLAGS", "-mod=vendor")
            .titled("all"),
        Case::new("mod-vendor", "list -m example.test/m@latest")
            .module("")
            .file("vendor/modules.txt", "")
            .env("GOFLAGS", "-mod=vendor"),
        Case::new("goflags-unknown", "list -m").module("").env("GOFLAGS", "-nosuch=1"),
        Case::new("goflags-unknown", "list -m").module("").env("GOFLAGS", "nosuch").titled("no flag"),
        Case::new("insecure-flag", "get example.test/m").module("").env("GOFLAGS", "-insecure"),
        Case::new("modules-off", "mod download").env("GO111MODULE", "off"),
        Case::new("modules-off", "list -m all").env("GO111MODULE", "off").titled("list"),
        Case::new("no-go-mod", "mod tidy"),
        Case::new("no-go-mod", "install example.test/m").titled("install"),
        Case::new("package-not-found", "run -mod=mod example.test/m"),
        Case::new("no-go-mod", "get example.test/m").titled("get"),
        Case::new("no-go-mod", "list -m all").titled("list"),
        Case::new("goproxy-off", "mod tidy").module("").file("main.go", main("example.test/m/p")).titled("off"),
        Case::new("go-sum-malformed", "list -m all")
            .module("require example.test/m v1.0.0")
            .file("go.sum", format!("a b {zeros} d\n"))
            .titled("four"),
    ]
}

fn toolchains(worlds: &Worlds) -> Vec<Case> {
    let base = format!("{}/toolchains", worlds.proxy.url());
    let go = |code, toolchain: &str| {
        Case::new(code, "version").env("GOTOOLCHAIN", toolchain).env("GOSUMDB", "sum.golang.org").titled(toolchain)
    };
    vec![
        go("toolchain-not-available", "go1.99.0").proxy(base.clone()),
        go("toolchain-not-available", "go1.99.0").proxy("off").titled("off"),
        go("toolchain-not-available", "go1.99.0")
            .proxy("direct")
            .env("HTTPS_PROXY", format!("http://{}", worlds.closed))
            .titled("direct"),
        go("toolchain-not-in-path", "go1.99.0+path"),
        go("toolchain-not-a-release", "go1.96").proxy(base.clone()),
        go("gotoolchain-invalid", "latest"),
        go("gotoolchain-invalid", "go1.99.0+x"),
        go("toolchain-unverified", "go1.99.0").proxy(unproven(worlds)).env("GOSUMDB", "off").titled("GOSUMDB=off"),
        Case::new("go-too-old", "mod download").file("go.mod", "module probe.test/m\n\ngo 1.99\n"),
        Case::new("toolchain-not-available", "list -m")
            .file("go.mod", "module probe.test/m\n\ngo 1.99.0\n")
            .env("GOTOOLCHAIN", "auto")
            .proxy(base)
            .titled("auto"),
    ]
}

/// A proxy with a toolchain that nobody vouches for.
fn unproven(worlds: &Worlds) -> String {
    let arch = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    let version = format!("v0.0.1-go1.99.0.linux-{arch}");
    let zip = any_zip(&[(&format!("golang.org/toolchain@{version}/bin/go"), b"x", None)]);
    worlds.proxy.on(&format!("/unproven/golang.org/toolchain/@v/{version}.zip"), [Play::ok(zip)]);
    format!("{}/unproven", worlds.proxy.url())
}

/// A go.mod that requires less than what it requires requires.
fn outdated(worlds: &Worlds) -> Case {
    let (old, new) = (Module::new("example.test/m", VERSION), Module::new("example.test/m", "v1.1.0"));
    let go_mod = "module example.test/n\n\nrequire example.test/m v1.1.0\n";
    let user = Module {
        go_mod: go_mod.into(),
        mod_h1: go_mod_h1(go_mod.as_bytes()).to_string(),
        ..Module::new("example.test/n", VERSION)
    };
    let sums: String =
        [&old, &new, &user].map(|module| format!("{} {}/go.mod {}\n", module.path, module.version, module.mod_h1)).concat();
    let proxy = worlds.serving("outdated", &[&old, &new, &user]);
    let required = "require (\n\texample.test/m v1.0.0\n\texample.test/n v1.0.0\n)";
    Case::new("go-mod-updates", "list -m all")
        .proxy(proxy)
        .module(required)
        .file("go.sum", sums)
        .file("main.go", "package main\n\nfunc main() {}\n")
}

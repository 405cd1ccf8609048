//! Each rule: what is against it, where that is said to be, and what is as near to it as can be and not against it.

use modway::check::RULES;

use crate::world::World;

/// `bad` has exactly this finding of the rule; `good` has none.
#[track_caller]
fn check(rule: &str, bad: World, place: &str, subject: &str, good: World) {
    let of = |world: &World| -> Vec<(String, String)> {
        world.found().into_iter().filter(|(id, ..)| id == rule).map(|(_, place, subject)| (place, subject)).collect()
    };
    assert_eq!(of(&bad), [(place.to_owned(), subject.to_owned())], "{rule}: all: {:#?}", bad.found());
    assert_eq!(of(&good), [], "{rule}");
}

const MINE: &str = "HERE/home/.config/go/env";

#[test]
fn a_good_project_on_a_good_machine_has_no_findings() {
    let said = World::good().modway(&["LISTED"]);
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (0, "nothing found\n", ""));
}

#[test]
fn go111module() {
    check("go111module", World::good().env("GO111MODULE", "off"), "", "GO111MODULE=off", World::good().env("GO111MODULE", "on"));
}

#[test]
fn goflags() {
    let bad =
        || World::good().settings("GOPRIVATE=x.test\nGOFLAGS=-mod=mod -insecure -toolexec=/x -modfile=y.mod -modcacherw -v\n");
    let good = || World::good().settings("GOFLAGS=-mod=readonly -trimpath -modcacherw=false\n");
    let line = format!("{MINE}:2");
    check("goflags-mod", bad(), &line, "GOFLAGS -mod=mod", good());
    check("goflags-insecure", bad(), &line, "GOFLAGS -insecure", good());
    check("goflags-toolexec", bad(), &line, "GOFLAGS -toolexec=/x", good());
    check("goflags-files", bad(), &line, "GOFLAGS -modfile=y.mod", good());
    check("goflags-modcacherw", bad(), &line, "GOFLAGS -modcacherw", good());
    let report = bad().modway(&["LISTED", "--json"]).json();
    for finding in report["findings"].as_array().unwrap() {
        assert_eq!(finding["fix"][0], "go env -w GOFLAGS=-v", "one command mends all");
    }
}

#[test]
fn a_quoted_flag_is_one_flag() {
    let world = || World::good().settings("GOFLAGS='-toolexec=/x y' \"-ldflags=-s -w\" -v\n");
    check("goflags-toolexec", world(), &format!("{MINE}:1"), "GOFLAGS -toolexec=/x y", World::good());
    let report = world().modway(&["LISTED", "--json"]).json();
    let findings = report["findings"].as_array().unwrap();
    let fix = findings.iter().find(|finding| finding["rule"] == "goflags-toolexec").map(|finding| finding["fix"][0].clone());
    assert_eq!(fix.unwrap(), r"go env -w GOFLAGS=''\''-ldflags=-s -w'\'' -v'", "{report:#}");
}

#[test]
fn goproxy_that_cannot_be_read() {
    let bad = World::good().settings("GOPROXY=ftp://a.test\n");
    check("goproxy-invalid", bad, &format!("{MINE}:1"), "GOPROXY=ftp://a.test", World::good().settings("GOPROXY=a.test\n"));
}

const POLICY: &str = "[proxy]\npolicy = [\"https://policy.test\"]\n";

#[test]
fn a_policy_proxy_is_bypassed_by_direct_by_a_bar_and_by_another_proxy() {
    let world = |list: &str| World::good().rules(POLICY).env("GOPROXY", list);
    let id = "goproxy-bypass";
    check(id, world("https://policy.test,direct"), "", "GOPROXY direct", world("https://policy.test"));
    check(id, world("https://policy.test|off"), "", "GOPROXY https://policy.test|", world("https://policy.test/,off"));
    check(id, world("https://a.test"), "", "GOPROXY https://a.test", world("https://policy.test,off"));
    check(id, world("https://a.test,https://policy.test"), "", "GOPROXY https://a.test", world("https://u:p@policy.test"));
    check(
        id,
        world("https://policy.test,direct"),
        "",
        "GOPROXY direct",
        World::good().env("GOPROXY", "https://policy.test,direct"),
    );
}

#[test]
fn goproxy_has_only_entries_that_are_allowed() {
    let world = |list: &str| World::good().rules("[proxy]\nallow = [\"https://a.test\", \"off\"]\n").env("GOPROXY", list);
    check("goproxy-unlisted", world("https://a.test,direct"), "", "GOPROXY direct", world("https://a.test,off"));
    check("goproxy-unlisted", world("https://u:p@b.test,off"), "", "GOPROXY https://b.test", world("a.test"));
}

#[test]
fn goproxy_steps_over_failures_and_has_what_is_never_read() {
    let world = |list: &str| World::good().env("GOPROXY", list);
    check("goproxy-bar", world("https://a.test|direct"), "", "GOPROXY=https://a.test|direct", world("https://a.test,direct"));
    check("goproxy-end", world("direct,https://a.test"), "", "GOPROXY=direct,https://a.test", world("https://a.test, direct,"));
}

#[test]
fn goproxy_is_asked_in_the_clear_or_with_a_password_in_sight() {
    let world = |list: &str| World::good().env("GOPROXY", list);
    check(
        "goproxy-plain",
        world("http://a.test"),
        "",
        "GOPROXY http://a.test",
        world("http://localhost:8080,http://127.0.0.1:1,https://a.test"),
    );
    for elsewhere in ["http://127.evil.test", "http://localhost.corp"] {
        check(
            "goproxy-plain",
            world(elsewhere),
            "",
            &format!("GOPROXY {elsewhere}"),
            world("http://127.1.2.3:8080,http://[::1]:1"),
        );
    }
    check("goproxy-login", world("https://me:secret@a.test/x"), "", "GOPROXY https://a.test/x", world("https://a.test/x"));
    let said = world("https://me:secret@a.test/x|http://b.test").modway(&["LISTED"]);
    assert!(!said.stdout.contains("secret"), "{}", said.stdout);
}

#[test]
fn the_hosts_of_the_organisation_are_private() {
    let world = |private: &str| World::good().rules("[organisation]\nhosts = [\"git.corp.example\"]\n").env("GOPRIVATE", private);
    check("private-hosts", world("corp.example"), "", "git.corp.example", world("*.corp.example"));
    check(
        "private-hosts",
        world("git.corp.example").env("GONOSUMDB", "none"),
        "",
        "git.corp.example",
        world("git.corp.example/"),
    );
    let said = world("corp.example").modway(&["LISTED", "--json"]).json()["findings"][0]["why"].to_string();
    assert!(
        said.contains("GOPRIVATE has `corp.example`, which does not match git.corp.example; `*.corp.example` does"),
        "{said}"
    );
    // A policy proxy may bring what is private.
    let by_proxy = World::good()
        .rules(&format!("{POLICY}[organisation]\nhosts = [\"git.corp.example\"]\n"))
        .env("GOPROXY", "https://policy.test")
        .env("GOPRIVATE", "git.corp.example")
        .env("GONOPROXY", "none");
    assert_eq!(by_proxy.found(), []);
}

#[test]
fn every_pattern_can_match_a_module_path() {
    for pattern in [
        " b.test",
        "https://b.test",
        "\"b.test\"",
        "b.test;c.test",
        "b.test:8443/x",
        "B.test",
        "b.test/...",
        "(a|b).test",
        "世.test",
    ] {
        let good = World::good().env("GOPRIVATE", "a.test,*.b.test/[a-z]*,github.com/Org,none");
        check(
            "private-pattern",
            World::good().env("GOPRIVATE", &format!("a.test,{pattern}")),
            "",
            &format!("GOPRIVATE {pattern}"),
            good,
        );
    }
    let fix = &World::good().env("GOPRIVATE", "a.test, https://B.test:80/x/...").modway(&["LISTED", "--json"]).json()["findings"]
        [0]["fix"][0];
    assert_eq!(fix, "export GOPRIVATE=a.test,b.test/x");
}

#[test]
fn goinsecure() {
    let rules = "[insecure]\nallow = [\"old.corp.example\"]\n";
    let bad = World::good().rules(rules).env("GOINSECURE", "old.corp.example,*.corp.example");
    check("goinsecure", bad, "", "GOINSECURE *.corp.example", World::good().rules(rules).env("GOINSECURE", "old.corp.example/"));
    check("goinsecure", World::good().env("GOINSECURE", "a.test"), "", "GOINSECURE a.test", World::good());
}

#[test]
fn the_checksum_database() {
    let world = |value: &str| World::good().env("GOSUMDB", value);
    let rules = "[sumdb]\nallow = [\"sum.golang.org\"]\n";
    check("gosumdb-off", world("off"), "", "GOSUMDB=off", world("sum.golang.org"));
    check("gosumdb-invalid", world("nonsense"), "", "GOSUMDB=nonsense", world("sum.golang.org https://sums.test"));
    let key = "sums.test+00000000+AAAA";
    check("gosumdb-unlisted", world(key).rules(rules), "", &format!("GOSUMDB={key}"), world("sum.golang.org").rules(rules));
}

#[test]
fn gonosumdb_is_not_wider_than_goprivate() {
    let world = |private: &str, nosum: &str| World::good().env("GOPRIVATE", private).env("GONOSUMDB", nosum);
    check("gonosumdb-wide", world("*.a.test", "*"), "", "GONOSUMDB *", world("*.a.test", "*.a.test"));
    check("gonosumdb-wide", world("a.test", "a.test/x,b.test"), "", "GONOSUMDB b.test", world("a.test", "a.test/x,none"));
}

fn go_mod(text: &str) -> World {
    World::good().file("go.mod", &format!("module git.corp.example/team/app\n{text}"))
}

#[test]
fn go_mod_can_be_read() {
    check(
        "go-mod-invalid",
        go_mod("\ngo 1.24\nrequire (\n\ta b c\n)\n"),
        "go.mod:5",
        "go.mod usage: require module/path v1.2.3",
        go_mod("go 1.24\n"),
    );
    check("go-line", go_mod(""), "go.mod:1", "go.mod", go_mod("go 1.24\n"));
}

#[test]
fn the_module_path_is_the_organisations() {
    let rules = "[organisation]\nmodules = [\"git.corp.example/team\", \"*.corp.test\"]\n";
    let bad = World::good().rules(rules).file("go.mod", "module example.com/fork\n\ngo 1.24\n");
    check("module-path", bad, "go.mod:1", "example.com/fork", World::good().rules(rules));
}

#[test]
fn replacements() {
    let local = go_mod("go 1.24\nreplace a.test/x => ../x\n");
    let allowed = "[replace]\nallow_local = [\"./x\"]\nallow = [\"a.test/*\"]\n";
    check(
        "replace-local",
        local,
        "go.mod:3",
        "replace a.test/x => ../x",
        go_mod("go 1.24\nreplace a.test/x => ./x/\n").rules(allowed),
    );
    let other = |text: &str| go_mod(&format!("go 1.24\nreplace (\n\ta.test/x v1.2.3 => {text}\n)\n"));
    check(
        "replace-module",
        other("b.test/x v1.0.0"),
        "go.mod:4",
        "replace a.test/x@v1.2.3 => b.test/x@v1.0.0",
        other("b.test/x v1.0.0").rules(allowed),
    );
    let work = |text: &str| go_mod("go 1.24\n").file("go.work", &format!("go 1.24\nuse .\n{text}"));
    check("replace-local", work("replace a.test/x => ./x\n"), "go.work:3", "replace a.test/x => ./x", work(""));
}

#[test]
fn exclusions() {
    let bad = || go_mod("go 1.24\nexclude a.test/x v1.2.4\n");
    check("exclude", bad(), "go.mod:3", "exclude a.test/x v1.2.4", bad().rules("[exclude]\nallow = [\"a.test/x\"]\n"));
}

#[test]
fn the_toolchain_line() {
    let with = |line: &str| go_mod(&format!("go 1.24.2\ntoolchain {line}\n"));
    let (forbidden, required) = ("[toolchain]\nline = \"forbidden\"\n", "[toolchain]\nline = \"required\"\n");
    check("toolchain-idle", with("go1.24.2"), "go.mod:3", "go.mod toolchain go1.24.2", with("go1.24.3"));
    check("toolchain-line", with("go1.25.0").rules(forbidden), "go.mod:3", "go.mod toolchain go1.25.0", with("go1.25.0"));
    check("toolchain-line", go_mod("go 1.24\n").rules(required), "go.mod:2", "go.mod", with("go1.25.0").rules(required));
}

#[test]
fn retracted_and_deprecated_versions() {
    let listed = |more: &str| {
        World::good().file(
            "../listed.json",
            &format!("{{\"Path\":\"m\",\"Main\":true}}\n{{\"Path\":\"a.test/x\",\"Version\":\"v1.2.3\"{more}}}\n"),
        )
    };
    let retracted = listed(",\"Retracted\":[\"leaks keys\"]");
    check("require-retracted", retracted, "go.mod:5", "a.test/x@v1.2.3", listed(""));
    check("require-deprecated", listed(",\"Deprecated\":\"use y\""), "go.mod:5", "a.test/x", listed(",\"Indirect\":true"));
}

#[test]
fn go_sum_is_complete() {
    let sum = |text: &str| World::good().file("go.sum", text);
    let (zip, module) = ("a.test/x v1.2.3 h1:AAAA=\n", "a.test/x v1.2.3/go.mod h1:BBBB=\n");
    check("go-sum-missing", sum(zip), "go.mod:5", "a.test/x v1.2.3/go.mod", World::good());
    check("go-sum-missing", sum(module), "go.mod:5", "a.test/x v1.2.3", sum(&format!("{zip}{module}")));
    let indirect = go_mod("go 1.24\nrequire a.test/x v1.2.3 // indirect\n");
    check("go-sum-missing", sum(""), "go.mod:5", "a.test/x v1.2.3/go.mod", indirect.file("go.sum", module));
    let replaced = go_mod("go 1.24\nrequire a.test/x v1.2.3\nreplace a.test/x => b.test/x v1.0.0\n");
    let sums = "b.test/x v1.0.0 h1:AAAA=\nb.test/x v1.0.0/go.mod h1:BBBB=\n";
    let wrong = go_mod("go 1.24\nrequire a.test/x v1.2.3\nreplace a.test/x => b.test/x v1.0.0\n");
    check("go-sum-missing", wrong, "go.mod:3", "b.test/x v1.0.0/go.mod", replaced.file("go.sum", sums));
    let local = go_mod("go 1.24\nrequire a.test/x v1.2.3\nreplace a.test/x => ./x\n").file("go.sum", "");
    check("go-sum-missing", sum(""), "go.mod:5", "a.test/x v1.2.3/go.mod", local);
}

#[test]
fn go_sum_says_one_thing_once_and_can_be_read() {
    let sum =
        |text: &str| World::good().file("go.sum", &format!("a.test/x v1.2.3 h1:AAAA=\na.test/x v1.2.3/go.mod h1:BBBB=\n{text}"));
    check("go-sum-conflict", sum("a.test/x v1.2.3 h1:CCCC=\n"), "go.sum:3", "a.test/x v1.2.3", sum("a.test/x v1.2.3 h2:CCCC=\n"));
    check("go-sum-duplicate", sum("a.test/x  v1.2.3\th1:AAAA=\n"), "go.sum:3", "a.test/x v1.2.3", sum("\n"));
    check("go-sum-malformed", sum("<<<<<<< HEAD\n"), "go.sum:3", "go.sum 2 fields", sum("\n\n"));
}

#[test]
fn go_work_can_be_read_and_stays_inside() {
    let work = |text: &str| World::good().file("go.work", text);
    check("go-work-invalid", work("go 1.24\nuse a b\n"), "go.work:2", "go.work usage: use local/dir", work("go 1.24\nuse .\n"));
    check(
        "go-work-outside",
        work("go 1.24\nuse (\n\t.\n\t../other\n)\n"),
        "go.work:4",
        "use ../other",
        work("go 1.24\nuse ./a/..\n"),
    );
}

#[test]
fn a_workspace_is_judged_whole() {
    let world = World::good()
        .file("go.work", "go 1.24\nuse (\n\t.\n\t./tools\n)\n")
        .file(
            "tools/go.mod",
            "module git.corp.example/team/tools\ngo 1.24\nrequire git.corp.example/team/app v0.0.0\nrequire b.test/y v1.0.0\n",
        )
        .file("go.work.sum", "b.test/y v1.0.0/go.mod h1:AAAA=\n");
    assert_eq!(world.found(), [("go-sum-missing".into(), "tools/go.mod:4".into(), "b.test/y v1.0.0".into())]);
    let off = world.env("GOWORK", "off");
    assert_eq!(off.found(), []);
}

#[test]
fn every_rule_has_its_cases() {
    let cases: String = include_str!("rules.rs").split_whitespace().collect();
    // The one whose cases share a name.
    let has = |id: &&str| *id == "goproxy-bypass" || cases.contains(&format!("check(\"{id}\""));
    let missing: Vec<&str> = RULES.iter().map(|rule| rule.id).filter(|id| !has(id)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn severities_can_be_set_and_rules_switched_off() {
    let world = |rules: &str| World::good().env("GOSUMDB", "off").rules(rules);
    let severity = |rules: &str| world(rules).modway(&["LISTED", "--json"]).json()["findings"][0]["severity"].clone();
    assert_eq!(severity(""), "error");
    assert_eq!(severity("[rules]\ngosumdb-off = { severity = \"note\" }\n"), "note");
    assert_eq!(world("[rules.gosumdb-off]\nseverity = \"off\"\n").found(), []);
    for (rules, words, code) in [
        ("", &["LISTED"][..], 1),
        ("rules.gosumdb-off.severity = \"warning\"", &["LISTED"], 1),
        ("rules.gosumdb-off.severity = \"warning\"", &["LISTED", "--fail-on", "error"], 0),
        ("fail_on = \"error\"\nrules.gosumdb-off.severity = \"warning\"", &["LISTED"], 0),
        ("fail_on = \"error\"\nrules.gosumdb-off.severity = \"note\"", &["LISTED", "--fail-on", "note"], 1),
    ] {
        assert_eq!(world(rules).modway(words).code, code, "{rules} {words:?}");
    }
}

#[test]
fn rules_that_cannot_be_used_are_told_with_their_line() {
    let refused = |rules: &str| {
        let said = World::good().rules(rules).modway(&["LISTED"]);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{said:?}");
        said.stderr
    };
    assert!(refused("[proxy]\npolicies = []\n").contains("line 2, column 1"), "an unknown key");
    assert!(refused("[rules.no-such]\nseverity = \"off\"\n").contains("[rules.no-such]: no rule has this id"));
    assert!(refused("version = 2\n").contains("reads version 1"));
}

//! Whatever the settings, the command and the answers are, the go command's journey ends and keeps its promises: those of the fuzz target.

#[path = "../../../fuzz/src/lib.rs"]
#[expect(unreachable_pub, dead_code, reason = "a library of its own for libFuzzer, a module here")]
mod promises;

use proptest::prelude::*;

fn one_of(these: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(these).prop_map(str::to_owned)
}

fn goproxy() -> impl Strategy<Value = String> {
    let entry = one_of(&[
        "https://a.test",
        "http://b.test/base/",
        "http://user:secret@c.test",
        "file:///d",
        "direct",
        "off",
        "",
        " e.test ",
    ]);
    let junk = "[a-z:/.,| ]{0,20}";
    prop_oneof![4 => prop::collection::vec((entry, one_of(&[",", "|"])), 0..5).prop_map(|list| {
        list.into_iter().map(|(entry, separator)| entry + &separator).collect()
    }), 1 => junk]
}

fn patterns() -> impl Strategy<Value = String> {
    one_of(&["", "", "a.test", "a.test/m", "*.test", "*", "none", "a.test/m/pkg,git.test"])
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    let gosumdb = one_of(&["", "off", "sum.golang.org", "sum.golang.org https://s.test/x", "sum.golang.google.cn", "bad"]);
    let others = (
        gosumdb,
        one_of(&["", "*:all", "public:off", "bad"]),
        one_of(&["", "-mod=vendor", "-insecure", "'-x", "-nosuch"]),
        one_of(&["", "off", "auto"]),
    );
    let path = one_of(&[
        "a.test/m",
        "a.test/m/pkg",
        "a.test/m/v2",
        "a.test/m.git/x",
        "github.com/a/b/c",
        "github.com/a",
        "m",
        "",
        "A.test/é",
        "a.test/v1",
    ]);
    let query = one_of(&[
        "v1.0.0",
        "latest",
        "upgrade",
        "patch",
        "v1",
        "v1.1",
        ">=v1.1.0",
        "<v0",
        "<=v1",
        "main",
        "a/b",
        "v1.0.0+x",
        "v2.0.0+incompatible",
    ]);
    let command = (path, query, one_of(&["get", "list", "versions", "download"]));
    (goproxy(), patterns(), patterns(), patterns(), patterns(), others, command).prop_map(|all| {
        let (goproxy, private, noproxy, nosumdb, insecure, (gosumdb, govcs, goflags, mode), (path, query, kind)) = all;
        vec![goproxy, private, noproxy, nosumdb, insecure, gosumdb, govcs, goflags, mode, path, query, kind]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_journey_ends_and_keeps_its_promises_whatever_it_is_told(lines in lines(), answers in prop::collection::vec(any::<u8>(), 1..40)) {
        let mut data = lines.join("\n").into_bytes();
        data.push(b'\n');
        data.extend(answers);
        promises::journey(&data);
    }
}

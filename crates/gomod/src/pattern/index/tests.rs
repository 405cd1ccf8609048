use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(list: &str, path: &str, matched: Option<&str>) {
    let list = Patterns::parse(list);
    assert_eq!(list.find(path), matched, "the scan: {} {path}", list.as_str());
    assert_eq!(PatternIndex::new(list.clone()).find(path), matched, "the index: {} {path}", list.as_str());
}

#[test]
fn the_first_pattern_that_matches_is_found_in_whichever_way() {
    check("a.com,b.com/x,b.com", "b.com/x/y", Some("b.com/x"));
    check("b.com,b.com/x", "b.com/x/y", Some("b.com"));
    check("*.com/x,b.com,*", "b.com/x", Some("*.com/x"));
    check("none,*.com,git.*,git.a.com", "git.a.com/x", Some("*.com"));
    check("none,git.*,*.com", "git.a.com/x", Some("git.*"));
    check("*team*,?it.*", "x-team-y/z", Some("*team*"));
    check("[a-f]*/x,*/x", "git.a/x", Some("*/x"));
    check("[a-f]*/x,*/x", "fit.a/x", Some("[a-f]*/x"));
    check("a.com/,a.com", "a.com", Some("a.com"));
    check("*/team/*,a.com", "b.com/team/x/y", Some("*/team/*"));
    check("*/team/*,a.com", "b.com/team", None);
    check("", "a.com", None);
    check(",/,//", "a.com", None);
    check("//", "//x", Some("/"));
}

#[test]
fn slashes_that_part_no_elements_are_matched_as_go_does() {
    check("a[/]b,a", "a/b", Some("a[/]b"));
    check("a[^x]b,a/*", "a/b", Some("a/*"));
    check(r"z,a\/b,a", "a/b/c", Some(r"a\/b"));
    check(r"a[\/]b/x,z", "a/b/x", Some(r"a[\/]b/x"));
    check(r"a[^x]b/c[/x]", "a/b/c/", None);
}

#[test]
fn malformed_patterns_match_nothing() {
    check(r"a[,[]a],a\,[x-,*[", "a", None);
    check("[]a/b],a*[", "]a/b]", None);
}

#[test]
fn pieces_of_text_are_cut_between_characters() {
    check("*世界人民,世*", "x世界人民/y", Some("*世界人民"));
    check("*世界人民,世*", "世间/y", Some("世*"));
    check("*a世b*", "xa世by", Some("*a世b*"));
}

#[test]
fn a_list_that_is_too_long_is_scanned() {
    let index = build::build(Patterns::parse("a.com,*.b.com/x"), 10);
    assert!(index.spans.is_empty() && index.nodes.len() == 1);
    assert_eq!((index.find("a.b.com/x/y"), index.find("c.com")), (Some("*.b.com/x"), None));
}

#[test]
fn memory_grows_with_the_text_and_not_faster() {
    for pattern in ["*/", "a*b*c/d,", "[/],", "*x?,", "a/a/a/a,", "\\", "世*,"] {
        let text = pattern.repeat(100_000);
        let index = PatternIndex::new(Patterns::parse(&text));
        let bytes = size_of_val(&*index.spans)
            + size_of_val(&*index.nodes)
            + size_of_val(&*index.edges)
            + size_of_val(&*index.odd)
            + index.table.bytes();
        assert!(bytes <= 128 * text.len(), "{pattern}: {bytes} bytes for {}", text.len());
        let path = pattern.repeat(20);
        assert_eq!(index.find(&path), index.patterns().find(&path), "{pattern}");
    }
}

/// Elements near each other, so that they meet; with every wildcard, and slashes where none belong.
const ELEMENTS: &[&str] = &[
    "git.corp.example",
    "*.corp.example",
    "git.*",
    "*corp*",
    "*",
    "**",
    "?it*",
    "[a-h]it.corp.example",
    "[^x]*",
    "team",
    "team*",
    "*-api",
    "x[/]y",
    "a\\/b",
    "a[",
    "\\",
    "\\*x",
    "",
    "世*",
    "*界",
    "te?m",
    "g*t.c*p.e*e",
    "github.com",
    "v2",
    "]",
    "[]a]",
    "a]b",
    "*a*",
    "*.example",
    "tea*m",
];
const NAMES: &[&str] = &[
    "git.corp.example",
    "hit.corp.example",
    "a.b.corp.example",
    "github.com",
    "team",
    "team2",
    "my-api",
    "x",
    "y",
    "a",
    "b",
    "*x",
    "",
    "世界",
    "v2",
    "]a",
    "teem",
    "xteam-apix",
    "corp",
    "/",
    "[",
    "\\",
];

fn lists() -> impl Strategy<Value = String> {
    let pattern = proptest::collection::vec(proptest::sample::select(ELEMENTS), 1..5).prop_map(|elements| elements.join("/"));
    proptest::collection::vec(pattern, 0..12).prop_map(|patterns| patterns.join(","))
}

fn paths() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(NAMES), 0..6).prop_map(|elements| elements.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn the_index_answers_as_the_scan(list in lists(), path in paths()) {
        let list = Patterns::parse(&list);
        let index = PatternIndex::new(list.clone());
        prop_assert_eq!(index.find(&path), list.find(&path));
    }

    #[test]
    fn any_text_is_a_list_and_any_text_a_path(list in r"[ab*?\[\]\\/,^世-]{0,24}", path in r"[ab*\[\\/世]{0,10}") {
        let list = Patterns::parse(&list);
        let index = PatternIndex::new(list.clone());
        prop_assert_eq!(index.find(&path), list.find(&path));
    }
}

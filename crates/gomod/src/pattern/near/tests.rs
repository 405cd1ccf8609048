//! Near misses and what can match nothing, as lines.

use super::*;

#[track_caller]
fn check(list: &str, path: &str, told: &[&str]) {
    let patterns = Patterns::parse(list);
    let found: Vec<String> = patterns.near_misses(path).iter().map(tell).collect();
    assert_eq!(found, told, "{list:?} for {path}");
}

fn tell(miss: &NearMiss<'_>) -> String {
    let why: Vec<&str> = miss.why.iter().map(|why| why.code()).collect();
    format!("{} {}", why.join("+"), miss.meant)
}

#[test]
fn what_go_does_not_trim_is_in_the_way() {
    check("a.com, git.corp.com", "git.corp.com/x", &["space git.corp.com"]);
    check("git.corp.com ", "git.corp.com/x", &["space git.corp.com"]);
    check("\"*.corp.com\"", "git.corp.com/x", &["quotes *.corp.com"]);
    check("'git.corp.com", "git.corp.com/x", &["quotes git.corp.com"]);
    check("a.com;git.corp.com", "git.corp.com/x", &["separator git.corp.com"]);
    check("a.com *.corp.com", "git.corp.com/x", &["separator *.corp.com"]);
    check("https://git.corp.com", "git.corp.com/x", &["scheme git.corp.com"]);
    check("git.corp.com:8443/team", "git.corp.com/team/x", &["port git.corp.com/team"]);
    check("git.corp.com/...", "git.corp.com/x", &["dots git.corp.com"]);
    check("git.corp.com//team", "git.corp.com/team", &["slashes git.corp.com/team"]);
    check("git.corp.com//", "git.corp.com/x", &["slashes git.corp.com"]);
    check("^git\\.corp\\.com/.*", "git.corp.com/x", &["regex git.corp.com/*"]);
    check(".*.corp.com", "git.corp.com/x", &["regex *.corp.com"]);
}

#[test]
fn case_counts() {
    check("github.com/Org", "github.com/org/x", &["letter-case github.com/org"]);
    check("GitHub.com/org/*", "github.com/org/x", &["letter-case github.com/org/*"]);
    check("*.Corp.com/team", "git.corp.com/team/x", &["letter-case *.corp.com/team"]);
    check("*.Corp.com/team", "git.corp.com/Team/x", &["letter-case git.corp.com/Team"]);
}

#[test]
fn a_domain_is_not_what_is_below_it_nor_the_other_way_round() {
    check("corp.com", "git.corp.com/x", &["subdomain *.corp.com"]);
    check(".corp.com", "git.corp.com/x", &["subdomain *.corp.com"]);
    check("corp.com/team", "git.corp.com/team/x", &["subdomain *.corp.com/team"]);
    check("*.corp.com", "corp.com/x", &["bare-domain corp.com"]);
    check("git.corp", "git.corp.com/x", &["cut-short git.corp.com"]);
    check("com", "git.corp.com/x", &[]);
}

#[test]
fn elements_are_whole_and_as_many_as_the_pattern_has() {
    check("git.corp.com/team", "git.corp.com/team2/x", &["whole-elements git.corp.com/team*"]);
    check("git.corp.com/team", "git.corp.com", &["too-deep git.corp.com"]);
    check("git.corp.com/*", "git.corp.com", &["too-deep git.corp.com"]);
    check("git.corp.com/x.git", "git.corp.com/x", &["vcs-suffix git.corp.com/x"]);
    check("git.corp.com/x", "git.corp.com/x.git/v2", &["vcs-suffix git.corp.com/x.git"]);
}

#[test]
fn nearly_the_same_spelling_is_told() {
    check("git.crop.com", "git.corp.com/x", &["spelling git.corp.com"]);
    check("gitlab.corp.co/team", "gitlab.corp.com/team/x", &["spelling gitlab.corp.com/team"]);
    check("git.cop.com", "git.corp.com/x", &["spelling git.corp.com"]);
    check("a.com", "b.com/x", &[]);
}

#[test]
fn several_things_can_be_in_the_way() {
    check(" https://Git.corp.com:443/...", "git.corp.com/x", &["space+scheme+port+dots+letter-case git.corp.com"]);
    check("a.com, corp.com", "git.corp.com/x", &["space+subdomain *.corp.com"]);
    check("corp.com, git.corp.com", "git.corp.com/x", &["subdomain *.corp.com", "space git.corp.com"]);
}

#[test]
fn what_matches_or_is_far_off_misses_nothing() {
    check("git.corp.com", "git.corp.com/x", &[]);
    check("a.com, git.corp.com,*.corp.com", "git.corp.com/x", &[]);
    check("none", "git.corp.com/x", &[]);
    check("other.org,github.com/acme,*,", "", &[]);
    check("other.org,github.com/acme", "git.corp.com/x", &[]);
    check("git.corp.com/a", "git.corp.com/b", &[]);
}

#[track_caller]
fn check_impossible(patterns: &str, expected: &[(&str, Option<&str>)]) {
    let patterns = Patterns::parse(patterns);
    let found = patterns.impossible();
    let found: Vec<_> = found.iter().map(|one| (one.why.code(), one.meant.as_deref())).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_can_match_no_path_is_told_with_what_was_meant() {
    check_impossible("a.test,*.b.test/[a-z]*,github.com/Org,none,,git.[A-Z].test", &[]);
    check_impossible("a.test, b.test,", &[("space", Some("b.test"))]);
    check_impossible("a.test, ", &[("space", Some(""))]);
    check_impossible("\"b.test\",a\"b.test", &[("quotes", Some("b.test")), ("quotes", None)]);
    check_impossible("https://b.test;C.test|d.test", &[("separator", Some("b.test,c.test,d.test"))]);
    check_impossible(" https://B.test:80/x/...", &[("space", Some("b.test/x"))]);
    check_impossible("b.test:8443/x,a:b.test", &[("port", Some("b.test/x")), ("port", None)]);
    check_impossible("(a|b).test,^b.test$", &[("separator", None), ("regex", Some("b.test"))]);
    check_impossible("世.test,a/.../b", &[("not-ascii", None), ("dots", None)]);
}

#[test]
fn what_is_said_to_be_meant_matches() {
    let words =
        ["git", "corp", "com", ".", "*", "/", " ", ":8443", "https://", "\"", "team", "...", "[", "Git", ",", ";", "\\", "界"];
    let mut random = testkit::random::Random::new(1);
    for _ in 0..20_000 {
        let mut list = String::new();
        for _ in 0..7 {
            list.push_str(random.pick(&words));
        }
        let patterns = Patterns::parse(&list);
        for path in ["git.corp.com/team/x", "git.corp.com", "corp.com/team", "x"] {
            for miss in patterns.near_misses(path) {
                assert!(Patterns::parse(&miss.meant).find(path).is_some(), "{list:?} {path} {miss:?}");
                assert!(Patterns::parse(miss.pattern).find(path).is_none() && !miss.why.is_empty(), "{list:?} {path} {miss:?}");
            }
        }
    }
}

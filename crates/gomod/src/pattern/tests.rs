use super::*;

#[track_caller]
fn check(list: &str, path: &str, matched: Option<&str>) {
    assert_eq!(Patterns::parse(list).find(path), matched, "{list} {path}");
}

#[test]
fn a_pattern_matches_as_many_elements_as_it_has() {
    check("*.corp.com", "git.corp.com/x", Some("*.corp.com"));
    check("*.corp.com", "a.b.corp.com/x", Some("*.corp.com"));
    check("*.corp.com", "corp.com/x", None);
    check("git.corp", "git.corp.com/x", None);
    check("*corp.com", "evilcorp.com/x", Some("*corp.com"));
    check("*", "anything", Some("*"));
    check("git.corp.com/team", "git.corp.com/team/a/b", Some("git.corp.com/team"));
    check("git.corp.com/team", "git.corp.com/team2", None);
    check("git.corp.com/team", "git.corp.com", None);
    check("git.corp.com/team*", "git.corp.com/team2/x", Some("git.corp.com/team*"));
    check("git.corp.com/*", "git.corp.com", None);
    check("git.corp.com/*/priv", "git.corp.com/a/priv/x", Some("git.corp.com/*/priv"));
    check("h.com/x", "h.com/x.git", None);
    check("*.com/...", "a.com/x", None);
}

#[test]
fn the_first_pattern_that_matches_is_named() {
    check("a.com,b.com/,c.com", "b.com/x", Some("b.com"));
    check("*.com,b.com", "b.com/x", Some("*.com"));
    check(",,b.com", "b.com", Some("b.com"));
    check("", "b.com", None);
    check("/", "", None);
    check("a.com, b.com", "b.com/x", None);
    check("github.com/Org", "github.com/org/x", None);
    check("none", "none/x", Some("none"));
}

#[track_caller]
fn check_glob(pattern: &str, name: &str, matched: bool) {
    assert_eq!(glob::matches(pattern, name), matched, "{pattern} {name}");
}

#[test]
fn a_glob_matches_as_path_match_does() {
    check_glob("abc", "abc", true);
    check_glob("*c", "abc", true);
    check_glob("a*", "ab/c", false);
    check_glob("a*/b", "a/c/b", false);
    check_glob("a*b*c*d*e*/f", "axbxcxdxexxx/f", true);
    check_glob("a*b?c*x", "abxbbxdbxebxczzx", true);
    check_glob("a*b?c*x", "abxbbxdbxebxczzy", false);
    check_glob("ab[^c]", "abc", false);
    check_glob("ab[b-d]", "abc", true);
    check_glob("a???b", "aé世bb", true);
    check_glob("a???b", "aé世b", false);
    check_glob("a?b", "a☺b", true);
    check_glob("a[^a]b", "a☺b", true);
    check_glob("a?b", "a/b", false);
    check_glob("a[^x]b", "a/b", true);
    check_glob(r"a\*b", "a*b", true);
    check_glob(r"[\-x]", "-", true);
    check_glob("*x", "xxx", true);
    check_glob("", "", true);
    check_glob("a", "", false);
    check_glob("世*", "世界", true);
}

#[test]
fn a_malformed_glob_matches_nothing() {
    for pattern in ["[]a]", "[-]", "[x-]", "[-x]", r"\", "[a-b-c]", "[", "[^", "[^bc", "a[", "a\\", "*[", "[]", "[^]"] {
        for name in ["", "a", "]", "-", "x", "a[", "[", "\\", "ab"] {
            check_glob(pattern, name, false);
        }
    }
}

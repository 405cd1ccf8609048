use super::*;

#[track_caller]
fn check_words<E: std::fmt::Display>(result: Result<(), E>, words: &str) {
    assert_eq!(result.err().map(|error| error.to_string()).unwrap_or_default(), words);
}

#[test]
fn a_good_path_is_a_module_an_import_and_a_file_path() {
    for path in
        ["x.y/z", "x.y", "example.com/A-b_c~d.e/v2", "gopkg.in/yaml.v3", "gopkg.in/check.v0", "1.2/x", "x.y/v2.3x", "x.y/vv2"]
    {
        check_words(check_path(path), "");
        check_words(check_import_path(path), "");
        check_words(check_file_path(path), "");
    }
}

#[test]
fn a_bad_module_path_is_refused_in_the_words_of_go() {
    for (path, why) in [
        ("", "empty string"),
        ("x", "missing dot in first path element"),
        ("-x.y", "leading dash"),
        ("x.y//z", "double slash"),
        ("x.y/", "trailing slash"),
        ("/x.y", "empty path element"),
        ("x.y/..", "invalid path element \"..\""),
        ("x.y/.z", "leading dot in path element"),
        ("x.y/z.", "trailing dot in path element"),
        ("x.y/z+", "invalid char '+'"),
        ("x.y/é", "invalid char 'é'"),
        ("x.y/\u{0}", "invalid char '\\x00'"),
        ("X.y/z", "invalid char 'X' in first path element"),
        ("x_.y/z", "invalid char '_' in first path element"),
        ("x.y/Aux.z", "\"Aux\" disallowed as path element component on Windows"),
        ("x.y/a~1.z", "trailing tilde and digits in path element"),
        ("x.y/v1", "invalid version"),
        ("x.y/v02", "invalid version"),
        ("x.y/v1.2", "invalid version"),
        ("x.y/v2.", "trailing dot in path element"),
        ("gopkg.in/yaml", "invalid version"),
    ] {
        check_words(check_path(path), &format!("malformed module path {}: {why}", crate::text::quote(path)));
        assert!(ModulePath::parse(path).is_err(), "{path}");
    }
}

#[test]
fn import_and_file_paths_have_rules_of_their_own() {
    check_words(check_import_path("x/c++/.y"), "");
    check_words(check_import_path("x/é"), "malformed import path \"x/é\": invalid char 'é'");
    check_words(check_import_path("x~1"), "malformed import path \"x~1\": trailing tilde and digits in path element");
    check_words(check_file_path("-x/é世/.git/a~1/!#$%&()+,-.=@[]^_{}~ "), "");
    check_words(check_file_path("a'b"), "malformed file path \"a'b\": invalid char '\\''");
    check_words(check_file_path("a\u{301}"), "malformed file path \"a\u{301}\": invalid char '\u{301}'");
    check_words(check_file_path("con"), "malformed file path \"con\": \"con\" disallowed as path element component on Windows");
    check_words(check_file_path_bytes(b"a\xff").map(|_| ()), "malformed file path \"a\\xff\": invalid UTF-8");
    assert_eq!(check_file_path_bytes(b"a/b"), Ok("a/b"));
}

#[test]
fn path_and_version_must_belong_together() {
    check_words(check("x.y/z", "v1.2.3"), "");
    check_words(check("x.y/z", "v2.0.0+incompatible"), "");
    check_words(check("gopkg.in/check.v1", "v0.0.0-20161208181325-20d25e280405"), "");
    check_words(check("gopkg.in/x.v2-unstable", "v2.0.0"), "");
    check_words(check("x.y/z", "1.2.3"), "x.y/z@1.2.3: invalid version: not a semantic version");
    check_words(check("x.y/z", "v2.0.0"), "x.y/z@v2.0.0: invalid version: should be v0 or v1, not v2");
    check_words(check("x.y/z/v2", "v1.0.0"), "x.y/z/v2@v1.0.0: invalid version: should be v2, not v1");
    check_words(check("z", "v1.0.0"), "malformed module path \"z\": missing dot in first path element");
    check_words(check_path_major("v1.0.0", "v3"), "version \"v1.0.0\" invalid: should be v3, not v1");
    check_words(check_path_major("x", "/v3"), "version \"x\" invalid: should be v3, not ");
}

#[track_caller]
fn check_split(path: &str, split: Option<(&str, &str)>) {
    assert_eq!(split_path_version(path), split, "{path}");
}

#[test]
fn the_major_version_is_split_off_as_go_does() {
    check_split("x.y/z/v2", Some(("x.y/z", "/v2")));
    check_split("x.y/z/v20", Some(("x.y/z", "/v20")));
    check_split("x.y/z", Some(("x.y/z", "")));
    check_split("x.y/zv2", Some(("x.y/zv2", "")));
    check_split("v2", Some(("v2", "")));
    check_split("/v2", Some(("", "/v2")));
    check_split("x.y/v", Some(("x.y/v", "")));
    check_split("x.y/v1", None);
    check_split("x.y/v0", None);
    check_split("x.y/v2.0", None);
    check_split("gopkg.in/yaml.v3", Some(("gopkg.in/yaml", ".v3")));
    check_split("gopkg.in/yaml.v3-unstable", Some(("gopkg.in/yaml", ".v3-unstable")));
    check_split("gopkg.in/yaml.v-unstable", Some(("gopkg.in/yaml", ".v-unstable")));
    check_split("gopkg.in/yaml.v0", Some(("gopkg.in/yaml", ".v0")));
    check_split("gopkg.in/yaml.v0-unstable", None);
    check_split("gopkg.in/yaml.v01", None);
    check_split("gopkg.in/yaml.v", None);
    check_split("gopkg.in/yaml/v3", None);
    assert_eq!(split_gopkg_in("x.y/yaml.v3"), None);
}

#[test]
fn a_path_major_names_the_beginning_of_tags() {
    for (path_major, prefix) in [
        ("", Some("")),
        ("/v2", Some("v2")),
        (".v1", Some("v1")),
        (".v3-unstable", Some("v3")),
        ("v2", None),
        ("/x", None),
        ("/v2.0", None),
    ] {
        assert_eq!(path_major_prefix(path_major), prefix, "{path_major}");
    }
    assert!(match_path_major("v2.1.0", "/v2") && !match_path_major("v1.0.0", "/v2"));
}

#[test]
fn a_path_is_escaped_both_ways() {
    for (path, escaped) in [("x.y/Az/BC", "x.y/!az/!b!c"), ("x.y/z", "x.y/z")] {
        assert_eq!(escape_path(path).as_deref(), Ok(escaped));
        assert_eq!(unescape_path(escaped).as_deref(), Ok(path));
        let parsed = ModulePath::parse(path).expect(path);
        assert_eq!((parsed.escaped().as_str(), parsed.to_string().as_str()), (escaped, path));
        assert_eq!(ModulePath::unescape(escaped), Ok(parsed));
    }
    for (escaped, why) in [
        ("x.y/A", ""),
        ("x.y/!", ""),
        ("x.y/!!a", ""),
        ("x.y/!A", ""),
        ("x.y/é", ""),
        ("x", ": malformed module path \"x\": missing dot in first path element"),
        ("!x.y", ": malformed module path \"X.y\": invalid char 'X' in first path element"),
    ] {
        check_words(unescape_path(escaped).map(|_| ()), &format!("invalid escaped module path \"{escaped}\"{why}"));
    }
}

#[test]
fn a_version_is_escaped_both_ways() {
    for (v, escaped) in
        [("v1.0.0-RC1", "v1.0.0-!r!c1"), ("main", "main"), ("A b", "!a b"), ("v1.0.0+incompatible", "v1.0.0+incompatible")]
    {
        assert_eq!(escape_version(v).as_deref(), Ok(escaped));
        assert_eq!(unescape_version(escaped).as_deref(), Ok(v));
        assert_eq!(Rev::unescape(escaped).map(|rev| rev.escaped()).as_deref(), Ok(escaped));
    }
    for v in ["", "a/b", "a!b", "..", "con", "a?b", "x."] {
        check_words(Rev::parse(v).map(|_| ()), &format!("version \"{v}\" invalid: disallowed version string"));
    }
    check_words(escape_version("é").map(|_| ()), "internal error: inconsistency in EscapePath");
    check_words(
        unescape_version("!c!o!n").map(|_| ()),
        "invalid escaped version \"CON\": \"CON\" disallowed as path element component on Windows",
    );
    check_words(unescape_version("A").map(|_| ()), "invalid escaped version \"A\"");
    check_words(unescape_version("").map(|_| ()), "invalid escaped version \"\": empty path element");
}

#[test]
fn only_a_canonical_version_is_a_version() {
    for v in ["v1.2.3", "v1.2.3-Pre", "v2.0.0+incompatible", "v0.0.0-20060102150405-abcdef123456"] {
        let version = Version::parse(v).expect(v);
        assert_eq!(Version::unescape(&version.escaped()), Ok(version.clone()));
        assert_eq!(Rev::from(&version).as_version(), Some(version));
    }
    check_words(Version::parse("v1").map(|_| ()), "version \"v1\" invalid: must be of the form v1.2.3");
    check_words(Version::parse("v1.0.0+meta").map(|_| ()), "version \"v1.0.0+meta\" invalid: must be of the form v1.2.3");
    check_words(Version::parse("").map(|_| ()), "version \"\" invalid: not a semantic version");
    check_words(Version::unescape("main").map(|_| ()), "invalid escaped version \"main\": not a semantic version");
    assert_eq!(Rev::parse("main").map(|rev| rev.as_version()), Ok(None));
}

#[test]
fn versions_are_ordered_by_precedence_and_then_as_text() {
    let [rc, one, incompatible, ten] =
        ["v1.0.0-rc1", "v1.0.0", "v1.0.0+incompatible", "v10.0.0"].map(|v| Version::parse(v).expect(v));
    assert!(rc < one && one < incompatible && incompatible < ten);
    assert!(incompatible.is_incompatible() && !one.is_pseudo());
    let pair = |path: &str, version: &str| (path.to_owned(), version.to_owned());
    let mut list = [pair("b", "v1.0.0"), pair("a", "v1.10.0"), pair("a", "v1.9.0/go.mod"), pair("a", "v1.9.0"), pair("b", "")];
    sort(&mut list);
    assert_eq!(list, [pair("a", "v1.9.0"), pair("a", "v1.9.0/go.mod"), pair("a", "v1.10.0"), pair("b", ""), pair("b", "v1.0.0")]);
}

#[test]
fn a_package_may_come_from_each_prefix_of_its_path() {
    let of = |path| prefixes(path).collect::<Vec<_>>();
    assert_eq!(of("x.y/m/v2/pkg"), ["x.y/m/v2/pkg", "x.y/m/v2", "x.y/m", "x.y"]);
    assert_eq!(of("x.y/m/v1/pkg"), ["x.y/m/v1/pkg", "x.y/m", "x.y"]);
    assert_eq!(of("gopkg.in/a/yaml.v3/x"), ["gopkg.in/a/yaml.v3", "gopkg.in"]);
}

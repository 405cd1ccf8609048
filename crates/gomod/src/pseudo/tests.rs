use super::*;

const T: &str = "20060102150405";

/// Checks a pseudo-version both ways: made from major and older tag, and taken apart.
#[track_caller]
fn check(major: &str, older: &str, pseudo: &str) {
    let time = Time::parse_timestamp(T).expect("a time");
    assert_eq!(build(major, older, &time, "hash"), pseudo);
    let parsed = parse(pseudo).expect(pseudo);
    assert_eq!((parsed.rev(), parsed.timestamp(), parsed.time()), ("hash", T, Ok(time)));
    assert_eq!(parsed.base().expect(pseudo).unwrap_or_default(), older);
}

#[test]
fn a_pseudo_version_is_built_on_the_tag_before() {
    check("", "", "v0.0.0-20060102150405-hash");
    check("v0", "", "v0.0.0-20060102150405-hash");
    check("v2", "", "v2.0.0-20060102150405-hash");
    check("unused", "v1.2.3", "v1.2.4-0.20060102150405-hash");
    check("unused", "v1.2.99999999999999999", "v1.2.100000000000000000-0.20060102150405-hash");
    check("unused", "v1.2.109", "v1.2.110-0.20060102150405-hash");
    check("unused", "v1.2.0", "v1.2.1-0.20060102150405-hash");
    check("unused", "v1.2.3-pre", "v1.2.3-pre.0.20060102150405-hash");
    check("unused", "v1.3.0-pre.0", "v1.3.0-pre.0.0.20060102150405-hash");
    check("unused", "v0.0.0-0", "v0.0.0-0.0.20060102150405-hash");
    check("unused", "v2.3.0+incompatible", "v2.3.1-0.20060102150405-hash+incompatible");
    check("unused", "v1.3.0-a-b+incompatible", "v1.3.0-a-b.0.20060102150405-hash+incompatible");
}

#[track_caller]
fn check_refused(v: &str, of: impl Fn(&PseudoVersion<'_>) -> Option<InvalidVersion>, words: &str) {
    let refused = match parse(v) {
        Ok(parsed) => of(&parsed).expect("an error"),
        Err(error) => error,
    };
    assert_eq!(refused.to_string(), words);
}

#[test]
fn what_cannot_be_is_refused_in_the_words_of_go() {
    let base = |parsed: &PseudoVersion<'_>| parsed.base().err();
    check_refused("v1.2.3", base, r#"pseudo-version "v1.2.3" invalid: syntax error"#);
    check_refused(
        "v2.0.0-20060102150405-hash+incompatible",
        base,
        r#"pseudo-version "v2.0.0-20060102150405-hash+incompatible" invalid: lacks base version, but has build metadata "+incompatible""#,
    );
    check_refused(
        "v0.0.0-0.20060102150405-hash",
        base,
        r#"pseudo-version "v0.0.0-0.20060102150405-hash" invalid: version before v0.0.0 would have negative patch number"#,
    );
    check_refused(
        "v1.0.0-20061302150405-hash",
        |parsed| parsed.time().err(),
        r#"pseudo-version "v1.0.0-20061302150405-hash" invalid: malformed time "20061302150405""#,
    );
}

#[test]
fn the_form_is_checked_to_the_letter() {
    for v in [
        "v1.0.0-20060102150405",
        "v1.0.1-20060102150405-hash",
        "v1.0.0-2006010215040-hash",
        "v1.0.0-200601021504050-hash",
        "v1.0.0-1.20060102150405-hash",
        "v1.0.0-pre0.20060102150405-hash",
        "v1.0.0-pre.20060102150405-hash",
        "v1.0.0-20060102150405-",
        "v1.0.0-20060102150405-ha.sh",
        "v1.0-20060102150405-hash",
        "v01.0.0-20060102150405-hash",
        "1.0.0-20060102150405-hash",
        "v1.0.0-20060102150405-hash+",
        "v1.0.0--20060102150405-hash",
        "v1.0.0-0.20060102150405hash",
        "v1.0.0-é0060102150405-hash",
        "",
        "v1.0.0-0-20060102150405-hash",
    ] {
        assert!(!is_pseudo_version(v), "{v}");
    }
    for v in ["v1.0.0-20060102150405-HASH+meta.1", "v1.2.3--.0.20060102150405-h", "v10.0.0-20060102150405-h"] {
        assert!(is_pseudo_version(v), "{v}");
    }
}

#[test]
fn the_placeholder_has_time_zero() {
    assert_eq!(zero("v2"), "v2.0.0-00010101000000-000000000000");
    assert!(is_zero("v0.0.0-00010101000000-000000000000") && !is_zero("v0.0.0-00010101000000-000000000001") && !is_zero(""));
}

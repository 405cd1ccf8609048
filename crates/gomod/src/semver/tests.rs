use super::*;

/// One line per version, ascending; on one line the version, its canonical form, major, minor, prerelease and build.
const ASCENDING: &[(&str, [&str; 5])] = &[
    ("", ["", "", "", "", ""]),
    ("v0.0.0-0", ["v0.0.0-0", "v0", "v0.0", "-0", ""]),
    ("v1.0.0-alpha", ["v1.0.0-alpha", "v1", "v1.0", "-alpha", ""]),
    ("v1.0.0-alpha.1", ["v1.0.0-alpha.1", "v1", "v1.0", "-alpha.1", ""]),
    ("v1.0.0-alpha.9", ["v1.0.0-alpha.9", "v1", "v1.0", "-alpha.9", ""]),
    ("v1.0.0-alpha.10", ["v1.0.0-alpha.10", "v1", "v1.0", "-alpha.10", ""]),
    ("v1.0.0-alpha.beta", ["v1.0.0-alpha.beta", "v1", "v1.0", "-alpha.beta", ""]),
    ("v1.0.0-beta", ["v1.0.0-beta", "v1", "v1.0", "-beta", ""]),
    ("v1", ["v1.0.0", "v1", "v1.0", "", ""]),
    ("v1.2", ["v1.2.0", "v1", "v1.2", "", ""]),
    ("v1.2.3-pre+meta.-.0", ["v1.2.3-pre", "v1", "v1.2", "-pre", "+meta.-.0"]),
    ("v1.2.3+meta", ["v1.2.3", "v1", "v1.2", "", "+meta"]),
    ("v9.0.0", ["v9.0.0", "v9", "v9.0", "", ""]),
    ("v10.0.0", ["v10.0.0", "v10", "v10.0", "", ""]),
    (
        "v99999999999999999999999.0.0",
        ["v99999999999999999999999.0.0", "v99999999999999999999999", "v99999999999999999999999.0", "", ""],
    ),
];

#[test]
fn parts_and_canonical_form_are_those_of_go() {
    for (v, parts) in ASCENDING {
        assert_eq!([canonical(v).as_str(), major(v), &major_minor(v), prerelease(v), build(v)], *parts, "{v}");
        assert_eq!(is_valid(v), !v.is_empty(), "{v}");
    }
}

#[test]
fn precedence_is_that_of_go() {
    for (i, (v, _)) in ASCENDING.iter().enumerate() {
        for (j, (w, _)) in ASCENDING.iter().enumerate() {
            assert_eq!(compare(v, w), i.cmp(&j), "{v} {w}");
            assert_eq!(max(v, w), ASCENDING[i.max(j)].1[0], "{v} {w}");
        }
    }
}

#[test]
fn what_is_not_a_version_is_refused() {
    for v in [
        "1.2.3",
        "v",
        "v.",
        "v1.",
        "v1.2.",
        "v01.2.3",
        "v1.02.3",
        "v1.2.03",
        "v1-pre",
        "v1.2-pre",
        "v1+meta",
        "v1.2+meta",
        "v1.2.3-",
        "v1.2.3+",
        "v1.2.3-a..b",
        "v1.2.3+a..b",
        "v1.2.3-01",
        "v1.2.3-a.00",
        "v1.2.3-a_b",
        "v1.2.3+a+b",
        "v1.2.3 ",
        "v1.2.3.4",
        "V1.2.3",
        "v1.2.3-é",
        "vé",
        "v-1.2.3",
        "v1.2.3\n",
    ] {
        assert!(!is_valid(v), "{v}");
        assert_eq!([canonical(v).as_str(), major(v), &major_minor(v), prerelease(v), build(v)], [""; 5], "{v}");
        assert!(compare(v, "").is_eq() && compare(v, "v0.0.0-0").is_lt(), "{v}");
    }
}

#[test]
fn sorting_breaks_ties_as_text() {
    let mut list: Vec<String> = ["v1.0.0+b", "v1.0.0+a", "v1", "x", "v0.9.0", "v1.0.0"].map(String::from).into();
    sort(&mut list);
    assert_eq!(list, ["x", "v0.9.0", "v1", "v1.0.0", "v1.0.0+a", "v1.0.0+b"]);
}

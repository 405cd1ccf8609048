//! Paths, versions, pseudo-versions, patterns.

use gomod::pattern::{PatternIndex, Patterns};
use gomod::time::Time;
use gomod::{module, pseudo, semver, text};
use serde_json::{Value, json};

use crate::compare::{agree, either, verdict};
use crate::random::{Bend as _, Random};

const PATHS: &[&str] = &[
    "example.com/m",
    "example.com/m/v2",
    "example.com/m/v1",
    "example.com/m/v02",
    "example.com/m/v2.3",
    "example.com/m/v10",
    "github.com/Azure/azure-sdk-for-go/sdk/azcore",
    "github.com/!azure/!sirupsen/x",
    "gopkg.in/yaml.v2",
    "gopkg.in/yaml.v3-unstable",
    "gopkg.in/user/pkg.v0",
    "gopkg.in/pkg.v1-unstable",
    "gopkg.in/yaml.v02",
    "golang.org/x/mod",
    "a.b/c~1/d~12",
    "x.test/aux.c/CON/com1.txt/lpt9",
    "x.test/.hidden/..x/...",
    "vendor/modules.txt",
    "internal/ユニ/file é.go",
    "x-y.z_w/+q/a..b",
    "x",
    "",
];

const PATH_TOKENS: &[&str] = &[
    "/",
    "//",
    "/v2",
    "/v0",
    "/v1",
    ".v1",
    ".v2",
    "-unstable",
    "~1",
    "~0",
    ".",
    "..",
    "...",
    "!",
    "!!",
    "!a",
    "!A",
    "@",
    "gopkg.in/",
    "CON",
    "prn",
    "COM0",
    "com¹",
    "aux.",
    "-",
    "_",
    "+",
    "\\",
    ":",
    "*",
    "?",
    "\"",
    "'",
    "<",
    "|",
    "`",
    " ",
    ".git",
    "é",
    "İ",
];

#[test]
fn paths_are_checked_escaped_and_split_as_go_does() {
    agree(
        "path",
        |random| vec![random.bent(PATHS, PATH_TOKENS)],
        |question| {
            let path = question[0].as_str();
            let (prefix, major) = module::split_path_version(path).unwrap_or((path, ""));
            vec![
                verdict(module::check_path(path)),
                verdict(module::check_import_path(path)),
                verdict(module::check_file_path(path)),
                either(module::escape_path(path)),
                either(module::unescape_path(path)),
                json!([prefix, major, module::split_path_version(path).is_some()]),
            ]
        },
    );
}

const VERSIONS: &[&str] = &[
    "v1.2.3",
    "v0.0.0",
    "v1",
    "v1.2",
    "v2.0.0+incompatible",
    "v1.2.3-rc.1+meta.5",
    "v1.0.0-0.3.7",
    "v1.0.0-alpha.beta-1",
    "v1.2.4-0.20191109021931-daa7c04131f5",
    "v0.0.0-20060102150405-abcdef123456",
    "v1.2.3-pre.0.20060102150405-abcdef123456",
    "v2.3.4-0.20060102150405-abcdef123456+incompatible",
    "v0.0.0-00010101000000-000000000000",
    "v7.0.0-00010101000000-000000000000",
    "v1.0.0-20060102150405-hash+incompatible",
    "v1.2.0-0.20060102150405-hash",
    "v0.0.0-20061302250405-x",
    "v0.0.0-20240229235959-x",
    "v0.0.0-20230229235960-x",
    "v99999999999999999999.1.0",
    "v1.0.0-99999999999999999999",
    "v1.2.3-!r!c1",
    "master",
    "feature/x",
    "v01.0.0",
    "",
];

const VERSION_TOKENS: &[&str] = &[
    ".",
    "-",
    "+",
    "-0.",
    ".0.",
    "0",
    "00",
    "9",
    "v",
    "+incompatible",
    "-20060102150405-abcdef123456",
    "-rc",
    "+dirty",
    "!",
    "!a",
    "-0",
    ".1",
    "é",
    "/",
    "..",
    "0.20060102150405-",
    "-00010101000000-000000000000",
];

#[test]
fn versions_are_taken_apart_as_go_does() {
    agree(
        "version",
        |random| vec![random.bent(VERSIONS, VERSION_TOKENS)],
        |question| {
            let v = question[0].as_str();
            let parsed = pseudo::parse(v);
            vec![
                json!(semver::is_valid(v)),
                json!(semver::canonical(v)),
                json!(semver::major(v)),
                json!(semver::major_minor(v)),
                json!(semver::prerelease(v)),
                json!(semver::build(v)),
                json!(module::canonical_version(v)),
                either(module::escape_version(v)),
                either(module::unescape_version(v)),
                json!(pseudo::is_pseudo_version(v)),
                json!(pseudo::is_zero(v)),
                either(parsed.clone().and_then(|version| version.time()).map(|time| time.unix_seconds())),
                either(parsed.clone().map(|version| version.rev().to_owned())),
                either(parsed.and_then(|version| version.base()).map(Option::unwrap_or_default)),
            ]
        },
    );
}

#[test]
fn versions_are_ordered_as_go_does() {
    let two = |random: &mut Random| {
        let one = random.bent(VERSIONS, VERSION_TOKENS);
        // Unrelated texts are ordered by their first difference; relatives have to be looked at to the end.
        let other = if random.one_in(2) { random.bent(&[&one], VERSION_TOKENS) } else { random.bent(VERSIONS, VERSION_TOKENS) };
        vec![one, other]
    };
    agree("compare", two, |question| {
        let (one, other) = (question[0].as_str(), question[1].as_str());
        vec![json!(semver::compare(one, other) as i8), json!(semver::max(one, other))]
    });
}

#[test]
fn a_path_and_a_version_belong_together_as_go_says() {
    let pair = |random: &mut Random| {
        let path = if random.one_in(2) { random.pick(PATHS).to_owned() } else { random.bent(PATHS, PATH_TOKENS) };
        vec![path, random.bent(VERSIONS, VERSION_TOKENS)]
    };
    agree("check", pair, |question| {
        let (path, version) = (question[0].as_str(), question[1].as_str());
        let major = module::split_path_version(path).map_or("", |(_, major)| major);
        vec![
            verdict(module::check(path, version)),
            json!(module::match_path_major(version, major)),
            verdict(module::check_path_major(version, major)),
        ]
    });
}

#[test]
fn pseudo_versions_are_built_as_go_does() {
    let parts = |random: &mut Random| {
        // Any second of the years 1 to 9999, and the edges of months and years.
        const FIRST: i64 = -62_135_596_800;
        const SPAN: u64 = 315_537_897_600;
        let second = FIRST + (random.number() % SPAN) as i64;
        let second = if random.one_in(3) { second - second.rem_euclid(86_400) - (random.below(2) as i64) } else { second };
        let older = random.bent(VERSIONS, VERSION_TOKENS);
        let major = random.pick(&["", "v0", "v1", "v2", "v10"]).to_owned();
        vec![major, older, second.max(FIRST).to_string(), random.pick(&["abcdef123456", "0", "000000000000", "r12"]).to_owned()]
    };
    agree("pseudo", parts, |question| {
        let second = question[2].parse().expect("made as a number");
        let time = Time::from_unix_seconds(second).expect("in the years 1 to 9999");
        vec![json!(pseudo::build(&question[0], &question[1], &time, &question[3])), json!(pseudo::zero(&question[0]))]
    });
}

const PATTERNS: &[&str] = &[
    "*.corp.example",
    "git.corp.example/team",
    "git.corp.example/*/private,example.com",
    "a.test,b.test/,,c.test/x*",
    "github.com/[a-z]*/x?",
    "[^a-c]*.test",
    "*",
    "none",
    "a\\*b/c\\",
    "[a-]*,[]a],[\\]]/x",
    "*/*/*",
    "*a*b*c",
    "ex[-z]mple/[",
    " a.test , b.test",
    "ユ*/ニ?",
];

const TARGETS: &[&str] = &[
    "git.corp.example/team/a/b",
    "git.corp.example/a/private/x",
    "example.com",
    "a.test/x/y",
    "c.test/xyz",
    "github.com/acme/x1/sub",
    "a*b/c\\",
    "]/x",
    "aXbYc",
    "ユニ/ニx",
    "",
    "a//b",
];

const PATTERN_TOKENS: &[&str] =
    &["*", "?", "[", "]", "[^", "[a-z]", "\\", "\\*", "-", "/", "//", ",", "[]", "[^]", "[a-", "[\\", "é", "**", "*/", "ab", "."];

#[test]
fn patterns_match_as_go_does() {
    let two = |random: &mut Random| {
        let target = random.bent(TARGETS, &["/", "a", "b", ".", "*", "é", "\\", "]", "-"]);
        // A pattern made from its target matches often enough to be interesting.
        let patterns =
            if random.one_in(3) { random.bent(&[&target], PATTERN_TOKENS) } else { random.bent(PATTERNS, PATTERN_TOKENS) };
        vec![patterns, target]
    };
    agree("patterns", two, |question| {
        let patterns = Patterns::parse(&question[0]);
        let index = PatternIndex::new(patterns.clone());
        let (found, indexed) = (patterns.find(&question[1]), index.find(&question[1]));
        if found != indexed {
            return vec![json!({ "scan": found, "index": indexed })];
        }
        vec![json!(found.is_some()), json!(found.unwrap_or_default())]
    });
}

#[test]
fn text_is_quoted_as_go_does() {
    const TEXTS: &[&str] = &[
        "plain",
        "with \"quotes\" and \\",
        "\u{7}\u{8}\u{c}\n\r\t\u{b}\0\u{7f}",
        "\u{ad}\u{a0}\u{feff}\u{e000}\u{10ffff}é\u{1f600}\u{378}",
    ];
    let any = |random: &mut Random| {
        let mut text = random.bent(TEXTS, &["\"", "\\", "\u{80}"]);
        for _ in 0..4 {
            text.extend(char::from_u32(random.size(21) as u32));
        }
        vec![text]
    };
    agree("quote", any, |question| vec![Value::from(text::quote(&question[0]))]);
}

//! Ten thousand patterns against a million paths, for `make bench`: the index, the linear scan, one big regular expression and a
//! plain prefix trie; how fast they are, and where they are wrong. Prints JSON.

use std::{
    collections::HashMap,
    hint::black_box,
    time::{Duration, Instant},
};

use gomod::pattern::{PatternIndex, Patterns};
use regex::{Regex, RegexBuilder};
use serde_json::{Value, json};
use testkit::random::Random;

const PATTERNS: usize = 10_000;
const PATHS: usize = 1_000_000;
/// What is slow is asked for so long, and no longer.
const PATIENCE: Duration = Duration::from_secs(10);
const ROUNDS: usize = 5;

fn main() {
    let mut random = Random::new(7);
    let list: Vec<String> = (0..PATTERNS).map(|_| pattern(&mut random)).collect();
    let paths: Vec<String> = (0..PATHS).map(|_| path(&mut random, &list)).collect();
    let text = list.join(",");
    let scan = Patterns::parse(&text);
    let began = Instant::now();
    let index = PatternIndex::new(scan.clone());
    let compiled = began.elapsed();
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| rate(&paths, |path| index.find(path).is_some()).0).collect();
    rounds.sort_by(f64::total_cmp);
    let right: Vec<Option<&str>> = paths.iter().map(|path| index.find(path)).collect();
    let began = Instant::now();
    let regex = big_regex(&list);
    let regex_compiled = began.elapsed();
    let trie = Trie::new(&list);
    let against_scan = against(&paths, &right, |path, right| scan.find(path) == right);
    let against_regex = against(&paths, &right, |path, right| regex.is_match(path) == right.is_some());
    let against_trie = against(&paths, &right, |path, right| trie.find(path).is_some() == right.is_some());
    let other = against(&paths, &right, |path, right| trie.find(path).zip(right).is_none_or(|(one, two)| one == two));
    println!(
        "{:#}",
        json!({
            "patterns": PATTERNS, "paths": PATHS, "matched": right.iter().flatten().count(), "version": 1,
            "index": { "per_second": rounds[ROUNDS / 2], "compiled_ms": compiled.as_secs_f64() * 1e3 },
            "scan": rival(&paths, |path| scan.find(path).is_some(), against_scan),
            "regex": rival(&paths, |path| regex.is_match(path), against_regex),
            "regex_compiled_ms": regex_compiled.as_secs_f64() * 1e3,
            "trie": rival(&paths, |path| trie.find(path).is_some(), against_trie),
            "trie_names_another": other,
        })
    );
}

fn rival(paths: &[String], matches: impl Fn(&str) -> bool, wrong: Value) -> Value {
    json!({ "per_second": rate(paths, matches).0, "wrong": wrong })
}

/// Matches a second, and how many paths were asked.
fn rate(paths: &[String], matches: impl Fn(&str) -> bool) -> (f64, usize) {
    let (began, mut asked) = (Instant::now(), 0);
    for some in paths.chunks(1000) {
        for path in some {
            black_box(matches(black_box(path)));
        }
        asked += some.len();
        if began.elapsed() > PATIENCE {
            break;
        }
    }
    (asked as f64 / began.elapsed().as_secs_f64(), asked)
}

/// How often an answer is not the right one, over as many paths as there is time for, with examples.
fn against<'p>(paths: &'p [String], right: &[Option<&'p str>], agrees: impl Fn(&str, Option<&'p str>) -> bool) -> Value {
    let (began, mut asked, mut wrong, mut examples) = (Instant::now(), 0, 0, Vec::<Value>::new());
    for (path, right) in paths.iter().zip(right) {
        asked += 1;
        if !agrees(path, *right) {
            wrong += 1;
            let is_new = right.is_none() || examples.iter().all(|example| example["right"] != json!(right));
            if examples.len() < 4 && is_new {
                examples.push(json!({ "path": path, "right": right }));
            }
        }
        if asked % 100 == 0 && began.elapsed() > PATIENCE {
            break;
        }
    }
    json!({ "asked": asked, "wrong": wrong, "examples": examples })
}

/// A pattern such as lists of private modules have, and now and then one as only mistakes make them.
fn pattern(random: &mut Random) -> String {
    let (a, b) = (random.below(2_000), random.below(50));
    match random.below(1000) {
        0..400 => format!("git.corp{a}.example/team{b}"),
        400..600 => format!("*.div{a}.example"),
        600..700 => format!("github.com/org{a}/*"),
        700..800 => format!("github.com/org{a}-*"),
        800..880 => format!("git.corp{a}.example/*/private{b}"),
        880..930 => format!("*-internal.dept{a}.example"),
        930..960 => format!("host[0-9].region{a}.example/x?"),
        960..980 => format!("*/secret{a}-{b}"),
        980..990 => format!("git[^a]corp{a}.example"),
        990..995 => format!("*corp{a}*"),
        995..998 => format!("git.corp{a}.example/[team{b}"),
        _ => format!("git.corp{a}.example/team{b}, github.com/org{a}"),
    }
}

/// A module path: every second one is made from a pattern, so that it hits or nearly hits.
fn path(random: &mut Random, list: &[String]) -> String {
    let (a, b) = (random.below(4_000), random.below(60));
    match random.below(10) {
        0..5 => {
            let mut path = String::new();
            for letter in list[random.below(list.len())].chars() {
                match letter {
                    '*' => path.push_str(["x", "team", "a.b", ""][random.below(4)]),
                    '?' => path.push('y'),
                    '[' | ']' | '^' if random.below(2) == 0 => path.push(['-', '/', '7'][random.below(3)]),
                    _ => path.push(letter),
                }
            }
            path + ["", "/repo", "/repo/v2", "/a/b/c", "2"][random.below(5)]
        }
        5 => format!("git.corp{a}.example/group{b}/private{b}/v2"),
        6 => format!("golang.org/x/mod{a}"),
        7 => format!("gopkg.in/package{a}.v{}", b % 5),
        _ => format!("github.com/org{a}/repo{b}/sub/package"),
    }
}

/// The usual translation: `*` any run without a slash, `?` one character without, classes as they are, the rest literal.
fn big_regex(list: &[String]) -> Regex {
    let one = |pattern: &String| {
        let mut text = String::new();
        let mut in_class = false;
        for letter in pattern.trim_end_matches('/').chars() {
            match letter {
                '[' | ']' => {
                    in_class = letter == '[';
                    text.push(letter);
                }
                _ if in_class => text.push(letter),
                '*' => text.push_str("[^/]*"),
                '?' => text.push_str("[^/]"),
                _ => text.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4]))),
            }
        }
        // What cannot be a regular expression is taken literally.
        if Regex::new(&text).is_ok() { text } else { regex::escape(pattern) }
    };
    let alternatives: Vec<String> =
        list.iter().flat_map(|patterns| patterns.split(',')).map(|pattern| one(&pattern.to_owned())).collect();
    let whole = format!("^(?:{})(?:/|$)", alternatives.join("|"));
    RegexBuilder::new(&whole).size_limit(1 << 30).dfa_size_limit(1 << 26).build().expect("its parts are regular expressions")
}

/// A tree over path elements in which `*` stands for a whole element; the longest match wins.
#[derive(Default)]
struct Trie<'l> {
    children: HashMap<&'l str, Trie<'l>>,
    pattern: Option<&'l str>,
}

impl<'l> Trie<'l> {
    fn new(list: &'l [String]) -> Self {
        let mut trie = Trie::default();
        for pattern in list.iter().flat_map(|patterns| patterns.split(',')) {
            let end = pattern.split('/').fold(&mut trie, |node, element| node.children.entry(element).or_default());
            end.pattern.get_or_insert(pattern);
        }
        trie
    }

    fn find(&self, path: &str) -> Option<&'l str> {
        let (mut node, mut found) = (self, None);
        for element in path.split('/') {
            let Some(child) = node.children.get(element).or_else(|| node.children.get("*")) else { break };
            node = child;
            found = node.pattern.or(found);
        }
        found
    }
}

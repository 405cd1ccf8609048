//! The map of the house in ARCHITECTURE.md names every module that a crate's `lib.rs` or `main.rs` has beside it, once, and no other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use super::house::root;

/// The modules that the map names, by crate, as often as it names them. A path (`upstream/direct`) is a place within a module.
fn named(page: &str) -> BTreeMap<String, Vec<String>> {
    let map = page.split("```").nth(1).unwrap_or_default();
    let (mut all, mut of) = (BTreeMap::new(), String::new());
    for line in map.lines() {
        let left = |line: &str| line.trim().split("  ").next().unwrap_or_default().to_owned();
        let indent = line.len() - line.trim_start().len();
        if let Some((name, _)) = line.trim().split_once('/').filter(|_| indent == 2) {
            of = name.to_owned();
            all.insert(of.clone(), Vec::new());
        } else if indent == 4 {
            let modules = left(line).split(' ').filter(|word| !word.contains(['/', '{'])).map(str::to_owned).collect::<Vec<_>>();
            all.entry(of.clone()).or_default().extend(modules);
        } else {
            of = String::new();
        }
    }
    all.remove("");
    all
}

/// What is wrong with the map of one crate.
fn differences(of: &str, named: &[String], there: &BTreeSet<String>) -> Vec<String> {
    let set: BTreeSet<String> = named.iter().cloned().collect();
    let twice =
        set.iter().filter(|name| named.iter().filter(|other| other == name).count() > 1).map(|name| format!("{of}/{name} twice"));
    let missing = there.difference(&set).map(|name| format!("{of}/{name} is missing"));
    let gone = set.difference(there).map(|name| format!("{of}/{name} is not there"));
    twice.chain(missing).chain(gone).collect()
}

/// The modules in the first row of a crate's folder.
fn there(of: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("crates").join(of).join("src")).expect("a crate has sources");
    let names = entries.map(|entry| entry.expect("the entry can be read").file_name().to_string_lossy().replace(".rs", ""));
    names.filter(|name| name != "lib").collect()
}

#[test]
fn the_map_of_the_house_names_every_module_once() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let crates = fs::read_dir(root().join("crates")).expect("the crates");
    let crates: BTreeSet<String> =
        crates.map(|entry| entry.expect("a crate").file_name().to_string_lossy().into_owned()).collect();
    let named = named(&page);
    assert_eq!(named.keys().cloned().collect::<BTreeSet<_>>(), crates);
    let findings: Vec<String> = named.iter().flat_map(|(of, named)| differences(of, named, &there(of))).collect();
    assert!(findings.is_empty(), "the map in ARCHITECTURE.md: {}", findings.join(", "));
}

#[test]
fn a_module_that_is_missing_named_twice_or_gone_is_found() {
    let page = "# x\n```\ncrates/\n  a/    floor 0  WHAT IT IS\n    b c    two  words\n    c/{d,e}   places\n    b      again\n    z      no more\ndocs/   no crate\n```\n";
    let named = named(page);
    assert_eq!(named["a"], ["b", "c", "b", "z"]);
    let there = ["b", "c", "y"].map(str::to_owned).into();
    assert_eq!(differences("a", &named["a"], &there), ["a/b twice", "a/y is missing", "a/z is not there"]);
}

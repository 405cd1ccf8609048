//! The pages of beliefs and the tests of beliefs name each other, in both languages.

use std::{collections::BTreeSet, fs, path::Path};

/// The tests that a page names, in order: `Test: `name``.
fn named(page: &str, before: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(page);
    let text = fs::read_to_string(path).unwrap_or_default();
    let names = text.lines().filter_map(|line| line.strip_prefix(before)?.strip_prefix('`')?.strip_suffix('`'));
    let found: Vec<String> = names.map(str::to_owned).collect();
    let beliefs = text.lines().filter(|line| line.starts_with("### ")).count();
    assert_eq!(beliefs, found.len(), "{page}: each belief names one test");
    let verdicts = text.lines().filter(|line| line.starts_with("**")).count();
    assert_eq!(beliefs, verdicts, "{page}: each belief has one verdict");
    found
}

/// The tests of this folder, but for the ones of this file.
fn tests() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/beliefs");
    let files = fs::read_dir(folder).expect("the folder of this test").map(|entry| entry.expect("an entry").path());
    let others = files.filter(|file| !file.ends_with("pages.rs"));
    let code: String = others.map(|file| fs::read_to_string(file).expect("a source file")).collect();
    let names = code.split("#[tokio::test(flavor = \"multi_thread\")]\nasync fn ").skip(1);
    names.filter_map(|rest| rest.split_once("()").map(|(name, _)| name.to_owned())).collect()
}

#[test]
fn every_belief_has_its_test_and_every_test_its_belief() {
    let (english, chinese) = (named("beliefs.md", "Test: "), named("beliefs.zh-CN.md", "测试："));
    assert_eq!(english, chinese, "the pages have the same beliefs in the same order");
    let once: BTreeSet<String> = english.iter().cloned().collect();
    assert!(once.len() == english.len() && once.len() > 30, "{} beliefs", once.len());
    assert_eq!(once, tests());
}

//! docs/errors.md and docs/errors.zh-CN.md are made from the catalogue.

use std::{collections::BTreeSet, fs, path::Path};

use modway::{
    lang::Lang,
    why::log::{catalogue, page::page},
};

#[track_caller]
fn check(name: &str, lang: Lang) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    let written = fs::read_to_string(path).unwrap_or_default();
    assert!(written == page(lang), "docs/{name} is not what `modway why --catalogue` prints: write it anew");
    for row in catalogue::rows() {
        assert!(written.contains(&format!("\n## `{}`\n", row.code)), "no section for {}", row.code);
    }
}

#[test]
fn the_pages_of_errors_are_what_the_catalogue_says() {
    check("errors.md", Lang::En);
    check("errors.zh-CN.md", Lang::Zh);
}

#[test]
fn every_code_is_there_once_in_kebab_case_and_complete() {
    let mut seen = BTreeSet::new();
    for row in catalogue::rows() {
        let kebab = row.code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        assert!(kebab && seen.insert(row.code), "{}", row.code);
        assert!(!row.phrases.is_empty() && !row.fixes.is_empty(), "{}", row.code);
        for text in row.fixes.iter().map(|fix| fix.say).chain([row.cause]) {
            let chinese = text.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            assert!(!text.en.is_empty() && text.en.is_ascii() && chinese, "{}: {text:?}", row.code);
        }
    }
    assert!(seen.len() > 90, "{}", seen.len());
}

//! The files of the house, and the check of each rule on all of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{rules, source::Source};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/modway lies two below the root").to_owned()
}

/// All files below `folder` whose names end in one of `endings`, as path from the root and text.
pub(crate) fn files(folder: &Path, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder can be read").map(|entry| entry.expect("the entry can be read")) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() && name != "target" && !name.starts_with('.') {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            let from_root = path.strip_prefix(root()).expect("below the root").display().to_string();
            found.push((from_root, fs::read_to_string(&path).expect("the file is text")));
        }
    }
    found
}

pub(crate) fn sources() -> Vec<Source> {
    let sources: Vec<Source> =
        files(&root().join("crates"), &[".rs"]).into_iter().map(|(path, text)| Source::new(&path, &text)).collect();
    assert!(sources.len() > 50, "the sources were not found: {}", sources.len());
    sources
}

/// `rule` finds nothing in any source.
#[track_caller]
fn check(rule: fn(&Source) -> Vec<String>) {
    let findings: Vec<String> = sources().iter().flat_map(rule).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn gomod_and_plan_have_no_clock_no_socket_no_disk_and_no_runtime() {
    check(rules::pure);
}

#[test]
fn only_the_answer_of_the_door_names_status_codes() {
    check(rules::status_codes);
}

#[test]
fn only_the_configuration_reads_the_environment() {
    check(rules::environment);
}

#[test]
fn processes_are_started_in_one_place() {
    check(rules::processes);
}

#[test]
fn every_queue_has_a_bound() {
    check(rules::unbounded);
}

#[test]
fn every_wait_stands_in_limits_or_in_the_configuration() {
    check(rules::waits);
}

#[test]
fn a_long_file_says_at_its_top_why() {
    check(rules::long);
}

#[test]
fn nothing_is_allowed_ignored_or_left_to_do() {
    check(rules::left_over);
    check(rules::quietly_skipped);
}

#[test]
fn no_text_names_a_folder_of_a_build_machine() {
    let texts = files(&root(), &[".rs", ".toml", ".md", ".sh", ".py", ".go", "Makefile"]);
    let findings: Vec<String> = texts.iter().flat_map(|(path, text)| rules::machine_paths(path, text, &root())).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

//! The arrows between the crates, and what each may depend on.

use std::fs;

use toml::Table;

use super::house::root;

/// The house: who may depend on whom, besides `testkit` in tests. Arrows point down only.
const ARROWS: [(&str, &[&str]); 6] = [
    ("gomod", &[]),
    ("plan", &["gomod"]),
    ("store", &["gomod"]),
    ("proxy", &["gomod", "plan", "store"]),
    ("modway", &["gomod", "plan", "store", "proxy"]),
    ("testkit", &["gomod"]),
];

/// Crates that `gomod` and `plan` may use: they compute, and do nothing else.
const PURE: [&str; 11] = [
    "base64",
    "ed25519-dalek",
    "flate2",
    "gomod",
    "hex",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "unicode-normalization",
    "url",
];

/// What is wrong with the manifest `text` of the crate `name`.
fn findings(name: &str, text: &str) -> Vec<String> {
    let manifest: Table = text.parse().expect("a manifest is TOML");
    let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| *crate_name == name) else {
        return vec![format!("{name}: no floor is known for this crate")];
    };
    let ours = |name: &String| ARROWS.iter().any(|(ours, _)| ours == name);
    let mut findings: Vec<String> = Vec::new();
    for dependency in names(&manifest, "dependencies").chain(names(&manifest, "build-dependencies")) {
        if ours(&dependency) && !allowed.contains(&dependency.as_str()) {
            findings.push(format!("{name} -> {dependency}: this arrow points up or sideways"));
        }
        if ["gomod", "plan"].contains(&name) && !PURE.contains(&dependency.as_str()) {
            findings.push(format!("{name} -> {dependency}: not known to be pure"));
        }
    }
    for dependency in names(&manifest, "dev-dependencies").filter(ours) {
        if dependency != "testkit" && !allowed.contains(&dependency.as_str()) {
            findings.push(format!("{name} -> {dependency} in tests: this arrow points up or sideways"));
        }
    }
    if manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) != Some(true) {
        findings.push(format!("{name}: does not take the workspace's lints, which forbid unsafe code"));
    }
    findings
}

fn names(manifest: &Table, section: &str) -> impl Iterator<Item = String> {
    let section = manifest.get(section).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    section.into_iter().map(|(name, _)| name)
}

#[test]
fn arrows_point_down_only_and_the_pure_crates_stay_pure() {
    let mut all = Vec::new();
    let crates = root().join("crates");
    let mut names: Vec<String> = fs::read_dir(&crates)
        .expect("crates/")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in &names {
        all.extend(findings(name, &fs::read_to_string(crates.join(name).join("Cargo.toml")).expect("a manifest")));
    }
    assert!(names.len() == ARROWS.len() && all.is_empty(), "{names:?}\n{}", all.join("\n"));
}

#[test]
fn unsafe_code_is_forbidden_everywhere() {
    let workspace: Table = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace").parse().expect("TOML");
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
}

#[test]
fn a_bad_arrow_is_found() {
    let manifest = |dependencies: &str| format!("[dependencies]\n{dependencies}\n[lints]\nworkspace = true\n");
    assert_eq!(findings("plan", &manifest("gomod = {}")), [""; 0]);
    assert_eq!(findings("plan", &manifest("store = {}")).len(), 2);
    assert_eq!(findings("store", &manifest("plan = {}")), ["store -> plan: this arrow points up or sideways"]);
    assert_eq!(findings("store", &manifest("testkit = {}")), ["store -> testkit: this arrow points up or sideways"]);
    assert_eq!(findings("gomod", &manifest("tokio = {}")), ["gomod -> tokio: not known to be pure"]);
    assert_eq!(findings("attic", &manifest("")), ["attic: no floor is known for this crate"]);
    assert_eq!(findings("store", "[dev-dependencies]\ntestkit = {}\nproxy = {}\n").len(), 2);
}

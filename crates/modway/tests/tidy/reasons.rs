//! docs/reasons.md has one section for each reason, and ARCHITECTURE.md names only proofs that exist.

use std::{collections::BTreeSet, fs};

use super::house::{root, sources};

/// The codes in the body of `fn code` of the enum of reasons.
fn codes(source: &str) -> BTreeSet<String> {
    let body = source.split("fn code(").nth(1).and_then(|rest| rest.split("    }\n\n").next()).unwrap_or("");
    body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The headings of the second level that are codes.
fn sections(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix("## `"))
        .filter_map(|rest| rest.strip_suffix('`'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_reason_has_a_section_in_the_documents() {
    let source = fs::read_to_string(root().join("crates/plan/src/reason.rs")).expect("the reasons");
    let page = fs::read_to_string(root().join("docs/reasons.md")).expect("docs/reasons.md");
    assert!(codes(&source).contains("checksum-mismatch"), "the codes were not found: {:?}", codes(&source));
    assert_eq!(sections(&page), codes(&source));
}

#[test]
fn a_missing_section_is_found() {
    let source = "fn code(&self) -> &'static str {\n match self { A => \"a\", B => \"b-c\" }\n    }\n\n \"d\"";
    assert_eq!(codes(source), ["a", "b-c"].map(str::to_owned).into());
    assert_eq!(sections("# x\n## `a`\ntext\n### `b-c`\n"), ["a"].map(str::to_owned).into());
}

/// The tests that a page names on its lines of proof, from `Proof:` to the next period.
fn proofs(page: &str) -> Vec<String> {
    let proofs = page.split("Proof: ").skip(1).filter_map(|rest| rest.split_once('.').map(|(names, _)| names));
    proofs.flat_map(|names| names.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

#[test]
fn every_proof_that_the_architecture_names_is_a_test() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let code: String = sources().into_iter().map(|source| source.text).collect();
    let missing: Vec<String> = proofs(&page).into_iter().filter(|name| !code.contains(&format!("fn {name}()"))).collect();
    assert!(proofs(&page).len() > 20 && missing.is_empty(), "named as proof, but no test: {missing:?}");
}

#[test]
fn a_proof_is_read_over_lines() {
    assert_eq!(proofs("x `no`\nProof: `a`,\n`b_c`. And `d`.\nProof: `e`."), ["a", "b_c", "e"]);
}

//! docs/reasons.md has one section for each reason, and ARCHITECTURE.md names only proofs that exist.

use std::{collections::BTreeSet, fs};

use super::{
    house::{root, sources},
    source::Source,
};

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

/// The texts in the first columns of a page's tables, in pieces: a text is cut where something else stands in its place, which is `…`, a
/// quotation mark, a word of few capitals (`M`, `M@V`, `FILE`) and a word with a digit.
fn quoted_pieces(page: &str) -> BTreeSet<String> {
    let cells = page.lines().filter(|line| line.starts_with("| `")).filter_map(|row| row.split('|').nth(1));
    let texts = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    texts.flat_map(pieces).collect()
}

fn pieces(text: &str) -> Vec<String> {
    let words = text.split(['…', '"', '\'']).flat_map(|part| part.split(' ').chain(["\n"]));
    let cut: Vec<&str> = words.map(|word| if stands_for_another(word) { "\n" } else { word }).collect();
    let trimmed = |piece: &str| piece.trim_matches(|c: char| !c.is_alphanumeric() && c != '$').to_owned();
    cut.join(" ").split('\n').map(trimmed).filter(|piece| !piece.is_empty()).collect()
}

fn stands_for_another(word: &str) -> bool {
    let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
    let capitals = !letters.is_empty() && letters.len() <= 4 && letters.chars().all(|c| c.is_ascii_uppercase());
    capitals || word.contains(|c: char| c.is_ascii_digit())
}

#[test]
fn every_text_of_direct_mode_in_the_documents_is_in_the_code() {
    let page = fs::read_to_string(root().join("docs/reasons.md")).expect("docs/reasons.md");
    let quoted = quoted_pieces(page.split("# Texts of direct mode").nth(1).expect("the texts of direct mode"));
    // Of what is put together from parts, the whole stands in the tests.
    let told = |source: &&Source| !source.path.contains("/tests/tidy/");
    // A quotation mark in a text of Rust is escaped.
    let code: String = sources().iter().filter(told).map(|source| source.text.replace("\\\"", "\"")).collect();
    let missing: Vec<&String> = quoted.iter().filter(|piece| !code.contains(*piece)).collect();
    assert!(
        quoted.len() > 40 && missing.is_empty(),
        "{} texts; in docs/reasons.md, but in no source: {missing:#?}",
        quoted.len()
    );
}

#[test]
fn a_quoted_text_is_read_in_pieces() {
    let page = "| `no \"M\": reading …?go-get=1: gone` (403) | why `not` |\n| who | `not` |\n| `M@V: bad`, `body larger than N bytes` | |\n";
    assert_eq!(quoted_pieces(page), ["no", "reading", "gone", "bad", "body larger than", "bytes"].map(str::to_owned).into());
}

/// The tests that a page names behind `Proof:`, to the end of that paragraph: every quoted name of several words.
fn proofs(page: &str) -> Vec<String> {
    let paragraphs = page.split("\n\n").filter_map(|paragraph| paragraph.split_once("Proof:"));
    let quoted = paragraphs.flat_map(|(_, names)| names.split('`').skip(1).step_by(2));
    let is_name =
        |text: &&str| text.contains('_') && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    quoted.filter(is_name).map(str::to_owned).collect()
}

/// Whether there is a test of this name: an attribute on the lines above says so.
fn is_test(code: &str, name: &str) -> bool {
    code.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        let above = code[..at].rsplit_once('\n').map_or("", |(above, _)| above).lines().rev().map(str::trim);
        let mut above = above.take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        above.any(|line| line.starts_with("#[") && (line.contains("test]") || line.contains("test(")))
    })
}

#[test]
fn every_proof_that_the_architecture_names_is_a_test() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let code: String = sources().into_iter().map(|source| source.text).collect();
    let missing: Vec<String> = proofs(&page).into_iter().filter(|name| !is_test(&code, name)).collect();
    assert!(proofs(&page).len() > 100 && missing.is_empty(), "named as proof, but no test: {missing:?}");
}

#[test]
fn a_proof_is_read_over_lines() {
    let page = "x `no_proof`\nProof: `a_b`,\n`b_c`. And `off`, `d_e`: `/f_g/`.\n\nnot `h_i`. Proof: `j_k`.";
    assert_eq!(proofs(page), ["a_b", "b_c", "d_e", "j_k"]);
}

#[test]
fn a_function_is_not_a_proof() {
    let code = "#[test]\nfn a_b() {}\n/// Not one.\nfn c_d() {}\n#[tokio::test(flavor = \"x\")]\n// Why.\nasync fn e_f() {}\n";
    assert_eq!(["a_b", "c_d", "e_f", "g_h"].map(|name| is_test(code, name)), [true, false, true, false]);
}

//! One story in every form and both languages, as it stands in `golden/`.
//!
//! `MODWAY_GOLDEN_WRITE=1` writes the files anew; then they are read by a person.

use std::{fs, path::Path};

use crate::world::World;

/// A machine that leads past its policy, and a project with something wrong in each file.
fn story() -> World {
    World::new()
        .rules("[organisation]\nhosts = [\"git.corp.example\"]\n\n[proxy]\npolicy = [\"https://modules.corp.example\"]\n")
        .settings("GOPROXY=https://modules.corp.example|https://me:secret@other.test,direct\nGOPRIVATE=corp.example\n")
        .env("GOFLAGS", "-mod=mod -toolexec=/opt/wrap")
        .file("go.mod", "module git.corp.example/team/app\n\ngo 1.24.2\n\ntoolchain go1.24.0\n\nrequire (\n\ta.test/x v1.2.3\n\tb.test/y v1.0.0\n)\n\nreplace b.test/y => ../y\n")
        .file("go.sum", "a.test/x v1.2.3 h1:AAAA=\na.test/x v1.2.3/go.mod h1:BBBB=\na.test/x v1.2.3/go.mod h1:CCCC=\n")
        .file("../listed.json", "{\"Path\":\"a.test/x\",\"Version\":\"v1.2.3\",\"Retracted\":[\"leaks keys, see [the advisory](https://a.test)\"]}")
}

#[track_caller]
fn check(name: &str, words: &[&str]) {
    let said = story().modway(&[&["LISTED"][..], words].concat());
    assert_eq!((said.code, said.stderr.as_str()), (1, ""));
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/golden").join(name);
    if std::env::var_os("MODWAY_GOLDEN_WRITE").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &said.stdout).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(said.stdout.replace(version, "VERSION"), golden.replace(version, "VERSION"), "{name}");
}

#[test]
fn text_is_as_it_was_read_by_a_person() {
    check("en.txt", &[]);
    check("zh.txt", &["--lang", "zh"]);
}

#[test]
fn json_is_as_promised() {
    check("en.json", &["--json"]);
}

#[test]
fn sarif_is_as_promised() {
    check("en.sarif", &["--format", "sarif"]);
}

#[test]
fn junit_is_as_promised() {
    check("en.xml", &["--format", "junit"]);
    check("zh.xml", &["--format", "junit", "--lang", "zh"]);
}

#[test]
fn annotations_are_as_promised() {
    check("en.github", &["--format", "github"]);
}

#[test]
fn every_result_of_sarif_has_its_rule_and_a_place_in_the_project() {
    let sarif = story().modway(&["LISTED", "--format", "sarif"]).json();
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().expect("results");
    assert!(results.len() > 8);
    for result in results {
        let rule = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        assert!(["go.mod", "go.sum"].iter().any(|file| place["artifactLocation"]["uri"] == *file), "{place}");
        assert!(place["region"]["startLine"].as_u64() >= Some(1));
    }
}

#[test]
fn no_secret_is_in_any_form() {
    for format in ["text", "json", "sarif", "junit", "github"] {
        assert!(!story().modway(&["LISTED", "--format", format]).stdout.contains("secret"), "{format}");
    }
}

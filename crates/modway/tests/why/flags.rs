//! What is typed: flags that go together, and those that do not; and a reader that leaves early.

use std::process::{Command, Stdio};

use clap::Parser as _;
use modway::cli::Cli;

/// Whether a command line is taken.
#[track_caller]
fn check(is_taken: bool, line: &str) {
    let parsed = Cli::try_parse_from(line.split(' '));
    assert_eq!(parsed.is_ok(), is_taken, "{line}: {}", parsed.err().map(|error| error.to_string()).unwrap_or_default());
}

#[test]
fn a_flag_that_would_say_nothing_is_refused() {
    for line in ["--json", "--lang en", "--dry", "--env e", "--config c"] {
        check(false, &format!("modway why {line}"));
    }
    for other in
        ["--dry", "--helpers", "--apply", "--as list", "--apply --yes", "--env e", "--config c", "--tree", "m", "--catalogue"]
    {
        check(false, &format!("modway why --log l {other}"));
    }
    for other in ["--dry", "--helpers", "--apply", "--as list", "--catalogue", "--env e --config c", "--json --format text"] {
        check(false, &format!("modway why --tree m {other}"));
    }
    for other in ["--apply", "--helpers", "--apply --yes", "--fix 3", "--yes", "--format text", "--config c"] {
        check(false, &format!("modway why m --dry {other}"));
    }
    for other in ["--json", "--env e", "--format text", "m"] {
        check(false, &format!("modway why --catalogue {other}"));
    }
    check(false, "modway why m --env e --apply");
    check(false, "modway why m --fix 3");
    check(false, "modway matrix --json --format csv");
}

#[test]
fn flags_that_go_together_are_taken() {
    check(true, "modway why m --env e --dry --as list --json");
    check(true, "modway why m --apply --fix 2 --yes --helpers --lang zh");
    check(true, "modway why --log - --json");
    check(true, "modway why --tree --env e --format svg");
    check(true, "modway why --tree m --config c --json");
    check(true, "modway why --catalogue --lang zh");
}

#[test]
fn a_reader_that_leaves_early_is_no_failure() {
    let lines =
        ["why --catalogue", "why --dry a.test/m", "why --dry --json a.test/m", "why --tree", "why --log -", "why --log - --json"];
    for line in lines {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut modway = Command::new(env!("CARGO_BIN_EXE_modway"));
        modway.args(line.split(' ')).env_clear().env("GOENV", "off").stdin(Stdio::null()).stdout(writer);
        let output = modway.output().expect("it was built for this test");
        assert_eq!(output.status.code(), Some(0), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A file that cannot be read is named with what to do.
#[track_caller]
fn check_unread(line: &str, code: i32, words: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("binary"), b"\x7fELF\xff\xfe").expect("written");
    std::fs::write(folder.path().join("page"), "A page\n\nabout settings:\n\nGOPROXY=off\n").expect("written");
    let mut modway = Command::new(env!("CARGO_BIN_EXE_modway"));
    modway.args(line.split(' ')).env_clear().env("GOENV", "off").current_dir(folder.path()).stdin(Stdio::null());
    let output = modway.output().expect("it was built for this test");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let plain = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(output.status.code() == Some(code) && plain.contains(words), "{line}: {code}: {words}: {said}");
}

#[test]
fn what_cannot_be_read_is_named_with_whose_move_it_is() {
    let gone = "reading gone: no such file; yours: name a file that is there";
    for line in [
        "config check gone",
        "why --log gone",
        "why --dry --env gone a.test/m",
        "serve --config gone",
        "why --tree --config gone",
    ] {
        check_unread(line, 3, gone);
    }
    for line in ["check --rules gone", "check --go-env gone", "check --go-list gone", "check --baseline gone"] {
        check_unread(line, 3, gone);
    }
    check_unread("config check binary", 3, "reading binary: it is no text; yours: name a text file");
    check_unread("config check .", 3, "reading .: it is a folder; yours: name a file in it");
    check_unread("check --go-env .", 3, "reading .: it is a folder; yours: name a file in it");
    check_unread("why --dry --env page a.test/m", 3, "page: neither the output of `go env -json` nor lines of KEY=VALUE; yours:");
    check_unread("check typo", 2, "no folder typo; yours: name the folder of a module");
    check_unread("check binary", 3, "there is no go.mod in this folder or above; yours: name the folder of a module");
}

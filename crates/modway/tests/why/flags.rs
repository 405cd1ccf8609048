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

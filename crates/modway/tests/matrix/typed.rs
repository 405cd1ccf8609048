//! A command as it is typed: the real binary.

use std::process::{Command, Output};

/// What it does, in an environment of its own.
pub(crate) fn modway(words: &[&str], vars: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
    command.args(words).env_clear().envs(vars.iter().copied()).output().expect("the binary runs")
}

/// It ends with `code`, and `part` is in what it says.
#[track_caller]
pub(crate) fn check(words: &[&str], vars: &[(&str, &str)], code: i32, part: &str) {
    let output = modway(words, vars);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
    assert!(said.contains(part), "{part} is not in\n{said}");
}

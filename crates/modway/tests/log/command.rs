//! `modway why --log` as a command: what it prints, and how it ends.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

/// Runs it on this log; answers its exit code and what it printed.
fn why(log: &str, flags: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
    command.env_clear().args(["why", "--log", "-"]).args(flags);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("modway starts");
    child.stdin.take().expect("it is piped").write_all(log.as_bytes()).expect("it reads its input");
    let output = child.wait_with_output().expect("it ends");
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stdout).into_owned())
}

const ABSENT: &str =
    "go: corp.test/m@v1.0.0: reading https://bot:hush@proxy.test/corp.test/m/@v/v1.0.0.info?sig=hush: 404 Not Found\n";

#[test]
fn it_ends_as_the_other_commands_do() {
    assert_eq!(why("all is well\n", &[]).0, 0);
    assert_eq!(why(ABSENT, &[]).0, 1);
    assert_eq!(why(&format!("{ABSENT}go: something new about module corp.test/m\n"), &[]).0, 1);
    assert_eq!(why("go: something new about module corp.test/m\n", &[]).0, 3);
    let ends = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.env_clear().args(arguments).stderr(Stdio::null()).status().expect("modway starts").code()
    };
    assert_eq!(ends(&["why", "--log", "/nowhere/at/all"]), Some(3));
    assert_eq!(ends(&["why", "--log"]), Some(2));
}

#[test]
fn it_says_cause_settings_move_fix_and_where_to_read_more_in_both_languages() {
    let english = why(ABSENT, &["--lang", "en"]).1;
    for part in
        ["proxy-absent", "line 1", "GOPRIVATE", "whose move", "go list -m -versions corp.test/m", "docs/errors.md#proxy-absent"]
    {
        assert!(english.contains(part), "no {part} in:\n{english}");
    }
    let chinese = why(ABSENT, &["--lang", "zh"]).1;
    for part in ["proxy-absent", "第 1 行", "该谁处理", "修复", "如何判断", "docs/errors.zh-CN.md#proxy-absent"] {
        assert!(chinese.contains(part), "no {part} in:\n{chinese}");
    }
}

#[test]
fn no_secret_of_a_url_is_printed() {
    for flags in [&[][..], &["--json"]] {
        assert!(!why(ABSENT, flags).1.contains("hush"));
    }
}

#[test]
fn json_has_its_version_and_the_code() {
    let value: serde_json::Value = serde_json::from_str(&why(ABSENT, &["--json"]).1).expect("JSON");
    assert_eq!((&value["version"], &value["errors"][0]["code"]), (&1.into(), &"proxy-absent".into()));
    assert_eq!(value["errors"][0]["by"], "proxy");
    assert_eq!(value["errors"][0]["module"], "corp.test/m");
}

#[test]
fn what_a_log_puts_into_a_command_means_nothing_to_a_shell() {
    let log = "go: a.test/$(touch${IFS}x)@v1.0.0: reading https://p.test/;rm/@v/v1.0.0.info: 404 Not Found\ngo: a.test/`id`@v1: invalid version: unknown revision v1\n";
    let value: serde_json::Value = serde_json::from_str(&why(log, &["--json"]).1).expect("JSON");
    let errors = value["errors"].as_array().expect("errors");
    let commands: Vec<&str> = errors
        .iter()
        .flat_map(|error| error["fixes"].as_array().expect("fixes"))
        .filter_map(|fix| fix["command"].as_str())
        .collect();
    assert!(errors.len() == 2 && !commands.is_empty());
    assert!(
        commands.iter().all(|command| !command.contains("touch") && !command.contains(";rm") && !command.contains('`')),
        "{commands:?}"
    );
}

#[test]
fn a_long_log_is_read_in_little_memory() {
    let line = format!("{}\n", "x".repeat(3_000_000));
    let log = format!("{line}{}{ABSENT}", "noise of a build\n".repeat(200_000));
    let (end, text) = why(&log, &[]);
    assert!(end == 1 && text.contains("line 200002"), "{text}");
}

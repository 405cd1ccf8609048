//! A project that wants to harm whoever checks it.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command, time::Instant};

use crate::world::World;

/// A go.mod whose texts try to be commands of CI systems, terminals, links and markup.
fn loaded() -> World {
    let path = "\"x\\n::error file=a::owned\\x1b[2J](https://evil.test)<script>&{0}%0A::add-mask::##[error]\u{202e}\"";
    World::good()
        .file(
            "go.mod",
            &format!(
                "module {path}\ngo 1.24\nreplace a.test/x => \"../`id`$(id)\\n::set-output name=x::y ::error::z ##vso[x]\"\n"
            ),
        )
        .file("go.sum", "::error::one\x1b[2J two three four\r\n::error::a v1.0.0 h1:x\n::error::a v1.0.0 h1:y\n")
        .rules("[organisation]\nmodules = [\"corp.example\"]\n")
}

#[test]
fn no_text_of_a_project_is_a_command_of_a_ci_system() {
    for format in ["text", "json", "sarif", "junit", "github"] {
        let said = loaded().modway(&["LISTED", "--format", format]);
        assert_eq!(said.code, 1, "{said:?}");
        let ours = ["::error file=", "::warning file=", "::notice file="];
        for line in said.stdout.lines().map(str::trim_start).filter(|line| line.starts_with("::")) {
            assert!(format == "github" && ours.iter().any(|begin| line.starts_with(begin)), "{format}: {line}");
        }
        let bad: Vec<char> = said.stdout.chars().filter(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}').collect();
        assert!(bad.is_empty(), "{format}: {bad:?}");
        assert!(!said.stdout.contains("##[") && !said.stdout.contains("##vso"), "{format}: {}", said.stdout);
    }
    let annotations = loaded().modway(&["LISTED", "--format", "github"]).stdout;
    let report = loaded().modway(&["LISTED", "--json"]).json();
    assert!(!annotations.contains("%0A"), "a line feed for the runner: {annotations}");
    assert_eq!(annotations.lines().count(), report["findings"].as_array().unwrap().len(), "{annotations}");
}

#[test]
fn no_text_of_a_project_is_a_link_or_a_place_holder_of_sarif() {
    let said = loaded().modway(&["LISTED", "--format", "sarif"]).json();
    for result in said["runs"][0]["results"].as_array().unwrap() {
        let text = result["message"]["text"].as_str().unwrap();
        let bare = |c: char| text.match_indices(c).any(|(at, _)| !text[..at].ends_with('\\'));
        assert!(!bare('[') && !bare(']') && !text.replace("{{", "").contains('{'), "{text}");
    }
}

#[test]
fn a_fix_is_one_word_for_the_shell() {
    let report = loaded().modway(&["LISTED", "--json"]).json();
    for finding in report["findings"].as_array().unwrap() {
        for line in finding["fix"].as_array().unwrap() {
            // Were it not quoted, the shell would run `id`.
            let line = line.as_str().unwrap();
            let output = Command::new("/bin/sh")
                .args(["-c", &format!("go() {{ printf '%s|' \"$@\"; }}; git() {{ go \"$@\"; }}; {line}")])
                .output()
                .unwrap();
            assert!(!String::from_utf8_lossy(&output.stdout).contains("uid="), "{line}");
        }
    }
}

#[test]
fn megabytes_are_judged_in_time_and_in_bounds() {
    let replace = |number: u32| format!("replace a.test/x{number} => ../x{number}\nrequire b.test/x{number} v1.0.0\n");
    let replace: String = (0..60_000).map(replace).collect();
    let sum: String = (0..60_000)
        .map(|number| format!("a.test/x v1.0.{number} h1:x=\na.test/x v1.0.{number} h1:y=\na.test/x v1.0.{number} h1:x=\n"))
        .collect();
    let world = World::new().file("go.mod", &format!("module a.test/m\ngo 1.24\n{replace}")).file("go.sum", &sum);
    let began = Instant::now();
    let found = world.found();
    let of = |rule: &str| found.iter().filter(|(id, ..)| id == rule).count();
    let counts = ["replace-local", "go-sum-conflict", "go-sum-duplicate", "go-sum-missing"].map(of);
    assert_eq!(counts, [1000; 4]);
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
    let long = World::new().file(
        "go.mod",
        &format!("module {}\ngo 1.24\nreplace a.test/x => ../{}\n", "a".repeat(5_000_000), "x/".repeat(2_000_000)),
    );
    assert!(long.modway(&["LISTED"]).stdout.len() < 10_000);
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let world = World::new().file("go.mod", "module a.test/m\ngo 1.24\n");
    assert!(Command::new("mkfifo").arg(world.project().join("go.sum")).status().unwrap().success());
    let said = world.modway(&["LISTED"]);
    assert_eq!(said.code, 3);
    assert!(said.stderr.contains("go.sum: not a file"), "{}", said.stderr);
}

#[test]
fn nothing_of_the_project_or_the_path_beside_it_is_run() {
    let world = World::good().env("PATH", "bin:.:HERE").env("GOFLAGS", "-toolexec=./evil").env("CC", "./evil");
    for name in ["go", "bin/go", "evil"] {
        let world = world.project();
        fs::create_dir_all(world.join("bin")).unwrap();
        fs::write(world.join(name), "#!/bin/sh\n: > ran\n").unwrap();
        fs::set_permissions(world.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let said = world.modway(&[]);
    assert_eq!(said.code, 1);
    assert!(said.stdout.contains("go list: no go in PATH"), "{}", said.stdout);
    assert!(!world.project().join("ran").exists());
}

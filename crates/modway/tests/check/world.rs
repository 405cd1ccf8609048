//! A project and a machine in a temporary folder, and modway looking at them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// A machine without any Go settings of its own, and an empty project.
pub(crate) struct World {
    folder: TempDir,
    environment: Vec<(String, String)>,
}

/// What modway said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A finding, as JSON has it: rule, file and line, subject.
pub(crate) type Found = (String, String, String);

impl World {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(folder.path().join("home")).expect("a home");
        fs::create_dir_all(folder.path().join("project")).expect("a project");
        Self { folder, environment: Vec::new() }.file("../listed.json", "")
    }

    /// A good project that requires one module, with its sums.
    pub(crate) fn good() -> Self {
        Self::new()
            .file("go.mod", "module git.corp.example/team/app\n\ngo 1.24\n\nrequire a.test/x v1.2.3\n")
            .file("go.sum", "a.test/x v1.2.3 h1:AAAA=\na.test/x v1.2.3/go.mod h1:BBBB=\n")
    }

    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        let path = self.project().join(name);
        fs::create_dir_all(path.parent().expect("files are in folders")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The file that `go env -w` writes.
    pub(crate) fn settings(self, text: &str) -> Self {
        self.file("../home/.config/go/env", text)
    }

    pub(crate) fn rules(self, text: &str) -> Self {
        self.file("../rules.toml", text)
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.project().join(name)).expect("a file")
    }

    /// Runs modway with these words; `LISTED` stands for what makes it run no go.
    pub(crate) fn modway(&self, words: &[&str]) -> Said {
        let words =
            words.iter().flat_map(|word| if *word == "LISTED" { vec!["--go-list", "../listed.json"] } else { vec![*word] });
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.arg("check").args(words);
        if self.folder.path().join("rules.toml").exists() {
            command.args(["--rules", "../rules.toml"]);
        }
        self.said(command)
    }

    /// Runs a command in the project, on the machine.
    pub(crate) fn said(&self, mut command: Command) -> Said {
        command.env_clear().env("HOME", self.folder.path().join("home")).env("PATH", "");
        command.envs(self.environment.iter().cloned()).current_dir(self.project());
        let Output { status, stdout, stderr } = command.output().expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints text");
        // Where the temporary folder is differs from run to run.
        let here = self.folder.path().display().to_string();
        let text = |bytes| text(bytes).replace(&here, "HERE");
        Said { code: status.code().expect("it ends by itself"), stdout: text(stdout), stderr: text(stderr) }
    }

    /// What is found, without running go.
    #[track_caller]
    pub(crate) fn found(&self) -> Vec<Found> {
        self.modway(&["LISTED", "--json"]).found()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Said {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    #[track_caller]
    pub(crate) fn found(&self) -> Vec<Found> {
        let report = self.json();
        let findings = report["findings"].as_array().expect("findings").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let place = |finding: &Value| match finding["line"].as_u64() {
            Some(line) => format!("{}:{line}", text(&finding["file"])),
            None => text(&finding["file"]),
        };
        findings.map(|finding| (text(&finding["rule"]), place(finding), text(&finding["subject"]))).collect()
    }
}

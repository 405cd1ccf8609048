//! What the real go command gets from somewhere.

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::{Deserializer, Value};
use testkit::go::Go;

/// One answer: what is compared.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// `version`, the bytes of `.info`, the sums of the zip and of go.mod.
    Version { version: String, info: String, zip: String, go_mod: String },
    /// All versions, in order.
    List(String),
    /// It refused, with these words.
    Refused(String),
}

impl Answer {
    /// True if both say the same. Words of refusals may differ.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        self == other || matches!((self, other), (Self::Refused(_), Self::Refused(_)))
    }
}

/// The go command with one way to modules.
pub(crate) struct Asker<'a> {
    /// The go command.
    pub(crate) go: &'a Go,
    /// What it is told besides: GOPROXY, certificates.
    pub(crate) settings: &'a [(&'a str, String)],
}

impl Asker<'_> {
    /// Downloads and lists; what was asked, with its answer.
    pub(crate) fn ask(&self, downloads: &[String], lists: &[String]) -> BTreeMap<String, Answer> {
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder can be made");
        let mut answers = BTreeMap::new();
        let said = self.run(home.path(), &["mod", "download", "-json"], downloads);
        for (asked, value) in downloads.iter().zip(&said) {
            answers.insert(asked.clone(), downloaded(value));
        }
        assert_eq!(said.len(), downloads.len(), "one answer for each: {said:?}");
        if lists.is_empty() {
            return answers;
        }
        std::fs::write(home.path().join("go.mod"), "module probe\n\ngo 1.27\n").expect("the folder is ours");
        let said = self.run(home.path(), &["list", "-m", "-e", "-versions", "-retracted", "-json"], lists);
        for (asked, value) in lists.iter().zip(&said) {
            answers.insert(asked.clone(), listed(value));
        }
        assert_eq!(said.len(), lists.len(), "one answer for each: {said:?}");
        answers
    }

    fn run(&self, home: &Path, arguments: &[&str], asked: &[String]) -> Vec<Value> {
        let mut command: Command = self.go.command(home);
        command
            .env("GOMAXPROCS", "2")
            .env("GOVCS", "*:all")
            .env("USER", "t")
            .envs(self.settings.iter().map(|(name, value)| (*name, value)));
        let output = command.args(arguments).args(asked).output().expect("go starts");
        let values = Deserializer::from_slice(&output.stdout).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
        let values = values.expect("go prints JSON");
        assert!(!values.is_empty() || asked.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        values
    }
}

fn downloaded(value: &Value) -> Answer {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match value.get("Error") {
        Some(error) => Answer::Refused(error.as_str().unwrap_or_default().to_owned()),
        None => Answer::Version {
            version: text("Version"),
            info: std::fs::read_to_string(text("Info")).unwrap_or_default(),
            zip: text("Sum"),
            go_mod: text("GoModSum"),
        },
    }
}

fn listed(value: &Value) -> Answer {
    match value.pointer("/Error/Err").and_then(Value::as_str) {
        Some(error) => Answer::Refused(error.to_owned()),
        None => {
            let versions = value.get("Versions").and_then(Value::as_array).cloned().unwrap_or_default();
            Answer::List(versions.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
    }
}

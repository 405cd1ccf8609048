//! A setting of the go command, changed where it stands: what to type depends on the layer that has the say.

use super::StepToTake;
use crate::machine::{Layer, Machine};

/// One variable with another value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// The variable.
    pub variable: String,
    /// Its new value; empty to take it away.
    pub value: String,
    layer: Layer,
    is_told: Option<String>,
}

impl Change {
    /// `variable` with this value on `machine`.
    pub fn new(variable: &str, value: String, machine: &Machine) -> Self {
        Self {
            variable: variable.to_owned(),
            value,
            // `go env -w` knows the go command's own variables only.
            layer: if variable.starts_with("GO") { machine.setting(variable).layer } else { Layer::Environment },
            is_told: machine.teller().map(|teller| teller.name.clone()),
        }
    }

    /// What to do: `go env -w` writes the user's file, which an environment variable overrides.
    pub fn step(&self) -> StepToTake {
        let (variable, value) = (&self.variable, &self.value);
        if let Some(file) = &self.is_told {
            return StepToTake::Line { file: file.clone(), line: format!("{variable}={value}") };
        }
        match (&self.layer, value.is_empty()) {
            (Layer::Environment, true) => StepToTake::Shell(format!("unset {variable}")),
            (Layer::Environment, false) => StepToTake::Shell(format!("export {variable}={}", quoted(value))),
            (_, true) => StepToTake::Run(["go", "env", "-u", variable].map(str::to_owned).to_vec()),
            (_, false) => StepToTake::Run(["go", "env", "-w", &format!("{variable}={value}")].map(str::to_owned).to_vec()),
        }
    }

    /// True if the environment has the say, so that the command counts for one shell only.
    pub fn is_of_environment(&self) -> bool {
        self.layer == Layer::Environment && self.is_told.is_none()
    }
}

/// `text` as one word for a shell.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Disk, Environment};

    #[track_caller]
    fn check(vars: &[(&str, &str)], value: &str, line: &str) {
        let machine = Machine::here(&Environment::of(vars), &Disk, None);
        assert_eq!(Change::new("GOPRIVATE", value.to_owned(), &machine).step().line(), line);
    }

    #[test]
    fn what_to_type_depends_on_the_layer_that_has_the_say() {
        check(&[], "git.corp.test", "go env -w GOPRIVATE=git.corp.test");
        check(&[], "*.corp.test", "go env -w 'GOPRIVATE=*.corp.test'");
        check(&[("GOPRIVATE", "x")], "*.corp.test", "export GOPRIVATE='*.corp.test'");
        check(&[("GOPRIVATE", "x")], "", "unset GOPRIVATE");
        check(&[], "", "go env -u GOPRIVATE");
        let machine = Machine::told("ci.env", "GOPROXY=off").expect("told");
        let step = Change::new("GOPROXY", "direct".to_owned(), &machine).step();
        assert_eq!(step, StepToTake::Line { file: "ci.env".into(), line: "GOPROXY=direct".into() });
    }
}

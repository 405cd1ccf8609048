use std::fmt;

/// A go.mod file that Go refuses.
///
/// Shape: Displays as x/mod's `ErrorList`: one fault per line, `go.mod:3:2: unknown directive: x`.
///
/// Invariants: there is at least one fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidModFile {
    /// The faults in the order of the file.
    pub faults: Vec<Fault>,
}

/// One fault of a go.mod file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The name of the file, as the caller gave it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1; Go does not print a 1.
    pub column: usize,
    /// What is wrong, in Go's words.
    pub message: String,
}

impl fmt::Display for InvalidModFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            write!(out, "{}{fault}", if index == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { file, line, column, message } = self;
        match column {
            0 | 1 => write!(out, "{file}:{line}: {message}"),
            _ => write!(out, "{file}:{line}:{column}: {message}"),
        }
    }
}

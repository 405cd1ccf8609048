//! Starts the user's own programs for the commands: `go`, and `git` as the user has it. The one place of the doors that starts processes.
//!
//! What runs here is what the user would run: their program, found in their PATH, with their environment and their rights. Nothing of it is
//! trusted with more than that, and nothing goes through a shell. What runs for a server is caged, and is started by `proxy::upstream::child`.

mod attended;
mod captured;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

pub use self::attended::{Attended, Reader, Stream};
pub use self::captured::Captured;
use crate::config::Environment;

/// A command line that can be run: a program, words that are never looked at by a shell, and an environment of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    program: PathBuf,
    words: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    folder: Option<PathBuf>,
}

/// The bounds of a program whose output is captured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// From its start to its end; then it is killed with all that it started in its group.
    pub wall: Duration,
    /// What it may write to standard output; one byte more, and it is killed. Of standard error as much is kept and the rest dropped.
    pub output_bytes: usize,
}

/// How a program ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ended {
    /// By itself, with this code.
    Code(u8),
    /// By this signal.
    Signal(u8),
}

/// Why a program did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum Lost {
    /// No folder of PATH has it.
    #[error("no {} in PATH", program.display())]
    NotFound {
        /// The name that was looked for.
        program: PathBuf,
    },
    /// It could not be started, or was lost after that.
    #[error("cannot run {}", program.display())]
    Failed {
        /// The program.
        program: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// It did not end in time, and was killed.
    #[error("{} did not end within {} s", program.display(), wall.as_secs_f64())]
    Late {
        /// The program.
        program: PathBuf,
        /// Its deadline.
        wall: Duration,
    },
    /// It wrote more than it may, and was killed.
    #[error("{} wrote more than {output_bytes} bytes", program.display())]
    TooMuch {
        /// The program.
        program: PathBuf,
        /// Its bound.
        output_bytes: usize,
    },
}

impl Run {
    /// A command line for `program`, without words yet, in the environment `environment`.
    ///
    /// A name without a slash is looked for in PATH, as a shell and Go's `exec.LookPath` do; other than these, a folder of PATH that is not
    /// absolute is passed over: it would be whatever the folder we happen to be in has to offer.
    ///
    /// # Errors
    /// [`Lost::NotFound`].
    pub fn find(program: &OsStr, environment: &Environment) -> Result<Self, Lost> {
        let named = Path::new(program);
        let program = if named.components().count() > 1 { Some(named.to_owned()) } else { look(named, environment) };
        let program = program.ok_or_else(|| Lost::NotFound { program: named.to_owned() })?;
        let environment = environment.all().map(|(name, value)| (name.into(), value.into())).collect();
        Ok(Self { program, words: Vec::new(), environment, folder: None })
    }

    /// Adds words.
    #[must_use]
    pub fn words<W: Into<OsString>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Sets a variable, in place of the one that the environment has.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Takes a variable out of the environment.
    #[must_use]
    pub fn unset(mut self, name: &str) -> Self {
        self.environment.remove(OsStr::new(name));
        self
    }

    /// Runs it in `folder` and not in ours.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// The program as it was found.
    pub fn program(&self) -> &Path {
        &self.program
    }

    fn prepared(&self, input: Stdio, output: Stdio, errors: Stdio) -> tokio::process::Command {
        let mut process = tokio::process::Command::new(&self.program);
        process.args(&self.words).env_clear().envs(&self.environment).stdin(input).stdout(output).stderr(errors);
        if let Some(folder) = &self.folder {
            process.current_dir(folder);
        }
        process.kill_on_drop(true);
        process
    }

    fn failed(&self, cause: io::Error) -> Lost {
        Lost::Failed { program: self.program.clone(), cause }
    }
}

impl Ended {
    /// The code that a shell would tell for it: its own, or 128 more than the signal.
    pub const fn code(self) -> u8 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => signal.saturating_add(128),
        }
    }

    /// True for code 0.
    pub fn is_good(self) -> bool {
        self == Self::Code(0)
    }
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt as _;
        let byte = |number: i32| u8::try_from(number).unwrap_or(u8::MAX);
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(byte(code)),
            (None, signal) => Self::Signal(byte(signal.unwrap_or_default())),
        }
    }
}

/// The first file of this name in PATH that may be executed.
fn look(name: &Path, environment: &Environment) -> Option<PathBuf> {
    let path = environment.get("PATH")?;
    let candidates = std::env::split_paths(path).filter(|folder| folder.is_absolute()).map(|folder| folder.join(name));
    candidates
        .into_iter()
        .find(|file| file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0))
}

//! A command line in which data cannot be a flag.

use std::{
    ffi::OsString,
    fs::File,
    path::{Path, PathBuf},
};

use super::{Bounds, Word};

/// Whose program it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tool {
    /// `git`.
    Git,
    /// `hg`.
    Hg,
    /// `svn`.
    Svn,
    /// `fossil`.
    Fossil,
    /// A program that the operator named, such as a `GOAUTH` helper: trusted, and not confined.
    Operators(PathBuf),
}

/// A command whose flags are being written down: fixed words of ours, with values only where a fixed word says what they are.
#[derive(Debug)]
pub struct Command {
    pub(super) tool: Tool,
    pub(super) words: Vec<OsString>,
    pub(super) environment: Vec<(&'static str, OsString)>,
    pub(super) folder: PathBuf,
    pub(super) writes: Vec<PathBuf>,
    pub(super) reads: Vec<PathBuf>,
    pub(super) connects: Vec<u16>,
    pub(super) stdin: Vec<u8>,
    pub(super) stdout: Option<File>,
    pub(super) talks: bool,
    pub(super) bounds: Bounds,
}

/// A command behind its separator: only data follows.
#[derive(Debug)]
pub struct Data(Command);

impl Tool {
    /// The program's name, and the label in metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Hg => "hg",
            Self::Svn => "svn",
            Self::Fossil => "fossil",
            Self::Operators(_) => "helper",
        }
    }
}

impl Command {
    /// `tool`, run in `folder` and writing there only.
    pub fn new(tool: Tool, folder: &Path, bounds: Bounds) -> Self {
        Self {
            tool,
            words: Vec::new(),
            environment: Vec::new(),
            folder: folder.to_owned(),
            writes: vec![folder.to_owned()],
            reads: Vec::new(),
            connects: Vec::new(),
            stdin: Vec::new(),
            stdout: None,
            talks: false,
            bounds,
        }
    }

    /// A command line of the operator's own: the program, then its words as they are.
    pub fn operators(words: &[String], folder: &Path, bounds: Bounds) -> Self {
        let program = words.first().map_or_else(PathBuf::new, PathBuf::from);
        let mut command = Self::new(Tool::Operators(program), folder, bounds);
        command.words = words.iter().skip(1).map(OsString::from).collect();
        command
    }

    /// A word of ours: a flag, a subcommand, a flag's fixed value.
    #[must_use]
    pub fn flag(mut self, word: &'static str) -> Self {
        self.words.push(word.into());
        self
    }

    /// Words of ours.
    #[must_use]
    pub fn flags(self, words: &[&'static str]) -> Self {
        words.iter().fold(self, |command, word| command.flag(word))
    }

    /// A flag with a value in one word: `prefix` ends with the sign between them, as `--cwd=` or `http.proxy=`.
    #[must_use]
    pub fn value(mut self, prefix: &'static str, value: impl AsRef<Word>) -> Self {
        let mut word = OsString::from(prefix);
        word.push(value.as_ref().as_os_str());
        self.words.push(word);
        self
    }

    /// Writes the separator, `--` or `--end-of-options`: what follows is data to the tool.
    pub fn then(self, separator: &'static str) -> Data {
        Data(self.flag(separator))
    }

    /// Sets a variable. The child has no others but `PATH`, `HOME`, `TMPDIR`, `LC_ALL`, `TZ` and a mark of ours.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// May also write below `path`, which exists.
    #[must_use]
    pub fn writes(mut self, path: &Path) -> Self {
        self.writes.push(path.to_owned());
        self
    }

    /// May also read `path`, or below it.
    #[must_use]
    pub fn reads(mut self, path: &Path) -> Self {
        self.reads.push(path.to_owned());
        self
    }

    /// May open TCP connections to `port`, the gateway's as a rule.
    #[must_use]
    pub fn connects(mut self, port: u16) -> Self {
        self.connects.push(port);
        self
    }

    /// Gets `bytes` at its standard input, which then ends.
    #[must_use]
    pub fn stdin(mut self, bytes: Vec<u8>) -> Self {
        self.stdin = bytes;
        self
    }

    /// Writes its standard output to `file`. [`Bounds::file_bytes`] is then its bound.
    #[must_use]
    pub fn stdout(mut self, file: File) -> Self {
        self.stdout = Some(file);
        self
    }

    pub(super) fn reaches_out(&self) -> bool {
        !self.connects.is_empty()
    }
}

impl Data {
    /// One piece of data.
    #[must_use]
    pub fn data(mut self, word: impl AsRef<Word>) -> Self {
        self.0.words.push(word.as_ref().as_os_str().to_owned());
        self
    }

    /// A fixed word among the data, such as the `--` between git's revisions and paths.
    #[must_use]
    pub fn fixed(mut self, word: &'static str) -> Self {
        self.0.words.push(word.into());
        self
    }
}

impl From<Data> for Command {
    fn from(data: Data) -> Self {
        data.0
    }
}

use std::fmt;

use crate::text::{quote, quote_bytes, quote_char};

/// What a path was meant to be, which decides what it may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// The path of a module.
    Module,
    /// The path of a package.
    Import,
    /// The path of a file in a module.
    File,
}

/// A path that breaks Go's rules.
///
/// Shape: Displays as x/mod's `InvalidPathError`, `malformed module path "x": missing dot in first path element`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed {kind} path {quoted}: {why}")]
pub struct InvalidPath {
    /// What the path was meant to be.
    pub kind: PathKind,
    /// The path as Go's `%q` prints it.
    pub quoted: String,
    /// The first rule that it breaks.
    pub why: PathFault,
}

impl InvalidPath {
    pub(super) fn new(kind: PathKind, path: &[u8], why: PathFault) -> Self {
        InvalidPath { kind, quoted: quote_bytes(path), why }
    }
}

/// The rules that a path can break. Each displays in x/mod's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum PathFault {
    #[error("invalid UTF-8")]
    InvalidUtf8,
    #[error("empty string")]
    Empty,
    #[error("leading dash")]
    LeadingDash,
    #[error("double slash")]
    DoubleSlash,
    #[error("trailing slash")]
    TrailingSlash,
    #[error("empty path element")]
    EmptyElement,
    #[error("invalid path element {}", quote(.0))]
    OnlyDots(String),
    #[error("leading dot in path element")]
    LeadingDot,
    #[error("trailing dot in path element")]
    TrailingDot,
    #[error("invalid char {}", quote_char(*.0))]
    InvalidChar(char),
    #[error("{} disallowed as path element component on Windows", quote(.0))]
    WindowsName(String),
    #[error("trailing tilde and digits in path element")]
    TildeDigits,
    #[error("missing dot in first path element")]
    MissingDot,
    #[error("invalid char {} in first path element", quote_char(*.0))]
    InvalidFirstChar(char),
    #[error("invalid version")]
    InvalidVersion,
}

/// A version that breaks Go's rules.
///
/// Shape: Displays as x/mod's `InvalidVersionError`, `version "v1/x" invalid: disallowed version string`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct InvalidVersion {
    /// The version as it was given.
    pub version: String,
    /// Whether it was taken for a pseudo-version.
    pub pseudo: bool,
    /// The rule that it breaks.
    pub why: VersionFault,
}

impl fmt::Display for InvalidVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            // Go checks capital letters for their escape behind the rules, and has no better words for what slips through.
            VersionFault::NotAscii => write!(out, "{}", self.why),
            _ => write!(out, "{} {} invalid: {}", self.noun(), quote(&self.version), self.why),
        }
    }
}

impl InvalidVersion {
    /// `version` or `pseudo-version`.
    pub fn noun(&self) -> &'static str {
        if self.pseudo { "pseudo-version" } else { "version" }
    }
}

/// The rules that a version can break. Each displays in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum VersionFault {
    #[error("not a semantic version")]
    NotSemver,
    #[error("must be of the form v1.2.3")]
    NotCanonical,
    #[error("should be {path_major}, not {major}")]
    WrongMajor { path_major: String, major: String },
    #[error("disallowed version string")]
    Disallowed,
    #[error("internal error: inconsistency in EscapePath")]
    NotAscii,
    #[error("syntax error")]
    Syntax,
    #[error("malformed time {}", quote(.0))]
    MalformedTime(String),
    #[error("lacks base version, but has build metadata {}", quote(build))]
    LacksBase { build: String },
    #[error("version before {base} would have negative patch number")]
    NegativePatch { base: String },
}

/// A module path and a version that do not make a module version.
///
/// Shape: Displays as x/mod's `ModuleError`, `x.y/z@v2.0.0: invalid version: should be v0 or v1, not v2`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPair {
    /// The path is no module path.
    #[error(transparent)]
    Path(#[from] InvalidPath),
    /// The version is none, or its major version is not that of the path.
    #[error("{path}@{}: invalid {}: {}", cause.version, cause.noun(), cause.why)]
    Version {
        /// The module path.
        path: String,
        /// What is wrong with the version.
        cause: InvalidVersion,
    },
}

/// Text that is not the escaped form of a path or version.
///
/// Shape: Displays in x/mod's words, `invalid escaped module path "A"`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are the text as it was given and what is wrong with it unescaped")]
pub enum InvalidEscape {
    /// A capital letter, something outside of ASCII, or a `!` without a small letter behind it.
    #[error("invalid escaped module path {}", quote(escaped))]
    Path { escaped: String },
    /// It is the escaped form of what is no module path.
    #[error("invalid escaped module path {}: {cause}", quote(escaped))]
    NoPath { escaped: String, cause: InvalidPath },
    /// As `Path`, for a version.
    #[error("invalid escaped version {}", quote(escaped))]
    Version { escaped: String },
    /// It is the escaped form of what is no version. The message has the unescaped form, as in Go.
    #[error("invalid escaped version {}: {cause}", quote(unescaped))]
    NoVersion { unescaped: String, cause: PathFault },
    /// It is the escaped form of a good revision name, but of no canonical version.
    #[error("invalid escaped version {}: {}", quote(escaped), cause.why)]
    NotCanonical { escaped: String, cause: InvalidVersion },
}

impl fmt::Display for PathKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            PathKind::Module => "module",
            PathKind::Import => "import",
            PathKind::File => "file",
        })
    }
}

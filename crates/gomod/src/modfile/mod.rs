//! go.mod: what a module says of itself.
//!
//! [`parse`] is for the file of the module that somebody works in, [`parse_lax`] for that of a dependency, [`module_path`] for
//! a look at the name alone, and [`synthetic`] makes the file of a module that has none.
//!
//! Source: `golang.org/x/mod/modfile`, as vendored in Go 1.27, with `fix` nil: versions must be semantic versions.

mod directive;
mod error;
mod lex;
mod quick;
mod syntax;
mod unquote;
mod work;

pub use error::{Fault, InvalidModFile};
pub use quick::module_path;
pub use work::{WorkFile, parse_work};

use crate::module::ModulePath;
use crate::semver;
use crate::text;

/// A go.mod file, read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModFile {
    /// The `module` directive; a module without one has no name.
    pub module: Option<Module>,
    /// The `go` directive, `1.23` or `1.23.0`.
    pub go: Option<String>,
    /// The `toolchain` directive, `go1.23.0` or `default`.
    pub toolchain: Option<String>,
    /// The `godebug` directives, key and value.
    pub godebug: Vec<(String, String)>,
    /// The `require` directives.
    pub require: Vec<Require>,
    /// The `exclude` directives.
    pub exclude: Vec<ModuleVersion>,
    /// The `replace` directives.
    pub replace: Vec<Replace>,
    /// The `retract` directives.
    pub retract: Vec<Retract>,
    /// The `tool` directives: package paths.
    pub tool: Vec<String>,
    /// The `ignore` directives: directories.
    pub ignore: Vec<String>,
}

/// A `module` directive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    /// The path as written; Go does not check it here.
    pub path: String,
    /// What the comment says behind `Deprecated:`; empty if the module is not deprecated.
    pub deprecated: String,
}

/// A module path and a version as go.mod has them; neither is more than go.mod's own rules ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleVersion {
    /// The module path; in the new half of a replacement possibly a directory.
    pub path: String,
    /// The canonical version; empty in a replacement where none is given.
    pub version: String,
}

/// A `require` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Require {
    /// What is required.
    pub module: ModuleVersion,
    /// Whether it is marked `// indirect`.
    pub indirect: bool,
}

/// A `replace` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replace {
    /// What is replaced; all versions if it has none.
    pub old: ModuleVersion,
    /// What replaces it; a directory if it has no version.
    pub new: ModuleVersion,
}

/// A `retract` directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retract {
    /// The lowest version retracted, as written.
    pub low: String,
    /// The highest version retracted, as written; equal to `low` if it is but one.
    pub high: String,
    /// The comment; empty if there is none.
    pub rationale: String,
}

/// The lines, from 1, on which the directives of a go.mod or go.work file stand; in the order of its lists.
///
/// Units and ranges: of a retraction in several intervals, of a tool and the like nothing is kept: nobody asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// Of the `module` directive.
    pub module: Option<usize>,
    /// Of the `go` directive.
    pub go: Option<usize>,
    /// Of the `toolchain` directive.
    pub toolchain: Option<usize>,
    /// Of each `require`.
    pub require: Vec<usize>,
    /// Of each `exclude`.
    pub exclude: Vec<usize>,
    /// Of each `replace`.
    pub replace: Vec<usize>,
    /// Of each `use`.
    pub uses: Vec<usize>,
}

impl Lines {
    fn note(&mut self, verb: &str, line: usize) {
        match verb {
            "module" => self.module = Some(line),
            "go" => self.go = Some(line),
            "toolchain" => self.toolchain = Some(line),
            "require" => self.require.push(line),
            "exclude" => self.exclude.push(line),
            "replace" => self.replace.push(line),
            "use" => self.uses.push(line),
            _ => {}
        }
    }
}

impl Replace {
    /// Tells whether the replacement is a directory.
    ///
    /// Source: `modfile.IsDirectoryPath`; a replacement without a version is one, or Go refuses the file.
    pub fn is_local(&self) -> bool {
        self.new.version.is_empty()
    }
}

impl ModFile {
    /// The first `retract` directive that covers a version, if any does.
    ///
    /// Source: `CheckRetractions` in Go's `cmd/go/internal/modload/modfile.go`, 1.27.
    pub fn retraction(&self, version: &str) -> Option<&Retract> {
        let covers = |r: &&Retract| semver::compare(&r.low, version).is_le() && semver::compare(version, &r.high).is_le();
        self.retract.iter().find(covers)
    }
}

/// Reads a go.mod file, every directive of it.
///
/// Units and ranges: `file` is the name for messages. Each byte that is not UTF-8 becomes U+FFFD, also in quotes where Go would show it.
///
/// Errors: [`InvalidModFile`]: the first fault of the syntax, or all faults of the directives.
///
/// Source: `modfile.Parse`.
pub fn parse(file: &str, content: &[u8]) -> Result<ModFile, InvalidModFile> {
    parse_with_lines(file, content).map(|(file, _)| file)
}

/// As [`parse`], and says on which lines the directives stand.
///
/// Errors: as of [`parse`].
pub fn parse_with_lines(file: &str, content: &[u8]) -> Result<(ModFile, Lines), InvalidModFile> {
    directive::read(file, &text::from_utf8(content), directive::Strictness::Strict)
}

/// Reads the go.mod file of a dependency, where only `module`, `go`, `require`, `retract` and `ignore` count and unknown
/// directives are passed over.
///
/// Errors: as of [`parse`], of those directives.
///
/// Source: `modfile.ParseLax`.
pub fn parse_lax(file: &str, content: &[u8]) -> Result<ModFile, InvalidModFile> {
    directive::read(file, &text::from_utf8(content), directive::Strictness::Lax).map(|(file, _)| file)
}

/// The go.mod file that Go makes for a module without one, `module example.com/m` and a line feed.
///
/// Source: `legacyGoMod` in Go's `cmd/go/internal/modfetch/coderepo.go`, 1.27.
pub fn synthetic(path: &ModulePath) -> String {
    format!("module {path}\n")
}

#[cfg(test)]
mod tests;

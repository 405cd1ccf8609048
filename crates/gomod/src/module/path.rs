use std::fmt;
use std::sync::Arc;

use super::error::{InvalidEscape, InvalidPath};
use super::{check_path, escape, split_path_version, unescape_path};

/// A module path that Go accepts.
///
/// Shape: `github.com/Acme/tool/v2`. Displays unescaped. Orders as text. A clone shares the text.
///
/// Invariants: passes [`check_path`]; so it is ASCII, has a dot in its first element, and has no `@`, `!`, `..` or
/// empty element. It is not longer than whoever parsed it allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModulePath(Arc<str>);

impl ModulePath {
    /// Checks a path.
    ///
    /// Errors: [`InvalidPath`], as of [`check_path`].
    pub fn parse(path: &str) -> Result<Self, InvalidPath> {
        check_path(path).map(|()| ModulePath(path.into()))
    }

    /// Reads the escaped form, `github.com/!acme/tool`.
    ///
    /// Errors: [`InvalidEscape`], as of [`unescape_path`].
    pub fn unescape(escaped: &str) -> Result<Self, InvalidEscape> {
        unescape_path(escaped).map(|path| ModulePath(path.into()))
    }

    /// The form for URLs and file names: `!` and the small letter for each capital letter.
    pub fn escaped(&self) -> String {
        escape::banged(&self.0)
    }

    /// The path as it is written in Go source.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The major version suffix, `/v2` or on gopkg.in `.v2`; empty if there is none.
    pub fn path_major(&self) -> &str {
        split_path_version(&self.0).map(|(_, path_major)| path_major).unwrap_or_default()
    }
}

impl AsRef<str> for ModulePath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModulePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The module paths that can provide a package, longest first, as the go command asks for them.
///
/// Shape: `example.com/m/v2/pkg` gives itself, `example.com/m/v2`, `example.com/m` and `example.com`. Prefixes with an
/// impossible major version suffix, such as `/v1`, are left out; nothing else is checked.
///
/// Source: `modulePrefixesExcludingTarget` in Go's `cmd/go/internal/modload/query.go`, 1.27.
pub fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |longer| longer.rsplit_once('/').map(|(front, _)| front))
        .filter(|prefix| split_path_version(prefix).is_some())
}

//! From a module path to its repository: static hosts, paths with a version control suffix, and `?go-get=1` pages.

use std::fmt;

/// A version control system that the go command knows. Bazaar is gone from Go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Vcs {
    /// Git.
    Git,
    /// Mercurial.
    Hg,
    /// Subversion.
    Svn,
    /// Fossil.
    Fossil,
}

impl Vcs {
    /// Go's name for it, as in a go-import tag and in `Origin.VCS`: `git`, `hg`, `svn`, `fossil`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Hg => "hg",
            Self::Svn => "svn",
            Self::Fossil => "fossil",
        }
    }
}

impl fmt::Display for Vcs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What serves a module: a repository, or a module proxy that a `mod` tag names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// A repository.
    Vcs(Vcs),
    /// A module proxy, by its base URL.
    Proxy,
}

/// Where a module's code is.
///
/// Invariants: the module path has `root` as its prefix, element by element. `url` has a scheme that is not `file`, and neither it nor `subdir`
/// begins with `-`.
///
/// Source: `vcs.RepoRoot` in Go 1.27.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RepoRoot {
    /// The import path of the repository's root, `example.com/lib`.
    pub root: String,
    /// What serves it.
    pub source: Source,
    /// The repository's URL, or the proxy's base, `https://git.example.com/lib`.
    pub url: String,
    /// The directory below the repository's root that corresponds to `root`; usually empty.
    pub subdir: String,
}

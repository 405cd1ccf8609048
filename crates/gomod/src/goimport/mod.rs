//! From a module path to its repository: static hosts, paths with a version control suffix, and `?go-get=1` pages.
//!
//! Nothing is fetched here. [`look_up`] tells what the path alone says; if a page must be asked for, [`Discovery`] says which, takes it
//! as bytes, and says what comes next:
//!
//! ```
//! # use gomod::{goimport::{look_up, Discovery, Known, Page, Step}, module::ModulePath};
//! let module = ModulePath::parse("go.example.com/lib/sub").unwrap();
//! assert_eq!(look_up(module.as_str()), Ok(Known::Page));
//! let html = br#"<meta name="go-import" content="go.example.com/lib git https://git.example.com/lib">"#;
//! let mut discovery = Discovery::new(&module);
//! let root = loop {
//!     let page = Page::read(&discovery.url("https"), "200 OK", "", html); // as if it had been fetched
//!     match discovery.answer(&page).unwrap() {
//!         Step::Ask(further) => discovery = further,
//!         Step::Found(root) => break root,
//!     }
//! };
//! assert_eq!((root.root.as_str(), root.url.as_str()), ("go.example.com/lib", "https://git.example.com/lib"));
//! ```

mod hosts;

mod suffix;

mod discovery;

mod tags;

mod xml;

mod error;

use std::fmt;

pub use discovery::{Discovery, Step};
pub use error::NoRoot;
pub use hosts::{Known, is_shared, look_up, owner};
pub use suffix::Suffix;
pub use tags::{Page, Tag};

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

    /// The system of that [name](Self::name), in small letters as Go has it.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Hg, Self::Git, Self::Svn, Self::Fossil].into_iter().find(|vcs| vcs.name() == name)
    }

    /// The URL schemes that Go tries for a path with a suffix, in its order: all of them, or only those that are secure.
    ///
    /// Source: `vcsHg`, `vcsGit`, `vcsSvn`, `vcsFossil` and `defaultSecureScheme` in Go's `cmd/go/internal/vcs/vcs.go`, 1.27. Departs from it in
    /// not reading GIT_ALLOW_PROTOCOL.
    pub fn schemes(self, insecure_too: bool) -> impl Iterator<Item = &'static str> {
        let all: &[&str] = match self {
            Self::Git => &["git", "https", "http", "git+ssh", "ssh"],
            Self::Hg => &["https", "http", "ssh"],
            Self::Svn => &["https", "http", "svn", "svn+ssh"],
            Self::Fossil => &["https", "http"],
        };
        all.iter().copied().filter(move |scheme| insecure_too || is_secure(scheme))
    }
}

/// True for schemes that keep what travels secret and whole.
fn is_secure(scheme: &str) -> bool {
    matches!(scheme, "https" | "git+ssh" | "svn+ssh" | "ssh")
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
/// Invariants: the module path has `root` as its prefix, element by element (a page may write `root` with a slash at its end). `url` has a scheme that is not `file`, and neither it nor `subdir`
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

impl RepoRoot {
    /// The directory of the repository in which the module is whose path has `below` behind [`root`](Self::root): `subdir` of it, without
    /// needless elements, `below/subdir`. Empty for the repository's own.
    ///
    /// # Errors
    /// None if it leaves the repository; Go lets that pass to the tool, which then finds nothing.
    ///
    /// Source: `newCodeRepo` in Go's `coderepo.go`, 1.27.
    pub fn folder(&self, below: &str) -> Option<String> {
        let mut elements: Vec<&str> = Vec::new();
        for element in below.split('/').chain(self.subdir.split('/')) {
            match element {
                "" | "." => {}
                ".." => drop(elements.pop()?),
                _ => elements.push(element),
            }
        }
        Some(elements.join("/"))
    }
}

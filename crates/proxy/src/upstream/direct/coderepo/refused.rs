//! Why a module has no such version, with the one bit on which a GOPROXY list turns.

use gomod::module::ModulePath;
use plan::Trouble;

use super::super::repo::RepoError;
use crate::upstream::Failure;

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It does not exist, in Go's words: an error of Go's not-exist class.
    NotExist(String),
    /// The commit exists and cannot be the version asked for, in Go's words: an error outside of Go's not-exist class, which asking again
    /// will not change.
    Invalid(String),
    /// The tree of the version cannot be a module zip, in Go's words.
    Tree(String),
    /// Neither yes nor no. Go takes some of these for "does not exist", where it reads a go.mod; here they never are.
    Trouble(Trouble),
}

impl Refused {
    /// The same, said of a module at a revision: `example.com/m@v9: invalid version: …`.
    ///
    /// Source: `ModuleError` with an `InvalidVersionError` in x/mod.
    pub(super) fn of_version(self, module: &ModulePath, rev: &str) -> Self {
        self.after(&format!("{module}@{rev}: invalid version"))
    }

    /// The same, said of a module: `module example.com/m: …`.
    pub(super) fn of_module(self, module: &ModulePath) -> Self {
        self.after(&format!("module {module}"))
    }

    /// The same behind `front` and a colon. Trouble on the way to the repository speaks for itself.
    pub(crate) fn after(self, front: &str) -> Self {
        match self {
            Self::NotExist(text) => Self::NotExist(format!("{front}: {text}")),
            Self::Invalid(text) => Self::Invalid(format!("{front}: {text}")),
            Self::Tree(text) => Self::Tree(format!("{front}: {text}")),
            Self::Trouble(Trouble::Vcs(text)) => Self::Trouble(Trouble::Vcs(format!("{front}: {text}"))),
            Self::Trouble(trouble) => Self::Trouble(trouble),
        }
    }
}

impl From<RepoError> for Refused {
    fn from(error: RepoError) -> Self {
        match error {
            RepoError::NotExist(text) => Self::NotExist(text),
            RepoError::Failed(Trouble::NoVersion(text)) => Self::Invalid(text),
            RepoError::Failed(trouble) => Self::Trouble(trouble),
        }
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotExist(text) => Self::NotExist(text),
            Refused::Invalid(text) => Self::Trouble(Trouble::NoVersion(text)),
            Refused::Tree(text) => Self::Trouble(Trouble::Tree(text)),
            Refused::Trouble(trouble) => Self::Trouble(trouble),
        }
    }
}

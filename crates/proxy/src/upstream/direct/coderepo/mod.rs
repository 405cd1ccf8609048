//! One module in its repository: which versions it has, which commit each is, and what is in it.
//!
//! Source: `codeRepo` in Go's `cmd/go/internal/modfetch/coderepo.go`, 1.27.3; error texts are the same to the letter. Two things differ, both
//! for the sake of what is served for ever:
//! * Trouble is never "does not exist" (Go takes a failed read of go.mod for that in one place, and ignores it in others).
//! * `.mod` and `.zip` of a version are served only if the version resolves to itself. Go trusts its callers to have asked before, and would
//!   otherwise give the files of a branch that is named like a version.

mod query;

mod convert;
mod tags;

mod place;
mod pseudo;

mod refused;

use std::sync::Arc;

use bytes::Bytes;
use gomod::{
    goimport::RepoRoot,
    info::Origin,
    modfile,
    module::{self, ModulePath, Version},
    pseudo as pseudo_version, semver,
    text::quote,
    time::Time,
};
use plan::Trouble;
use quick_cache::sync::Cache;

pub use self::refused::Refused;
use super::repo::{Repo, RepoError};
use crate::limits;

/// A module in its repository.
pub struct CodeRepo {
    repo: Arc<dyn Repo>,
    memory: Memory,
    module: ModulePath,
    /// The import path of the repository's root.
    root: String,
    /// The directory in which the module is looked for first; empty for the root. Part of the names of its tags.
    dir: String,
    /// The module path without its major version; for texts.
    path_prefix: String,
    /// `/v2`, `.v2`, `.v2-unstable` or empty.
    path_major: String,
}

/// A version that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The canonical version.
    pub version: String,
    /// Its commit's whole name.
    pub hash: String,
    /// When it was committed, in UTC.
    pub time: Time,
    /// The directory of the module at that commit; empty for the root.
    pub dir: String,
    /// The raw go.mod there; `None` if there is none, which it may do only in the root.
    go_mod: Option<Bytes>,
    /// As Go's cached `.info` has it.
    pub origin: Origin,
}

/// What is remembered of commits, which do not change, so that `.info`, `.mod` and `.zip` of a version ask for it once. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Remembered>);

#[derive(Debug)]
struct Remembered {
    /// Small files by repository, commit and path. Absences are kept, too: most questions are whether there is a go.mod.
    files: Cache<(String, String, String), Option<Bytes>>,
    /// Repository, commit and an ancestor of it.
    ancestors: Cache<(String, String, String), ()>,
}

impl Default for Memory {
    fn default() -> Self {
        let (files, ancestors) = (Cache::new(limits::MAX_SMALL_FILES), Cache::new(limits::MAX_ANCESTORS));
        Self(Arc::new(Remembered { files, ancestors }))
    }
}

impl CodeRepo {
    /// The module `module` in the repository `repo`, which is at `root`.
    ///
    /// # Errors
    /// [`Refused::Invalid`] if the repository cannot hold such a module.
    pub fn new(repo: Arc<dyn Repo>, root: &RepoRoot, module: ModulePath, memory: Memory) -> Result<Self, Refused> {
        let path = module.as_str();
        if !has_path_prefix(path, &root.root) {
            return Err(Refused::Invalid(format!("mismatched repo: found {} for {path}", root.root)));
        }
        let Some((prefix, major)) = module::split_path_version(path) else {
            return Err(Refused::Invalid(format!("invalid module path {}", quote(path))));
        };
        let (path_prefix, path_major) = (if root.root == path { path } else { prefix }.to_owned(), major.to_owned());
        if root.root != path && !has_path_prefix(&path_prefix, &root.root) {
            return Err(Refused::Invalid(format!("repository rooted at {} cannot contain module {path}", root.root)));
        }
        let below = path_prefix.get(root.root.len()..).unwrap_or_default().trim_matches('/');
        // What a tool could take for an option is refused, too; Go lets it pass to the tool, which then finds nothing.
        let Some(dir) = root.folder(below).filter(|dir| !dir.starts_with('-')) else {
            return Err(Refused::NotExist(format!("invalid subdirectory {}", quote(&root.subdir))));
        };
        Ok(Self { repo, memory, root: root.root.clone(), dir, path_prefix, path_major, module })
    }

    /// The commit, tag or branch `rev` as a version. For `latest`, the tip of the default branch.
    ///
    /// # Errors
    /// [`Refused`], in Go's words.
    ///
    /// Source: `codeRepo.Stat`.
    pub async fn stat(&self, rev: &str) -> Result<Found, Refused> {
        if rev == "latest" {
            return self.tip().await;
        }
        let commit =
            self.repo.stat(&self.rev_of(rev)).await.map_err(|error| Refused::from(error).of_version(&self.module, rev))?;
        self.convert(commit, rev).await
    }

    /// The tip of the default branch as a version.
    ///
    /// # Errors
    /// [`Refused`], in Go's words; `no commits` for an empty repository.
    ///
    /// Source: `codeRepo.Latest`.
    pub async fn tip(&self) -> Result<Found, Refused> {
        self.convert(self.repo.latest().await?, "").await
    }

    /// A canonical version, if it is one of this module.
    ///
    /// # Errors
    /// [`Refused`], in Go's words.
    pub async fn version(&self, version: &Version) -> Result<Found, Refused> {
        let found = self.stat(version.as_str()).await?;
        if found.version != version.as_str() {
            let why = Refused::Invalid(format!("resolves to version {}", found.version));
            return Err(why.of_version(&self.module, version.as_str()));
        }
        Ok(found)
    }

    /// The go.mod of a version: the raw file, or the one that Go makes up for a module without.
    pub fn go_mod(&self, found: &Found) -> Bytes {
        found.go_mod.clone().unwrap_or_else(|| modfile::synthetic(&self.module).into())
    }

    /// The repository.
    pub fn repo(&self) -> &Arc<dyn Repo> {
        &self.repo
    }

    /// The tag that `version` has in the repository; `None` for a pseudo-version.
    pub fn tag_of(&self, version: &str) -> Option<String> {
        pseudo_version::parse(version).is_err().then(|| self.rev_of(version))
    }

    /// What the repository calls `rev`: of a pseudo-version the commit, of a version the tag.
    ///
    /// Source: `codeRepo.revToRev`.
    fn rev_of(&self, rev: &str) -> String {
        match pseudo_version::parse(rev) {
            Ok(pseudo) => pseudo.rev().to_owned(),
            Err(_) if semver::is_valid(rev) => format!("{}{}", self.tag_prefix(), compatible(rev)),
            Err(_) => rev.to_owned(),
        }
    }

    /// What the names of this module's tags begin with.
    fn tag_prefix(&self) -> String {
        if self.dir.is_empty() { String::new() } else { format!("{}/", self.dir) }
    }

    /// The major version that pseudo-versions without a tag before them have: `v2`, or empty for `v0`.
    fn pseudo_major(&self) -> &str {
        module::path_major_prefix(&self.path_major).unwrap_or_default()
    }

    /// The raw file at a commit, up to the size that a go.mod may have.
    async fn read(&self, hash: &str, path: &str) -> Result<Option<Bytes>, Trouble> {
        let key = (self.repo.url().to_owned(), hash.to_owned(), path.to_owned());
        if let Some(known) = self.memory.0.files.get(&key) {
            return Ok(known);
        }
        let file = match self.repo.read_file(hash, path, limits::MAX_MOD_BYTES).await {
            Ok(file) => file,
            Err(RepoError::NotExist(_)) => None,
            Err(RepoError::Failed(trouble)) => return Err(trouble),
        };
        if file.as_ref().is_none_or(|file| file.len() <= limits::MAX_SMALL_FILE_BYTES) {
            self.memory.0.files.insert(key, file.clone());
        }
        Ok(file)
    }
}

/// Tells whether `path` begins with all elements of `prefix`.
///
/// Source: `hasPathPrefix` in Go's `coderepo.go`.
fn has_path_prefix(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'))
}

/// A version without `+incompatible`.
fn compatible(version: &str) -> &str {
    if semver::build(version) == "+incompatible" { version.strip_suffix("+incompatible").unwrap_or(version) } else { version }
}

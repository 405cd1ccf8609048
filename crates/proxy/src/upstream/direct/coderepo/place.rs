//! Where in a commit's tree the module is, if it is there at all.

use bytes::Bytes;
use gomod::{modfile::module_path, module, semver, text::quote};

use super::{CodeRepo, Refused};

/// The directory of a module, and its go.mod.
pub(super) struct Place {
    /// Empty for the root.
    pub(super) dir: String,
    /// `None` where Go makes one up.
    pub(super) go_mod: Option<Bytes>,
}

/// A go.mod that may or may not be there.
struct GoMod {
    path: String,
    content: Option<Bytes>,
    /// The module path in it; empty if there is none.
    declares: String,
}

impl CodeRepo {
    /// Finds the module at a commit. `rev` is what the commit is called in texts.
    ///
    /// # Errors
    /// [`Refused::NotExist`] in Go's words, without the module's name before them.
    ///
    /// Source: `codeRepo.findDir`.
    pub(super) async fn place(&self, hash: &str, rev: &str, version: &str) -> Result<Place, Refused> {
        let first = self.go_mod_in(&self.dir, hash, rev).await?;
        let fits = first.content.is_some() && (self.is_major(&first.declares) || self.may_stand_for_gopkg_in(&first.declares));
        let mut second_is_possible = false;
        if let Some(name) = self.major_dir() {
            second_is_possible = true;
            let dir = if self.dir.is_empty() { name.to_owned() } else { format!("{}/{name}", self.dir) };
            let second = self.go_mod_in(&dir, hash, rev).await?;
            if second.content.is_some() {
                return self.in_major_dir(dir, second, &first, fits, rev);
            }
        }
        if fits {
            return Ok(Place { dir: self.dir.clone(), go_mod: first.content });
        }
        if first.content.is_some() {
            return Err(Refused::NotExist(self.misfit(&first, second_is_possible, rev, version)));
        }
        if self.dir.is_empty() && (self.path_major.is_empty() || self.path_major.starts_with('.')) {
            return Ok(Place { dir: String::new(), go_mod: None });
        }
        let or = if second_is_possible { format!(" and ...{}/go.mod", self.path_major) } else { String::new() };
        Err(Refused::NotExist(format!("missing {}/go.mod{or} at revision {rev}", self.path_prefix)))
    }

    /// Either the go.mod above claims the major version or the one in its directory does, not both.
    fn in_major_dir(&self, dir: String, second: GoMod, first: &GoMod, first_fits: bool, rev: &str) -> Result<Place, Refused> {
        let (major, path) = (&self.path_major, &second.path);
        let is_major = self.is_major(&second.declares);
        let text = match (first_fits, is_major) {
            (false, true) => return Ok(Place { dir, go_mod: second.content }),
            (true, true) => {
                let first = format!("{}/{}", self.path_prefix, first.path);
                format!("{first} and ...{major}/go.mod both have ...{major} module paths at revision {rev}")
            }
            (_, false) if second.declares.is_empty() => format!("{}/{path} is missing module path at revision {rev}", self.root),
            (_, false) => {
                let declares = quote(&second.declares);
                format!("{}/{path} has non-...{major} module path {declares} at revision {rev}", self.root)
            }
        };
        Err(Refused::NotExist(text))
    }

    /// What is wrong with a go.mod of another major version.
    fn misfit(&self, go_mod: &GoMod, second_is_possible: bool, rev: &str, version: &str) -> String {
        let (path, declares, major) = (&go_mod.path, quote(&go_mod.declares), &self.path_major);
        let also = if second_is_possible { format!(" (and ...{major}/go.mod does not exist)") } else { String::new() };
        let what = match module::split_path_version(&go_mod.declares) {
            _ if go_mod.declares.is_empty() => return format!("{path} is missing module path{also} at revision {rev}"),
            _ if !major.is_empty() => format!("non-...{major}"),
            None => "malformed".to_owned(),
            Some(_) => format!("post-{}", semver::major(version)),
        };
        format!("{path} has {what} module path {declares}{also} at revision {rev}")
    }

    async fn go_mod_in(&self, dir: &str, hash: &str, rev: &str) -> Result<GoMod, Refused> {
        let path = if dir.is_empty() { "go.mod".to_owned() } else { format!("{dir}/go.mod") };
        let content = self
            .read(hash, &path)
            .await
            .map_err(|trouble| Refused::Trouble(trouble).after(&format!("reading {}/{path} at revision {rev}", self.root)))?;
        let declares = content.as_ref().map(|content| module_path(content)).unwrap_or_default();
        Ok(GoMod { path, content, declares })
    }

    /// The directory `v2` that a module with the path major `/v2` may have for itself, unless the whole repository is the module.
    fn major_dir(&self) -> Option<&str> {
        self.path_major.strip_prefix('/').filter(|_| self.root != self.module.as_str())
    }

    /// Whether the versions of a module of this name are those that our path allows.
    ///
    /// Source: `isMajor` in Go's `coderepo.go`.
    fn is_major(&self, declares: &str) -> bool {
        let Some((_, major)) = module::split_path_version(declares).filter(|_| !declares.is_empty()) else { return false };
        match self.path_major.get(1..) {
            None => matches!(module::path_major_prefix(major), Some("" | "v0" | "v1")),
            Some(ours) => major.get(1..) == Some(ours),
        }
    }

    /// An unversioned path may stand for a gopkg.in module of any major version, for what older releases of Go let pass.
    ///
    /// Source: `canReplaceMismatchedVersionDueToBug`, golang.org/issue/34254.
    fn may_stand_for_gopkg_in(&self, declares: &str) -> bool {
        self.path_major.is_empty() && declares.starts_with("gopkg.in/")
    }
}

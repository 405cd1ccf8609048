//! From a commit to the version that it is.

use std::cmp::Ordering;

use gomod::{
    module::{self, canonical_version},
    pseudo, semver,
};

use super::{CodeRepo, Found, Refused};
use crate::upstream::direct::repo::Commit;

impl CodeRepo {
    /// The version that a commit is, when `asked` was asked for; empty for none.
    ///
    /// # Errors
    /// [`Refused`], in Go's words.
    ///
    /// Source: `codeRepo.convert`, in its order.
    pub(super) async fn convert(&self, commit: Commit, asked: &str) -> Result<Found, Refused> {
        if pseudo::is_pseudo_version(asked) {
            // First what shallow knowledge refutes: the base may need the whole history.
            let found = self.canonical(&commit, asked, asked).await?;
            self.check_pseudo(&commit, asked).await?;
            return Ok(found);
        }
        if let Some(tag) = self.tag_version(&commit.version).filter(|tag| tag.is_canonical) {
            match self.canonical(&commit, &tag.version, asked).await {
                Err(Refused::NotExist(_) | Refused::Invalid(_)) => {}
                end => return end,
            }
        }
        let equal: Vec<_> = commit
            .tags
            .iter()
            .filter_map(|tag| self.tag_version(tag))
            .filter(|tag| semver::compare(&tag.version, asked) == Ordering::Equal)
            .collect();
        if let Some(tag) = equal.iter().find(|tag| tag.is_canonical) {
            return self.canonical(&commit, &tag.version, asked).await;
        }
        let tags = self.repo.tags(&self.tag_prefix()).await?;
        let versions: Vec<_> = tags.list.iter().filter_map(|(tag, _)| self.tag_version(tag)).map(|tag| tag.version).collect();
        let usable = self.usable(&commit.name, asked, versions.iter().map(String::as_str)).await?;
        if let Some(version) = usable.highest_canonical(&commit.tags) {
            return self.canonical(&commit, &version, asked).await;
        }
        let base = match equal.into_iter().next_back() {
            Some(tag) => tag.version,
            None if versions.is_empty() => String::new(),
            None => {
                let allowed = |tag: &str| usable.version(tag).is_some();
                let tag = self.repo.recent_tag(&commit.name, &self.tag_prefix(), &allowed).await?;
                tag.and_then(|tag| self.tag_version(&tag)).map(|tag| tag.version).unwrap_or_default()
            }
        };
        let version = pseudo::build(self.pseudo_major(), &base, &commit.time, &commit.short);
        self.canonical(&commit, &version, asked).await
    }

    /// The commit as the canonical `version`, with `+incompatible` if it needs that, if the module and its major version are there and
    /// nothing else was asked for.
    ///
    /// Source: `checkCanonical` in `codeRepo.convert`.
    async fn canonical(&self, commit: &Commit, version: &str, asked: &str) -> Result<Found, Refused> {
        let place = self.place(&commit.name, &self.rev_of(version), version).await;
        let place = place.map_err(|why| why.of_version(&self.module, version))?;
        let named = if version == compatible_text(asked) { asked } else { version };
        let base = compatible_text(named);
        let (version, misfit) = self.with_suffix(&commit.name, named, asked).await?;
        if asked == canonical_version(asked) && !asked.is_empty() && compatible_text(asked) != base {
            let text = format!("resolves to version {version} ({} is not a tag)", compatible_text(asked));
            return Err(Refused::Invalid(text).of_version(&self.module, asked));
        }
        match misfit {
            Some(text) => Err(Refused::Invalid(text).of_version(&self.module, named)),
            None => Ok(self.found(commit, version, place)),
        }
    }

    /// The version with the suffix that it must have, and what is wrong with its major version.
    async fn with_suffix(&self, hash: &str, version: &str, asked: &str) -> Result<(String, Option<String>), Refused> {
        let (base, major) = (compatible_text(version), semver::major(version));
        if module::match_path_major(base, &self.path_major) {
            let text = || format!("+incompatible suffix not allowed: major version {major} is compatible");
            return Ok((version.to_owned(), (base != version).then(text)));
        }
        if self.may_be_incompatible(hash, asked, major).await? {
            return Ok((format!("{base}+incompatible"), None));
        }
        let text = match self.path_major.is_empty() {
            false => "module path includes a major version suffix, so major version must match".to_owned(),
            true => {
                let path = gomod::text::quote(&format!("{}/{major}", self.path_prefix));
                format!("module contains a go.mod file, so module path must match major version ({path})")
            }
        };
        Ok((version.to_owned(), Some(text)))
    }

    fn found(&self, commit: &Commit, version: String, place: super::place::Place) -> Found {
        let mut origin = commit.origin.settled(&version);
        origin.subdir.clone_from(&self.dir);
        let (hash, time) = (commit.name.clone(), commit.time);
        Found { version, hash, time, dir: place.dir, go_mod: place.go_mod, origin }
    }
}

/// Text without `+incompatible` at its end, whatever else it is.
fn compatible_text(version: &str) -> &str {
    version.strip_suffix("+incompatible").unwrap_or(version)
}

//! Tags and the versions that they are: the list, the retractions, and what counts beside the module's own major version.

use std::{cmp::Ordering, collections::HashSet};

use gomod::{
    modfile::{self, ModFile},
    module, pseudo, semver,
};

use super::{CodeRepo, Refused};

/// What a tag says of the module.
pub(super) struct TagVersion {
    /// Canonical.
    pub(super) version: String,
    /// True if the tag says it in just these words, without build metadata.
    pub(super) is_canonical: bool,
}

/// The versions of a commit's history that a pseudo-version may build on, or a commit may be called by.
pub(super) struct Usable<'a> {
    repo: &'a CodeRepo,
    retractions: ModFile,
    /// Major versions that may be used with `+incompatible`.
    incompatible: HashSet<String>,
}

impl CodeRepo {
    /// The versions whose names begin with `prefix`, in order of precedence; no pseudo-versions.
    ///
    /// # Errors
    /// [`Refused`], in Go's words.
    ///
    /// Source: `codeRepo.Versions`.
    pub async fn versions(&self, prefix: &str) -> Result<Vec<String>, Refused> {
        if self.module.as_str().starts_with("gopkg.in/") && self.module.as_str().ends_with("-unstable") {
            return Ok(Vec::new());
        }
        let (mut list, mut incompatible) = (Vec::new(), Vec::new());
        for version in self.canonical_tags(prefix).await? {
            if module::match_path_major(&version, &self.path_major) {
                list.push(version);
            } else if self.dir.is_empty() && self.path_major.is_empty() && semver::major(&version) > "v1" {
                incompatible.push(version);
            }
        }
        semver::sort(&mut list);
        semver::sort(&mut incompatible);
        self.add_incompatible(&mut list, incompatible).await.map_err(|why| why.of_module(&self.module))?;
        Ok(list)
    }

    /// The tags that are canonical versions, without their prefix.
    async fn canonical_tags(&self, prefix: &str) -> Result<Vec<String>, Refused> {
        let ours = self.tag_prefix();
        let tags = self.repo.tags(&format!("{ours}{prefix}")).await;
        let tags = tags.map_err(|error| Refused::from(error).of_module(&self.module))?;
        let versions = tags.list.iter().filter_map(|(tag, _)| tag.strip_prefix(&ours));
        Ok(versions
            .filter(|tag| semver::canonical(tag) == **tag && !tag.is_empty() && !pseudo::is_pseudo_version(tag))
            .map(str::to_owned)
            .collect())
    }

    /// Adds what older releases called versions before there were modules: those of higher major versions, without a go.mod.
    ///
    /// Source: `codeRepo.appendIncompatibleVersions`, golang.org/issue/34189.
    async fn add_incompatible(&self, list: &mut Vec<String>, candidates: Vec<String>) -> Result<(), Refused> {
        if candidates.is_empty() {
            return Ok(());
        }
        if let Some(highest) = list.last()
            && self.tag_has_go_mod(highest).await?
        {
            return Ok(());
        }
        for same_major in candidates.chunk_by(|one, other| semver::major(one) == semver::major(other)) {
            if let Some(highest) = same_major.last()
                && !self.tag_has_go_mod(highest).await?
            {
                list.extend(same_major.iter().map(|version| format!("{version}+incompatible")));
            }
        }
        Ok(())
    }

    async fn tag_has_go_mod(&self, tag: &str) -> Result<bool, Refused> {
        let commit = self.repo.stat(tag).await?;
        let go_mod = self.read(&commit.name, "go.mod").await.map_err(Refused::Trouble)?;
        Ok(go_mod.is_some())
    }

    /// What a tag is to this module; `None` if nothing.
    ///
    /// Assumes, as Go does, that nobody tags a subdirectory with what looks like a pseudo-version: only tags of the root are checked for that.
    ///
    /// Source: `tagToVersion` in `codeRepo.convert`.
    pub(super) fn tag_version(&self, tag: &str) -> Option<TagVersion> {
        let trimmed = tag.strip_prefix(&self.tag_prefix())?;
        if pseudo::is_pseudo_version(tag) {
            return None;
        }
        let version = semver::canonical(trimmed);
        let rest = trimmed.strip_prefix(&version).filter(|_| !version.is_empty())?;
        let is_canonical = rest.is_empty();
        Some(TagVersion { version, is_canonical })
    }

    /// The go.mod that retracts versions: that of the highest release, or else prerelease, that can have one. Empty if there is none, or if
    /// it cannot be read as one.
    ///
    /// Source: `codeRepo.retractedVersions`, whose errors do not count.
    async fn retracting(&self) -> Result<ModFile, Refused> {
        let end = async {
            let versions = self.versions("").await?;
            let compatible: Vec<&String> = versions.iter().take_while(|version| !version.ends_with("+incompatible")).collect();
            let release = compatible.iter().rev().find(|version| semver::prerelease(version).is_empty());
            let Some(highest) = release.or(compatible.last()) else { return Ok(ModFile::default()) };
            let rev = self.rev_of(highest);
            let commit = self.repo.stat(&rev).await?;
            let place = self.place(&commit.name, &rev, highest).await?;
            let go_mod = place.go_mod.unwrap_or_default();
            Ok(modfile::parse_lax("go.mod", &go_mod).unwrap_or_default())
        };
        match end.await {
            Err(Refused::NotExist(_) | Refused::Invalid(_)) => Ok(ModFile::default()),
            end => end,
        }
    }

    /// What may be used of the versions `versions` at the commit `hash`, when `asked` was asked for.
    ///
    /// # Errors
    /// [`Refused::Trouble`].
    pub(super) async fn usable<'a>(
        &'a self,
        hash: &str,
        asked: &str,
        versions: impl Iterator<Item = &'a str>,
    ) -> Result<Usable<'a>, Refused> {
        let foreign = versions.filter(|version| !module::match_path_major(version, &self.path_major));
        let majors: HashSet<String> = foreign.map(|version| semver::major(version).to_owned()).collect();
        let mut incompatible = HashSet::new();
        for major in majors {
            if self.may_be_incompatible(hash, asked, &major).await? {
                incompatible.insert(major);
            }
        }
        Ok(Usable { repo: self, retractions: self.retracting().await?, incompatible })
    }

    /// Whether a version of a major version that is not the module's may be used with `+incompatible`: where the module is the whole
    /// repository and has no go.mod, nor one in `v2/` for that major version, unless it was asked for as `+incompatible`.
    ///
    /// Source: `canUseIncompatible` in `codeRepo.convert`, golang.org/issue/51324.
    pub(super) async fn may_be_incompatible(&self, hash: &str, asked: &str, major: &str) -> Result<bool, Refused> {
        if !self.dir.is_empty() || !self.path_major.is_empty() {
            return Ok(false);
        }
        let is_there = async |path: &str| self.read(hash, path).await.map(|file| file.is_some()).map_err(Refused::Trouble);
        if is_there("go.mod").await? {
            return Ok(false);
        }
        Ok(asked.ends_with("+incompatible") || !is_there(&format!("{major}/go.mod")).await?)
    }
}

impl Usable<'_> {
    /// The version that a tag is, if it may be used.
    pub(super) fn version(&self, tag: &str) -> Option<TagVersion> {
        self.repo.tag_version(tag).filter(|tag| {
            let fits = module::match_path_major(&tag.version, &self.repo.path_major);
            let fits = fits || self.incompatible.contains(semver::major(&tag.version));
            fits && self.retractions.retraction(&tag.version).is_none()
        })
    }

    /// The highest canonical version among the tags of a commit.
    pub(super) fn highest_canonical(&self, tags: &[String]) -> Option<String> {
        let canonical = tags.iter().filter_map(|tag| self.version(tag)).filter(|tag| tag.is_canonical);
        // Of equal ones the first, as in Go.
        canonical.map(|tag| tag.version).reduce(|highest, next| match semver::compare(&highest, &next) {
            Ordering::Less => next,
            Ordering::Equal | Ordering::Greater => highest,
        })
    }
}

//! Pseudo-versions that somebody asks for: each must say the truth about its commit.

use std::cmp::Ordering;

use gomod::{module::InvalidVersion, pseudo, semver};

use super::{CodeRepo, Refused, compatible};
use crate::upstream::direct::repo::{Commit, RepoError};

impl CodeRepo {
    /// Checks that a pseudo-version names its commit rightly, with the right time and an honest base: otherwise anybody could make up
    /// versions that are higher than all real ones, and any number of names for one commit.
    ///
    /// # Errors
    /// [`Refused::Invalid`] in Go's words.
    ///
    /// Source: `codeRepo.validatePseudoVersion`.
    pub(super) async fn check_pseudo(&self, commit: &Commit, version: &str) -> Result<(), Refused> {
        let parsed = pseudo::parse(version).map_err(|fault| self.faulty(&fault))?;
        let invalid = |text: String| self.invalid_pseudo(version, text);
        if let Some(text) = wrong_rev(parsed.rev(), &commit.short) {
            return Err(invalid(text));
        }
        if parsed.time().map_err(|fault| self.faulty(&fault))?.unix_seconds() != commit.time.unix_seconds() {
            let expected = commit.time.timestamp();
            return Err(invalid(format!("does not match version-control timestamp (expected {expected})")));
        }
        match pseudo::parse(compatible(version)).and_then(|parsed| parsed.base()).map_err(|fault| self.faulty(&fault))? {
            None if self.pseudo_major().is_empty() && semver::major(version) == "v1" => {
                Err(invalid("major version without preceding tag must be v0, not v1".to_owned()))
            }
            None => Ok(()),
            Some(base) => self.check_base(commit, version, &base).await,
        }
    }

    /// Checks that `base` is a tag before the commit, and that the commit is not that very version.
    async fn check_base(&self, commit: &Commit, version: &str, base: &str) -> Result<(), Refused> {
        let prefix = self.tag_prefix();
        let invalid = |text: String| self.invalid_pseudo(version, text);
        let rev = pseudo::parse(version).map(|parsed| parsed.rev().to_owned()).unwrap_or_default();
        if let Some(tag) = commit.tags.iter().find(|tag| tag.strip_prefix(&prefix).unwrap_or(tag) == base) {
            let why = "is already canonical, so should not be replaced with a pseudo-version derived from that tag";
            return Err(invalid(format!("tag ({tag}) found on revision {rev} {why}")));
        }
        let within = |error| self.within_pseudo(version, error);
        let mut last = None;
        for (tag, tagged) in self.repo.tags(&format!("{prefix}{base}")).await.map_err(|error| within(error.into()))?.list {
            if semver::compare(tag.strip_prefix(&prefix).unwrap_or(&tag), base) != Ordering::Equal {
                continue;
            }
            if self.descends(&commit.name, &tag, tagged).await.map_err(|error| within(error.into()))? {
                return Ok(());
            }
            last = Some(tag);
        }
        Err(invalid(match last {
            Some(tag) => format!("revision {rev} is not a descendent of preceding tag ({tag})"),
            None => format!("preceding tag ({base}) not found"),
        }))
    }

    /// Whether a commit descends from the tag `tag` of the commit `tagged`.
    async fn descends(&self, hash: &str, tag: &str, tagged: String) -> Result<bool, RepoError> {
        let key = (self.repo.url().to_owned(), hash.to_owned(), tagged);
        let descends = self.memory.0.ancestors.get(&key).is_some() || self.repo.descends_from(hash, tag).await?;
        // A repository that does not tell what is tagged tells nothing that could be remembered.
        if descends && !key.2.is_empty() {
            self.memory.0.ancestors.insert(key, ());
        }
        Ok(descends)
    }

    fn invalid_pseudo(&self, version: &str, text: String) -> Refused {
        self.within_pseudo(version, Refused::Invalid(text))
    }

    fn within_pseudo(&self, version: &str, why: Refused) -> Refused {
        why.after(&format!("{}@{version}: invalid pseudo-version", self.module))
    }

    fn faulty(&self, fault: &InvalidVersion) -> Refused {
        self.invalid_pseudo(&fault.version, fault.why.to_string())
    }
}

fn wrong_rev(rev: &str, short: &str) -> Option<String> {
    let text = match () {
        () if rev == short => return None,
        () if rev.starts_with(short) => "revision is longer than canonical",
        () if short.starts_with(rev) => "revision is shorter than canonical",
        () => "does not match short name of revision",
    };
    Some(format!("{text} (expected {short})"))
}

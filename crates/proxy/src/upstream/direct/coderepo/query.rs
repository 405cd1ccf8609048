//! What somebody may ask a module for besides its versions: `latest`, the beginning of a version, anything that names a commit.
//!
//! Source: `queryProxy` in Go's `cmd/go/internal/modload/query.go`, 1.27.3.

use gomod::{
    modfile::{self, ModFile},
    module::{self, Rev, canonical_version},
    semver,
    text::quote,
};

use super::{CodeRepo, Found, Refused};

/// The versions that a query may choose from.
#[derive(Default)]
struct Choice {
    releases: Vec<String>,
    prereleases: Vec<String>,
}

impl Choice {
    fn highest(&self) -> Option<&String> {
        self.releases.last().or(self.prereleases.last())
    }
}

impl CodeRepo {
    /// What `go list -m M@REV` finds: a commit, a tag, a branch; for the beginning of a version (`v1`, `v1.2`) the highest of the list; for
    /// `latest` as [`CodeRepo::latest`] says.
    ///
    /// # Errors
    /// [`Refused`], in Go's words.
    pub async fn resolve(&self, rev: &Rev) -> Result<Found, Refused> {
        let text = rev.as_str();
        match text {
            "latest" => self.latest().await,
            _ if text.starts_with(['-', '/']) => Err(Refused::Invalid(format!("invalid module version {}", quote(text)))),
            _ if is_prefix(text) => self.highest_of(text).await,
            _ => match (self.stat(text).await, canonical_version(text)) {
                // Build metadata does not count: what is tagged without it is as good.
                (Err(why @ (Refused::NotExist(_) | Refused::Invalid(_))), canonical)
                    if !canonical.is_empty() && canonical != text =>
                {
                    match self.stat(&canonical).await {
                        Err(Refused::NotExist(_)) => Err(why),
                        end => end,
                    }
                }
                (end, _) => end,
            },
        }
    }

    /// The highest release that is not retracted, or else the highest such prerelease, or else the tip of the default branch.
    ///
    /// This is what the go command finds for `M@latest` in direct mode, and what it finds through us: there it chooses from the list itself and
    /// asks for `@latest` only if all of that is retracted, or excluded by its own go.mod. In the first case this answers the tip, as Go's own
    /// direct mode would use. In the second it does not: the highest release is excluded, and the go command says
    /// `no matching versions` where it would have taken the tip. Other readers of `@latest` would be told the tip of a branch for every
    /// module that has releases; they are many, modules with every version excluded are few.
    ///
    /// # Errors
    /// [`Refused`], in Go's words.
    pub async fn latest(&self) -> Result<Found, Refused> {
        let versions = self.versions("").await?;
        let all = self.choose(&versions, &ModFile::default(), false).await?;
        let Some(highest) = all.highest() else { return self.tip().await };
        let retractions = self.declared_by(highest).await?;
        match self.choose(&versions, &retractions, false).await?.highest() {
            Some(highest) => self.stat(highest).await,
            None => self.tip().await,
        }
    }

    /// The highest version that begins with all of `prefix`, `v1` or `v1.2`.
    async fn highest_of(&self, prefix: &str) -> Result<Found, Refused> {
        let mut versions = self.versions(&format!("{prefix}.")).await?;
        // `v1.2` is not for what comes before v1.2.0. golang.org/issue/31972
        versions.retain(|version| semver::compare(version, prefix).is_ge());
        let all = self.versions("").await?;
        let newest = self.choose(&all, &ModFile::default(), false).await?;
        let retractions = match newest.highest() {
            Some(newest) => self.declared_by(newest).await?,
            None => ModFile::default(),
        };
        let is_foreign = !module::match_path_major(prefix, &self.path_major);
        match self.choose(&versions, &retractions, is_foreign).await?.highest() {
            Some(highest) => self.stat(highest).await,
            None => {
                let text = format!("no matching versions for query {}", quote(prefix));
                Err(Refused::Invalid(text).of_module(&self.module))
            }
        }
    }

    /// Leaves out what is retracted; and what is incompatible, if a version before it has a go.mod and incompatible ones are not wanted.
    ///
    /// Source: `queryMatcher.filterVersions`, golang.org/issue/34165.
    async fn choose(&self, versions: &[String], retractions: &ModFile, wants_incompatible: bool) -> Result<Choice, Refused> {
        let (mut choice, mut last_compatible, mut undecided) = (Choice::default(), None, !wants_incompatible);
        for version in versions.iter().filter(|version| retractions.retraction(version).is_none()) {
            match (version.ends_with("+incompatible"), last_compatible) {
                (false, _) => last_compatible = Some(version),
                (true, Some(last)) if undecided => {
                    if self.has_go_mod(last).await? {
                        break;
                    }
                    undecided = false;
                }
                (true, _) => {}
            }
            let list = if semver::prerelease(version).is_empty() { &mut choice.releases } else { &mut choice.prereleases };
            list.push(version.clone());
        }
        Ok(choice)
    }

    async fn has_go_mod(&self, version: &str) -> Result<bool, Refused> {
        let found = self.stat(version).await?;
        Ok(self.go_mod(&found) != modfile::synthetic(&self.module))
    }

    /// What the go.mod of a listed version declares; nothing if it is no version after all, or cannot be read as a go.mod.
    async fn declared_by(&self, version: &str) -> Result<ModFile, Refused> {
        match self.stat(version).await {
            Ok(found) => Ok(modfile::parse_lax("go.mod", &self.go_mod(&found)).unwrap_or_default()),
            Err(Refused::NotExist(_) | Refused::Invalid(_)) => Ok(ModFile::default()),
            Err(trouble) => Err(trouble),
        }
    }
}

/// The beginning of a version, `v1` or `v1.2`.
///
/// Source: `gover.ModIsPrefix`.
fn is_prefix(text: &str) -> bool {
    semver::is_valid(text) && !text.contains(['-', '+']) && text.matches('.').count() < 2
}

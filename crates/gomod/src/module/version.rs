use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use super::error::{InvalidEscape, InvalidVersion, VersionFault};
use super::{escape, escape_version, unescape_version};
use crate::{pseudo, semver};

/// A canonical version: what a module zip can have in its name.
///
/// Shape: `v1.2.3`, `v1.2.3-pre`, `v2.0.0+incompatible`. Displays unescaped. Orders by semantic version precedence, then as
/// text. A clone shares the text.
///
/// Invariants: [`canonical_version`] leaves it as it is. Whether it fits a module path is a question to
/// [`check`](super::check).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(Arc<str>);

impl Version {
    /// Checks a version.
    ///
    /// Errors: [`InvalidVersion`]: `not a semantic version`, or `must be of the form v1.2.3` if it is one, but shortened or
    /// with build metadata.
    pub fn parse(v: &str) -> Result<Self, InvalidVersion> {
        let refused = |why| InvalidVersion { version: v.into(), pseudo: false, why };
        match canonical_version(v) {
            canonical if canonical == v && !v.is_empty() => Ok(Version(v.into())),
            canonical if canonical.is_empty() => Err(refused(VersionFault::NotSemver)),
            _ => Err(refused(VersionFault::NotCanonical)),
        }
    }

    /// Reads the escaped form, `v1.0.0-!r!c1`.
    ///
    /// Errors: [`InvalidEscape`], if it is no escaped form or not that of a canonical version.
    pub fn unescape(escaped: &str) -> Result<Self, InvalidEscape> {
        let v = unescape_version(escaped)?;
        Version::parse(&v).map_err(|cause| InvalidEscape::NotCanonical { escaped: escaped.into(), cause })
    }

    /// The form for URLs and file names.
    pub fn escaped(&self) -> String {
        escape::banged(&self.0)
    }

    /// The version as it is written in go.mod.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Tells whether it has the form of a pseudo-version.
    pub fn is_pseudo(&self) -> bool {
        pseudo::is_pseudo_version(&self.0)
    }

    /// Tells whether it ends in `+incompatible`.
    pub fn is_incompatible(&self) -> bool {
        self.0.ends_with(INCOMPATIBLE)
    }
}

impl AsRef<str> for Version {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        semver::compare(&self.0, &other.0).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Any name of a revision that may stand in a proxy's URL: a version, a shortened version, a branch, a tag or a hash.
///
/// Shape: `v1.2.3`, `v1`, `main`, `abcdef123456`. Displays unescaped. Orders as text. A clone shares the text.
///
/// Invariants: [`escape_version`] accepts it; so it is ASCII, one path element, and has no `!`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rev(Arc<str>);

impl Rev {
    /// Checks a revision name.
    ///
    /// Errors: [`InvalidVersion`], `disallowed version string`.
    pub fn parse(rev: &str) -> Result<Self, InvalidVersion> {
        escape_version(rev).map(|_| Rev(rev.into()))
    }

    /// Reads the escaped form.
    ///
    /// Errors: [`InvalidEscape`], as of [`unescape_version`].
    pub fn unescape(escaped: &str) -> Result<Self, InvalidEscape> {
        unescape_version(escaped).map(|rev| Rev(rev.into()))
    }

    /// The form for URLs and file names.
    pub fn escaped(&self) -> String {
        escape::banged(&self.0)
    }

    /// The name as the user wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The canonical version that this is, if it is one.
    pub fn as_version(&self) -> Option<Version> {
        Version::parse(&self.0).ok()
    }
}

impl AsRef<str> for Rev {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Rev {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl From<&Version> for Rev {
    fn from(version: &Version) -> Self {
        Rev(Arc::clone(&version.0))
    }
}

const INCOMPATIBLE: &str = "+incompatible";

/// Returns the canonical form as [`semver::canonical`] does, but keeps `+incompatible`; empty if `v` is no version.
///
/// Source: `module.CanonicalVersion`.
pub fn canonical_version(v: &str) -> String {
    let kept = if semver::build(v) == INCOMPATIBLE { INCOMPATIBLE } else { "" };
    semver::canonical(v) + kept
}

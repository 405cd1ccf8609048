//! Pseudo-versions: versions that Go makes up for commits without a tag.
//!
//! Forms, with T the UTC time of the commit as `yyyymmddhhmmss` and R a short name of it:
//! `vX.0.0-T-R` without a tag before it, `vX.Y.(Z+1)-0.T-R` after the release `vX.Y.Z`, and `vX.Y.Z-pre.0.T-R` after the
//! prerelease `vX.Y.Z-pre`; the last two perhaps with `+incompatible`.
//!
//! Source: `module/pseudo.go` in `golang.org/x/mod`, as vendored in Go 1.27.

use crate::module::{InvalidVersion, VersionFault};
use crate::semver;
use crate::time::Time;

/// A pseudo-version taken apart, borrowed from its text.
///
/// Shape: `v1.2.4-0.20060102150405-abcdef123456` has the base `v1.2.3`, that time, and the revision `abcdef123456`.
///
/// Invariants: the text satisfies [`is_pseudo_version`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PseudoVersion<'v> {
    text: &'v str,
    /// What stands before the time, `v1.0.0`, `v1.2.4-0` or `v1.2.3-pre.0`.
    stem: &'v str,
    timestamp: &'v str,
    rev: &'v str,
    build: &'v str,
}

/// Tells whether `v` has the form of a pseudo-version. Its time may still be no time.
pub fn is_pseudo_version(v: &str) -> bool {
    PseudoVersion::of(v).is_some()
}

/// Takes a pseudo-version apart.
///
/// Errors: [`InvalidVersion`], `syntax error`, if it is none.
pub fn parse(v: &str) -> Result<PseudoVersion<'_>, InvalidVersion> {
    PseudoVersion::of(v).ok_or_else(|| fault(v, VersionFault::Syntax))
}

/// Makes the pseudo-version for a commit. The parts are not checked, as in Go.
///
/// Units and ranges: `major` is `v2` or empty for `v0`; `older` is the tag before the commit, or empty or no version if there
/// is none; `rev` is the short name.
///
/// Source: `module.PseudoVersion`.
pub fn build(major: &str, older: &str, time: &Time, rev: &str) -> String {
    let major = if major.is_empty() { "v0" } else { major };
    let segment = format!("{}-{rev}", time.timestamp());
    let (build, older) = (semver::build(older), semver::canonical(older));
    match older.rsplit_once('.') {
        None => format!("{major}.0.0-{segment}"),
        Some(_) if !semver::prerelease(&older).is_empty() => format!("{older}.0.{segment}{build}"),
        Some((major_minor, patch)) => format!("{major_minor}.{}-0.{segment}{build}", incremented(patch)),
    }
}

/// Makes the placeholder with time and revision zero, `v2.0.0-00010101000000-000000000000` for `v2`.
pub fn zero(major: &str) -> String {
    build(major, "", &Time::ZERO, "000000000000")
}

/// Tells whether `v` is what [`zero`] makes.
pub fn is_zero(v: &str) -> bool {
    v == zero(semver::major(v))
}

impl<'v> PseudoVersion<'v> {
    fn of(v: &'v str) -> Option<Self> {
        let build = semver::is_valid(v).then(|| semver::build(v))?;
        let (front, rev) = v.strip_suffix(build)?.rsplit_once('-')?;
        let (front, timestamp) = front.split_at_checked(front.len().checked_sub(14)?)?;
        let digits = timestamp.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || rev.is_empty() || !rev.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let (core, prerelease) = front.split_once('-')?;
        let stem = match prerelease {
            "" if core.ends_with(".0.0") => core,
            "0." => front.strip_suffix('.')?,
            _ if prerelease.ends_with(".0.") => front.strip_suffix('.')?,
            _ => return None,
        };
        Some(PseudoVersion { text: v, stem, timestamp, rev, build })
    }

    /// The short name of the revision.
    pub fn rev(&self) -> &'v str {
        self.rev
    }

    /// The 14 digits of the time, as written.
    pub fn timestamp(&self) -> &'v str {
        self.timestamp
    }

    /// The time of the commit.
    ///
    /// Errors: [`InvalidVersion`], `malformed time`, if there is no such moment.
    pub fn time(&self) -> Result<Time, InvalidVersion> {
        Time::parse_timestamp(self.timestamp).ok_or_else(|| fault(self.text, VersionFault::MalformedTime(self.timestamp.into())))
    }

    /// The tag that the version builds on, with `+incompatible` if it has that; None if it builds on no tag.
    ///
    /// Errors: [`InvalidVersion`] for build metadata without a base, and for `vX.Y.0-0.…`, which would follow on a negative
    /// patch number.
    ///
    /// Source: `module.PseudoVersionBase`.
    pub fn base(&self) -> Result<Option<String>, InvalidVersion> {
        let Some((core, prerelease)) = self.stem.split_once('-') else {
            let lacks_base = || fault(self.text, VersionFault::LacksBase { build: self.build.into() });
            return if self.build.is_empty() { Ok(None) } else { Err(lacks_base()) };
        };
        if prerelease != "0" {
            let tag = self.stem.strip_suffix(".0").unwrap_or(self.stem);
            return Ok(Some(format!("{tag}{}", self.build)));
        }
        let decremented = core.rsplit_once('.').and_then(|(front, patch)| Some(format!("{front}.{}", decremented(patch)?)));
        let tag = decremented.ok_or_else(|| fault(self.text, VersionFault::NegativePatch { base: core.into() }))?;
        Ok(Some(format!("{tag}{}", self.build)))
    }
}

fn fault(v: &str, why: VersionFault) -> InvalidVersion {
    InvalidVersion { version: v.into(), pseudo: true, why }
}

/// Adds one to decimal text of any length.
fn incremented(decimal: &str) -> String {
    let kept = decimal.trim_end_matches('9');
    let nines = "0".repeat(decimal.len() - kept.len());
    match kept.char_indices().next_back() {
        Some((at, digit)) => format!("{}{}{nines}", &kept[..at], next_digit(digit, 1)),
        None => format!("1{nines}"),
    }
}

/// Takes one from decimal text of any length, None if it is zero.
fn decremented(decimal: &str) -> Option<String> {
    let kept = decimal.trim_end_matches('0');
    let zeros = "9".repeat(decimal.len() - kept.len());
    let (at, digit) = kept.char_indices().next_back()?;
    match (at, digit) {
        (0, '1') if !zeros.is_empty() => Some(zeros),
        _ => Some(format!("{}{}{zeros}", &kept[..at], next_digit(digit, -1))),
    }
}

fn next_digit(digit: char, step: i8) -> char {
    u8::try_from(digit).ok().and_then(|digit| digit.checked_add_signed(step)).map_or(digit, char::from)
}

#[cfg(test)]
mod tests;

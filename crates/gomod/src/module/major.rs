//! The major version in a module path and the one in a version: which belong together.

use super::error::{InvalidVersion, VersionFault};
use crate::semver;

/// Splits the major version suffix off a module path.
///
/// Shape: `example.com/m/v2` gives `example.com/m` and `/v2`; `gopkg.in/yaml.v3` gives `gopkg.in/yaml` and `.v3`; without a suffix
/// the second part is empty.
///
/// Errors: None for a suffix that cannot be, such as `/v1`, `/v02` or `/v1.2`, or a gopkg.in path without one.
///
/// Source: `module.SplitPathVersion`.
pub fn split_path_version(path: &str) -> Option<(&str, &str)> {
    if path.starts_with("gopkg.in/") {
        return split_gopkg_in(path);
    }
    let front = path.trim_end_matches(|character: char| character.is_ascii_digit() || character == '.');
    let number = path.get(front.len()..)?;
    let Some(prefix) = front.strip_suffix("/v").filter(|_| !number.is_empty()) else { return Some((path, "")) };
    if number.contains('.') || number.starts_with('0') || number == "1" {
        return None;
    }
    Some((prefix, path.get(prefix.len()..)?))
}

/// Splits the major version suffix, which it must have, off a gopkg.in path.
///
/// Shape: `gopkg.in/yaml.v3` gives `gopkg.in/yaml` and `.v3`; a suffix may end in `-unstable` and may be `.v0`.
///
/// Errors: None for anything else.
///
/// Source: `module.splitGopkgIn`.
pub fn split_gopkg_in(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("gopkg.in/")?;
    let stable = path.strip_suffix("-unstable").unwrap_or(path);
    let front = stable.trim_end_matches(|character: char| character.is_ascii_digit());
    let number = stable.get(front.len()..)?;
    let prefix = front.strip_suffix(".v")?;
    let path_major = path.get(prefix.len()..)?;
    // Without a number, Go takes what else follows the `v` for one. Only `-unstable` can; `.v0-unstable` is refused.
    let numbered = if number.is_empty() { path_major.len() > 2 } else { !number.starts_with('0') || path_major == ".v0" };
    numbered.then_some((prefix, path_major))
}

/// Tells whether a version's major version is the one that the suffix of a path says.
///
/// Source: `module.MatchPathMajor`.
pub fn match_path_major(v: &str, path_major: &str) -> bool {
    check_path_major(v, path_major).is_ok()
}

/// Checks that a version's major version is the one that the suffix of a path says.
///
/// Units and ranges: `path_major` is the second part of [`split_path_version`]; empty means v0, v1 or `+incompatible`.
///
/// Errors: [`InvalidVersion`], `should be v2, not v1`.
///
/// Source: `module.CheckPathMajor`, with its leave for `v0.0.0-` pseudo-versions of gopkg.in `.v1` paths.
pub fn check_path_major(v: &str, path_major: &str) -> Result<(), InvalidVersion> {
    let path_major = without_unstable(path_major);
    if v.starts_with("v0.0.0-") && path_major == ".v1" {
        return Ok(());
    }
    let major = semver::major(v);
    let (wanted, good) = match path_major.strip_prefix(['/', '.']) {
        Some(wanted) => (wanted, major == wanted),
        None if path_major.is_empty() => ("v0 or v1", matches!(major, "v0" | "v1") || semver::build(v) == "+incompatible"),
        None => (path_major, false),
    };
    let why = || VersionFault::WrongMajor { path_major: wanted.into(), major: major.into() };
    if good { Ok(()) } else { Err(InvalidVersion { version: v.into(), pseudo: false, why: why() }) }
}

/// Returns the beginning that tags have under a path suffix, `v2` for `/v2`; empty for an empty suffix.
///
/// Errors: None if `path_major` is no such suffix, where Go panics.
///
/// Source: `module.PathMajorPrefix`.
pub fn path_major_prefix(path_major: &str) -> Option<&str> {
    if path_major.is_empty() {
        return Some("");
    }
    let major = without_unstable(path_major).strip_prefix(['/', '.'])?;
    (major == semver::major(major)).then_some(major)
}

fn without_unstable(path_major: &str) -> &str {
    let stable = path_major.strip_suffix("-unstable").filter(|_| path_major.starts_with(".v"));
    stable.unwrap_or(path_major)
}

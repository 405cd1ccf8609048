use std::cmp::Ordering;

use crate::semver;

/// Compares two module versions, each a path and a version: by path, then by precedence of the versions.
///
/// Shape: A version may have a tail behind a slash, as in go.sum's `v1.0.0/go.mod`, which decides last.
///
/// Source: `module.Sort`.
pub fn compare(one: (&str, &str), other: (&str, &str)) -> Ordering {
    let split = |version: &str| version.find('/').unwrap_or(version.len());
    let (version, tail) = one.1.split_at(split(one.1));
    let (other_version, other_tail) = other.1.split_at(split(other.1));
    let versions = || if version == other_version { tail.cmp(other_tail) } else { semver::compare(version, other_version) };
    one.0.cmp(other.0).then_with(versions)
}

/// Sorts module versions as [`compare`] orders them; those that it calls equal keep their order.
pub fn sort(list: &mut [(String, String)]) {
    list.sort_by(|one, other| compare((&one.0, &one.1), (&other.0, &other.1)));
}

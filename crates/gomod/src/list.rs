//! The body of `@v/list`: the versions of a module, one per line.

use crate::pseudo;
use crate::semver;
use crate::time::Time;

/// The versions in the body of `@v/list`.
///
/// Shape: `v1.0.0` or `v1.0.0 2026-11-23T06:27:34Z` per line. Lines that do not begin with a semantic version are passed over.
///
/// Source: `proxyRepo.Versions` and `latestFromList` in Go's `cmd/go/internal/modfetch/proxy.go`, 1.27.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionList {
    lines: Vec<Listed>,
}

/// One line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// A semantic version, perhaps shortened, perhaps one that does not fit the module path: nobody has checked.
    pub version: String,
    /// The time behind it; [`Time::ZERO`] for one that cannot be read, None if there is none.
    pub time: Option<Time>,
}

impl VersionList {
    /// Reads a body. Every text is one; a login page gives an empty list. Bytes that are not UTF-8 become U+FFFD.
    pub fn parse(body: &[u8]) -> Self {
        let lines = String::from_utf8_lossy(body).split('\n').filter_map(listed).collect();
        VersionList { lines }
    }

    /// The lines, in the order of the body.
    pub fn lines(&self) -> &[Listed] {
        &self.lines
    }

    /// The versions that Go shows, lowest first: pseudo-versions are hidden, repeated ones stay.
    pub fn versions(&self) -> Vec<String> {
        let versions = self.lines.iter().map(|listed| &listed.version);
        let mut versions: Vec<String> = versions.filter(|version| !pseudo::is_pseudo_version(version)).cloned().collect();
        semver::sort(&mut versions);
        versions
    }

    /// The version for `latest`: the highest release, else the highest prerelease, else the [newest](VersionList::newest)
    /// pseudo-version; None if there is none of them.
    ///
    /// Source: the order of `go help modules`, version queries; retractions and excluded versions are the caller's.
    pub fn latest(&self) -> Option<String> {
        let versions = self.versions();
        let release = versions.iter().rfind(|version| semver::prerelease(version).is_empty());
        release.or(versions.last()).cloned().or_else(|| self.newest().map(str::to_owned))
    }

    /// The version with the newest time, of those that have a time in the list or in themselves: what Go takes where the proxy
    /// has no `@latest`. The first of equally new ones.
    ///
    /// Source: `latestFromList`.
    pub fn newest(&self) -> Option<&str> {
        let mut newest = (Time::ZERO, None);
        for Listed { version, time } in &self.lines {
            let own = || pseudo::parse(version).ok().and_then(|pseudo| pseudo.time().ok());
            match time.or_else(own) {
                Some(time) if time > newest.0 => newest = (time, Some(version.as_str())),
                _ => {}
            }
        }
        newest.1
    }
}

fn listed(line: &str) -> Option<Listed> {
    let mut fields = line.split_whitespace();
    let version = fields.next().filter(|version| semver::is_valid(version))?;
    let time = fields.next().map(|time| Time::parse_rfc3339(time).unwrap_or(Time::ZERO));
    Some(Listed { version: version.into(), time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, versions: &[&str], latest: Option<&str>, newest: Option<&str>) {
        let list = VersionList::parse(body.as_bytes());
        assert_eq!(list.versions(), versions);
        assert_eq!((list.latest().as_deref(), list.newest()), (latest, newest));
    }

    #[test]
    fn a_list_is_sorted_and_what_is_no_version_passed_over() {
        check(
            "v1.10.0\r\nv1.9.0 x y\n\n v1\nmain\n<html>\n1.0.0\nv1.9.0",
            &["v1", "v1.9.0", "v1.9.0", "v1.10.0"],
            Some("v1.10.0"),
            None,
        );
        check("", &[], None, None);
    }

    #[test]
    fn a_release_comes_before_a_prerelease_before_the_newest_pseudo_version() {
        let old = "v0.0.0-20200101000000-aaaaaaaaaaaa";
        let new = "v0.0.0-20210101000000-bbbbbbbbbbbb";
        check(&format!("v1.0.0\nv1.1.0-rc1\n{new}"), &["v1.0.0", "v1.1.0-rc1"], Some("v1.0.0"), Some(new));
        check(&format!("v1.0.0-rc1\nv1.0.0-rc2\n{new}"), &["v1.0.0-rc1", "v1.0.0-rc2"], Some("v1.0.0-rc2"), Some(new));
        check(&format!("{old}\n{new}\n{old}"), &[], Some(new), Some(new));
        check(&format!("{old} 2022-01-01T00:00:00Z\n{new}"), &[], Some(old), Some(old));
        check("v0.0.0-20201301000000-aaaaaaaaaaaa", &[], None, None);
    }

    #[test]
    fn a_time_in_the_list_counts_for_the_newest() {
        check(
            "v1.0.0 2022-01-01T00:00:00Z\nv1.1.0 2021-01-01T00:00:00Z\nv1.2.0 junk",
            &["v1.0.0", "v1.1.0", "v1.2.0"],
            Some("v1.2.0"),
            Some("v1.0.0"),
        );
    }
}

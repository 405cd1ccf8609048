//! Go's semantic versions: `vMAJOR[.MINOR[.PATCH[-PRERELEASE][+BUILD]]]`.
//!
//! Every function takes any text. Text that is no version is not an error here: it is less than every version, all such
//! text is equal, and its parts are empty. Numbers have any length; they are compared as decimal text.
//!
//! Source: `golang.org/x/mod/semver`, as vendored in Go 1.27.

use std::cmp::Ordering;

/// Tells whether `v` is a semantic version. `v1` and `v1.2` are.
pub fn is_valid(v: &str) -> bool {
    Parts::of(v).is_some()
}

/// Returns the canonical form of `v`: missing parts filled in, build metadata dropped; empty if `v` is no version.
///
/// Shape: `v1.2` gives `v1.2.0`, `v1.2.3-pre+meta` gives `v1.2.3-pre`.
pub fn canonical(v: &str) -> String {
    Parts::of(v).map(|parts| parts.without_build()).unwrap_or_default()
}

/// Returns the major version with its `v`, `v2` of `v2.1.0`; empty if `v` is no version.
pub fn major(v: &str) -> &str {
    Parts::of(v).and_then(|parts| v.get(..1 + parts.major.len())).unwrap_or_default()
}

/// Returns major and minor version, `v2.1` of `v2.1.0`; empty if `v` is no version.
pub fn major_minor(v: &str) -> String {
    Parts::of(v).map(|parts| format!("v{}.{}", parts.major, parts.minor)).unwrap_or_default()
}

/// Returns the prerelease with its hyphen, `-pre` of `v2.1.0-pre+meta`; empty if there is none or `v` is no version.
pub fn prerelease(v: &str) -> &str {
    Parts::of(v).map(|parts| parts.prerelease).unwrap_or_default()
}

/// Returns the build metadata with its plus sign, `+meta` of `v2.1.0+meta`; empty if there is none or `v` is no version.
pub fn build(v: &str) -> &str {
    Parts::of(v).map(|parts| parts.build).unwrap_or_default()
}

/// Compares by semantic version precedence. Build metadata does not count.
pub fn compare(v: &str, w: &str) -> Ordering {
    match (Parts::of(v), Parts::of(w)) {
        (Some(v), Some(w)) => v.precedence(&w),
        (v, w) => v.is_some().cmp(&w.is_some()),
    }
}

/// Returns the canonical form of the greater one; empty if neither is a version.
pub fn max(v: &str, w: &str) -> String {
    if compare(v, w).is_gt() { canonical(v) } else { canonical(w) }
}

/// Sorts by precedence, then as text.
pub fn sort(list: &mut [String]) {
    list.sort_by(|v, w| compare(v, w).then_with(|| v.cmp(w)));
}

/// The parts of one version, borrowed from its text. `prerelease` and `build` keep their leading sign.
struct Parts<'v> {
    major: &'v str,
    minor: &'v str,
    patch: &'v str,
    prerelease: &'v str,
    build: &'v str,
}

impl<'v> Parts<'v> {
    fn of(v: &'v str) -> Option<Self> {
        let (major, rest) = number(v.strip_prefix('v')?)?;
        let mut parts = Parts { major, minor: "0", patch: "0", prerelease: "", build: "" };
        if rest.is_empty() {
            return Some(parts);
        }
        let (minor, rest) = number(rest.strip_prefix('.')?)?;
        parts.minor = minor;
        if rest.is_empty() {
            return Some(parts);
        }
        let (patch, rest) = number(rest.strip_prefix('.')?)?;
        let (prerelease, build) = rest.split_at(rest.find('+').unwrap_or(rest.len()));
        let good = suffix_is_good(prerelease, '-', numeric_is_good) && suffix_is_good(build, '+', |_| true);
        good.then_some(Parts { patch, prerelease, build, ..parts })
    }

    fn without_build(&self) -> String {
        format!("v{}.{}.{}{}", self.major, self.minor, self.patch, self.prerelease)
    }

    fn precedence(&self, other: &Parts<'_>) -> Ordering {
        compare_numbers(self.major, other.major)
            .then_with(|| compare_numbers(self.minor, other.minor))
            .then_with(|| compare_numbers(self.patch, other.patch))
            .then_with(|| compare_prereleases(self.prerelease, other.prerelease))
    }
}

/// Splits a decimal number without leading zeros off the front.
fn number(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    numeric_is_good(number).then_some((number, rest)).filter(|_| digits > 0)
}

fn numeric_is_good(identifier: &str) -> bool {
    identifier.len() < 2 || !identifier.starts_with('0') || !is_numeric(identifier)
}

fn suffix_is_good(suffix: &str, sign: char, good: impl Fn(&str) -> bool) -> bool {
    let Some(identifiers) = suffix.strip_prefix(sign) else { return suffix.is_empty() };
    identifiers.split('.').all(|identifier| {
        !identifier.is_empty() && identifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') && good(identifier)
    })
}

fn is_numeric(identifier: &str) -> bool {
    identifier.bytes().all(|byte| byte.is_ascii_digit())
}

fn compare_numbers(x: &str, y: &str) -> Ordering {
    x.len().cmp(&y.len()).then_with(|| x.cmp(y))
}

/// A release is more than its prereleases; otherwise identifier by identifier, the longer list last.
fn compare_prereleases(x: &str, y: &str) -> Ordering {
    match (x.strip_prefix('-'), y.strip_prefix('-')) {
        (Some(x), Some(y)) => compare_identifiers(x, y),
        (x, y) => x.is_none().cmp(&y.is_none()),
    }
}

fn compare_identifiers(x: &str, y: &str) -> Ordering {
    let (mut x, mut y) = (x.split('.'), y.split('.'));
    loop {
        match (x.next(), y.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x == y => {}
            (Some(x), Some(y)) => return compare_identifier(x, y),
        }
    }
}

/// Numbers are less than words and compared by value.
fn compare_identifier(x: &str, y: &str) -> Ordering {
    match (is_numeric(x), is_numeric(y)) {
        (true, true) => compare_numbers(x, y),
        (false, false) => x.cmp(y),
        (x_is_numeric, y_is_numeric) => y_is_numeric.cmp(&x_is_numeric),
    }
}

#[cfg(test)]
mod tests;

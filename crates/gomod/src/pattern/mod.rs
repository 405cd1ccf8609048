//! Comma lists of patterns as in `GOPRIVATE`: which module paths they match, and by which pattern.

mod glob;
mod index;
mod near;

pub use index::PatternIndex;
pub use near::{Impossible, Miss, NearMiss};

/// A comma list of glob patterns over path prefixes, as in `GOPRIVATE`, `GONOPROXY`, `GONOSUMDB` and `GOINSECURE`.
///
/// Shape: `*.corp.example,github.com/acme/*`. A pattern of n path elements is matched against the first n elements of a
/// path, so `git.corp.example/team` matches `git.corp.example/team/a`, and not `git.corp.example/team2`.
///
/// Units and ranges: Empty and malformed patterns match nothing. Spaces are not trimmed; case counts.
///
/// Source: `module.MatchPrefixPatterns` in x/mod, as vendored in Go 1.27.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    text: String,
}

impl Patterns {
    /// Reads a list. Every text is one.
    pub fn parse(list: &str) -> Self {
        Patterns { text: list.into() }
    }

    /// The list as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first pattern that matches a prefix of `path`, as it was written but for one trailing slash.
    pub fn find(&self, path: &str) -> Option<&str> {
        self.iter().find(|pattern| matches_prefix(pattern, path))
    }

    /// The patterns that are not empty, in order, each without its trailing slash.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.spans().map(|(_, pattern)| pattern)
    }

    /// As [`Patterns::iter`], with the places in the text.
    fn spans(&self) -> impl Iterator<Item = (usize, &str)> {
        let at = |next: &mut usize, part| Some((std::mem::replace(next, *next + str::len(part) + 1), part));
        let parts = self.text.split(',').scan(0, at);
        parts.map(|(at, part)| (at, part.strip_suffix('/').unwrap_or(part))).filter(|(_, pattern)| !pattern.is_empty())
    }
}

/// Tells whether one pattern, without a trailing slash, matches a prefix of `path`.
fn matches_prefix(pattern: &str, path: &str) -> bool {
    prefix_of(path, elements(pattern)).is_some_and(|prefix| glob::matches(pattern, prefix))
}

/// The number of path elements of a pattern. Go counts slashes in brackets and after backslashes too.
fn elements(pattern: &str) -> usize {
    pattern.matches('/').count() + 1
}

/// The first `count` elements of `path`, None if there are fewer.
fn prefix_of(path: &str, count: usize) -> Option<&str> {
    let mut ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.nth(count - 1).and_then(|end| path.get(..end))
}

#[cfg(test)]
mod tests;

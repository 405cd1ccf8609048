//! Patterns that look as if they matched a path, and do not: what is in the way, and the pattern that was probably meant.

use super::Patterns;

/// A pattern that just misses a path.
///
/// Invariants: `pattern` does not match the path, `meant` does; `why` is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NearMiss<'p> {
    /// The pattern as it stands between its commas.
    pub pattern: &'p str,
    /// What is in the way, in the order in which it was cleared.
    pub why: Vec<Miss>,
    /// A pattern that matches the path, as near to the written one as can be.
    pub meant: String,
}

/// What keeps a pattern from matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Miss {
    /// A space around it: Go does not trim.
    Space,
    /// Quotes, which Go takes for part of the pattern.
    Quotes,
    /// A semicolon, bar or space where the comma belongs: Go sees one pattern.
    Separator,
    /// A scheme: patterns are matched with module paths, which have none.
    Scheme,
    /// A port: it is not part of a module path.
    Port,
    /// A regular expression: Go's patterns are globs.
    Regex,
    /// `/...` at its end, as in package patterns: a pattern covers all below it anyway.
    Dots,
    /// More than one slash at a place.
    Slashes,
    /// Capital letters, or small ones: case counts.
    LetterCase,
    /// A domain does not stand for what is below it: `corp.com` misses `git.corp.com`.
    Subdomain,
    /// `*.corp.com` misses `corp.com` itself.
    BareDomain,
    /// The domain is cut short: `git.corp` misses `git.corp.com`.
    CutShort,
    /// `.git` and the like at the end of one and not of the other.
    VcsSuffix,
    /// Whole path elements are compared: `git.corp.com/team` misses `git.corp.com/team2`.
    WholeElements,
    /// The pattern has more elements than the path: `git.corp.com/team` misses `git.corp.com`, which Go asks about too.
    TooDeep,
    /// Nearly the same spelling.
    Spelling,
    /// A character beyond ASCII, of which no module path has one.
    NotAscii,
}

/// A pattern that can match no module path at all: almost always somebody meant something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible<'p> {
    /// The pattern as it stands between its commas.
    pub pattern: &'p str,
    /// The first thing that is in the way.
    pub why: Miss,
    /// What was probably meant: patterns that can match, between commas. Empty for nothing but spaces, `None` if nobody can tell.
    pub meant: Option<String>,
}

impl Miss {
    /// Every one, in the order in which they are looked for.
    pub const ALL: [Self; 17] = [
        Self::Space,
        Self::Quotes,
        Self::Separator,
        Self::Scheme,
        Self::Port,
        Self::Regex,
        Self::Dots,
        Self::Slashes,
        Self::LetterCase,
        Self::Subdomain,
        Self::BareDomain,
        Self::CutShort,
        Self::VcsSuffix,
        Self::WholeElements,
        Self::TooDeep,
        Self::Spelling,
        Self::NotAscii,
    ];

    /// Its stable name: `letter-case`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Space => "space",
            Self::Quotes => "quotes",
            Self::Separator => "separator",
            Self::Scheme => "scheme",
            Self::Port => "port",
            Self::Regex => "regex",
            Self::Dots => "dots",
            Self::Slashes => "slashes",
            Self::LetterCase => "letter-case",
            Self::Subdomain => "subdomain",
            Self::BareDomain => "bare-domain",
            Self::CutShort => "cut-short",
            Self::VcsSuffix => "vcs-suffix",
            Self::WholeElements => "whole-elements",
            Self::TooDeep => "too-deep",
            Self::Spelling => "spelling",
            Self::NotAscii => "not-ascii",
        }
    }

    /// The pattern without this in the way, if it is in the way.
    fn cleared(self, pattern: &str, path: &str) -> Option<String> {
        let changed = |text: &str| (text != pattern && !text.is_empty()).then(|| text.to_owned());
        match self {
            Self::Space => changed(pattern.trim()),
            Self::Quotes => changed(pattern.trim_matches(QUOTES)),
            Self::Separator => one_of(pattern, path),
            Self::Scheme => changed(pattern.split_once("://").map_or(pattern, |(_, behind)| behind)),
            Self::Port => without_port(pattern),
            Self::Regex => changed(&pattern.trim_matches(['^', '$']).replace(".*", "*").replace("\\.", ".")),
            Self::Dots => changed(pattern.strip_suffix("/...").or(pattern.strip_suffix("...")).unwrap_or(pattern)),
            Self::Slashes => changed(&squeezed(pattern)),
            Self::LetterCase => in_case_of(pattern, path),
            Self::Subdomain | Self::BareDomain | Self::CutShort | Self::Spelling => self.with_host(pattern, path),
            Self::VcsSuffix => with_suffix(pattern, path),
            Self::WholeElements => changed(&format!("{pattern}*")),
            Self::TooDeep => cut_to(pattern, path),
            Self::NotAscii => None,
        }
    }

    /// Whether this keeps the pattern from matching whatever module path there is.
    fn rules_out(self, pattern: &str) -> bool {
        let host = pattern.split('/').next().unwrap_or_default();
        match self {
            Self::Space => pattern.trim() != pattern,
            Self::Quotes => pattern.contains(QUOTES),
            Self::Separator => pattern.contains(separates),
            Self::Scheme => pattern.contains("://"),
            Self::Port => host.contains(':'),
            Self::Regex => pattern.contains(['(', '$', '^']) && !pattern.contains('['),
            Self::Dots => pattern.contains("..."),
            Self::LetterCase => host.contains(|c: char| c.is_ascii_uppercase()) && !host.contains('['),
            Self::NotAscii => !pattern.is_ascii(),
            Self::Slashes
            | Self::Subdomain
            | Self::BareDomain
            | Self::CutShort
            | Self::VcsSuffix
            | Self::WholeElements
            | Self::TooDeep
            | Self::Spelling => false,
        }
    }

    /// The pattern with another host, if the two hosts are as this one says.
    fn with_host(self, pattern: &str, path: &str) -> Option<String> {
        let (host, below) = pattern.split_at(pattern.find('/').unwrap_or(pattern.len()));
        let own = path.split('/').next().unwrap_or_default();
        let bare = host.strip_prefix('.').unwrap_or(host);
        let meant = match self {
            Self::Subdomain if bare.contains('.') && own.ends_with(&format!(".{bare}")) => format!("*.{bare}"),
            Self::BareDomain if host.strip_prefix("*.").or(host.strip_prefix('.')) == Some(own) => own.to_owned(),
            Self::CutShort if host.len() > 3 && own.starts_with(&format!("{host}.")) => own.to_owned(),
            Self::Spelling if is_nearly(host, own) => own.to_owned(),
            _ => return None,
        };
        Some(meant + below)
    }
}

impl Patterns {
    /// The patterns that just miss `path`, in order. Empty if one of them matches.
    pub fn near_misses(&self, path: &str) -> Vec<NearMiss<'_>> {
        if path.is_empty() || self.find(path).is_some() {
            return Vec::new();
        }
        self.text.split(',').filter_map(|pattern| near_miss(pattern, path)).collect()
    }

    /// The patterns that can match no module path, in order. An empty one is none.
    pub fn impossible(&self) -> Vec<Impossible<'_>> {
        let first = |pattern: &str| Miss::ALL.into_iter().find(|miss| miss.rules_out(pattern));
        let patterns = self.text.split(',').filter_map(|pattern| Some((pattern, first(pattern)?)));
        patterns.map(|(pattern, why)| Impossible { pattern, why, meant: possible(pattern) }).collect()
    }
}

impl NearMiss<'_> {
    /// Near enough that nothing else can have been meant.
    pub fn is_likely(&self) -> bool {
        !self.why.iter().any(|why| matches!(why, Miss::TooDeep | Miss::WholeElements))
    }
}

/// The pattern without what rules it out, or the patterns that it is; `None` if something stays.
fn possible(pattern: &str) -> Option<String> {
    if pattern.trim().is_empty() {
        return Some(String::new());
    }
    let (host, below) = pattern.split_at(pattern.find('/').unwrap_or(pattern.len()));
    match Miss::ALL.into_iter().find(|miss| miss.rules_out(pattern)) {
        None => Some(pattern.to_owned()),
        Some(Miss::Separator) => {
            let parts = pattern.split(separates).filter(|part| !part.is_empty());
            Some(parts.map(possible).collect::<Option<Vec<_>>>()?.join(","))
        }
        Some(Miss::LetterCase) => possible(&format!("{}{below}", host.to_ascii_lowercase())),
        // What clears nothing answers `None`, so that this ends.
        Some(miss) => possible(&miss.cleared(pattern, "")?),
    }
}

const QUOTES: [char; 5] = ['"', '\'', '`', '“', '”'];

/// What is taken for a comma.
fn separates(c: char) -> bool {
    matches!(c, ';' | '|') || c.is_whitespace()
}

/// Clears what is in the way, one thing after the other, until the pattern matches.
fn near_miss<'p>(pattern: &'p str, path: &str) -> Option<NearMiss<'p>> {
    let (mut meant, mut why) = (pattern.to_owned(), Vec::new());
    for miss in Miss::ALL {
        let Some(cleared) = miss.cleared(&meant, path) else { continue };
        if fits(&cleared, path) {
            why.push(miss);
            return Some(NearMiss { pattern, why, meant: cleared });
        }
        // What is wrong for every path is cleared for good; what is only a guess about this one is not built upon.
        if matches!(
            miss,
            Miss::Space | Miss::Quotes | Miss::Scheme | Miss::Port | Miss::Regex | Miss::Dots | Miss::Slashes | Miss::Subdomain
        ) {
            why.push(miss);
            meant = cleared;
        }
    }
    None
}

/// A list of one. A pattern that is all stars says nothing about what was meant.
fn fits(pattern: &str, path: &str) -> bool {
    !pattern.contains(',')
        && pattern.contains(|c: char| c.is_alphanumeric())
        && Patterns { text: pattern.to_owned() }.find(path).is_some()
}

fn one_of(pattern: &str, path: &str) -> Option<String> {
    let mut parts = pattern.split(separates).filter(|part| !part.is_empty());
    let several = parts.clone().count() > 1;
    parts.find(|part| several && fits(part, path)).map(str::to_owned)
}

fn without_port(pattern: &str) -> Option<String> {
    let (host, below) = pattern.split_at(pattern.find('/').unwrap_or(pattern.len()));
    let (name, port) = host.rsplit_once(':')?;
    port.bytes().all(|digit| digit.is_ascii_digit() || digit == b'*').then(|| format!("{name}{below}"))
}

fn squeezed(pattern: &str) -> String {
    let elements: Vec<&str> = pattern.split('/').filter(|element| !element.is_empty()).collect();
    elements.join("/")
}

/// The pattern with the path's own letters where they differ in case only.
fn in_case_of(pattern: &str, path: &str) -> Option<String> {
    if !fits(&pattern.to_lowercase(), &path.to_lowercase()) {
        return None;
    }
    let elements = pattern.split('/').zip(path.split('/'));
    let own: Vec<String> = elements
        .map(|(element, own)| if element.eq_ignore_ascii_case(own) { own.to_owned() } else { element.to_owned() })
        .collect();
    let own = own.join("/");
    let small = pattern.to_lowercase();
    [own, small].into_iter().find(|meant| fits(meant, path)).or_else(|| prefix(path, pattern.split('/').count()))
}

fn with_suffix(pattern: &str, path: &str) -> Option<String> {
    const SUFFIXES: [&str; 4] = [".git", ".hg", ".svn", ".fossil"];
    let without = SUFFIXES.iter().find_map(|suffix| pattern.strip_suffix(suffix)).map(str::to_owned);
    without.or_else(|| SUFFIXES.iter().map(|suffix| format!("{pattern}{suffix}")).find(|with| fits(with, path)))
}

/// The first elements of the pattern, as many as the path has. Stars alone are no reason to think of that path.
fn cut_to(pattern: &str, path: &str) -> Option<String> {
    let elements = path.split('/').count();
    prefix(pattern, elements).filter(|cut| cut.len() < pattern.len())
}

/// The first `count` elements of a text that has as many.
fn prefix(text: &str, count: usize) -> Option<String> {
    let elements: Vec<&str> = text.split('/').take(count).collect();
    (elements.len() == count).then(|| elements.join("/"))
}

/// Tells whether two hosts differ by one letter put in, left out, exchanged for another, or by two neighbours exchanged.
fn is_nearly(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len() < 6 || one == other || one.contains(&'*') {
        return false;
    }
    let same_start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (rest, other_rest) = (one.get(same_start..).unwrap_or_default(), other.get(same_start..).unwrap_or_default());
    match (rest, other_rest) {
        ([_, a @ ..], b) if a == b => true,
        (a, [_, b @ ..]) if a == b => true,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        ([x, y, a @ ..], [v, w, b @ ..]) => (x, y, a) == (w, v, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests;

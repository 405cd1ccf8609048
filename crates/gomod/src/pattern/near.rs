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
}

impl Miss {
    /// Every one, in the order in which they are looked for.
    pub const ALL: [Self; 16] = [
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
        }
    }

    /// The pattern without this in the way, if it is in the way.
    fn cleared(self, pattern: &str, path: &str) -> Option<String> {
        let changed = |text: &str| (text != pattern && !text.is_empty()).then(|| text.to_owned());
        match self {
            Self::Space => changed(pattern.trim()),
            Self::Quotes => changed(pattern.trim_matches(['"', '\'', '`', '“', '”'])),
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
    let mut parts = pattern.split(|c: char| matches!(c, ';' | '|') || c.is_whitespace()).filter(|part| !part.is_empty());
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
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, path: &str, told: &[&str]) {
        let patterns = Patterns::parse(list);
        let found: Vec<String> = patterns.near_misses(path).iter().map(tell).collect();
        assert_eq!(found, told, "{list:?} for {path}");
    }

    fn tell(miss: &NearMiss<'_>) -> String {
        let why: Vec<&str> = miss.why.iter().map(|why| why.code()).collect();
        format!("{} {}", why.join("+"), miss.meant)
    }

    #[test]
    fn what_go_does_not_trim_is_in_the_way() {
        check("a.com, git.corp.com", "git.corp.com/x", &["space git.corp.com"]);
        check("git.corp.com ", "git.corp.com/x", &["space git.corp.com"]);
        check("\"*.corp.com\"", "git.corp.com/x", &["quotes *.corp.com"]);
        check("'git.corp.com", "git.corp.com/x", &["quotes git.corp.com"]);
        check("a.com;git.corp.com", "git.corp.com/x", &["separator git.corp.com"]);
        check("a.com *.corp.com", "git.corp.com/x", &["separator *.corp.com"]);
        check("https://git.corp.com", "git.corp.com/x", &["scheme git.corp.com"]);
        check("git.corp.com:8443/team", "git.corp.com/team/x", &["port git.corp.com/team"]);
        check("git.corp.com/...", "git.corp.com/x", &["dots git.corp.com"]);
        check("git.corp.com//team", "git.corp.com/team", &["slashes git.corp.com/team"]);
        check("git.corp.com//", "git.corp.com/x", &["slashes git.corp.com"]);
        check("^git\\.corp\\.com/.*", "git.corp.com/x", &["regex git.corp.com/*"]);
        check(".*.corp.com", "git.corp.com/x", &["regex *.corp.com"]);
    }

    #[test]
    fn case_counts() {
        check("github.com/Org", "github.com/org/x", &["letter-case github.com/org"]);
        check("GitHub.com/org/*", "github.com/org/x", &["letter-case github.com/org/*"]);
        check("*.Corp.com/team", "git.corp.com/team/x", &["letter-case *.corp.com/team"]);
        check("*.Corp.com/team", "git.corp.com/Team/x", &["letter-case git.corp.com/Team"]);
    }

    #[test]
    fn a_domain_is_not_what_is_below_it_nor_the_other_way_round() {
        check("corp.com", "git.corp.com/x", &["subdomain *.corp.com"]);
        check(".corp.com", "git.corp.com/x", &["subdomain *.corp.com"]);
        check("corp.com/team", "git.corp.com/team/x", &["subdomain *.corp.com/team"]);
        check("*.corp.com", "corp.com/x", &["bare-domain corp.com"]);
        check("git.corp", "git.corp.com/x", &["cut-short git.corp.com"]);
        check("com", "git.corp.com/x", &[]);
    }

    #[test]
    fn elements_are_whole_and_as_many_as_the_pattern_has() {
        check("git.corp.com/team", "git.corp.com/team2/x", &["whole-elements git.corp.com/team*"]);
        check("git.corp.com/team", "git.corp.com", &["too-deep git.corp.com"]);
        check("git.corp.com/*", "git.corp.com", &["too-deep git.corp.com"]);
        check("git.corp.com/x.git", "git.corp.com/x", &["vcs-suffix git.corp.com/x"]);
        check("git.corp.com/x", "git.corp.com/x.git/v2", &["vcs-suffix git.corp.com/x.git"]);
    }

    #[test]
    fn nearly_the_same_spelling_is_told() {
        check("git.crop.com", "git.corp.com/x", &["spelling git.corp.com"]);
        check("gitlab.corp.co/team", "gitlab.corp.com/team/x", &["spelling gitlab.corp.com/team"]);
        check("git.cop.com", "git.corp.com/x", &["spelling git.corp.com"]);
        check("a.com", "b.com/x", &[]);
    }

    #[test]
    fn several_things_can_be_in_the_way() {
        check(" https://Git.corp.com:443/...", "git.corp.com/x", &["space+scheme+port+dots+letter-case git.corp.com"]);
        check("a.com, corp.com", "git.corp.com/x", &["space+subdomain *.corp.com"]);
        check("corp.com, git.corp.com", "git.corp.com/x", &["subdomain *.corp.com", "space git.corp.com"]);
    }

    #[test]
    fn what_matches_or_is_far_off_misses_nothing() {
        check("git.corp.com", "git.corp.com/x", &[]);
        check("a.com, git.corp.com,*.corp.com", "git.corp.com/x", &[]);
        check("none", "git.corp.com/x", &[]);
        check("other.org,github.com/acme,*,", "", &[]);
        check("other.org,github.com/acme", "git.corp.com/x", &[]);
        check("git.corp.com/a", "git.corp.com/b", &[]);
    }

    #[test]
    fn what_is_said_to_be_meant_matches() {
        let words = [
            "git", "corp", "com", ".", "*", "/", " ", ":8443", "https://", "\"", "team", "...", "[", "Git", ",", ";", "\\", "界",
        ];
        let mut random = testkit::random::Random::new(1);
        for _ in 0..20_000 {
            let mut list = String::new();
            for _ in 0..7 {
                list.push_str(random.pick(&words));
            }
            let patterns = Patterns::parse(&list);
            for path in ["git.corp.com/team/x", "git.corp.com", "corp.com/team", "x"] {
                for miss in patterns.near_misses(path) {
                    assert!(Patterns::parse(&miss.meant).find(path).is_some(), "{list:?} {path} {miss:?}");
                    assert!(
                        Patterns::parse(miss.pattern).find(path).is_none() && !miss.why.is_empty(),
                        "{list:?} {path} {miss:?}"
                    );
                }
            }
        }
    }
}

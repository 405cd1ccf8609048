use crate::goimport::Vcs;
use crate::pattern::Patterns;
use crate::text::quote;

/// Which version control tools may be run for which repositories: GOVCS, with Go's own rules behind it.
///
/// Shape: `github.com:git,evil.example.com:off,private:all`. The first rule whose pattern fits a repository's root decides.
///
/// Source: `parseGOVCS` and `checkGOVCS` in Go's `cmd/go/internal/vcs/vcs.go`, 1.27; `go help vcs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoVcs {
    rules: Vec<Rule>,
}

/// One entry of GOVCS.
///
/// Shape: Displays as `pattern:git|hg`, spaces removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pattern: String,
    allowed: Vec<String>,
}

/// A GOVCS that Go refuses, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidGoVcs {
    /// Nothing between two commas.
    #[error("empty entry in GOVCS")]
    EmptyEntry,
    /// An entry without colon.
    #[error("malformed entry in GOVCS (missing colon): {}", quote(.0))]
    MissingColon(String),
    /// Nothing before the colon.
    #[error("empty pattern in GOVCS: {}", quote(.0))]
    EmptyPattern(String),
    /// Nothing behind the colon.
    #[error("empty VCS list in GOVCS: {}", quote(.0))]
    EmptyList(String),
    /// A pattern that begins as a path in the file system does.
    #[error("relative pattern not allowed in GOVCS: {}", quote(.0))]
    RelativePattern(String),
    /// A pattern that stands there twice: the entry, and the earlier one.
    #[error("unreachable pattern in GOVCS: {} after {}", quote(.0), quote(.1))]
    Unreachable(String, String),
    /// Nothing between two bars.
    #[error("empty VCS name in GOVCS: {}", quote(.0))]
    EmptyVcs(String),
}

/// A tool that may not be run, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("GOVCS disallows using {vcs} for {} {root}; see 'go help vcs'", if *.private { "private" } else { "public" })]
pub struct Disallowed {
    /// The tool.
    pub vcs: Vcs,
    /// The import path of the repository's root.
    pub root: String,
    /// Whether GOPRIVATE matches the root.
    pub private: bool,
    /// The entry that decided, `public:git|hg`.
    pub rule: String,
}

impl GoVcs {
    /// Reads the setting; empty is Go's default, [`defaults::GOVCS`](super::defaults::GOVCS).
    ///
    /// Units and ranges: names of tools are not checked: one that Go does not know, such as `off`, allows nothing.
    ///
    /// Errors: [`InvalidGoVcs`], of the first bad entry.
    pub fn parse(govcs: &str) -> Result<Self, InvalidGoVcs> {
        let govcs = govcs.trim();
        let mut rules = Vec::new();
        let mut seen: Vec<(String, &str)> = Vec::new();
        for item in govcs.split(',').map(str::trim).filter(|_| !govcs.is_empty()) {
            let rule = Rule::parse(item)?;
            if let Some((_, old)) = seen.iter().find(|(pattern, _)| *pattern == rule.pattern) {
                return Err(InvalidGoVcs::Unreachable(item.into(), (*old).into()));
            }
            rule.check_names(item)?;
            seen.push((rule.pattern.clone(), item));
            rules.push(rule);
        }
        rules.push(Rule { pattern: "private".into(), allowed: vec!["all".into()] });
        rules.push(Rule { pattern: "public".into(), allowed: vec!["git".into(), "hg".into()] });
        Ok(GoVcs { rules })
    }

    /// Checks that `vcs` may be run for the repository whose root is `root`; gives the rule that allows it.
    ///
    /// Units and ranges: `private` is GOPRIVATE, never GONOPROXY; it is matched with the root, not with the module path. A `mod` source runs no
    /// tool and is not asked about here.
    ///
    /// Errors: [`Disallowed`].
    pub fn check(&self, vcs: Vcs, root: &str, private: &Patterns) -> Result<&Rule, Disallowed> {
        let private = private.find(root).is_some();
        let rule = self.rules.iter().find(|rule| rule.fits(root, private));
        match rule {
            Some(rule) if rule.allows(vcs) => Ok(rule),
            _ => Err(Disallowed { vcs, root: root.into(), private, rule: rule.map(Rule::to_string).unwrap_or_default() }),
        }
    }
}

impl Rule {
    fn parse(item: &str) -> Result<Self, InvalidGoVcs> {
        if item.is_empty() {
            return Err(InvalidGoVcs::EmptyEntry);
        }
        let (pattern, list) = item.split_once(':').ok_or_else(|| InvalidGoVcs::MissingColon(item.into()))?;
        let (pattern, list) = (pattern.trim(), list.trim());
        if pattern.is_empty() {
            return Err(InvalidGoVcs::EmptyPattern(item.into()));
        }
        if list.is_empty() {
            return Err(InvalidGoVcs::EmptyList(item.into()));
        }
        if pattern.starts_with("./") || pattern.starts_with("../") || pattern == "." || pattern == ".." {
            return Err(InvalidGoVcs::RelativePattern(pattern.into()));
        }
        Ok(Rule { pattern: pattern.into(), allowed: list.split('|').map(|name| name.trim().into()).collect() })
    }

    /// Go looks at these only after it has looked for the pattern among the earlier entries.
    fn check_names(&self, item: &str) -> Result<(), InvalidGoVcs> {
        if self.allowed.iter().any(String::is_empty) { Err(InvalidGoVcs::EmptyVcs(item.into())) } else { Ok(()) }
    }

    fn fits(&self, root: &str, private: bool) -> bool {
        match self.pattern.as_str() {
            "private" => private,
            "public" => !private,
            pattern => Patterns::parse(pattern).find(root).is_some(),
        }
    }

    fn allows(&self, vcs: Vcs) -> bool {
        self.allowed.iter().any(|name| name == "all" || name == vcs.name())
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.pattern, self.allowed.join("|"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIVATE: &str = "*.corp.test,git.test/team";

    /// `decided`: the rule that allows, or Go's refusal.
    #[track_caller]
    fn check(govcs: &str, vcs: Vcs, root: &str, decided: &str) {
        let parsed = GoVcs::parse(govcs).expect(govcs);
        let found = parsed.check(vcs, root, &Patterns::parse(PRIVATE));
        assert_eq!(found.map_or_else(|no| no.to_string(), Rule::to_string), decided);
    }

    #[track_caller]
    fn check_refused(govcs: &str, words: &str) {
        assert_eq!(GoVcs::parse(govcs).expect_err(govcs).to_string(), words);
    }

    #[test]
    fn without_setting_public_code_may_come_by_git_and_hg_and_private_code_by_all() {
        check("", Vcs::Git, "a.test/x", "public:git|hg");
        check(" ", Vcs::Hg, "a.test/x", "public:git|hg");
        check("", Vcs::Svn, "a.test/x", "GOVCS disallows using svn for public a.test/x; see 'go help vcs'");
        check("", Vcs::Fossil, "a.corp.test/x", "private:all");
        check("", Vcs::Fossil, "git.test/team/x", "private:all");
        check("", Vcs::Fossil, "git.test/team2/x", "GOVCS disallows using fossil for public git.test/team2/x; see 'go help vcs'");
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let govcs = "a.test/x: svn | hg ,a.test:all,private:off, public:git";
        check(govcs, Vcs::Svn, "a.test/x/y", "a.test/x:svn|hg");
        check(govcs, Vcs::Git, "a.test/x/y", "GOVCS disallows using git for public a.test/x/y; see 'go help vcs'");
        check(govcs, Vcs::Fossil, "a.test/z", "a.test:all");
        check(govcs, Vcs::Git, "b.corp.test", "GOVCS disallows using git for private b.corp.test; see 'go help vcs'");
        check(govcs, Vcs::Hg, "b.test", "GOVCS disallows using hg for public b.test; see 'go help vcs'");
    }

    #[test]
    fn go_s_rules_stay_behind_the_setting() {
        check("a.test:hg", Vcs::Git, "b.test/x", "public:git|hg");
        check("public:off", Vcs::Svn, "b.corp.test/x", "private:all");
    }

    #[test]
    fn bad_settings_are_refused_in_go_s_words() {
        check_refused(",", "empty entry in GOVCS");
        check_refused("a:git,", "empty entry in GOVCS");
        check_refused("a:git, git", r#"malformed entry in GOVCS (missing colon): "git""#);
        check_refused(" :git", r#"empty pattern in GOVCS: ":git""#);
        check_refused("a: ", r#"empty VCS list in GOVCS: "a:""#);
        check_refused("a:git||hg", r#"empty VCS name in GOVCS: "a:git||hg""#);
        check_refused("./a:git", r#"relative pattern not allowed in GOVCS: "./a""#);
        check_refused("..:git", r#"relative pattern not allowed in GOVCS: "..""#);
        check_refused("a:git,b:hg,a :all", r#"unreachable pattern in GOVCS: "a :all" after "a:git""#);
        check_refused("a:git,a:|", r#"unreachable pattern in GOVCS: "a:|" after "a:git""#);
    }
}

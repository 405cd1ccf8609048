//! Whose name is told to nobody but its owner (promise 7): the one function that says what is private.

use std::fmt;

use crate::decide::{Rules, route};

/// Toolchains are code that runs at once, and public whatever an operator's patterns match: the go command lets none waive their proof.
///
/// Source: `useSumDB` in `cmd/go/internal/modfetch/sumdb.go`, Go 1.27.
const TOOLCHAIN: &str = "golang.org/toolchain";

/// Why a module path is private: what the operator wrote.
///
/// Printed as the rule that waives its proof: `GONOSUMDB=*.corp.example`, `route inside`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Privacy {
    /// A pattern of GONOSUMDB matches it.
    Pattern(String),
    /// The route with this name serves it, and is private.
    Route(String),
}

/// Why `path` is private under `rules`; `None` if it is public.
///
/// A private path is never told to a checksum database of others, neither to prove it nor for a client, and it is what our own database, set to
/// private modules, has records of.
pub fn privacy(path: &str, rules: &Rules) -> Option<Privacy> {
    if path == TOOLCHAIN {
        return None;
    }
    let pattern = rules.waived.find(path).map(|pattern| Privacy::Pattern(pattern.to_owned()));
    pattern.or_else(|| {
        let (index, _) = route(path, rules)?;
        rules.routes[index].private.then(|| Privacy::Route(rules.routes[index].name.clone()))
    })
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pattern(pattern) => write!(f, "GONOSUMDB={pattern}"),
            Self::Route(name) => write!(f, "route {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gomod::pattern::{PatternIndex, Patterns};

    use super::*;
    use crate::{Freshness, decide::RouteRule};

    fn rules() -> Rules {
        let compiled = |patterns: &str| PatternIndex::new(Patterns::parse(patterns));
        let route = |name: &str, patterns: &str, private| RouteRule {
            name: name.into(),
            patterns: compiled(patterns),
            direct: false,
            private,
        };
        let second = Duration::from_secs(1);
        Rules {
            routes: vec![
                route("opened", "git.corp/open", false),
                route("inside", "git.corp,golang.org", true),
                route("all", "*", false),
            ],
            waived: compiled("secret.example,git.corp/x"),
            databases: Vec::new(),
            own: Vec::new(),
            retired: Vec::new(),
            freshness: Freshness { fresh: second, revalidate: second, stale: second, absent: second },
        }
    }

    #[track_caller]
    fn check(path: &str, rule: &str) {
        assert_eq!(privacy(path, &rules()).map(|why| why.to_string()).unwrap_or_default(), rule, "{path}");
    }

    #[test]
    fn a_path_is_private_by_a_pattern_or_by_the_route_that_owns_it() {
        check("secret.example/m", "GONOSUMDB=secret.example");
        check("git.corp", "route inside");
        check("git.corp/y/v2", "route inside");
        check("git.corp/x/y", "GONOSUMDB=git.corp/x");
        check("git.corp/open/m", "");
        check("git.corpx/m", "");
        check("github.com/a/b", "");
    }

    #[test]
    fn a_toolchain_is_public_whatever_matches_it() {
        check("golang.org/x/mod", "route inside");
        check("golang.org/toolchain", "");
        let all = Rules { waived: PatternIndex::new(Patterns::parse("*")), ..rules() };
        assert_eq!(privacy("golang.org/toolchain", &all), None);
    }
}

//! Which rule a URL falls under.

use std::fmt;

use plan::Trouble;
use url::{Host, Url};

use crate::settings::{Access, Credential};

/// The rules, in order.
pub(super) struct Places(Vec<(Place, Access)>);

/// The index of a rule; `None` for a host that has none.
pub(super) type At = Option<usize>;

/// A host or a part of it: `gitlab.corp`, `gitlab.corp:8443`, `gitlab.corp/team`; or `*`, every host.
///
/// Without a port it means the default port of the URL's scheme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place(Part);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    All,
    Below { host: String, port: Option<u16>, path: Vec<String> },
}

/// Text that is no [`Place`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoPlace {
    text: String,
    why: &'static str,
}

impl Places {
    /// # Errors
    /// [`Trouble::Refused`] for a place that is not understood, and for a login that would be sent to every host.
    pub(super) fn new(access: &[Access]) -> Result<Self, Trouble> {
        let all = access.iter().map(|access| {
            let place = Place::parse(&access.place).map_err(|no_place| Trouble::Refused(no_place.to_string()))?;
            let chooses = matches!(access.credential, Credential::None | Credential::Netrc(_) | Credential::Helper(_));
            match place {
                Place(Part::All) if !chooses => {
                    Err(Trouble::Refused("place *: only netrc and a helper tell hosts apart; name the host".to_owned()))
                }
                place => Ok((place, access.clone())),
            }
        });
        Ok(Self(all.collect::<Result<_, _>>()?))
    }

    /// The first rule that fits.
    pub(super) fn find(&self, url: &Url) -> At {
        self.0.iter().position(|(place, _)| place.covers(url))
    }

    /// The rule itself.
    pub(super) fn access(&self, at: At) -> Option<&Access> {
        Some(&self.0.get(at?)?.1)
    }

    /// True if the rule is about the host and port of `url`, whatever its path.
    pub(super) fn same_host(&self, at: At, url: &Url) -> bool {
        let rule = at.and_then(|at| self.0.get(at)).map(|(rule, _)| rule);
        match rule {
            Some(Place(Part::Below { host, port, .. })) => {
                Place(Part::Below { host: host.clone(), port: *port, path: Vec::new() }).covers(url)
            }
            Some(Place(Part::All)) | None => false,
        }
    }

    /// All rules.
    pub(super) fn all(&self) -> impl Iterator<Item = &Access> {
        self.0.iter().map(|(_, access)| access)
    }
}

impl Place {
    /// Reads `host`, `host:port`, either with a path, or `*`.
    ///
    /// # Errors
    /// [`NoPlace`] for anything else: text with a scheme, a user, a query, white space, or a path that climbs.
    pub fn parse(text: &str) -> Result<Self, NoPlace> {
        let refused = |why| Err(NoPlace { text: text.to_owned(), why });
        if text == "*" {
            return Ok(Self(Part::All));
        }
        if text.starts_with('/')
            || text.contains(['@', '?', '#', '%', '\\', '*'])
            || text.contains("://")
            || text.contains(char::is_whitespace)
            || text.split('/').skip(1).any(|element| element == "..")
        {
            return refused("not understood");
        }
        // As a URL, so that the host is spelled as URLs spell it.
        let Ok(url) = Url::parse(&format!("https://{text}")) else { return refused("not understood") };
        let port = if authority(text).ends_with(":443") { Some(443) } else { url.port() };
        let path: Vec<String> = elements(&url).map(str::to_owned).collect();
        match host(&url) {
            Some(host) => Ok(Self(Part::Below { host, port, path })),
            None => refused("no host"),
        }
    }

    /// True if `url` lies here.
    pub fn covers(&self, url: &Url) -> bool {
        let Part::Below { host: own, port, path } = &self.0 else { return true };
        let same_host = host(url).as_ref() == Some(own);
        let same_port = match port {
            Some(port) => super::place::port(url) == Some(*port),
            None => url.port().is_none() || url.port() == default_port(url.scheme()),
        };
        let mut there = elements(url);
        same_host && same_port && path.iter().all(|element| there.next() == Some(element))
    }
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "place {:?}: {}; write host, host:port or host/path", self.text, self.why)
    }
}

impl std::error::Error for NoPlace {}

/// The host in lower case, an IPv6 address without brackets, a name without the final dot; addresses of any spelling as addresses.
pub(super) fn host(url: &Url) -> Option<String> {
    let text = url.host_str()?.trim_end_matches('.');
    // Schemes that the web does not know leave the host as it was written.
    let known = Host::parse(text).map_or_else(|_| text.to_owned(), |host| host.to_string());
    Some(known.trim_matches(['[', ']']).to_ascii_lowercase()).filter(|text| !text.is_empty())
}

/// The port, or the scheme's own.
pub(super) fn port(url: &Url) -> Option<u16> {
    url.port().or_else(|| default_port(url.scheme()))
}

/// The port of a scheme that repositories are reached by.
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "https" => Some(443),
        "http" => Some(80),
        "ssh" | "git+ssh" | "ssh+git" | "svn+ssh" => Some(22),
        "git" => Some(9418),
        "svn" => Some(3690),
        _ => None,
    }
}

/// The elements of a URL's path that are not empty.
fn elements(url: &Url) -> impl Iterator<Item = &str> {
    url.path().split('/').filter(|element| !element.is_empty())
}

fn authority(text: &str) -> &str {
    text.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(place: &str, url: &str, covered: bool) {
        let place = Place::parse(place).expect("a place");
        assert_eq!(place.covers(&Url::parse(url).expect("a URL")), covered, "{place:?} {url}");
    }

    #[test]
    fn a_host_covers_itself_at_the_schemes_own_port() {
        check("gitlab.corp", "https://gitlab.corp/a/b", true);
        check("GitLab.corp", "https://gitlab.CORP./", true);
        check("gitlab.corp", "https://gitlab.corp:443/", true);
        check("gitlab.corp", "ssh://git@gitlab.corp/a", true);
        check("gitlab.corp", "ssh://git@gitlab.corp:22/a", true);
        check("gitlab.corp", "http://gitlab.corp/a", true);
        check("gitlab.corp", "https://gitlab.corp:8443/a", false);
        check("gitlab.corp", "https://a.gitlab.corp/a", false);
        check("gitlab.corp", "https://gitlab.corp.evil/a", false);
    }

    #[test]
    fn a_port_is_meant_literally() {
        check("gitlab.corp:8443", "https://gitlab.corp:8443/a", true);
        check("gitlab.corp:8443", "https://gitlab.corp/a", false);
        check("gitlab.corp:443", "https://gitlab.corp/a", true);
        check("gitlab.corp:443", "ssh://gitlab.corp/a", false);
        check("gitlab.corp:2222", "ssh://git@gitlab.corp:2222/a", true);
        check("[::1]:80", "http://[::1]/a", true);
    }

    #[test]
    fn a_path_is_compared_element_by_element() {
        check("gitlab.corp/team", "https://gitlab.corp/team", true);
        check("gitlab.corp/team/", "https://gitlab.corp/team/lib.git/info/refs?service=x", true);
        check("gitlab.corp/team", "https://gitlab.corp/teams", false);
        check("gitlab.corp/team", "https://gitlab.corp/Team", false);
        check("gitlab.corp/team", "https://gitlab.corp/", false);
        check("gitlab.corp/team/sub", "https://gitlab.corp/team", false);
        check("gitlab.corp/team", "https://gitlab.corp/team/../other", false);
        check("gitlab.corp/team", "https://gitlab.corp/%2e%2e/team%2fsub", false);
    }

    #[test]
    fn a_star_covers_every_host() {
        check("*", "https://go.example/a", true);
        check("*", "ssh://git@go.example:2222/a", true);
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for text in [
            "",
            "https://a.test",
            "user@a.test",
            "a.test?x",
            "a.test/%2e",
            "*.a.test",
            "a b",
            "/team",
            "a.test:x",
            "a.test:99999",
            "a.test/a/../b",
        ] {
            assert!(Place::parse(text).is_err(), "{text}");
        }
    }
}

use crate::pattern::Patterns;

/// Something that GOINSECURE is thought to allow, and whether it does.
///
/// Source: `lookupDirect` in Go's `cmd/go/internal/modfetch/repo.go`, `web.Get` and `repoRootFromVCSPaths`, 1.27.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InsecureAct {
    /// Asking for a `?go-get=1` page over TLS without looking at the certificate.
    DiscoverUnverified,
    /// Asking for that page over plain http, after https gave no answer at all. A bad status is an answer.
    DiscoverOverHttp,
    /// Following a redirect from such a page to plain http.
    FollowToHttp,
    /// Trying `http://`, `git://` or `svn://` for a path with a version control suffix.
    TryInsecureScheme,
    /// Sending credentials to a host whose certificate was not looked at.
    SendLoginUnverified,
    /// Sending credentials over plain http.
    SendLoginOverHttp,
    /// Running git, hg, svn or fossil without certificate checks.
    RunToolUnverified,
    /// Asking a module proxy, be it of GOPROXY or of a `mod` tag, without certificate checks.
    ProxyUnverified,
    /// Doing without the checksum database.
    SkipSumdb,
    /// Keeping the path from public proxies.
    SkipProxies,
}

impl InsecureAct {
    /// True if Go does this for a module that GOINSECURE matches.
    pub const fn is_allowed_by_go(self) -> bool {
        match self {
            Self::DiscoverUnverified
            | Self::DiscoverOverHttp
            | Self::FollowToHttp
            | Self::TryInsecureScheme
            | Self::SendLoginUnverified => true,
            Self::SendLoginOverHttp | Self::RunToolUnverified | Self::ProxyUnverified | Self::SkipSumdb | Self::SkipProxies => {
                false
            }
        }
    }

    /// True if we do this for a module that GOINSECURE matches: what Go does, but that no login goes where nobody proved who listens.
    pub const fn is_allowed(self) -> bool {
        self.is_allowed_by_go() && !matches!(self, Self::SendLoginUnverified)
    }
}

/// The pattern of GOINSECURE by which `act` is allowed for a module.
pub fn insecure<'p>(goinsecure: &'p Patterns, module: &str, act: InsecureAct) -> Option<&'p str> {
    goinsecure.find(module).filter(|_| act.is_allowed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(act: InsecureAct, allowed: bool) {
        let goinsecure = Patterns::parse("b.test,a.corp/x");
        assert_eq!(insecure(&goinsecure, "a.corp/x/y", act), allowed.then_some("a.corp/x"), "{act:?}");
        assert_eq!(insecure(&goinsecure, "a.corp/xy", act), None, "{act:?}");
    }

    #[test]
    fn goinsecure_reaches_discovery_and_schemes_and_nothing_else() {
        check(InsecureAct::DiscoverUnverified, true);
        check(InsecureAct::DiscoverOverHttp, true);
        check(InsecureAct::FollowToHttp, true);
        check(InsecureAct::TryInsecureScheme, true);
        check(InsecureAct::SendLoginOverHttp, false);
        check(InsecureAct::RunToolUnverified, false);
        check(InsecureAct::ProxyUnverified, false);
        check(InsecureAct::SkipSumdb, false);
        check(InsecureAct::SkipProxies, false);
    }

    #[test]
    fn unlike_go_we_send_no_login_to_a_host_that_proved_nothing() {
        assert!(InsecureAct::SendLoginUnverified.is_allowed_by_go());
        check(InsecureAct::SendLoginUnverified, false);
    }
}

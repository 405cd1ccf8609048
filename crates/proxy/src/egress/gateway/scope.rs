//! What a child may ask for: its one repository, and of that only what reading needs.

use http::{Method, Uri};
use plan::Trouble;
use url::Url;

use crate::client;

/// One repository as a child asks for it.
pub(super) struct Scope {
    /// `host` or `host:port`, in lower case, as the child is told.
    authority: String,
    /// The path, without a final slash.
    base: String,
}

/// What is asked for, seen from the repository's path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Tail {
    /// At or below it: the path as asked for its first part, and the rest, which is empty or begins with a slash.
    Below(String, String),
    /// What Subversion needs that lies below the root of its repository, which may be above our path: the elements by which ours is deeper, and
    /// the rest.
    Beside(String, String),
}

impl Scope {
    pub(super) fn new(remote: &Url) -> Self {
        Self { authority: authority(remote), base: remote.path().trim_end_matches('/').to_owned() }
    }

    /// What a request asks for.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for anything but reading this repository.
    pub(super) fn tail(&self, method: &Method, uri: &Uri) -> Result<Tail, Trouble> {
        let refused = |what: &str| Err(Trouble::Refused(format!("the tool asked {what}, which its pass does not cover")));
        if !matches!(method.as_str(), "GET" | "HEAD" | "POST" | "OPTIONS" | "PROPFIND" | "REPORT") {
            return refused(&format!("with {method:.16}"));
        }
        let Some(authority) = uri.authority().filter(|_| uri.scheme_str() == Some("http")) else {
            return refused("for no http URL");
        };
        let same = authority.as_str().strip_suffix(":80").unwrap_or(authority.as_str()).eq_ignore_ascii_case(&self.authority);
        if !same {
            return refused("another host");
        }
        let pushes = uri.path().ends_with("/git-receive-pack") || uri.query().is_some_and(|query| query.contains("receive-pack"));
        match self.find(uri.path()).filter(|_| plain(uri.path()) && !pushes) {
            Some(tail) => Ok(tail),
            None => refused("for something else"),
        }
    }

    fn find(&self, path: &str) -> Option<Tail> {
        let twin = self.base.strip_suffix(".git").map_or_else(|| format!("{}.git", self.base), str::to_owned);
        for base in [&self.base, &twin] {
            if let Some(rest) = path.strip_prefix(base.as_str()).filter(|rest| rest.is_empty() || rest.starts_with('/')) {
                return Some(Tail::Below(base.clone(), rest.to_owned()));
            }
        }
        self.of_subversion(path)
    }

    /// What Subversion asks for beside the path: its own resources at the repository's root, and, of a trunk, the tags.
    fn of_subversion(&self, path: &str) -> Option<Tail> {
        if let Some(above) = self.base.strip_suffix("/trunk")
            && let Some(rest) = path.strip_prefix(above)
            && (rest == "/tags" || rest.starts_with("/tags/"))
        {
            return Some(Tail::Beside("/trunk".to_owned(), rest.to_owned()));
        }
        let (above, _) = path.split_once("/!svn/")?;
        let deeper = self.base.strip_prefix(above).filter(|deeper| deeper.is_empty() || deeper.starts_with('/'))?;
        Some(Tail::Beside(deeper.to_owned(), path[above.len()..].to_owned()))
    }
}

impl Tail {
    /// The URL at the repository's own place: `remote` with the path that was asked for.
    pub(super) fn at(&self, remote: &Url, query: Option<&str>) -> Url {
        let path = match self {
            Self::Below(base, rest) => format!("{base}{rest}"),
            Self::Beside(deeper, rest) => {
                let base = remote.path().trim_end_matches('/');
                format!("{}{rest}", base.strip_suffix(deeper.as_str()).unwrap_or(base))
            }
        };
        with(remote, &path, query)
    }

    /// The URL at `moved`, where the repository's path is `moved`'s.
    ///
    /// # Errors
    /// [`Trouble::Redirect`] if the new place has no resources beside it that fit.
    pub(super) fn moved(&self, moved: &Url, query: Option<&str>) -> Result<Url, Trouble> {
        let base = moved.path();
        let path = match self {
            Self::Below(_, rest) if rest.is_empty() => base.to_owned(),
            Self::Below(_, rest) => format!("{}{rest}", base.trim_end_matches('/')),
            Self::Beside(deeper, rest) => match base.trim_end_matches('/').strip_suffix(deeper.as_str()) {
                Some(above) => format!("{above}{rest}"),
                None => return Err(elsewhere(moved)),
            },
        };
        Ok(with(moved, &path, query))
    }

    /// The repository's new place, if `to` is the same question there, query and all, as git wants it.
    ///
    /// # Errors
    /// [`Trouble::Redirect`] if it is another question, as a sign-in page is.
    pub(super) fn base_of(&self, to: &Url, query: Option<&str>) -> Result<Url, Trouble> {
        let base = match self {
            Self::Below(_, rest) if to.query() == query => to.path().strip_suffix(rest.as_str()),
            Self::Below(..) | Self::Beside(..) => None,
        };
        base.map(|base| with(to, base, None)).ok_or_else(|| elsewhere(to))
    }

    /// True if whether the repository exists shows in how this is answered.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Below(_, rest) if matches!(rest.as_str(), "" | "/" | "/info/refs"))
    }
}

/// The remote as a child is told.
pub(super) fn told(remote: &Url) -> String {
    format!("http://{}{}", authority(remote), remote.path())
}

fn authority(remote: &Url) -> String {
    let host = remote.host_str().unwrap_or_default().to_ascii_lowercase();
    // The child's scheme is http: what we reach by https at its own port needs none, and neither does http at its own.
    remote.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
}

fn with(base: &Url, path: &str, query: Option<&str>) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url.set_query(query);
    url.set_fragment(None);
    url
}

/// True for a path that means itself: no way up, nothing that a server might decode into one.
fn plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let hidden = ["%2e", "%2f", "%5c", "\\", "%00"].iter().any(|code| lower.contains(code));
    !hidden && path.split('/').all(|element| element != "." && element != "..")
}

fn elsewhere(to: &Url) -> Trouble {
    Trouble::Redirect(format!(
        "redirected to {}, which is not the same repository at another place; a sign-in page, perhaps",
        client::shown(to)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).expect("a URL")
    }

    /// The URL that a child bound to `remote` reaches with `target`; empty if it is refused.
    #[track_caller]
    fn check(remote: &str, method: &str, target: &str, want: &str) {
        let (remote, uri) = (url(remote), target.parse::<Uri>().expect("a URI"));
        let tail = Scope::new(&remote).tail(&method.parse().expect("a method"), &uri);
        let got = tail.map(|tail| tail.at(&remote, uri.query()).to_string()).unwrap_or_default();
        assert_eq!(got, want, "{method} {target}");
    }

    const LIB: &str = "https://git.test/team/lib";

    #[test]
    fn a_child_reaches_its_repository_over_the_remotes_own_scheme() {
        let refs = "/info/refs?service=git-upload-pack";
        check(LIB, "GET", &format!("http://git.test/team/lib{refs}"), &format!("{LIB}{refs}"));
        check(LIB, "GET", &format!("http://git.test:80/team/lib.git{refs}"), &format!("{LIB}.git{refs}"));
        check("https://git.test/lib.git/", "POST", "http://GIT.test/lib/git-upload-pack", "https://git.test/lib/git-upload-pack");
        check("https://git.test:8443/a", "GET", "http://git.test:8443/a?cmd=heads", "https://git.test:8443/a?cmd=heads");
        check("http://127.0.0.1:81/a", "OPTIONS", "http://127.0.0.1:81/a", "http://127.0.0.1:81/a");
        check("https://svn.test/p/trunk", "REPORT", "http://svn.test/p/!svn/me", "https://svn.test/p/!svn/me");
        check(
            "https://svn.test/p/trunk",
            "PROPFIND",
            "http://svn.test/p/trunk/!svn/rvr/3",
            "https://svn.test/p/trunk/!svn/rvr/3",
        );
        check("https://svn.test/p/trunk", "OPTIONS", "http://svn.test/p/tags", "https://svn.test/p/tags");
        check("https://git.test", "GET", "http://git.test/info/refs", "https://git.test/info/refs");
    }

    #[test]
    fn a_child_reaches_nothing_else() {
        for target in [
            "http://git.test/team/libs/info/refs",
            "http://git.test/team",
            "http://git.test/",
            "http://git.test/team/lib/../other/info/refs",
            "http://git.test/team/lib/%2e%2e/other/info/refs",
            "http://git.test/team/lib%2f..%2fother",
            "http://git.test/team/lib/..%5cother",
            "http://git.test/other/!svn/me",
            "http://git.test:443/team/lib",
            "http://git.test.evil/team/lib",
            "http://a@git.test/team/lib",
            "https://git.test/team/lib",
            "/team/lib",
            "http://git.test/team/lib/git-receive-pack",
            "http://git.test/team/lib/info/refs?service=git-receive-pack",
        ] {
            check(LIB, "GET", target, "");
        }
        check("https://svn.test/p/trunk", "OPTIONS", "http://svn.test/p/tagsy", "");
        check("https://svn.test/p/trunk", "OPTIONS", "http://svn.test/p/branches", "");
        check("https://svn.test/p/trunk/", "OPTIONS", "http://svn.test/tags", "");
        for method in ["PUT", "DELETE", "MKCOL", "CONNECT", "TRACE", "LOCK", "MERGE"] {
            check(LIB, method, "http://git.test/team/lib", "");
        }
    }

    /// The URL of `then`, after `first` was redirected to `to`.
    #[track_caller]
    fn moves(first: &str, to: &str, then: &str, want: Option<&str>) {
        let remote = url("https://git.test/team/lib");
        let tail = |target: &str| Scope::new(&remote).tail(&Method::GET, &target.parse().expect("a URI")).expect("covered");
        let query = first.split_once('?').map(|(_, query)| query);
        let got = tail(first).base_of(&url(to), query).and_then(|base| tail(then).moved(&base, None));
        assert_eq!(got.ok().as_ref().map(Url::as_str), want, "{first} -> {to}");
    }

    #[test]
    fn a_redirect_moves_the_repository_and_only_a_repository() {
        let (refs, pack) = ("http://git.test/team/lib/info/refs?service=x", "http://git.test/team/lib/git-upload-pack");
        moves(
            refs,
            "https://git.test/team/lib.git/info/refs?service=x",
            pack,
            Some("https://git.test/team/lib.git/git-upload-pack"),
        );
        moves(refs, "https://new.test:8/info/refs?service=x", pack, Some("https://new.test:8/git-upload-pack"));
        moves("http://git.test/team/lib", "https://git.test/x/", "http://git.test/team/lib/y", Some("https://git.test/x/y"));
        moves("http://git.test/team/lib", "https://git.test/x/", "http://git.test/team/lib", Some("https://git.test/x/"));
        moves(
            "http://git.test/team/lib",
            "https://git.test/x/lib",
            "http://git.test/team/!svn/me",
            Some("https://git.test/x/!svn/me"),
        );
        moves("http://git.test/team/lib", "https://git.test/x", "http://git.test/team/!svn/me", None);
        moves(refs, "https://git.test/users/sign_in", pack, None);
        moves(refs, "https://git.test/new/info/refs", pack, None);
        moves(refs, "https://git.test/new/info/refs?service=y", pack, None);
    }
}

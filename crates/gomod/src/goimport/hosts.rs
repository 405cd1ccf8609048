use super::suffix::{self, Suffix};
use super::{NoRoot, RepoRoot, Source, Vcs};
use crate::text::quote;

/// What an import path says by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// A host whose layout Go knows.
    Root(RepoRoot),
    /// A path with a version control suffix, `host.tld/path.git/sub`. Which scheme leads there has to be tried.
    Suffix(Suffix),
    /// Nothing: its page must be asked for, see [`Discovery`](super::Discovery).
    Page,
}

/// Tells what an import path says by itself.
///
/// Shape: `github.com/acme/tool/sub` gives the root `github.com/acme/tool`, git, `https://github.com/acme/tool`.
///
/// Errors: [`NoRoot::Path`] and [`NoRoot::Wildcard`]. A path on a known host that has not the host's layout is never looked up elsewhere.
///
/// Source: `repoRootFromVCSPaths` and `vcsPaths` in Go's `cmd/go/internal/vcs/vcs.go`, 1.27. Departs from it in one case: where a suffix
/// belongs to a host in the middle of the path (`a.b/x~y/c.d/e.git`), Go connects to that host before it says `mismatched repo`.
pub fn look_up(import_path: &str) -> Result<Known, NoRoot> {
    refuse_outright(import_path)?;
    let known = match HOSTS.iter().find_map(|host| host.below(import_path).map(|below| (host, below))) {
        Some((host, below)) => Known::Root(host.root(import_path, below)?),
        None => match suffix::find(import_path)? {
            Some(suffix) => Known::Suffix(suffix),
            None => return Ok(Known::Page),
        },
    };
    let (Known::Root(RepoRoot { root, .. }) | Known::Suffix(Suffix { root, .. })) = &known else { return Ok(known) };
    check_wildcard(import_path, root)?;
    Ok(known)
}

/// Refuses a root with `...` in it.
pub(super) fn check_wildcard(import_path: &str, root: &str) -> Result<(), NoRoot> {
    if root.contains("...") { Err(NoRoot::Wildcard(import_path.into())) } else { Ok(()) }
}

fn refuse_outright(import_path: &str) -> Result<(), NoRoot> {
    let scheme = ["http:", "https:"].into_iter().find(|scheme| import_path.starts_with(scheme));
    let why = if import_path == "example.net" || import_path.starts_with("example.net/") {
        "no modules on example.net".into()
    } else if import_path == "rsc.io" {
        "rsc.io is not a module".into()
    } else if let Some(scheme) = scheme {
        format!("{} not allowed in import path", quote(&format!("{scheme}//")))
    } else {
        return Ok(());
    };
    Err(NoRoot::Path(why))
}

/// Hosts that many owners share: what is private there belongs to an owner, `github.com/acme`, and the host to everybody.
///
/// Not Go's: Go knows the layout of some of them only.
const SHARED: [&str; 8] =
    ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "gitee.com", "git.sr.ht", "dev.azure.com", "gopkg.in"];

/// True for a host that many owners share, such as `github.com`.
pub fn is_shared(host: &str) -> bool {
    SHARED.contains(&host)
}

/// The part of a module path that has one owner: its host, or on a [shared host](is_shared) host and owner, `github.com/acme`.
pub fn owner(module: &str) -> &str {
    let mut elements = module.split('/');
    let host = elements.next().unwrap_or_default();
    match elements.next().filter(|_| is_shared(host)) {
        Some(name) => module.get(..host.len() + 1 + name.len()).unwrap_or(module),
        None => host,
    }
}

/// A host whose layout Go knows.
struct Host {
    prefix: &'static str,
    /// What the elements of the root below the prefix look like.
    root: &'static [fn(&str) -> bool],
    /// What follows the root.
    more: More,
    vcs: Vcs,
    /// Whether the root may end in `.git` and the like.
    suffix: Ending,
}

#[derive(PartialEq, Eq)]
enum More {
    /// Any elements of [`is_word`].
    Words,
    Nothing,
}

#[derive(PartialEq, Eq)]
enum Ending {
    Free,
    NoVcs,
}

const HOSTS: &[Host] = &[
    Host { prefix: "github.com", root: &[is_word, is_word], more: More::Words, vcs: Vcs::Git, suffix: Ending::NoVcs },
    Host { prefix: "bitbucket.org", root: &[is_word, is_word], more: More::Words, vcs: Vcs::Git, suffix: Ending::NoVcs },
    Host {
        prefix: "hub.jazz.net/git",
        root: &[is_small_alnum, is_word],
        more: More::Words,
        vcs: Vcs::Git,
        suffix: Ending::NoVcs,
    },
    Host { prefix: "git.apache.org", root: &[is_small_git], more: More::Words, vcs: Vcs::Git, suffix: Ending::Free },
    Host { prefix: "git.openstack.org", root: &[is_word, is_word], more: More::Words, vcs: Vcs::Git, suffix: Ending::Free },
    Host {
        prefix: "chiselapp.com",
        root: &[|element| element == "user", is_alnum, |element| element == "repository", is_word],
        more: More::Nothing,
        vcs: Vcs::Fossil,
        suffix: Ending::Free,
    },
];

impl Host {
    /// What follows the host's prefix, with its slash; empty if nothing does. None on another host.
    fn below<'p>(&self, import_path: &'p str) -> Option<&'p str> {
        import_path.strip_prefix(self.prefix).filter(|below| below.is_empty() || below.starts_with('/'))
    }

    fn root(&self, import_path: &str, below: &str) -> Result<RepoRoot, NoRoot> {
        let bad = || NoRoot::Path(format!("invalid {} import path {}", self.prefix, quote(import_path)));
        let mut elements = below.strip_prefix('/').ok_or_else(bad)?.split('/');
        let mut root = self.prefix.to_owned();
        for fits in self.root {
            let element = elements.next().filter(|element| fits(element)).ok_or_else(bad)?;
            root = format!("{root}/{element}");
        }
        let well_ended = match self.more {
            More::Words => elements.all(is_word),
            More::Nothing => elements.next().is_none(),
        };
        if !well_ended {
            return Err(bad());
        }
        if self.suffix == Ending::NoVcs && suffix::vcs_of(&root).is_some() {
            return Err(NoRoot::Path(format!("invalid version control suffix in {}/ path", self.prefix)));
        }
        Ok(RepoRoot { url: format!("https://{root}"), root, source: Source::Vcs(self.vcs), subdir: String::new() })
    }
}

/// `[\w.\-]+` of Go's expressions.
pub(super) fn is_word(element: &str) -> bool {
    !element.is_empty() && element.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

fn is_alnum(element: &str) -> bool {
    !element.is_empty() && element.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn is_small_alnum(element: &str) -> bool {
    is_alnum(element) && !element.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_small_git(element: &str) -> bool {
    let name = element.strip_suffix(".git").unwrap_or_default();
    is_word(name) && !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_host_has_an_owner_for_each_part() {
        assert_eq!(owner("github.com/acme/tool/v2"), "github.com/acme");
        assert_eq!(owner("github.com/acme"), "github.com/acme");
        assert_eq!(owner("github.com"), "github.com");
        assert_eq!(owner("git.corp.example/team/lib"), "git.corp.example");
        assert_eq!(owner(""), "");
    }

    /// `known`: the root's URL, then the root; for a suffix the repository without scheme, then the root; `page`; or the refusal.
    #[track_caller]
    fn check(import_path: &str, known: &str) {
        let found = match look_up(import_path) {
            Ok(Known::Root(root)) => format!("{} {} {}", root.url, root.root, Vcs::named_in(root.source)),
            Ok(Known::Suffix(suffix)) => format!("{} {} {}", suffix.repo, suffix.root, suffix.vcs),
            Ok(Known::Page) => "page".into(),
            Err(error) => error.to_string(),
        };
        assert_eq!(found, known, "{import_path}");
    }

    impl Vcs {
        fn named_in(source: Source) -> &'static str {
            match source {
                Source::Vcs(vcs) => vcs.name(),
                Source::Proxy => "mod",
            }
        }
    }

    #[test]
    fn known_hosts_have_their_layouts() {
        check("github.com/acme/Tool_x/a.b/c-d", "https://github.com/acme/Tool_x github.com/acme/Tool_x git");
        check("bitbucket.org/a/b", "https://bitbucket.org/a/b bitbucket.org/a/b git");
        check("hub.jazz.net/git/u1/r/x", "https://hub.jazz.net/git/u1/r hub.jazz.net/git/u1/r git");
        check("git.apache.org/x_1.git/y", "https://git.apache.org/x_1.git git.apache.org/x_1.git git");
        check("git.openstack.org/a/b.git/c", "https://git.openstack.org/a/b.git git.openstack.org/a/b.git git");
        let fossil = "chiselapp.com/user/kyle/repository/f.x";
        check(fossil, &format!("https://{fossil} {fossil} fossil"));
    }

    #[test]
    fn a_known_host_with_another_layout_is_never_looked_up_elsewhere() {
        for path in ["github.com", "github.com/a", "github.com/a/", "github.com/a/b/", "github.com/a/~b", "github.com/a/b/ü"] {
            check(path, &format!("invalid github.com import path {}", quote(path)));
        }
        check("hub.jazz.net/git/U/r", r#"invalid hub.jazz.net/git import path "hub.jazz.net/git/U/r""#);
        check("git.apache.org/x", r#"invalid git.apache.org import path "git.apache.org/x""#);
        check("git.apache.org/.git", r#"invalid git.apache.org import path "git.apache.org/.git""#);
        check(
            "chiselapp.com/user/a/repository/b/c",
            r#"invalid chiselapp.com import path "chiselapp.com/user/a/repository/b/c""#,
        );
        check("github.com/a/b.git", "invalid version control suffix in github.com/ path");
        check("github.com/a/b.fossil/c", "invalid version control suffix in github.com/ path");
        check("hub.jazz.net/git/a/b.hg", "invalid version control suffix in hub.jazz.net/git/ path");
        check("github.com.x/a/b", "page");
        check("github.comx/a/b", "page");
        check("hub.jazz.net/gitx/a", "page");
    }

    #[test]
    fn some_paths_are_refused_outright() {
        check("example.net", "no modules on example.net");
        check("example.net/a.git", "no modules on example.net");
        check("example.netx/a", "page");
        check("rsc.io", "rsc.io is not a module");
        check("rsc.io/quote", "page");
        check("https:/github.com/a/b", r#""https://" not allowed in import path"#);
        check("http:x", r#""http://" not allowed in import path"#);
        check("github.com/a...b/c", r#"cannot expand ... in "github.com/a...b/c""#);
        check("github.com/a/b/c...d", "https://github.com/a/b github.com/a/b git");
    }

    #[test]
    fn a_suffix_names_the_system_and_ends_the_root() {
        check("x.test/a.git", "x.test/a x.test/a.git git");
        check("x.test:80/~u/r.hg/s/~t", "x.test:80/~u/r x.test:80/~u/r.hg hg");
        check("x.test/a.git/b.svn/c", "x.test/a.git/b x.test/a.git/b.svn svn");
        check("x.test/a.git.git/b", "x.test/a.git x.test/a.git.git git");
        check("x.test/a/b.fossil", "x.test/a/b x.test/a/b.fossil fossil");
        check("x.test/a...b.git", r#"cannot expand ... in "x.test/a...b.git""#);
    }

    #[test]
    fn what_only_looks_like_a_suffix_is_none() {
        for path in ["x.test/.git", "x.test/~.git", "x.test.git", "x/a.git", "x.test/a.gitx", "x.test/a.bzr", "x.test/a.git/"] {
            check(path, "page");
        }
        check("x.test/a.git/b~c", "page");
        check("x.test/a.git//b", "page");
    }

    #[test]
    fn a_host_in_the_middle_of_the_path_is_not_connected_to() {
        let path = "a.b/x~y/evil.test/z.git";
        check(path, &format!("mismatched repo: found evil.test/z.git for {path}"));
        check("a.b/x~evil.test:80/z.git", "mismatched repo: found evil.test:80/z.git for a.b/x~evil.test:80/z.git");
        check("a.b/c.d/z.git", "a.b/c.d/z a.b/c.d/z.git git");
    }
}

//! Which scheme leads to the repository of a path with a version control suffix.

use gomod::goimport::{NoRoot, RepoRoot, Source, Suffix, Vcs};
use http::StatusCode;
use plan::Trouble;
use url::Url;

use super::{
    not_exist,
    pages::{self, Pages},
    url,
};
use crate::{journey::Journey, upstream::direct::repo::RepoError};

/// The repository under the first of Go's schemes that may be used and works.
///
/// Go asks the tool about one scheme after the other. Here, where usually https alone may be used, the only one is taken as it is: the
/// repository itself says best what is wrong with it. Of several, http and https are asked for what the tool would ask first; others cannot
/// be asked without the tool, and are taken if those before them do not work.
///
/// Source: `repoRootFromVCSPaths` in Go's `cmd/go/internal/vcs/vcs.go`, 1.27.
pub(super) async fn choose(
    pages: &dyn Pages,
    suffix: &Suffix,
    insecure_too: bool,
    journey: &Journey,
) -> Result<RepoRoot, RepoError> {
    let (mut usable, mut refused) = (Vec::new(), None);
    for root in suffix.vcs.schemes(insecure_too).map(|scheme| suffix.at(scheme)) {
        let judged = url(&root.url).and_then(|url| pages.permits(&url));
        match judged {
            Ok(()) => usable.push(root),
            Err(trouble) => refused = refused.or(Some(trouble)),
        }
    }
    // Go cannot ask fossil and takes the first scheme, too.
    if usable.len() < 2 || suffix.vcs == Vcs::Fossil {
        return usable.into_iter().next().ok_or_else(|| none(insecure_too, refused));
    }
    let mut lost = None;
    for root in usable {
        match works(pages, &root, journey).await {
            Ok(true) => return Ok(root),
            Ok(false) => {}
            Err(trouble) => lost = lost.or(Some(trouble)),
        }
    }
    Err(none(insecure_too, lost))
}

/// Asks what the tool would ask first.
async fn works(pages: &dyn Pages, root: &RepoRoot, journey: &Journey) -> Result<bool, Trouble> {
    if !matches!(url(&root.url)?.scheme(), "http" | "https") {
        return Ok(true);
    }
    let Some(asked) = first_question(root) else { return Ok(false) };
    let got = pages::noted(&asked, journey, pages.get(&asked, false)).await?;
    Ok(got.status == StatusCode::OK)
}

/// What the tool asks of a repository first.
///
/// Source: <https://git-scm.com/docs/http-protocol>, discovering references; Mercurial's wire protocol, `capabilities`.
pub(crate) fn first_question(root: &RepoRoot) -> Option<Url> {
    let mut url = Url::parse(&root.url).ok()?;
    match root.source {
        Source::Vcs(Vcs::Git) if matches!(url.scheme(), "http" | "https") => {
            url.path_segments_mut().ok()?.pop_if_empty().extend(["info", "refs"]);
            url.set_query(Some("service=git-upload-pack"));
        }
        Source::Vcs(Vcs::Hg) => url.set_query(Some("cmd=capabilities")),
        Source::Vcs(_) | Source::Proxy => {}
    }
    Some(url)
}

/// That nothing works is an answer; that something may not be tried, or could not, is trouble.
fn none(insecure_too: bool, trouble: Option<Trouble>) -> RepoError {
    let no = NoRoot::NoProtocol { insecure_too };
    match trouble {
        None => not_exist(no),
        Some(Trouble::Refused(why)) => Trouble::Refused(format!("{no}: {why}")).into(),
        Some(trouble) => trouble.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: Source, url: &str, expected: &str) {
        let root = RepoRoot { root: "example.com/lib".into(), source, url: url.into(), subdir: String::new() };
        assert_eq!(first_question(&root).map(String::from).as_deref(), Some(expected));
    }

    #[test]
    fn the_repository_is_asked_what_its_tool_would_ask_first() {
        let git = Source::Vcs(Vcs::Git);
        check(git, "https://h/lib", "https://h/lib/info/refs?service=git-upload-pack");
        check(git, "https://h/lib/", "https://h/lib/info/refs?service=git-upload-pack");
        check(git, "ssh://git@h/lib", "ssh://git@h/lib");
        check(Source::Vcs(Vcs::Hg), "https://h/lib", "https://h/lib?cmd=capabilities");
        check(Source::Vcs(Vcs::Svn), "https://h/lib", "https://h/lib");
        check(Source::Proxy, "https://h", "https://h/");
    }
}

//! Which scheme leads to the repository of a path with a version control suffix.

use gomod::goimport::{NoRoot, RepoRoot, Suffix, Vcs};
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
        match works(pages, suffix.vcs, &root, journey).await {
            Ok(true) => return Ok(root),
            Ok(false) => {}
            Err(trouble) => lost = lost.or(Some(trouble)),
        }
    }
    Err(none(insecure_too, lost))
}

/// Asks what the tool would ask first.
async fn works(pages: &dyn Pages, vcs: Vcs, root: &RepoRoot, journey: &Journey) -> Result<bool, Trouble> {
    let mut asked = url(&root.url)?;
    if !matches!(asked.scheme(), "http" | "https") {
        return Ok(true);
    }
    match vcs {
        Vcs::Git => below(&mut asked, "info/refs", Some("service=git-upload-pack")),
        Vcs::Hg => below(&mut asked, "", Some("cmd=capabilities")),
        Vcs::Svn | Vcs::Fossil => {}
    }
    let got = pages::noted(&asked, journey, pages.get(&asked, false)).await?;
    Ok(got.status == StatusCode::OK)
}

fn below(url: &mut Url, path: &str, query: Option<&str>) {
    if !path.is_empty() {
        url.set_path(&format!("{}/{path}", url.path()));
    }
    url.set_query(query);
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

//! Asking a forge for a project by its API: for modules whose pages want a login, or do not tell the truth without one.
//!
//! GitLab answers `?go-get=1` of whoever has no login with the first two elements of the path, whether there is such a project or not, so
//! that it gives nothing away. For `gitlab.corp/team/sub/lib` that is wrong, and Go then looks for a repository that does not exist.

use std::fmt;

use gomod::{
    goimport::{RepoRoot, Source, Vcs},
    module::ModulePath,
};
use http::StatusCode;
use plan::Trouble;
use serde::Deserialize;
use url::Url;

use super::discover::{Pages, noted};
use crate::{journey::Journey, limits, settings::Forge};

/// Why the API named no project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum NoProject {
    /// There is none for our login.
    None,
    /// It wants another login, or one that may do more; its status.
    Login(StatusCode),
    /// It did not answer.
    Trouble(Trouble),
}

/// The paths at which the project of a module may be, longest first: `gitlab.corp/team/sub/lib`, `gitlab.corp/team/sub`.
pub(super) fn all(forge: Forge, module: &ModulePath) -> Vec<String> {
    let path = module.as_str();
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    // The first element is the host; a project has an owner.
    let most = match forge {
        Forge::Gitlab => limits::MAX_PROJECT_ELEMENTS,
        Forge::Github | Forge::Forgejo => 2,
    };
    let mut paths: Vec<String> = ends.skip(2).take(most - 1).map(|end| path[..end].to_owned()).collect();
    paths.reverse();
    paths
}

/// The paths that are worth a question although a page named a root: those that are longer than what GitLab says to everyone.
pub(super) fn longer_than(forge: Forge, module: &ModulePath, found: &RepoRoot) -> Vec<String> {
    let host = module.as_str().split('/').next().unwrap_or_default();
    let its_own = Url::parse(&found.url).is_ok_and(|url| url.host_str() == Some(host));
    if forge != Forge::Gitlab || !its_own || found.root.split('/').count() != 3 {
        return Vec::new();
    }
    // The major version is no part of a project's path.
    let prefix = module.as_str().strip_suffix(module.path_major()).unwrap_or(module.as_str());
    let mut paths = all(forge, module);
    paths.retain(|path| path.len() > found.root.len() && path.len() <= prefix.len());
    paths
}

/// The first of `projects` that the forge knows.
pub(super) async fn find(pages: &dyn Pages, forge: Forge, projects: &[String], journey: &Journey) -> Result<RepoRoot, NoProject> {
    for project in projects {
        let Some((repository, url)) = question(forge, project) else { continue };
        let got = noted(&url, journey, pages.api(&repository, &url)).await.map_err(NoProject::Trouble)?;
        match got.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(NoProject::Login(got.status)),
            // Moved projects are redirected to; Go does not find them under their old path either.
            status if status == StatusCode::NOT_FOUND || status.is_redirection() => continue,
            status => return Err(NoProject::Trouble(Trouble::Status(status.as_u16(), format!("{forge}'s API")))),
        }
        let answer: Project = match (serde_json::from_slice(&got.body), got.cut) {
            (Ok(answer), _) => answer,
            (Err(_), Some(trouble)) => return Err(NoProject::Trouble(trouble)),
            (Err(cause), None) => {
                return Err(NoProject::Trouble(Trouble::Body(format!("{forge}'s API at {url}: {cause}"))));
            }
        };
        if answer.is(&repository)
            && let Some(url) = answer.urls(&repository).into_iter().find(|url| pages.permits(url).is_ok())
        {
            let (root, source) = (project.clone(), Source::Vcs(Vcs::Git));
            return Ok(RepoRoot { root, source, url: url.into(), subdir: String::new() });
        }
    }
    Err(NoProject::None)
}

/// The project's own URL, and that at which the API tells of it.
fn question(forge: Forge, project: &str) -> Option<(Url, Url)> {
    let (host, path) = project.split_once('/')?;
    let url = match forge {
        Forge::Gitlab => format!("https://{host}/api/v4/projects/{}", path.replace('/', "%2F")),
        Forge::Github => format!("https://{host}/api/v3/repos/{path}"),
        Forge::Forgejo => format!("https://{host}/api/v1/repos/{path}"),
    };
    Some((Url::parse(&format!("https://{project}")).ok()?, Url::parse(&url).ok()?))
}

/// What the APIs say of a project, as far as we need it.
///
/// Sources: GitLab's "Projects API", GitHub's "Get a repository", Gitea's and Forgejo's `repoGet`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Project {
    #[serde(alias = "path_with_namespace")]
    full_name: Option<String>,
    #[serde(alias = "http_url_to_repo")]
    clone_url: Option<String>,
    #[serde(alias = "ssh_url_to_repo")]
    ssh_url: Option<String>,
}

impl Project {
    /// True if it is the one that was asked for, and not where that one moved to.
    fn is(&self, repository: &Url) -> bool {
        self.full_name.as_ref().is_some_and(|name| repository.path().trim_start_matches('/').eq_ignore_ascii_case(name))
    }

    /// Where it can be fetched, best first.
    fn urls(&self, repository: &Url) -> Vec<Url> {
        let named = [self.clone_url.clone(), self.ssh_url.as_deref().map(with_scheme), Some(format!("{repository}.git"))];
        let urls = named.into_iter().flatten().filter_map(|url| Url::parse(&url).ok());
        urls.filter(|url| url.host_str() == repository.host_str() && url.password().is_none()).collect()
    }
}

/// `git@host:path` as a URL.
fn with_scheme(address: &str) -> String {
    match address.split_once(':') {
        Some((host, path)) if !path.starts_with("//") => format!("ssh://{host}/{path}"),
        _ => address.to_owned(),
    }
}

impl fmt::Display for Forge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gitlab => "GitLab",
            Self::Github => "GitHub",
            Self::Forgejo => "Forgejo",
        })
    }
}

#[cfg(test)]
mod tests;

//! Who we would be to a module's host, and what the host says to that: for whoever set up a login.

use gomod::{
    goimport::{Discovery, Known, RepoRoot, look_up},
    module::ModulePath,
};
use url::Url;

use super::BadSettings;
use crate::{
    client::Roots,
    clock::Clock,
    egress::{AuthReport, Egress},
    journey::Journey,
    metrics::Metrics,
    settings::Direct,
    upstream::direct::{DirectUpstream, discover::schemes::first_question, repo::RepoError},
};

/// What was found out. Shows no secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginCheck {
    /// The page that says where the module's repository is; `None` if its path says it.
    pub page: Option<AuthReport>,
    /// Where the module is, or why that is not known.
    pub root: Result<RepoRoot, RepoError>,
    /// Its repository, asked as its tool would ask first; `None` if it is not known where that is.
    pub repository: Option<AuthReport>,
}

/// Asks the hosts of `module` once each, with the logins that `direct` has for them. Leaves nothing in `direct.folder`: it may be a running
/// server's.
///
/// # Errors
/// [`BadSettings`].
pub async fn check_login(module: &ModulePath, direct: &Direct, roots: &Roots) -> Result<LoginCheck, BadSettings> {
    let folder = tempfile::tempdir().map_err(|error| BadSettings::Direct(format!("making a folder: {error}")))?;
    let direct = &Direct { folder: folder.path().to_owned(), ..direct.clone() };
    let egress = Egress::new(direct, roots).map_err(|trouble| BadSettings::Direct(trouble.to_string()))?;
    let upstream = DirectUpstream::new(direct, egress.clone(), Clock::system(), Metrics::default())
        .map_err(|error| super::not_ready(error, direct))?;
    let page = match look_up(module.as_str()) {
        Ok(Known::Page) => Url::parse(&Discovery::new(module).url("https")).ok(),
        Ok(Known::Root(_) | Known::Suffix(_)) | Err(_) => None,
    };
    let page = match page {
        Some(url) => Some(egress.check(&url).await),
        None => None,
    };
    let root = upstream.discovery().find(module, &Journey::new(std::time::Instant::now())).await;
    let repository = match root.as_ref().ok().and_then(first_question) {
        Some(url) => Some(egress.check(&url).await),
        None => None,
    };
    Ok(LoginCheck { page, root, repository })
}

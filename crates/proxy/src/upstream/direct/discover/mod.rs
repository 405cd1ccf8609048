//! From a module path to its repository, over the network: pages, forges, schemes. What is found is kept.
//!
//! The rules are gomod's ([`gomod::goimport`]); here is who asks, what is allowed, and what becomes of trouble. To Go every failure here means
//! that the module does not exist. To us that is so only if somebody said so: a host that cannot be reached or wants a login is trouble.

use std::{fmt, time::Duration};

use gomod::{
    goenv::GoVcs,
    goimport::{self, Known, NoRoot, RepoRoot, Source, look_up},
    module::ModulePath,
    pattern::Patterns,
};
use http::StatusCode;
use plan::{Trouble, trouble::Deadline};
use tokio::time::timeout;
use url::Url;

use super::{
    forge::{self, NoProject},
    repo::RepoError,
};
use crate::{journey::Journey, limits, settings::Direct};

mod pages;

pub(crate) mod schemes;

mod kept;

pub(super) use self::pages::noted;
pub use self::pages::{Got, Pages};
use self::{kept::Kept, pages::Asking};

/// Finds repositories. One for the whole server: what it found is shared by all requests.
pub struct Discovery {
    pages: Box<dyn Pages>,
    rules: Rules,
    roots: Kept<Result<RepoRoot, RepoError>>,
    read: Kept<Result<Read, Trouble>>,
}

/// What the operator and the go command's settings say.
struct Rules {
    govcs: GoVcs,
    private: Patterns,
    insecure: Patterns,
    fresh: Duration,
    total: Duration,
    retries: u32,
}

/// A page that came, and the status it came with.
#[derive(Clone, Debug)]
struct Read {
    status: StatusCode,
    page: goimport::Page,
}

/// Why the pages led to no repository.
enum Unfound {
    /// They say so, or a status does.
    Said(NoRoot, StatusCode),
    /// One of them did not come.
    Lost(NoRoot, Trouble),
}

impl Discovery {
    /// Makes it ready; asks for nothing. `pages` is the way out.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for a GOVCS that Go refuses.
    pub fn new(direct: &Direct, pages: Box<dyn Pages>) -> Result<Self, Trouble> {
        let govcs = GoVcs::parse(&direct.govcs).map_err(|error| Trouble::Refused(error.to_string()))?;
        let rules = Rules {
            govcs,
            private: direct.private.clone(),
            insecure: direct.insecure.clone(),
            fresh: direct.refs_fresh,
            total: direct.patience.total,
            retries: direct.patience.retries,
        };
        Ok(Self { pages, rules, roots: Kept::new(limits::MAX_DISCOVERIES), read: Kept::new(limits::MAX_DISCOVERIES) })
    }

    /// The repository of a module, or the module proxy that serves it. Asked once per freshness window, however many ask; failures are kept for
    /// [`limits::DISCOVERY_FAILURE`]. May be dropped at any await: another who waits for the same asks on.
    ///
    /// # Errors
    /// [`RepoError::NotExist`] in Go's words if the path or the pages say that there is none; [`Trouble::Refused`] if GOVCS or the rules for the
    /// repository's host forbid it; other trouble if a page did not come, or came with a status that wants something of us.
    pub async fn find(&self, module: &ModulePath, journey: &Journey) -> Result<RepoRoot, RepoError> {
        let seek = async {
            let found = timeout(self.rules.total, self.seek(module, journey)).await;
            let found = found.unwrap_or_else(|_| Err(self.late().into()));
            let fresh = if found.is_ok() { self.rules.fresh } else { limits::DISCOVERY_FAILURE };
            (found, fresh)
        };
        self.roots.get(module.as_str(), seek).await
    }

    async fn seek(&self, module: &ModulePath, journey: &Journey) -> Result<RepoRoot, RepoError> {
        let root = match look_up(module.as_str()).map_err(not_exist)? {
            Known::Root(root) => root,
            Known::Suffix(suffix) => {
                // Go asks before it connects to the host.
                self.check_govcs(&suffix.at("https"))?;
                let insecure_too = self.rules.insecure.find(module.as_str()).is_some();
                schemes::choose(&*self.pages, &suffix, insecure_too, journey).await?
            }
            Known::Page => self.by_pages_or_forge(module, journey).await?,
        };
        self.check(&root)?;
        self.check_stranger(module, &root)?;
        Ok(root)
    }

    async fn by_pages_or_forge(&self, module: &ModulePath, journey: &Journey) -> Result<RepoRoot, RepoError> {
        let found = self.by_pages(module, journey).await;
        let Some(forge) = url(&format!("https://{module}")).ok().and_then(|url| self.pages.forge(&url)) else {
            return found.map_err(RepoError::from);
        };
        let projects = match &found {
            Ok(root) => forge::longer_than(forge, module, root),
            Err(Unfound::Lost(_, trouble)) if trouble.may_pass() => Vec::new(),
            Err(_) => forge::all(forge, module),
        };
        match (forge::find(&*self.pages, forge, &projects, journey).await, found) {
            (Ok(root), _) => Ok(root),
            // A login that may read repositories, and not the API, still leads to pages that tell the truth.
            (Err(NoProject::None | NoProject::Login(_)), Ok(root)) => Ok(root),
            (Err(NoProject::None), Err(unfound)) if projects.is_empty() => Err(unfound.into()),
            (Err(NoProject::None), Err(unfound)) => Err(unfound.with(&format!("{forge} has no such project for our login"))),
            (Err(NoProject::Login(said)), Err(unfound)) => Err(unfound.with(&format!("{forge}'s API: {said}"))),
            (Err(NoProject::Trouble(trouble)), _) => Err(trouble.into()),
        }
    }

    async fn by_pages(&self, module: &ModulePath, journey: &Journey) -> Result<RepoRoot, Unfound> {
        let mut discovery = goimport::Discovery::new(module);
        let insecure = self.rules.insecure.find(module.as_str()).is_some();
        loop {
            let read = self.page(&discovery, insecure, journey).await;
            let read = read.map_err(|trouble| Unfound::Lost(discovery.unreachable(insecure, &trouble.to_string()), trouble))?;
            match discovery.answer(&read.page).map_err(|no| Unfound::Said(no, read.status))? {
                goimport::Step::Ask(further) => discovery = further,
                goimport::Step::Found(root) => return Ok(root),
            }
        }
    }

    /// The page that a discovery asks for, kept, as the root's page is asked for by all its modules.
    async fn page(&self, discovery: &goimport::Discovery, insecure: bool, journey: &Journey) -> Result<Read, Trouble> {
        let ask = async {
            let Rules { retries, total, .. } = self.rules;
            let read = Asking { pages: &*self.pages, insecure, retries, total, journey }.read(discovery).await;
            let good = read.as_ref().is_ok_and(|read| read.page.fault().is_none());
            (read, if good { self.rules.fresh } else { limits::DISCOVERY_FAILURE })
        };
        let key = format!("{} {}", discovery.import_path(), if insecure { "insecure" } else { "" });
        self.read.get(&key, ask).await
    }

    /// Checks what a page or a forge names, before anyone connects to it.
    fn check(&self, root: &RepoRoot) -> Result<(), Trouble> {
        self.check_govcs(root)?;
        let url = url(&root.url)?;
        if url.password().is_some() {
            return Err(Trouble::Refused(format!("the page of {} names a repository URL with a password in it", root.root)));
        }
        self.pages.permits(&url)?;
        check_plain(&root.url)
    }

    /// A page of the outer world does not lead us inside: there, only the operator's own modules are, those that GOPRIVATE names, and those
    /// whose own host is inside.
    fn check_stranger(&self, module: &ModulePath, root: &RepoRoot) -> Result<(), Trouble> {
        let (to, from) = (url(&root.url)?, url(&format!("https://{module}"))?);
        if !self.pages.inside(&to) || self.pages.inside(&from) || self.rules.private.find(module.as_str()).is_some() {
            return Ok(());
        }
        let (page, host) = (from.host_str().unwrap_or_default(), to.host_str().unwrap_or_default());
        Err(Trouble::Refused(format!(
            "the page of {module} leads to {host}, inside of this network: {page} is not; if {module} is yours, name it in GOPRIVATE"
        )))
    }

    fn check_govcs(&self, root: &RepoRoot) -> Result<(), Trouble> {
        match root.source {
            Source::Proxy => Ok(()),
            Source::Vcs(vcs) => {
                let allowed = self.rules.govcs.check(vcs, &root.root, &self.rules.private);
                allowed.map(drop).map_err(|no| Trouble::Refused(no.to_string()))
            }
        }
    }

    fn late(&self) -> Trouble {
        Trouble::Deadline(Deadline::Total, u64::try_from(self.rules.total.as_millis()).unwrap_or(u64::MAX))
    }
}

impl fmt::Debug for Discovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Discovery")
    }
}

impl Unfound {
    /// As an error, with a further clause.
    fn with(self, more: &str) -> RepoError {
        match RepoError::from(self) {
            RepoError::NotExist(why) => RepoError::NotExist(format!("{why}; {more}")),
            RepoError::Failed(Trouble::Vcs(why)) => Trouble::Vcs(format!("{why}; {more}")).into(),
            RepoError::Failed(trouble) => trouble.into(),
        }
    }
}

impl From<Unfound> for RepoError {
    fn from(unfound: Unfound) -> Self {
        match unfound {
            Unfound::Said(no, status) => said(&no, status),
            Unfound::Lost(no, trouble) => told(&no, trouble).into(),
        }
    }
}

/// What a page says means that the module does not exist; so does 404. Any other status is the host's trouble, or wants something of us.
fn said(no: &NoRoot, status: StatusCode) -> RepoError {
    let gone = matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE);
    if gone || !matches!(no, NoRoot::Status { .. }) {
        return RepoError::NotExist(no.to_string());
    }
    let passing = Trouble::Status(status.as_u16(), no.to_string());
    // "status 401: … 401 Unauthorized" says it twice; but those that may pass must be known as such.
    RepoError::Failed(if passing.may_pass() { passing } else { Trouble::Vcs(no.to_string()) })
}

/// Trouble keeps its kind, for who may retry and whose move it is; where it has words they become Go's.
fn told(no: &NoRoot, trouble: Trouble) -> Trouble {
    let with = |cause: String| match no {
        NoRoot::Unreachable { path, .. } => format!("{cause} (unrecognized import path {path:?})"),
        _ => cause,
    };
    match trouble {
        Trouble::Dns(cause) => Trouble::Dns(with(cause)),
        Trouble::Connect(cause) => Trouble::Connect(with(cause)),
        Trouble::Tls(cause) => Trouble::Tls(with(cause)),
        Trouble::ForwardProxy(cause) => Trouble::ForwardProxy(with(cause)),
        Trouble::Broken(cause) => Trouble::Broken(with(cause)),
        Trouble::Redirect(_) => Trouble::Redirect(no.to_string()),
        Trouble::Body(_) => Trouble::Body(no.to_string()),
        Trouble::Refused(_) => Trouble::Refused(no.to_string()),
        Trouble::Deadline(..)
        | Trouble::Status(..)
        | Trouble::Wait(..)
        | Trouble::TooLarge(_)
        | Trouble::Skipped(_)
        | Trouble::Vcs(_)
        | Trouble::NoVersion(_)
        | Trouble::Tree(_) => trouble,
    }
}

fn not_exist(no: NoRoot) -> RepoError {
    RepoError::NotExist(no.to_string())
}

/// The reader of URLs mends, as browsers do, what git, Go and whoever reads along take for something else: `https:///x` becomes the host x, and
/// a backslash a slash. What needs mending is refused.
fn check_plain(text: &str) -> Result<(), Trouble> {
    let plain = text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with('/'));
    if plain && !text.contains(|c: char| c == '\\' || c.is_control()) {
        return Ok(());
    }
    Err(Trouble::Refused(format!("repository URL not usable: {text:?} is not written as scheme://host/path")))
}

fn url(text: &str) -> Result<Url, Trouble> {
    Url::parse(text).map_err(|cause| Trouble::Refused(format!("repository URL not usable: {cause}")))
}

#[cfg(test)]
mod tests;

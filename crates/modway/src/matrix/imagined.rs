//! The world that is imagined: who has the module, who does not know it, and whose certificate is believed by whom.

use gomod::{
    client::{
        Answer, Ask, Command, Commit, Failure, Found, GoModFacts, InfoFacts, PageWay, Question, Refs, RepoPart, SumdbPart,
        TlsFailure, ToolFailure,
    },
    goimport::{Known, Page, look_up},
    module::ModulePath,
};

use crate::why::verdict::bare_path;

/// The module that the matrix is about, on a host of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// The module path.
    pub module: String,
    /// Its version: the lowest that fits the path.
    pub version: String,
    /// The host.
    pub host: String,
    /// The pattern that names what is private: the host, or the owner on a host that everybody shares.
    pub pattern: String,
    /// The import path of its repository's root.
    pub root: String,
    /// The repository's URL.
    pub repository: String,
}

/// Why a subject cannot be asked about.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Unusable {
    what: String,
    why: String,
}

/// What the world is like, besides the settings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Imagined {
    /// What the proxy says to a module that it does not have.
    pub proxy_says: ProxySays,
    /// Go believes the host's certificate.
    pub go_trusts: bool,
    /// git believes it, without having been told apart.
    pub git_trusts: bool,
}

/// What a proxy says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, clap::ValueEnum)]
pub enum ProxySays {
    /// It does not exist.
    #[default]
    #[value(name = "404")]
    NotFound,
    /// It is forbidden.
    #[value(name = "403")]
    Forbidden,
    /// It has trouble.
    #[value(name = "500")]
    Error,
    /// Nothing, until the go command gives up.
    #[value(name = "timeout")]
    Nothing,
}

impl Subject {
    /// The subject of a host, or of a module path.
    ///
    /// # Errors
    /// [`Unusable`] for what is no module path, and for those that other tools than git serve.
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        let unusable = |why: String| Unusable { what: text.to_owned(), why };
        let typed = if text.contains('/') { text.to_owned() } else { format!("{text}/x") };
        let no_path = |cause: gomod::module::InvalidPath| match bare_path(text) {
            Some(bare) => format!("a host or module path has no scheme and no port: leave out https:// and the port; try {bare}"),
            None => cause.to_string().replace(&format!("{typed:?}"), &format!("{text:?}")),
        };
        let path = ModulePath::parse(&typed).map_err(|cause| unusable(no_path(cause)))?;
        let (module, major) = (path.as_str(), path.path_major());
        let (prefix, host) = (module.strip_suffix(major).unwrap_or(module), module.split('/').next().unwrap_or_default());
        let secure = |url: &str| url.starts_with("https://");
        let (root, repository, pattern) = match look_up(module).map_err(|cause| unusable(cause.to_string()))? {
            Known::Root(root) => {
                let owner = root.root.rsplit_once('/').map_or(host, |(owner, _)| owner).to_owned();
                (root.root, root.url, owner)
            }
            Known::Suffix(suffix) => {
                let root = suffix.at("https");
                (root.root, root.url, host.to_owned())
            }
            Known::Page => (prefix.to_owned(), format!("https://{prefix}.git"), host.to_owned()),
        };
        if !secure(&repository) {
            return Err(unusable(format!("its repository is not reached over https: {repository}")));
        }
        let version = major.trim_start_matches(['/', '.']).trim_end_matches("-unstable");
        let version = if version.is_empty() { "v1.0.0".to_owned() } else { format!("{version}.0.0") };
        Ok(Self { module: module.to_owned(), version, host: host.to_owned(), pattern, root, repository })
    }

    /// The command whose way is told.
    pub fn command(&self) -> Command {
        Command::Download { module: self.module.clone(), query: self.version.clone() }
    }

    /// The page that leads to the repository.
    pub(super) fn page(&self) -> String {
        let tag = format!("{} git {}", self.root, self.repository);
        format!("<!DOCTYPE html><html><head><meta name=\"go-import\" content=\"{tag}\"></head><body></body></html>\n")
    }
}

impl Imagined {
    /// What the world answers. `git_told` tells that git was told to trust the host.
    pub(super) fn answer(self, ask: &Ask, subject: &Subject, git_told: bool) -> Answer {
        let git = self.git_trusts || git_told;
        match &ask.question {
            Question::Proxy { .. } | Question::Sumdb { part: SumdbPart::Supported, .. } => self.proxy(),
            Question::Page { way: PageWay::Verified, .. } if !self.go_trusts => {
                Answer::Failed(Failure::Tls(TlsFailure::UnknownAuthority))
            }
            Question::Page { path, way: PageWay::Verified | PageWay::Unverified, .. } => {
                let url = format!("https://{path}?go-get=1");
                Answer::Found(Found::Page(Page::read(&url, "200 OK", "", subject.page().as_bytes())))
            }
            // Nobody listens but for https.
            Question::Page { way: PageWay::Plain, .. } => Answer::Failed(Failure::NoConnection),
            Question::Ping { url, .. } if !url.starts_with("https://") => tool(ToolFailure::Unreachable),
            Question::Ping { .. } | Question::Repo { .. } if !git => tool(ToolFailure::Certificate),
            Question::Ping { .. } => Answer::Found(Found::Yes),
            Question::Repo { part: RepoPart::Refs, .. } => {
                Answer::Found(Found::Refs(Refs { tags: vec![subject.tag()], has_head: true }))
            }
            Question::Repo { part: RepoPart::Commit { module, .. }, .. } => {
                let info = InfoFacts { version: subject.version.clone(), ..InfoFacts::default() };
                let commit = Commit { info, go_mod: GoModFacts::of(module), ..Commit::default() };
                Answer::Found(Found::Commit(Box::new(commit)))
            }
            Question::Sumdb { part: SumdbPart::Lookup { .. } | SumdbPart::Tiles { .. }, .. } => Answer::status(NOT_FOUND),
        }
    }

    fn proxy(self) -> Answer {
        match self.proxy_says {
            ProxySays::NotFound => Answer::status(NOT_FOUND),
            ProxySays::Forbidden => Answer::status(403),
            ProxySays::Error => Answer::status(500),
            ProxySays::Nothing => Answer::Failed(Failure::TimedOut),
        }
    }
}

impl Subject {
    /// The tag that the version has in its repository.
    pub(super) fn tag(&self) -> String {
        match self.folder() {
            "" => self.version.clone(),
            folder => format!("{folder}/{}", self.version),
        }
    }

    /// Where the module lies in its repository; empty for the root.
    pub(super) fn folder(&self) -> &str {
        let major = ModulePath::parse(&self.module).map(|path| path.path_major().to_owned()).unwrap_or_default();
        let prefix = self.module.strip_suffix(&major).unwrap_or(&self.module);
        prefix.strip_prefix(&self.root).unwrap_or_default().trim_start_matches('/')
    }
}

const NOT_FOUND: u16 = 404;

fn tool(failure: ToolFailure) -> Answer {
    Answer::Failed(Failure::Tool(failure))
}

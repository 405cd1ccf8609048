//! Asking the world what a journey asks: each [`Ask`] becomes a look at a server, a repository or a file, and its [`Answer`].
//!
//! Nothing is changed by it, no program that a setting names is run, and of a body no more is read than [`Patience`] says: a zip only if the
//! command is about a package that may be in it.

pub mod certificate;

pub mod git;
pub mod gitconfig;

mod inside;
mod sums;
mod web;

use std::time::{Duration, Instant};

use gomod::{
    client::{Answer, Ask, Failure, Found, GoModFacts, InfoFacts, Question, RepoPart, Server, SumdbPart, Through},
    goenv::{GoAuth, SumdbSetting},
    goimport::Vcs,
    goproxy::{GoProxyList, Source},
};
use proxy::{
    client::{
        Roots,
        look::{Exchange, Looker, Patience},
    },
    settings::Login,
};

use self::git::{Git, Helpers};
use crate::machine::Machine;

/// What was found out about one ask.
#[derive(Clone, Debug)]
pub struct Probed {
    /// What it means for the journey.
    pub answer: Answer,
    /// How it was found out.
    pub evidence: Evidence,
    /// How long that took.
    pub took: Duration,
    /// What a modway server there says that it did for this request; empty if it is none.
    pub inside: Vec<String>,
}

/// How something was found out.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// By asking a server; with redirects, more than one.
    Web(Vec<Exchange>),
    /// By asking git.
    Git(Box<git::Seen>),
    /// By looking at a file.
    File,
    /// It was not.
    Guessed(Guess),
}

/// Why something was not found out, and what is taken for granted instead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Guess {
    /// The commit was not fetched; its go.mod and its files are taken to be good.
    Commit,
    /// The proof was not recomputed from tiles; the record's signature was checked.
    Tiles,
    /// The version of a commit is not known without fetching it.
    Version,
    /// hg, svn and fossil are not run.
    Tool,
}

/// The world as one machine sees it.
pub struct World {
    looker: Looker,
    list: Option<GoProxyList>,
    netrc: Option<gomod::goenv::Netrc>,
    sumdb: Option<SumdbSetting>,
    git: Git,
    hearers: Option<Vec<String>>,
    package: Option<String>,
}

impl World {
    /// The world as `machine` sees it, with `roots` as Go's certificates; `here` is the environment of this process, in which git runs.
    ///
    /// # Errors
    /// In words, for a forward proxy that cannot be understood.
    pub fn new(
        machine: &Machine,
        roots: Roots,
        here: &crate::config::Environment,
        helpers: Helpers,
        patience: Patience,
    ) -> Result<Self, String> {
        let forward = crate::machine::forward_proxy(machine.environment());
        // A program that GOAUTH names is not run; what it would have said is missing, and is told.
        let uses_netrc = GoAuth::parse(&machine.setting("GOAUTH").value).is_ok_and(|goauth| goauth.reads_netrc());
        Ok(Self {
            looker: Looker::new(roots, &forward, patience).map_err(|trouble| trouble.to_string())?,
            list: GoProxyList::parse(&machine.setting("GOPROXY").value).ok(),
            netrc: machine.netrc().filter(|_| uses_netrc).cloned(),
            sumdb: SumdbSetting::parse(&machine.setting("GOSUMDB").value).ok(),
            hearers: None,
            package: None,
            git: Git::new(if machine.teller().is_none() { machine.environment() } else { here }, helpers),
        })
    }

    /// The same world for a command about this package: zips of modules above it are looked into.
    #[must_use]
    pub fn about(self, package: &str) -> Self {
        Self { package: Some(package.to_owned()), ..self }
    }

    /// The same world in thought: of proxies and databases only those may hear of the module that hear of it as things are. A fix that is
    /// only being thought of must not tell its name to anybody new.
    #[must_use]
    pub fn within(self, hearers: Vec<String>) -> Self {
        Self { hearers: Some(hearers), ..self }
    }

    /// Whether whoever answers this question may hear of the module. Its own host may.
    pub fn may_hear(&self, question: &Question, url: &str) -> bool {
        let is_third = matches!(question, Question::Proxy { .. } | Question::Sumdb { .. });
        let host = || url.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
        self.hearers
            .as_ref()
            .is_none_or(|hearers| !is_third || url.starts_with("file:") || hearers.iter().any(|hearer| hearer == host()))
    }

    /// Asks.
    pub async fn ask(&self, ask: &Ask) -> Probed {
        let from = Instant::now();
        let (answer, evidence) = match &ask.question {
            Question::Proxy { server, module, file } => match self.file_url(server) {
                Some(folder) => (web::file(&folder, module, file), Evidence::File),
                None => {
                    web::proxy(&self.looker, ask, self.login(server, &ask.url), (module, self.package.as_deref()), file).await
                }
            },
            Question::Page { way, .. } => web::page(&self.looker, ask, *way, self.netrc_login(&ask.url)).await,
            Question::Ping { vcs: Vcs::Git, url, .. } => self.ping(url).await,
            Question::Repo { vcs: Vcs::Git, url, part: RepoPart::Refs } => {
                let (answer, seen) = self.git.references(url).await;
                (answer, Evidence::Git(Box::new(seen)))
            }
            Question::Repo { vcs: Vcs::Git, url, part: RepoPart::Commit { module, rev } } => self.commit(url, module, rev).await,
            Question::Ping { .. } | Question::Repo { .. } => (Answer::Unknown, Evidence::Guessed(Guess::Tool)),
            Question::Sumdb { through, part } => self.sumdb(ask, *through, part).await,
        };
        let took = from.elapsed();
        let inside = match &evidence {
            Evidence::Web(exchanges) => inside::journey(&self.looker, exchanges).await,
            Evidence::Git(_) | Evidence::File | Evidence::Guessed(_) => Vec::new(),
        };
        Probed { answer, evidence, took, inside }
    }

    /// What git believes and where it goes for a repository; asks nobody.
    pub fn git(&self) -> &Git {
        &self.git
    }

    async fn ping(&self, url: &str) -> (Answer, Evidence) {
        let (answer, seen) = self.git.references(url).await;
        let answer = match answer {
            Answer::Found(_) => Answer::Found(Found::Yes),
            other => other,
        };
        (answer, Evidence::Git(Box::new(seen)))
    }

    /// A commit is not fetched. Whether its tag is there is known from the references, which git has just told.
    async fn commit(&self, url: &str, module: &str, rev: &str) -> (Answer, Evidence) {
        let (Answer::Found(Found::Refs(refs)), seen) = self.git.references(url).await else {
            return (Answer::Unknown, Evidence::Guessed(Guess::Commit));
        };
        let is_version = gomod::semver::is_valid(rev);
        if is_version && !gomod::pseudo::is_pseudo_version(rev) {
            let plain = rev.strip_suffix("+incompatible").unwrap_or(rev);
            if !refs.tags.iter().any(|tag| tag == plain || tag.ends_with(&format!("/{plain}"))) {
                let words = format!("unknown revision {plain}");
                return (Answer::Failed(Failure::NoRevision(words)), Evidence::Git(Box::new(seen)));
            }
        } else if !is_version {
            return (Answer::Unknown, Evidence::Guessed(Guess::Version));
        }
        let info = InfoFacts { version: rev.to_owned(), ..InfoFacts::default() };
        let commit = gomod::client::Commit { info, go_mod: GoModFacts::of(module), ..gomod::client::Commit::default() };
        (Answer::Found(Found::Commit(Box::new(commit))), Evidence::Guessed(Guess::Commit))
    }

    async fn sumdb(&self, ask: &Ask, through: Through, part: &SumdbPart) -> (Answer, Evidence) {
        let key = match &self.sumdb {
            Some(SumdbSetting::Database { key, .. }) => key.as_str(),
            Some(SumdbSetting::Off) | None => return (Answer::Unknown, Evidence::Guessed(Guess::Tiles)),
        };
        if let Through::Entry(index) = through
            && let Some(folder) = self.file_url(&Server::Entry(index))
        {
            return (sums::file(&folder, &ask.url, part, key), Evidence::File);
        }
        let login = match through {
            Through::Entry(index) => self.login(&Server::Entry(index), &ask.url),
            Through::Itself => self.netrc_login(&ask.url),
        };
        sums::ask(&self.looker, ask, login, part, key).await
    }

    /// Who the go command says we are there: the login in the entry of GOPROXY, else that of the netrc file.
    ///
    /// Source: `get` in Go's `cmd/go/internal/web/http.go`, 1.27.
    fn login(&self, server: &Server, url: &str) -> Login {
        let own = match server {
            Server::Entry(index) => self.entry(*index).and_then(|source| match source {
                Source::Proxy(url) => url.credentials(),
                Source::File(_) | Source::Direct | Source::Off => None,
            }),
            Server::Tagged { .. } => None,
        };
        match own {
            Some((user, password)) => {
                let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                Login::Basic(text(user), proxy::settings::Secret::new(text(password.unwrap_or_default())))
            }
            None => self.netrc_login(url),
        }
    }

    fn netrc_login(&self, url: &str) -> Login {
        self.netrc.as_ref().map_or(Login::None, |netrc| crate::machine::login(netrc, url))
    }

    fn entry(&self, index: usize) -> Option<&Source> {
        self.list.as_ref()?.entries().get(index).map(|entry| &entry.source)
    }

    /// The folder of a file proxy.
    fn file_url(&self, server: &Server) -> Option<std::path::PathBuf> {
        let Server::Entry(index) = server else { return None };
        match self.entry(*index)? {
            Source::File(url) => Some(String::from_utf8_lossy(&url.path()).into_owned().into()),
            Source::Proxy(_) | Source::Direct | Source::Off => None,
        }
    }
}

/// A status as Go prints it, `404 Not Found`.
pub fn web_words(status: u16) -> String {
    web::status_line(status)
}

/// What Go prints of a refusal's body.
pub fn detail_of(told: &proxy::client::look::Told) -> String {
    web::detail(told)
}

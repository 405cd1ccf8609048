//! Version control itself as an upstream: from a module path to its repository, from a revision to a version, from a tree to the zip
//! with Go's own h1. No `go` process is ever started.

pub mod repo;
pub mod repos;

pub mod discover;
pub mod forge;

pub mod coderepo;

pub mod archive;

mod out;

use std::{fmt, io, sync::Arc, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{
    goimport::{RepoRoot, Source},
    info::Info,
    module::{ModulePath, Version},
};
use plan::{Event, Trouble, trace::AskEnd, trouble::Deadline};
use tokio::{sync::Semaphore, time::timeout};
use url::Url;

use self::{
    coderepo::{CodeRepo, Found, Memory, Refused},
    discover::Discovery,
    out::{Out, Standing},
    repos::Repos,
};
use super::{Failure, Known, Question, Reply, Upstream, http::HttpUpstream};
use crate::{
    clock::Clock,
    drift::Ledger,
    egress::Egress,
    journey::Journey,
    metrics::Metrics,
    settings::{Direct, Hop},
    spool::SpoolWriter,
};

/// The name under which it is asked, in traces and refusals: the word in a GOPROXY list.
pub(crate) const NAME: &str = "direct";

/// Version control as one entry of a GOPROXY list. One for the whole server: repositories, discoveries and budgets are shared.
pub struct DirectUpstream {
    patience: Hop,
    discovery: Discovery,
    repos: Repos,
    out: Arc<Out>,
    standing: Standing,
    memory: Memory,
    /// Zips that are made at once: it takes a core each.
    zips: Semaphore,
    /// Who looks whether tags moved.
    ledger: Option<Ledger>,
}

/// Why direct mode cannot work at all.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    /// What the operator set is not understood.
    #[error("{0}")]
    Settings(Trouble),
    /// The folder of the repositories is not usable.
    #[error("the folder of the repositories")]
    Folder(#[from] io::Error),
}

/// Who serves a module.
enum Origin {
    Repository(Box<CodeRepo>),
    /// A `mod` tag names a module proxy: it alone is asked.
    Proxy(Box<HttpUpstream>),
}

impl DirectUpstream {
    /// Makes it ready; connects to nothing. `egress` is the way out for all of it.
    ///
    /// # Errors
    /// [`NotReady`].
    pub fn new(direct: &Direct, egress: Egress, clock: Clock, metrics: Metrics) -> Result<Self, NotReady> {
        let out = Arc::new(Out::new(egress));
        let standing = Standing::new(&out);
        let repos = Repos::new(direct, Arc::new(standing.clone()), clock, metrics)?;
        let discovery = Discovery::new(direct, Box::new(Arc::clone(&out))).map_err(NotReady::Settings)?;
        let zips = Semaphore::new(direct.children);
        Ok(Self {
            patience: direct.patience.clone(),
            discovery,
            repos,
            out,
            standing,
            memory: Memory::default(),
            zips,
            ledger: None,
        })
    }

    /// One with other settings over the same repositories, for a reload. What repositories were opened with (folder, tools, bounds) stays as it
    /// was. Their children go out as before until [`Self::take_place`].
    ///
    /// # Errors
    /// [`NotReady`].
    pub fn again(&self, direct: &Direct, egress: Egress) -> Result<Self, NotReady> {
        let out = Arc::new(Out::new(egress));
        let discovery = Discovery::new(direct, Box::new(Arc::clone(&out))).map_err(NotReady::Settings)?;
        let (repos, standing, memory) = (self.repos.clone(), self.standing.clone(), self.memory.clone());
        let zips = Semaphore::new(direct.children);
        let ledger = self.ledger.clone();
        Ok(Self { patience: direct.patience.clone(), discovery, repos, out, standing, memory, zips, ledger })
    }

    /// The same, but what its repositories say of tags is held against what `ledger` knows to be kept.
    #[must_use]
    pub fn watched_by(self, ledger: Ledger) -> Self {
        Self { ledger: Some(ledger), ..self }
    }

    /// From now on the repositories' children go out by this one's way.
    pub fn take_place(&self) {
        self.standing.change(&self.out);
    }

    /// Whether git, which most modules need, can be used; for the operator, told at the start.
    ///
    /// # Errors
    /// Why not: missing, too old.
    pub async fn check(&self) -> Result<(), Trouble> {
        self.repos.check_git().await
    }

    /// Where modules come from.
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// Who serves `module`.
    async fn origin(&self, module: &ModulePath, journey: &Journey) -> Result<Origin, Refused> {
        let root = self.discovery.find(module, journey).await?;
        match root.source {
            Source::Proxy => Ok(Origin::Proxy(Box::new(self.proxy(&root)?))),
            Source::Vcs(vcs) => {
                let repo = self.repos.get(vcs, &root.url).await.map_err(Refused::Trouble)?;
                Ok(Origin::Repository(Box::new(CodeRepo::new(repo, &root, module.clone(), self.memory.clone())?)))
            }
        }
    }

    fn proxy(&self, root: &RepoRoot) -> Result<HttpUpstream, Refused> {
        let unusable = |cause| Refused::Trouble(Trouble::Refused(format!("{}: {cause}", root.root)));
        let home = Url::parse(&root.url).map_err(unusable)?;
        let hop = Hop { name: crate::client::shown(&home), url: root.url.clone(), ..self.patience.clone() };
        Ok(HttpUpstream::through(hop, home, Arc::clone(&self.out) as _))
    }

    /// The repository may have been asked for its references just now: whether tags of kept versions moved is seen without asking anybody.
    async fn watch(&self, module: &ModulePath, code: &CodeRepo, journey: &Journey) {
        if let Some(ledger) = &self.ledger {
            ledger.compare(module, code, &place(code), journey).await;
        }
    }

    /// `asking`, for as long as a fetch of a repository may take.
    async fn bound<T>(&self, asking: impl Future<Output = Result<T, Refused>>) -> Result<T, Refused> {
        let most = self.patience.total_zip;
        let late = || Trouble::Deadline(Deadline::Total, u64::try_from(most.as_millis()).unwrap_or(u64::MAX));
        timeout(most, asking).await.unwrap_or_else(|_| Err(Refused::Trouble(late())))
    }
}

#[async_trait]
impl Upstream for DirectUpstream {
    fn name(&self) -> &str {
        NAME
    }

    async fn ask(&self, question: &Question, known: &Known, journey: &Journey) -> Result<Reply, Failure> {
        let asked = Asked::new(question.to_string(), journey);
        let origin = self.bound(self.origin(question.module(), journey)).await;
        let code = match origin {
            Err(refused) => return asked.end(NAME, Err(refused)),
            Ok(Origin::Proxy(proxy)) => return proxy.ask(question, known, journey).await,
            Ok(Origin::Repository(code)) => code,
        };
        let answer = self.bound(answer(&code, question)).await;
        self.watch(question.module(), &code, journey).await;
        let end = answer.map(|body| (body.len() as u64, Reply::Found { body, known: Known::default() }));
        asked.end(&place(&code), end)
    }

    async fn zip(
        &self,
        module: &ModulePath,
        version: &Version,
        spool: &mut SpoolWriter,
        journey: &Journey,
    ) -> Result<(), Failure> {
        let asked = Asked::new(format!("{}/@v/{}.zip", module.escaped(), version.escaped()), journey);
        let origin = self.bound(self.origin(module, journey)).await;
        let code = match origin {
            Err(refused) => return asked.end(NAME, Err(refused)),
            Ok(Origin::Proxy(proxy)) => return proxy.zip(module, version, spool, journey).await,
            Ok(Origin::Repository(code)) => code,
        };
        let fetched = self.bound(async {
            let found = code.version(version).await?;
            let _one_of = self.zips.acquire().await.map_err(|closed| Refused::Trouble(Trouble::Vcs(closed.to_string())))?;
            let made = archive::fetch(code.repo(), &found, module, version, spool).await;
            made.map_err(|why| why.after(&format!("{module}@{version}")))
        });
        let end = fetched.await.map(|()| (spool.written(), ()));
        self.watch(module, &code, journey).await;
        asked.end(&place(&code), end)
    }
}

/// The answer of a repository to a small question.
async fn answer(code: &CodeRepo, question: &Question) -> Result<Bytes, Refused> {
    match question {
        Question::List(_) => {
            let versions = code.versions("").await?;
            Ok(versions.into_iter().map(|version| version + "\n").collect::<String>().into())
        }
        Question::Latest(_) => Ok(info(&code.latest().await?)),
        Question::Stat(_, rev) => Ok(info(&code.resolve(rev).await?)),
        Question::GoMod(_, version) => Ok(code.go_mod(&code.version(version).await?)),
    }
}

/// The `.info` as Go's cache has it.
fn info(found: &Found) -> Bytes {
    Info::write(&found.version, found.time, Some(&found.origin)).bytes().to_vec().into()
}

/// The repository, for traces: `git https://example.com/m`.
fn place(code: &CodeRepo) -> String {
    let url = Url::parse(code.repo().url()).map_or_else(|_| code.repo().url().to_owned(), |url| crate::client::shown(&url));
    format!("{} {url}", code.repo().vcs())
}

/// A question under way.
struct Asked<'a> {
    what: String,
    started: Instant,
    journey: &'a Journey,
}

impl<'a> Asked<'a> {
    fn new(what: String, journey: &'a Journey) -> Self {
        Self { what, started: Instant::now(), journey }
    }

    /// Notes who was asked and how it ended, with the bytes of the answer.
    fn end<T>(self, upstream: &str, end: Result<(u64, T), Refused>) -> Result<T, Failure> {
        let end = end.map_err(Failure::from);
        let noted = match &end {
            Ok((bytes, _)) => AskEnd::Found(*bytes),
            Err(Failure::NotExist(_)) => AskEnd::NotExist,
            Err(Failure::Trouble(trouble)) => AskEnd::Failed(trouble.clone()),
        };
        let millis = u32::try_from(self.started.elapsed().as_millis()).unwrap_or(u32::MAX);
        self.journey.note(Event::Asked { upstream: upstream.to_owned(), what: self.what, attempts: 1, end: noted, millis });
        end.map(|(_, answer)| answer)
    }
}

impl fmt::Debug for DirectUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

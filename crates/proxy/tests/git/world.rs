//! A server of repositories, and our own side of it.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use gomod::{goimport::Vcs, pattern::Patterns};
use plan::Trouble;
use proxy::{
    clock::Clock,
    metrics::Metrics,
    settings::{Breaker, Direct, ForwardProxy, Hop, Login},
    upstream::{
        child::{Passage, Way},
        direct::{
            repo::{Repo, RepoError, Tree},
            repos::Repos,
        },
    },
};
use tempfile::TempDir;
use testkit::repos::GitServer;

/// Everything that a test needs.
pub(crate) struct World {
    pub(crate) server: GitServer,
    pub(crate) folder: TempDir,
    pub(crate) now: Arc<AtomicI64>,
    pub(crate) repos: Repos,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Direct)) -> Self {
        let (server, folder, now) =
            (GitServer::start(false, None).await, TempDir::new().unwrap(), Arc::new(AtomicI64::new(1_000_000)));
        let mut direct = direct(folder.path());
        change(&mut direct);
        let repos = repos(&direct, &now);
        Self { server, folder, now, repos }
    }

    /// The same folder after a restart.
    pub(crate) fn restarted(mut self) -> Self {
        drop(std::mem::replace(&mut self.repos, repos(&direct(TempDir::new().unwrap().path()), &self.now)));
        self.repos = repos(&direct(self.folder.path()), &self.now);
        self
    }

    pub(crate) async fn repo(&self, name: &str) -> Arc<dyn Repo> {
        self.repos.get(Vcs::Git, &format!("{}/{name}", self.server.url())).await.unwrap()
    }

    /// How often git asked the server for anything.
    pub(crate) fn asked(&self) -> usize {
        self.server.requests().iter().filter(|seen| format!("{seen:?}").contains("/info/refs")).count()
    }

    pub(crate) fn pass_time(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }
}

fn repos(direct: &Direct, now: &Arc<AtomicI64>) -> Repos {
    let now = Arc::clone(now);
    Repos::new(direct, Arc::new(Straight), Clock::new(move || now.load(Ordering::SeqCst)), Metrics::default()).unwrap()
}

pub(crate) fn direct(folder: &Path) -> Direct {
    let hop = Hop {
        name: "direct".into(),
        url: String::new(),
        connect: Duration::from_secs(5),
        tls: Duration::from_secs(5),
        first_byte: Duration::from_secs(20),
        idle: Duration::from_secs(20),
        total: Duration::from_secs(20),
        total_zip: Duration::from_secs(60),
        retries: 0,
        step_down: Vec::new(),
        breaker: Breaker { failures: 0, pause: Duration::ZERO },
        login: Login::None,
        ca_files: Vec::new(),
        forward_proxy: ForwardProxy::Direct,
    };
    Direct {
        patience: hop,
        private: Patterns::default(),
        insecure: Patterns::default(),
        govcs: String::new(),
        access: Vec::new(),
        folder: folder.to_owned(),
        refs_fresh: Duration::from_secs(60),
        path: "/usr/local/bin:/usr/bin:/bin".into(),
        contact: String::new(),
        connections_per_origin: 4,
        requests_per_minute: 1000,
        children: 4,
        repository_bytes: 1 << 30,
    }
}

/// Straight to the server: what the egress does is tested elsewhere.
struct Straight;

struct Open(String, u16);

#[async_trait]
impl Way for Straight {
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble> {
        let port = remote.split(['/', ':']).filter_map(|part| part.parse().ok()).next().unwrap_or(80);
        Ok(Box::new(Open(remote.to_owned(), port)))
    }
}

impl Passage for Open {
    fn url(&self) -> &str {
        &self.0
    }
    fn proxy(&self) -> &str {
        ""
    }
    fn ports(&self) -> Vec<u16> {
        vec![self.1]
    }
    fn variables(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    fn trouble(&self) -> Option<Trouble> {
        None
    }
}

/// The files of a tree as lines: path, kind, content.
pub(crate) fn shown(tree: &Tree) -> String {
    let line = |file: &proxy::upstream::direct::repo::TreeFile| {
        let mut content = String::new();
        if let Ok(mut from) = tree.open(file) {
            std::io::Read::read_to_string(&mut from, &mut content).unwrap();
        }
        format!("{} {:?} {content:?}", String::from_utf8_lossy(&file.path), file.kind)
    };
    tree.files.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What went wrong, as text.
pub(crate) fn told<T: std::fmt::Debug>(result: Result<T, RepoError>) -> String {
    match result {
        Ok(value) => format!("{value:?}"),
        Err(RepoError::NotExist(text)) => format!("not exist: {text}"),
        Err(RepoError::Failed(trouble)) => format!("failed: {trouble}"),
    }
}

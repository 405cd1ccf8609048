//! A server of repositories, and our own side of it.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use gomod::goimport::Vcs;
use proxy::{
    client::Roots,
    clock::Clock,
    egress::Egress,
    metrics::Metrics,
    settings::Direct,
    upstream::direct::{
        repo::{Repo, RepoError, Tree},
        repos::Repos,
    },
};
use tempfile::TempDir;
use testkit::repos::GitServer;

use crate::settings;

/// Everything that a test needs.
pub(crate) struct World {
    pub(crate) server: GitServer,
    pub(crate) folder: TempDir,
    pub(crate) now: Arc<AtomicI64>,
    pub(crate) direct: Direct,
    pub(crate) repos: Repos,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Direct)) -> Self {
        let (server, folder, now) =
            (GitServer::start(false, None).await, TempDir::new().unwrap(), Arc::new(AtomicI64::new(1_000_000)));
        let mut direct = settings::direct(vec![settings::here(&server.address().to_string())], folder.path());
        change(&mut direct);
        let repos = repos(&direct, &now);
        Self { server, folder, now, direct, repos }
    }

    /// The same folder after a restart.
    pub(crate) fn restarted(mut self) -> Self {
        let elsewhere = Direct { folder: self.folder.path().join("elsewhere"), ..self.direct.clone() };
        drop(std::mem::replace(&mut self.repos, repos(&elsewhere, &self.now)));
        self.repos = repos(&self.direct, &self.now);
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

pub(crate) fn repos(direct: &Direct, now: &Arc<AtomicI64>) -> Repos {
    let now = Arc::clone(now);
    let egress = Egress::new(direct, &Roots::Files(Vec::new())).unwrap();
    Repos::new(direct, Arc::new(egress), Clock::new(move || now.load(Ordering::SeqCst)), Metrics::default()).unwrap()
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

//! Mercurial, Subversion and Fossil, with the real tools at both ends.

mod hg;

mod svn;

mod fossil;

mod gateway;

mod hostile;

#[path = "../direct/settings.rs"]
mod settings;

use std::{io::Read as _, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use plan::Trouble;
use proxy::{
    metrics::Metrics,
    upstream::{
        child::{Children, Passage, Way},
        direct::repo::{Commit, Repo, RepoError, Tree},
        hg::remote::Remote,
    },
};
use tempfile::TempDir;

const MINUTE: Duration = Duration::from_secs(60);

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// A remote at `url` that is believed for `fresh`; its copy is kept in `folder`.
fn remote(url: &str, folder: &Path, fresh: Duration) -> Remote {
    let path = std::env::var("PATH").expect("the tools are found somewhere");
    let metrics = Metrics::register(&mut prometheus_client::registry::Registry::default());
    Remote {
        url: url.to_owned(),
        folder: folder.join("repository"),
        children: Children::new(&path, folder, 2, metrics).expect("the folder is ours"),
        way: Arc::new(Straight),
        fresh,
        question: MINUTE,
        transfer: MINUTE,
        repository_bytes: 64 << 20,
    }
}

/// Lets a child connect to its remote by itself.
struct Straight;

struct Road {
    url: String,
    port: u16,
}

#[async_trait]
impl Way for Straight {
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble> {
        let port = url::Url::parse(remote).ok().and_then(|url| url.port()).unwrap_or(9);
        Ok(Box::new(Road { url: remote.to_owned(), port }))
    }
}

impl Passage for Road {
    fn url(&self) -> &str {
        &self.url
    }

    fn proxy(&self) -> &str {
        ""
    }

    fn ports(&self) -> Vec<u16> {
        vec![self.port]
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn trouble(&self) -> Option<Trouble> {
        None
    }
}

/// `name short version time tags ref` of a commit.
fn told(commit: Result<Commit, RepoError>) -> String {
    match commit {
        Ok(commit) => {
            let Commit { name, short, version, time, tags, origin } = commit;
            assert!(short.len() == 12 && (origin.hash == name || origin.hash.is_empty()), "{short} {name}");
            format!("{name} {version} {time} {tags:?} {:?}", origin.reference)
        }
        Err(RepoError::NotExist(words)) => words,
        Err(RepoError::Failed(trouble)) => format!("{}: {trouble}", trouble.code()),
    }
}

/// `path kind content`, line by line, in the tree's order.
fn listed(tree: &Tree) -> Vec<String> {
    let line = |file| {
        let mut content = String::new();
        if let Ok(mut reader) = tree.open(file) {
            reader.read_to_string(&mut content).expect("text");
            assert_eq!(content.len() as u64, file.size_bytes);
        }
        format!("{} {:?} {content:?}", String::from_utf8_lossy(&file.path), file.kind)
    };
    tree.files.iter().map(line).collect()
}

async fn text(repo: &dyn Repo, hash: &str, path: &str) -> Option<String> {
    let file = repo.read_file(hash, path, 1 << 20).await.expect("read");
    file.map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

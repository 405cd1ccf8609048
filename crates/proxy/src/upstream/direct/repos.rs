//! The repositories of this node: one per remote, shared by all versions of all modules in it.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use gomod::goimport::Vcs;
use plan::Trouble;
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::repo::Repo;
use crate::{
    clock::Clock,
    limits,
    metrics::Metrics,
    settings::Direct,
    upstream::{
        child::{Children, RepoUrl, Way},
        fossil::Fossil,
        git::GitTool,
        hg::{Hg, remote::Remote},
        svn::Svn,
    },
};

/// What the names of folders begin with that nobody opens any more, and that are being removed.
const OUTGOING: &str = "outgoing-";

/// Opens repositories and keeps them open. Cheap to clone.
#[derive(Clone)]
pub struct Repos {
    inner: Arc<Inner>,
}

struct Inner {
    folder: PathBuf,
    total_bytes: u64,
    children: Children,
    way: Arc<dyn Way>,
    direct: Direct,
    git: GitTool,
    open: Mutex<HashMap<String, Seat>>,
}

/// A repository that is open, or about to be.
struct Seat {
    repo: Arc<OnceCell<Arc<dyn Repo>>>,
    /// Grows with every use of any repository.
    used: u64,
}

impl Repos {
    /// Makes ready: the folder, the program's settings. Starts nothing.
    ///
    /// # Errors
    /// What the disk says of [`Direct::folder`].
    pub fn new(direct: &Direct, way: Arc<dyn Way>, clock: Clock, metrics: Metrics) -> io::Result<Self> {
        fs::create_dir_all(&direct.folder)?;
        let folder = fs::canonicalize(&direct.folder)?;
        let direct = Direct { folder: folder.clone(), ..direct.clone() };
        let children = Children::new(&direct.path, &folder, direct.children, metrics)?;
        let git = GitTool::new(children.clone(), Arc::clone(&way), &direct, clock)?;
        let total_bytes = direct.repository_bytes.saturating_mul(limits::REPOSITORIES_OF_FULL_SIZE);
        let inner = Inner { folder, total_bytes, children, way, direct, git, open: Mutex::default() };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The repository at `url`.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for a URL that is none, a program that is too old, a folder that another process uses; [`Trouble::Vcs`] if there is
    /// no such program; what the disk says.
    pub async fn get(&self, vcs: Vcs, url: &str) -> Result<Arc<dyn Repo>, Trouble> {
        let name = hex::encode(Sha256::digest(format!("{vcs} {url}")));
        let seat = self.seat(&name);
        let path = self.inner.folder.join(&name);
        let opened = seat.get_or_try_init(|| self.opened(vcs, url, &path)).await;
        opened.map(Arc::clone)
    }

    /// Whether git can be used.
    ///
    /// # Errors
    /// As [`GitTool::check`].
    pub async fn check_git(&self) -> Result<(), Trouble> {
        self.inner.git.check().await
    }

    /// The processes of all repositories.
    pub fn children(&self) -> &Children {
        &self.inner.children
    }

    async fn opened(&self, vcs: Vcs, url: &str, path: &Path) -> Result<Arc<dyn Repo>, Trouble> {
        if !path.exists() {
            self.make_room().await;
        }
        match vcs {
            Vcs::Git => Ok(Arc::new(self.inner.git.open(url, path).await?)),
            Vcs::Hg => Ok(Arc::new(Hg::new(self.remote(url, path)?))),
            Vcs::Svn => Ok(Arc::new(Svn::new(self.remote(url, path)?))),
            Vcs::Fossil => Ok(Arc::new(Fossil::new(self.remote(url, path)?))),
        }
    }

    fn remote(&self, url: &str, path: &Path) -> Result<Remote, Trouble> {
        RepoUrl::parse(url)?;
        let Inner { children, way, direct, .. } = &*self.inner;
        Ok(Remote {
            url: url.to_owned(),
            folder: path.to_owned(),
            children: children.clone(),
            way: Arc::clone(way),
            fresh: direct.refs_fresh,
            question: direct.patience.total,
            transfer: direct.patience.total_zip,
            repository_bytes: direct.repository_bytes,
        })
    }

    /// The seat of one repository. The one that was not used for longest goes, if there are too many and nobody works with it.
    fn seat(&self, name: &str) -> Arc<OnceCell<Arc<dyn Repo>>> {
        let mut open = self.inner.open.lock().unwrap_or_else(PoisonError::into_inner);
        let now = open.values().map(|seat| seat.used).max().unwrap_or_default() + 1;
        if !open.contains_key(name) && open.len() >= limits::MAX_REPOSITORIES {
            let idle = open.iter().filter(|(_, seat)| seat.is_idle()).min_by_key(|(_, seat)| seat.used);
            if let Some(oldest) = idle.map(|(name, _)| name.clone()) {
                open.remove(&oldest);
            }
        }
        let seat = open.entry(name.to_owned()).or_insert_with(|| Seat { repo: Arc::default(), used: now });
        seat.used = now;
        Arc::clone(&seat.repo)
    }

    /// Removes those folders that were not used for longest, while all together take more than they may. Open ones stay.
    ///
    /// A crash on the way leaves folders that are on their way out: the next one to make room removes them.
    async fn make_room(&self) {
        let inner = Arc::clone(&self.inner);
        let made = tokio::task::spawn_blocking(move || {
            let mut folders = folders(&inner.folder);
            folders.sort();
            let mut total: u64 = folders.iter().map(|(_, _, bytes)| bytes).sum();
            for (_, name, bytes) in folders {
                if total <= inner.total_bytes {
                    break;
                }
                // Renamed under the lock that every request takes, so that nobody opens what is half there; deleted without it.
                if inner.put_out(&name) {
                    total -= bytes;
                }
            }
            remove_outgoing(&inner.folder);
        });
        // What could not be removed is tried again with the next repository.
        let _ = made.await;
    }
}

impl Inner {
    /// Takes the repository `name` out of sight, unless it is open. True if it is gone.
    fn put_out(&self, name: &str) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        !open.contains_key(name) && fs::rename(self.folder.join(name), self.folder.join(format!("{OUTGOING}{name}"))).is_ok()
    }
}

impl Seat {
    /// True if nobody holds the repository but its seat.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.repo) == 1 && self.repo.get().is_none_or(|repo| Arc::strong_count(repo) == 1)
    }
}

/// Removes all that is on its way out.
fn remove_outgoing(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(OUTGOING) {
            // What stays is tried again when room is made next.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The repositories' folders: when the remote was last asked, name, bytes.
fn folders(folder: &Path) -> Vec<(SystemTime, String, u64)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().ok().filter(|name| name.len() == 64)?;
        let used = entry.path().join("refs").metadata().and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        Some((used, name, bytes_below(&entry.path(), 0)))
    };
    entries.flatten().filter_map(named).collect()
}

/// The bytes of all files below `folder`; no tool's folders are deeper than a few levels.
fn bytes_below(folder: &Path, depth: usize) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let bytes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() && depth < 64 => bytes_below(&entry.path(), depth + 1),
        Ok(about) if about.is_file() => about.len(),
        _ => 0,
    });
    bytes.sum()
}

//! git: one bare repository per remote, shared by all versions of all its modules.
//!
//! A question costs as little as it can: references are asked for once per window; a known tag or branch costs one shallow fetch; history
//! comes only when it is needed, and once; a repository that turns out to be small comes whole with its second version, so that the
//! others cost nothing. Everything that is read goes through one `git cat-file` that stays for a while.
//!
//! Source: `codehost/git.go` of Go 1.27. Answers are those that Go gives in an empty work directory.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{goimport::Vcs, info::Origin, time::Time};
use plan::Trouble;
use tokio::sync::Mutex;

mod ahead;
mod archive;
mod ask;
mod fetch;
mod hash;
mod history;
mod objects;
mod refs;
mod remembered;
mod settings;
mod tar;
mod unpack;
pub mod version;
mod words;
mod workdir;

use hash::Hash;
use objects::{Kind, Object, Objects};
use refs::{Refs, Target};
use remembered::Remembered;
use settings::Git;
use workdir::WorkDir;

use crate::{
    clock::Clock,
    limits,
    settings::Direct,
    upstream::{
        child::{Children, RepoUrl, SubDir, Way},
        direct::repo::{Commit, Repo, RepoError, TagSum, Tags, Told, Tree},
    },
};

/// What all git repositories share: the program, its settings, the way out. Cheap to clone.
#[derive(Clone)]
pub struct GitTool {
    git: Git,
    way: Arc<dyn Way>,
    clock: Clock,
    refs_fresh: i64,
    repository_bytes: u64,
    remembered: Remembered,
    checked: Arc<Mutex<Option<Checked>>>,
}

/// When the program was looked at, and whether it is good.
type Checked = (i64, Result<(), Trouble>);

/// One repository.
pub struct GitRepo {
    tool: GitTool,
    url: RepoUrl,
    dir: Arc<WorkDir>,
    objects: Arc<Objects>,
    known: std::sync::Mutex<Option<Known>>,
    asking: Mutex<()>,
    fetching: Mutex<()>,
    /// When it was made anew last, by the clock.
    remade: AtomicI64,
}

/// What the remote said last.
#[derive(Clone)]
enum Known {
    Refs(Arc<Refs>),
    /// It could not be asked, at this time; before that it may have said something.
    Trouble(i64, RepoError, Option<Arc<Refs>>),
}

impl GitTool {
    /// Makes ready below `folder`. `clock` tells how old references are.
    ///
    /// # Errors
    /// What the disk says.
    pub fn new(children: Children, way: Arc<dyn Way>, direct: &Direct, clock: Clock) -> std::io::Result<Self> {
        Ok(Self {
            git: Git::new(children, &direct.folder, direct)?,
            way,
            clock,
            refs_fresh: i64::try_from(direct.refs_fresh.as_secs()).unwrap_or(i64::MAX),
            repository_bytes: direct.repository_bytes,
            remembered: Remembered::default(),
            checked: Arc::default(),
        })
    }

    /// The repository at `url`, resting at `path`.
    ///
    /// # Errors
    /// [`Trouble::Refused`] if the URL is none, git is too old, or another process uses the folder; what the disk says.
    pub async fn open(&self, url: &str, path: &Path) -> Result<GitRepo, Trouble> {
        let url = RepoUrl::parse(url)?;
        self.check().await?;
        let key = format!("git {}", url.as_str());
        let place = path.to_owned();
        let dir = blocking(move || WorkDir::open(&place, &key)).await?;
        let dir = Arc::new(dir);
        let objects = Objects::new(self.git.clone(), Arc::clone(&dir));
        let (known, asking, fetching, remade) =
            (std::sync::Mutex::default(), Mutex::default(), Mutex::default(), AtomicI64::new(i64::MIN));
        Ok(GitRepo { tool: self.clone(), url, dir, objects, known, asking, fetching, remade })
    }
}

impl GitTool {
    /// Looks at the program once; at one that is not good, again after a while.
    ///
    /// # Errors
    /// [`Trouble::Vcs`] if there is no git, or none that says which it is; [`Trouble::Refused`] if it is too old.
    pub async fn check(&self) -> Result<(), Trouble> {
        let mut checked = self.checked.lock().await;
        let now = self.clock.now();
        match &*checked {
            Some((_, Ok(()))) => Ok(()),
            Some((at, Err(trouble))) if (0..limits::GIT_FAILURE_SECONDS).contains(&(now - at)) => Err(trouble.clone()),
            _ => {
                let found = version::check(&self.git).await;
                *checked = Some((now, found.clone()));
                found
            }
        }
    }
}

#[async_trait]
impl Repo for GitRepo {
    fn vcs(&self) -> Vcs {
        Vcs::Git
    }

    fn url(&self) -> &str {
        self.url.as_str()
    }

    async fn tags(&self, prefix: &str) -> Result<Tags, RepoError> {
        let refs = self.refs().await?;
        let list: Vec<(String, String)> = refs.tags(prefix).map(|(name, hash)| (name.to_owned(), hash.to_string())).collect();
        let tag_sum = gomod::info::tag_sum(prefix, list.iter().map(|(name, hash)| (name.as_str(), hash.as_str())));
        let origin = Origin { tag_prefix: prefix.to_owned(), tag_sum, ..self.origin() };
        Ok(Tags { list, origin })
    }

    fn told(&self, known: Option<TagSum>) -> Option<Told> {
        let Some(Known::Refs(refs)) = self.known() else { return None };
        let tags = || refs.tags("").map(|(name, hash)| (name.to_owned(), hash.to_string())).collect();
        let age = self.tool.clock.now().saturating_sub(refs.asked).max(0);
        let settled = Duration::from_secs(age.saturating_add(self.tool.refs_fresh).unsigned_abs());
        // A repository without any reference says nothing of those that it had: it may be about to be filled again.
        let is_new = !refs.is_empty() && known != Some(refs.sum);
        is_new.then(|| Told { sum: refs.sum, settled, tags: tags() })
    }

    async fn stat(&self, rev: &str) -> Result<Commit, RepoError> {
        if rev == "latest" {
            return self.latest().await;
        }
        self.guess(rev).await;
        let refs = self.refs_for(rev).await?;
        match self.resolved(&refs, rev).await {
            // A reference moved between our two questions: ask for both again.
            Err(Unresolved::Moved) => {
                let refs = self.refs_after(&refs).await?;
                self.resolved(&refs, rev).await.map_err(|unresolved| unresolved.told(rev))
            }
            other => other.map_err(|unresolved| unresolved.told(rev)),
        }
    }

    async fn latest(&self) -> Result<Commit, RepoError> {
        let refs = self.refs().await?;
        if refs.find("HEAD").is_none() {
            return Err(RepoError::NotExist("no commits".to_owned()));
        }
        let mut commit = self.stat("HEAD").await?;
        // Who asks for the newest commit depends on it; who asks for `HEAD` by name is told only the hash.
        "HEAD".clone_into(&mut commit.origin.reference);
        Ok(commit)
    }

    async fn read_file(&self, hash: &str, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, RepoError> {
        // A name that cannot be asked for is the name of no file that a module has.
        let (Some(hash), Ok(path)) = (Hash::parse(hash), SubDir::parse(path)) else { return Ok(None) };
        self.need(hash).await?;
        let object = self.objects.read(&format!("{hash}:{}", path.as_str()), limit_bytes).await?;
        Ok(object.filter(|object| object.kind == Kind::Blob).map(|object| object.bytes.into()))
    }

    async fn recent_tag(
        &self,
        hash: &str,
        prefix: &str,
        allowed: &(dyn for<'t> Fn(&'t str) -> bool + Sync),
    ) -> Result<Option<String>, RepoError> {
        let Some(hash) = Hash::parse(hash) else { return Err(unknown(hash)) };
        history::recent_tag(self, hash, prefix, allowed).await
    }

    async fn descends_from(&self, hash: &str, tag: &str) -> Result<bool, RepoError> {
        let Some(hash) = Hash::parse(hash) else { return Err(unknown(hash)) };
        history::descends_from(self, hash, tag).await
    }

    async fn archive(&self, hash: &str, subdir: &str) -> Result<Tree, RepoError> {
        let Some(hash) = Hash::parse(hash) else { return Err(unknown(hash)) };
        self.need(hash).await?;
        archive::archive(self, hash, subdir).await
    }
}

/// Why a revision led to no commit.
enum Unresolved {
    Unknown,
    Ambiguous,
    /// The remote brought something else than it had said.
    Moved,
    Failed(RepoError),
}

impl GitRepo {
    /// The commit that `rev` leads to according to `refs`, brought here if it was not.
    async fn resolved(&self, refs: &Arc<Refs>, rev: &str) -> Result<Commit, Unresolved> {
        let (name, hash) = match refs.target(rev) {
            Target::Tag(name, hash) | Target::Tip(name, hash) => (name, hash),
            Target::Bare(prefix) => {
                let (hash, seconds) = self.begun_by(refs, &prefix).await?.ok_or(Unresolved::Unknown)?;
                return Ok(self.commit(refs, hash, seconds, "", ""));
            }
            Target::Ambiguous => return Err(Unresolved::Ambiguous),
            Target::Unknown => return Err(Unresolved::Unknown),
        };
        let Some(object) = self.brought(refs, &name, hash).await? else { return Err(Unresolved::Moved) };
        let seconds = seconds_of(&object)?;
        let tag = name.strip_prefix("refs/tags/").filter(|tag| *tag == rev).unwrap_or("");
        // Go fetches it by its hash, and names no reference then.
        let reference = if name == "HEAD" { "" } else { &name };
        Ok(self.commit(refs, object.hash, seconds, tag, reference))
    }

    fn commit(&self, refs: &Refs, hash: Hash, seconds: Time, tag: &str, reference: &str) -> Commit {
        let name = hash.to_string();
        let origin = Origin { hash: name.clone(), reference: reference.to_owned(), ..self.origin() };
        let version = if tag.is_empty() { name.clone() } else { tag.to_owned() };
        Commit { short: hash.short(), version, time: seconds, tags: refs.tags_of(hash), origin, name }
    }

    fn origin(&self) -> Origin {
        Origin { vcs: "git".to_owned(), url: self.url.as_str().to_owned(), ..Origin::default() }
    }
}

impl Unresolved {
    fn told(self, rev: &str) -> RepoError {
        match self {
            Self::Unknown => unknown(rev),
            Self::Ambiguous => RepoError::Failed(Trouble::NoVersion(format!("ambiguous revision {rev}"))),
            Self::Moved => RepoError::Failed(Trouble::Vcs(format!("revision {rev} changes while it is fetched"))),
            Self::Failed(error) => error,
        }
    }
}

impl From<RepoError> for Unresolved {
    fn from(error: RepoError) -> Self {
        Self::Failed(error)
    }
}

impl From<Trouble> for Unresolved {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble.into())
    }
}

/// The committer's time. Tags of trees and of files lead to no commit, and to no version.
fn seconds_of(object: &Object) -> Result<Time, Unresolved> {
    if object.kind != Kind::Commit {
        return Err(Unresolved::Unknown);
    }
    let time = objects::committer_seconds(&object.bytes).and_then(Time::from_unix_seconds);
    time.ok_or_else(|| Trouble::Vcs(format!("invalid time from git log: commit {}", object.hash)).into())
}

fn unknown(rev: &str) -> RepoError {
    RepoError::NotExist(format!("unknown revision {rev}"))
}

/// Work that waits for the disk.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|end| std::panic::resume_unwind(end.into_panic()))
}

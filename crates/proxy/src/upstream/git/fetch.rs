//! What is brought from a remote, and how rarely.
//!
//! The order of effects in a fetch: packs, then references, then `full`. A crash in between leaves packs that the next fetch does not have to
//! bring again, and locks that the next start removes.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
};

use futures_util::future::{Either, select};
use gomod::{semver, time::Time};
use plan::Trouble;

use super::{
    GitRepo, Unresolved, blocking,
    hash::Hash,
    objects::{Kind, Object},
    refs::Refs,
    seconds_of,
    settings::on_its_way,
    unknown, words,
    workdir::disk,
};
use crate::{
    limits,
    upstream::{
        child::{Command, Output, Ref, Word},
        direct::repo::RepoError,
    },
};

/// How one fetch ended.
enum Fetched {
    Yes,
    /// The repository on our disk is damaged.
    Damaged(RepoError),
    /// The remote does not give this, or not so.
    Refused(RepoError),
    /// Nobody got through to the remote.
    Failed(RepoError),
}

impl GitRepo {
    /// At the first contact with a remote, a version is nearly always a tag: its commit is fetched while the references are asked for, and not
    /// after that. Nothing depends on how it ends: what it did not bring is fetched when it is known what is needed.
    pub(super) async fn guess(&self, rev: &str) {
        let is_first = self.known().is_none() && self.dir.is_new();
        let version = rev.rsplit('/').next().unwrap_or_default();
        if !is_first || !semver::is_valid(version) {
            return;
        }
        let brought = async {
            let _turn = self.fetching.lock().await;
            // Whoever had the turn before was first.
            if !self.dir.is_new() {
                return Ok(());
            }
            self.init(false).await?;
            let reference = Ref::parse(&format!("refs/tags/{rev}"))?;
            let spec = Word::new(format!("{0}:{0}", reference.as_str()))?;
            self.fetched(&["--depth=1"], &[spec]).await.map(drop)
        };
        let (asked, brought) = (pin!(self.refs()), pin!(brought));
        match select(asked, brought).await {
            // Without references nothing can be answered, whatever was brought.
            Either::Left((Err(_), _)) => (),
            Either::Left((Ok(_), brought)) => drop::<Result<(), RepoError>>(brought.await),
            Either::Right((_, asked)) => drop(asked.await),
        }
    }

    /// The object `hash`, to which the reference `name` leads, brought here if it is not; `None` if the remote now has another one there.
    pub(super) async fn brought(&self, refs: &Arc<Refs>, name: &str, hash: Hash) -> Result<Option<Object>, RepoError> {
        if let Some(object) = self.here(hash).await? {
            return Ok(Some(object));
        }
        let _turn = self.fetching.lock().await;
        // Whoever had the turn before may have brought it.
        if let Some(object) = self.here(hash).await? {
            return Ok(Some(object));
        }
        self.init(hash.is_sha256()).await?;
        // HEAD is a branch's tip nearly always; a server may not give commits by their names.
        let name = if name == "HEAD" { refs.branch_at(hash).unwrap_or(name) } else { name };
        if name == "HEAD" || self.comes_whole() {
            self.fetch_all(refs).await?;
        } else {
            self.fetch_one(refs, name).await?;
        }
        match self.here(hash).await? {
            None if name == "HEAD" => {
                self.fetch_detached(hash).await?;
                self.here(hash).await
            }
            object => Ok(object),
        }
    }

    /// The commit whose name begins with `prefix`, looked for at home, then in everything that the remote has.
    pub(super) async fn begun_by(&self, refs: &Arc<Refs>, prefix: &str) -> Result<Option<(Hash, Time)>, Unresolved> {
        if let Some(commit) = self.commit_begun_by(prefix).await? {
            return Ok(Some(commit));
        }
        self.whole(refs).await?;
        self.commit_begun_by(prefix).await
    }

    /// The commit among what is here whose name begins with `prefix`, or to which an annotated tag leads whose own name does.
    async fn commit_begun_by(&self, prefix: &str) -> Result<Option<(Hash, Time)>, Unresolved> {
        let begun = |object: &Object| object.hash.begins_with(prefix);
        let commit = match self.named(prefix).await?.filter(begun) {
            Some(object) if object.kind == Kind::Tag => self.named(&format!("{}^{{commit}}", object.hash)).await?,
            // It may begin the names of a file and of a commit: the commit is meant.
            None => self.named(&format!("{prefix}^{{commit}}")).await?.filter(begun),
            object => object,
        };
        match commit {
            Some(object) if object.kind == Kind::Commit => Ok(Some((object.hash, seconds_of(&object)?))),
            _ => Ok(None),
        }
    }

    /// Makes sure that all of history is here.
    pub(super) async fn whole(&self, refs: &Arc<Refs>) -> Result<(), RepoError> {
        if self.dir.is_full(refs) {
            return Ok(());
        }
        let _turn = self.fetching.lock().await;
        if self.dir.is_full(refs) {
            return Ok(());
        }
        let sha256 = refs.iter().next().is_some_and(|(_, hash)| hash.is_sha256());
        self.init(sha256).await?;
        self.fetch_all(refs).await
    }

    /// Makes sure that the commit `hash`, which was answered before, is here still: a repository may have been made anew since.
    pub(super) async fn need(&self, hash: Hash) -> Result<(), RepoError> {
        if self.here(hash).await?.is_some() {
            return Ok(());
        }
        let refs = self.refs().await?;
        let name = refs.iter().find(|(_, other)| *other == hash).map(|(name, _)| name.to_owned());
        let object = match name {
            Some(name) => self.brought(&refs, &name, hash).await?,
            None => {
                self.whole(&refs).await?;
                self.here(hash).await?
            }
        };
        object.map(drop).ok_or_else(|| unknown(&hash.to_string()))
    }

    pub(super) async fn here(&self, hash: Hash) -> Result<Option<Object>, RepoError> {
        self.named(&hash.to_string()).await
    }

    async fn named(&self, name: &str) -> Result<Option<Object>, RepoError> {
        if !self.dir.git_dir().join("HEAD").exists() {
            return Ok(None);
        }
        match self.objects.read(name, limits::MAX_COMMIT_BYTES).await {
            // Nothing can be read: as good as not here. If it is damaged, the fetch that follows makes it anew; if there is no git, it says so.
            Err(Trouble::Vcs(_)) => Ok(None),
            other => Ok(other?),
        }
    }

    /// True if the next fetch brings everything: history is here already, or one version is and was small. A shallow fetch into a repository
    /// with history would cut it off.
    fn comes_whole(&self) -> bool {
        let (packs, bytes) = self.dir.packs();
        packs > 0 && (bytes <= limits::GIT_SMALL_BYTES || self.dir.was_full())
    }

    /// Brings the commit of one reference, without its history; everything if the remote does not like that.
    async fn fetch_one(&self, refs: &Arc<Refs>, name: &str) -> Result<(), RepoError> {
        let reference = Ref::parse(name)?;
        let spec = Word::new(format!("{0}:{0}", reference.as_str()))?;
        match self.fetched(&["--depth=1"], &[spec]).await? {
            Fetched::Yes => Ok(()),
            // Go tries no finer: it is too complex, and varies too much with git's version.
            Fetched::Refused(_) => self.fetch_all(refs).await,
            Fetched::Damaged(_) => {
                self.remake(refs).await?;
                self.fetch_all(refs).await
            }
            Fetched::Failed(error) => Err(error),
        }
    }

    /// Brings all branches and tags with all their history.
    async fn fetch_all(&self, refs: &Arc<Refs>) -> Result<(), RepoError> {
        let error = match self.fetch_whole(refs).await? {
            Fetched::Yes => return Ok(()),
            Fetched::Failed(error) | Fetched::Refused(error) => error,
            Fetched::Damaged(_) => {
                self.remake(refs).await?;
                match self.fetch_whole(refs).await? {
                    Fetched::Yes => return Ok(()),
                    Fetched::Failed(error) | Fetched::Refused(error) | Fetched::Damaged(error) => error,
                }
            }
        };
        Err(error)
    }

    async fn fetch_whole(&self, refs: &Arc<Refs>) -> Result<Fetched, RepoError> {
        let specs = [Word::new("refs/heads/*:refs/heads/*")?, Word::new("refs/tags/*:refs/tags/*")?];
        let flags: &[&'static str] = if self.dir.is_shallow() { &["--prune", "--unshallow"] } else { &["--prune"] };
        let fetched = self.fetched(flags, &specs).await?;
        if matches!(fetched, Fetched::Yes) {
            self.dir.set_full(refs)?;
        }
        Ok(fetched)
    }

    /// Brings a detached HEAD by its commit's name: nothing else leads to it.
    async fn fetch_detached(&self, hash: Hash) -> Result<(), RepoError> {
        let spec = Word::new(format!("{hash}:refs/modway/head"))?;
        match self.fetched(&["--depth=1"], &[spec]).await? {
            Fetched::Yes => Ok(()),
            Fetched::Damaged(error) | Fetched::Refused(error) | Fetched::Failed(error) => Err(error),
        }
    }

    async fn fetched(&self, flags: &[&'static str], specs: &[Word]) -> Result<Fetched, RepoError> {
        let passage = self.tool.way.pass(self.url.as_str()).await?;
        let command = on_its_way(self.work(), &*passage)
            .flags(&["fetch", "-q", "-f", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"])
            .flags(flags)
            .then("--end-of-options")
            .data(Word::new(passage.url())?);
        let command = specs.iter().fold(command, |command, spec| command.data(spec));
        let output = match self.tool.git.children.run(command.into()).await {
            Ok(output) => output,
            Err(trouble) => {
                // Half of a pack may lie there, as long as may be.
                self.dir.tidy();
                return Ok(Fetched::Failed(RepoError::Failed(passage.trouble().unwrap_or(trouble))));
            }
        };
        if output.code == Some(0) {
            self.within_budget().await?;
            return Ok(Fetched::Yes);
        }
        // A part of it may have been ended in the middle of a pack.
        self.dir.tidy();
        if words::is_too_long(&output) {
            return Ok(Fetched::Failed(RepoError::Failed(Trouble::TooLarge(self.tool.repository_bytes))));
        }
        let error = words::of_remote(&output, &*passage, self.url.as_str());
        Ok(match () {
            () if passage.trouble().is_some() => Fetched::Failed(error),
            () if words::is_damage(&output) => Fetched::Damaged(error),
            () => Fetched::Refused(error),
        })
    }

    /// Refuses a repository that has become too large, and gives its place back; keeps the number of packs low.
    async fn within_budget(&self) -> Result<(), RepoError> {
        let (packs, bytes) = self.dir.packs();
        if bytes > self.tool.repository_bytes {
            self.objects.hang_up().await;
            self.dir.forget().map_err(|error| disk(&error))?;
            return Err(RepoError::Failed(Trouble::TooLarge(self.tool.repository_bytes)));
        }
        if packs > limits::GIT_PACKS {
            let command = self.work().flags(&["repack", "-a", "-d", "-k", "-q"]);
            // Many packs are slow, and not wrong: the next fetch tries again.
            let _ = self.tool.git.children.run(command).await;
        }
        Ok(())
    }

    /// Makes the repository anew with the commit `hash`, because what is here cannot be read. Once in a while: if that does not help, the remote
    /// itself is damaged.
    pub(super) async fn heal(&self, hash: Hash) -> Result<(), RepoError> {
        let refs = self.refs().await?;
        let turn = self.fetching.lock().await;
        let now = self.tool.clock.now();
        if now.saturating_sub(self.remade.swap(now, Ordering::Relaxed)) > limits::GIT_FAILURE_SECONDS {
            self.remake(&refs).await?;
        }
        drop(turn);
        self.need(hash).await
    }

    /// An open file for an archive, which is gone when it is closed.
    pub(super) async fn scratch(&self) -> Result<std::fs::File, RepoError> {
        let dir = Arc::clone(&self.dir);
        Ok(blocking(move || tempfile::tempfile_in(dir.path())).await.map_err(|error| disk(&error))?)
    }

    /// Makes the repository anew, empty. Whoever calls has the turn to fetch.
    async fn remake(&self, refs: &Arc<Refs>) -> Result<(), RepoError> {
        self.objects.hang_up().await;
        self.dir.forget().map_err(|error| disk(&error))?;
        let sha256 = refs.iter().next().is_some_and(|(_, hash)| hash.is_sha256());
        self.init(sha256).await
    }

    /// Makes the repository if it is not there, or not of this format. Whoever reads objects begins afresh then.
    async fn init(&self, sha256: bool) -> Result<(), RepoError> {
        if self.dir.init(sha256)? {
            self.objects.hang_up().await;
        }
        Ok(())
    }

    /// A question about what is here.
    pub(super) async fn asked_at_home(&self, command: impl Into<Command>) -> Result<Output, RepoError> {
        Ok(self.tool.git.children.run(command.into()).await?)
    }

    pub(super) fn work(&self) -> Command {
        self.tool.git.work(self.dir.path(), &self.dir.git_dir())
    }

    pub(super) fn local(&self) -> Command {
        self.tool.git.local(self.dir.path(), &self.dir.git_dir())
    }
}

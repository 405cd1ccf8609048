//! What a remote has, and how rarely it is asked.

use std::sync::{Arc, PoisonError};

use super::{GitRepo, Known, blocking, hash::Hash, refs::Refs, settings::on_its_way, words, workdir::disk};
use crate::{
    limits,
    upstream::{child::Word, direct::repo::RepoError},
};

impl GitRepo {
    /// What the remote has, asked for at most once per window. A failure is believed for a short time too.
    pub(super) async fn refs(&self) -> Result<Arc<Refs>, RepoError> {
        if let Some(known) = self.fresh(&self.known()) {
            return known;
        }
        let _turn = self.asking.lock().await;
        let before = match self.known() {
            known @ Some(_) => known,
            None => self.kept().await,
        };
        if let Some(known) = self.fresh(&before) {
            self.know(before);
            return known;
        }
        self.ask(before).await
    }

    /// The same for one revision: a tag or a whole hash of which everything is here is answered even if the remote is not there.
    ///
    /// Source: `gitRepo.stat` in Go's `codehost/git.go`, 1.27, which looks for hashes and tags at home first.
    pub(super) async fn refs_for(&self, rev: &str) -> Result<Arc<Refs>, RepoError> {
        let error = match self.refs().await {
            Err(error @ RepoError::Failed(_)) => error,
            other => return other,
        };
        let Some(Known::Trouble(_, _, Some(old))) = self.known() else { return Err(error) };
        let hash = old.find(&format!("refs/tags/{rev}")).or_else(|| Hash::parse(rev));
        match hash {
            Some(hash) if self.here(hash).await?.is_some() => Ok(old),
            _ => Err(error),
        }
    }

    /// What the remote has now, because what it brought is not what `told` says.
    pub(super) async fn refs_after(&self, told: &Arc<Refs>) -> Result<Arc<Refs>, RepoError> {
        let _turn = self.asking.lock().await;
        match self.known() {
            Some(Known::Refs(refs)) if !Arc::ptr_eq(&refs, told) => Ok(refs),
            known => self.ask(known).await,
        }
    }

    fn fresh(&self, known: &Option<Known>) -> Option<Result<Arc<Refs>, RepoError>> {
        let now = self.tool.clock.now();
        // A clock that was put back makes everything old, and nothing fresh for ever.
        let young = |asked: i64, window: i64| (0..window).contains(&(now - asked));
        match known {
            Some(Known::Refs(refs)) if young(refs.asked, self.tool.refs_fresh) => Some(Ok(Arc::clone(refs))),
            Some(Known::Trouble(asked, error, _)) if young(*asked, limits::GIT_FAILURE_SECONDS.min(self.tool.refs_fresh)) => {
                Some(Err(error.clone()))
            }
            _ => None,
        }
    }

    pub(super) fn known(&self) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn know(&self, known: Option<Known>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    async fn kept(&self) -> Option<Known> {
        let dir = Arc::clone(&self.dir);
        blocking(move || dir.refs()).await.map(|refs| Known::Refs(Arc::new(refs)))
    }

    async fn ask(&self, before: Option<Known>) -> Result<Arc<Refs>, RepoError> {
        let before = match before {
            Some(Known::Refs(refs) | Known::Trouble(_, _, Some(refs))) => Some(refs),
            _ => None,
        };
        let asked = self.listed().await;
        let known = match &asked {
            Ok(refs) => Known::Refs(Arc::clone(refs)),
            Err(error) => Known::Trouble(self.tool.clock.now(), error.clone(), before),
        };
        self.know(Some(known));
        asked
    }

    async fn listed(&self) -> Result<Arc<Refs>, RepoError> {
        let passage = self.tool.way.pass(self.url.as_str()).await?;
        let file = self.dir.new_refs()?;
        let stdout = file.try_clone().map_err(|error| disk(&error))?;
        let command = self.tool.git.remote(self.dir.path(), limits::MAX_REFS_BYTES).stdout(stdout);
        let command = on_its_way(command, &*passage).flags(&["ls-remote", "-q"]).then("--end-of-options");
        let output = self.tool.git.children.run(command.data(Word::new(passage.url())?).into()).await;
        let output = output.map_err(|trouble| RepoError::Failed(passage.trouble().unwrap_or(trouble)))?;
        if output.code != Some(0) {
            return Err(words::of_remote(&output, &*passage, self.url.as_str()));
        }
        let (dir, now) = (Arc::clone(&self.dir), self.tool.clock.now());
        Ok(Arc::new(blocking(move || dir.keep_refs(file, now)).await?))
    }
}

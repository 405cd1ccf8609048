//! What a repository of Mercurial, Subversion or Fossil needs to reach its remote.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use gomod::info::Origin;
use plan::Trouble;
use tokio::{sync::Mutex, time::Instant};
use url::Url;

use crate::{
    limits,
    upstream::{
        child::{Bounds, Children, Command, Output, Passage, RepoUrl, Way, Word},
        direct::repo::RepoError,
    },
};

/// A repository at its remote, and the means to ask for it.
#[derive(Clone)]
pub struct Remote {
    /// The remote, without credentials: what `Origin.URL` says.
    pub url: String,
    /// This repository's own folder, absolute; it is made when it is needed, and may be removed while nobody asks.
    pub folder: PathBuf,
    /// Who starts the tool.
    pub children: Children,
    /// The way out.
    pub way: Arc<dyn Way>,
    /// How long a remote's answer is believed.
    pub fresh: Duration,
    /// The most that a question about what is here may take.
    pub question: Duration,
    /// The most that a transfer of the whole repository may take.
    pub transfer: Duration,
    /// The most that the repository, or a tree of it, may take on disk.
    pub repository_bytes: u64,
}

impl Remote {
    /// Bounds of a question about what is here, with an answer of at most `limit_bytes`.
    pub(in crate::upstream) fn question(&self, limit_bytes: u64) -> Bounds {
        Bounds { stdout_bytes: limit_bytes, ..Bounds::small(self.question) }
    }

    /// Bounds of a transfer.
    pub(in crate::upstream) fn transfer(&self) -> Bounds {
        Bounds { file_bytes: self.repository_bytes, ..Bounds::small(self.transfer) }
    }

    /// A way for one child to the remote, which has one of `schemes`.
    pub(in crate::upstream) async fn out(&self, schemes: &[&str]) -> Result<Out, RepoError> {
        self.out_to(&self.url, schemes).await
    }

    /// A way to a neighbour of the remote.
    pub(in crate::upstream) async fn out_to(&self, url: &str, schemes: &[&str]) -> Result<Out, RepoError> {
        RepoUrl::parse(url)?;
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        if !schemes.contains(&scheme) {
            return Err(Trouble::Refused(format!("{url}: not fetched over {scheme}")).into());
        }
        Ok(Out(self.way.pass(url).await?))
    }

    /// Runs a command of the remote; what the way saw going wrong is told before what the tool says of it.
    ///
    /// # Errors
    /// Trouble on the way, or the child's own. A failure that the tool tells is no error.
    pub(in crate::upstream) async fn run(&self, out: &Out, command: Command) -> Result<Output, RepoError> {
        let output = self.children.run(command).await.map_err(|trouble| out.0.trouble().unwrap_or(trouble))?;
        match out.0.trouble() {
            Some(trouble) if output.code != Some(0) => Err(trouble.into()),
            _ => Ok(remarked(output, &*out.0)),
        }
    }

    /// Where it is noted when a pull last succeeded: what has no such file is no copy. Its age says which copy is to go first.
    pub(in crate::upstream) fn mark(&self) -> PathBuf {
        self.folder.join("refs")
    }

    /// The remote as an answer's source.
    pub(in crate::upstream) fn origin(&self, vcs: &str) -> Origin {
        Origin { vcs: vcs.to_owned(), url: self.url.clone(), ..Origin::default() }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote({})", self.url)
    }
}

/// A way out for one child.
pub(in crate::upstream) struct Out(Box<dyn Passage>);

impl Out {
    /// The remote as the child is told.
    pub(in crate::upstream) fn url(&self) -> &str {
        self.0.url()
    }

    /// The child's forward proxy; none if it needs none.
    pub(in crate::upstream) fn proxy(&self) -> Option<Url> {
        Url::parse(self.0.proxy()).ok()
    }

    /// The command that is ssh on this way, as data for a flag; `None` if it is no way of ssh.
    pub(in crate::upstream) fn ssh(&self) -> Result<Option<Word>, RepoError> {
        self.0.ssh().map(word).transpose()
    }

    /// Lets `command` connect where this way leads, and says it where every tool but Subversion looks for it: not on the command line,
    /// which all users of the machine may read.
    pub(in crate::upstream) fn open(&self, command: Command) -> Command {
        let command = self.0.ports().into_iter().fold(command, Command::connects);
        let command = self.0.variables().into_iter().fold(command, |command, (name, value)| command.variable(name, value));
        let command = self.0.reads().iter().fold(command, |command, path| command.reads(path));
        if self.0.proxy().is_empty() { command } else { command.variable("http_proxy", self.0.proxy()) }
    }
}

/// So long a remote that could not be pulled from is left alone: as long as one of git's.
const FAILURE: Duration = Duration::from_secs(limits::GIT_FAILURE_SECONDS.unsigned_abs());

/// When a local copy was last brought up to date, and how that went. Whoever waits for it while it happens shares the outcome.
#[derive(Debug, Default)]
pub(in crate::upstream) struct Kept(Mutex<Option<(Instant, Result<(), RepoError>)>>);

impl Kept {
    /// Does `pull` unless the last one is younger than `window`, ended after this was asked, or failed a moment ago.
    pub(in crate::upstream) async fn within(
        &self,
        window: Duration,
        pull: impl Future<Output = Result<(), RepoError>>,
    ) -> Result<(), RepoError> {
        let asked = Instant::now();
        let mut last = self.0.lock().await;
        let believed = |outcome: &Result<_, _>| if outcome.is_ok() { window } else { FAILURE };
        if let Some((ended, outcome)) = &*last
            && (*ended > asked || ended.elapsed() < believed(outcome))
        {
            return outcome.clone();
        }
        let outcome = pull.await;
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }

    /// The local copy is gone: the next one to ask fetches it again. A failure is not forgotten: it left no copy either.
    pub(in crate::upstream) async fn forget(&self) {
        self.0.lock().await.take_if(|(_, outcome)| outcome.is_ok());
    }
}

/// What the tool said when it failed at `what`, such as `hg pull`, in the form in which Go prints it.
pub(in crate::upstream) fn failed(what: &str, output: &Output) -> RepoError {
    let end = output.code.map_or_else(|| "killed".to_owned(), |code| format!("exit status {code}"));
    let said: String = output.stderr.lines().map(|line| format!("\n\t{line}")).collect();
    Trouble::Vcs(if said.is_empty() { format!("{what}: {end}") } else { format!("{what}: {end}:{said}") }).into()
}

/// A failed output with what the operator has to know besides.
fn remarked(mut output: Output, passage: &dyn Passage) -> Output {
    if output.code != Some(0)
        && let Some(remark) = passage.remark(&output.stderr)
    {
        // An error text has few lines: those with the cause are the last ones.
        let said: Vec<&str> = output.stderr.trim_end().lines().collect();
        output.stderr = format!("{}\n{remark}", said[said.len().saturating_sub(2)..].join("\n"));
    }
    output
}

/// Go's error for a revision that the repository does not have.
pub(in crate::upstream) fn unknown(rev: &str) -> RepoError {
    RepoError::NotExist(format!("unknown revision {rev}"))
}

/// What the tool printed was not what was asked for.
pub(in crate::upstream) fn unexpected(from: &str, said: &[u8]) -> RepoError {
    let said: String = String::from_utf8_lossy(said).chars().take(200).collect();
    Trouble::Vcs(format!("unexpected response from {from}: {said:?}")).into()
}

/// `text` as data in a command line.
pub(in crate::upstream) fn word(text: impl Into<std::ffi::OsString>) -> Result<Word, RepoError> {
    Word::new(text).map_err(RepoError::Failed)
}

/// Work for the disk, away from the threads that answer.
pub(in crate::upstream) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, RepoError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other);
    done.flatten().map_err(|error| Trouble::Vcs(format!("the direct mode's folder: {error}")).into())
}

/// How many bytes the files in `folder` have, all levels.
pub(in crate::upstream) fn size_of(folder: &std::path::Path) -> std::io::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() { size_of(&entry.path())? } else { about.len() };
    }
    Ok(bytes)
}

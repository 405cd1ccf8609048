//! Fossil: a local copy of the whole repository, which `fossil` is asked about. No tag of it is ever a version.
//!
//! Source: `codehost/vcs.go` in Go 1.27.

use std::{fs, path::PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{goimport::Vcs, time::Time};
use plan::Trouble;
use tempfile::TempDir;
use tokio::sync::RwLock;

use super::{
    child::{Bounds, Command, Data, SubDir, Tool, Word},
    direct::repo::{Commit, Repo, RepoError, Tags, Tree},
    hg::remote::{self, Kept, Out, Remote, failed, on_disk, unexpected, unknown, word},
};

pub(in crate::upstream) mod unzip;

/// A Fossil repository.
#[derive(Debug)]
pub struct Fossil {
    remote: Remote,
    kept: Kept,
    /// Who asks would find the copy locked while it is brought up to date.
    gate: RwLock<()>,
}

#[async_trait]
impl Repo for Fossil {
    fn vcs(&self) -> Vcs {
        Vcs::Fossil
    }

    fn url(&self) -> &str {
        &self.remote.url
    }

    /// None, as in Go; but a repository that cannot be had is an error.
    async fn tags(&self, _: &str) -> Result<Tags, RepoError> {
        self.refresh().await?;
        Ok(Tags { list: Vec::new(), origin: self.remote.origin("fossil") })
    }

    async fn stat(&self, rev: &str) -> Result<Commit, RepoError> {
        let rev = if rev == "latest" { LATEST } else { rev };
        let name = word(rev).map_err(|_| unknown(rev))?;
        let whole = rev.len() == 40 && rev.bytes().all(|byte| byte.is_ascii_hexdigit());
        if whole
            && self.copy().exists()
            && let Some(commit) = self.look(rev, &name).await?
        {
            return Ok(commit);
        }
        self.refresh().await?;
        self.look(rev, &name).await?.ok_or_else(|| unknown(rev))
    }

    async fn latest(&self) -> Result<Commit, RepoError> {
        self.stat(LATEST).await
    }

    async fn read_file(&self, hash: &str, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, RepoError> {
        let Ok(path) = SubDir::parse(path) else { return Ok(None) };
        let at = word(hash)?;
        self.here().await?;
        let _reading = self.gate.read().await;
        let command = self.command(self.remote.question(limit_bytes))?.flag("cat").flags(&["-R", COPY]).value("-r=", at);
        let output = self.remote.children.run(command.then("--").data(path).into()).await?;
        Ok((output.code == Some(0)).then(|| output.stdout.into()))
    }

    /// Go cannot say, and goes on as if there were none.
    async fn recent_tag(
        &self,
        _: &str,
        _: &str,
        _: &(dyn for<'t> Fn(&'t str) -> bool + Sync),
    ) -> Result<Option<String>, RepoError> {
        Ok(None)
    }

    async fn descends_from(&self, _: &str, _: &str) -> Result<bool, RepoError> {
        Err(Trouble::Vcs("vcs fossil: DescendsFrom: unsupported operation".to_owned()).into())
    }

    async fn archive(&self, hash: &str, subdir: &str) -> Result<Tree, RepoError> {
        let at = word(hash)?;
        self.here().await?;
        let _reading = self.gate.read().await;
        let rest = TempDir::new_in(&self.remote.folder).map_err(|error| Trouble::Vcs(format!("a temporary folder: {error}")))?;
        let output = self.remote.children.run(self.zip_command(&rest, subdir, at)?).await?;
        if output.code != Some(0) {
            return Err(failed("fossil zip", &output));
        }
        let (subdir, most) = (subdir.to_owned(), self.remote.repository_bytes);
        on_disk(move || unzip::tree(rest.path(), &subdir, most)).await
    }
}

/// True if a pull failed. Fossil ends with 0 even if it did not reach the remote, where Go then answers from what it has; a clock that differs
/// is all that it warns of in a pull that succeeds.
fn complains(stderr: &str) -> bool {
    stderr.lines().any(|line| !line.starts_with("***"))
}

/// What Go takes for the newest revision.
const LATEST: &str = "trunk";

/// The local copy's file, in the repository's folder.
const COPY: &str = "copy.fossil";

impl Fossil {
    /// The repository at `remote`. Nothing is asked yet.
    pub fn new(remote: Remote) -> Self {
        Self { remote, kept: Kept::default(), gate: RwLock::default() }
    }

    fn copy(&self) -> PathBuf {
        self.remote.folder.join(COPY)
    }

    /// Pulls unless that was done within the window.
    async fn refresh(&self) -> Result<(), RepoError> {
        if !self.copy().exists() {
            self.kept.forget().await;
        }
        self.kept.within(self.remote.fresh, self.pull()).await
    }

    /// Something to ask about, however old: check-ins do not change.
    async fn here(&self) -> Result<(), RepoError> {
        if self.copy().exists() { Ok(()) } else { self.refresh().await }
    }

    async fn pull(&self) -> Result<(), RepoError> {
        let (settings, copy) = (self.settings(), self.copy());
        on_disk(move || fs::create_dir_all(settings)).await?;
        let _alone = self.gate.write().await;
        let out = self.remote.out(&["http", "https"]).await?;
        if copy.exists() {
            // From where it was cloned: this command takes no separator before a URL.
            let command = self.outward(&out)?.flags(&["pull", "-R", COPY]);
            let output = self.remote.run(&out, command).await?;
            if output.code != Some(0) || complains(&output.stderr) {
                return Err(failed("fossil pull", &output));
            }
        } else {
            self.clone_to(&out, copy).await?;
        }
        let mark = self.remote.mark();
        on_disk(move || fs::write(mark, "")).await?;
        let folder = self.remote.folder.clone();
        if on_disk(move || remote::size_of(&folder)).await? > self.remote.repository_bytes {
            let copy = self.copy();
            on_disk(move || fs::remove_file(copy)).await?;
            return Err(Trouble::TooLarge(self.remote.repository_bytes).into());
        }
        Ok(())
    }

    /// Clones beside the copy's place: a clone that was cut short is not one.
    async fn clone_to(&self, out: &Out, copy: PathBuf) -> Result<(), RepoError> {
        const PART: &str = "part.fossil";
        let part = self.remote.folder.join(PART);
        let old = part.clone();
        on_disk(move || if old.exists() { fs::remove_file(old) } else { Ok(()) }).await?;
        let command = self.outward(out)?.flags(&["clone", "--no-open"]).then("--").data(word(out.url())?).fixed(PART);
        let output = self.remote.run(out, command.into()).await?;
        if output.code != Some(0) {
            return Err(failed("fossil clone", &output));
        }
        on_disk(move || fs::rename(part, copy)).await
    }

    /// Go gives `--include` only where the directory's name has nothing of a pattern.
    fn zip_command(&self, rest: &TempDir, subdir: &str, at: Word) -> Result<Command, RepoError> {
        let command = Command::new(Tool::Fossil, rest.path(), self.remote.transfer()).writes(&self.remote.folder);
        let command = self.hermetic(command)?.flag("zip").value("--repository=", word(self.copy())?).flags(&["--name", "prefix"]);
        let command = match subdir {
            "" => command,
            _ if subdir.contains(['*', '?', '[', ']', ',']) => command,
            _ => command.value("--include=", SubDir::parse(subdir)?),
        };
        // Into the folder it runs in: Fossil would make the folders of a longer name anew.
        Ok(command.then("--").data(at).fixed("tree.zip").into())
    }

    /// Asks for one revision; `None` if the copy does not know it.
    async fn look(&self, rev: &str, name: &Word) -> Result<Option<Commit>, RepoError> {
        let _reading = self.gate.read().await;
        let command: Data = self.command(Bounds::small(self.remote.question))?.flags(&["info", "-R", COPY]).then("--").data(name);
        let output = self.remote.children.run(command.into()).await?;
        if output.code == Some(0) { self.commit(rev, &output.stdout).map(Some) } else { Ok(None) }
    }

    /// Reads the line `hash: 40 digits 2006-01-02 15:04:05 UTC`.
    fn commit(&self, rev: &str, said: &[u8]) -> Result<Commit, RepoError> {
        let text = String::from_utf8_lossy(said);
        let line = text.lines().find(|line| line.starts_with("uuid:") || line.starts_with("hash:"));
        let fields: Vec<&str> = line.unwrap_or_default().split_whitespace().collect();
        let &[_, hash, day, clock, "UTC"] = fields.as_slice() else { return Err(unexpected("fossil info", said)) };
        let time = Time::parse_rfc3339(&format!("{day}T{clock}Z")).ok().filter(|_| hash.len() == 40);
        let time = time.ok_or_else(|| unexpected("fossil info", said))?;
        let mut origin = self.remote.origin("fossil");
        hash.clone_into(&mut origin.hash);
        if !(rev.len() >= 12 && hash.starts_with(rev)) {
            rev.clone_into(&mut origin.reference);
        }
        let version = if hash.starts_with(rev) { hash } else { rev }.to_owned();
        Ok(Commit { name: hash.to_owned(), short: hash.chars().take(12).collect(), version, time, tags: Vec::new(), origin })
    }

    /// `fossil` beside the copy.
    fn command(&self, bounds: Bounds) -> Result<Command, RepoError> {
        self.hermetic(Command::new(Tool::Fossil, &self.remote.folder, bounds))
    }

    /// `fossil` with a way out.
    fn outward(&self, out: &Out) -> Result<Command, RepoError> {
        Ok(out.open(self.command(self.remote.transfer())?))
    }

    /// Fossil keeps a list of the repositories it has seen; here it is this repository's own.
    fn hermetic(&self, command: Command) -> Result<Command, RepoError> {
        Ok(command.variable("FOSSIL_HOME", self.settings()).variable("USER", "modway").variable("LC_ALL", "C.UTF-8"))
    }

    fn settings(&self) -> PathBuf {
        self.remote.folder.join("settings")
    }
}

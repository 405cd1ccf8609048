//! Mercurial: a local copy of the whole repository, which `hg` is asked about.
//!
//! Source: `codehost/vcs.go` in Go 1.27. It departs in one thing: a revision is one name or hash, never an expression of Mercurial's query
//! language, which can reach other repositories and takes any time it likes.

use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{goimport::Vcs, semver, time::Time};
use plan::Trouble;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use super::{
    child::{Bounds, Command, Rev, SubDir, Tool, Word},
    direct::repo::{Commit, Repo, RepoError, TagSum, Tags, Told, Tree},
};

pub mod remote;
use remote::{Kept, Remote, failed, on_disk, unexpected, unknown, word};

/// A Mercurial repository.
#[derive(Debug)]
pub struct Hg {
    remote: Remote,
    kept: Kept,
    names: Mutex<Names>,
}

/// What a pull brought.
#[derive(Clone, Debug, Default)]
struct Names {
    /// In byte order, without `tip`.
    tags: Vec<(String, String)>,
    /// Over all of them.
    sum: TagSum,
    /// When they came; `None` before that.
    pulled: Option<Instant>,
    branches: HashSet<String>,
}

/// What Mercurial calls the newest commit; Go's `latest`, whichever branch it is on.
const LATEST: &str = "tip";

#[async_trait]
impl Repo for Hg {
    fn vcs(&self) -> Vcs {
        Vcs::Hg
    }

    fn url(&self) -> &str {
        &self.remote.url
    }

    async fn tags(&self, prefix: &str) -> Result<Tags, RepoError> {
        self.refresh().await?;
        let names = self.names();
        let list = names.tags.into_iter().filter(|(name, _)| name.starts_with(prefix)).collect();
        Ok(Tags { list, origin: self.remote.origin("hg") })
    }

    fn told(&self, known: Option<TagSum>) -> Option<Told> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        // A repository without a commit says nothing of those that it had.
        let pulled = names.pulled.filter(|_| !names.branches.is_empty() && known != Some(names.sum))?;
        let settled = pulled.elapsed() + self.remote.fresh;
        Some(Told { sum: names.sum, settled, tags: names.tags.iter().cloned().collect() })
    }

    async fn stat(&self, rev: &str) -> Result<Commit, RepoError> {
        let rev = if rev == "latest" { LATEST } else { rev };
        let symbol = symbol(rev).map_err(|_| unknown(rev))?;
        if is_hash(rev)
            && self.is_here()
            && let Some(commit) = self.look(rev, &symbol).await?
        {
            return Ok(commit);
        }
        self.refresh().await?;
        let mut commit = self.look(rev, &symbol).await?.ok_or_else(|| unknown(rev))?;
        if rev == LATEST || self.names().branches.contains(rev) {
            commit.version.clone_from(&commit.name);
        }
        Ok(commit)
    }

    async fn latest(&self) -> Result<Commit, RepoError> {
        self.stat(LATEST).await
    }

    async fn read_file(&self, hash: &str, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, RepoError> {
        let Ok(path) = SubDir::parse(path) else { return Ok(None) };
        let at = symbol(hash)?;
        self.here().await?;
        // `path:` because a name such as `set:x` or `re:x` would be a pattern.
        let file = word(format!("path:{}", path.as_str()))?;
        let command = self.command(self.remote.question(limit_bytes)).flag("cat").value("--rev=", at).then("--").data(file);
        let output = self.remote.children.run(command.into()).await?;
        Ok((output.code == Some(0)).then(|| output.stdout.into()))
    }

    async fn recent_tag(
        &self,
        hash: &str,
        prefix: &str,
        allowed: &(dyn for<'t> Fn(&'t str) -> bool + Sync),
    ) -> Result<Option<String>, RepoError> {
        let set = word(format!("ancestors({}) and tag()", quoted(hash)?))?;
        let said = self.ask("hg log", set, "--template={tags}\n").await?;
        let said = String::from_utf8_lossy(&said);
        let mut highest = "";
        for tag in said.split_whitespace() {
            let Some(version) = tag.strip_prefix(prefix) else { continue };
            if allowed(tag) && semver::compare(version, highest).is_gt() {
                highest = version;
            }
        }
        Ok((!highest.is_empty()).then(|| format!("{prefix}{highest}")))
    }

    async fn descends_from(&self, hash: &str, tag: &str) -> Result<bool, RepoError> {
        let set = word(format!("ancestors({}) and {}", quoted(hash)?, quoted(tag)?))?;
        Ok(!self.ask("hg log", set, "--template={node}\n").await?.is_empty())
    }

    async fn archive(&self, hash: &str, subdir: &str) -> Result<Tree, RepoError> {
        let at = symbol(hash)?;
        self.here().await?;
        let rest = TempDir::new_in(&self.remote.folder).map_err(|error| Trouble::Vcs(format!("a temporary folder: {error}")))?;
        let own = word(self.remote.folder.as_path())?;
        // Beside the repository, because Mercurial replaces `%` in the archive's name. Not deflated, so that contents can be read in place.
        let command = self.hermetic(Command::new(Tool::Hg, rest.path(), self.remote.transfer()).writes(&self.remote.folder));
        let mut command =
            command.value("--repository=", own).flags(&["archive", "--type=uzip", "--no-decode", "--prefix=prefix/"]);
        if !subdir.is_empty() {
            command = command.value("--include=path:", word(SubDir::parse(subdir)?.as_str())?);
        }
        let output = self.remote.children.run(command.value("--rev=", at).then("--").fixed("tree.zip").into()).await?;
        if output.code != Some(0) {
            return Err(failed("hg archive", &output));
        }
        let (subdir, most) = (subdir.to_owned(), self.remote.repository_bytes);
        on_disk(move || super::fossil::unzip::tree(rest.path(), &subdir, most)).await
    }
}

impl Hg {
    /// The repository at `remote`. Nothing is asked yet.
    pub fn new(remote: Remote) -> Self {
        Self { remote, kept: Kept::default(), names: Mutex::default() }
    }

    /// Pulls unless that was done within the window.
    async fn refresh(&self) -> Result<(), RepoError> {
        if !self.is_here() {
            self.kept.forget().await;
        }
        self.kept.within(self.remote.fresh, self.pull()).await
    }

    /// Something to ask about, however old: commits do not change.
    async fn here(&self) -> Result<(), RepoError> {
        if self.is_here() { Ok(()) } else { self.refresh().await }
    }

    fn is_here(&self) -> bool {
        self.remote.mark().exists()
    }

    async fn pull(&self) -> Result<(), RepoError> {
        let folder = self.remote.folder.clone();
        on_disk(move || std::fs::create_dir_all(folder)).await?;
        if !self.remote.folder.join(".hg/requires").exists() {
            self.init().await?;
        }
        let out = self.remote.out(&["http", "https", "ssh"]).await?;
        let output = self.remote.run(&out, self.pull_command(&out)?).await?;
        if output.code == Some(0) {
            return self.pulled().await;
        }
        if output.stderr.contains("abandoned transaction") {
            // An earlier pull was ended in the middle. What it left is of no use to anyone.
            self.clear().await?;
        }
        Err(failed("hg pull", &output))
    }

    async fn init(&self) -> Result<(), RepoError> {
        self.clear().await?;
        let command = self.hermetic(Command::new(Tool::Hg, &self.remote.folder, self.remote.question(1 << 10)));
        let output = self.remote.children.run(command.flag("init").then("--").fixed(".").into()).await?;
        if output.code == Some(0) { Ok(()) } else { Err(failed("hg init", &output)) }
    }

    fn pull_command(&self, out: &remote::Out) -> Result<Command, RepoError> {
        let mut command = out.open(self.command(self.remote.transfer()));
        if let Some(ssh) = out.ssh()? {
            command = command.value("--config=ui.ssh=", ssh);
        }
        let command = command.flags(&["--config=http_proxy.always=true", "pull", "--quiet", "--force"]);
        Ok(command.then("--").data(word(out.url())?).into())
    }

    /// Reads the names that came, and measures.
    async fn pulled(&self) -> Result<(), RepoError> {
        let folder = self.remote.folder.clone();
        if on_disk(move || remote::size_of(&folder)).await? > self.remote.repository_bytes {
            self.clear().await?;
            return Err(Trouble::TooLarge(self.remote.repository_bytes).into());
        }
        let bounds = Bounds::small(self.remote.question);
        let ask = |command: Command| self.remote.children.run(command);
        let tags = ask(self.command(bounds).flags(&["tags", "--template={node} {tag}\n"])).await?;
        let branches = ask(self.command(bounds).flags(&["branches", "--closed", "--template={branch}\n"])).await?;
        match [&tags, &branches].into_iter().find(|output| output.code != Some(0)) {
            Some(output) => return Err(failed("hg tags", output)),
            None => *self.names.lock().unwrap_or_else(PoisonError::into_inner) = Names::parse(&tags.stdout, &branches.stdout),
        }
        let mark = self.remote.mark();
        on_disk(move || std::fs::write(mark, "")).await
    }

    async fn clear(&self) -> Result<(), RepoError> {
        let (own, mark) = (self.remote.folder.join(".hg"), self.remote.mark());
        on_disk(move || {
            if mark.exists() {
                std::fs::remove_file(mark)?;
            }
            if own.exists() { std::fs::remove_dir_all(own) } else { Ok(()) }
        })
        .await
    }

    /// Asks for one revision; `None` if the repository here does not know it.
    async fn look(&self, rev: &str, symbol: &Word) -> Result<Option<Commit>, RepoError> {
        let command = self.command(Bounds::small(self.remote.question));
        let command = command.flags(&["log", "--limit=1", "--template={node} {date|hgdate} {tags}"]).value("--rev=", symbol);
        let output = self.remote.children.run(command).await?;
        if output.code == Some(0) { self.commit(rev, &output.stdout).map(Some) } else { Ok(None) }
    }

    /// Asks for a set of revisions.
    async fn ask(&self, what: &str, set: Word, template: &'static str) -> Result<Vec<u8>, RepoError> {
        self.here().await?;
        let command = self.command(Bounds::small(self.remote.question)).flags(&["log", template]).value("--rev=", set);
        let output = self.remote.children.run(command).await?;
        if output.code == Some(0) { Ok(output.stdout) } else { Err(failed(what, &output)) }
    }

    /// Reads `node seconds zone tag tag …`.
    fn commit(&self, rev: &str, said: &[u8]) -> Result<Commit, RepoError> {
        let text = String::from_utf8_lossy(said);
        let mut fields = text.split_whitespace();
        let (node, seconds, zone) = (fields.next(), fields.next(), fields.next());
        let (Some(node), Some(seconds), Some(_)) = (node, seconds, zone) else { return Err(unexpected("hg log", said)) };
        let time = seconds.parse().ok().and_then(Time::from_unix_seconds).ok_or_else(|| unexpected("hg log", said))?;
        let mut tags: Vec<String> = fields.filter(|tag| *tag != LATEST).map(str::to_owned).collect();
        tags.sort();
        let mut origin = self.remote.origin("hg");
        node.clone_into(&mut origin.hash);
        if !(rev.len() >= 12 && node.starts_with(rev)) {
            rev.clone_into(&mut origin.reference);
        }
        let version = if node.starts_with(rev) { node } else { rev }.to_owned();
        Ok(Commit { name: node.to_owned(), short: node.chars().take(12).collect(), version, time, tags, origin })
    }

    /// `hg` in the local copy.
    fn command(&self, bounds: Bounds) -> Command {
        // Without the flag a copy that is not there is looked for in the folders above.
        self.hermetic(Command::new(Tool::Hg, &self.remote.folder, bounds)).flag("--repository=.")
    }

    /// No configuration but this: no extension, no hook, no alias; names are UTF-8. A clone bundle is a URL that the server picks.
    fn hermetic(&self, command: Command) -> Command {
        [
            ("HGRCPATH", ""),
            ("HGPLAIN", "1"),
            ("HGENCODING", "utf-8"),
            ("LC_ALL", "C.UTF-8"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONNOUSERSITE", "1"),
        ]
        .into_iter()
        .fold(command, |command, (name, value)| command.variable(name, value))
        .flags(&["--noninteractive", "--config=ui.clonebundles=false"])
    }

    fn names(&self) -> Names {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Names {
    fn parse(tags: &[u8], branches: &[u8]) -> Self {
        let (tags, branches) = (String::from_utf8_lossy(tags), String::from_utf8_lossy(branches));
        let pairs = tags.lines().filter_map(|line| line.split_once(' ')).filter(|(_, name)| *name != LATEST);
        let mut tags: Vec<(String, String)> = pairs.map(|(node, name)| (name.to_owned(), node.to_owned())).collect();
        tags.sort();
        let mut sum = Sha256::new();
        for text in tags.iter().flat_map(|(name, hash)| [name, hash]) {
            sum.update(text);
            sum.update([0]);
        }
        let branches = branches.lines().map(str::to_owned).collect();
        Self { tags, sum: sum.finalize().into(), pulled: Some(Instant::now()), branches }
    }
}

/// A name or hash as an expression that can mean nothing else.
fn quoted(rev: &str) -> Result<String, RepoError> {
    Rev::parse(rev)?;
    Ok(format!("'{}'", rev.replace('\'', "\\'")))
}

fn symbol(rev: &str) -> Result<Word, RepoError> {
    word(quoted(rev)?)
}

/// True for a whole hash, which never means anything else one day.
fn is_hash(rev: &str) -> bool {
    rev.len() == 40 && rev.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

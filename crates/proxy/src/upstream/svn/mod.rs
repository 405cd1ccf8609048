//! Subversion: no local copy, every question goes to the server.
//!
//! Source: `codehost/svn.go` and `codehost/vcs.go` in Go 1.27. It departs in two things: trouble on the way is told as trouble, where Go takes
//! every failure for a revision that does not exist; and an exported symbolic link is refused, where Go reads what it leads to.

use std::{fs, path::Path};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{goimport::Vcs, time::Time, zip::create::FileKind};
use plan::Trouble;
use tempfile::TempDir;

use super::{
    child::{Bounds, Command, Output, SubDir, Tool},
    direct::repo::{Commit, Content, Repo, RepoError, Tags, Tree, TreeFile},
    hg::remote::{Out, Remote, failed, on_disk, unexpected, unknown, word},
};

mod xml;

/// A Subversion repository, or a directory of one.
#[derive(Debug)]
pub struct Svn {
    remote: Remote,
}

#[async_trait]
impl Repo for Svn {
    fn vcs(&self) -> Vcs {
        Vcs::Svn
    }

    fn url(&self) -> &str {
        &self.remote.url
    }

    /// As the tool prints them, so directories with a slash at the end, which is why none is ever a version.
    async fn tags(&self, prefix: &str) -> Result<Tags, RepoError> {
        let url = &self.remote.url;
        let tags = format!("{}/tags", url.strip_suffix("/trunk").unwrap_or(url));
        // Not below the remote, so with a way of their own.
        let call = self.call_to(&tags, Bounds::small(self.remote.question)).await?;
        let tags = word(format!("{}@", call.out.url()))?;
        let output = self.run(&call, |command| Ok(command.flag("list").then("--").data(tags).into())).await?;
        if output.code != Some(0) && !is_missing(&output) {
            return Err(failed("svn list", &output));
        }
        let said = String::from_utf8_lossy(&output.stdout);
        let names = said.lines().filter(|name| !name.is_empty() && name.starts_with(prefix));
        let mut list: Vec<_> = names.map(|name| (name.to_owned(), String::new())).collect();
        list.sort();
        Ok(Tags { list, origin: self.remote.origin("svn") })
    }

    async fn stat(&self, rev: &str) -> Result<Commit, RepoError> {
        let call = self.call(Bounds::small(self.remote.question)).await?;
        // Without a revision the sign stays, so that one in the URL itself means nothing.
        let at = word(format!("{}@{}", call.out.url(), if rev == LATEST { "" } else { rev })).map_err(|_| unknown(rev))?;
        let output =
            self.run(&call, |command| Ok(command.flags(&["log", "--limit=1", "--xml"]).then("--").data(at).into())).await?;
        match output.code {
            Some(0) => self.commit(rev, &output.stdout),
            _ if is_missing(&output) => Err(unknown(rev)),
            _ => Err(failed("svn log", &output)),
        }
    }

    async fn latest(&self) -> Result<Commit, RepoError> {
        self.stat(LATEST).await
    }

    async fn read_file(&self, hash: &str, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, RepoError> {
        let Ok(path) = SubDir::parse(path) else { return Ok(None) };
        let call = self.call(self.remote.question(limit_bytes)).await?;
        let file = word(format!("{}/{}@{hash}", call.out.url(), path.as_str()))?;
        let output = self.run(&call, |command| Ok(command.flag("cat").then("--").data(file).into())).await?;
        match output.code {
            Some(0) => Ok(Some(output.stdout.into())),
            _ if is_missing(&output) => Ok(None),
            _ => Err(failed("svn cat", &output)),
        }
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
        Err(Trouble::Vcs("vcs svn: DescendsFrom: unsupported operation".to_owned()).into())
    }

    async fn archive(&self, hash: &str, subdir: &str) -> Result<Tree, RepoError> {
        let call = self.call(Bounds { wall: self.remote.transfer, ..self.remote.transfer() }).await?;
        let below = if subdir.is_empty() { String::new() } else { format!("/{}", SubDir::parse(subdir)?.as_str()) };
        let (place, at) = (word(format!("{}{below}@", call.out.url()))?, word(hash)?);
        // Names as the repository has them: what `export` writes went through the machine's locale.
        let list = self
            .run(&call, |command| {
                let command = command.flags(&["list", "--xml", "--incremental", "--recursive"]);
                Ok(command.value("--revision=", &at).then("--").data(&place).into())
            })
            .await?;
        if list.code != Some(0) {
            return Err(failed("svn list", &list));
        }
        let export = self
            .run(&call, |command| {
                let command = command.flags(&["export", "--quiet", "--native-eol=LF", "--ignore-externals", "--ignore-keywords"]);
                Ok(command.value("--revision=", &at).then("--").data(&place).fixed(EXPORT).into())
            })
            .await?;
        if export.code != Some(0) {
            return Err(failed("svn export", &export));
        }
        let entries = xml::entries(&list.stdout).ok_or_else(|| unexpected("svn list --xml", &list.stdout))?;
        on_disk(move || Ok(collect(call.folder, entries))).await?
    }
}

/// What Go asks for when it wants the newest revision.
const LATEST: &str = "latest";

/// The folder that `svn export` makes, below the call's own.
const EXPORT: &str = "export";

/// One or two commands with a way out and a configuration folder of their own.
struct Call {
    out: Out,
    folder: TempDir,
    bounds: Bounds,
}

impl Svn {
    /// The repository at `remote`. Nothing is asked yet.
    pub fn new(remote: Remote) -> Self {
        Self { remote }
    }

    async fn call(&self, bounds: Bounds) -> Result<Call, RepoError> {
        self.call_to(&self.remote.url, bounds).await
    }

    async fn call_to(&self, url: &str, bounds: Bounds) -> Result<Call, RepoError> {
        let out = self.remote.out_to(url, &["http", "https", "svn"]).await?;
        let (base, servers) = (self.remote.folder.clone(), servers(&out));
        let folder = on_disk(move || {
            fs::create_dir_all(&base)?;
            let folder = TempDir::new_in(base)?;
            fs::create_dir(folder.path().join(CONFIGURATION))?;
            fs::write(folder.path().join(CONFIGURATION).join("servers"), servers)?;
            Ok(folder)
        });
        Ok(Call { out, folder: folder.await?, bounds })
    }

    async fn run(&self, call: &Call, finish: impl FnOnce(Command) -> Result<Command, RepoError>) -> Result<Output, RepoError> {
        let command = call.out.open(Command::new(Tool::Svn, call.folder.path(), call.bounds)).variable("LC_ALL", "C.UTF-8");
        let own = word(call.folder.path().join(CONFIGURATION))?;
        let command = command.value("--config-dir=", own).flags(&["--non-interactive", "--no-auth-cache"]);
        self.remote.run(&call.out, finish(command)?).await
    }

    fn commit(&self, rev: &str, said: &[u8]) -> Result<Commit, RepoError> {
        let (revision, date) = xml::logentry(said).ok_or_else(|| unexpected("svn log --xml", said))?;
        let time = Time::parse_rfc3339(&date).map_err(|_| unexpected("svn log --xml", said))?.in_utc();
        let mut origin = self.remote.origin("svn");
        rev.clone_into(&mut origin.reference);
        Ok(Commit {
            name: revision.to_string(),
            short: format!("{revision:012}"),
            version: rev.to_owned(),
            time,
            tags: Vec::new(),
            origin,
        })
    }
}

/// Where a call keeps Subversion's configuration, below its own folder. The machine's is not read then.
const CONFIGURATION: &str = "configuration";

/// Subversion's `servers` file: the way out, which is a secret of the call's, is not on the command line.
fn servers(out: &Out) -> String {
    let Some(proxy) = out.proxy() else { return String::new() };
    let (host, port) = (proxy.host_str().unwrap_or_default(), proxy.port().unwrap_or(80));
    let (user, password) = (proxy.username(), proxy.password().unwrap_or_default());
    format!(
        "[global]\nhttp-proxy-host = {host}\nhttp-proxy-port = {port}\nhttp-proxy-username = {user}\nhttp-proxy-password = {password}\nstore-plaintext-passwords = no\n"
    )
}

/// True if the server says that there is no such revision or path, or the tool that this is no revision at all.
fn is_missing(output: &Output) -> bool {
    ["E160006", "W160006", "E160013", "W160013", "E205000", "E195002"].iter().any(|code| output.stderr.contains(code))
}

/// Looks for the listed files among the exported ones.
fn collect(folder: TempDir, entries: Vec<xml::Entry>) -> Result<Tree, RepoError> {
    let mut files = Vec::with_capacity(entries.len());
    for entry in entries.into_iter().filter(|entry| entry.is_file) {
        let place = folder.path().join(EXPORT).join(&entry.name);
        check(&entry, &place)?;
        let content = Content::File(place);
        files.push(TreeFile { path: entry.name.into_bytes(), kind: FileKind::Regular, size_bytes: entry.size_bytes, content });
    }
    Ok(Tree { files, pack: None, folder: Some(folder) })
}

/// In Go's words where it has them.
fn check(entry: &xml::Entry, place: &Path) -> Result<(), RepoError> {
    let name = &entry.name;
    let down = Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)));
    let Some(about) = fs::symlink_metadata(place).ok().filter(|_| down) else {
        return Err(Trouble::Vcs(format!("file reported by 'svn list', but not written by 'svn export': {name}")).into());
    };
    if !about.is_file() {
        return Err(Trouble::Vcs(format!("not a regular file as written by 'svn export': {name}")).into());
    }
    let (listed, exported) = (entry.size_bytes, about.len());
    if listed == exported {
        return Ok(());
    }
    Err(Trouble::Vcs(format!(
        "file size differs between 'svn list' and 'svn export': file {name} listed as {listed} bytes, but exported as {exported} bytes"
    ))
    .into())
}

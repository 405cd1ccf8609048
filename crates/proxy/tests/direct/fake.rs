//! A repository that exists in memory only, with one line of history.

use std::{
    io::Write as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::{
    goimport::{RepoRoot, Source, Vcs},
    info::Origin,
    module::ModulePath,
    semver,
    time::Time,
    zip::create::FileKind,
};
use plan::Trouble;
use proxy::upstream::direct::{
    coderepo::{CodeRepo, Found, Refused},
    repo::{Commit, Content, Repo, RepoError, TagSum, Tags, Told, Tree, TreeFile},
};

/// The time of the first commit, 2020-01-01T00:00:00Z; each later one is a second later.
const BEGINNING: i64 = 1_577_836_800;

pub(crate) const URL: &str = "https://git.example.com/m";

/// The repository of example.com/m.
#[derive(Default)]
pub(crate) struct Fake {
    commits: Vec<Node>,
    branches: Vec<(String, usize)>,
    /// What the method of this name, perhaps for one revision only (`stat v1.0.0`), answers instead of doing its work.
    faults: Mutex<Vec<(&'static str, Trouble)>>,
    /// How often a file, or who descends from whom, was asked for.
    pub(crate) looks: Arc<AtomicUsize>,
    /// What was said last of tags.
    pub(crate) told: Arc<Mutex<Option<Told>>>,
}

struct Node {
    tags: Vec<String>,
    files: Vec<(String, Vec<u8>)>,
}

impl Fake {
    /// Adds a commit with the tags of a list, and with these files only.
    pub(crate) fn commit(mut self, tags: &str, files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec())).collect();
        self.commits.push(Node { tags: tags.split_whitespace().map(str::to_owned).collect(), files });
        self
    }

    /// Adds a branch whose tip is commit `number`, counted from 1.
    pub(crate) fn branch(mut self, name: &str, number: usize) -> Self {
        self.branches.push((name.to_owned(), number - 1));
        self
    }

    pub(crate) fn fails(self, method: &'static str, trouble: Trouble) -> Self {
        self.faults.lock().unwrap().push((method, trouble));
        self
    }

    fn fault(&self, method: &str) -> Result<(), RepoError> {
        let faults = self.faults.lock().unwrap();
        faults.iter().find(|(name, _)| *name == method).map_or(Ok(()), |(_, trouble)| Err(trouble.clone().into()))
    }

    fn index(&self, hash: &str) -> Option<usize> {
        (0..self.commits.len()).find(|index| name(*index).starts_with(hash) && hash.len() >= 7)
    }

    fn describe(&self, index: usize, version: &str, reference: &str) -> Commit {
        let mut tags = self.commits[index].tags.clone();
        tags.sort();
        let (vcs, url, hash) = ("git".to_owned(), URL.to_owned(), name(index));
        let origin = Origin { vcs, url, hash, reference: reference.to_owned(), ..Origin::default() };
        let time = Time::from_unix_seconds(BEGINNING + i64::try_from(index).unwrap()).unwrap();
        Commit { name: name(index), short: name(index)[..12].to_owned(), version: version.to_owned(), time, tags, origin }
    }

    fn file(&self, hash: &str, path: &str) -> Option<Bytes> {
        let node = &self.commits[self.index(hash)?];
        let file = node.files.iter().find(|(name, _)| name == path);
        file.map(|(_, content)| content.clone().into())
    }
}

/// The name of a commit: `00000001` and so on, in 40 digits, the beginning of each being its number.
fn name(index: usize) -> String {
    format!("{:012x}{:028x}", index + 1, 0)
}

#[async_trait]
impl Repo for Fake {
    fn vcs(&self) -> Vcs {
        Vcs::Git
    }

    fn url(&self) -> &str {
        URL
    }

    async fn tags(&self, prefix: &str) -> Result<Tags, RepoError> {
        self.fault("tags")?;
        let all = self.commits.iter().enumerate().flat_map(|(index, node)| node.tags.iter().map(move |tag| (tag, index)));
        let mut list: Vec<_> =
            all.filter(|(tag, _)| tag.starts_with(prefix)).map(|(tag, index)| (tag.clone(), name(index))).collect();
        list.sort();
        Ok(Tags { list, origin: Origin::default() })
    }

    fn told(&self, known: Option<TagSum>) -> Option<Told> {
        self.told.lock().unwrap().clone().filter(|told| known != Some(told.sum))
    }

    async fn stat(&self, rev: &str) -> Result<Commit, RepoError> {
        self.fault("stat")?;
        self.fault(&format!("stat {rev}"))?;
        if let Some(index) = self.commits.iter().position(|node| node.tags.iter().any(|tag| tag == rev)) {
            return Ok(self.describe(index, rev, &format!("refs/tags/{rev}")));
        }
        if let Some((_, index)) = self.branches.iter().find(|(name, _)| name == rev) {
            return Ok(self.describe(*index, &name(*index), &format!("refs/heads/{rev}")));
        }
        let index = self.index(rev).ok_or_else(|| RepoError::NotExist(format!("unknown revision {rev}")))?;
        Ok(self.describe(index, &name(index), ""))
    }

    async fn latest(&self) -> Result<Commit, RepoError> {
        self.fault("latest")?;
        let tip = self.commits.len().checked_sub(1).ok_or_else(|| RepoError::NotExist("no commits".to_owned()))?;
        Ok(self.describe(tip, &name(tip), "HEAD"))
    }

    async fn read_file(&self, hash: &str, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, RepoError> {
        self.fault("read_file")?;
        self.looks.fetch_add(1, Ordering::Relaxed);
        let file = self.file(hash, path);
        match file {
            Some(file) if file.len() as u64 > limit_bytes => Err(Trouble::TooLarge(limit_bytes).into()),
            file => Ok(file),
        }
    }

    async fn recent_tag(
        &self,
        hash: &str,
        prefix: &str,
        allowed: &(dyn for<'t> Fn(&'t str) -> bool + Sync),
    ) -> Result<Option<String>, RepoError> {
        self.fault("recent_tag")?;
        let last = self.index(hash).unwrap();
        let tags = self.commits[..=last].iter().flat_map(|node| node.tags.clone());
        let good = tags.filter(|tag| tag.starts_with(prefix) && allowed(tag));
        Ok(good.max_by(|one, other| semver::compare(&one[prefix.len()..], &other[prefix.len()..])))
    }

    async fn descends_from(&self, hash: &str, tag: &str) -> Result<bool, RepoError> {
        self.fault("descends_from")?;
        self.looks.fetch_add(1, Ordering::Relaxed);
        let tagged = self.commits.iter().position(|node| node.tags.iter().any(|name| name == tag));
        Ok(tagged.is_some_and(|tagged| tagged <= self.index(hash).unwrap()))
    }

    async fn archive(&self, hash: &str, subdir: &str) -> Result<Tree, RepoError> {
        self.fault("archive")?;
        let (mut pack, mut files, mut at) = (tempfile::tempfile().unwrap(), Vec::new(), 0);
        for (path, content) in &self.commits[self.index(hash).unwrap()].files {
            let below = if subdir.is_empty() { Some(path.as_str()) } else { path.strip_prefix(&format!("{subdir}/")) };
            let Some(below) = below else { continue };
            pack.write_all(content).unwrap();
            let (size_bytes, kind, place) = (content.len() as u64, kind(content), Content::Packed(at));
            files.push(TreeFile { path: below.as_bytes().to_vec(), kind, size_bytes, content: place });
            at += size_bytes;
        }
        Ok(Tree { files, pack: Some(Arc::new(pack)), folder: None })
    }
}

/// A file that says `-> target` is a link, one that says `/` a directory.
fn kind(content: &[u8]) -> FileKind {
    match content {
        [b'-', b'>', ..] => FileKind::Symlink,
        b"/" => FileKind::Directory,
        _ => FileKind::Regular,
    }
}

pub(crate) fn root(path: &str, subdir: &str) -> RepoRoot {
    RepoRoot { root: path.to_owned(), source: Source::Vcs(Vcs::Git), url: URL.to_owned(), subdir: subdir.to_owned() }
}

/// The module `path` in a repository that is at example.com/m, or, for gopkg.in, at the module's path.
pub(crate) fn module(repo: Fake, path: &str) -> CodeRepo {
    let at = if path.starts_with("gopkg.in/") { path } else { "example.com/m" };
    module_at(repo, path, &root(at, "")).expect("a module of the repository")
}

pub(crate) fn module_at(repo: Fake, path: &str, root: &RepoRoot) -> Result<CodeRepo, Refused> {
    CodeRepo::new(Arc::new(repo), root, ModulePath::parse(path).unwrap(), proxy::upstream::direct::coderepo::Memory::default())
}

/// One line for what was found: the version, and the number of its commit.
pub(crate) fn shown(end: Result<Found, Refused>) -> String {
    match end {
        Ok(found) => format!("{} at {}", found.version, i64::from_str_radix(&found.hash[..12], 16).unwrap()),
        Err(why) => refusal(&why),
    }
}

pub(crate) fn refusal(why: &Refused) -> String {
    match why {
        Refused::NotExist(text) => format!("not there: {text}"),
        Refused::Invalid(text) => format!("invalid: {text}"),
        Refused::Tree(text) => format!("tree: {text}"),
        Refused::Trouble(trouble) => format!("trouble: {trouble}"),
    }
}

//! What every version control system must be able to say of one repository.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Read},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use flate2::read::DeflateDecoder;
use gomod::{
    goimport::Vcs,
    info::Origin,
    time::Time,
    zip::create::{Deflated, FileKind},
};
use plan::Trouble;
use tempfile::TempDir;

/// One repository at its remote. Cheap to share; keeps its own deadlines and budgets, and may be asked by many at once.
///
/// Every method may be dropped at any await: what it started is ended or finishes without harm.
///
/// Source: `codehost.Repo` in Go 1.27.
#[async_trait]
pub trait Repo: Send + Sync {
    /// Its version control system.
    fn vcs(&self) -> Vcs;

    /// The remote, without credentials: `Origin.URL`.
    fn url(&self) -> &str;

    /// The tags whose names begin with `prefix`, at most as old as the freshness window. In byte order of their names.
    async fn tags(&self, prefix: &str) -> Result<Tags, RepoError>;

    /// What was said last of tags, if it was told by tag and anything changed since the sum was `known`. Asks nobody.
    fn told(&self, known: Option<TagSum>) -> Option<Told> {
        let _ = known;
        None
    }

    /// The commit of a tag, a branch, a hash or the beginning of one, in Go's order of looking.
    async fn stat(&self, rev: &str) -> Result<Commit, RepoError>;

    /// The tip of the default branch.
    async fn latest(&self) -> Result<Commit, RepoError>;

    /// The raw content of a file at a commit that [`Repo::stat`] named; `None` if there is none. A file longer than `limit_bytes` is
    /// [`Trouble::TooLarge`].
    async fn read_file(&self, hash: &str, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, RepoError>;

    /// The highest tag by semver, in `hash` or its ancestors, that begins with `prefix` and is `allowed`; both are about whole names.
    async fn recent_tag(
        &self,
        hash: &str,
        prefix: &str,
        allowed: &(dyn for<'t> Fn(&'t str) -> bool + Sync),
    ) -> Result<Option<String>, RepoError>;

    /// True if `tag` is `hash` or an ancestor of it.
    async fn descends_from(&self, hash: &str, tag: &str) -> Result<bool, RepoError>;

    /// All files below `subdir` (empty: the whole tree) at `hash`, converted as Go's archive would: `eol`, `ident` and
    /// `working-tree-encoding` applied, `export-ignore`, `export-subst` and filters never. Paths are relative to `subdir`, in the tool's order.
    async fn archive(&self, hash: &str, subdir: &str) -> Result<Tree, RepoError>;
}

/// The tags of a repository.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tags {
    /// Whole names (`sub/v1.0.0`) with the commits they lead to.
    pub list: Vec<(String, String)>,
    /// VCS, URL, and, if this can be checked again, the sum that it depends on.
    pub origin: Origin,
}

/// A sum over all references of a repository.
pub type TagSum = [u8; 32];

/// The tags of a repository as they were told last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// Another one if anything changed.
    pub sum: TagSum,
    /// What was tagged longer ago than this is among them, if it is still tagged: their age, and a window more, since whoever was asked last may
    /// lag behind.
    pub settled: Duration,
    /// Whole names with the commits they lead to.
    pub tags: HashMap<String, String>,
}

/// One commit.
///
/// Source: `codehost.RevInfo` in Go 1.27.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Commit {
    /// The whole name: 40 or 64 hex digits; for Subversion the revision's number.
    pub name: String,
    /// The canonical short name: 12 hex digits; for Subversion 12 decimal ones.
    pub short: String,
    /// What the request was resolved to: the tag, or the whole name.
    pub version: String,
    /// The committer's time, in UTC; in whole seconds but for Subversion.
    pub time: Time,
    /// The tags that lead to this commit, in byte order.
    pub tags: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
}

/// The files of a tree, resting in one temporary file or folder that goes away with this value.
#[derive(Debug)]
pub struct Tree {
    /// In the tool's order.
    pub files: Vec<TreeFile>,
    /// Where contents rest, if they are pieces of one file, such as a tar.
    pub pack: Option<Arc<File>>,
    /// Where contents rest, if each is a file of its own.
    pub folder: Option<TempDir>,
}

/// One file of a tree.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeFile {
    /// Slashes, relative to the archived directory; not always UTF-8.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: FileKind,
    /// Content length in bytes.
    pub size_bytes: u64,
    /// Where the content is.
    pub content: Content,
}

/// Where a file's content is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Content {
    /// Nowhere: a link, a directory.
    None,
    /// A piece of [`Tree::pack`], from this offset.
    Packed(u64),
    /// A file of its own.
    File(PathBuf),
    /// Here, deflated already.
    Deflated(Arc<Deflated>),
}

/// Why a repository gives no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RepoError {
    /// It does not exist, in Go's words: `unknown revision v9`, `no commits`, a repository that the host says is not there. A not-exist class
    /// error of Go, which lets the walk go on.
    NotExist(String),
    /// Anything else.
    Failed(Trouble),
}

impl From<Trouble> for RepoError {
    fn from(trouble: Trouble) -> Self {
        Self::Failed(trouble)
    }
}

impl Tree {
    /// Opens a regular file's content.
    ///
    /// # Errors
    /// What the disk says; a file without content is `InvalidInput`.
    pub fn open<'t>(&'t self, file: &'t TreeFile) -> io::Result<Box<dyn Read + Send + 't>> {
        match (&file.content, &self.pack) {
            (Content::Deflated(deflated), _) => Ok(Box::new(DeflateDecoder::new(deflated.bytes.as_slice()))),
            (Content::File(path), _) => Ok(Box::new(File::open(path)?.take(file.size_bytes))),
            (Content::Packed(offset), Some(pack)) => {
                Ok(Box::new(Piece { pack: Arc::clone(pack), at: *offset, left: file.size_bytes }))
            }
            (Content::Packed(_) | Content::None, _) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// A piece of a file, read at its own position: many may be read at once.
struct Piece {
    pack: Arc<File>,
    at: u64,
    left: u64,
}

impl Read for Piece {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        use std::os::unix::fs::FileExt as _;
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.pack.read_at(&mut buffer[..most], self.at)?;
        (self.at, self.left) = (self.at + read as u64, self.left - read as u64);
        Ok(read)
    }
}

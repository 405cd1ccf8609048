//! The records that name blobs, and the small answers that change.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;

use crate::Digest;

/// Transactional records. Every change is durable when its call returns.
///
/// Names are stored as they are (unescaped), compared bytewise; times are seconds since the Unix epoch.
#[async_trait]
pub trait Index: Send + Sync {
    /// What is kept of `module@version`; `None` if nothing is.
    async fn version(&self, module: &str, version: &str) -> Result<Option<VersionRecord>, StoreError>;

    /// Keeps one part of `module@version`. The first one wins for ever: a later part with another digest changes nothing and is answered
    /// as [`Kept::Differs`]; who records it is [`Index::put_drift`].
    async fn keep(&self, module: &str, version: &str, kind: Kind, part: Part) -> Result<Kept, StoreError>;

    /// The versions of `module` of which `.info`, `.mod` and `.zip` are all kept, in no particular order.
    async fn complete_versions(&self, module: &str) -> Result<Vec<String>, StoreError>;

    /// The `.info`s that are kept of `module`, with their versions, in no particular order.
    async fn infos(&self, module: &str) -> Result<Vec<(String, Part)>, StoreError>;

    /// Forgets one part whose blob is `gone`, so that it can be fetched again. What may take its place, [`Gone`] says, and `keep` enforces. What
    /// was disproven once stays so.
    async fn forget_blob(&self, module: &str, version: &str, kind: Kind, gone: Gone) -> Result<(), StoreError>;

    /// The kept answer to a question whose answer changes, such as `list example.com/m`.
    async fn answer(&self, key: &str) -> Result<Option<Answer>, StoreError>;

    /// Keeps `answer` in place of an earlier one.
    async fn put_answer(&self, key: &str, answer: Answer) -> Result<(), StoreError>;

    /// One immutable file of the checksum database `name`, such as `lookup/m@v1` or `tile/8/0/000`.
    async fn sumdb_file(&self, name: &str, path: &str) -> Result<Option<Bytes>, StoreError>;

    /// Keeps files of the checksum database `name`, all or none. A file that is there already stays as it is.
    async fn put_sumdb_files(&self, name: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError>;

    /// Forgets of each `(path, width)`, such as `tile/8/0/001.p/` and 80, the files `path1` to `path79`: what they hold begins a longer file that
    /// is kept.
    async fn forget_narrower(&self, name: &str, tiles: Vec<(String, u32)>) -> Result<(), StoreError>;

    /// The newest tree head known of the checksum database `name`: its signed note.
    async fn sumdb_head(&self, name: &str) -> Result<Option<Bytes>, StoreError>;

    /// Replaces the head `old` by `new`; `false`, and nothing changed, if the head is no longer `old`.
    async fn swap_sumdb_head(&self, name: &str, old: Option<Bytes>, new: Bytes) -> Result<bool, StoreError>;

    /// Other bytes than the kept ones that were offered for `module@version`: at most [`crate::limits::DRIFTS`] of each kind, each once.
    async fn drifts(&self, module: &str, version: &str) -> Result<Vec<Drift>, StoreError>;

    /// Records that the origin of `module@version` changed; `true` if that was not known, and is now. Of one that is known, commits are added that
    /// were not.
    async fn put_drift(&self, module: &str, version: &str, drift: Drift) -> Result<bool, StoreError>;

    /// Up to `limit` of all drifts, in the order in which they were recorded, from the first one with a number above `after`.
    async fn all_drifts(&self, after: u64, limit: usize) -> Result<Vec<DriftRecord>, StoreError>;

    /// Up to `limit` of the records that name a blob, in the order of [`Reference`], from the first one behind `after`.
    ///
    /// Pages are not one transaction: a record kept meanwhile may be missed, one that is there throughout is not.
    async fn references(&self, after: Option<&Reference>, limit: usize) -> Result<Vec<Reference>, StoreError>;

    /// Forgets the answers that say [`AnswerBody::NotExist`] and were last confirmed before `checked_before`; answers how many. Only the
    /// sweep calls it.
    async fn forget_not_exist(&self, checked_before: i64) -> Result<u64, StoreError>;

    /// Reads one row. The readiness check calls it.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// Which file of a module version.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `.info`: time and origin, as the upstream sent it.
    Info,
    /// `.mod`: the raw go.mod.
    Mod,
    /// `.zip`: the module zip.
    Zip,
}

/// What is kept of one module version; each part stands alone.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct VersionRecord {
    /// The `.info`, if kept.
    pub info: Option<Part>,
    /// The `.mod`, if kept.
    pub go_mod: Option<Part>,
    /// The `.zip`, if kept.
    pub zip: Option<Part>,
}

impl VersionRecord {
    /// The part of this kind.
    pub fn part(&self, kind: Kind) -> Option<&Part> {
        match kind {
            Kind::Info => self.info.as_ref(),
            Kind::Mod => self.go_mod.as_ref(),
            Kind::Zip => self.zip.as_ref(),
        }
    }
}

/// One kept file of a module version.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Part {
    /// The blob. After [`Index::forget_blob`] the part is not answered at all until it is kept again.
    pub digest: Digest,
    /// The blob's length.
    pub size_bytes: u64,
    /// `h1:…` of a `.zip` or `.mod`; `None` for `.info`.
    pub h1: Option<String>,
    /// Who vouched: `sumdb NAME SIZE`, or `waived RULE`; free of credentials.
    pub vouched: String,
    /// The upstream's name or redacted URL.
    pub origin: String,
    /// When it was kept.
    pub kept_at: i64,
}

impl Part {
    /// True if a checksum database proved it when it was kept.
    pub fn is_proven(&self) -> bool {
        self.vouched.starts_with("sumdb ")
    }
}

/// Why a part's blob is answered no more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gone {
    /// It was found damaged or lost. Bytes with the same h1 may take its place; where there is no h1, the same bytes.
    Lost,
    /// It was whole, and a checksum database proves another h1: the record is wrong as well. Bytes that a database proves may take its place, too.
    Disproven,
}

/// How keeping a part ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kept {
    /// It is the first, or it may take the place of one that is gone: see [`Gone`].
    New,
    /// The very same bytes were there already.
    Same,
    /// Other bytes were there first, and stay.
    Differs(Part),
}

/// What an origin has for a version of which something else is kept. It was not adopted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drift {
    /// Which file; the `.info`, which names the commit, if it is about a tag.
    pub kind: Kind,
    /// What is kept.
    pub kept: Digest,
    /// The h1 of what is kept; if it is about a tag, that of the zip.
    pub kept_h1: Option<String>,
    /// The commit of what is kept, if it is known.
    pub kept_commit: Option<String>,
    /// What was offered; `None` if it is about a tag.
    pub seen: Option<Digest>,
    /// The h1 of what was offered.
    pub seen_h1: Option<String>,
    /// The commit of what was offered, if it is known; if it is about a tag, where that leads now, `None` if it is gone.
    pub seen_commit: Option<String>,
    /// Who offered it.
    pub origin: String,
    /// When it was first seen.
    pub seen_at: i64,
}

impl Drift {
    /// What changed.
    pub fn what(&self) -> What {
        match (&self.seen, &self.seen_commit) {
            (Some(_), _) => What::BytesDiffer,
            (None, Some(_)) => What::TagMoved,
            (None, None) => What::TagGone,
        }
    }

    /// True if `other` tells of the same thing: the same file, the same bytes; without bytes, the same commit.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let commit = |drift: &Self| if drift.seen.is_none() { drift.seen_commit.clone() } else { None };
        (self.kind, self.seen) == (other.kind, other.seen) && commit(self) == commit(other)
    }
}

/// What an origin changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// It has other bytes for a file.
    BytesDiffer,
    /// The version's tag leads to another commit.
    TagMoved,
    /// The version's tag is not there any more.
    TagGone,
}

/// One line of the ledger of drifts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DriftRecord {
    /// Its place, from 1; later ones have higher numbers, not all of which are there.
    pub number: u64,
    /// The module path.
    pub module: String,
    /// The version.
    pub version: String,
    /// What changed.
    pub drift: Drift,
}

/// A record that names a blob. Ordered by module, version and kind.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Reference {
    /// The module path.
    pub module: String,
    /// The version.
    pub version: String,
    /// Which file of it.
    pub kind: Kind,
    /// The blob.
    pub digest: Digest,
    /// The blob's length.
    pub size_bytes: u64,
}

impl Kept {
    /// How keeping `new` ends where `old` is, if anything is, and why it is gone, if it is.
    ///
    /// The first part wins. One that is gone gives way as [`Gone`] says.
    pub(crate) fn decide(old: Option<(Part, Option<Gone>)>, new: &Part) -> Self {
        // Without an h1, as of an `.info`, only the same bytes are the same.
        let is_same = |old: &Part| old.digest == new.digest || (old.h1.is_some() && old.h1 == new.h1);
        match old {
            None => Self::New,
            Some((old, None)) if old.digest == new.digest => Self::Same,
            Some((old, Some(_))) if is_same(&old) => Self::New,
            Some((_, Some(Gone::Disproven))) if new.is_proven() => Self::New,
            Some((old, _)) => Self::Differs(old),
        }
    }
}

/// A kept answer to a question whose answer changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What the upstream said.
    pub body: AnswerBody,
    /// The upstream's `ETag`, for revalidation; empty if it sent none.
    pub etag: String,
    /// The upstream's `Last-Modified`, verbatim; empty if it sent none.
    pub last_modified: String,
    /// Which upstream said it: name or redacted URL.
    pub origin: String,
    /// When it was last confirmed.
    pub checked_at: i64,
    /// When these very bytes were first seen.
    pub changed_at: i64,
}

/// What an upstream said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AnswerBody {
    /// The body.
    Found(Bytes),
    /// Everyone asked said that it does not exist; the text they gave.
    NotExist(String),
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk or the network under the store. `disk full` is told by [`StoreError::is_full`].
    #[error("store")]
    Io(#[source] io::Error),
    /// The index database refused or is damaged.
    #[error("index: {0}")]
    Index(String),
    /// No room left for the index.
    #[error("index: no space left on device")]
    Full,
    /// A file of a log that never changes was to be put with other bytes. What is there stays.
    #[error("{path}: is there with other bytes")]
    Changed {
        /// The file's path in its log.
        path: String,
    },
}

impl StoreError {
    /// True if the cause is that no room is left.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Full => true,
            Self::Io(cause) => cause.kind() == io::ErrorKind::StorageFull || cause.kind() == io::ErrorKind::QuotaExceeded,
            Self::Index(_) | Self::Changed { .. } => false,
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(cause: io::Error) -> Self {
        Self::Io(cause)
    }
}

//! Whom to ask: a module proxy over HTTP, a directory, and, with the next issue, version control itself.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use gomod::module::{ModulePath, Rev, Version};
use plan::Trouble;

use crate::{journey::Journey, spool::SpoolWriter};

mod breaker;
pub mod child;
pub mod direct;
mod escape;
pub mod file;
pub mod fossil;
pub mod git;
pub mod hg;
pub mod http;
mod refusal;
mod retry;
mod sanity;
pub mod svn;

/// One entry of a route's GOPROXY list, ready to be asked.
///
/// Every method keeps its own deadlines and retries, notes one [`plan::Event::Asked`] in `journey`, and may be dropped at any await:
/// nothing is then left but a pooled connection.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// The configured name, or the URL without credentials.
    fn name(&self) -> &str;

    /// Asks for a small document. `known` makes it conditional.
    async fn ask(&self, question: &Question, known: &Known, journey: &Journey) -> Result<Reply, Failure>;

    /// Fetches a zip into `spool` as it arrives, resuming a broken body. The length is announced to the spool as soon as it is known. Returns when
    /// all bytes arrived; they are not proven.
    async fn zip(
        &self,
        module: &ModulePath,
        version: &Version,
        spool: &mut SpoolWriter,
        journey: &Journey,
    ) -> Result<(), Failure>;

    /// If this upstream keeps failing: for how many more seconds it is better not asked. Whether it may be skipped is the chain's to say;
    /// [`Upstream::ask`] asks whatever this says. After each pause one caller is told `None` and should ask; what comes of that decides
    /// for the others.
    fn skip(&self) -> Option<u64> {
        None
    }
}

/// Plain files below a base URL: how a checksum database is read.
#[async_trait]
pub trait Files: Send + Sync {
    /// The configured name, or the URL without credentials.
    fn name(&self) -> &str;

    /// The body at `path` below the base (no leading slash, sent as it is), of at most `limit_bytes`. Deadlines and retries as for [`Upstream`].
    async fn get(&self, path: &str, limit_bytes: u64, journey: &Journey) -> Result<Bytes, Failure>;

    /// As [`Upstream::skip`]: for how many more seconds it is better not asked.
    fn rests(&self) -> Option<u64> {
        None
    }
}

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Question {
    /// `M/@v/list`.
    List(ModulePath),
    /// `M/@latest`.
    Latest(ModulePath),
    /// `M/@v/REV.info`: a version, a branch, a hash.
    Stat(ModulePath, Rev),
    /// `M/@v/V.mod`.
    GoMod(ModulePath, Version),
}

impl Question {
    /// The module asked about.
    pub fn module(&self) -> &ModulePath {
        match self {
            Self::List(module) | Self::Latest(module) | Self::Stat(module, _) | Self::GoMod(module, _) => module,
        }
    }
}

/// The path below a proxy's base, escaped but not percent-encoded; also the key under which a changing answer is kept.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(module) => write!(f, "{}/@v/list", module.escaped()),
            Self::Latest(module) => write!(f, "{}/@latest", module.escaped()),
            Self::Stat(module, rev) => write!(f, "{}/@v/{}.info", module.escaped(), rev.escaped()),
            Self::GoMod(module, version) => write!(f, "{}/@v/{}.mod", module.escaped(), version.escaped()),
        }
    }
}

/// What we have already, so that the upstream may say "still right".
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// Its `ETag`, verbatim; empty if there was none.
    pub etag: String,
    /// Its `Last-Modified`, verbatim; empty if there was none.
    pub last_modified: String,
}

/// A small answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reply {
    /// The document.
    Found {
        /// Its bytes.
        body: Bytes,
        /// Its validators, for the next time.
        known: Known,
    },
    /// What we have is still right.
    NotModified,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The upstream says that it does not exist, in this text (at most 8 printable lines; may be empty).
    NotExist(String),
    /// Anything else.
    Trouble(Trouble),
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

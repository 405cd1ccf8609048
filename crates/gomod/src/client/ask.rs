use crate::goimport::Vcs;
use crate::goproxy::{Outcome, Separator};

/// One thing that the go command asks of somebody, and why.
///
/// Invariants: `question` is what it is known by: nothing is asked twice on one journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whom and what.
    pub question: Question,
    /// Where: what an HTTP client would fetch, or the URL of a repository. Without credentials.
    pub url: String,
    /// What it is for.
    pub purpose: Purpose,
    /// What led here, the most important first.
    pub because: Vec<Reason>,
    /// Of several things that go on at a time, the one that this belongs to: the module path that is tried, counted by rounds. Asks with
    /// the same round and different lanes have no order among them.
    pub lane: Option<Lane>,
}

/// One of several module paths that are tried at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    /// Which of the times, from 0.
    pub round: usize,
    /// The module path.
    pub module: String,
}

/// Whom is asked what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// A module proxy, for a file of a module.
    Proxy {
        /// The proxy.
        server: Server,
        /// The module path.
        module: String,
        /// The file.
        file: File,
    },
    /// A host, for its `?go-get=1` page.
    Page {
        /// The import path whose page it is.
        path: String,
        /// How the host is asked.
        way: PageWay,
        /// What for.
        visit: Visit,
    },
    /// A version control tool, whether there is a repository at that URL: `git ls-remote`. Asked for paths with a suffix, scheme by scheme.
    Ping {
        /// The tool.
        vcs: Vcs,
        /// The URL with the scheme that is tried.
        url: String,
        /// True for the second time, as [`Visit::Again`].
        again: bool,
    },
    /// A repository.
    Repo {
        /// The tool.
        vcs: Vcs,
        /// Its URL.
        url: String,
        /// What of it.
        part: RepoPart,
    },
    /// A checksum database.
    Sumdb {
        /// Through whom.
        through: Through,
        /// What.
        part: SumdbPart,
    },
}

/// A module proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Server {
    /// The entry of GOPROXY with this index, from 0.
    Entry(usize),
    /// The one that a `mod` tag of a page names.
    Tagged {
        /// Its base URL without credentials.
        base: String,
        /// True for the second time, as [`Visit::Again`].
        again: bool,
    },
}

/// A file of a module on a proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum File {
    /// `@v/list`, read for the versions that begin so; Go asks again for each beginning. Empty for all.
    List(String),
    /// `@latest`.
    Latest,
    /// `@v/REV.info`, of a version, a branch, a tag or a hash.
    Info(String),
    /// `@v/VERSION.mod`.
    Mod(String),
    /// `@v/VERSION.zip`.
    Zip(String),
}

/// How a host is asked for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PageWay {
    /// Over https, the certificate checked by Go's own store.
    Verified,
    /// Over https, no certificate checked: GOINSECURE.
    Unverified,
    /// Over http, after https gave no answer at all: GOINSECURE.
    Plain,
}

/// What a page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Visit {
    /// To find the repository of the path.
    First,
    /// The same a second time: a private module that was not found is looked for once more where GOPROXY has `direct`.
    Again,
    /// To confirm what the page of a longer path says of this root; once in a run.
    Confirm,
}

/// What of a repository. The tool's own TLS, logins and configuration apply, none of Go's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RepoPart {
    /// Its references: `git ls-remote`.
    Refs,
    /// What a revision is as a version of a module: `git fetch`, and a look at go.mod.
    Commit {
        /// The module path.
        module: String,
        /// The version, branch, tag or hash; `HEAD` for the newest.
        rev: String,
    },
}

/// Through whom a checksum database is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Through {
    /// The proxy that is this entry of GOPROXY.
    Entry(usize),
    /// Nobody: at its own name, or at the URL in GOSUMDB.
    Itself,
}

/// What of a checksum database.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SumdbPart {
    /// `/supported`: whether this proxy passes it on.
    Supported,
    /// `/lookup/MODULE@VERSION`.
    Lookup {
        /// The module path.
        module: String,
        /// The version.
        version: String,
    },
    /// The tiles that prove that record. How many these are depends on the size of the tree and on what was fetched before: perhaps none.
    Tiles {
        /// The module path.
        module: String,
        /// The version.
        version: String,
    },
}

/// What an ask is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// To find the version that a query means.
    Version,
    /// To find the version whose go.mod has the retractions.
    Retractions,
    /// To read go.mod.
    GoMod,
    /// To have the module's content.
    Content,
    /// To prove what was fetched.
    Proof,
}

/// Something that led to an ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// GOPROXY has an entry here.
    Entry {
        /// Its index, from 0.
        index: usize,
    },
    /// The entry before it answered so, and the separator behind that lets it pass.
    GaveWay {
        /// The index of that entry.
        index: usize,
        /// How it answered.
        outcome: Outcome,
        /// What stands behind it.
        separator: Separator,
    },
    /// The module matches a pattern, and so this happens.
    Matches {
        /// The variable that was read: GONOPROXY, GONOSUMDB, GOINSECURE, or GOPRIVATE in place of one.
        variable: String,
        /// The pattern.
        pattern: String,
    },
    /// No pattern of the variable matches the module, and so this happens.
    NoMatch {
        /// The variable that was read.
        variable: String,
    },
    /// The path that was typed may be a package of a module with this shorter path.
    Prefix {
        /// The path that was typed.
        of: String,
    },
    /// A page, a tag or a known host led to this.
    Led {
        /// By what: the import path of the page, or the path itself.
        from: String,
    },
    /// GOSUMDB names this database, or this place to ask it.
    Gosumdb,
    /// A proxy said that it passes the database on.
    Supported {
        /// Its index.
        index: usize,
    },
}

impl Question {
    /// The module path or import path that this names to whoever is asked, if it names one.
    pub fn names(&self) -> Option<&str> {
        match self {
            Question::Proxy { module, .. } => Some(module),
            Question::Page { path, .. } => Some(path),
            Question::Ping { url, .. } | Question::Repo { url, .. } => Some(url),
            Question::Sumdb { part: SumdbPart::Lookup { module, .. }, .. } => Some(module),
            Question::Sumdb { part: SumdbPart::Supported | SumdbPart::Tiles { .. }, .. } => None,
        }
    }

    /// True for asks of a checksum database, its `/supported` included.
    pub fn is_of_sumdb(&self) -> bool {
        matches!(self, Question::Sumdb { .. })
    }
}

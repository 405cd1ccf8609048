use crate::goimport::Page;
use crate::list::VersionList;
use crate::modfile::{self, Retract};
use crate::module::ModulePath;
use crate::time::Time;

/// What somebody answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for.
    Found(Found),
    /// Something else, or nothing.
    Failed(Failure),
    /// Nobody has asked. The journey ends here, and its outcome says so.
    Unknown,
}

/// What was asked for, as far as it matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// To `list`. A page with status 200 is an empty list.
    List(VersionList),
    /// To `.info` and `@latest`.
    Info(InfoFacts),
    /// To `.mod`.
    GoMod(GoModFacts),
    /// To `.zip`.
    Zip(ZipFacts),
    /// To a `?go-get=1` page, whatever its status.
    Page(Page),
    /// To a repository's references.
    Refs(Refs),
    /// To a revision of a repository.
    Commit(Box<Commit>),
    /// To a lookup.
    Record(Record),
    /// To whatever needs no more than a yes: a ping, `/supported`, tiles that prove.
    Yes,
}

/// What a `.info` document says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InfoFacts {
    /// Its version.
    pub version: String,
    /// Its time.
    pub time: Time,
}

/// What a go.mod file says, as far as a journey depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoModFacts {
    /// The module path in it; None if it has none or cannot be read.
    pub declares: Option<String>,
    /// Its `go` line.
    pub go: Option<String>,
    /// Why it cannot be read, in Go's words.
    pub fault: Option<String>,
    /// True if it is no more than the line that Go makes up for a module without go.mod.
    pub synthetic: bool,
    /// What it retracts.
    pub retract: Vec<Retract>,
    /// What it says of the module being deprecated; empty if nothing.
    pub deprecated: String,
    /// Its hash; None if that is what everybody expects.
    pub h1: Option<String>,
}

/// What a module zip has, as far as a journey depends on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ZipFacts {
    /// The directories with Go files, by their path below the module's root, which is empty for the root; None if every package that is
    /// asked for is there.
    pub packages: Option<Vec<String>>,
    /// Why it is no good, in Go's words, though it came whole.
    pub fault: Option<String>,
    /// Its hash; None if that is what everybody expects.
    pub h1: Option<String>,
}

/// What a repository's references are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// The names of its tags.
    pub tags: Vec<String>,
    /// True if there is a commit at all.
    pub has_head: bool,
}

/// What a revision of a repository is as a version of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// The version, and the time of the commit.
    pub info: InfoFacts,
    /// go.mod, perhaps made up.
    pub go_mod: GoModFacts,
    /// What its zip would be.
    pub zip: ZipFacts,
}

/// What a checksum database has for a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The hash of go.mod; None if it is that of the go.mod that came.
    pub go_mod: Option<String>,
    /// The hash of the zip; None if it is that of the zip that came.
    pub zip: Option<String>,
    /// True if the record has no line for the version: `checksum missing from sumdb response`.
    pub is_missing: bool,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// A status that is not 200, after redirects.
    Status(u16),
    /// The file of a file proxy is not there.
    NoFile,
    /// The name has no address: `no such host`.
    NoAddress,
    /// `connection refused`, or no way to the host.
    NoConnection,
    /// The connection ended too soon: `EOF`, `connection reset by peer`, `unexpected EOF`.
    Cut,
    /// Nothing came in time.
    TimedOut,
    /// TLS failed.
    Tls(TlsFailure),
    /// A redirect that is not followed: from https to http, or more than ten.
    Redirect,
    /// Go did not ask, for the URL has a login that would travel in the clear.
    LoginInTheClear,
    /// The forward proxy failed or refused: `proxyconnect`, `Bad Gateway`.
    Gateway,
    /// What came cannot be read, such as a page where a document is expected, in Go's words.
    Unreadable(String),
    /// A tool failed.
    Tool(ToolFailure),
    /// The repository has no such revision, in Go's words.
    NoRevision(String),
    /// The module is not there at the revision, or its go.mod is that of another major version, in Go's words.
    Misfit(String),
    /// A checksum database contradicts itself or its key, in Go's words.
    Dishonest(String),
}

/// How TLS failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsFailure {
    /// `x509: certificate signed by unknown authority`.
    UnknownAuthority,
    /// `x509: certificate is valid for A, not B`, or for no address.
    WrongName,
    /// `x509: certificate has expired or is not yet valid`.
    Expired,
    /// No handshake: not TLS at all, no version in common.
    Handshake,
}

/// How a version control tool failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolFailure {
    /// There is no such tool on this machine.
    Missing,
    /// There is no such repository.
    NoRepository,
    /// It wants a login: `could not read Username`, `Permission denied`.
    Login,
    /// The tool's own check of certificates failed.
    Certificate,
    /// The host was not reached.
    Unreachable,
    /// The tool may not use this scheme.
    Forbidden,
    /// Something else.
    Other,
}

impl GoModFacts {
    /// Reads a go.mod file, as of a dependency. `module` is the path it is for.
    pub fn read(module: &ModulePath, content: &[u8]) -> Self {
        let synthetic = content == modfile::synthetic(module).as_bytes();
        match modfile::parse_lax("go.mod", content) {
            Ok(file) => GoModFacts {
                deprecated: file.module.as_ref().map(|module| module.deprecated.clone()).unwrap_or_default(),
                declares: file.module.map(|module| module.path),
                go: file.go,
                fault: None,
                synthetic,
                retract: file.retract,
                h1: None,
            },
            Err(fault) => GoModFacts { fault: Some(fault.to_string()), synthetic, ..GoModFacts::default() },
        }
    }

    /// One that says no more than its module path.
    pub fn of(module: &str) -> Self {
        GoModFacts { declares: Some(module.into()), ..GoModFacts::default() }
    }
}

impl Answer {
    /// `.info` of this version, at no particular time.
    pub fn info(version: &str) -> Self {
        Answer::Found(Found::Info(InfoFacts { version: version.into(), time: Time::ZERO }))
    }

    /// A list of these versions.
    pub fn list(versions: &[&str]) -> Self {
        Answer::Found(Found::List(VersionList::parse(versions.join("\n").as_bytes())))
    }

    /// A go.mod file that fits this module path.
    pub fn go_mod(module: &str) -> Self {
        Answer::Found(Found::GoMod(GoModFacts::of(module)))
    }

    /// A good zip with every package.
    pub fn zip() -> Self {
        Answer::Found(Found::Zip(ZipFacts::default()))
    }

    /// A record that agrees with whatever came.
    pub fn record() -> Self {
        Answer::Found(Found::Record(Record::default()))
    }

    /// A status that is not 200.
    pub fn status(status: u16) -> Self {
        Answer::Failed(Failure::Status(status))
    }
}

impl Failure {
    /// True for what says that something does not exist, as far as module proxies and revisions go: 404, 410, a missing file.
    pub fn is_absence(&self) -> bool {
        matches!(self, Failure::Status(404 | 410) | Failure::NoFile | Failure::NoRevision(_) | Failure::Misfit(_))
    }
}

use super::ask::Question;

/// How a journey ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its end.
    pub end: End,
    /// The go command's exit code: 0 or 1; 1 as long as nothing is known.
    pub exit: i32,
    /// Whether a checksum database was asked, and if not, why.
    pub checksums: Checksums,
}

/// The end of a journey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The command succeeds.
    Done {
        /// The module path that was chosen.
        module: String,
        /// The version; empty where the command only lists.
        version: String,
    },
    /// It fails.
    Broken(Break),
    /// An answer that the rest depends on is not known.
    Unknown(Question),
}

/// The place where a journey breaks, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// What kind of error it is.
    pub class: ErrorClass,
    /// The module path that it concerns.
    pub module: String,
    /// The version or query.
    pub version: String,
    /// The ask whose answer broke it; None where nobody was asked.
    pub at: Option<Question>,
    /// The gist in Go's words, without URL; empty if the class says it all.
    pub words: String,
    /// True if Go takes it for "does not exist", which lets a comma pass.
    pub is_absence: bool,
}

/// Whether a checksum database was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checksums {
    /// Nothing was fetched that needs a proof.
    NotReached,
    /// It was not asked, for GOSUMDB is off.
    Off,
    /// It was not asked, for this pattern of GONOSUMDB (or GOPRIVATE) matches.
    Private {
        /// The variable that was read.
        variable: String,
        /// The pattern.
        pattern: String,
    },
    /// It was asked, or it was tried.
    Consulted,
}

/// The kinds of errors, as in the catalogue of Go's messages. Who failed is in [`Break::at`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorClass {
    /// `reading URL: 404 Not Found`, `410 Gone`, or no such file.
    Absent,
    /// `reading URL:` and another status.
    Status,
    /// `invalid response from proxy`.
    InvalidResponse,
    /// `proxy returned info for version X instead of requested version`.
    OtherVersion,
    /// `no matching versions for query`.
    NoMatchingVersion,
    /// `retracted by module author`, of a version that was asked for by another name.
    Retracted,
    /// `no such host`, `connection refused`, `EOF`, `i/o timeout`.
    Unreachable,
    /// `x509: …`.
    Certificate,
    /// TLS failed before a certificate was looked at.
    Handshake,
    /// A redirect that Go refuses.
    Redirect,
    /// The forward proxy failed.
    ForwardProxy,
    /// `refusing to pass credentials to insecure URL`.
    InsecureLogin,
    /// `module lookup disabled by GOPROXY=off`.
    ProxyOff,
    /// GOPROXY cannot be read.
    InvalidGoproxy,
    /// `disallowed version string`.
    DisallowedVersion,
    /// `not a valid zip file`, or a zip that breaks the rules.
    BadZip,
    /// `unrecognized import path: https fetch`: the page did not come.
    PageUnreachable,
    /// `unrecognized import path: reading …?go-get=1: 404`.
    PageStatus,
    /// The page has no tag, several, or a bad one.
    PageUseless,
    /// `no secure protocol found for repository`.
    NoProtocol,
    /// A path that no host has: `invalid github.com import path`.
    BadImportPath,
    /// `GOVCS disallows using …`.
    GovcsDisallows,
    /// GOVCS cannot be read.
    InvalidGovcs,
    /// `exec: "git": executable file not found in $PATH`.
    ToolMissing,
    /// `repository '…' not found`.
    NoRepository,
    /// `could not read Username`, `Permission denied (publickey)`.
    RepositoryLogin,
    /// The tool's own TLS: `server certificate verification failed`.
    RepositoryCertificate,
    /// The tool could not reach the host.
    RepositoryUnreachable,
    /// The tool failed otherwise.
    RepositoryFailed,
    /// `unknown revision`.
    UnknownRevision,
    /// `missing go.mod`, `go.mod has post-v1 module path`: the revision is there, and not as this module.
    ModuleMisfit,
    /// The query or version cannot be: `invalid semantic version`, `should be v0 or v1, not v2`.
    InvalidVersion,
    /// `malformed module path`.
    InvalidPath,
    /// `parsing go.mod`.
    BadGoMod,
    /// `module declares its path as: X but was required as: Y`.
    OtherPath,
    /// `module M@V found, but does not contain package P`.
    NoPackage,
    /// `checksum mismatch` with a checksum database.
    ChecksumMismatch,
    /// `checksum missing from sumdb response`.
    ChecksumMissing,
    /// `reading …/lookup/…: 404`.
    SumdbAbsent,
    /// Another status of a checksum database, or of a proxy's `/supported`.
    SumdbStatus,
    /// The checksum database, or a proxy's `/supported`, was not reached.
    SumdbUnreachable,
    /// GOSUMDB cannot be read.
    InvalidGosumdb,
    /// The checksum database contradicts itself.
    SumdbDishonest,
    /// `modules disabled by GO111MODULE=off`.
    ModulesOff,
    /// `cannot query module due to -mod=vendor`.
    VendorMode,
    /// `-insecure flag is no longer supported`.
    InsecureFlag,
    /// `parsing $GOFLAGS`.
    InvalidGoflags,
    /// `can't query version "patch" of module`.
    NoPatchBase,
}

impl ErrorClass {
    /// All of them.
    pub const ALL: [ErrorClass; 48] = {
        use ErrorClass::*;
        [
            Absent,
            Status,
            InvalidResponse,
            OtherVersion,
            NoMatchingVersion,
            Retracted,
            Unreachable,
            Certificate,
            Handshake,
            Redirect,
            ForwardProxy,
            InsecureLogin,
            ProxyOff,
            InvalidGoproxy,
            DisallowedVersion,
            BadZip,
            PageUnreachable,
            PageStatus,
            PageUseless,
            NoProtocol,
            BadImportPath,
            GovcsDisallows,
            InvalidGovcs,
            ToolMissing,
            NoRepository,
            RepositoryLogin,
            RepositoryCertificate,
            RepositoryUnreachable,
            RepositoryFailed,
            UnknownRevision,
            ModuleMisfit,
            InvalidVersion,
            InvalidPath,
            BadGoMod,
            OtherPath,
            NoPackage,
            ChecksumMismatch,
            ChecksumMissing,
            SumdbAbsent,
            SumdbStatus,
            SumdbUnreachable,
            InvalidGosumdb,
            SumdbDishonest,
            ModulesOff,
            VendorMode,
            InsecureFlag,
            InvalidGoflags,
            NoPatchBase,
        ]
    };

    /// Its stable code, `no-matching-version`.
    pub fn code(self) -> String {
        let mut code = String::new();
        for character in format!("{self:?}").chars() {
            if character.is_ascii_uppercase() && !code.is_empty() {
                code.push('-');
            }
            code.push(character.to_ascii_lowercase());
        }
        code
    }
}

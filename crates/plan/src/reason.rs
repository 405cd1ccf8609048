//! Every reason for which modway says no, or says yes with a caveat. One closed list with stable codes.

use std::fmt;

use crate::hitch::Hitch;

/// Why a request ended as it did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// The URL path is no request of the protocol, or does not print back to the same bytes.
    BadPath(String),
    /// The method is neither GET nor HEAD.
    BadMethod,
    /// Every upstream that was asked says that it does not exist; the text of the one that counts.
    NotExist(String),
    /// `off` was reached.
    Off,
    /// The upstream that counts gave trouble: its name, what was asked, and the trouble.
    Upstream {
        /// Name or redacted URL.
        upstream: String,
        /// What was asked of it.
        what: String,
        /// What went wrong.
        trouble: String,
        /// True if trying again can help.
        may_pass: bool,
        /// Whose move it is, as far as the trouble tells.
        hitch: Hitch,
    },
    /// The bytes are not those that the checksum database knows, or those we kept first.
    Mismatch(String),
    /// The checksum database could not be asked, or does not know the version.
    Unproven(String),
    /// The checksum database lied: which lie.
    SumdbLied(String),
    /// The upstream's bytes break the rules for module zips, go.mod or `.info`.
    BadContent(String),
    /// The repository has no such version of the module and never will, as far as it can be told: a pseudo-version that does not fit its commit, a
    /// major version that does not fit the path, a branch that is named like a version.
    NoVersion(String),
    /// This name is not served here: an unknown checksum database, an unknown upstream.
    NotServed(String),
    /// No route of this server serves the path: the operator's no.
    NoRoute(String),
    /// The name is private here and is not told to whom it would have to be told: the operator's no.
    Private(String),
    /// Our own checksum database has no records of such modules: of public ones, if it is one for private modules.
    NotRecorded(String),
    /// Records themselves are for auditors: the operator's no to everybody else.
    AuditorsOnly(String),
    /// The key of a checksum database of ours signs no more.
    KeyRetired(String),
    /// The store has no room, and the answer cannot be passed through.
    StoreFull,
    /// The store is in trouble.
    Store(String),
    /// Too much at once; a bound of ours was reached.
    Busy(String),
    /// No checkpoint is shown before enough witnesses have cosigned one, and they have not.
    Unwitnessed(String),
    /// Nothing is served that the audit log cannot take a line of, and it takes none.
    Unaudited,
    /// The server is stopping.
    Stopping,
    /// A fault of ours.
    Internal(String),
}

/// Whose move it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mover {
    /// Whoever runs the go command.
    Client,
    /// Whoever runs this modway.
    Operator,
    /// Whoever runs the upstream.
    Upstream,
    /// Us, the authors.
    Us,
}

impl Reason {
    /// The stable kebab-case code; `docs/reasons.md` has a section for each.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadPath(_) => "bad-path",
            Self::BadMethod => "bad-method",
            Self::NotExist(_) => "not-exist",
            Self::Off => "off",
            Self::Upstream { .. } => "upstream-trouble",
            Self::Mismatch(_) => "checksum-mismatch",
            Self::Unproven(_) => "unproven",
            Self::SumdbLied(_) => "sumdb-lied",
            Self::BadContent(_) => "bad-content",
            Self::NoVersion(_) => "no-version",
            Self::NotServed(_) => "not-served",
            Self::NoRoute(_) => "no-route",
            Self::Private(_) => "private",
            Self::NotRecorded(_) => "not-recorded",
            Self::AuditorsOnly(_) => "auditors-only",
            Self::KeyRetired(_) => "key-retired",
            Self::StoreFull => "store-full",
            Self::Store(_) => "store-trouble",
            Self::Busy(_) => "busy",
            Self::Unwitnessed(_) => "unwitnessed",
            Self::Unaudited => "unaudited",
            Self::Stopping => "stopping",
            Self::Internal(_) => "internal",
        }
    }

    /// Whose move it is.
    pub const fn mover(&self) -> Mover {
        match self {
            Self::BadPath(_) | Self::BadMethod | Self::NotExist(_) | Self::NotServed(_) | Self::NoVersion(_) => Mover::Client,
            Self::NoRoute(_) => Mover::Operator,
            Self::Private(_) | Self::NotRecorded(_) | Self::AuditorsOnly(_) | Self::KeyRetired(_) => Mover::Client,
            Self::Off | Self::StoreFull | Self::Store(_) => Mover::Operator,
            Self::Upstream { hitch, .. } => hitch.mover(),
            Self::Mismatch(_) | Self::Unproven(_) | Self::SumdbLied(_) | Self::BadContent(_) => Mover::Upstream,
            Self::Busy(_) | Self::Unwitnessed(_) | Self::Unaudited | Self::Stopping => Mover::Operator,
            Self::Internal(_) => Mover::Us,
        }
    }

    /// True if the same request may succeed later with nobody changing anything.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Upstream { may_pass, .. } => *may_pass,
            Self::Unproven(_) | Self::Busy(_) | Self::Unwitnessed(_) | Self::Unaudited | Self::Stopping => true,
            Self::Store(_) | Self::StoreFull => true,
            Self::BadPath(_) | Self::BadMethod | Self::NotExist(_) | Self::Off | Self::Mismatch(_) | Self::SumdbLied(_) => false,
            Self::BadContent(_) | Self::NoVersion(_) | Self::NotServed(_) | Self::NoRoute(_) | Self::Private(_) => false,
            Self::NotRecorded(_) | Self::AuditorsOnly(_) | Self::KeyRetired(_) => false,
            Self::Internal(_) => false,
        }
    }

    /// What mends it, as one line that can be followed.
    pub fn fix(&self) -> &'static str {
        if let Self::Upstream { hitch, .. } = self
            && let Some(fix) = hitch.fix()
        {
            return fix;
        }
        match self {
            Self::BadPath(_) => {
                "check the path: the go command writes upper-case letters as !x; tiles of a database are /sumdb/NAME/tile/8/0/000"
            }
            Self::BadMethod => "use GET or HEAD",
            Self::NotExist(_) => "check path and version; a private module needs a route of its own here",
            Self::Off => "take `off` out of the route's list, or fill the store before",
            Self::Upstream { may_pass: true, .. } => {
                "try again; if it lasts, ask whoever runs that upstream, or name another one that has the module"
            }
            Self::Upstream { may_pass: false, .. } => {
                "ask whoever runs that upstream, or check its URL and login in the configuration"
            }
            Self::Mismatch(_) => "do not use this version from that upstream; somebody changed it after it was published",
            Self::Unproven(_) => "if the module is private, name it in GONOSUMDB/GOPRIVATE of this server; else try again later",
            Self::SumdbLied(_) => "do not go on; ask whoever runs the checksum database, keep this text",
            Self::BadContent(_) => "ask the module's author for a version that follows the rules, or another upstream",
            Self::NoVersion(_) => {
                "check path and version: a module in a folder has the folder in its tags, one from v2 on has /vN in its path"
            }
            Self::NotServed(_) => "check name and path; whoever runs this server can name a database in `proxied` of [sumdb]",
            Self::NoRoute(_) => "add a route for this path to the configuration; for /@direct/ its list needs `direct`",
            Self::Private(_) => {
                "set GOSUMDB as `modway sumdb env` prints if this server has a database of its own; else GONOSUMDB, where the go command runs"
            }
            Self::NotRecorded(_) => {
                "name public modules in GONOSUMDB where the go command runs, or set records = \"all\" in [sumdb.private] of this server"
            }
            Self::AuditorsOnly(_) => "send the token of an auditor of [sumdb.private] as `Authorization: Bearer TOKEN`",
            Self::KeyRetired(_) => "set GOSUMDB to the new key; `modway sumdb env` on the server prints it",
            Self::StoreFull => "make room on the disk of this server",
            Self::Store(_) => "look at this server's log and disk",
            Self::Busy(_) => "try again shortly; raise the limit if it happens often",
            Self::Unwitnessed(_) => "this server's log has a line for each silent witness; want fewer with `witness_quorum`",
            Self::Unaudited => "this server's log says why, and its disk may be full; `required` in [audit] is what refuses",
            Self::Stopping => "try again; the server is restarting",
            Self::Internal(_) => "report it with the request id",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadPath(text) | Self::NotServed(text) | Self::Internal(text) => f.write_str(text),
            Self::NoRoute(text) | Self::Private(text) => f.write_str(text),
            Self::NotRecorded(text) | Self::AuditorsOnly(text) | Self::KeyRetired(text) | Self::Unwitnessed(text) => {
                f.write_str(text)
            }
            Self::BadMethod => f.write_str("method not allowed"),
            Self::NotExist(text) if text.is_empty() => f.write_str("not found"),
            Self::NotExist(text) => f.write_str(text),
            Self::Off => f.write_str("module lookup disabled by GOPROXY=off"),
            Self::Upstream { upstream, what, trouble, .. } => write!(f, "reading {what} from {upstream}: {trouble}"),
            Self::Mismatch(text) | Self::Unproven(text) | Self::SumdbLied(text) | Self::BadContent(text) | Self::Busy(text) => {
                f.write_str(text)
            }
            Self::NoVersion(text) => f.write_str(text),
            Self::StoreFull => f.write_str("no space left in the store of this server"),
            Self::Store(text) => write!(f, "the store of this server is in trouble: {text}"),
            Self::Unaudited => f.write_str("the audit log of this server takes no lines, and nothing is served without one"),
            Self::Stopping => f.write_str("this server is stopping"),
        }
    }
}

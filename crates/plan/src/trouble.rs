//! What can go wrong with one upstream, short of "it does not exist".

use std::fmt;

/// Why one upstream gave no usable answer. Never "not found": that is an answer.
///
/// Prints as its own part of a sentence, such as `no first byte within 6s`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The name does not resolve.
    Dns(String),
    /// No TCP connection: refused, unreachable, or not within the connect deadline.
    Connect(String),
    /// The TLS handshake failed, or took longer than its deadline.
    Tls(String),
    /// The forward proxy refused or failed.
    ForwardProxy(String),
    /// The connection ended or was reset before the answer was whole.
    Broken(String),
    /// A deadline of ours passed: which one, and its length in milliseconds.
    Deadline(Deadline, u64),
    /// A status that is neither 200 nor 404/410, with the text that came with it (at most 8 lines).
    Status(u16, String),
    /// The upstream asks us to wait (429 or 503 with `Retry-After`): status and seconds.
    Wait(u16, u64),
    /// A redirect we do not follow: a loop, a downgrade to http, no Location.
    Redirect(String),
    /// The body is not what was asked for: a login page, bad JSON, another version.
    Body(String),
    /// The body is larger than the limit in bytes.
    TooLarge(u64),
    /// The circuit breaker is open: not asked, for that many more seconds.
    Skipped(u64),
    /// This kind of upstream cannot answer such a question, or the configuration forbids it.
    Refused(String),
    /// A version control tool failed, in Go's words where Go has them and its own cleaned ones elsewhere.
    Vcs(String),
    /// Version control says no for good, in Go's words: the commit is there, and is not or cannot be the version asked for.
    NoVersion(String),
    /// The version is there, and its tree cannot be a module zip, in Go's words.
    Tree(String),
}

/// Which of a hop's deadlines passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deadline {
    /// TCP connect.
    Connect,
    /// TLS handshake.
    Tls,
    /// From the request sent to the first byte of the answer.
    FirstByte,
    /// Between two pieces of the body.
    Idle,
    /// The whole exchange, retries included.
    Total,
}

impl Trouble {
    /// The stable name, used as a metric label, in logs, and in an upstream's `step_down` list.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Connect(_) | Self::Deadline(Deadline::Connect, _) => "connect",
            Self::Tls(_) | Self::Deadline(Deadline::Tls, _) => "tls",
            Self::ForwardProxy(_) => "forward-proxy",
            Self::Broken(_) => "broken",
            Self::Deadline(Deadline::FirstByte | Deadline::Idle | Deadline::Total, _) => "timeout",
            Self::Status(..) | Self::Wait(..) => "status",
            Self::Redirect(_) => "redirect",
            Self::Body(_) => "body",
            Self::TooLarge(_) => "too-large",
            Self::Skipped(_) => "skipped",
            Self::Refused(_) => "refused",
            Self::Vcs(_) => "vcs",
            Self::NoVersion(_) => "no-version",
            Self::Tree(_) => "tree",
        }
    }

    /// The HTTP status, if that is what went wrong.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status, _) | Self::Wait(status, _) => Some(*status),
            _ => None,
        }
    }

    /// True if the same question may well be answered a moment later.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Dns(_) | Self::Connect(_) | Self::Tls(_) | Self::ForwardProxy(_) | Self::Broken(_) | Self::Deadline(..) => true,
            Self::Status(status, _) | Self::Wait(status, _) => *status >= 500 || *status == 429 || *status == 408,
            Self::Redirect(_) | Self::Body(_) | Self::TooLarge(_) | Self::Skipped(_) | Self::Refused(_) | Self::Vcs(_) => false,
            Self::NoVersion(_) | Self::Tree(_) => false,
        }
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "no connection",
            Self::Tls => "TLS handshake not finished",
            Self::FirstByte => "no first byte",
            Self::Idle => "nothing more arrived",
            Self::Total => "not finished",
        })
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(cause) => write!(f, "no such host: {cause}"),
            Self::Connect(cause) => write!(f, "cannot connect: {cause}"),
            Self::Tls(cause) => write!(f, "tls: {cause}"),
            Self::ForwardProxy(cause) => write!(f, "proxyconnect: {cause}"),
            Self::Broken(cause) => write!(f, "connection broke: {cause}"),
            Self::Deadline(which, millis) => write!(f, "{which} within {}", Millis(*millis)),
            Self::Status(status, text) if text.is_empty() => write!(f, "status {status}"),
            Self::Status(status, text) => write!(f, "status {status}: {text}"),
            Self::Wait(status, seconds) => write!(f, "status {status}, asks to wait {seconds}s"),
            Self::Redirect(cause) | Self::Body(cause) | Self::Refused(cause) | Self::Vcs(cause) => f.write_str(cause),
            Self::NoVersion(cause) | Self::Tree(cause) => f.write_str(cause),
            Self::TooLarge(limit) => write!(f, "body larger than {limit} bytes"),
            Self::Skipped(seconds) => write!(f, "skipped: it kept failing; asked again in {seconds}s"),
        }
    }
}

struct Millis(u64);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1000) { write!(f, "{}s", self.0 / 1000) } else { write!(f, "{}ms", self.0) }
    }
}

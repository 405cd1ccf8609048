//! What an operator can set of the proxy, checked and typed. `modway/config` makes it; nothing here reads a file or the environment.

mod direct;
mod own;

use std::{fmt, path::PathBuf, time::Duration};

use gomod::{
    goenv::SumdbSetting,
    goproxy::{Entry, GoProxyList, Source},
    pattern::Patterns,
};
pub use plan::Freshness;
use plan::Trouble;

pub use self::{
    direct::{Access, Credential, Direct, Forge},
    own::{Auditor, OwnSumdb, Records},
};
pub use crate::egress::{NoPlace, Place};

/// Everything the proxy is told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// In order; the first whose pattern matches a module path serves it. At least one must match everything.
    pub routes: Vec<Route>,
    /// The upstreams that routes name, or write as URL.
    pub hops: Vec<Hop>,
    /// Checksum databases.
    pub sums: Sums,
    /// How long changing answers live.
    pub freshness: Freshness,
    /// Version control itself.
    pub direct: Direct,
}

/// Which upstreams serve which module paths.
#[derive(Clone, Debug)]
pub struct Route {
    /// For traces and logs.
    pub name: String,
    /// GOPRIVATE-style patterns; `*` matches everything.
    pub patterns: Patterns,
    /// The GOPROXY list; entries name a [`Hop`] by its name or by its URL.
    pub upstreams: GoProxyList,
    /// True if the modules that it serves are private: their names reach nobody but these upstreams, no checksum database of others either.
    pub private: bool,
}

/// The name of version control among the upstreams: the word in a GOPROXY list. No [`Hop`] of [`Settings::hops`] has it.
pub const DIRECT: &str = "direct";

/// The name of the [`Hop`] that an entry of a list means: its own name, or its URL with any password as `xxxxx`; none for `off` and `direct`.
pub fn hop_name(entry: &Entry) -> Option<String> {
    match (&entry.source, &entry.name) {
        (Source::Off | Source::Direct, _) => None,
        (Source::Proxy(_) | Source::File(_), Some(name)) => Some(name.clone()),
        (Source::Proxy(_) | Source::File(_), None) => Some(entry.to_string()),
    }
}

/// One upstream and how patient we are with it. All durations are positive.
#[derive(Clone, Debug)]
pub struct Hop {
    /// The configured name; for an entry written as URL, that URL without credentials.
    pub name: String,
    /// The base URL: http, https or file. Never with credentials.
    pub url: String,
    /// TCP connect, one address.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
    /// From the request sent to the first byte of the answer.
    pub first_byte: Duration,
    /// Between two pieces of a body.
    pub idle: Duration,
    /// A small document, retries included. Zips are bound by `idle` and `total_zip`.
    pub total: Duration,
    /// A whole zip, retries included.
    pub total_zip: Duration,
    /// How often again after trouble that may pass; 0 is once only.
    pub retries: u32,
    /// Which trouble gives way to the next entry although a comma follows.
    pub step_down: Vec<StepDown>,
    /// When to stop asking for a while.
    pub breaker: Breaker,
    /// Who we are to this upstream.
    pub login: Login,
    /// PEM bundles trusted besides the system's, for this upstream only.
    pub ca_files: Vec<PathBuf>,
    /// How to reach it.
    pub forward_proxy: ForwardProxy,
}

/// Trouble that gives way at a comma.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StepDown {
    /// One status, such as 429.
    Status(u16),
    /// All of 500 to 599.
    ServerErrors,
    /// One kind of [`Trouble`], by its code: `timeout`, `tls`, `connect`, `dns`, `broken`, `body`, `forward-proxy`.
    Kind(String),
}

impl StepDown {
    /// True if `trouble` is of this kind.
    pub fn covers(&self, trouble: &Trouble) -> bool {
        match self {
            Self::Status(status) => trouble.status() == Some(*status),
            Self::ServerErrors => trouble.status().is_some_and(|status| (500..600).contains(&status)),
            Self::Kind(code) => trouble.code() == code,
        }
    }
}

impl fmt::Display for StepDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "{status}"),
            Self::ServerErrors => f.write_str("5xx"),
            Self::Kind(code) => f.write_str(code),
        }
    }
}

/// A circuit breaker: after `failures` in a row the hop is skipped for `pause`, then asked by one request first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Breaker {
    /// Failures in a row that open it; 0 never opens.
    pub failures: u32,
    /// How long it stays open.
    pub pause: Duration,
}

/// Who we are to an upstream. Sent over https, or to loopback, only; never to another host, never along a redirect to one.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Login {
    /// Nobody.
    #[default]
    None,
    /// User and password.
    Basic(String, Secret),
    /// `Authorization: Bearer`.
    Bearer(Secret),
}

/// A secret: never printed.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    /// Wraps it.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Basic(user, _) => write!(f, "Basic({user:?}, (secret))"),
            Self::Bearer(_) => f.write_str("Bearer((secret))"),
        }
    }
}

/// How to reach an upstream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ForwardProxy {
    /// Directly.
    Direct,
    /// As HTTPS_PROXY, HTTP_PROXY and NO_PROXY say, with Go's rules; loopback hosts are reached directly. The values, as read by `config`.
    Env {
        /// HTTP_PROXY. May hold a login.
        http: Secret,
        /// HTTPS_PROXY. May hold a login.
        https: Secret,
        /// NO_PROXY.
        no: String,
    },
    /// Through this `http://[user:password@]host:port` always.
    Url(Secret),
}

/// Checksum databases.
#[derive(Clone, Debug)]
pub struct Sums {
    /// The one that vouches: GOSUMDB.
    pub database: SumdbSetting,
    /// GONOSUMDB: modules that it is not asked about, besides those of private routes.
    pub waived: Patterns,
    /// Others that are proxied at `/sumdb/NAME/`, besides the one above: their settings (key and URL).
    pub proxied: Vec<SumdbSetting>,
    /// Further origins of these databases, in the order in which they are asked: each with the key of one and a URL of its own.
    pub origins: Vec<SumdbSetting>,
    /// How the databases are reached.
    pub hop: Hop,
    /// The one of our own, if there is one.
    pub own: Option<OwnSumdb>,
}

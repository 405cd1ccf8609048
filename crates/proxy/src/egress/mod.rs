//! The one way out of direct mode: our own requests, and those of the children that speak to a repository.
//!
//! It knows which place a URL belongs to and what may be done there: which addresses, which certificates, who we are. A child gets a
//! [`Pass`], a way to its one remote through our gateway on loopback, and never sees an address, a certificate or a login.
//!
//! Promises: what is connected to was judged; a login is sent over verified https (or to loopback) to its own place only and never along a
//! redirect that leaves it; every wait, queue and body has its bound.

use std::{fmt, sync::Arc};

use http::{HeaderMap, StatusCode};
use plan::Trouble;
use url::Url;

use self::{exchange::Exchanger, gateway::Gateway};
pub use self::{
    gateway::Pass,
    login::Kind,
    place::{NoPlace, Place},
    ssh::SshWay,
};
use crate::{
    client::{Answer, Resolve, Roots, SystemResolver},
    settings::{Direct, Forge},
};

mod place;

mod exchange;
mod follow;
mod origin;
mod way;

mod login;

mod check;
mod gateway;
mod ssh;

/// The way out. Cheap to clone; holds connections, kept logins and the gateway.
///
/// Needs a tokio runtime as soon as it is asked for anything.
#[derive(Clone)]
pub struct Egress(Arc<Inner>);

struct Inner {
    exchanger: Arc<Exchanger>,
    gateway: Gateway,
}

impl Egress {
    /// Makes it ready. Reads no file and connects to nothing: files are read when they are needed, so that a rotation needs no restart.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for a place or a forward proxy that is not understood, or a login that no header can carry.
    pub fn new(direct: &Direct, roots: &Roots) -> Result<Self, Trouble> {
        Self::with_resolver(direct, roots, Arc::new(SystemResolver))
    }

    /// The same, with names resolved by `resolver`.
    ///
    /// # Errors
    /// As [`Egress::new`].
    pub fn with_resolver(direct: &Direct, roots: &Roots, resolver: Arc<dyn Resolve>) -> Result<Self, Trouble> {
        let exchanger = Arc::new(Exchanger::new(direct, roots, resolver)?);
        Ok(Self(Arc::new(Inner { gateway: Gateway::new(Arc::clone(&exchanger)), exchanger })))
    }

    /// Judges scheme, place and spelling, before anything is opened. What it permits may still turn out to have an address that it must not have.
    ///
    /// # Errors
    /// [`Trouble::Refused`], naming the rule and the setting that would change it.
    pub fn permits(&self, url: &Url) -> Result<(), Trouble> {
        self.0.exchanger.permits(url, Insecure::No).map(|_| ())
    }

    /// GETs `url` with the login of its place, and follows redirects. With `insecure` (GOINSECURE) any certificate is believed and plain http is
    /// fine, but no login is sent.
    ///
    /// # Errors
    /// As [`Egress::permits`]; [`Trouble::Wait`] while the origin has asked us to wait; [`Trouble::Redirect`]; whatever goes wrong on the way. A
    /// status is no error.
    pub async fn get(&self, url: &Url, headers: &HeaderMap, insecure: bool) -> Result<Answer, Trouble> {
        let insecure = if insecure { Insecure::Yes } else { Insecure::No };
        self.0.exchanger.get(url, headers, insecure).await
    }

    /// True if the rule for `url` lets its host have an address that is not public.
    pub fn inside(&self, url: &Url) -> bool {
        let places = &self.0.exchanger.places;
        places.access(places.find(url)).is_some_and(|access| access.private_addresses)
    }

    /// Which forge the host of `url` is, if the rule for it says so.
    pub fn forge(&self, url: &Url) -> Option<Forge> {
        let places = &self.0.exchanger.places;
        places.access(places.find(url))?.forge
    }

    /// GETs a forge's API at `url`, as whoever we are at `repository`: its host's API takes the same login, but as a token. Redirects are not
    /// followed. `url` must be at the repository's own host and port.
    ///
    /// # Errors
    /// As [`Egress::get`]; [`Trouble::Refused`] for a URL at another host.
    pub async fn api(&self, repository: &Url, url: &Url, headers: &HeaderMap) -> Result<Answer, Trouble> {
        self.0.exchanger.api(repository, url, headers).await
    }

    /// A way to `remote` for one child, until it is dropped.
    ///
    /// # Errors
    /// As [`Egress::permits`]; [`Trouble::Wait`] while the origin has asked us to wait; for ssh: no key, no known_hosts, or an address that must
    /// not be; an `Io` kind of trouble if the gateway cannot listen.
    pub async fn pass(&self, remote: &Url) -> Result<Pass, Trouble> {
        self.0.gateway.pass(remote).await
    }

    /// Asks `url` once, as [`Egress::get`] would first do, and tells which place and which kind of login were used and what the host said.
    pub async fn check(&self, url: &Url) -> AuthReport {
        check::check(&self.0.exchanger, url).await
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Egress")
    }
}

/// Whether GOINSECURE covers a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Insecure {
    /// It does not: verified https, or what the place allows.
    No,
    /// It does.
    Yes,
}

/// Who we would be at a URL, and what the host says to that. Shows no secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthReport {
    /// The URL asked, without credentials.
    pub url: String,
    /// The `place` of the rule that applies, as configured; `None` if the host has no rule.
    pub place: Option<String>,
    /// Which kind of credential the rule has.
    pub credential: Kind,
    /// What became of the credential: sent, not found, why not sent.
    pub login: LoginUse,
    /// The address connected to; `None` behind a forward proxy, where only the spelling of a host can be judged, and if there was no connection.
    pub address: Option<std::net::SocketAddr>,
    /// What the host said, or why it could not be asked. For ssh nothing is asked: `None`.
    pub said: Option<Result<StatusCode, Trouble>>,
}

/// What became of a credential.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LoginUse {
    /// There is none for this URL.
    None,
    /// It was sent.
    Sent,
    /// It is configured, but there was nothing to send: no entry in the netrc file, no installation of the app, …
    Missing(String),
    /// It could not be read or made.
    Failed(Trouble),
}

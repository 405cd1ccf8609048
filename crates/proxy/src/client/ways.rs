//! How somebody of this machine reaches servers: which forward proxy, whose certificates. For those who make connections of their own.

use std::sync::Arc;

use http::HeaderValue;
use plan::Trouble;
use rustls::ClientConfig;

use super::{
    forward::{Forward, Proxy},
    trust::{Belief, Proofs, Roots, Trust},
};
use crate::settings::ForwardProxy;

/// The forward proxies and the trust of a user, ready to be asked. Connects to nobody itself.
///
/// The same rules as for the server's own hops, so that what is measured on this way is what the server, and Go, would meet.
pub struct Ways {
    forward: Forward,
    trust: Trust,
}

/// One forward proxy on the way.
#[derive(Clone, Debug)]
pub struct Between {
    /// Its name or address, without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// True if it is spoken to over TLS.
    pub secure: bool,
    /// `Proxy-Authorization`, marked as sensitive; for this proxy alone.
    pub login: Option<HeaderValue>,
}

impl Ways {
    /// The ways through `forward` to servers that `roots` vouch for.
    ///
    /// # Errors
    /// [`Trouble::Refused`] for a forward proxy that is no http or https URL; [`Trouble::Tls`] for certificates that cannot be read.
    pub fn new(roots: &Roots, forward: &ForwardProxy) -> Result<Self, Trouble> {
        let trust = roots.trust(&Proofs { ca_files: &[], ours: None, belief: Belief::Verified })?;
        Ok(Self { forward: Forward::new(forward)?, trust })
    }

    /// The forward proxy between us and `host` at `port`, by Go's rules for NO_PROXY; none for loopback hosts.
    pub fn between(&self, secure: bool, host: &str, port: u16) -> Option<Between> {
        let Proxy { host, port, secure, login } = self.forward.between(secure, host, port)?.clone();
        Some(Between { host, port, secure, login })
    }

    /// For TLS with an origin, HTTP/2 if it offers it.
    pub fn origin(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.trust.origin)
    }

    /// For TLS with a forward proxy.
    pub fn proxy(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.trust.proxy)
    }
}

//! A way for one child to one remote.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use plan::Trouble;
use url::Url;

use super::{Door, Passes, Task, bound::Bound};
use crate::egress::ssh::SshWay;

/// A way for one child to one remote, valid until it is dropped.
pub struct Pass {
    url: String,
    proxy: String,
    port: u16,
    ssh: Option<SshWay>,
    noted: Noted,
    _valid: Option<Valid>,
    _relay: Option<Task>,
}

/// The first trouble on the way: what came after followed from it.
#[derive(Clone, Default)]
pub(super) struct Noted(Arc<Mutex<Option<Trouble>>>);

/// A token, valid until this is dropped.
pub(super) struct Valid {
    pub(super) name: String,
    pub(super) passes: Arc<Passes>,
    /// The gateway stays open for it.
    pub(super) _door: Arc<Door>,
}

impl Pass {
    pub(super) fn by_http(url: String, port: u16, proxy: String, bound: Arc<Bound>, valid: Valid) -> Self {
        Self { url, proxy, port, ssh: None, noted: bound.noted.clone(), _valid: Some(valid), _relay: None }
    }

    pub(super) fn by_ssh(remote: &Url, way: SshWay) -> Self {
        let (noted, port) = (Noted::default(), way.address.port());
        Self { url: remote.to_string(), proxy: String::new(), port, ssh: Some(way), noted, _valid: None, _relay: None }
    }

    pub(super) fn by_relay(url: String, port: u16, noted: Noted, relay: Task) -> Self {
        Self { url, proxy: String::new(), port, ssh: None, noted, _valid: None, _relay: Some(relay) }
    }

    /// The remote as the child is told: `http://HOST[:PORT]/path` for http and https; the remote itself for ssh; a port of ours on loopback
    /// for `git` and `svn`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The child's forward proxy, `http://NAME:SECRET@127.0.0.1:PORT`; empty if it needs none. To be told where other users cannot read it: in an
    /// environment or a file, not among arguments.
    pub fn proxy(&self) -> &str {
        &self.proxy
    }

    /// The only TCP port that the child needs to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The files that the child must be able to read on its way: ssh's key and host keys.
    pub fn reads(&self) -> Vec<PathBuf> {
        self.ssh.iter().flat_map(|way| [way.key.clone(), way.known_hosts.clone()]).collect()
    }

    /// How ssh is to be called, if that is the way.
    pub fn ssh(&self) -> Option<&SshWay> {
        self.ssh.as_ref()
    }

    /// What went wrong first on the way to the remote, as the gateway saw it. To be asked when the child has failed: a child may cope with some of it.
    pub fn trouble(&self) -> Option<Trouble> {
        self.noted.first()
    }
}

/// Only where it leads: the proxy's URL holds the token.
impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pass({})", self.url)
    }
}

impl Drop for Valid {
    fn drop(&mut self) {
        self.passes.remove(&self.name);
    }
}

impl Noted {
    pub(super) fn note(&self, trouble: Trouble) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
    }

    pub(super) fn first(&self) -> Option<Trouble> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

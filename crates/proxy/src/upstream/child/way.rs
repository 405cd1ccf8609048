//! How a child gets to its remote: never by itself.

use std::{io::Write as _, path::PathBuf};

use async_trait::async_trait;
use plan::Trouble;
use tempfile::NamedTempFile;
use url::Url;

use crate::egress::{Egress, Pass};

/// Gives children their ways. The egress component does; tests have their own.
#[async_trait]
pub trait Way: Send + Sync {
    /// A way to `remote` for one child, until it is dropped.
    ///
    /// # Errors
    /// Why there is none: a scheme, a place or an address that must not be.
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble>;
}

/// A way to one remote.
pub trait Passage: Send + Sync {
    /// The remote as the child is told.
    fn url(&self) -> &str;

    /// The HTTP forward proxy that the child speaks to; empty if it needs none.
    fn proxy(&self) -> &str;

    /// The ports that the child may connect to.
    fn ports(&self) -> Vec<u16>;

    /// Variables that the child needs for this way, besides those of the proxy.
    fn variables(&self) -> Vec<(&'static str, String)>;

    /// Files that the child must read for this way.
    fn reads(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What went wrong on the way, as its guardian saw it: better than the tool's own words.
    fn trouble(&self) -> Option<Trouble>;
}

#[async_trait]
impl Way for Egress {
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble> {
        let url = Url::parse(remote).map_err(|error| Trouble::Refused(format!("{remote}: {error}")))?;
        let pass = Egress::pass(self, &url).await?;
        let ssh = pass.ssh().map(|way| written(&way.config())).transpose();
        let ssh = ssh.map_err(|error| Trouble::Refused(format!("ssh needs a file for its settings: {error}")))?;
        Ok(Box::new(Out { pass, ssh }))
    }
}

/// A pass of the egress.
struct Out {
    pass: Pass,
    /// The settings of ssh, in place of the user's and the system's. Gone with the way.
    ssh: Option<NamedTempFile>,
}

impl Passage for Out {
    fn url(&self) -> &str {
        self.pass.url()
    }

    fn proxy(&self) -> &str {
        self.pass.proxy()
    }

    fn ports(&self) -> Vec<u16> {
        if let Some(way) = self.pass.ssh() {
            return vec![way.address.port()];
        }
        let led = if self.proxy().is_empty() { self.url() } else { self.proxy() };
        Url::parse(led).ok().and_then(|url| url.port_or_known_default()).into_iter().collect()
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        let Some(file) = &self.ssh else { return Vec::new() };
        // A shell reads this; a single quote cannot end what it begins.
        let quoted = file.path().to_string_lossy().replace('\'', "'\\''");
        let command = format!("ssh -F '{quoted}'");
        vec![("GIT_SSH_COMMAND", command.clone()), ("GIT_SSH_VARIANT", "ssh".to_owned()), ("SVN_SSH", command)]
    }

    fn reads(&self) -> Vec<PathBuf> {
        let files = self.pass.ssh().map(|way| [way.key.clone(), way.known_hosts.clone()]).into_iter().flatten();
        files.chain(self.ssh.as_ref().map(|file| file.path().to_owned())).collect()
    }

    fn trouble(&self) -> Option<Trouble> {
        self.pass.trouble()
    }
}

/// A file for this user's eyes, with `text` in it.
fn written(text: &str) -> std::io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

//! How a child gets to its remote: never by itself.

use std::{io::Write as _, path::PathBuf};

use async_trait::async_trait;
use plan::Trouble;
use tempfile::NamedTempFile;
use url::Url;

use crate::egress::{Egress, Pass, SshWay};

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

    /// The command that is ssh on this way, for a shell; `None` if this is no way of ssh. For tools that do not look among the variables.
    fn ssh(&self) -> Option<&str> {
        None
    }

    /// What the operator has to know when a tool says this: which file of which place it is about.
    fn remark(&self, _said: &str) -> Option<String> {
        None
    }

    /// What went wrong on the way, as its guardian saw it: better than the tool's own words.
    fn trouble(&self) -> Option<Trouble>;
}

#[async_trait]
impl Way for Egress {
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble> {
        let url = Url::parse(remote).map_err(|error| Trouble::Refused(format!("{remote}: {error}")))?;
        let pass = Egress::pass(self, &url).await?;
        let ssh = pass.ssh().map(Ssh::new).transpose();
        let ssh = ssh.map_err(|error| Trouble::Refused(format!("ssh needs a file for its settings: {error}")))?;
        Ok(Box::new(Out { pass, ssh }))
    }
}

/// A pass of the egress.
struct Out {
    pass: Pass,
    ssh: Option<Ssh>,
}

/// How ssh is called.
struct Ssh {
    /// The settings, in place of the user's and the system's. Gone with the way.
    settings: NamedTempFile,
    command: String,
}

impl Ssh {
    fn new(way: &SshWay) -> std::io::Result<Self> {
        let settings = written(&way.config())?;
        // A shell reads this; a single quote cannot end what it begins.
        let quoted = settings.path().to_string_lossy().replace('\'', "'\\''");
        Ok(Self { settings, command: format!("ssh -F '{quoted}'") })
    }
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
        let Some(Ssh { command, .. }) = &self.ssh else { return Vec::new() };
        vec![("GIT_SSH_COMMAND", command.clone()), ("GIT_SSH_VARIANT", "ssh".to_owned()), ("SVN_SSH", command.clone())]
    }

    fn reads(&self) -> Vec<PathBuf> {
        let files = self.pass.ssh().map(|way| [way.key.clone(), way.known_hosts.clone()]).into_iter().flatten();
        files.chain(self.ssh.as_ref().map(|ssh| ssh.settings.path().to_owned())).collect()
    }

    fn ssh(&self) -> Option<&str> {
        self.ssh.as_ref().map(|ssh| ssh.command.as_str())
    }

    fn remark(&self, said: &str) -> Option<String> {
        let way = self.pass.ssh()?;
        let rule = format!("of the [[direct.access]] with place {:?}", way.place);
        if said.contains("Host key verification failed") {
            let pinned = way.known_hosts.display();
            Some(format!(
                "the host's key is not one of those in {pinned}, the known_hosts_file {rule}: compare before it is changed"
            ))
        } else if said.contains("Permission denied") {
            Some(format!("the host does not know {}, the ssh_key_file {rule}, for {:?}", way.key.display(), way.user))
        } else {
            None
        }
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

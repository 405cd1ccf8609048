//! How ssh reaches a remote: by an address that was judged, with a key and host keys of ours and nothing of the machine's.

use std::{fmt::Write as _, net::SocketAddr, path::PathBuf};

use plan::Trouble;
use url::Url;

use super::{
    exchange::Exchanger,
    place::{self, At},
};
use crate::{client::Belief, settings::Credential};

/// Everything ssh needs to be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SshWay {
    /// The remote's host, as the child's URL has it.
    pub host: String,
    /// The user to log in as; `git` if the URL names none.
    pub user: String,
    /// The place whose rule this is, as the configuration has it.
    pub place: String,
    /// The address that was judged; ssh must not resolve again.
    pub address: SocketAddr,
    /// The private key's file.
    pub key: PathBuf,
    /// The file in which the host's keys are pinned.
    pub known_hosts: PathBuf,
    /// TCP connect, in whole seconds, at least 1.
    pub connect_seconds: u64,
}

impl SshWay {
    /// The text of a configuration file for `ssh -F FILE`: it replaces those of the user and of the system.
    ///
    /// A host at another port than 22 is pinned as `[host]:port`, as known_hosts files have it.
    pub fn config(&self) -> String {
        let alias = match self.address.port() {
            22 => self.host.clone(),
            port => format!("[{}]:{port}", self.host),
        };
        let mut text = String::from("Host *\n");
        for (key, value) in [
            ("HostName", self.address.ip().to_string()),
            ("Port", self.address.port().to_string()),
            ("User", self.user.clone()),
            ("HostKeyAlias", alias),
            ("IdentityFile", quoted(&self.key)),
            ("UserKnownHostsFile", quoted(&self.known_hosts)),
            ("ConnectTimeout", self.connect_seconds.to_string()),
        ] {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {key} {value}");
        }
        for line in FIXED {
            let _ = writeln!(text, "  {line}");
        }
        text
    }
}

/// Nothing is asked, learned, forwarded or taken from elsewhere.
const FIXED: [&str; 17] = [
    "BatchMode yes",
    "CheckHostIP no",
    "ClearAllForwardings yes",
    "ForwardAgent no",
    "ForwardX11 no",
    "GlobalKnownHostsFile none",
    "GSSAPIAuthentication no",
    "HostbasedAuthentication no",
    "IdentitiesOnly yes",
    "IdentityAgent none",
    "KbdInteractiveAuthentication no",
    "PasswordAuthentication no",
    "PermitLocalCommand no",
    "PreferredAuthentications publickey",
    "StrictHostKeyChecking yes",
    "UpdateHostKeys no",
    "VerifyHostKeyDNS no",
];

/// The way to `remote`, whose place is `at`.
///
/// # Errors
/// [`Trouble::Refused`] without a key and host keys, for a host or user that ssh would read as something else, and for an address that must
/// not be; [`Trouble::Dns`].
pub(super) async fn way(exchanger: &Exchanger, at: At, remote: &Url) -> Result<SshWay, Trouble> {
    let host = place::host(remote).unwrap_or_default();
    let access = exchanger.places.access(at).map(|access| (&access.credential, access.place.clone()));
    let Some((Credential::Ssh(key, known_hosts), place)) = access else {
        return Err(Trouble::Refused(format!("no ssh key for {host}: its place needs a key file and a known_hosts file")));
    };
    for file in [key, known_hosts] {
        if let Err(cause) = tokio::fs::metadata(file).await {
            return Err(Trouble::Refused(format!("ssh file {}: {cause}", file.display())));
        }
    }
    let user = if remote.username().is_empty() { "git" } else { remote.username() };
    if !word(&host) || !word(user) {
        return Err(Trouble::Refused(format!("{host} is not asked by ssh: its name or its user's is no plain word")));
    }
    let reach = exchanger.way(at, Belief::Verified)?;
    let ip = reach.reach().address(&host).await?;
    let address = SocketAddr::new(ip, place::port(remote).unwrap_or(22));
    let (user, key, known_hosts) = (user.to_owned(), key.clone(), known_hosts.clone());
    let connect_seconds = exchanger.patience.connect.as_secs().max(1);
    Ok(SshWay { host, user, place, address, key, known_hosts, connect_seconds })
}

/// True for what ssh can only take literally: neither an option nor a pattern, nor a token of its configuration.
fn word(text: &str) -> bool {
    !text.starts_with('-') && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._:".contains(c))
}

/// A file's name in quotes; ssh expands `%`, and `~` only at the beginning of what is not absolute.
fn quoted(file: &std::path::Path) -> String {
    format!("\"{}\"", file.display().to_string().replace('%', "%%"))
}

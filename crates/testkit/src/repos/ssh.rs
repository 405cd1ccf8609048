//! A real sshd on loopback that serves repositories, with keys of its own and nothing of the machine's.

use std::{
    fs,
    net::SocketAddr,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

use super::git::run;

/// OpenSSH's `sshd` for git and Mercurial repositories. Stops when dropped.
///
/// Shape: one `sshd -i` for each connection, as inetd does, so that the port is free and known. It runs as the user of the tests and lets in
/// that user with `key` only; it offers a password, too, so that whoever asks for one shows. All that may be run there is a repository's
/// own server.
#[derive(Debug)]
pub struct SshServer {
    root: TempDir,
    address: SocketAddr,
    user: String,
    task: JoinHandle<()>,
}

/// What stands in the server's configuration besides its files. No PAM: it would want the machine's.
const FIXED: &str = "StrictModes no\nUsePAM no\nPermitRootLogin yes\nPubkeyAuthentication yes\nPasswordAuthentication yes\n\
    PermitUserRC no\nPrintMotd no\nPidFile none\nLogLevel VERBOSE\n\
    SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null HGRCPATH=\n";

/// Runs a repository's server. Paths are below the folder of the script, whatever they begin with.
const FORCED: &str = "#!/bin/sh\neval \"set -- $SSH_ORIGINAL_COMMAND\"\ncd \"$(dirname \"$0\")/served\" || exit 90\n\
    case $1 in\ngit-upload-pack) exec git upload-pack \".$2\";;\nhg) exec hg -R \"./$3\" serve --stdio;;\nesac\n\
    echo \"not served: $*\" >&2\nexit 91\n";

impl SshServer {
    /// Starts one; `None` on a machine without `sshd`.
    pub async fn start() -> Option<Self> {
        let sshd = sshd()?;
        let root = TempDir::new().expect("a temporary folder");
        fs::create_dir(root.path().join("served")).expect("the folder is ours");
        let user = run(Command::new("id").arg("-un"), &[]);
        if user == "root" {
            // Where root's sshd locks itself up; a service manager makes it elsewhere.
            fs::create_dir_all("/run/sshd").expect("we are root");
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let config = root.path().join("config");
        fs::write(&config, configuration(root.path())).expect("the folder is ours");
        fs::write(root.path().join("forced"), FORCED).expect("the folder is ours");
        let log = root.path().join("log");
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let stream = stream.into_std().and_then(|stream| stream.set_nonblocking(false).map(|()| stream));
                attend(&sshd, &config, &log, stream.expect("a socket").into());
            }
        });
        let server = Self { root, address, user, task };
        server.make_key("key");
        server.change_host_key();
        fs::copy(server.root.path().join("key.pub"), server.root.path().join("authorized")).expect("the folder is ours");
        Some(server)
    }

    /// Its base URL with the user, by address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("ssh://{}@{}", self.user, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves the repository in `folder` as `/name`.
    pub fn serve(&self, name: &str, folder: &Path) {
        std::os::unix::fs::symlink(folder, self.root.path().join("served").join(name)).expect("the folder is ours");
    }

    /// The private key that is let in.
    pub fn key(&self) -> PathBuf {
        self.root.path().join("key")
    }

    /// A private key that nobody knows.
    pub fn make_key(&self, name: &str) -> PathBuf {
        let file = self.root.path().join(name);
        run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"]).arg(&file), &[]);
        file
    }

    /// Gives the host another key: what was known of it is wrong from now on.
    pub fn change_host_key(&self) {
        for old in ["host", "host.pub"] {
            // There is none at first.
            drop(fs::remove_file(self.root.path().join(old)));
        }
        self.make_key("host");
    }

    /// The line of known_hosts for the key that the host has now.
    pub fn known_hosts(&self) -> String {
        let key = fs::read_to_string(self.root.path().join("host.pub")).expect("it was made");
        format!("[{}]:{} {key}", self.address.ip(), self.address.port())
    }

    /// What the server said of its connections so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.root.path().join("log")).unwrap_or_default()
    }
}

impl Drop for SshServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The server, which wants to be called by its whole name, and lies where only root's PATH leads.
fn sshd() -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(["/usr/sbin", "/usr/local/sbin"]);
    folders.map(|folder| Path::new(folder).join("sshd")).find(|file| file.is_absolute() && file.exists())
}

fn configuration(root: &Path) -> String {
    let root = root.display();
    format!("HostKey {root}/host\nAuthorizedKeysFile {root}/authorized\nForceCommand /bin/sh {root}/forced\n{FIXED}")
}

/// Hands a connection to an sshd of its own, which ends with it.
fn attend(sshd: &Path, config: &Path, log: &Path, stream: OwnedFd) {
    let log = fs::File::options().create(true).append(true).open(log).expect("the folder is ours");
    let mut command = tokio::process::Command::new(sshd);
    command.args(["-i", "-e", "-f"]).arg(config).stderr(log);
    command.stdin(Stdio::from(stream.try_clone().expect("a socket"))).stdout(Stdio::from(stream));
    // The runtime reaps it.
    drop(command.spawn().expect("it was found"));
}

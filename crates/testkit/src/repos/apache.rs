//! Subversion over HTTP, as most of its servers are: Apache with mod_dav_svn.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::Workshop;

const PROGRAM: &str = "/usr/sbin/apache2";
const MODULES: &str = "/usr/lib/apache2/modules";

/// Serves a Subversion repository over HTTP. Ends with its owner.
#[derive(Debug)]
pub struct ApacheServer {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl ApacheServer {
    /// Serves it as `/svn/lib`; `None` if Apache or its module is not installed, so that a test can say that it is skipped.
    ///
    /// # Panics
    /// When it is installed and does not start.
    pub fn start(workshop: &Workshop) -> Option<Self> {
        if !Path::new(PROGRAM).exists() || !Path::new(MODULES).join("mod_dav_svn.so").exists() {
            return None;
        }
        // It leaves the superuser behind, and must still read.
        let store = workshop.store();
        open(&store);
        open(store.parent().expect("it is in a folder"));
        (0..8).find_map(|_| Self::attempt(&store)).or_else(|| panic!("apache2 does not start"))
    }

    /// Its URL, by address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}/svn/lib", self.address)
    }

    /// On a port that was free a moment ago: it does not say which one it takes, so it must be told.
    fn attempt(store: &Path) -> Option<Self> {
        let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
        let folder = TempDir::new().expect("a temporary folder");
        let (place, store) = (folder.path().display(), store.display());
        let load = |module: &str| format!("LoadModule {module}_module {MODULES}/mod_{module}.so\n");
        let modules: String = ["mpm_prefork", "authz_core", "dav", "dav_svn"].iter().map(|module| load(module)).collect();
        let text = format!(
            "ServerRoot {place}\nServerName localhost\nPidFile {place}/pid\nListen {address}\nErrorLog {place}/log\nMutex posixsem\nUser www-data\nGroup www-data\n{modules}<Location /svn/lib>\nDAV svn\nSVNPath {store}\nRequire all granted\n</Location>\n"
        );
        std::fs::write(folder.path().join("conf"), text).expect("the folder is ours");
        let mut command = Command::new(PROGRAM);
        command
            .arg("-X")
            .arg("-f")
            .arg(folder.path().join("conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut server = Self { child: command.spawn().expect("it is installed"), address, _folder: folder };
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end && matches!(server.child.try_wait(), Ok(None)) {
            if TcpStream::connect(address).is_ok() {
                return Some(server);
            }
            thread::yield_now();
        }
        None
    }
}

impl Drop for ApacheServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Lets everyone read `path` and what is below it.
fn open(path: &Path) {
    let about = path.symlink_metadata().expect("it is there");
    let mode = about.permissions().mode() | if about.is_dir() { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("it is ours");
    if about.is_dir() {
        std::fs::read_dir(path).expect("it is ours").for_each(|entry| open(&entry.expect("it is ours").path()));
    }
}

//! The servers on loopback that failures come from. They live as long as the test.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use rustls::ServerConfig;
use tempfile::TempDir;
use testkit::{
    faults::Play,
    modules::Module,
    repos::GitServer,
    sumdb::{Lie, Sumdb},
    tls::{Ca, Leaf},
    world::{ForwardProxy, World},
};

/// The version that everybody asks for.
pub(crate) const VERSION: &str = "v1.0.0";

/// Everything that is asked.
pub(crate) struct Worlds {
    /// A proxy over plain http that answers what it was told to.
    pub(crate) proxy: World,
    /// A proxy over TLS, whose authority [`Worlds::trusting`] trusts.
    pub(crate) secure: World,
    /// Hosts of modules: pages and git repositories, over https.
    pub(crate) host: GitServer,
    /// The same, for those who log in.
    pub(crate) locked: GitServer,
    /// Nobody listens there.
    pub(crate) closed: SocketAddr,
    root: TempDir,
    kept: Mutex<Vec<Box<dyn std::any::Any + Send>>>,
    host_front: ForwardProxy,
    locked_front: ForwardProxy,
    _bound: tokio::net::TcpSocket,
}

impl Worlds {
    pub(crate) async fn start() -> Self {
        let (ca, root) = (Ca::new(), TempDir::new().expect("a temporary folder"));
        let host = GitServer::start(true, None).await;
        let locked = GitServer::start(true, Some(("user", "secret"))).await;
        let names = ["127.0.0.1", "localhost", "proxy.test"];
        let secure = World::with_tls(ca.leaf(&names).server(&["http/1.1"])).await;
        let all = [ca.pem(), host.ca_pem(), locked.ca_pem()].concat();
        std::fs::write(root.path().join("ca.pem"), all).expect("the folder is ours");
        // git's library looks an authority up by its name, and all of ours have the same: one file for each.
        std::fs::write(root.path().join("host.pem"), host.ca_pem()).expect("the folder is ours");
        std::fs::write(root.path().join("locked.pem"), locked.ca_pem()).expect("the folder is ours");
        let bound = tokio::net::TcpSocket::new_v4().expect("a socket");
        bound.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("some port is free");
        Self {
            proxy: World::start().await,
            secure,
            host_front: ForwardProxy::start(host.address(), None).await,
            locked_front: ForwardProxy::start(locked.address(), None).await,
            host,
            locked,
            closed: bound.local_addr().expect("it is bound"),
            root,
            kept: Mutex::default(),
            _bound: bound,
        }
    }

    /// A GOPROXY of its own below the proxy, where `file` of [`VERSION`] of example.test/m is answered so; without it, all is 404.
    pub(crate) fn at(&self, name: &str, file: &str, play: Play) -> String {
        self.proxy.on(&format!("/{name}/example.test/m/@v/{file}"), [play]);
        format!("{}/{name}", self.proxy.url())
    }

    /// A GOPROXY of its own that serves this module.
    pub(crate) fn serving(&self, name: &str, modules: &[&Module]) -> String {
        for module in modules {
            self.proxy.on(&format!("/{name}{}", module.url("info")), [Play::ok(module.info.clone())]);
            self.proxy.on(&format!("/{name}{}", module.url("mod")), [Play::ok(module.go_mod.clone())]);
            self.proxy.on(&format!("/{name}{}", module.url("zip")), [Play::ok(module.zip.clone())]);
        }
        format!("{}/{name}", self.proxy.url())
    }

    /// The bundle of all authorities.
    pub(crate) fn ca(&self) -> String {
        self.path("ca.pem")
    }

    /// A path below the worlds' own folder.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder().join(name).to_str().expect("temporary folders have plain names").to_owned()
    }

    fn folder(&self) -> PathBuf {
        self.root.path().to_owned()
    }

    /// Settings of direct mode in which every host is the host of modules, trusted by Go and by git.
    pub(crate) fn direct(&self) -> Vec<(&'static str, String)> {
        let mut settings = self.untrusting();
        settings.extend([("SSL_CERT_FILE", self.ca()), ("GIT_SSL_CAINFO", self.path("host.pem"))]);
        settings
    }

    /// The same, trusted by nobody.
    pub(crate) fn untrusting(&self) -> Vec<(&'static str, String)> {
        vec![("GOPROXY", "direct".into()), ("HTTPS_PROXY", self.host_front.url()), ("GOINSECURE", String::new())]
    }

    /// [`Worlds::direct`] where every host wants a login.
    pub(crate) fn direct_locked(&self) -> Vec<(&'static str, String)> {
        let mut settings = self.direct();
        settings.extend([("HTTPS_PROXY", self.locked_front.url()), ("GIT_SSL_CAINFO", self.path("locked.pem"))]);
        settings
    }

    /// Settings under which every host is at `target`, and this machine's authorities and ours are trusted.
    pub(crate) async fn leading_to(&self, target: SocketAddr, refusal: Option<&'static str>) -> Vec<(&'static str, String)> {
        let front = ForwardProxy::start(target, refusal).await;
        let settings = vec![("GOPROXY", "direct".into()), ("HTTPS_PROXY", front.url()), ("SSL_CERT_FILE", self.ca())];
        self.keep(front);
        settings
    }

    /// A proxy over TLS with this certificate.
    pub(crate) async fn with_certificate(&self, leaf: &Leaf) -> (SocketAddr, String) {
        let config: Arc<ServerConfig> = leaf.server(&["http/1.1"]);
        let world = World::with_tls(config).await;
        let found = (world.address(), world.url());
        self.keep(world);
        found
    }

    /// GOSUMDB of a database that lies so, and knows these modules.
    pub(crate) async fn lying(&self, lie: Lie, modules: &[&Module]) -> String {
        let database = Sumdb::start(40, modules).await;
        database.lie(Some(lie));
        let setting = database.setting();
        self.keep(database);
        setting
    }

    /// Answers every connection with these bytes, whatever it says.
    pub(crate) fn saying(&self, bytes: &'static [u8]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                // The client may be gone.
                let _ = stream.read(&mut [0; 1]).and_then(|_| stream.write_all(bytes));
            }
        });
        address
    }

    pub(crate) fn keep(&self, anything: impl std::any::Any + Send) {
        self.kept.lock().expect("nobody panics with it").push(Box::new(anything));
    }
}

//! A small world on loopback: a module proxy, a host with modules, a checksum database, and the machine that asks.

use std::{path::Path, time::Duration};

use gomod::client::Command;
use modway::{
    config::{Disk, Environment},
    lang::Lang,
    machine::Machine,
    render::terminal::Terminal,
    why::{
        ask::{Inquiry, inquire},
        probe::{Evidence, git::Helpers},
        report::Report,
    },
};
use proxy::client::look::Patience;
use tempfile::TempDir;
use testkit::{
    faults::Play,
    repos::GitServer,
    sumdb::Sumdb,
    world::{ForwardProxy, World},
};

/// The module of most stories; its host is one of the git server's names.
pub(crate) const MODULE: &str = "git.example.test/team/lib";

/// Nobody is waited for longer than a test has time.
pub(crate) const PATIENCE: Patience = Patience {
    connect: Duration::from_millis(2000),
    tls: Duration::from_millis(4000),
    answer: Duration::from_millis(1500),
    body_bytes: 1 << 20,
};

/// The world.
pub(crate) struct Town {
    pub(crate) home: TempDir,
    /// The module proxy, over plain http.
    pub(crate) proxy: World,
    /// The module's host: pages and git, over TLS.
    pub(crate) host: GitServer,
    /// The way to the host, whose name has no address.
    pub(crate) road: ForwardProxy,
    pub(crate) sumdb: Sumdb,
    vars: Vec<(String, String)>,
}

impl Town {
    /// All is well but that the machine knows nothing: the host has the module at v1.0.0 and a certificate of its own authority, the proxy and
    /// the checksum database know nothing.
    pub(crate) async fn new() -> Self {
        Self::with_login(None).await
    }

    /// The same, but git wants a login.
    pub(crate) async fn with_login(login: Option<(&str, &str)>) -> Self {
        let host = GitServer::start(true, login).await;
        let mut repository = host.make("team/lib");
        repository.write("go.mod", format!("module {MODULE}\n")).write("lib.go", "package lib\n").commit(1_600_000_000);
        repository.tag("v1.0.0");
        host.page(MODULE, &format!("{MODULE} git https://{MODULE}"));
        let road = ForwardProxy::start(host.address(), None).await;
        let home = TempDir::new().expect("a folder");
        let sumdb = Sumdb::start(3, &[]).await;
        let town = Self { proxy: World::start().await, sumdb, host, road, home, vars: Vec::new() };
        std::fs::write(town.home.path().join("ca.pem"), town.host.ca_pem()).expect("written");
        std::fs::write(town.home.path().join("none.pem"), testkit::tls::Ca::new().pem()).expect("written");
        let (home, none) = (town.home.path().display().to_string(), town.path("none.pem"));
        let (list, sums) = (format!("{},direct", town.proxy.url()), town.sumdb.setting());
        let (road, path) = (town.road.url(), std::env::var("PATH").unwrap_or_default());
        town.set("HOME", &home)
            .set("PATH", &path)
            .set("GIT_SSL_CAINFO", &none)
            .set("SSL_CERT_FILE", &none)
            .set("HTTPS_PROXY", &road)
            .set("GOPROXY", &list)
            .set("GOSUMDB", &sums)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.home.path().join(name).display().to_string()
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.vars.retain(|(known, _)| known != name);
        self.vars.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Go believes the host.
    pub(crate) fn go_trusts(self) -> Self {
        let ca = self.path("ca.pem");
        self.set("SSL_CERT_FILE", &ca)
    }

    /// Git believes the host, by its own configuration.
    pub(crate) fn git_trusts(self) -> Self {
        let ca = self.path("ca.pem");
        self.git_config(&format!("[http]\n\tsslCAInfo = {ca}\n")).without("GIT_SSL_CAINFO")
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.vars.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn git_config(self, text: &str) -> Self {
        std::fs::write(self.home.path().join(".gitconfig"), text).expect("written");
        self
    }

    /// The proxy has the module at v1.0.0.
    pub(crate) fn proxied(self) -> Self {
        let base = format!("/{MODULE}/@v");
        self.proxy.on(&format!("{base}/list"), [Play::ok("v1.0.0\n")]);
        self.proxy.on(&format!("{base}/v1.0.0.info"), [Play::ok("{\"Version\":\"v1.0.0\",\"Time\":\"2020-01-01T00:00:00Z\"}")]);
        self.proxy.on(&format!("{base}/v1.0.0.mod"), [Play::ok(format!("module {MODULE}\n"))]);
        self.proxy.on(&format!("{base}/v1.0.0.zip"), [Play::ok("PK")]);
        self
    }

    /// The checksum database has the module at v1.0.0.
    pub(crate) fn recorded(self) -> Self {
        let h1 = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        self.sumdb.add(&format!("{MODULE} v1.0.0 {h1}\n{MODULE} v1.0.0/go.mod {h1}\n"));
        self
    }

    pub(crate) fn environment(&self) -> Environment {
        let vars: Vec<(&str, &str)> = self.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Environment::of(&vars)
    }

    /// Asks about the module.
    pub(crate) async fn report(&self, query: &str) -> Report {
        self.inquire(&Machine::here(&self.environment(), &Disk, None), query, false).await
    }

    pub(crate) async fn inquire(&self, machine: &Machine, query: &str, is_dry: bool) -> Report {
        let command = Command::Get { path: MODULE.to_owned(), query: query.to_owned() };
        self.inquire_of(command, machine, is_dry).await
    }

    /// Asks about another command.
    pub(crate) async fn report_of(&self, command: &Command) -> Report {
        self.inquire_of(command.clone(), &Machine::here(&self.environment(), &Disk, None), false).await
    }

    async fn inquire_of(&self, command: Command, machine: &Machine, is_dry: bool) -> Report {
        let here = self.environment();
        let inquiry =
            Inquiry { command, machine, here: &here, files: &Disk, is_dry, helpers: Helpers::Leave, patience: PATIENCE };
        inquire(&inquiry).await.expect("settings with which one can ask")
    }

    /// Text without what differs from run to run: ports, folders, times, keys.
    pub(crate) fn settled(&self, text: &str) -> String {
        let names = [
            (self.proxy.address().to_string(), "PROXY"),
            (self.host.address().to_string(), "HOST"),
            (self.road.url().trim_start_matches("http://").to_owned(), "ROAD"),
            (self.sumdb.setting(), "SUMDB-SETTING"),
            (self.sumdb.url(), "SUMDB"),
            (self.sumdb.url().trim_start_matches("http://").to_owned(), "SUMDB"),
            (self.home.path().display().to_string(), "HOME"),
            (std::env::var("PATH").unwrap_or_default(), "PATH"),
        ];
        names.iter().fold(text.to_owned(), |text, (address, name)| text.replace(address, name))
    }
}

/// Every time is 7 ms.
fn timeless(report: &mut Report) {
    let asked = report.hops.iter_mut().flat_map(|hop| &mut hop.asked).chain(&mut report.sums.asked);
    for probed in asked.filter_map(|asked| asked.probed.as_mut()) {
        probed.took = Duration::from_millis(7);
        if let Evidence::Web(exchanges) = &mut probed.evidence {
            exchanges.iter_mut().flat_map(|exchange| &mut exchange.steps).for_each(|(_, took)| *took = Duration::from_millis(1));
        }
    }
}

/// Lines broken as a terminal of 100 columns has them: after names were put for addresses, whose lengths differ from run to run.
fn broken(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let pieces = if line.contains("openssl") {
            vec![line.trim_start().to_owned()]
        } else {
            Terminal::PLAIN.wrap(line.trim_start(), indent)
        };
        for piece in pieces {
            out.push_str(&format!("{}{piece}\n", " ".repeat(if piece.is_empty() { 0 } else { indent })));
        }
    }
    out
}

/// Compares with the story that is kept. One that is not kept yet is written down, and fails: somebody has to read it first.
#[track_caller]
pub(crate) fn check_story(name: &str, town: &Town, report: &Report) {
    let mut report = report.clone();
    timeless(&mut report);
    let mut new = Vec::new();
    for (lang, ending) in [(Lang::En, "en"), (Lang::Zh, "zh")] {
        let told = broken(&town.settled(&report.text(lang, Terminal { colour: false, width: 10_000 })));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/why/stories/{name}.{ending}.txt"));
        match std::fs::read_to_string(&path) {
            Ok(kept) => assert_eq!(told, kept, "{name}.{ending}"),
            Err(_) => {
                std::fs::write(&path, &told).expect("written");
                new.push(path.display().to_string());
            }
        }
    }
    assert!(new.is_empty(), "not kept yet, and written down now: read {new:?}");
}

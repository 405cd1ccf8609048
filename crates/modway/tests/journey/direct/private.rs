//! A host of ours: a certificate of its own authority, and a login. Nobody but modway knows of either.

use super::*;

const CANARY: &str = "canary-7c2f1e";

/// A login that the host does not know any more.
const STALE: &str = "canary-stale-93";

/// A host of ours: https with a certificate of its own authority, and a login. Nobody but modway knows of either.
pub(super) struct PrivateHost {
    home: tempfile::TempDir,
    server: GitServer,
    front: Front,
    _repository: Repository,
}

impl PrivateHost {
    pub(super) async fn new() -> Self {
        let (home, server) = (tempfile::tempdir().expect("a folder"), GitServer::start(true, Some(("ci", CANARY))).await);
        let mut repository = server.make("team/lib");
        repository.write("go.mod", format!("module {PRIVATE}\n")).write("lib.go", "package lib\n").commit(1_600_000_000);
        repository.tag("v1.0.0");
        server.page(PRIVATE, &format!("{PRIVATE} git https://{PRIVATE}"));
        let front = Front::to(server.address());
        let host = Self { home, server, front, _repository: repository };
        host.write("ca.pem", host.server.ca_pem());
        host
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.home.path().join(name), text).expect("a file");
    }

    /// The configuration, with these rules for places; nothing is believed for long.
    fn configure(&self, rules: &str) {
        self.configure_with("[freshness]\nabsent = \"1ms\"\n[direct]\nrefs_fresh = \"1ms\"\n", rules);
    }

    /// Right login and certificates; what is known is believed as long as everywhere.
    pub(super) fn know_it(&self) {
        self.write("token", CANARY);
        self.configure_with("", RULE);
    }

    /// How many connections reached the host.
    pub(super) fn connections(&self) -> usize {
        self.server.connections()
    }

    fn configure_with(&self, times: &str, rules: &str) {
        let text = format!(
            "[server]\nlog = \"log\"\n[sumdb]\ngosumdb = \"off\"\n{times}\
             [[route]]\nmatch = \"*\"\nupstreams = \"direct\"\n{rules}"
        );
        self.write("modway.toml", &text);
    }

    pub(super) fn modway(&self) -> Server {
        let config = self.home.path().join("modway.toml");
        Server::configured(&fresh(self.home.path(), "store"), &config, &[("HTTPS_PROXY", &self.front.url())])
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).expect("the log")
    }

    /// `modway config check --auth` of the module: its exit code, and what it printed.
    fn check_auth(&self, json: bool) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.args(["config", "check"]).arg(self.home.path().join("modway.toml")).args(["--auth", PRIVATE]);
        command.args(json.then_some("--json"));
        command.env_clear().env("HOME", self.home.path()).env("HTTPS_PROXY", self.front.url()).env("PATH", path());
        let output = command.output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }
}

pub(super) const PRIVATE: &str = "git.example.test/team/lib";

/// The rule that opens the host.
const RULE: &str = "[[direct.access]]\nplace = \"git.example.test\"\nuser = \"ci\"\npassword_file = \"token\"\nca_files = [\"ca.pem\"]\n\
                    private_addresses = true\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_private_host_with_an_authority_and_a_login_of_its_own_serves_through_modway() {
    let host = PrivateHost::new().await;
    host.write("token", STALE);
    host.configure(RULE);
    let modway = host.modway();
    let read = |path: &str| {
        let (status, body) = get(&modway.address(), path).expect("a whole answer");
        (status, String::from_utf8_lossy(&body).into_owned())
    };
    // A login that the host does not know is refused in words, those of Go, with whose move it is.
    let (status, words) = read(&format!("/{PRIVATE}/@v/v1.0.0.info"));
    assert_eq!(status, 502, "{words}");
    for part in [
        "fatal: Authentication failed for 'https://git.example.test/team/lib'",
        "of place git.example.test was sent",
        "whose move: whoever runs this server",
        "modway config check --auth MODULE",
    ] {
        assert!(words.contains(part), "{words}");
    }
    // The token is exchanged; nobody restarts anything.
    host.write("token", CANARY);
    let mut go = Go::find().command(&fresh(host.home.path(), "go"));
    go.env("GOPROXY", modway.url());
    assert_eq!(download(go, &format!("{PRIVATE}@v1.0.0")).version, "v1.0.0");
    assert!(host.front.asked().iter().all(|name| name == "git.example.test:443"), "{:?}", host.front.asked());
    let sent = |place: &str| {
        host.server.requests().iter().any(|seen| seen.target.contains(place) && seen.header("authorization").is_some())
    };
    assert!(sent("/info/refs"), "the repository wants a login");
    let id = words.lines().last().and_then(|line| line.rsplit(' ').next()).expect("the request's id");
    let told = [words.clone(), host.log(), read("/-/metrics").1, read(&format!("/-/why/{id}")).1];
    assert!(told[1].contains(PRIVATE) && told[3].contains(PRIVATE), "{told:?}");
    assert!(!told.concat().contains(CANARY) && !told.concat().contains(STALE), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_brings_places_and_logins_and_keeps_the_repositories() {
    let host = PrivateHost::new().await;
    host.write("token", CANARY);
    host.configure("");
    let modway = host.modway();
    let ask = |file: &str| {
        let (status, body) = get(&modway.address(), &format!("/{PRIVATE}/@v/{file}")).expect("a whole answer");
        (status, String::from_utf8_lossy(&body).into_owned())
    };
    let (status, words) = ask("v1.0.0.info");
    assert!(status >= 400 && words.contains("certificate"), "{status} {words}");
    host.configure(RULE);
    modway.hang_up();
    until(|| host.log().contains("configuration reloaded"));
    assert!(!host.log().contains("a restart is needed"), "{}", host.log());
    until(|| ask("v1.0.0.info").0 == 200);
    assert_eq!(ask("v1.0.0.zip").0, 200);
    // The rule is gone again: so is the way, but not what is kept.
    host.configure("");
    modway.hang_up();
    until(|| host.log().matches("configuration reloaded").count() == 2);
    assert_eq!(ask("v1.0.0.zip").0, 200);
    assert!(ask("main.info").0 >= 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_can_be_tried_and_is_not_shown() {
    let host = PrivateHost::new().await;
    host.write("token", CANARY);
    host.configure(RULE);
    let (code, printed) = host.check_auth(false);
    assert_eq!(code, Some(0), "{printed}");
    for line in [
        "route: route-1\n",
        "place:     git.example.test",
        "login:     user and password from a file: sent",
        "host said: 200 OK",
        "whose move: nobody's",
    ] {
        assert!(printed.contains(line), "{printed}");
    }
    assert!(!printed.contains(CANARY), "{printed}");
    let (code, printed) = host.check_auth(true);
    let json: serde_json::Value = serde_json::from_str(&printed).expect("JSON");
    assert_eq!((code, &json["version"], &json["asked"][1]["status"]), (Some(0), &1.into(), &200.into()), "{printed}");
    host.write("token", "wrong");
    let (code, printed) = host.check_auth(false);
    assert!(
        code == Some(1)
            && printed.contains("host said: 401 Unauthorized")
            && printed.contains("whose move: yours: correct the login")
            && !printed.contains("wrong"),
        "{code:?} {printed}"
    );
    host.configure("");
    let (code, printed) = host.check_auth(false);
    assert!(code == Some(3) && printed.contains("no [[direct.access]] fits"), "{code:?} {printed}");
    assert!(!host.home.path().join(".local/share/modway").exists(), "it left something in the store");
}

//! A canary in every slot for a secret: its own host hears it, and nobody else, anywhere.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use base64_of::{base64, inside};
use doorman::{Doorman, gate};
use tempfile::TempDir;
use testkit::{
    repos::{GitServer, Repository},
    tls::{Ca, RsaKey},
};

use super::{
    modway::{Answer, Modway},
    shim::{Call, Do, Tools},
};

mod doorman;

mod base64_of;

/// The logins that are a user and a password, by the host that they are for.
const LOGINS: [(&str, &str); 6] = [
    ("netrc", "canaryNETRC5c1e77a0"),
    ("env", "canaryENVIRON91bb20fe"),
    ("file", "canaryFILE2f6d0c4418"),
    ("helper", "canaryHELPER77e0aa31"),
    ("app", "canaryTOKEN40cf9be612"),
    // Its host wants another one.
    ("sour", "canarySOUR8812d7f0ab"),
];

/// The password of the forward proxy.
const FORWARD: &str = "canaryFORWARDa90c31d7";

/// What a helper complains about.
const COMPLAINT: &str = "canaryCOMPLAINT0b66e";

/// What a broken key file holds.
const BROKEN: &str = "canaryBROKENKEY5d2a91";

/// A comment in the key for ssh.
const SSH: &str = "canarySSHKEYe4f80b3192";

/// All hosts, each with the repository `/team/lib`, and what they are told.
struct World {
    home: TempDir,
    servers: HashMap<&'static str, GitServer>,
    doorman: Doorman,
    tools: Tools,
    rules: String,
    /// Parts of keys that are random.
    keys: Vec<String>,
    /// What the key of ssh was when ssh was started.
    ssh: Arc<Mutex<Vec<String>>>,
    _repositories: Vec<Repository>,
}

fn fill(repository: &mut Repository, module: &str) {
    repository.write("go.mod", format!("module {module}\n")).write("lib.go", "package lib\n").commit(1_600_000_000);
    repository.tag("v1.0.0");
}

fn host(name: &str) -> String {
    format!("{name}.example.test")
}

fn module(name: &str) -> String {
    format!("{}/team/lib", host(name))
}

impl World {
    async fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        let write = |name: &str, text: &str| fs::write(home.path().join(name), text).expect("the folder is ours");
        let (mut servers, mut ways, mut rules, mut repositories) = (HashMap::new(), HashMap::new(), String::new(), Vec::new());
        for (name, canary) in LOGINS {
            let login = match name {
                "app" => ("x-access-token", canary),
                "sour" => ("bird", "another"),
                _ => ("bird", canary),
            };
            let server = GitServer::start(true, Some(login)).await;
            let mut repository = server.make("team/lib");
            fill(&mut repository, &module(name));
            server.page(&module(name), &format!("{0} git https://{0}", module(name)));
            ways.insert(host(name), server.address());
            write(&format!("{name}.pem"), server.ca_pem());
            rules += &format!(
                "[[direct.access]]\nplace = \"{}\"\nca_files = [\"{name}.pem\"]\n{}\n",
                host(name),
                rule(name, home.path())
            );
            repositories.push(repository);
            servers.insert(name, server);
        }
        write("netrc", &format!("machine {} login bird password {}\n", host("netrc"), LOGINS[0].1));
        write("token", LOGINS[2].1);
        write("sour-token", LOGINS[5].1);
        let header = base64(&format!("bird:{}", LOGINS[3].1));
        script(home.path(), "helper", &format!("printf 'https://{}\\n\\nAuthorization: Basic {header}\\n\\n'", host("helper")));
        script(home.path(), "grumpy", &format!("echo {COMPLAINT} >&2; exit 1"));
        let app = RsaKey::new();
        write("app.key", &app.pem);
        let api = servers.get("app").expect("made above");
        let at = format!("{}/api/v3", host("app"));
        api.answer(&format!("{at}/repos/team/lib/installation"), 200, &[], r#"{"id":7,"account":{}}"#);
        let token = format!(r#"{{"token":"{}","expires_at":"2020-01-01T00:00:00Z","permissions":{{}}}}"#, LOGINS[4].1);
        api.answer(&format!("{at}/app/installations/7/access_tokens"), 201, &[], token);
        // A host that wants a certificate of ours.
        let (ca, authority, plain) = (Ca::new(), Ca::new(), GitServer::start(false, None).await);
        let mut repository = plain.make("team/lib");
        fill(&mut repository, &module("cert"));
        repositories.push(repository);
        plain.page(&module("cert"), &format!("{0} git https://{0}", module("cert")));
        ways.insert(host("cert"), gate(plain.address(), &ca, &authority).await);
        let (chain, key) = authority.leaf(&["modway.example.test"]).pem();
        for (name, text) in [("cert.pem", ca.pem()), ("client.crt", &chain), ("client.key", &key)] {
            write(name, text);
        }
        rules += &format!(
            "[[direct.access]]\nplace = \"{}\"\nca_files = [\"cert.pem\"]\nclient_cert_file = \"client.crt\"\nclient_key_file = \"client.key\"\n",
            host("cert")
        );
        // A page that leads to ssh, which no forward proxy speaks.
        plain.page(&module("ssh"), &format!("{} git ssh://git@127.0.0.1:2222/team/lib", module("ssh")));
        ways.insert(host("ssh"), *ways.get(&host("cert")).expect("just put there"));
        write("ssh.key", &format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{SSH}\n-----END OPENSSH PRIVATE KEY-----\n"));
        write("known_hosts", "");
        rules += "[[direct.access]]\nplace = \"127.0.0.1:2222\"\nprivate_addresses = true\nschemes = [\"ssh\"]\nssh_key_file = \"ssh.key\"\nknown_hosts_file = \"known_hosts\"\n";
        rules += &format!(
            "[[direct.access]]\nplace = \"{}\"\nca_files = [\"cert.pem\"]\nserver_name = \"cert.example.test\"\nclient_cert_file = \"client.crt\"\nclient_key_file = \"client.key\"\n",
            host("ssh")
        );
        servers.insert("cert", plain);
        let ssh = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::clone(&ssh);
        let folder = Arc::new(Mutex::new(String::new()));
        let lies = Arc::clone(&folder);
        let tools = Tools::new(move |call| {
            if call.tool != "ssh" {
                return Do::Real;
            }
            read.lock().unwrap_or_else(PoisonError::into_inner).push(key_of(call));
            Do::Become("git", vec!["upload-pack".to_owned(), lies.lock().unwrap_or_else(PoisonError::into_inner).clone()])
        });
        let lib = tools.folder().join("lib.git");
        let mut repository = Repository::new(testkit::repos::Format::Sha1);
        fill(&mut repository, &module("ssh"));
        repository.git(&["clone", "--quiet", "--bare", ".", &lib.display().to_string()]);
        *folder.lock().unwrap_or_else(PoisonError::into_inner) = lib.display().to_string();
        let keys =
            [&app.pem, &key].iter().flat_map(|pem| pem.lines().filter(|line| line.len() > 40)).map(str::to_owned).collect();
        Self { doorman: Doorman::new(ways), home, servers, tools, rules, keys, ssh, _repositories: repositories }
    }

    fn modway(&self) -> Modway {
        let (netrc, forward) = (self.home.path().join("netrc"), format!("http://bird:{FORWARD}@{}", self.doorman.address));
        // The helper of a module, and no more, is the machine's that complains.
        let grumpy = format!(
            "[[direct.access]]\nplace = \"grumpy.example.test\"\nca_files = [\"file.pem\"]\nhelper = [\"{}\"]\n",
            self.home.path().join("grumpy").display()
        );
        let more = format!("path = \"{}\"\ngoprivate = \"ssh.example.test\"\n{}{grumpy}", self.tools.path(), self.rules);
        let netrc = netrc.display().to_string();
        Modway::start(self.home.path(), &more, &[("NETRC", &netrc), ("HTTPS_PROXY", &forward), ("FORGE_SECRET", LOGINS[1].1)])
    }

    /// All that must be nowhere: as it is, and as it looks inside of a header.
    fn needles(&self) -> Vec<String> {
        let plain = LOGINS.iter().map(|(_, canary)| *canary).chain([FORWARD, COMPLAINT, BROKEN, SSH]);
        let coded = plain.clone().flat_map(inside);
        // What the app says of itself is as good as a password for some minutes.
        let statements = self.servers["app"]
            .requests()
            .into_iter()
            .filter_map(|seen| Some(seen.header("authorization")?.strip_prefix("Bearer ")?.to_owned()));
        plain.map(str::to_owned).chain(coded).chain(self.keys.iter().cloned()).chain(statements).collect()
    }

    /// The names of hosts that were told their secret.
    fn told(&self) -> Vec<&'static str> {
        let basic = |user: &str, canary: &str| format!("Basic {}", base64(&format!("{user}:{canary}")));
        let heard = |name: &str, login: String| {
            self.servers[name].requests().iter().any(|seen| seen.header("authorization") == Some(login.as_str()))
        };
        let mut told: Vec<&str> = Vec::new();
        for (name, canary) in LOGINS {
            let user = if name == "app" { "x-access-token" } else { "bird" };
            told.extend(heard(name, basic(user, canary)).then_some(name));
        }
        let app = self.servers["app"].requests();
        told.extend(
            app.iter()
                .any(|seen| seen.header("authorization").is_some_and(|said| said.starts_with("Bearer ey")))
                .then_some("app key"),
        );
        told.extend((!self.servers["cert"].requests().is_empty()).then_some("cert"));
        told.extend(
            self.doorman.heard().iter().any(|head| head.contains(&base64(&format!("bird:{FORWARD}")))).then_some("forward"),
        );
        told.extend(self.ssh.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|key| key.contains(SSH)).then_some("ssh"));
        told
    }
}

/// Who we are at a host.
fn rule(name: &str, home: &Path) -> String {
    match name {
        "netrc" => "netrc = true".to_owned(),
        "env" => "user = \"bird\"\npassword_env = \"FORGE_SECRET\"".to_owned(),
        "file" => "user = \"bird\"\npassword_file = \"token\"".to_owned(),
        "sour" => "user = \"bird\"\npassword_file = \"sour-token\"".to_owned(),
        "helper" => format!("helper = [\"{}\"]", home.join("helper").display()),
        _ => format!("github_app = 42\ngithub_app_key_file = \"app.key\"\ngithub_api = \"https://{}/api/v3\"", host("app")),
    }
}

fn script(home: &Path, name: &str, text: &str) {
    let file = home.join(name);
    fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("the folder is ours");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).expect("our file");
}

/// What is in the key file that ssh was told of.
fn key_of(call: &Call) -> String {
    let words = call.text();
    let config = words.iter().position(|word| word == "-F").and_then(|at| words.get(at + 1)).cloned().unwrap_or_default();
    let config = fs::read_to_string(config).unwrap_or_default();
    let key = config.lines().find_map(|line| line.trim().strip_prefix("IdentityFile \"")?.strip_suffix('"').map(str::to_owned));
    key.and_then(|key| fs::read_to_string(key).ok()).unwrap_or_default()
}

/// All that was said, written or started, by where it is.
struct Haystack(Vec<(String, Vec<u8>)>);

impl Haystack {
    fn put(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    /// An answer, and the story of its request.
    fn answer(&mut self, modway: &Modway, path: &str, answer: &Answer) {
        self.put(path, answer.head.clone() + &answer.body);
        for page in [format!("/-/why/{}", answer.id()), format!("/-/why/{}.json", answer.id())] {
            let story = modway.ask(&page);
            assert_eq!(story.status, 200, "{path}: {story:?}");
            self.put(format!("{page} of {path}"), story.body);
        }
    }

    /// All files below `folder`, their names too.
    fn folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).expect("the folder is ours").map(|entry| entry.expect("an entry")) {
            self.put(entry.path().display().to_string(), entry.file_name().to_string_lossy().into_owned());
            if entry.file_type().expect("a kind").is_dir() {
                self.folder(&entry.path());
            } else {
                // One that is gone by now holds nothing.
                self.put(entry.path().display().to_string(), fs::read(entry.path()).unwrap_or_default());
            }
        }
    }

    /// What the server wrote, and what it tells of itself.
    fn written(&mut self, modway: &Modway) {
        self.put("/-/metrics", modway.ask("/-/metrics").body);
        for place in ["log", "stderr", "stdout"] {
            self.put(place, fs::read(modway.home.join(place)).expect("written from the start"));
        }
        self.folder(&modway.home.join("store"));
    }

    fn find(&self, needle: &str) -> Option<&str> {
        let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        self.0.iter().find(|(_, bytes)| holds(bytes)).map(|(place, _)| place.as_str())
    }
}

const HOSTS: [&str; 9] = ["netrc", "env", "file", "helper", "app", "sour", "cert", "ssh", "grumpy"];

fn ask_everything(modway: &Modway, hay: &mut Haystack, works: bool) {
    for name in HOSTS {
        let good = works && !["sour", "grumpy"].contains(&name);
        for file in [
            "@v/v1.0.0.info",
            "@v/v1.0.0.mod",
            "@v/v1.0.0.zip",
            "@v/list",
            "@latest",
            "@v/main.info",
            "@v/absent.info",
            "v9/@v/v9.9.9.zip",
        ] {
            let path = format!("/{}/{file}", module(name));
            let answer = modway.ask(&path);
            let there = !file.contains("absent") && !file.contains("v9");
            assert!(
                !good || (answer.status == 200) == there,
                "{path}: {answer:?}\n{}",
                modway.ask(format!("/-/why/{}", answer.id())).body
            );
            hay.answer(modway, &path, &answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_heard_by_its_own_host_and_found_nowhere_else() {
    let world = World::new().await;
    let modway = world.modway();
    let mut hay = Haystack(Vec::new());
    ask_everything(&modway, &mut hay, true);
    assert_eq!(world.told(), ["netrc", "env", "file", "helper", "app", "sour", "app key", "cert", "forward", "ssh"]);
    let config = modway.home.join("modway.toml").display().to_string();
    let commands = |modway: &Modway, hay: &mut Haystack| {
        for name in HOSTS {
            for json in [&[][..], &["--json"]] {
                let module = module(name);
                let words = [&["config", "check", config.as_str(), "--auth", &module], json].concat();
                let output = modway.command(&words);
                assert!(output.stdout.len() + output.stderr.len() > 10, "{words:?}");
                hay.put(format!("{words:?}"), [output.stdout, output.stderr].concat());
            }
        }
        for words in [
            &["config", "show", "--config", &config][..],
            &["config", "show", "--json", "--config", &config],
            &["config", "check", &config, "--json"],
        ] {
            let output = modway.command(words);
            assert!(output.stdout.len() + output.stderr.len() > 10, "{words:?}");
            hay.put(format!("{words:?}"), [output.stdout, output.stderr].concat());
        }
    };
    commands(&modway, &mut hay);
    hay.written(&modway);
    drop(modway);
    fs::remove_dir_all(world.home.path().join("store")).expect("the folder is ours");
    // Now everything fails: keys that are none, logins that nobody knows, a forward proxy that lets nobody in.
    let modway = world.modway();
    for file in ["app.key", "client.key", "token", "ssh.key", "netrc"] {
        fs::write(modway.home.join(file), BROKEN).expect("the folder is ours");
    }
    commands(&modway, &mut hay);
    ask_everything(&modway, &mut hay, false);
    world.doorman.closed.store(true, Ordering::SeqCst);
    ask_everything(&modway, &mut hay, false);
    commands(&modway, &mut hay);
    hay.written(&modway);
    for call in world.tools.calls() {
        hay.put(format!("argv of {}", call.tool), call.words.join(&0));
        hay.put(format!("environment of {}", call.tool), call.environment.join(&0));
    }
    for name in HOSTS {
        let logged = hay.0.iter().any(|(place, text)| place == "log" && String::from_utf8_lossy(text).contains(&module(name)));
        assert!(logged, "the log is not the log: {name}");
    }
    assert!(hay.find("upload-pack").is_some() && hay.find("http_proxy=").is_some(), "the children are not in it");
    for needle in world.needles() {
        assert_eq!(hay.find(&needle), None, "{needle}");
    }
    println!(
        "{} needles in {} places, {} bytes",
        world.needles().len(),
        hay.0.len(),
        hay.0.iter().map(|(_, bytes)| bytes.len()).sum::<usize>()
    );
}

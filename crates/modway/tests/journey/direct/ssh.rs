//! Repositories over ssh: a real sshd, the real ssh, git and hg.

use testkit::{
    mount::skipped,
    repos::{SshServer, Tool, Workshop},
};

use super::*;

/// A site whose module has its repository at an sshd, with files as the operator of modway has them.
struct Host {
    site: Site,
    sshd: SshServer,
    real_ssh: PathBuf,
}

const HG_MODULE: &str = "example.test/lib/hg";

impl Host {
    /// `None`, and a word about it, on a machine without sshd or ssh.
    async fn new() -> Option<Self> {
        let real_ssh = path().split(':').map(|folder| Path::new(folder).join("ssh")).find(|ssh| ssh.exists());
        let (Some(sshd), Some(real_ssh)) = (SshServer::start().await, real_ssh) else {
            skipped("repositories over ssh", "no sshd (Debian: openssh-server) or no ssh on this machine");
            return None;
        };
        let site = Site::new().await;
        sshd.serve("lib", site.repository.directory());
        for page in [MODULE.to_owned(), format!("{MODULE}/sub")] {
            site.server.page(&page, &format!("{MODULE} git {}/lib", sshd.url()));
        }
        let host = Self { site, sshd, real_ssh };
        host.write("known_hosts", &host.sshd.known_hosts());
        host.write("other", "secret");
        // The real ssh, which says into its work folder what it reads; and whether it could read what is not its own.
        let script = format!(
            "#!/bin/sh\ncat {} >/dev/null 2>&1 && cage=open || cage=shut\necho cage $cage >>ssh.log\nexec {} -v -E ssh.log \"$@\"\n",
            host.file("other").display(),
            host.real_ssh.display()
        );
        executable(&host.site.folder("tools").join("ssh"), &script);
        Some(host)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.site.folder("secrets").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).expect("a file");
    }

    /// modway with the rule for the host; `tools` of ours stand before the machine's.
    fn modway(&self, store: &str, key: &Path, tools: bool) -> Server {
        let tools = if tools { format!("{}:", self.site.folder("tools").display()) } else { String::new() };
        let rule = [
            ("MODWAY_DIRECT__ACCESS__0__PLACE", self.sshd.address().to_string()),
            ("MODWAY_DIRECT__ACCESS__0__SCHEMES", "ssh".to_owned()),
            ("MODWAY_DIRECT__ACCESS__0__SSH_KEY_FILE", key.display().to_string()),
            ("MODWAY_DIRECT__ACCESS__0__KNOWN_HOSTS_FILE", self.file("known_hosts").display().to_string()),
            ("MODWAY_DIRECT__GOPRIVATE", MODULE.to_owned()),
            ("MODWAY_DIRECT__PATH", format!("{tools}{}", path())),
            ("MODWAY_DIRECT__REFS_FRESH", "1ms".to_owned()),
        ];
        let rule: Vec<(&str, &str)> = rule.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.site.modway(store, &rule)
    }

    /// The go command that fetches by itself, with the same key and pinned keys.
    fn go_direct(&self, home: &str) -> Command {
        let (ssh, key, known) = (self.real_ssh.display(), self.sshd.key(), self.file("known_hosts"));
        let ssh = format!(
            "{ssh} -F /dev/null -o BatchMode=yes -o IdentitiesOnly=yes -i {} -o UserKnownHostsFile={}",
            key.display(),
            known.display()
        );
        let hgrc = self.file("hgrc");
        fs::write(&hgrc, format!("[ui]\nssh = {ssh}\n")).expect("a file");
        let mut go = self.site.go_direct(home);
        go.env("GIT_SSH_COMMAND", ssh).env("HGRCPATH", hgrc);
        go
    }

    /// What ssh wrote below the store.
    fn told_by_ssh(&self, store: &str) -> String {
        found(&self.site.folder(store), "ssh.log").iter().map(|log| fs::read_to_string(log).expect("a log")).collect()
    }
}

/// All files of this name below `folder`.
fn found(folder: &Path, name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|file| file.ends_with(name));
    here.chain(folders.iter().flat_map(|folder| found(folder, name))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_over_ssh_is_what_the_go_command_makes_of_it() {
    let Some(host) = Host::new().await else { return };
    let server = host.modway("store", &host.sshd.key(), true);
    for (number, query) in ["@v1.0.0", "@main", "/sub@v0.1.0"].iter().enumerate() {
        let query = format!("{MODULE}{query}");
        let ours = download(host.site.go(&format!("ours{number}"), server.url()), &query);
        let gos = download(host.go_direct(&format!("gos{number}")), &query);
        assert_eq!(ours, gos, "{query}");
        assert!(ours.info.contains(&format!("\"URL\":\"{}/lib\"", host.sshd.url())), "{}", ours.info);
    }
    let told = host.told_by_ssh("store");
    let read: Vec<&str> = told.lines().filter(|line| line.contains("Reading configuration data")).collect();
    let foreign = |line: &&&str| line.contains("/etc/") || line.contains(".ssh");
    assert!(!read.is_empty() && !read.iter().any(|line| foreign(&line)), "configuration of the machine: {read:?}");
    let connections = told.matches("Connecting to ").count();
    assert_eq!(read.len(), connections, "one file for each connection: {told}");
    assert!(!proxy::upstream::child::can_confine() || !told.contains("cage open"), "the cage lets ssh read what is not its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mercurial_repository_over_ssh_is_reached_the_same_way() {
    let Some(host) = Host::new().await else { return };
    let workshop = Workshop::new(Tool::Hg);
    workshop.write("go.mod", format!("module {HG_MODULE}\n")).write("lib.go", "package lib\n");
    workshop.commit(1_600_000_000).tag("v1.0.0", 1_600_000_100);
    host.sshd.serve("hg", &workshop.store());
    host.site.server.page(HG_MODULE, &format!("{HG_MODULE} hg {}/hg", host.sshd.url()));
    let server = host.modway("store", &host.sshd.key(), true);
    let query = format!("{HG_MODULE}@v1.0.0");
    assert_eq!(download(host.site.go("ours", server.url()), &query), download(host.go_direct("gos"), &query));
    assert!(host.told_by_ssh("store").contains("Authenticated to 127.0.0.1"), "hg went past the ssh that it was told");
    host.sshd.change_host_key();
    let plain = host.modway("plain", &host.sshd.key(), false);
    let (status, words) = asked(&plain, HG_MODULE, "main.info");
    let both = words.contains("Host key verification failed") && words.contains("known_hosts_file of the [[direct.access]]");
    assert!(status == 502 && both && words.lines().count() <= 8, "{status} {words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_key_that_is_not_the_pinned_one_is_refused_in_words() {
    let Some(host) = Host::new().await else { return };
    let server = host.modway("store", &host.sshd.key(), false);
    assert_eq!(asked(&server, MODULE, "v1.0.0.zip").0, 200);
    host.sshd.change_host_key();
    let (status, words) = asked(&server, MODULE, "main.info");
    assert_eq!(status, 502, "{words}");
    for part in [
        "Host key verification failed",
        &format!("is not one of those in {}", host.file("known_hosts").display()),
        &format!("[[direct.access]] with place \"{}\"", host.sshd.address()),
        "whose move: whoever runs this server",
        "known_hosts_file",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(words.lines().count() <= 8, "{words}");
    assert_eq!(asked(&server, MODULE, "v1.0.0.zip").0, 200, "what is kept is served");
    // The operator compares, and pins the new one; nobody restarts anything.
    host.write("known_hosts", &host.sshd.known_hosts());
    until(|| asked(&server, MODULE, "main.info").0 == 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_host_does_not_know_is_refused_in_words_and_nobody_is_asked_for_a_password() {
    let Some(host) = Host::new().await else { return };
    let wrong = host.sshd.make_key("stranger");
    let server = host.modway("store", &wrong, false);
    let (status, words) = asked(&server, MODULE, "v1.0.0.info");
    assert_eq!(status, 502, "{words}");
    for part in [
        "Permission denied (publickey",
        &format!("the host does not know {}", wrong.display()),
        &format!("the ssh_key_file of the [[direct.access]] with place \"{}\"", host.sshd.address()),
        "whose move: whoever runs this server",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(words.lines().count() <= 8, "{words}");
    let log = host.sshd.log();
    assert!(log.contains("Failed publickey") || log.contains("Connection closed by authenticating user"), "{log}");
    assert!(!log.contains("password"), "somebody tried a password: {log}");
}

/// What modway answers to a file of a module: the status, and the text.
fn asked(server: &Server, module: &str, file: &str) -> (u16, String) {
    let (status, body) = get(&server.address(), &format!("/{module}/@v/{file}")).expect("a whole answer");
    (status, String::from_utf8_lossy(&body).into_owned())
}

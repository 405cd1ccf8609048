//! What is configured on the machine for its tools: none of it runs.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;
use testkit::repos::{GitServer, HgServer, InetServer, Repository, Tool, Workshop};

use super::{
    modway::{Modway, path},
    shim::{CANARY, Do, Tools},
};

/// A machine on which every tool is told to start the canary, in every place where it can be told.
struct Machine {
    home: TempDir,
    tools: Tools,
    git: GitServer,
    /// Wants a login, so that a credential helper would be asked.
    closed: GitServer,
    hg: HgServer,
    svn: InetServer,
    fossil: InetServer,
    repositories: (Repository, Repository, Workshop, Workshop, Workshop),
}

const HOST: &str = "example.test";

impl Machine {
    async fn new() -> Self {
        let home = TempDir::new().expect("a folder");
        let tools = Tools::new(|_| Do::Real);
        let (git, closed) = (GitServer::start(false, None).await, GitServer::start(false, Some(("a", "b"))).await);
        let [hg, svn, fossil] = [Tool::Hg, Tool::Svn, Tool::Fossil].map(workshop);
        let repositories = [&git, &closed].map(|server| {
            let mut repository = server.make("git");
            // The repository asks for the filters and the drivers that the machine has.
            repository.write(".gitattributes", "* filter=evil diff=evil merge=evil\n");
            repository.write("go.mod", format!("module {HOST}/git\n")).write("a.go", "package a\n").commit(1_600_000_000);
            repository.tag("v1.0.0");
            repository
        });
        let [open_repository, closed_repository] = repositories;
        let machine = Self {
            hg: HgServer::start(&hg),
            svn: InetServer::start(&svn).await,
            fossil: InetServer::start(&fossil).await,
            home,
            tools,
            git,
            closed,
            repositories: (open_repository, closed_repository, hg, svn, fossil),
        };
        machine.set_traps();
        for (name, vcs, url) in machine.remotes() {
            machine.git.page(&format!("{HOST}/{name}"), &format!("{HOST}/{name} {vcs} {url}"));
        }
        machine
    }

    fn remotes(&self) -> [(&'static str, &'static str, String); 5] {
        [
            ("git", "git", format!("{}/git", self.git.url())),
            ("closed", "git", format!("{}/git", self.closed.url())),
            ("hg", "hg", self.hg.url().to_owned()),
            ("svn", "svn", format!("{}/trunk", self.svn.url())),
            ("fossil", "fossil", self.fossil.url()),
        ]
    }

    /// The canary with a word that says which trap it was.
    fn trap(&self, name: &str) -> String {
        format!("{}/{CANARY} {name}", self.tools.folder().display())
    }

    /// Where the traps lie: below the tools, which children may read even where the kernel confines them. Nothing else is to hold them back.
    fn folder(&self) -> PathBuf {
        self.tools.folder().join("machine")
    }

    fn put(&self, file: &str, text: &str) {
        let file = self.folder().join(file);
        fs::create_dir_all(file.parent().expect("below the home")).expect("the folder is ours");
        fs::write(&file, text).expect("the folder is ours");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("our file");
    }

    fn at(&self, file: &str) -> String {
        self.folder().join(file).display().to_string()
    }

    fn set_traps(&self) {
        for file in ["user/.gitconfig", "xdg/git/config", "global.gitconfig", "system.gitconfig"] {
            self.put(file, &self.gitconfig(file));
        }
        for file in ["user/.hgrc", "xdg/hg/hgrc", "evil.hgrc"] {
            self.put(file, &self.hgrc(file));
        }
        let python = |name: &str| {
            let words: Vec<String> = self.trap(name).split(' ').map(|word| format!("{word:?}")).collect();
            format!("import subprocess\nsubprocess.call([{}], stderr=subprocess.DEVNULL)\n", words.join(", "))
        };
        self.put("extension.py", &python("hg-extension"));
        self.put("python/sitecustomize.py", &python("python-path"));
        let tunnel = self.trap("svn-tunnel");
        self.put(
            "user/.subversion/config",
            &format!("[tunnels]\nssh = {tunnel}\nevil = {tunnel}\n[helpers]\ndiff-cmd = {tunnel}\neditor-cmd = {tunnel}\n"),
        );
        for hook in ["post-checkout", "reference-transaction", "pre-auto-gc", "post-index-change"] {
            self.put(&format!("template/hooks/{hook}"), &format!("#!/bin/sh\n{}\n", self.trap("template")));
            self.put(&format!("hooks/{hook}"), &format!("#!/bin/sh\n{}\n", self.trap("hook")));
        }
        for part in ["git-remote-http", "git-remote-https", "git-http-fetch", "git-archive"] {
            self.put(&format!("exec/{part}"), &format!("#!/bin/sh\n{}\nexit 1\n", self.trap("exec-path")));
        }
    }

    /// Everything that git can be told to start.
    fn gitconfig(&self, name: &str) -> String {
        let (trap, hooks) = (self.trap(name), self.at("hooks"));
        format!(
            "[core]\n hooksPath = {hooks}\n fsmonitor = {trap}\n sshCommand = {trap}\n gitProxy = {trap}\n askPass = {trap}\n pager = {trap}\n\
             [filter \"evil\"]\n smudge = {trap}\n clean = {trap}\n[diff \"evil\"]\n textconv = {trap}\n command = {trap}\n\
             [credential]\n helper = \"!{trap}\"\n[protocol]\n allow = always\n[tar \"tar\"]\n command = {trap}\n[alias]\n version = !{trap}\n\
             [fetch]\n fsckObjects = false\n[gc]\n auto = 1\n[include]\n path = {hooks}/none\n"
        )
    }

    /// Everything that Mercurial can be told to start.
    fn hgrc(&self, name: &str) -> String {
        let trap = self.trap(name);
        let hooks: String = [
            "pre-init",
            "pre-pull",
            "pre-log",
            "pre-archive",
            "post-pull",
            "incoming",
            "changegroup",
            "pretxnopen",
            "pre-tags",
            "pre-clone",
        ]
        .iter()
        .map(|hook| format!("{hook} = {trap}\n"))
        .collect();
        format!(
            "[hooks]\n{hooks}[extensions]\nevil = {}\n[ui]\nssh = {trap}\neditor = {trap}\n[alias]\nlog = !{trap}\n",
            self.at("extension.py")
        )
    }

    /// Where tools look for what they are told, by what each is.
    fn traps(&self) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
        let (trap, at) = (|name: &str| self.trap(name), |file: &str| self.at(file));
        vec![
            ("home", vec![("HOME", at("user"))]),
            ("xdg", vec![("XDG_CONFIG_HOME", at("xdg"))]),
            ("global", vec![("GIT_CONFIG_GLOBAL", at("global.gitconfig"))]),
            ("system", vec![("GIT_CONFIG_SYSTEM", at("system.gitconfig"))]),
            (
                "counted",
                vec![
                    ("GIT_CONFIG_COUNT", "1".to_owned()),
                    ("GIT_CONFIG_KEY_0", "filter.evil.smudge".to_owned()),
                    ("GIT_CONFIG_VALUE_0", trap("counted")),
                ],
            ),
            ("parameters", vec![("GIT_CONFIG_PARAMETERS", format!("'filter.evil.smudge={}'", trap("parameters")))]),
            ("template", vec![("GIT_TEMPLATE_DIR", at("template"))]),
            ("parts", vec![("GIT_EXEC_PATH", at("exec"))]),
            ("asked", vec![("GIT_ASKPASS", at("asked")), ("SSH_ASKPASS", at("asked"))]),
            ("ssh", vec![("GIT_SSH_COMMAND", trap("ssh")), ("GIT_SSH", trap("ssh")), ("SVN_SSH", trap("svn-ssh"))]),
            ("hgrc", vec![("HGRCPATH", at("evil.hgrc"))]),
            ("python", vec![("PYTHONPATH", at("python"))]),
        ]
    }

    /// Runs a tool as somebody would on this machine, with one trap; true if it sprang.
    fn springs(&self, trap: &[(&str, String)], tool: &str, words: &[&str]) -> bool {
        let before = self.songs();
        let place = TempDir::new_in(self.home.path()).expect("a folder");
        let mut command = Command::new(tool);
        command.args(words).current_dir(place.path()).env_clear().env("PATH", path()).env("GIT_TERMINAL_PROMPT", "0");
        command.env("HOME", place.path()).envs(trap.iter().map(|(name, value)| (*name, value)));
        let _ = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the tool is installed");
        self.songs() > before
    }

    fn songs(&self) -> usize {
        self.tools.calls().iter().filter(|call| call.tool == CANARY).count()
    }

    /// On such a machine, with all traps at once.
    fn modway(&self) -> Modway {
        let remotes = [self.git.url(), self.closed.url(), self.hg.url().to_owned(), self.svn.url(), self.fossil.url()];
        let places: String = remotes
            .iter()
            .filter_map(|url| url.split_once("://"))
            .map(|(scheme, place)| {
                format!("[[direct.access]]\nplace = \"{place}\"\nschemes = [\"{scheme}\"]\nprivate_addresses = true\n")
            })
            .collect();
        let more = format!(
            "path = \"{}\"\ngovcs = \"*:all\"\ngoprivate = \"{HOST}\"\ngoinsecure = \"{HOST}\"\n{places}",
            self.tools.path()
        );
        let proxy = self.git.url();
        let traps = self.traps();
        let mut environment: Vec<(&str, &str)> =
            traps.iter().flat_map(|(_, variables)| variables).map(|(name, value)| (*name, value.as_str())).collect();
        environment.extend([("HTTP_PROXY", proxy.as_str()), ("HTTPS_PROXY", proxy.as_str())]);
        Modway::start(self.home.path(), &more, &environment)
    }
}

fn workshop(tool: Tool) -> Workshop {
    let workshop = Workshop::new(tool);
    workshop.write("go.mod", "module example.test/x\n").write("a.go", "package a\n").commit(1_600_000_000);
    workshop.tag("v1.0.0", 1_600_000_100);
    workshop
}

/// What is left below `folder` of the traps.
fn copied(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("the folder is ours").map(|entry| entry.expect("an entry")) {
        if entry.file_type().expect("a kind").is_dir() {
            copied(&entry.path(), found);
        } else if fs::read(entry.path()).is_ok_and(|text| String::from_utf8_lossy(&text).contains(CANARY)) {
            found.push(entry.path().display().to_string());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_is_configured_on_the_machine_runs() {
    let machine = Machine::new().await;
    machine.put("asked", &format!("#!/bin/sh\n{}\n", machine.trap("asked")));
    let (open, closed) = (format!("{}/git", machine.git.url()), format!("{}/git", machine.closed.url()));
    // Each trap is one: whoever runs the tool by itself steps into it.
    let repository = machine.repositories.2.store().display().to_string();
    for (name, trap) in machine.traps() {
        let sprung = match name {
            "asked" => machine.springs(&trap, "git", &["clone", &closed]),
            "ssh" => machine.springs(&trap, "git", &["clone", "ssh://127.0.0.1/x"]),
            "hgrc" | "python" => machine.springs(&trap, "hg", &["log", "-R", &repository]),
            _ => machine.springs(&trap, "git", &["clone", &open]),
        };
        assert!(sprung, "{name} is no trap");
        if ["home", "xdg"].contains(&name) {
            assert!(machine.springs(&trap, "git", &["ls-remote", &closed]), "{name} has no credential helper");
            assert!(machine.springs(&trap, "hg", &["log", "-R", &repository]), "{name} has no hgrc");
        }
        if name == "home" {
            assert!(machine.springs(&trap, "svn", &["list", "svn+ssh://127.0.0.1/x"]), "{name} has no tunnel");
        }
    }
    let (modway, before) = (machine.modway(), machine.songs());
    for (name, _, _) in machine.remotes() {
        let version = if ["svn", "fossil"].contains(&name) { "@latest" } else { "@v/v1.0.0.info" };
        let first = modway.ask(format!("/{HOST}/{name}/{version}"));
        assert_eq!(first.status == 200, name != "closed", "{name}: {first:?}");
        let known =
            first.body.split("\"Version\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("v1.0.0").to_owned();
        for file in [
            format!("@v/{known}.mod"),
            format!("@v/{known}.zip"),
            "@v/list".to_owned(),
            "@latest".to_owned(),
            "@v/main.info".to_owned(),
        ] {
            let answer = modway.ask(format!("/{HOST}/{name}/{file}"));
            let there = name != "closed" && !file.contains("main");
            assert!(!there || answer.status == 200, "{name} {file}: {answer:?}");
        }
    }
    let songs: Vec<_> =
        machine.tools.calls().iter().filter(|call| call.tool == CANARY).skip(before).map(|call| call.text()).collect();
    assert!(songs.is_empty(), "these ran: {songs:?}");
    let mut found = Vec::new();
    copied(&modway.home.join("store"), &mut found);
    assert!(found.is_empty(), "traps were copied: {found:?}");
    let started = |tool: &str| machine.tools.calls().iter().any(|call| call.tool == tool);
    assert!(["git", "hg", "svn", "fossil"].into_iter().all(started), "a tool was not asked at all");
}

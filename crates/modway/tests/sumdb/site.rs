//! An organisation: private modules in a git repository, public ones behind an upstream with a checksum database, and modway before both.

use std::{
    fs,
    io::{BufRead, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use gomod::sumdb::note::{SignerKey, VerifierKey};
use testkit::{
    go::Go,
    modules::Module,
    repos::{GitServer, Repository},
    sumdb::Sumdb,
    world::World,
};

use super::commands::modway;

/// The private module.
pub(crate) const PRIVATE: &str = "corp.test/lib";

/// The public module.
pub(crate) const PUBLIC: &str = "example.test/pub";

/// A toolchain of this platform, whose go command says these words.
pub(crate) fn toolchain(words: &str) -> Module {
    let arch = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    let script = format!("#!/bin/sh\necho {words}: \"$@\"\n").into_bytes();
    let files = [("bin/go", script), ("bin/gofmt", Vec::new()), ("pkg/tool/any", Vec::new()), ("lib/any", Vec::new())];
    Module::of("golang.org/toolchain", &format!("v0.0.1-go1.99.0.linux-{arch}"), &files)
}

/// An auditor's token.
pub(crate) const TOKEN: &str = "0123456789abcdefghij0123456789";

/// All of it, and a home for what is made.
pub(crate) struct Site {
    pub(crate) home: tempfile::TempDir,
    pub(crate) git: GitServer,
    pub(crate) world: World,
    pub(crate) public: Sumdb,
    pub(crate) repository: Repository,
}

impl Site {
    /// Three versions of the private module and of the public one, a toolchain, and a key.
    pub(crate) async fn new() -> Self {
        let git = GitServer::start(false, None).await;
        let mut repository = git.make("lib");
        repository.write("go.mod", format!("module {PRIVATE}\n\ngo 1.20\n"));
        for number in 0..3 {
            repository.write("lib.go", format!("package lib // {number}\n")).commit(1_600_000_000 + number);
            repository.tag(&format!("v1.{number}.0"));
        }
        git.page(PRIVATE, &format!("{PRIVATE} git {}/lib", git.url()));
        let versions = (0..3).map(|number| Module::new(PUBLIC, &format!("v1.{number}.0")));
        let modules: Vec<Module> = versions.chain([toolchain("proven")]).collect();
        let world = World::start().await;
        modules.iter().for_each(|module| module.serve(&world));
        let public = Sumdb::start(300, &modules.iter().collect::<Vec<_>>()).await;
        let site = Self { home: tempfile::tempdir().expect("a folder"), git, world, public, repository };
        site.make_key("sumdb.key", "sumdb.corp.test");
        fs::write(site.home.path().join("token"), TOKEN).expect("a file");
        site
    }

    /// The repositories, the upstream and the public database are gone: others take their places, and nothing listens where they were.
    pub(crate) async fn cut_off(&mut self) {
        let database = self.public.url().trim_start_matches("http://").parse().expect("an address");
        let gone = [self.git.address(), self.world.address(), database];
        (self.git, self.world) = (GitServer::start(false, None).await, World::start().await);
        self.public = Sumdb::start(1, &[]).await;
        let closed = async {
            while gone.iter().any(|address| TcpStream::connect(address).is_ok()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), closed).await.expect("they are closed");
    }

    /// Makes a key file.
    pub(crate) fn make_key(&self, file: &str, name: &str) {
        let (code, _, said) = modway(self.home.path(), &["sumdb", "init", name, "--key", file]);
        assert_eq!(code, Some(0), "{said}");
    }

    /// The key of a key file, for clients.
    pub(crate) fn key(&self, file: &str) -> VerifierKey {
        let text = fs::read_to_string(self.home.path().join(file)).expect("a key file");
        SignerKey::parse(text.trim_end()).expect("a key").verifier()
    }

    /// The configuration: these lines stand in `[sumdb.private]`.
    pub(crate) fn configure(&self, private: &str) -> PathBuf {
        let path = self.home.path().join("modway.toml");
        let text = format!(
            "[upstream.outside]\nurl = \"{}\"\n\
             [[route]]\nmatch = \"corp.test\"\nupstreams = \"direct\"\n[[route]]\nmatch = \"*\"\nupstreams = \"outside\"\n\
             [direct]\ngoprivate = \"corp.test\"\ngoinsecure = \"corp.test\"\n\
             [[direct.access]]\nplace = \"{}\"\nschemes = [\"http\"]\nprivate_addresses = true\n\
             [sumdb]\ngosumdb = \"{}\"\ngonosumdb = \"corp.test\"\n\
             [sumdb.private]\nkey_file = \"sumdb.key\"\n{private}\n\
             [[sumdb.private.auditor]]\nname = \"security\"\ntoken_file = \"token\"\n",
            self.world.url(),
            self.git.address(),
            self.public.setting(),
        );
        fs::write(&path, text).expect("a file");
        path
    }

    /// `modway serve` over the store `store`, with the configuration as it is written now.
    pub(crate) fn serve(&self, store: &str) -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        let (file, store) = (self.home.path().join("modway.toml"), self.folder(store));
        command.arg("serve").arg("--config").arg(file).args(["--listen", "127.0.0.1:0", "--store"]).arg(&store);
        command.env_clear().env("HOME", &store).env("GOENV", "off");
        command.env("HTTP_PROXY", self.git.url()).env("HTTPS_PROXY", self.git.url());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.stderr(fs::File::create(store.join("log")).expect("a file"));
        Server::start(command)
    }

    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        let folder = self.home.path().join(name);
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    /// The go command of the client `home`, who asks `proxy` and believes the key of `sumdb.key` alone.
    pub(crate) fn go(&self, home: &str, proxy: &str) -> Command {
        let mut go = Go::find().command(&self.folder(home));
        go.env("GOPROXY", proxy).env("GOSUMDB", self.key("sumdb.key").to_string()).env("GONOSUMDB", "").env("GOPRIVATE", "");
        go
    }

    /// A project that imports the private and the public module at these versions, without a go.sum.
    pub(crate) fn project(&self, home: &str, private: &str, public: &str) -> PathBuf {
        let folder = self.folder(home).join("project");
        fs::create_dir_all(&folder).expect("a folder");
        let go_mod = format!("module main.test\n\ngo 1.21\n\nrequire (\n\t{PRIVATE} {private}\n\t{PUBLIC} {public}\n)\n");
        fs::write(folder.join("go.mod"), go_mod).expect("a file");
        fs::write(
            folder.join("main.go"),
            format!("package main\n\nimport (\n\t_ \"{PRIVATE}\"\n\t_ \"{PUBLIC}\"\n)\n\nfunc main() {{}}\n"),
        )
        .expect("a file");
        // What an earlier version left is not to be believed.
        let _ = fs::remove_file(folder.join("go.sum"));
        folder
    }
}

/// A running `modway serve`. Ended with the test.
pub(crate) struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the binary was built for this test");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("it prints a line");
        let url = line.trim().strip_prefix("export GOPROXY=").expect("the line to set").to_owned();
        Self { child, url }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn address(&self) -> String {
        self.url.trim_start_matches("http://").to_owned()
    }

    /// Status and body of `GET path`, with this header line if it is not empty.
    pub(crate) fn get(&self, path: &str, header: &str) -> (u16, Vec<u8>) {
        get(&self.address(), path, header)
    }

    /// Has it read its configuration again.
    pub(crate) fn hang_up(&self) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::HUP)
            .expect("it lives");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Best effort: the test is over either way.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Status and body of `GET path` at `address`.
pub(crate) fn get(address: &str, path: &str, header: &str) -> (u16, Vec<u8>) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let header = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
    write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\n{header}Connection: close\r\n\r\n").expect("it reads");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("the end of the header");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    (status, answer[end + 4..].to_vec())
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        match entry.file_type().expect("a kind").is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}

//! The command line, as a shell sees it: what `modway serve` prints, which signals it obeys, how commands end.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Far longer than anything here takes, so that only a hang reaches it.
const DEADLINE: Duration = Duration::from_secs(60);

/// A home of its own with a configuration file.
struct Home {
    folder: TempDir,
}

impl Home {
    fn with(upstreams: &str) -> Self {
        let home = Self { folder: tempfile::tempdir().expect("a folder") };
        home.write(upstreams);
        home
    }

    /// Writes a configuration whose only route has these upstreams.
    fn write(&self, upstreams: &str) {
        let text = format!("[sumdb]\ngosumdb = \"off\"\n[[route]]\nmatch = \"*\"\nupstreams = \"{upstreams}\"\n");
        fs::write(self.file(), text).expect("the file is written");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("modway.toml")
    }

    /// `modway` with these arguments and nothing of this machine's environment.
    fn modway(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
        command.args(arguments).env_clear().env("HOME", self.folder.path()).stdin(Stdio::null());
        command
    }

    fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// Serves with these variables besides.
    fn serve_with(&self, variables: &[(&str, &str)]) -> Server {
        let file = self.file().display().to_string();
        let mut command = self.modway(&["serve", "--config", &file, "--listen", "127.0.0.1:0"]);
        command.envs(variables.iter().copied());
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary was built for this test");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("it prints a line");
        let address = line.trim().strip_prefix("export GOPROXY=http://").expect("the one line to set").to_owned();
        let log = lines(child.stderr.take().expect("a pipe"));
        Server { child, address, log }
    }
}

/// The lines of a pipe, as they come.
fn lines(pipe: ChildStderr) -> Receiver<String> {
    let (send, receive) = sync_channel(1000);
    thread::spawn(move || BufReader::new(pipe).lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
    receive
}

struct Server {
    child: Child,
    address: String,
    log: Receiver<String>,
}

impl Server {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the child lives");
    }

    /// Waits for a log line with `text` in it.
    #[track_caller]
    fn until(&self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let left = DEADLINE.saturating_sub(started.elapsed());
            let line = self.log.recv_timeout(left).unwrap_or_else(|error| panic!("no line with {text:?}: {error}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    /// The status line of `GET path`; empty if the connection ends before.
    fn get(&self, path: &str) -> String {
        self.answer(path).lines().next().unwrap_or("").to_owned()
    }

    /// All that comes for `GET path`.
    fn answer(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        // A connection that is cut ends the answer where it was.
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    /// The exit code, within the deadline.
    #[track_caller]
    fn end(mut self) -> Option<i32> {
        // Standard error ends when the process does.
        while self.log.recv_timeout(DEADLINE).is_ok() {}
        self.child.wait().expect("it ends").code()
    }
}

/// A module tree with the list of `example.com/m`, and its URL.
fn tree(at: &Path, name: &str) -> String {
    let folder = at.join(name).join("example.com/m/@v");
    fs::create_dir_all(&folder).expect("the folder");
    fs::write(folder.join("list"), "v1.0.0\n").expect("the list");
    format!("file://{}", at.join(name).display())
}

#[test]
fn a_hangup_puts_a_good_configuration_in_place_and_keeps_the_old_one_from_a_bad_one() {
    let home = Home::with("off");
    let server = home.serve();
    assert_eq!(server.get("/example.com/m/@v/list"), "HTTP/1.1 403 Forbidden");
    home.write(&tree(home.folder.path(), "modules"));
    server.signal(Signal::HUP);
    server.until("configuration reloaded");
    assert_eq!(server.get("/example.com/m/@v/list"), "HTTP/1.1 200 OK");
    home.write("nobody");
    server.signal(Signal::HUP);
    let line = server.until("configuration not reloaded, everything stays as it was");
    assert!(line.contains("no upstream is named `nobody`"), "{line}");
    assert_eq!(server.get("/example.com/m/@v/list"), "HTTP/1.1 200 OK");
    server.signal(Signal::TERM);
    assert_eq!(server.end(), Some(0));
}

#[test]
fn a_first_signal_lets_requests_end_and_a_second_one_does_not_wait() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let home = Home::with(&format!("http://{}", silent.local_addr().expect("its address")));
    let server = home.serve();
    let address = server.address.clone();
    let waiting = thread::spawn(move || {
        let mut stream = TcpStream::connect(&address).expect("it listens");
        write!(stream, "GET /example.com/m/@v/list HTTP/1.1\r\nHost: x\r\n\r\n").expect("it reads");
        // The upstream never answers; the end of the server ends this.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let asked = silent.accept().expect("the upstream is asked");
    let started = Instant::now();
    server.signal(Signal::INT);
    server.until("stopping");
    server.signal(Signal::INT);
    assert_eq!(server.end(), Some(0));
    assert!(started.elapsed() < Duration::from_secs(15), "it waited for the request: {:?}", started.elapsed());
    waiting.join().expect("the client ends");
    drop(asked);
}

/// How `modway` with these arguments ends, and that what it printed has these words.
#[track_caller]
fn check(home: &Home, arguments: &[&str], code: i32, words: &str) {
    let output = home.modway(arguments).output().expect("it runs");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed);
    assert!(output.status.code() == Some(code) && printed.contains(words), "{arguments:?}: {:?}\n{printed}", output.status);
}

#[test]
fn commands_end_with_the_promised_codes() {
    let home = Home::with("direct");
    let file = home.file().display().to_string();
    check(&home, &["config", "check", &file], 0, "the configuration is good");
    check(&home, &["config", "check", &file, "--json"], 0, "\"good\": true");
    check(&home, &["config", "show", "--config", &file], 0, "upstreams = \"direct\"");
    check(&home, &["config", "example"], 0, "[upstream.mirror]");
    check(&home, &["config", "schema"], 0, "\"$schema\"");
    check(&home, &["--version"], 0, "modway ");
    home.write("nobody");
    check(&home, &["config", "check", &file], 1, "1 mistake in the configuration");
    check(&home, &["config", "check", &file, "--json"], 1, "\"line\": 5");
    check(&home, &["serve", "--config", &file], 2, "1 mistake in the configuration");
    check(&home, &["serve", "--listen", "here"], 2, "flag --listen: error: `here` is no address to listen on");
    check(&home, &["sing"], 2, "unrecognized subcommand");
    check(&home, &["config", "check", "/nowhere/modway.toml"], 3, "reading /nowhere/modway.toml");
}

#[test]
fn a_taken_address_or_store_is_named_with_what_to_do() {
    let home = Home::with("off");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("its address").to_string();
    check(&home, &["serve", "--listen", &address], 3, &format!("listening on {address} (is another server there?"));
    let first = home.serve();
    check(&home, &["serve", "--listen", "127.0.0.1:0"], 3, "another modway uses this store");
    first.signal(Signal::TERM);
    assert_eq!(first.end(), Some(0));
}

#[test]
fn a_reload_says_what_of_version_control_waits_for_a_restart() {
    let home = Home::with("off");
    let server = home.serve();
    let text = fs::read_to_string(home.file()).expect("the configuration");
    for (more, waits) in [("[direct]\ncontact = \"mailto:x@y\"\n", false), ("[direct]\nchildren = 2\n", true)] {
        fs::write(home.file(), format!("{text}{more}")).expect("the file is written");
        server.signal(Signal::HUP);
        let line = server.until("configuration reloaded");
        assert_eq!(line.contains("a restart is needed for: folder, tools and bounds of version control"), waits, "{line}");
    }
    server.signal(Signal::TERM);
    assert_eq!(server.end(), Some(0));
}

/// A tool named git that says this, alone in a folder of its own.
fn git_that_says(home: &Home, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = home.folder.path().join("tools");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("git"), format!("#!/bin/sh\necho '{text}'\n")).expect("a file");
    fs::set_permissions(folder.join("git"), fs::Permissions::from_mode(0o755)).expect("our file");
    folder.display().to_string()
}

#[test]
fn without_git_or_with_an_old_one_the_server_is_up_and_direct_mode_refuses_in_words() {
    let home = Home::with("direct");
    let old = git_that_says(&home, "git version 2.30.0");
    for (path, words) in [("/nowhere", "executable file not found in $PATH"), (&old, "git 2.30 is too old")] {
        let server = home.serve_with(&[("MODWAY_DIRECT__PATH", path)]);
        let line = server.until("direct mode refuses what only git could fetch");
        assert!(line.contains(&words.replace('"', "\\\"")) && line.contains("\"level\":\"warn\""), "{line}");
        assert_eq!(server.get("/-/ready"), "HTTP/1.1 200 OK");
        let answer = server.answer("/github.com/modway-test/none/@v/list");
        assert!(answer.starts_with("HTTP/1.1 502") && answer.contains(words), "{answer}");
        server.signal(Signal::TERM);
        assert_eq!(server.end(), Some(0));
    }
}

#[test]
fn a_log_that_cannot_be_opened_keeps_everything_as_it_was() {
    let home = Home::with("off");
    let server = home.serve();
    let mut text = fs::read_to_string(home.file())
        .expect("the configuration")
        .replace("\"off\"\n[[", "\"off\"\n[server]\nlog = \"/nowhere/log\"\n[[");
    text = text.replace("upstreams = \"off\"", &format!("upstreams = \"{}\"", tree(home.folder.path(), "modules")));
    fs::write(home.file(), text).expect("the file is written");
    server.signal(Signal::HUP);
    let line = server.until("configuration not reloaded, everything stays as it was");
    assert!(line.contains("opening the log /nowhere/log"), "{line}");
    assert_eq!(server.get("/example.com/m/@v/list"), "HTTP/1.1 403 Forbidden");
    server.signal(Signal::TERM);
    assert_eq!(server.end(), Some(0));
}

//! A site: a `modway serve` with a checksum database of its own, that is a witness and has one.

use std::{
    io::{BufRead, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
};

use gomod::sumdb::{
    checkpoint::Checkpoint,
    cosign::WitnessKey,
    note::{self, VerifierKey},
};
use tempfile::TempDir;

use crate::wait;

/// The keys of a site, made by the commands that operators use.
pub(crate) struct Keys {
    folder: TempDir,
    name: String,
    pub(crate) log: VerifierKey,
    pub(crate) witness: WitnessKey,
}

impl Keys {
    pub(crate) fn make(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let init = |arguments: &[&str], file: &str| {
            let mut command = modway(folder.path());
            let made = command.args(["sumdb", "init"]).args(arguments).arg("--key").arg(folder.path().join(file)).output();
            let made = made.expect("the binary was built for this test");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
            String::from_utf8(made.stdout).expect("text").lines().next().expect("the key").to_owned()
        };
        let log = init(&[&format!("sumdb.{name}")], "log.key");
        let witness = init(&["--witness", &format!("{name}/witness")], "witness.key");
        let (log, witness) = (VerifierKey::parse(&log).expect("a key"), WitnessKey::parse(&witness).expect("a key"));
        Self { folder, name: name.to_owned(), log, witness }
    }
}

/// A running site.
pub(crate) struct Site {
    child: Child,
    address: String,
    folder: TempDir,
    name: String,
}

impl Site {
    /// Starts the site with `keys`, which asks `other` at `road` to cosign; over a copy of the store of `before`, if that is given.
    pub(crate) fn start(keys: &Keys, other: &Keys, road: SocketAddr, origin: &str, before: Option<&Self>) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if let Some(before) = before {
            copy(&before.folder.path().join("store"), &folder.path().join("store"));
        }
        let key = |file: &str| keys.folder.path().join(file).display().to_string();
        let text = format!(
            "[server]\nlisten = [\"127.0.0.1:0\"]\nlog = {:?}\n[store]\npath = {:?}\n\
             [[route]]\nmatch = \"*\"\nupstreams = \"{origin}\"\n\
             [sumdb]\ngosumdb = \"off\"\n\
             [sumdb.private]\nkey_file = {:?}\nrecords = \"all\"\nwitness_required = true\n\
             [[sumdb.private.witness]]\nurl = \"http://{road}\"\nkey = \"{}\"\n\
             [witness]\nlisten = \"127.0.0.1:0\"\nkey_file = {:?}\nlogs = [\"{}\"]\n",
            folder.path().join("log").display().to_string(),
            folder.path().join("store").display().to_string(),
            key("log.key"),
            other.witness,
            key("witness.key"),
            other.log,
        );
        let file = folder.path().join("modway.toml");
        std::fs::write(&file, text).expect("the folder is ours");
        let mut command = modway(folder.path());
        command.args(["serve", "--config"]).arg(&file).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the binary was built for this test");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let address = lines.by_ref().find_map(|line| line.strip_prefix("export GOPROXY=http://").map(str::to_owned));
        let address = address.expect("the server prints the line to set");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, folder, name: keys.name.clone() }
    }

    /// Where it is asked as a witness, which it says in its log.
    pub(crate) fn witness(&self) -> SocketAddr {
        wait("the witness listens", || {
            let log = self.log();
            let (_, rest) = log.split_once("is a witness at ")?;
            rest.split(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').next()?.parse().ok()
        })
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The size of the checkpoint that is shown, if it is signed by the log and cosigned by the other site.
    pub(crate) fn cosigned(&self, own: &Keys, other: &Keys) -> Option<u64> {
        let (status, body) = self.ask(&format!("/sumdb/sumdb.{}/checkpoint", self.name));
        let note = note::open(&body, &[&own.log]).ok().filter(|_| status == 200)?;
        other.witness.find(&note).expect("a good cosignature or none")?;
        Some(Checkpoint::parse(note.text()).expect("a checkpoint").tree().size)
    }

    /// Asks for the record of a version, which makes it.
    pub(crate) fn record(&self, version: &str) {
        let path = format!("/sumdb/sumdb.{}/lookup/git.corp.test/lib@{version}", self.name);
        let (status, body) = self.ask(&path);
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
    }

    fn ask(&self, path: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address).expect("it listens");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
        let status = String::from_utf8_lossy(&answer[9..12]).parse().expect("a status");
        (status, answer.split_off(end))
    }

    /// Ends it, as a power cut does; what it kept stays.
    pub(crate) fn end(mut self) -> Self {
        self.kill();
        self
    }

    /// Stops it, as an operator does.
    pub(crate) fn stop(mut self) {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().expect("every system has it");
        assert!(told.success());
        wait("it stops", || self.child.try_wait().expect("it is ours"));
    }

    fn kill(&mut self) {
        // Best effort: it may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.kill();
    }
}

fn modway(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_modway"));
    command.env_clear().env("HOME", home).env("GOENV", "off").stdin(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// Copies a folder and all below it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the folder is ours");
    for entry in std::fs::read_dir(from).expect("it is there").map(|entry| entry.expect("it is there")) {
        let to = to.join(entry.file_name());
        if entry.file_type().expect("it is there").is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("the folder is ours");
        }
    }
}

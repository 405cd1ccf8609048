//! One command, run twice in places of its own: by itself, and traced.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;
use testkit::{
    go::Go,
    world::{Seen, World},
};

/// A go.mod of the main module, and files beside it.
pub(crate) type Files = Vec<(String, String)>;

/// What both runs have in common.
#[derive(Default)]
pub(crate) struct Stage {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) files: Files,
}

/// What a run left behind.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct Left {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Of the module, and of Go's stores.
    files: BTreeMap<String, String>,
}

/// A traced run, and what it told.
pub(crate) struct Told {
    pub(crate) left: Left,
    pub(crate) json: Value,
    /// Every form of the trace, and what was said in the terminal.
    pub(crate) forms: Vec<(String, String)>,
    home: TempDir,
}

/// The forms besides what is said in the terminal.
const FORMS: [&str; 5] = ["json", "html", "svg", "har", "mermaid"];

impl Stage {
    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        let files = vec![("main/go.mod".to_owned(), "module main.test\n\ngo 1.24\n".to_owned())];
        Self { files, ..Self::default() }.with(settings)
    }

    pub(crate) fn with(mut self, settings: &[(&str, &str)]) -> Self {
        self.settings.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self
    }

    pub(crate) fn file(mut self, path: &str, text: impl Into<String>) -> Self {
        self.files.retain(|(known, _)| known != path);
        self.files.push((path.to_owned(), text.into()));
        self
    }

    fn home(&self) -> TempDir {
        let home = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in &self.files {
            let path = home.path().join(path);
            fs::create_dir_all(path.parent().expect("it has a folder")).expect("the folder is ours");
            fs::write(path, text).expect("the folder is ours");
        }
        home
    }

    /// Runs `go` with these words by itself.
    pub(crate) fn plain(&self, words: &[&str]) -> Left {
        let home = self.home();
        let output = self.command(home.path(), &[], words).output().expect("go runs");
        left(home.path(), &output, "")
    }

    /// Runs it traced.
    pub(crate) fn traced(&self, words: &[&str]) -> Told {
        let (home, forms) = (self.home(), tempfile::tempdir().expect("a temporary folder"));
        let output = self.command(home.path(), &flags(forms.path()), words).output().expect("modway runs");
        // The waterfall begins behind an empty line with the command itself.
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let begin = find_waterfall(&stderr);
        let read = |form: &str| fs::read_to_string(forms.path().join(form)).expect(form);
        let mut told: Vec<(String, String)> = FORMS.iter().map(|form| ((*form).to_owned(), read(form))).collect();
        told.push(("terminal".to_owned(), stderr[begin..].to_owned()));
        let json = serde_json::from_str(&told[0].1).unwrap_or_else(|error| panic!("{error}: {stderr}"));
        Told { left: left(home.path(), &output, &stderr[begin..]), json, forms: told, home }
    }

    /// The command itself, or one that traces it.
    pub(crate) fn command(&self, home: &Path, flags: &[String], words: &[&str]) -> Command {
        let go = Go::find();
        let like = go.command(home);
        let mut command = Command::new(if flags.is_empty() { go.path() } else { Path::new(env!("CARGO_BIN_EXE_modway")) });
        command.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.envs(self.settings.iter().map(|(name, value)| (name, value.replace("$HOME", &home.display().to_string()))));
        if !flags.is_empty() {
            command.arg("trace").args(flags).arg("--").arg(go.path());
        }
        command.args(words).current_dir(home.join("main"));
        command
    }
}

fn flags(folder: &Path) -> Vec<String> {
    let form = |form: &&str| format!("--{form}={}", folder.join(form).display());
    FORMS.iter().map(form).chain(["--lang=en".to_owned(), "--all".to_owned()]).collect()
}

/// Where what we say begins in standard error: at the empty line before the command's own line.
fn find_waterfall(stderr: &str) -> usize {
    let title = format!("\n{}", Go::find().path().display());
    stderr.rfind(&title).unwrap_or(stderr.len())
}

fn left(home: &Path, output: &Output, ours: &str) -> Left {
    let place = home.display().to_string();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&place, "$HOME");
    let stderr = text(&output.stderr);
    let stderr = stderr.strip_suffix(&ours.replace(&place, "$HOME")).unwrap_or(&stderr);
    // What runs side by side is said in any order.
    let mut lines: Vec<&str> = stderr.lines().collect();
    lines.sort_unstable();
    let mut files = BTreeMap::new();
    for folder in ["main", "modcache", "gopath"] {
        walk(&home.join(folder), home, &mut files);
    }
    Left { code: output.status.code(), stdout: text(&output.stdout), stderr: lines.join("\n"), files }
}

/// The files that say something: locks are empty, and what git keeps for itself has times in it.
fn walk(folder: &Path, home: &Path, files: &mut BTreeMap<String, String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("an entry").path()) {
        let name = path.strip_prefix(home).expect("below it").display().to_string();
        if path.is_dir() {
            if !name.ends_with("cache/vcs") {
                walk(&path, home, files);
            }
        } else if !name.ends_with(".lock") {
            let bytes = fs::read(&path).expect("a file");
            files.insert(name, String::from_utf8_lossy(&bytes).replace(&home.display().to_string(), "$HOME"));
        }
    }
}

impl Told {
    /// The requests that were recorded for a host, as methods and targets, in no order.
    pub(crate) fn targets(&self, host: &str) -> Vec<String> {
        let requests = self.json["requests"].as_array().expect("requests").iter().filter(|request| request["host"] == host);
        let target = |request: &Value| {
            let url = request["url"].as_str().expect("a URL");
            let target = url.splitn(4, '/').nth(3).unwrap_or_default();
            format!("{} /{target}", request["method"].as_str().expect("a method"))
        };
        sorted(requests.map(target))
    }

    /// Everything that was left on the disk, git's own stores included.
    pub(crate) fn all_files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut folders = vec![self.home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
                if path.is_symlink() {
                } else if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).expect("a file");
                    found.push((path, bytes));
                }
            }
        }
        found
    }

    /// What stands below a heading of the terminal's text.
    pub(crate) fn terminal(&self) -> &str {
        &self.forms.iter().find(|(form, _)| form == "terminal").expect("it is one of them").1
    }
}

/// What a scripted server was asked since `seen` requests, as methods and targets, in no order.
pub(crate) fn asked(world: &World, seen: usize) -> Vec<String> {
    sorted(world.seen()[seen..].iter().map(|seen| format!("{} {}", seen.method, seen.target)))
}

/// What a server sees of who asks, request by request, in no order.
pub(crate) fn manners(seen: &[Seen]) -> Vec<String> {
    sorted(seen.iter().map(|seen| {
        let field = |name: &str| seen.header(name).unwrap_or("-").to_owned();
        let fields = ["user-agent", "authorization", "accept-encoding", "host", "if-none-match"].map(field);
        format!("{} {} {}", seen.method, seen.target, fields.join(" | "))
    }))
}

pub(crate) fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

/// Runs the command both ways. It leaves the same behind; each of `worlds` is asked the same by the same manners, and what it is asked is what was
/// recorded.
#[track_caller]
pub(crate) fn check(stage: &Stage, words: &[&str], worlds: &[&World]) -> Told {
    let start: Vec<usize> = worlds.iter().map(|world| world.seen().len()).collect();
    let plain = stage.plain(words);
    let middle: Vec<usize> = worlds.iter().map(|world| world.seen().len()).collect();
    let told = stage.traced(words);
    for ((world, start), middle) in worlds.iter().zip(start).zip(middle) {
        let seen = world.seen();
        assert_eq!(manners(&seen[middle..]), manners(&seen[start..middle]), "{words:?}: the server is asked otherwise");
        assert_eq!(told.targets(&world.address().to_string()), asked(world, middle), "{words:?}: recorded, and asked");
    }
    assert_eq!(told.left, plain, "{words:?}: left behind with, and without the trace");
    let traces = told.all_files().into_iter().filter(|(_, bytes)| names_a_door(&String::from_utf8_lossy(bytes)));
    let traces: Vec<PathBuf> = traces.map(|(path, _)| path).collect();
    assert!(traces.is_empty(), "{words:?}: a URL of ours is left in {traces:?}");
    told
}

/// Whether a URL of ours is in a text: a port of loopback, and a token of 32 hex digits.
fn names_a_door(text: &str) -> bool {
    text.split("http://127.0.0.1:").skip(1).any(|rest| {
        let token = rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).strip_prefix('/').unwrap_or_default();
        token.len() >= 32 && token.as_bytes()[..32].iter().all(u8::is_ascii_hexdigit)
    })
}

#[test]
fn a_url_of_ours_is_found() {
    assert!(names_a_door("x http://127.0.0.1:80/0123456789abcdef0123456789abcdef/0/m"));
    assert!(!names_a_door("http://127.0.0.1:80/example.test/lib/@v/list"));
}

//! A git repository that grows commit by commit, without a work tree.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use tempfile::TempDir;

/// How a repository names its objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// 40 hex digits.
    Sha1,
    /// 64 hex digits.
    Sha256,
}

/// A bare git repository whose hashes are the same on every machine. Gone with its last clone.
///
/// Shape: changes are gathered (`write`, `link`, …) until `commit` makes one commit of them on the current branch, at first `main`.
/// Tags and branches are put at the last commit. Everything panics with git's own words if it fails.
///
/// Specimen:
/// ```no_run
/// # use testkit::repos::{Format, Repository};
/// let mut repository = Repository::new(Format::Sha1);
/// let hash = repository.write("go.mod", "module example.test/lib\n").commit(1_600_000_000);
/// repository.tag("v1.0.0").branch("release").write("lib.go", "package lib\n").commit(1_600_000_100);
/// ```
#[derive(Clone, Debug)]
pub struct Repository {
    directory: PathBuf,
    branch: String,
    last: Option<String>,
    changes: Vec<u8>,
    _root: Arc<TempDir>,
}

impl Repository {
    /// An empty one in a temporary folder of its own.
    pub fn new(format: Format) -> Self {
        let root = Arc::new(TempDir::new().expect("a temporary folder"));
        let directory = root.path().join("repository");
        let format = match format {
            Format::Sha1 => "sha1",
            Format::Sha256 => "sha256",
        };
        let form = format!("--object-format={format}");
        let flags = ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", &form];
        run(git(root.path()).args(flags).arg(&directory), &[]);
        Self { directory, branch: "main".into(), last: None, changes: Vec::new(), _root: root }
    }

    /// Where the bare repository lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes an ordinary file. Paths may be any bytes without NUL.
    pub fn write(&mut self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> &mut Self {
        self.file("100644", path.as_ref(), content.as_ref())
    }

    /// Writes a file that may be executed.
    pub fn executable(&mut self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> &mut Self {
        self.file("100755", path.as_ref(), content.as_ref())
    }

    /// Makes a symbolic link.
    pub fn link(&mut self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> &mut Self {
        self.file("120000", path.as_ref(), target.as_ref())
    }

    /// Makes a submodule: a commit of another repository, which nobody needs to have.
    pub fn submodule(&mut self, path: impl AsRef<[u8]>, hash: &str) -> &mut Self {
        self.change(format!("M 160000 {hash} {}\n", quoted(path.as_ref())).as_bytes())
    }

    /// Removes a file, or a directory with all in it.
    pub fn remove(&mut self, path: impl AsRef<[u8]>) -> &mut Self {
        self.change(format!("D {}\n", quoted(path.as_ref())).as_bytes())
    }

    /// The next commit has this one as its second parent; its files are not taken over.
    pub fn merge(&mut self, hash: &str) -> &mut Self {
        let merge = format!("merge {hash}\n");
        self.changes.splice(0..0, merge.into_bytes());
        self
    }

    /// Commits what was gathered, at these seconds since 1970 in a zone east of Greenwich; the author wrote it a day before. Answers its hash.
    pub fn commit(&mut self, seconds: i64) -> String {
        let message = "a commit\n";
        let from = self.last.as_ref().map(|last| format!("from {last}\n")).unwrap_or_default();
        let head = format!(
            "commit refs/heads/{}\nmark :1\nauthor A <a@example.test> {} +0000\ncommitter C <c@example.test> {seconds} +0200\ndata {}\n{message}{from}",
            self.branch,
            seconds - 86_400,
            message.len(),
        );
        let stream = [head.as_bytes(), &std::mem::take(&mut self.changes), b"\nget-mark :1\n"].concat();
        let hash = self.import(&stream);
        self.last = Some(hash.clone());
        hash
    }

    /// The last commit's hash.
    ///
    /// # Panics
    /// If there is none.
    pub fn last(&self) -> &str {
        self.last.as_deref().expect("a commit was made")
    }

    /// Puts a lightweight tag at the last commit, moving it if there is one.
    pub fn tag(&mut self, name: &str) -> &mut Self {
        self.git(&["update-ref", &format!("refs/tags/{name}"), self.last()]);
        self
    }

    /// Puts an annotated tag at the last commit; it was made an hour after the first of January 2030.
    pub fn annotate(&mut self, name: &str) -> &mut Self {
        self.git(&["tag", "--annotate", "--force", "--message=a tag", name, self.last()]);
        self
    }

    /// Goes to a branch: what is committed from now on is on it. A new one begins at the last commit.
    pub fn branch(&mut self, name: &str) -> &mut Self {
        let reference = format!("refs/heads/{name}");
        let known = self.git(&["for-each-ref", "--format=%(objectname)", &reference]);
        match (known.is_empty(), &self.last) {
            (false, _) => self.last = Some(known),
            (true, Some(last)) => drop(self.git(&["update-ref", &reference, last])),
            (true, None) => {}
        }
        self.branch = name.into();
        self
    }

    /// Begins a branch without history.
    pub fn orphan(&mut self, name: &str) -> &mut Self {
        (self.branch, self.last) = (name.into(), None);
        self
    }

    /// Runs git in the repository, in an environment of its own; answers what it printed, without the last line's end.
    pub fn git(&self, arguments: &[&str]) -> String {
        run(git(&self.directory).args(arguments), &[])
    }

    /// Feeds a stream to `git fast-import`, for repositories of many commits. Answers what `get-mark` commands in it printed.
    pub fn import(&self, stream: &[u8]) -> String {
        run(git(&self.directory).args(["fast-import", "--quiet", "--force"]), stream)
    }

    fn file(&mut self, mode: &str, path: &[u8], content: &[u8]) -> &mut Self {
        let head = format!("M {mode} inline {}\ndata {}\n", quoted(path), content.len());
        self.change(&[head.as_bytes(), content, b"\n"].concat())
    }

    fn change(&mut self, change: &[u8]) -> &mut Self {
        self.changes.extend_from_slice(change);
        self
    }
}

/// A path as fast-import reads it, whatever bytes are in it.
fn quoted(path: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'_' | b'/' | b'-' => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\{byte:03o}")),
        }
    }
    text + "\""
}

/// git in an environment of its own.
pub(super) fn git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs([("HOME", "/nonexistent"), ("LC_ALL", "C"), ("TZ", "UTC")])
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .envs([("GIT_AUTHOR_NAME", "A"), ("GIT_AUTHOR_EMAIL", "a@example.test")])
        .envs([("GIT_COMMITTER_NAME", "C"), ("GIT_COMMITTER_EMAIL", "c@example.test")])
        .envs([("GIT_AUTHOR_DATE", "1893459600 +0000"), ("GIT_COMMITTER_DATE", "1893459600 +0000")])
        .current_dir(directory);
    command
}

/// Runs to the end and answers what was printed, without the last line's end.
#[track_caller]
pub(super) fn run(command: &mut Command, input: &[u8]) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|cause| panic!("{command:?}: {cause}"));
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let output = std::thread::scope(|scope| {
        // A child that fails early leaves the rest unread; its own words below are the better message.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().expect("the child was started")
    });
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
}

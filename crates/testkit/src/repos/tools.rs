//! Repositories of Mercurial, Subversion and Fossil, with the servers that come with those tools.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncWriteExt as _, copy},
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::git::run;

/// A repository with a work tree, grown by its own tool's commands in an environment of its own.
#[derive(Debug)]
pub struct Workshop {
    root: TempDir,
    tool: Tool,
}

/// Which tool it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Mercurial.
    Hg,
    /// Subversion.
    Svn,
    /// Fossil.
    Fossil,
}

impl Workshop {
    /// An empty repository. Subversion's has `trunk`, which is the work tree, and `tags`.
    pub fn new(tool: Tool) -> Self {
        let workshop = Self { root: TempDir::new().expect("a temporary folder"), tool };
        std::fs::create_dir(workshop.work()).expect("the folder is ours");
        let store = workshop.store();
        match tool {
            Tool::Hg => drop(workshop.run(&["init", "."])),
            Tool::Fossil => {
                let store = store.to_str().expect("temporary folders have plain names");
                workshop.run(&["init", "--date-override", "2020-01-01T00:00:00", store]);
                workshop.run(&["open", "--keep", store]);
            }
            Tool::Svn => {
                run(workshop.hermetic("svnadmin").arg("create").arg(&store), &[]);
                let url = format!("file://{}", store.display());
                workshop.run(&["mkdir", "-q", "-m", "x", &format!("{url}/trunk"), &format!("{url}/tags")]);
                workshop.run(&["checkout", "-q", &format!("{url}/trunk"), "."]);
            }
        }
        workshop
    }

    /// Writes a file into the work tree; `commit` takes it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let file = self.work().join(path);
        std::fs::create_dir_all(file.parent().expect("it has a folder")).expect("the folder is ours");
        std::fs::write(file, content).expect("the folder is ours");
        self
    }

    /// Makes a symbolic link in the work tree.
    pub fn link(&self, path: &str, target: &str) -> &Self {
        std::os::unix::fs::symlink(target, self.work().join(path)).expect("the folder is ours");
        self
    }

    /// Commits all there is, at so many seconds since 1970.
    pub fn commit(&self, seconds: i64) -> &Self {
        match self.tool {
            Tool::Hg => {
                self.run(&["addremove", "-q"]);
                self.run(&["commit", "-u", "t", "-m", "a commit", "-d", &format!("{seconds} -7200")]);
            }
            Tool::Svn => {
                self.run(&["add", "-q", "--force", "."]);
                self.run(&["commit", "-q", "-m", "a commit"]);
                self.date(seconds);
            }
            Tool::Fossil => {
                self.run(&["addremove"]);
                let date = gomod::time::Time::from_unix_seconds(seconds).expect("a date").to_string();
                self.run(&[
                    "commit",
                    "--no-prompt",
                    "--nosign",
                    "--allow-empty",
                    "--no-warnings",
                    "-m",
                    "a commit",
                    "--date-override",
                    &date,
                ]);
            }
        }
        self
    }

    /// Tags the last commit, as the tool's users do. Mercurial and Subversion make a commit of it.
    pub fn tag(&self, name: &str, seconds: i64) -> &Self {
        match self.tool {
            Tool::Hg => drop(self.run(&["tag", "-f", "-u", "t", "-d", &format!("{seconds} 0"), name])),
            Tool::Fossil => drop(self.run(&["tag", "add", name, "trunk"])),
            Tool::Svn => {
                let url = format!("file://{}", self.store().display());
                self.run(&["copy", "-q", "-m", "a tag", &format!("{url}/trunk"), &format!("{url}/tags/{name}")]);
                self.date(seconds);
            }
        }
        self
    }

    /// Runs the tool in the work tree; answers what it printed, without the last line's end.
    pub fn run(&self, arguments: &[&str]) -> String {
        run(self.hermetic(self.tool.name()).args(arguments), &[])
    }

    /// The folder one may write files into.
    pub fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Where the repository itself lies: a folder, or Fossil's file.
    pub fn store(&self) -> PathBuf {
        match self.tool {
            Tool::Hg => self.work(),
            Tool::Svn => self.root.path().join("repository"),
            Tool::Fossil => self.root.path().join("repository.fossil"),
        }
    }

    /// Gives Subversion's newest revision its date.
    fn date(&self, seconds: i64) {
        let moment = gomod::time::Time::from_unix_seconds(seconds).expect("a date").to_string().replace('Z', ".250000Z");
        let file = self.root.path().join("date");
        std::fs::write(&file, moment).expect("the folder is ours");
        let newest = run(self.hermetic("svnlook").arg("youngest").arg(self.store()), &[]);
        let mut command = self.hermetic("svnadmin");
        run(command.args(["setrevprop", "-r", &newest]).arg(self.store()).arg("svn:date").arg(file), &[]);
    }

    fn hermetic(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC"), ("USER", "t"), ("HGRCPATH", ""), ("HGPLAIN", "1")])
            .envs([("HOME", self.root.path()), ("FOSSIL_HOME", self.root.path())])
            .current_dir(self.work());
        command
    }
}

impl Tool {
    fn name(self) -> &'static str {
        match self {
            Self::Hg => "hg",
            Self::Svn => "svn",
            Self::Fossil => "fossil",
        }
    }
}

/// `hg serve` for one repository. Ends with its owner.
#[derive(Debug)]
pub struct HgServer {
    child: Child,
    url: String,
}

impl HgServer {
    /// Serves a Mercurial repository.
    pub fn start(workshop: &Workshop) -> Self {
        let mut command = workshop.hermetic("hg");
        command.args(["serve", "--address", "127.0.0.1", "--port", "0", "--print-url", "--accesslog", "/dev/null"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("hg is installed");
        let mut line = String::new();
        let said = BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line);
        said.expect("it says where it listens");
        let port = line.trim().trim_end_matches('/').rsplit(':').next().expect("a URL with a port").to_owned();
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }

    /// Its URL, by address, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for HgServer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A server that starts its tool for each connection, as inetd does: `svnserve` or `fossil http`. Stops when dropped.
#[derive(Debug)]
pub struct InetServer {
    address: SocketAddr,
    scheme: &'static str,
    task: JoinHandle<()>,
}

impl InetServer {
    /// Serves a Subversion repository as `svn://`, or a Fossil one over HTTP.
    ///
    /// # Panics
    /// For Mercurial, which has [`HgServer`].
    pub async fn start(workshop: &Workshop) -> Self {
        let store = workshop.store();
        let (scheme, program, arguments): (_, _, &[&str]) = match workshop.tool {
            Tool::Svn => ("svn", "svnserve", &["--inetd", "--root"]),
            Tool::Fossil => ("http", "fossil", &["http"]),
            Tool::Hg => panic!("hg serves itself"),
        };
        let arguments: Vec<PathBuf> = arguments.iter().map(PathBuf::from).chain([store]).collect();
        let home = workshop.root.path().to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let task = tokio::spawn(async move {
            let mut all = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                all.spawn(attend(stream, program, arguments.clone(), home.clone()));
            }
        });
        Self { address, scheme, task }
    }

    /// Its URL, by address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for InetServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn attend(mut stream: TcpStream, program: &str, arguments: Vec<PathBuf>, home: PathBuf) {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).env("HOME", &home).env("FOSSIL_HOME", &home).env("USER", "t").env("LC_ALL", "C.UTF-8");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().expect("the tool is installed");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let (mut from, mut to) = stream.split();
    // When the tool has said all, the connection ends, whatever the client still wants to say.
    tokio::select! {
        _ = async { drop(copy(&mut from, &mut stdin).await); std::future::pending::<()>().await } => {}
        _ = copy(&mut stdout, &mut to) => {}
    }
    drop(to.shutdown().await);
    drop(child.wait().await);
}

//! The real go command in a home of its own, and what it said.

use std::{fs, process::Output};

use tempfile::TempDir;
use testkit::{go::Go, modules::Module, world::World};

/// The version that everybody asks for.
pub(crate) const VERSION: &str = "v1.0.0";

/// The command for it.
pub(crate) const GET: &str = "mod download example.test/m@v1.0.0";

/// The go command with its settings and its module cache. It stands in a module of its own.
pub(crate) struct Gopher {
    home: TempDir,
    env: Vec<(String, String)>,
}

/// What it said.
pub(crate) struct Said {
    succeeded: bool,
    text: String,
}

impl Gopher {
    /// One with these settings; GOPROXY and GOSUMDB are off without them.
    pub(crate) fn new(env: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder can be made");
        fs::create_dir(home.path().join("work")).expect("the folder is ours");
        let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let gopher = Self { home, env };
        gopher.write("work/go.mod", "module probe.test/m\n\ngo 1.27\n");
        gopher
    }

    /// Writes a file below its home; answers its path.
    pub(crate) fn write(&self, name: &str, content: &str) -> String {
        let file = self.home.path().join(name);
        fs::create_dir_all(file.parent().expect("it has a folder")).expect("the folder is ours");
        fs::write(&file, content).expect("the folder is ours");
        file.to_str().expect("temporary folders have plain names").to_owned()
    }

    /// True if this is there, below its home.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.home.path().join(name).exists()
    }

    /// Runs `go ARGS` to its end.
    pub(crate) fn go(&self, args: &str) -> Said {
        self.go_with(&[], args)
    }

    /// The same, with some more settings.
    pub(crate) fn go_with(&self, env: &[(&str, &str)], args: &str) -> Said {
        let mut command = Go::find().command(self.home.path());
        command.current_dir(self.home.path().join("work")).env("GIT_CONFIG_NOSYSTEM", "1").env("GOMAXPROCS", "2");
        command.envs(self.env.iter().map(|(name, value)| (name, value))).envs(env.iter().copied());
        let output: Output = tokio::task::block_in_place(|| command.args(args.split(' ')).output()).expect("go starts");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Said { succeeded: output.status.success(), text }
    }
}

impl Said {
    /// It succeeded; answers what it printed.
    #[track_caller]
    pub(crate) fn fine(self) -> String {
        assert!(self.succeeded, "{}", self.text);
        self.text
    }

    /// It failed, with these words among others.
    #[track_caller]
    pub(crate) fn failed(self, words: &str) {
        assert!(!self.succeeded && self.text.contains(words), "wanted a failure with {words:?}: {}", self.text);
    }
}

/// A proxy over plain http.
pub(crate) async fn proxy() -> World {
    World::start().await
}

/// A proxy that serves this module.
pub(crate) async fn serving(module: &Module) -> World {
    let world = World::start().await;
    module.serve(&world);
    world
}

/// example.test/m at [`VERSION`].
pub(crate) fn module() -> Module {
    Module::new("example.test/m", VERSION)
}

/// The last elements of all that was asked for, in order, each once: `v1.0.0.info`.
pub(crate) fn asked(world: &World) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for seen in world.seen() {
        let file = seen.target.rsplit('/').next().unwrap_or_default().to_owned();
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// An address where nobody listens, as long as it is kept.
pub(crate) fn closed() -> (tokio::net::TcpSocket, String) {
    let bound = tokio::net::TcpSocket::new_v4().expect("a socket");
    bound.bind(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).expect("some port is free");
    let address = format!("http://{}", bound.local_addr().expect("it is bound"));
    (bound, address)
}

//! One failure: a go command with its settings, run for real.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use testkit::go::Go;

/// A go command that fails, and the code of its cause.
#[derive(Clone)]
pub(crate) struct Case {
    /// What the catalogue calls its cause.
    pub(crate) code: &'static str,
    /// Told apart by it.
    pub(crate) title: String,
    env: Vec<(String, String)>,
    files: Vec<(String, Vec<u8>)>,
    args: Vec<String>,
    patience: Option<&'static str>,
    is_elided: bool,
    before: Option<Before>,
}

/// What happens to a world.
type Then = Box<dyn FnOnce() + Send>;

/// A go command that succeeds in the same home, and what happens after it.
#[derive(Clone)]
struct Before {
    args: Vec<String>,
    then: Arc<Mutex<Option<Then>>>,
}

impl Case {
    /// `go ARGS`, with GOPROXY and GOSUMDB off and no module around it. `HOME` in an argument or a value stands for its home.
    pub(crate) fn new(code: &'static str, args: &str) -> Self {
        let args = args.split(' ').map(str::to_owned).collect();
        Self {
            code,
            title: code.to_owned(),
            env: Vec::new(),
            files: Vec::new(),
            args,
            patience: None,
            is_elided: false,
            before: None,
        }
    }

    /// With this in its environment.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    /// With all of these.
    pub(crate) fn envs(mut self, all: &[(&str, String)]) -> Self {
        self.env.extend(all.iter().map(|(name, value)| ((*name).into(), value.clone())));
        self
    }

    /// With this GOPROXY.
    pub(crate) fn proxy(self, list: impl Into<String>) -> Self {
        self.env("GOPROXY", list)
    }

    /// In a module with these lines in its go.mod.
    pub(crate) fn module(self, lines: &str) -> Self {
        self.file("go.mod", format!("module probe.test/m\n\ngo 1.27\n{lines}\n"))
    }

    /// With this file in its folder.
    pub(crate) fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.into(), content.into()));
        self
    }

    /// Ended after two seconds, as a CI service ends a job that takes too long, and says so.
    pub(crate) fn ended(mut self, saying: &'static str) -> Self {
        self.patience = Some(saying);
        self
    }

    /// With the middle of each long line left out, as a log service does that shows one line for one message.
    pub(crate) fn elided(mut self) -> Self {
        self.is_elided = true;
        self
    }

    /// After `go ARGS` in the same home, and what then happens to the world.
    pub(crate) fn after(mut self, args: &str, then: impl FnOnce() + Send + 'static) -> Self {
        let args = args.split(' ').map(str::to_owned).collect();
        self.before = Some(Before { args, then: Arc::new(Mutex::new(Some(Box::new(then)))) });
        self
    }

    /// Named so, where several have the same cause.
    pub(crate) fn titled(mut self, title: &str) -> Self {
        self.title = format!("{}: {title}", self.code);
        self
    }

    /// Runs it in a folder of its own; answers all that it printed, and whether it succeeded.
    pub(crate) fn run(&self, go: &Go) -> (String, bool) {
        let home = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder can be made");
        // Not the home itself: it is the folder for temporary files, too, where the go command ignores a go.mod.
        let work = home.path().join("project");
        fs::create_dir(&work).expect("the folder is ours");
        self.files.iter().for_each(|(name, content)| write(&work, name, content));
        let here = |text: &str| text.replace("HOME", home.path().to_str().expect("temporary folders have plain names"));
        let command = |args: &[String]| {
            let mut command = go.command(home.path());
            command.current_dir(&work).env("GOMAXPROCS", "2").env("LC_ALL", "C").env("GIT_CONFIG_NOSYSTEM", "1");
            command.envs(self.env.iter().map(|(name, value)| (name, here(value))));
            command.args(args.iter().map(|arg| here(arg)));
            command
        };
        if let Some(before) = &self.before {
            assert!(
                command(&before.args).output().expect("go starts").status.success(),
                "{}: what comes before fails",
                self.title
            );
            before.then.lock().expect("nobody panics with it").take().into_iter().for_each(|then| then());
        }
        let mut command = command(&self.args);
        if let Some(saying) = self.patience {
            return (format!("{}{saying}\n", impatient(&command)), false);
        }
        let output = command.output().expect("go starts");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (if self.is_elided { elided(&text) } else { text }, output.status.success())
    }
}

/// The first 40 and the last 20 columns of each line that is longer.
fn elided(text: &str) -> String {
    let short = |line: &str| match line.len().checked_sub(20).filter(|end| *end > 40) {
        Some(end) => format!("{}...{}\n", &line[..40], &line[end..]),
        None => format!("{line}\n"),
    };
    text.lines().map(short).collect()
}

/// What it prints until it is ended.
fn impatient(command: &Command) -> String {
    let mut waiting = Command::new("timeout");
    waiting.arg("2").arg(command.get_program()).args(command.get_args()).env_clear();
    waiting.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    waiting.current_dir(command.get_current_dir().expect("it was set"));
    String::from_utf8_lossy(&waiting.output().expect("timeout is part of coreutils").stderr).into_owned()
}

fn write(home: &Path, name: &str, content: &[u8]) {
    let file = home.join(name);
    fs::create_dir_all(file.parent().expect("it has a folder")).expect("the folder is ours");
    fs::write(file, content).expect("the folder is ours");
}

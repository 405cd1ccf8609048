//! One run of the real go command in a case's world.

use std::{collections::BTreeSet, path::Path};

use gomod::client::{Command, ErrorClass};
use modway::why::log::{Finding, catalogue::classes::codes, recognise};
use testkit::go::Go;

use crate::case::{Case, Netrc, Places};
use crate::server::{Servers, Trust};

/// What is seen of a run.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) log: Vec<String>,
    pub(crate) exit: i32,
    /// What `why --log` reads from the words of a failure; none of a success.
    pub(crate) codes: Option<BTreeSet<&'static str>>,
    /// The version that a success says, if it does.
    pub(crate) version: Option<String>,
    pub(crate) text: String,
}

impl Seen {
    /// True if it failed with errors of this class only, or succeeded where there is none.
    pub(crate) fn is(&self, class: Option<ErrorClass>) -> bool {
        match (&self.codes, class) {
            (Some(found), Some(class)) => !found.is_empty() && found.iter().all(|code| codes(class).contains(code)),
            (found, class) => found.is_none() && class.is_none(),
        }
    }
}

/// Everything a run needs besides its case.
pub(crate) struct Runner<'a> {
    pub(crate) go: &'a Go,
    pub(crate) servers: &'a Servers,
    /// A folder with `good.pem`, the authority that everybody trusts.
    pub(crate) certificates: &'a Path,
    pub(crate) cache: &'a Path,
}

pub(crate) fn write_certificates(folder: &Path, trust: &Trust) {
    std::fs::write(folder.join("good.pem"), trust.good.pem()).expect("the folder is ours");
    std::fs::write(folder.join("other.pem"), trust.other.pem()).expect("the folder is ours");
}

impl Runner<'_> {
    pub(crate) fn run(&self, case: &Case, places: &Places) -> Seen {
        let home = home();
        self.lay(case, places, home.path());
        self.run_in(case, home.path(), &self.environment(case, places, home.path()))
    }

    /// Runs the command in a home that is laid, with this environment.
    pub(crate) fn run_in(&self, case: &Case, home: &Path, environment: &[(String, String)]) -> Seen {
        let mut command = std::process::Command::new(self.go.path());
        command.env_clear().envs(environment.iter().map(|(name, value)| (name, value))).current_dir(home.join("work"));
        match &case.command {
            Command::Get { path, query } if query == "upgrade" => command.args(["get", path]),
            Command::Get { path, query } => command.args(["get", &format!("{path}@{query}")]),
            Command::Download { module, query } => command.args(["mod", "download", &format!("{module}@{query}")]),
            Command::List { module, query } => command.args(["list", "-m", &format!("{module}@{query}")]),
            Command::Versions { module } => command.args(["list", "-m", "-versions", module]),
        };
        let output = command.output().expect("go starts");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let exit = output.status.code().unwrap_or(-1);
        let codes = (exit != 0).then(|| recognise(&text).iter().map(Finding::code).collect());
        Seen { log: self.servers.log(), exit, codes, version: version(case, &text), text }
    }

    /// Lays out a home: a netrc file, and a module for the commands that want one.
    pub(crate) fn lay(&self, case: &Case, places: &Places, home: &Path) {
        std::fs::write(home.join("netrc"), netrc(case, places)).expect("the folder is ours");
        // Go passes over a go.mod at the root of temporary files.
        let module = home.join("work");
        std::fs::create_dir(&module).expect("the folder is ours");
        if matches!(case.command, Command::Get { .. }) {
            std::fs::write(module.join("go.mod"), "module main.test\n\ngo 1.21\n").expect("the folder is ours");
        }
    }

    /// The whole environment of a command.
    pub(crate) fn environment(&self, case: &Case, places: &Places, home: &Path) -> Vec<(String, String)> {
        let command = self.go.command(home);
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        let plain = command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?))));
        let mut environment: std::collections::BTreeMap<String, String> = plain.collect();
        let mut set = |name: &str, value: String| drop(environment.insert(name.to_owned(), value));
        let forward = format!("http://{}", self.servers.forward);
        let good = self.certificates.join("good.pem").display().to_string();
        set("GOCACHE", self.cache.display().to_string());
        set("GOMAXPROCS", "2".into());
        set("GOAUTH", "netrc".into());
        set("NETRC", home.join("netrc").display().to_string());
        set("SSL_CERT_FILE", good.clone());
        set("GIT_SSL_CAINFO", good);
        for name in ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"] {
            set(name, forward.clone());
        }
        for (name, value) in [("GIT_SSH_COMMAND", "false"), ("GIT_PROXY_COMMAND", "false"), ("GIT_CONFIG_NOSYSTEM", "1")] {
            set(name, value.into());
        }
        if !case.has_git {
            set("PATH", home.display().to_string());
        }
        if case.git_trusts_all {
            set("GIT_SSL_NO_VERIFY", "1".into());
        }
        environment.extend(case.settings(places, &format!("http://{}", self.servers.database)));
        environment.into_iter().collect()
    }
}

/// A folder that is gone with its owner.
pub(crate) fn home() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a temporary folder can be made")
}

fn netrc(case: &Case, places: &Places) -> String {
    let machine = |place: &String| match case.netrc {
        Netrc::None => String::new(),
        Netrc::Fits => format!("machine {place} login user password secret\n"),
        Netrc::NoPort => "machine 127.0.0.1 login user password secret\n".into(),
    };
    places.iter().map(machine).collect()
}

/// The version that the command says it chose.
fn version(case: &Case, text: &str) -> Option<String> {
    let line = match &case.command {
        Command::Get { .. } => text.lines().find_map(|line| line.strip_prefix("go: added ")),
        Command::List { .. } => text.lines().next(),
        Command::Download { .. } | Command::Versions { .. } => None,
    }?;
    line.split_once(' ').map(|(_, version)| version.to_owned())
}

//! What `modway why` says of drawn worlds with one kind of trouble: its first fix is applied, and the go command is run again.
//!
//! What a fix leaves to somebody else is done by the test: git is installed, and whoever runs a host hands over his authority's certificate.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::time::Duration;

use gomod::client::End;
use modway::config::{Disk, Environment};
use modway::machine::Machine;
use modway::why::ask::{Inquiry, inquire};
use modway::why::fix::{Fix, Promise, StepToTake};
use modway::why::probe::git::Helpers;
use modway::why::report::Report;
use proxy::client::look::Patience;

use crate::case::Case;
use crate::drawn;
use crate::go::{Runner, home};
use crate::universe::{PRIVATE_HOST, PUBLIC_HOST, Universe};

/// How many fixes are applied one after the other: what is mended may show the next trouble.
const ROUNDS: usize = 3;

/// What came of the fixes.
#[derive(Default)]
pub(crate) struct Fixed {
    /// The go command succeeds with the first one.
    pub(crate) at_once: usize,
    /// The tool said at once that no setting of this machine helps.
    pub(crate) beyond: usize,
    /// It succeeds with those that follow, or was then said to be beyond any setting; told.
    pub(crate) later: Vec<String>,
    /// The others, told.
    pub(crate) not: Vec<String>,
    /// Where the tool names another class of error than the go command.
    pub(crate) misnamed: Vec<String>,
}

impl Fixed {
    /// Tries the case with this seed, if the go command fails in it.
    pub(crate) fn add(&mut self, universe: &'static Universe, runner: &Runner<'_>, runtime: &tokio::runtime::Handle, seed: u64) {
        let case = drawn::with_one_trouble(universe, seed);
        let folders = tempfile::tempdir().expect("a temporary folder");
        let places = runner.servers.play(&case, folders.path());
        let home = home();
        runner.lay(&case, &places, home.path());
        let mut environment = settled(runner, runner.environment(&case, &places, home.path()), home.path());
        let mut seen = runner.run_in(&case, home.path(), &environment);
        if seen.exit == 0 {
            return;
        }
        let mut told = format!("seed {seed}: {}\n", case.command);
        let mut helpers = Helpers::Leave;
        for round in 0..ROUNDS {
            let mut report = runtime.block_on(report(&case, &environment, helpers));
            if report.fixes.first().is_some_and(|fix| fix.code == "ask-with-helpers") {
                // This mends nothing yet: it is asked again as it says.
                helpers = Helpers::Run;
                report = runtime.block_on(self::report(&case, &environment, helpers));
            }
            let class = match &report.outcome.end {
                End::Broken(broken) => Some(broken.class),
                End::Done { .. } | End::Unknown(_) => None,
            };
            if !seen.is(class) {
                self.misnamed.push(format!(
                    "seed {seed}: {}: go {:?}, why {:?}; {:?}\n{}",
                    case.command,
                    seen.codes,
                    report.outcome.end,
                    environment_of(&environment),
                    seen.text
                ));
            }
            let Some(fix) = report.fixes.first() else {
                told += &format!("  {class:?}: nothing is told\n");
                break;
            };
            if fix.promise == Promise::NoSetting {
                if round == 0 {
                    self.beyond += 1;
                } else {
                    self.later.push(format!("{told}  {class:?}: {}\n", fix.code));
                }
                return;
            }
            told += &format!(
                "  {class:?}: {} {:?} {:?}\n",
                fix.code,
                fix.promise,
                fix.steps.iter().map(StepToTake::line).collect::<Vec<_>>()
            );
            apply(fix, runner, &mut environment, home.path());
            drop(std::fs::remove_dir_all(home.path().join("modcache")));
            seen = runner.run_in(&case, home.path(), &environment);
            if seen.exit == 0 {
                if round == 0 {
                    self.at_once += 1
                } else {
                    self.later.push(format!("{told}  mended\n"));
                }
                return;
            }
        }
        self.not.push(format!("{told}  go says: {}\n  {:?}", seen.text, environment_of(&environment)));
    }

    pub(crate) fn with(mut self, other: Self) -> Self {
        self.at_once += other.at_once;
        self.later.extend(other.later);
        self.beyond += other.beyond;
        self.not.extend(other.not);
        self.misnamed.extend(other.misnamed);
        self
    }
}

impl std::fmt::Display for Fixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at_once, later, beyond, not, misnamed } = self;
        write!(
            f,
            "{at_once} mended by the first fix, {beyond} beyond any setting, {} ended by the fixes that follow, {} not; {} misnamed",
            later.len(),
            not.len(),
            misnamed.len()
        )
    }
}

fn environment_of(environment: &[(String, String)]) -> BTreeMap<&str, &str> {
    let of_go = |name: &str| {
        ["GOPROXY", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE", "GOSUMDB", "GOVCS", "GOFLAGS"].contains(&name)
    };
    environment.iter().filter(|(name, _)| of_go(name)).map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// The same with files that may be changed: those of this home.
fn settled(runner: &Runner<'_>, environment: Vec<(String, String)>, home: &Path) -> Vec<(String, String)> {
    let own = |name: &str| home.join(name).display().to_string();
    std::fs::copy(runner.certificates.join("good.pem"), home.join("good.pem")).expect("the folder is ours");
    std::fs::rename(home.join("netrc"), home.join(".netrc")).expect("the folder is ours");
    std::fs::create_dir(home.join(".config")).expect("the folder is ours");
    std::fs::write(home.join(".gitconfig"), format!("[http]\n\tsslCAInfo = {}\n", own("good.pem"))).expect("the folder is ours");
    let mut environment: BTreeMap<String, String> = environment.into_iter().collect();
    environment.remove("GIT_SSL_CAINFO");
    let go = runner.go.root().join("bin").display().to_string();
    let path = format!("{go}:{}", environment.get("PATH").map_or("", String::as_str));
    let changed = [("SSL_CERT_FILE", own("good.pem")), ("NETRC", own(".netrc")), ("GOENV", own("go.env")), ("PATH", path)];
    environment.extend(changed.map(|(name, value)| (name.to_owned(), value)));
    environment.into_iter().collect()
}

async fn report(case: &Case, environment: &[(String, String)], helpers: Helpers) -> Report {
    let vars: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let here = Environment::of(&vars);
    let goroot = here.get("GOROOT").map(Into::into);
    let machine = Machine::here(&here, &Disk, goroot);
    let patience = Patience {
        connect: Duration::from_secs(5),
        tls: Duration::from_secs(5),
        answer: Duration::from_secs(10),
        body_bytes: 1 << 20,
    };
    let inquiry =
        Inquiry { command: case.command.clone(), machine: &machine, here: &here, files: &Disk, is_dry: false, helpers, patience };
    inquire(&inquiry).await.expect("settings with which one can ask")
}

/// Does what a fix says: commands are run in the user's home, exports are kept, lines written.
fn apply(fix: &Fix, runner: &Runner<'_>, environment: &mut Vec<(String, String)>, home: &Path) {
    for host in [PRIVATE_HOST, PUBLIC_HOST] {
        let pem = home.join(format!("{host}-authority.pem"));
        std::fs::copy(runner.certificates.join("other.pem"), pem).expect("the folder is ours");
    }
    for step in &fix.steps {
        let line = step.line();
        let at_home = |text: &str| text.replace("~/", &format!("{}/", home.display())).trim_matches('\'').to_owned();
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|rest| rest.split_once('=')) {
            let value = value.split("   #").next().unwrap_or_default();
            environment.retain(|(known, _)| known != name);
            environment.push((name.to_owned(), at_home(value)));
        } else if let Some(name) = line.strip_prefix("unset ") {
            environment.retain(|(known, _)| known != name);
        } else if let StepToTake::Line { file, line } = step {
            let line = line.replace("USER", "user").replace("TOKEN", "secret");
            let old = std::fs::read_to_string(at_home(file)).unwrap_or_default();
            std::fs::write(at_home(file), format!("{old}{line}\n")).expect("the folder is ours");
        } else if line == "sudo apt-get install git" {
            let path = format!("{}/bin:{}", runner.go.root().display(), std::env::var("PATH").expect("the tests have one"));
            environment.retain(|(known, _)| known != "PATH");
            environment.push(("PATH".into(), path));
        } else {
            let mut shell = Process::new("/bin/sh");
            shell.args(["-c", &line]).env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
            // How it ends shows in what go says afterwards.
            drop(shell.current_dir(home).stdin(Stdio::null()).output());
        }
    }
}

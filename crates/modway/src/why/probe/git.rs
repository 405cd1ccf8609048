//! Git's own reachability: `git ls-remote` with the user's git, certificates and rewritings, and without the programs they may name.
//!
//! Configuration can make git run anything: credential helpers, `core.sshCommand`, `core.askPass`, `ext::` in a rewriting. So git is run
//! with an empty configuration and, by its environment, that part of the user's which names no program; what was left out is told. Only
//! with [`Helpers::Run`] it runs with everything, as the go command runs it.

use std::{path::PathBuf, time::Duration};

use gomod::client::{Answer, Failure, Found, Refs, ToolFailure};
use proxy::upstream::git::version;

use super::gitconfig::{Entry, GitConfig, ca_variable};
use crate::{
    config::Environment,
    limits,
    machine::masked,
    render::terminal::harmless,
    run::{Captured, Lost, Run},
};

/// Whether the programs that git's configuration names may run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Helpers {
    /// They may not.
    Leave,
    /// They may: the user asked for it.
    Run,
}

/// What git was asked and what it said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The URL as the go command gives it.
    pub url: String,
    /// Where git's configuration sends it instead.
    pub instead: Option<String>,
    /// The certificates that git believes.
    pub trust: Trust,
    /// The programs that git's configuration names for this way, and where; they did not run.
    pub left_out: Vec<(String, String)>,
    /// Why git was not run.
    pub not_run: Option<NotRun>,
    /// The last lines of what git complained about, without secrets.
    pub words: String,
    /// How long it took.
    pub took: Duration,
}

/// Whose certificates git believes for a URL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trust {
    /// There is no TLS on this way.
    None,
    /// The system's.
    System,
    /// Those of this file or folder, set there.
    Bundle(PathBuf, String),
    /// Anybody's; set there.
    Anyone(String),
}

/// Why git was not run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotRun {
    /// Over ssh everything depends on programs and keys of the user.
    Ssh,
    /// The configuration sends it to the file system, or to another program.
    Elsewhere,
    /// This git is older than 2.32, and cannot be kept from its whole configuration.
    TooOld,
}

/// Variables of git's that say how a server is believed, and run nothing.
const KEPT: [&str; 9] = [
    "GIT_SSL_NO_VERIFY",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_SSL_CERT",
    "GIT_SSL_KEY",
    "GIT_SSL_VERSION",
    "GIT_HTTP_USER_AGENT",
    "GIT_HTTP_PROXY_AUTHMETHOD",
    "GIT_PROXY_SSL_CAINFO",
];

/// Git, as one user has it.
#[derive(Clone, Debug)]
pub struct Git {
    environment: Environment,
    helpers: Helpers,
}

impl Git {
    /// Git in this environment.
    pub fn new(environment: &Environment, helpers: Helpers) -> Self {
        Self { environment: environment.clone(), helpers }
    }

    /// Which certificates and rewritings count for `url`. Opens no connection.
    pub async fn settings(&self, url: &str) -> (GitConfig, Option<String>, Trust) {
        let Ok(config) = self.config().await else { return (GitConfig::default(), None, Trust::System) };
        let instead = config.instead(url).map(|(url, _)| url);
        let trust = self.trust(&config, instead.as_deref().unwrap_or(url));
        (config, instead, trust)
    }

    /// Asks for the references of the repository at `url`.
    pub async fn references(&self, url: &str) -> (Answer, Seen) {
        let from = std::time::Instant::now();
        let (config, instead, trust) = self.settings(url).await;
        let to = instead.clone().unwrap_or_else(|| url.to_owned());
        let left_out = config.programs(&to).iter().map(|entry| told(entry)).collect();
        let mut seen = Seen {
            url: masked(url),
            instead: instead.as_deref().map(masked),
            trust,
            left_out,
            not_run: None,
            words: String::new(),
            took: Duration::ZERO,
        };
        let answer = self.ask(url, &to, &config, &mut seen).await;
        seen.took = from.elapsed();
        (answer, seen)
    }

    async fn ask(&self, url: &str, to: &str, config: &GitConfig, seen: &mut Seen) -> Answer {
        if self.helpers == Helpers::Run {
            seen.left_out.clear();
        } else if let Some(why) = self.why_not(to).await {
            seen.not_run = Some(why);
            return Answer::Unknown;
        }
        let run = match self.git() {
            Ok(run) => self.caged(run, config),
            Err(_) => return Answer::Failed(Failure::Tool(ToolFailure::Missing)),
        };
        match run.words(["ls-remote", "-q", "--end-of-options", url]).captured(limits::GIT_REMOTE).await {
            Ok(captured) if captured.ended.is_good() => Answer::Found(Found::Refs(references(&captured.stdout))),
            Ok(captured) => {
                seen.words = words(&captured);
                Answer::Failed(failure(&seen.words))
            }
            Err(Lost::NotFound { .. }) => Answer::Failed(Failure::Tool(ToolFailure::Missing)),
            Err(Lost::Late { .. }) => Answer::Failed(Failure::TimedOut),
            Err(Lost::Failed { .. } | Lost::TooMuch { .. }) => Answer::Unknown,
        }
    }

    async fn why_not(&self, to: &str) -> Option<NotRun> {
        match to.split_once("://").map(|(scheme, _)| scheme) {
            Some("ssh" | "git+ssh") => Some(NotRun::Ssh),
            Some("https" | "http" | "git") => (!self.can_be_caged().await).then_some(NotRun::TooOld),
            // `user@host:path` is ssh, too.
            None if to.contains('@') && to.contains(':') => Some(NotRun::Ssh),
            _ => Some(NotRun::Elsewhere),
        }
    }

    /// As the server's git must be: what keeps it from reading this machine's settings is needed here, too.
    async fn can_be_caged(&self) -> bool {
        let Ok(run) = self.git() else { return true };
        let Ok(said) = run.words(["version"]).captured(limits::GIT_LOOK).await else { return false };
        version::parsed(&String::from_utf8_lossy(&said.stdout)).is_some_and(|version| version >= version::FLOOR)
    }

    /// Git where no project's configuration counts, as in Go's own folders.
    fn git(&self) -> Result<Run, Lost> {
        Ok(Run::find("git".as_ref(), &self.environment)?.folder(std::path::Path::new("/")).set("GIT_CEILING_DIRECTORIES", "/"))
    }

    async fn config(&self) -> Result<GitConfig, Lost> {
        let run = self.git()?.words(["config", "--list", "--show-origin", "-z"]).set("GIT_PAGER", "cat");
        Ok(GitConfig::read(&run.captured(limits::GIT_LOOK).await?.stdout))
    }

    /// The same git with nothing of its configuration but what names no program.
    fn caged(&self, run: Run, config: &GitConfig) -> Run {
        let run = run.set("GIT_TERMINAL_PROMPT", "0").set("GCM_INTERACTIVE", "never");
        if self.helpers == Helpers::Run {
            return run;
        }
        let names = self.environment.iter().map(|(name, _)| name);
        let own = names.filter(|name| name.starts_with("GIT_") && !KEPT.contains(name) || *name == "SSH_ASKPASS");
        let run = own.fold(run, |run, name| run.unset(name));
        let allowed = match self.environment.get("GIT_ALLOW_PROTOCOL") {
            Some(own) => own.split(':').filter(|scheme| ["https", "http", "git"].contains(scheme)).collect::<Vec<_>>().join(":"),
            None => "https:http:git".to_owned(),
        };
        let run = run
            .set("GIT_CONFIG_GLOBAL", "/dev/null")
            .set("GIT_CONFIG_SYSTEM", "/dev/null")
            .set("GIT_CONFIG_NOSYSTEM", "1")
            .set("GIT_TERMINAL_PROMPT", "0")
            .set("GIT_CEILING_DIRECTORIES", "/")
            .set("GIT_ASKPASS", "")
            .set("GIT_PROXY_COMMAND", "")
            .set("GIT_SSH_COMMAND", "false")
            .set("GIT_ALLOW_PROTOCOL", allowed);
        // By the environment, and not by flags, which everybody on the machine can read: there may be a login in a header.
        let kept: Vec<&Entry> = config.harmless().collect();
        let run = kept.iter().enumerate().fold(run, |run, (number, entry)| {
            run.set(&format!("GIT_CONFIG_KEY_{number}"), entry.key.as_str())
                .set(&format!("GIT_CONFIG_VALUE_{number}"), entry.value.as_str())
        });
        run.set("GIT_CONFIG_COUNT", kept.len().to_string())
    }

    fn trust(&self, config: &GitConfig, url: &str) -> Trust {
        if !url.starts_with("https://") {
            return Trust::None;
        }
        if self.environment.get("GIT_SSL_NO_VERIFY").is_some() {
            return Trust::Anyone("GIT_SSL_NO_VERIFY".to_owned());
        }
        if let Some(off) = config.http("sslverify", url).filter(|entry| is_false(&entry.value)) {
            return Trust::Anyone(place(off));
        }
        if let Some((name, path)) = ca_variable(&self.environment) {
            return Trust::Bundle(path.into(), name.to_owned());
        }
        let named = config.http("sslcainfo", url).or_else(|| config.http("sslcapath", url));
        named.map_or(Trust::System, |entry| Trust::Bundle(self.at_home(&entry.value), place(entry)))
    }

    /// `~/` is git's way to name the home in a path.
    fn at_home(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), self.environment.get("HOME")) {
            (Some(rest), Some(home)) => PathBuf::from(home).join(rest),
            _ => PathBuf::from(path),
        }
    }
}

fn is_false(value: &str) -> bool {
    ["false", "no", "off", "0", ""].contains(&value.to_lowercase().as_str())
}

/// A setting that names a program: its name and what it runs, without what may be secret in it.
fn told(entry: &Entry) -> (String, String) {
    let program = entry.value.trim_start_matches('!').split_whitespace().next().unwrap_or_default();
    (format!("{} = {}", masked(&entry.key), harmless(&masked(program))), place_of(entry))
}

fn place(entry: &Entry) -> String {
    format!("{} in {}", masked(&entry.key), place_of(entry))
}

fn place_of(entry: &Entry) -> String {
    entry.origin.strip_prefix("file:").unwrap_or(&entry.origin).trim_end_matches(':').to_owned()
}

/// Lines of a hash, a tab and a name.
fn references(stdout: &[u8]) -> Refs {
    let text = String::from_utf8_lossy(stdout);
    let names: Vec<&str> = text.lines().filter_map(|line| line.split_once('\t')).map(|(_, name)| name).collect();
    let tags = names.iter().filter_map(|name| name.strip_prefix("refs/tags/")).filter(|name| !name.ends_with("^{}"));
    Refs { tags: tags.map(str::to_owned).collect(), has_head: names.contains(&"HEAD") }
}

/// At most the last four lines that git complained with.
fn words(captured: &Captured) -> String {
    let text = String::from_utf8_lossy(&captured.stderr).into_owned();
    let lines: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(|line| masked(&harmless(line))).collect();
    lines[lines.len().saturating_sub(4)..].join("\n")
}

/// What git's complaint means.
///
/// Source: git 2.39 and 2.47 over libcurl with GnuTLS and OpenSSL.
fn failure(words: &str) -> Failure {
    let words = words.to_lowercase();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    Failure::Tool(if has(&["certificate", "ssl ca cert", "ssl cainfo"]) {
        ToolFailure::Certificate
    } else if has(&[
        "could not read username",
        "could not read password",
        "authentication failed",
        "permission denied",
        "error: 401",
        "error: 403",
    ]) {
        ToolFailure::Login
    } else if has(&["not allowed"]) {
        ToolFailure::Forbidden
    } else if has(&[
        "could not resolve",
        "failed to connect",
        "couldn't connect",
        "connection refused",
        "timed out",
        "could not connect",
        "network is unreachable",
    ]) {
        ToolFailure::Unreachable
    } else if has(&["not found", "does not appear to be a git repository", "not a git repository", "error: 404", "no such file"])
    {
        ToolFailure::NoRepository
    } else {
        ToolFailure::Other
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(words: &str, tool: ToolFailure) {
        assert_eq!(failure(words), Failure::Tool(tool), "{words}");
    }

    #[test]
    fn a_complaint_of_gits_says_what_failed() {
        check(
            "fatal: unable to access 'https://h/': server certificate verification failed. CAfile: none CRLfile: none",
            ToolFailure::Certificate,
        );
        check("fatal: unable to access 'https://h/': SSL certificate problem: self-signed certificate", ToolFailure::Certificate);
        check(
            "fatal: unable to access 'https://h/': Problem with the SSL CA cert (path? access rights?)",
            ToolFailure::Certificate,
        );
        check("fatal: could not read Username for 'https://h': terminal prompts disabled", ToolFailure::Login);
        check("remote: x\nfatal: Authentication failed for 'https://h/'", ToolFailure::Login);
        check("fatal: unable to access 'https://h/': The requested URL returned error: 403", ToolFailure::Login);
        check("fatal: unable to access 'https://h/': Could not resolve host: h", ToolFailure::Unreachable);
        check(
            "fatal: unable to access 'https://h/': Failed to connect to h port 1: Connection refused",
            ToolFailure::Unreachable,
        );
        check("fatal: repository 'https://h/x/' not found", ToolFailure::NoRepository);
        check("fatal: transport 'https' not allowed", ToolFailure::Forbidden);
        check("fatal: the remote end hung up unexpectedly", ToolFailure::Other);
    }

    #[test]
    fn references_are_tags_and_a_head() {
        let refs = references(b"aa\tHEAD\naa\trefs/heads/main\nbb\trefs/tags/v1.0.0\ncc\trefs/tags/v1.0.0^{}\n");
        assert_eq!((refs.tags, refs.has_head), (vec!["v1.0.0".to_owned()], true));
    }
}

//! The real go command in the matrix' world: what it did, beside what was predicted.

use std::{
    ffi::OsStr,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Context as _;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use gomod::{
    client::{Ask, ErrorClass, Question, Through},
    goenv::defaults,
};

use super::{
    Combination, Imagined, Matrix, Prediction, ProxySays, Tls,
    imagined::Subject,
    world::{Ear, Front, Ground, Heard, Tongue},
};
use crate::{
    config::Environment,
    limits,
    run::{Captured, Run},
};

/// What the real go command did under one combination.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Observation {
    /// Its exit code.
    pub exit: u8,
    /// Whom it asked, in the order of the first time.
    pub asked: Vec<String>,
    /// What it said at last; empty if it succeeded.
    pub said: String,
    /// What is not as it was predicted; empty if all is.
    pub differs: Vec<String>,
}

/// Runs the real go command for every row, in the world of the matrix. `done` hears after each run how many of how many are done.
///
/// # Errors
/// No go or no git on this machine, or a world that cannot be built.
pub async fn all(matrix: &mut Matrix, environment: &Environment, done: &dyn Fn(usize, usize)) -> anyhow::Result<()> {
    let observer = Observer::new(&matrix.subject, environment).await?;
    let imagined = matrix.imagined;
    let jobs = matrix.rows.iter().enumerate().flat_map(|(at, row)| {
        let combination = row.combination.clone();
        let trusted = Combination { git_trusts: true, ..combination.clone() };
        let second = row.if_git_trusts.as_ref().map(|later| (at, true, trusted, later.as_ref().clone()));
        std::iter::once((at, false, combination, row.prediction.as_ref().clone())).chain(second)
    });
    let jobs: Vec<_> = jobs.collect();
    let (observer, runs, ran) = (&observer, jobs.len(), &AtomicUsize::new(0));
    let observations: Vec<(usize, bool, Observation)> = stream::iter(jobs)
        .map(|(at, trusted, combination, prediction)| async move {
            let observation = observer.observe(&combination, imagined, &prediction).await?;
            done(ran.fetch_add(1, Ordering::Relaxed) + 1, runs);
            anyhow::Ok((at, trusted, observation))
        })
        .buffered(limits::OBSERVED_AT_ONCE)
        .try_collect()
        .await?;
    for (at, trusted, observation) in observations {
        let row = &mut matrix.rows[at];
        let place = if trusted { &mut row.observed_if_git_trusts } else { &mut row.observed };
        *place = Some(observation);
    }
    Ok(())
}

/// A world, and what a go command needs to live in it.
pub struct Observer {
    ground: Arc<Ground>,
    subject: Subject,
    path: String,
}

impl Observer {
    /// Builds the world of `subject`.
    ///
    /// # Errors
    /// No go or no git on this machine, or a world that cannot be built.
    pub async fn new(subject: &Subject, environment: &Environment) -> anyhow::Result<Self> {
        Run::find(OsStr::new("go"), environment).context("--observe runs the real go command")?;
        Run::find(OsStr::new("git"), environment).context("--observe runs the real git")?;
        let ground = Ground::make(subject, defaults::GOSUMDB, environment).await?;
        let path = environment.get("PATH").unwrap_or_default().to_owned();
        Ok(Self { ground: Arc::new(ground), subject: subject.clone(), path })
    }

    /// Runs the real go command once, with an empty module cache, and compares.
    ///
    /// # Errors
    /// A go command that cannot be run, or does not end.
    pub async fn observe(
        &self,
        combination: &Combination,
        imagined: Imagined,
        prediction: &Prediction,
    ) -> anyhow::Result<Observation> {
        let front = Front::open(&self.ground, imagined, defaults::GOSUMDB).await?;
        let home = tempfile::Builder::new().prefix("row-").tempdir_in(self.ground.folder()).context("making a folder")?;
        let captured = self.run(combination, imagined, &front, home.path()).await?;
        let heard = front.heard();
        let (exit, said) = (captured.ended.code(), self.said(&captured, home.path()));
        let asked = asked(&heard);
        let differs = differs(prediction, imagined, exit, &asked, &heard, &said);
        Ok(Observation { exit, asked, said, differs })
    }

    async fn run(&self, combination: &Combination, imagined: Imagined, front: &Front, home: &Path) -> anyhow::Result<Captured> {
        let work = home.join("work");
        fs::create_dir(&work).context("making a folder")?;
        let under = |name: &str| home.join(name).display().to_string();
        let certificates = |all: bool| self.ground.certificates(all).display().to_string();
        let (gopath, cache, modules, nothing) = (under("gopath"), under("gocache"), under("modcache"), under("nothing"));
        let (go_believes, git_believes) =
            (certificates(imagined.go_trusts), certificates(imagined.git_trusts || combination.git_trusts));
        let (home, proxy) = (home.display().to_string(), front.url());
        let mut alone: Vec<(&str, &str)> = vec![
            ("PATH", &self.path),
            ("HOME", &home),
            ("TMPDIR", &home),
            ("LC_ALL", "C"),
            ("GOENV", "off"),
            ("GOFLAGS", "-modcacherw"),
            ("GOTOOLCHAIN", "local"),
            ("GOAUTH", "off"),
            ("GOSUMDB", defaults::GOSUMDB),
            ("GOPATH", &gopath),
            ("GOCACHE", &cache),
            ("GOMODCACHE", &modules),
            ("HTTPS_PROXY", &proxy),
            ("HTTP_PROXY", &proxy),
            // git reads only the name in small letters for http.
            ("http_proxy", &proxy),
            ("SSL_CERT_FILE", &go_believes),
            ("SSL_CERT_DIR", &nothing),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_SSL_CAINFO", &git_believes),
            // Nobody of this world listens for ssh and git://; without these they would be looked for outside.
            ("GIT_SSH_COMMAND", "false"),
            ("GIT_PROXY_COMMAND", "false"),
        ];
        let variables = combination.variables(&self.subject);
        alone.extend(variables.iter().map(|(name, value)| (*name, value.as_str())));
        let run = Run::find(OsStr::new("go"), &Environment::of(&alone))?.folder(&work);
        let module = format!("{}@{}", self.subject.module, self.subject.version);
        Ok(run.words(["mod", "download", &module]).captured(limits::GO_DOWNLOAD).await?)
    }

    /// What go wrote to standard error, on one line, without the names of our folders.
    fn said(&self, captured: &Captured, home: &Path) -> String {
        let text = String::from_utf8_lossy(&captured.stderr);
        let text = text.replace(&*home.to_string_lossy(), "~").replace(&*self.ground.folder().to_string_lossy(), "…");
        text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// Whom go and its git turned to, each once.
fn asked(heard: &[Heard]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for one in heard {
        let name = match (one.ear, one.tongue) {
            (Ear::Proxy, _) => PROXY.to_owned(),
            (Ear::Database, _) => DATABASE.to_owned(),
            (Ear::Host, Tongue::Go) => HOST.to_owned(),
            (Ear::Host, Tongue::Git) => GIT.to_owned(),
            (Ear::Stranger, _) => one.host.clone(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

const PROXY: &str = "proxy";
const DATABASE: &str = "sumdb";
const HOST: &str = "host";
const GIT: &str = "host by git";

/// What is not as it was predicted.
fn differs(prediction: &Prediction, imagined: Imagined, exit: u8, asked: &[String], heard: &[Heard], said: &str) -> Vec<String> {
    let mut differs = Vec::new();
    if i32::from(exit) != prediction.outcome.exit {
        differs.push(format!("exit {exit}"));
    }
    let predicted = expected(prediction);
    if predicted != asked {
        differs.push(format!("asked {}", if asked.is_empty() { "nobody".to_owned() } else { asked.join(" → ") }));
    }
    let (will, did) = (requests(prediction, imagined), heard_requests(heard));
    differs.extend(will.iter().filter(|path| !did.contains(path)).map(|path| format!("did not ask for {path}")));
    differs.extend(did.iter().filter(|path| !will.contains(path)).map(|path| format!("asked for {path}")));
    let phrases = prediction.class().map(phrases).unwrap_or_default();
    if prediction.class().is_some() && !phrases.iter().any(|phrase| said.contains(phrase)) {
        differs.push("error".to_owned());
    }
    differs
}

/// Whom the prediction says that go turns to, each once.
fn expected(prediction: &Prediction) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for ask in &prediction.asks {
        let name = match &ask.question {
            Question::Proxy { .. } | Question::Sumdb { through: Through::Entry(_), .. } => PROXY,
            Question::Sumdb { through: Through::Itself, .. } => DATABASE,
            Question::Page { .. } => HOST,
            // What goes over other schemes leaves this world, and is not heard.
            Question::Ping { url, .. } if !url.starts_with("http") => continue,
            Question::Ping { .. } | Question::Repo { .. } => GIT,
        };
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// The files that Go will ask for: of the proxy, of the database, and of the host, unless the handshake fails before.
fn requests(prediction: &Prediction, imagined: Imagined) -> Vec<String> {
    let path =
        |ask: &Ask| ask.url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map(|(_, path)| format!("/{path}"));
    let asks = prediction.asks.iter().filter(|ask| match &ask.question {
        Question::Sumdb { through: Through::Itself, .. } => true,
        // With whom no handshake is made, no request is heard.
        Question::Proxy { .. } | Question::Sumdb { through: Through::Entry(_), .. } => imagined.proxy_says != ProxySays::Nothing,
        Question::Page { .. } => prediction.go_tls != Tls::Refused,
        Question::Ping { .. } | Question::Repo { .. } => false,
    });
    let mut paths: Vec<String> = asks.filter_map(path).collect();
    paths.sort();
    paths.dedup();
    paths
}

fn heard_requests(heard: &[Heard]) -> Vec<String> {
    let of_go = heard.iter().filter(|one| one.tongue == Tongue::Go);
    let mut paths: Vec<String> = of_go.filter_map(|one| one.request.clone()).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// What go says for the kinds of errors that this world has. One of these is enough: what git says depends on the TLS library it was built with.
fn phrases(class: ErrorClass) -> &'static [&'static str] {
    match class {
        ErrorClass::Absent => &["404 Not Found", "410 Gone"],
        ErrorClass::Status => &["403 Forbidden", "500 Internal Server Error"],
        ErrorClass::Unreachable => &["TLS handshake timeout"],
        ErrorClass::PageUnreachable | ErrorClass::Certificate => &["x509: certificate signed by unknown authority"],
        ErrorClass::RepositoryCertificate => &["certificate verification failed", "certificate problem"],
        ErrorClass::NoProtocol => &["no secure protocol found", "no protocol found"],
        ErrorClass::ProxyOff => &["disabled by GOPROXY=off"],
        ErrorClass::SumdbAbsent => &["/lookup/"],
        ErrorClass::SumdbStatus | ErrorClass::SumdbUnreachable => &["/supported"],
        _ => &[],
    }
}

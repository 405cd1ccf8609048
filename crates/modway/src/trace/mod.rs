//! `modway trace -- go …`: runs a go command, and sees what it does on the wire, without changing what it does.
//!
//! The command runs with the user's environment, but for these: GOPROXY leads to recorders of ours on loopback, one for each entry, with the
//! separators as they were; a URL in GOSUMDB does, too; HTTP_PROXY and HTTPS_PROXY lead to forward proxies of ours, which go on to those of the
//! user; and git is told to write down its processes. Nothing of it is left when it ends: no setting is written, and what Go stores (go.mod,
//! go.sum, the module cache) names no URL of ours.

mod detour;
mod doors;

mod body;
mod courier;
mod tunnel;
mod wire;

mod git;
mod record;
mod shown;
mod words;

pub mod say;
pub mod story;

pub mod archive;
pub mod json;
pub mod page;
pub mod picture;
pub mod rows;
pub mod sequence;
pub mod waterfall;

mod limits;

use std::{
    ffi::OsString,
    fs, io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use plan::Trouble;
use proxy::{
    client::{Roots, Ways},
    settings::{ForwardProxy, Secret},
};
use tokio::{task::JoinSet, time::timeout};

pub use self::story::{Again, Said, Step, Story};
use self::{
    courier::Courier,
    detour::Detour,
    doors::{For, Hall, Place, USER},
    record::Recorder,
    wire::Wires,
    words::Words,
};
pub use self::{
    detour::{Entry, Note, Settings},
    git::Process,
    record::{Asked, Because, Exchange, Phases, Seen, Totals, Tunnel, Who},
};
use crate::{
    config::{Disk, Environment},
    machine::{self, Machine},
    run::{Ended, Lost, Reader, Run, Stream},
};

/// What a command did.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The command line.
    pub words: Vec<String>,
    /// How it ended.
    pub ended: Ended,
    /// How long it ran.
    pub took: Duration,
    /// When it began, by the wall clock.
    pub began_at: std::time::SystemTime,
    /// The entries of its GOPROXY; empty for a list that Go refuses.
    pub entries: Vec<Entry>,
    /// What was seen on the wire.
    pub seen: Seen,
    /// git's processes.
    pub processes: Vec<Process>,
    /// What was not seen, and why.
    pub notes: Vec<Note>,
}

/// Why a command was not run.
#[derive(Debug, thiserror::Error)]
pub enum Untraced {
    /// There is none.
    #[error("no command to trace; write: modway trace -- go …")]
    NoCommand,
    /// It cannot be run.
    #[error(transparent)]
    Lost(#[from] Lost),
    /// What has to be done before it runs failed.
    #[error("{what}")]
    Failed {
        /// What.
        what: &'static str,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The user's forward proxy is not understood: what the command does could not be kept as it is.
    #[error("HTTP_PROXY or HTTPS_PROXY cannot be followed, so that the command would not do the same: {0}")]
    Ways(Trouble),
}

/// The commands whose standard output is that of other programs, which may look whether it is a terminal: it stays as it is.
const OTHERS_SPEAK: [&str; 4] = ["run", "test", "tool", "generate"];

/// Runs the command `words` in `environment` and answers what it did. Its output goes where ours goes, as it comes.
///
/// # Errors
/// [`Untraced`], if it was not run; whatever happens while it runs is in the answer.
pub async fn trace(words: &[OsString], environment: &Environment) -> Result<Traced, Untraced> {
    let (program, arguments) = words.split_first().ok_or(Untraced::NoCommand)?;
    let run = Run::find(program, environment)?.words(arguments);
    let machine = Machine::here(environment, &Disk, goroot(&run, environment));
    let settings = settings(&machine);
    let token = token().map_err(|cause| Untraced::Failed { what: "no random numbers", cause })?;
    let listening = |cause| Untraced::Failed { what: "cannot listen on loopback", cause };
    let [hops, go, child] = [Place::find().await, Place::find().await, Place::find().await].map(|found| found.map_err(listening));
    let (hops, go, child) = (hops?, go?, child?);
    let door = format!("http://127.0.0.1:{}/{token}", hops.port);
    let detour = Detour::new(&settings, machine.netrc().cloned(), &door);
    let recorder = Arc::new(Recorder::begin());
    let roots = machine::roots(environment, &Disk);
    let courier = |forward: &ForwardProxy| {
        // Where no certificate can be read, Go believes nobody, and goes on.
        let ways = match Ways::new(&roots, forward) {
            Err(Trouble::Tls(_)) => Ways::new(&Roots::Files(Vec::new()), forward),
            other => other,
        };
        let ways = ways.map_err(Untraced::Ways)?;
        Ok::<_, Untraced>(Courier::new(Wires::new(ways), Arc::clone(&recorder)))
    };
    let hall = Arc::new(Hall {
        token: token.clone(),
        hops: detour.hops.clone(),
        go: courier(&machine::forward_proxy(environment))?,
        child: courier(&forward_proxy_of_curl(environment))?,
        recorder: Arc::clone(&recorder),
        tunnels: Mutex::new(JoinSet::new()),
    });
    let scratch =
        Scratch::make(environment, &token).map_err(|cause| Untraced::Failed { what: "no folder for git's log", cause })?;
    let mut notes = detour.notes.clone();
    let run = led(run, &detour, environment, &token, (go.port, child.port), &scratch, &mut notes);
    let _doors =
        [hops.open(For::Hops, &hall), go.open(For::Forward(Who::Go), &hall), child.open(For::Forward(Who::Child), &hall)];

    let (ended, took) = attend(run, arguments, &door, &detour, &recorder).await?;

    settle(&recorder).await;
    let processes = git::read(&scratch.log(), recorder.began_at).unwrap_or_default();
    let seen = recorder.take();
    if processes.iter().any(|process| process.is_ssh) {
        notes.push(Note::Ssh);
    }
    if seen.not_kept > 0 {
        notes.push(Note::NotKept { count: seen.not_kept });
    }
    let words = words.iter().map(|word| machine::masked(&word.to_string_lossy())).collect();
    Ok(Traced { words, ended, took, began_at: recorder.began_at, entries: detour.entries, seen, processes, notes })
}

/// Runs it to its end, with the user's URLs in its output.
async fn attend(
    run: Run,
    arguments: &[OsString],
    door: &str,
    detour: &Detour,
    recorder: &Recorder,
) -> Result<(Ended, Duration), Untraced> {
    let stdout = if others_speak(arguments) { Stream::Inherited } else { Stream::Read };
    let mut attended = run.attended(stdout, Stream::Read)?;
    let mut outputs = JoinSet::new();
    if let Some(from) = attended.stdout.take() {
        outputs.spawn(carried(Words::new(door, &detour.hops), from, Out::Stdout));
    }
    if let Some(from) = attended.stderr.take() {
        outputs.spawn(carried(Words::new(door, &detour.hops), from, Out::Stderr));
    }
    let ended = attended.ended().await?;
    let took = recorder.now();
    // Somebody it left behind may hold its outputs for ever; a shell would not wait for that either.
    let _ = timeout(limits::OUTPUT_GRACE, async { while outputs.join_next().await.is_some() {} }).await;
    Ok((ended, took))
}

enum Out {
    Stdout,
    Stderr,
}

async fn carried(words: Words, from: Reader, to: Out) {
    // Nobody reads it any more: the pipe is closed with that, and the command learns it as it would have.
    let _ = match to {
        Out::Stdout => words.carry(from, &mut tokio::io::stdout()).await,
        Out::Stderr => words.carry(from, &mut tokio::io::stderr()).await,
    };
}

/// Waits a moment for what is still on the wire: the command is gone, and its connections end.
async fn settle(recorder: &Recorder) {
    let _ = timeout(limits::AFTERGLOW, async {
        while !recorder.is_quiet() {
            tokio::time::sleep(limits::QUIET_LOOK).await;
        }
    })
    .await;
}

/// The command with what leads it past us.
fn led(
    run: Run,
    detour: &Detour,
    environment: &Environment,
    token: &str,
    (go, child): (u16, u16),
    scratch: &Scratch,
    notes: &mut Vec<Note>,
) -> Run {
    let forward = |port: u16| format!("http://{USER}:{token}@127.0.0.1:{port}");
    let mut run = detour.variables.iter().fold(run, |run, (name, value)| run.set(name, value));
    for (name, port) in [("HTTP_PROXY", go), ("HTTPS_PROXY", go), ("http_proxy", child), ("https_proxy", child)] {
        run = run.set(name, forward(port));
    }
    // Whom they spare is decided by us, for what they spare would not be seen.
    run = run.unset("NO_PROXY").unset("no_proxy");
    if environment.get(git::VARIABLE).is_some() {
        notes.push(Note::GitTrace);
        return run;
    }
    run.set(git::VARIABLE, scratch.log())
}

fn settings(machine: &Machine) -> Settings {
    let value = |variable: &str| machine.setting(variable).value;
    Settings { goproxy: value("GOPROXY"), gosumdb: value("GOSUMDB"), goauth: value("GOAUTH") }
}

/// The Go installation whose go.env counts: that of the command, if it is a go command with a path.
fn goroot(run: &Run, environment: &Environment) -> Option<PathBuf> {
    let folder = run.program().parent().filter(|_| run.program().file_name() == Some("go".as_ref()));
    let beside = |folder: &Path| machine::goroot(&Environment::of(&[("PATH", folder.to_str()?)]));
    environment.get("GOROOT").map(PathBuf::from).or_else(|| folder.and_then(beside)).or_else(|| machine::goroot(environment))
}

/// The forward proxies that curl, which is in git, would use: small letters first, and HTTP_PROXY in capitals not at all.
///
/// Source: curl's manual, "environment variables".
fn forward_proxy_of_curl(environment: &Environment) -> ForwardProxy {
    let first = |names: &[&str]| names.iter().find_map(|name| environment.get(name)).unwrap_or("").to_owned();
    ForwardProxy::Env {
        http: Secret::new(first(&["http_proxy", "all_proxy", "ALL_PROXY"])),
        https: Secret::new(first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])),
        no: first(&["no_proxy", "NO_PROXY"]),
    }
}

/// Whether the go command's standard output is that of programs that it runs.
fn others_speak(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().map(|word| word.to_string_lossy());
    let mut first = words.next();
    if first.as_deref() == Some("-C") {
        first = words.nth(1);
    } else if first.as_deref().is_some_and(|word| word.starts_with("-C=")) {
        first = words.next();
    }
    first.is_some_and(|word| OTHERS_SPEAK.contains(&word.as_ref()))
}

/// 128 random bits as hex digits.
fn token() -> io::Result<String> {
    let mut bytes = [0; 16];
    let filled = rustls::crypto::aws_lc_rs::default_provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| io::Error::other("the system has none"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A folder of ours for the time of the trace, which nobody else can look into.
struct Scratch(PathBuf);

impl Scratch {
    fn make(environment: &Environment, token: &str) -> io::Result<Self> {
        let folder = PathBuf::from(environment.get("TMPDIR").unwrap_or("/tmp")).join(format!("modway-trace-{}", &token[..8]));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    fn log(&self) -> PathBuf {
        self.0.join("git.jsonl")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What a cleaner of temporary folders took away already needs no more.
        let _ = fs::remove_dir_all(&self.0);
    }
}

//! The one place that starts processes: version control's tools, and an operator's credential helpers.
//!
//! A child sees nothing of our environment and nothing of the machine's configuration. What strangers say reaches its command line only as
//! [`Word`]s behind a separator. It runs in a process group of its own, confined where the kernel can do that ([`confine`]), within
//! [`Bounds`], and nobody can forget it: the group is ended when its time is over, when it says too much, and when nobody waits any more.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use plan::{Trouble, trouble::Deadline};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

mod bounds;
mod command;
mod confine;
mod group;
mod noise;
mod start;
mod talk;
mod way;
mod word;

pub use bounds::Bounds;
pub use command::{Command, Data, Tool};
pub use confine::works as can_confine;
pub use noise::cleaned;
pub use talk::Talk;
pub use way::{Passage, Way};
pub use word::{Ref, RepoUrl, Rev, SubDir, Word};

/// Whoever starts children. Cheap to clone; one for the whole process, so that its bounds are the process's.
#[derive(Clone, Debug)]
pub struct Children {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: String,
    home: PathBuf,
    /// All that run to their end.
    seats: Arc<Semaphore>,
    /// Those of them that reach out: a few slow remotes never keep what is here already from being read.
    outside: Arc<Semaphore>,
    /// Those that one talks with, [`Children::talk`].
    talkers: Arc<Semaphore>,
    programs: Mutex<HashMap<&'static str, PathBuf>>,
    started: AtomicU64,
    metrics: crate::metrics::Metrics,
}

/// What a child said until its end.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to its standard output; empty if that went to a file.
    pub stdout: Vec<u8>,
    /// The end of what it complained about, fit for a terminal: at most [`crate::limits::CHILD_STDERR_BYTES`], no control bytes but line feeds.
    pub stderr: String,
}

impl Children {
    /// Children whose programs are looked for in `path`, at most `at_once` of them. `folder` will hold their empty home.
    ///
    /// # Errors
    /// What the disk says of the home.
    pub fn new(path: &str, folder: &Path, at_once: usize, metrics: crate::metrics::Metrics) -> std::io::Result<Self> {
        let home = folder.join("home");
        std::fs::create_dir_all(&home)?;
        let at_once = at_once.max(1);
        let inner = Inner {
            path: path.to_owned(),
            home: std::fs::canonicalize(home)?,
            seats: Arc::new(Semaphore::new(at_once)),
            outside: Arc::new(Semaphore::new((at_once * 3 / 4).max(1))),
            talkers: Arc::new(Semaphore::new(at_once)),
            programs: Mutex::default(),
            started: AtomicU64::new(0),
            metrics,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Runs `command` to its end, whatever its exit code.
    ///
    /// May be dropped at any await: the whole process group is then ended, and reaped, by a task of its own.
    ///
    /// # Errors
    /// [`Trouble::Deadline`] if it took too long, its turn included; [`Trouble::TooLarge`] if it wrote too much; [`Trouble::Vcs`] if there
    /// is no such program, in Go's words, or if it cannot be started.
    pub async fn run(&self, command: Command) -> Result<Output, Trouble> {
        let wall = command.bounds.wall;
        let seats = tokio::time::timeout(wall, self.seats(command.reaches_out())).await.map_err(|_| late(wall))?;
        let program = self.program(&command)?;
        self.count(command.tool.name());
        let started = start::start(command, program, &self.inner.path, &self.inner.home).await?;
        group::leashed(started, seats).await
    }

    /// Starts `command` to talk with it: requests go in and answers come out until [`Talk`] is dropped.
    ///
    /// # Errors
    /// As for [`Children::run`]; `Ok(None)` if as many as may be are talked with already.
    pub async fn talk(&self, mut command: Command) -> Result<Option<Talk>, Trouble> {
        command.talks = true;
        let Ok(seat) = Arc::clone(&self.inner.talkers).try_acquire_owned() else { return Ok(None) };
        let program = self.program(&command)?;
        self.count(command.tool.name());
        let started = start::start(command, program, &self.inner.path, &self.inner.home).await?;
        Ok(Some(Talk::new(started, seat)))
    }

    /// How many children were started since the beginning.
    pub fn started(&self) -> u64 {
        self.inner.started.load(Ordering::Relaxed)
    }

    async fn seats(&self, reaches_out: bool) -> Vec<OwnedSemaphorePermit> {
        let mut seats = Vec::with_capacity(2);
        if reaches_out {
            seats.extend(Arc::clone(&self.inner.outside).acquire_owned().await.ok());
        }
        seats.extend(Arc::clone(&self.inner.seats).acquire_owned().await.ok());
        seats
    }

    fn count(&self, tool: &'static str) {
        self.inner.started.fetch_add(1, Ordering::Relaxed);
        self.inner.metrics.child(tool);
    }

    /// Where the command's program is. What is not found is looked for again the next time: it may be installed while we run.
    fn program(&self, command: &Command) -> Result<PathBuf, Trouble> {
        let name = match &command.tool {
            Tool::Operators(program) if program.is_absolute() => return Ok(program.clone()),
            Tool::Operators(program) => return found(&self.inner.path, &program.to_string_lossy()),
            tool => tool.name(),
        };
        let mut programs = self.inner.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = programs.get(name).filter(|program| program.exists()) {
            return Ok(program.clone());
        }
        let program = found(&self.inner.path, name)?;
        programs.insert(name, program.clone());
        Ok(program)
    }
}

/// The first executable file `name` in `path`. Relative folders are passed over: they would depend on where the child runs.
fn found(path: &str, name: &str) -> Result<PathBuf, Trouble> {
    use std::os::unix::fs::PermissionsExt as _;
    let executable =
        |file: &PathBuf| file.metadata().is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0);
    std::env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .map(|folder| folder.join(name))
        .find(executable)
        .ok_or_else(|| Trouble::Vcs(format!("exec: {name:?}: executable file not found in $PATH")))
}

fn late(wall: Duration) -> Trouble {
    Trouble::Deadline(Deadline::Total, u64::try_from(wall.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;

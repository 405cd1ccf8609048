//! A process comes into being: its own group, an empty environment, its bounds, its cage.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use plan::Trouble;
use tokio::{process::Child, runtime::Handle, sync::oneshot};

use super::{Bounds, Command, Tool, confine::Cage, group::Group};

/// The variable that marks all that descends from one child, whatever group it puts itself in.
pub(super) const MARK: &str = "MODWAY_CHILD";

/// A child that runs, with all that is needed to end it.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) child: Child,
    pub(super) group: Group,
    pub(super) bounds: Bounds,
    pub(super) stdin: Vec<u8>,
}

/// Starts `command`.
///
/// A thread is started with it: Landlock confines threads and what they start, so the thread goes into the cage, starts the child and ends.
pub(super) async fn start(mut command: Command, program: PathBuf, path: &str, home: &Path) -> Result<Started, Trouble> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let mark = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let (bounds, stdin) = (command.bounds, std::mem::take(&mut command.stdin));
    let cage = (!matches!(command.tool, Tool::Operators(_))).then(|| Cage::of(&command, &program, path, home));
    let mut process = prepared(command, &program, path, home, &mark, !stdin.is_empty());
    let (runtime, (tell, told)) = (Handle::current(), oneshot::channel());
    let start = move || {
        let _runtime = runtime.enter();
        let caged = cage.map_or(Ok(()), |cage| cage.enter());
        let started = caged.and_then(|()| process.spawn());
        // Nobody listens any more: the child is dropped here, and killed by that.
        let _ = tell.send(started.map(|child| (child, mark)));
    };
    thread::Builder::new().name("child".to_owned()).spawn(start).map_err(|error| cannot(&program, &error))?;
    let (child, mark) = match told.await {
        Ok(started) => started.map_err(|error| cannot(&program, &error))?,
        Err(_) => return Err(Trouble::Vcs(format!("cannot start {}", program.display()))),
    };
    let group = Group::of(&child, mark);
    let started = Started { child, group, bounds, stdin };
    // A child without bounds must not run: dropping it ends it.
    started.group.leader().map_or(Ok(()), |pid| bounds.put_on(pid)).map_err(|error| cannot(&program, &error.into()))?;
    Ok(started)
}

fn prepared(command: Command, program: &Path, path: &str, home: &Path, mark: &str, hears: bool) -> tokio::process::Command {
    let mut process = tokio::process::Command::new(program);
    let scratch = command.writes.first().map_or_else(OsString::new, OsString::from);
    process
        .args(command.words)
        .env_clear()
        .envs([("PATH", path), ("LC_ALL", "C"), ("LANG", "C"), ("TZ", "UTC"), (MARK, mark)])
        .envs([("HOME", home.as_os_str()), ("XDG_CONFIG_HOME", home.as_os_str()), ("TMPDIR", &scratch)])
        .envs(command.environment)
        .current_dir(command.folder)
        .stdin(if hears || command.talks { Stdio::piped() } else { Stdio::null() })
        .stdout(command.stdout.map_or_else(Stdio::piped, Stdio::from))
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    process
}

fn cannot(program: &Path, error: &std::io::Error) -> Trouble {
    Trouble::Vcs(format!("cannot start {}: {error}", program.display()))
}

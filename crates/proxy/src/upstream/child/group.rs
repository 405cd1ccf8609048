//! A child with all its descendants, from its start to the last of them.

use std::process::ExitStatus;

use plan::Trouble;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _},
    process::Child,
    sync::{OwnedSemaphorePermit, oneshot},
    time::{Instant, timeout},
};

use super::{Output, late, noise, start::MARK, start::Started};
use crate::limits;

/// The process group of one child. What still runs in it is killed when this is dropped.
#[derive(Debug)]
pub(super) struct Group {
    leader: Option<Pid>,
    mark: String,
}

impl Group {
    pub(super) fn of(child: &Child, mark: String) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        Self { leader, mark }
    }

    pub(super) fn leader(&self) -> Option<Pid> {
        self.leader
    }

    fn signal(&self, signal: Signal) {
        // An error means that nobody is left in the group.
        let _ = self.leader.map(|leader| kill_process_group(leader, signal));
    }

    /// Ends everyone in the group, politely at first so that lock files and half packs are taken away, and reaps the leader.
    ///
    /// What left the group is found by the mark in its environment. What also wiped that is no tool of ours gone wrong; it is still in its
    /// cage and within its bounds.
    pub(super) async fn end(mut self, child: &mut Child) {
        self.signal(Signal::TERM);
        let left = timeout(limits::CHILD_GRACE, child.wait()).await;
        self.signal(Signal::KILL);
        if left.is_err() {
            // Only a process that the kernel holds outlasts this; tokio reaps it when it comes back.
            let _ = timeout(limits::CHILD_GRACE, child.wait()).await;
        }
        self.leader = None;
        let mark = format!("{MARK}={}", self.mark);
        // It fails only when the runtime ends, and the process with it.
        let _ = tokio::task::spawn_blocking(move || kill_marked(&mark)).await;
    }

    /// The leader has ended by itself and is reaped: whoever it left behind in its group goes too.
    ///
    /// Assumes: its number is not given to another group within the microseconds since. Numbers are given in turn.
    fn leader_left(&mut self) {
        self.signal(Signal::KILL);
        self.leader = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Waits for a child's end in a task of its own, which holds `seats` until it is reaped. When the caller goes away, the task ends it.
pub(super) async fn leashed(started: Started, seats: Vec<OwnedSemaphorePermit>) -> Result<Output, Trouble> {
    let (leash, slipped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        let _seats = seats;
        attended(started, slipped).await
    });
    let ended = task.await;
    drop(leash);
    ended.unwrap_or_else(|_| Err(Trouble::Vcs("the child was lost".to_owned())))
}

/// How waiting for a child ended.
enum End {
    Left(std::io::Result<ExitStatus>),
    Late,
    Flooded,
    Multiplied,
    Abandoned,
}

async fn attended(started: Started, mut slipped: oneshot::Receiver<()>) -> Result<Output, Trouble> {
    let Started { mut child, mut group, bounds, stdin } = started;
    let (stdin_pipe, stdout_pipe, stderr_pipe) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (flooded, mut over) = oneshot::channel();
    let told = tokio::spawn(async move {
        if let Some(mut pipe) = stdin_pipe {
            // A child that ends before it has read everything has its reason, and says it.
            let _ = pipe.write_all(&stdin).await;
        }
    });
    let says = tokio::spawn(async move {
        match stdout_pipe {
            Some(pipe) => collected(pipe, bounds.stdout_bytes, flooded).await,
            None => Vec::new(),
        }
    });
    let complains = tokio::spawn(async move {
        match stderr_pipe {
            Some(pipe) => noise::heard(pipe).await,
            None => String::new(),
        }
    });
    let end = tokio::select! {
        biased;
        status = child.wait() => End::Left(status),
        Ok(()) = &mut over => End::Flooded,
        _ = &mut slipped => End::Abandoned,
        () = tokio::time::sleep_until(Instant::now() + bounds.wall) => End::Late,
        () = multiplies(group.leader()) => End::Multiplied,
    };
    let status = match end {
        End::Left(status) => {
            group.leader_left();
            status.map_err(|error| Trouble::Vcs(format!("cannot wait for a child: {error}")))
        }
        End::Late => Err(late(bounds.wall)),
        End::Flooded => Err(Trouble::TooLarge(bounds.stdout_bytes)),
        End::Multiplied => Err(Trouble::Vcs(format!("it started more than {} processes", limits::CHILD_PROCESSES))),
        End::Abandoned => Err(Trouble::Vcs("nobody waits any more".to_owned())),
    };
    let status = match status {
        Ok(status) => status,
        Err(trouble) => {
            group.end(&mut child).await;
            let _ = (told.abort(), says.abort(), complains.abort());
            return Err(trouble);
        }
    };
    told.abort();
    let (Ok(Ok(stdout)), Ok(Ok(stderr))) =
        (timeout(limits::CHILD_GRACE, says).await, timeout(limits::CHILD_GRACE, complains).await)
    else {
        // Someone left the group and holds the pipes.
        let mark = format!("{MARK}={}", group.mark);
        let _ = tokio::task::spawn_blocking(move || kill_marked(&mark)).await;
        return Err(Trouble::Vcs("it left a process behind that goes on talking".to_owned()));
    };
    if stdout.len() as u64 > bounds.stdout_bytes {
        return Err(Trouble::TooLarge(bounds.stdout_bytes));
    }
    if was_too_long(status) {
        return Err(Trouble::TooLarge(bounds.file_bytes));
    }
    Ok(Output { code: status.code(), stdout, stderr })
}

/// Comes back when the group has more than [`limits::CHILD_PROCESSES`]. The first look is after the first round: most children never see one.
async fn multiplies(leader: Option<Pid>) {
    loop {
        tokio::time::sleep(limits::CHILD_ROUND).await;
        let count = tokio::task::spawn_blocking(move || processes().into_iter().filter(|pid| is_in(*pid, leader)).count());
        if count.await.is_ok_and(|count| count > limits::CHILD_PROCESSES) {
            return;
        }
    }
}

/// True if the process is in the group: the third word behind its name, which stands in parentheses and may hold anything.
fn is_in(pid: Pid, group: Option<Pid>) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) else { return false };
    // The kernel writes -1 for a process that is just going away.
    let id: Option<i32> = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(2)?.parse().ok());
    id.filter(|id| *id > 0).and_then(Pid::from_raw) == group
}

/// True if the kernel ended it for writing a file beyond [`super::Bounds::file_bytes`].
fn was_too_long(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(Signal::XFSZ.as_raw())
}

/// Reads to the end, or one byte beyond `most` and tells so.
async fn collected(from: impl AsyncRead + Unpin, most: u64, flooded: oneshot::Sender<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What was read before an error is what the child said.
    let _ = from.take(most.saturating_add(1)).read_to_end(&mut bytes).await;
    if bytes.len() as u64 > most {
        let _ = flooded.send(());
    }
    bytes
}

/// Kills every process of ours whose environment has `mark`, until none is found: one that multiplies is met again.
fn kill_marked(mark: &str) {
    for _ in 0..limits::CHILD_HUNTS {
        let found: Vec<Pid> = processes().into_iter().filter(|pid| is_marked(*pid, mark)).collect();
        if found.is_empty() {
            return;
        }
        for pid in found {
            // It may be gone already.
            let _ = kill_process(pid, Signal::KILL);
        }
        std::thread::sleep(limits::HUNT_PAUSE);
    }
}

fn processes() -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| *id > 0)
        .filter_map(Pid::from_raw)
        .collect()
}

fn is_marked(pid: Pid, mark: &str) -> bool {
    std::fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero()))
        .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()))
}

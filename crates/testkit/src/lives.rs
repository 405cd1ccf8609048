//! Processes that a test starts, pauses and kills: each runs the test's own binary again, as one of its tests.

use std::{
    fs,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};

use crate::mount::skipped;

/// What changes files.
pub const CALLS: [&str; 11] =
    ["openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "unlink", "rmdir", "ftruncate", "mkdir"];

/// A command that runs the test `test` of this binary, and no other, in a process of its own. What it says on standard output is lost.
pub fn again(test: &str) -> Command {
    named(Command::new(myself()), test)
}

/// The same under `tracer`, a command that runs another one.
pub fn again_under(mut tracer: Command, test: &str) -> Command {
    tracer.arg(myself());
    named(tracer, test)
}

fn named(mut command: Command, test: &str) -> Command {
    command.args([test, "--exact", "--nocapture"]).stdout(Stdio::null());
    command
}

fn myself() -> PathBuf {
    std::env::current_exe().expect("a test has a binary")
}

/// A running process; killed when dropped.
pub struct Life(Child);

impl Life {
    /// Starts it.
    pub fn begin(mut command: Command) -> Self {
        Self(command.spawn().expect("a process starts"))
    }

    /// The process itself.
    pub fn child(&mut self) -> &mut Child {
        &mut self.0
    }

    /// How it ended, if it has.
    pub fn end(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().expect("our own child")
    }

    /// Stops it where it is (SIGSTOP), until [`Life::resume`].
    pub fn pause(&mut self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&mut self) {
        self.signal(Signal::CONT);
    }

    /// True while it is stopped, by us or by itself.
    pub fn is_paused(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id())).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'))
    }

    /// Kills it where it is (SIGKILL).
    pub fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    fn signal(&mut self, signal: Signal) {
        // One that was waited for may have given its number to another process.
        if self.end().is_none() {
            let _ = kill_process(Pid::from_child(&self.0), signal);
        }
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends `signal`, which stops or kills, to this very process. It goes no further than this call, until it is resumed.
pub fn signal_myself(signal: Signal) {
    let _ = kill_process(rustix::process::getpid(), signal);
    // The system may hand it to another thread, and this one would go on until that one has noticed.
    thread::sleep(Duration::from_secs(1));
}

/// Calls `journey` with a command that lets the n-th system call `call` of the program that it runs meet `fault` (in strace's words), for ever larger n
/// until a journey was over before that call came. `next` tells the n after this one.
///
/// Says `skipped:` where nothing can be traced.
pub fn at_each_call(call: &str, fault: &str, next: impl Fn(usize) -> usize, mut journey: impl FnMut(Command)) {
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success()) {
        return skipped(fault, "needs strace and the right to trace");
    }
    let mut when = 1;
    loop {
        let log = tempfile::NamedTempFile::new().expect("a file");
        let mut strace = Command::new("strace");
        strace
            .args(["-f", "-e", &format!("inject={call}:{fault}:when={when}"), "-e", &format!("trace={call}"), "-o"])
            .arg(log.path());
        println!("{call} {when}: {fault}");
        journey(strace);
        // Strace marks a call that it made fail; a call that killed has no result.
        let log = fs::read_to_string(log).expect("strace writes it");
        if !log.contains("(INJECTED)") && !log.contains("killed by SIGKILL") {
            return;
        }
        when = next(when);
    }
}

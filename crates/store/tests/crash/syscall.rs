//! The n-th system call of its kind kills the process, or fails.

use std::{fs, process::Command};

use testkit::mount::skipped;

use crate::{
    rounds,
    writer::{read_back, travel},
};

/// What changes files, and how it may fail.
const CALLS: [&str; 11] =
    ["openat", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "unlink", "rmdir", "ftruncate", "mkdir"];

#[test]
fn a_kill_at_any_system_call_leaves_all_that_was_told_and_nothing_wrong() {
    check("signal=SIGKILL");
}

#[test]
fn an_error_of_any_system_call_leaves_all_that_was_told_and_nothing_wrong() {
    check("error=EIO");
}

#[test]
fn a_full_disk_at_any_system_call_leaves_all_that_was_told_and_nothing_wrong() {
    check("error=ENOSPC");
}

fn check(fault: &str) {
    if !Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success()) {
        return skipped(fault, "needs strace and the right to trace");
    }
    let mut told = 0;
    for call in CALLS {
        let mut when = 1;
        while let Some(writes) = one(call, fault, when) {
            told += writes;
            // By default ever longer steps; all of them take minutes.
            when += rounds(when.div_ceil(2), 1);
        }
    }
    assert!(told > 0, "no write was ever told");
}

/// How many writes were told before and after the fault; `None` if the journey was over before it came.
fn one(call: &str, fault: &str, when: usize) -> Option<usize> {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", &format!("inject={call}:{fault}:when={when}"), "-e", &format!("trace={call}"), "-o"]).arg(&log);
    println!("{call} {when}: {fault}");
    let ledger = travel(&home.path().join("store"), strace);
    read_back(&home.path().join("store"), &ledger);
    // Strace marks a call that it made fail; a call that killed has no result.
    let log = fs::read_to_string(log).unwrap();
    (log.contains("(INJECTED)") || log.contains("killed by SIGKILL")).then_some(ledger.len())
}

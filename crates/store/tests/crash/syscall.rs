//! The n-th system call of its kind kills the process, or fails.

use testkit::lives::{CALLS, at_each_call};

use crate::{
    rounds,
    writer::{read_back, travel},
};

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
    let (mut journeys, mut told) = (0, 0);
    // By default ever longer steps; all of them take minutes.
    let next = |when: usize| when + rounds(when.div_ceil(2), 1);
    for call in CALLS {
        at_each_call(call, fault, next, |strace| {
            let home = tempfile::tempdir().unwrap();
            let ledger = travel(home.path(), strace);
            read_back(home.path(), &ledger);
            (journeys, told) = (journeys + 1, told + ledger.len());
        });
    }
    assert!(told > 0 || journeys == 0, "no write was ever told");
}

//! kill -9 at every system call that a log makes on its store.

use proxy::clock::Clock;
use testkit::lives::{CALLS, Life, again_under, at_each_call};

use super::{
    home::Home,
    life::{Plan, alone, dress},
};
use crate::{rounds, world::BEGIN};

/// The clock stands still, so the lease of the dead would never be over: it is taken at once, because the store is held alone.
#[test]
fn a_kill_at_any_system_call_loses_nothing_and_nobody_waits_for_the_lease_of_the_dead() {
    let (mut journeys, mut answers) = (0, 0);
    // By default ever longer steps; all of them take long.
    let next = |when: usize| when + rounds(2 * when as u64, 1) as usize;
    for call in CALLS {
        at_each_call(call, "signal=SIGKILL", next, |strace| {
            let home = Home::new();
            let mut command = again_under(strace, "processes::life::lives_until_it_dies");
            dress(&mut command, home.path(), 1, Plan::Alone(3));
            Life::begin(command).child().wait().unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let next = home.last_life(alone(home.path()), Clock::new(|| BEGIN), "line next");
            runtime.block_on(next).unwrap_or_else(|error| panic!("killed at {call}: {error:?}"));
            let told = home.told();
            told.recorder.judge(call);
            (journeys, answers) = (journeys + 1, answers + told.answered.len());
        });
    }
    assert!(answers > journeys, "{answers} answers in {journeys} journeys");
}

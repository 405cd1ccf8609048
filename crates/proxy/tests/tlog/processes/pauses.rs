//! A process that sleeps exactly where nothing but the published file itself can notice it.

use std::{
    thread,
    time::{Duration, Instant},
};

use testkit::lives::Life;

use super::{
    home::Home,
    life::{Plan, command},
};

/// Many times what each step takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_process_stopped_where_it_publishes_puts_no_older_head_over_a_newer_one_when_it_goes_on() {
    let mut home = Home::new();
    let mut sleeper = Life::begin(command(home.path(), 1, Plan::StopsAtPublish(3)));
    until("the first one stops", || sleeper.is_paused());
    let before = home.look("stopped");
    let mut other = Life::begin(command(home.path(), 2, Plan::Well));
    until("the second one goes on", || home.look("gone on") > before + 20);
    // Not paused: it could be in the middle of publishing, where it keeps others out as long as it lives.
    other.kill();
    let published = home.look("killed");
    sleeper.resume();
    let answers = home.told().answers.get(&1).copied().unwrap_or(0);
    until("the first one is heard again", || {
        home.look("awake");
        home.told().answers.get(&1).copied().unwrap_or(0) > answers
    });
    assert!(home.look("at the end") >= published);
    sleeper.kill();
    home.told().recorder.judge("pauses");
}

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited too long until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

//! Whole journeys through the `modway` binary: on real modules, and under rough treatment.

mod direct;
mod front;
mod live;
mod power;
mod rough;

mod server;
mod truth;

/// Says something that is to be read although the test passes: the harness keeps what is merely printed.
fn say(line: &str) {
    use std::io::Write as _;
    // Without anybody to read it the test is as good.
    let _ = writeln!(std::io::stdout(), "{line}");
}

//! A log of our own, proven: what it promises to who reads it, what it refuses, and that no crash, pause, backup or second sequencer makes it
//! tell two histories.
//!
//! `MODWAY_LONG=1` makes the drawn tests long; `MODWAY_SEED` repeats one history of the hunt.

mod audited;
mod crashes;
mod damage;
mod embedded;
mod forgetting;
mod hunt;
mod leases;
mod processes;
mod promises;
mod recorder;
mod refusals;
mod rotation;
mod way;
mod world;

/// How many: `usual`, or `long` if `MODWAY_LONG=1` says so.
fn rounds(usual: u64, long: u64) -> u64 {
    if std::env::var_os("MODWAY_LONG").is_some_and(|long| long == "1") { long } else { usual }
}

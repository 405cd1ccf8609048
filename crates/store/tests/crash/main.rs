//! What is left after a kill, a power cut, and on a full disk.
//!
//! Every test keeps a ledger outside the store: what it was told is durable. At its end all of that must be there and right, and nothing
//! that the store answers may be empty, short or wrong.
//!
//! A few rounds by default; `MODWAY_LONG=1` runs many.

mod full;
mod kill;
mod power;
mod syscall;

mod log;
mod writer;

use testkit::random::Random;

/// The number of rounds: `usual`, or `long` if `MODWAY_LONG=1` says so.
fn rounds(usual: usize, long: usize) -> usize {
    if std::env::var_os("MODWAY_LONG").is_some_and(|long| long == "1") { long } else { usual }
}

/// Chooses moments; its seed is printed, so that a run can be told from another.
fn dice() -> Random {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let seed = since.as_nanos() as u64;
    println!("seed {seed}");
    Random::new(seed)
}

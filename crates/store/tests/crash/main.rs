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

/// The number of rounds: `usual`, or `long` if `MODWAY_LONG=1` says so.
fn rounds(usual: usize, long: usize) -> usize {
    if std::env::var_os("MODWAY_LONG").is_some_and(|long| long == "1") { long } else { usual }
}

/// Random enough to choose a moment (SplitMix64); its first number is printed, so that a run can be told from another.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let seed = since.as_nanos() as u64;
        println!("seed {seed}");
        Self(seed)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mix(self.0) % bound as u64) as usize
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

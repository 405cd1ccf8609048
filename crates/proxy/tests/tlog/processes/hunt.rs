//! The fork hunt with real processes: two of them side by side on one store, paused for longer than a lease, killed at any moment, and started
//! again; and half of the store comes back from a backup.

use std::{
    collections::BTreeSet,
    ops::AddAssign,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use proxy::tlog::LogError;
use testkit::{lives::Life, random::Random};

use super::{
    home::{Half, Home},
    life::{Plan, beside, command, hasty_clock},
};
use crate::rounds;

/// So many histories go on at one time, usually and in the long form: they sleep more than they work.
const AT_ONCE: [u64; 2] = [4, 8];

/// What happens in one history, one after the other.
const EVENTS: usize = 16;

/// What histories did, so that those in which nothing happened do not count for much.
#[derive(Default, Debug)]
struct Tally {
    histories: usize,
    lives: usize,
    killed: usize,
    paused: usize,
    signed: usize,
    answered: usize,
    restored: usize,
    refused: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.histories += other.histories;
        self.lives += other.lives;
        self.killed += other.killed;
        self.paused += other.paused;
        self.signed += other.signed;
        self.answered += other.answered;
        self.restored += other.restored;
        self.refused += other.refused;
    }
}

#[test]
fn no_two_processes_sign_heads_that_cannot_both_be_true_whenever_they_are_paused_or_killed() {
    let only: Option<u64> = std::env::var("MODWAY_SEED").ok().map(|seed| seed.parse().expect("a number"));
    let seeds = only.map_or(1..rounds(20, 1000) + 1, |seed| seed..seed + 1);
    let next = AtomicU64::new(seeds.start);
    let some = || {
        let mut tally = Tally::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return tally;
            }
            tally += History::new(seed).hunt();
        }
    };
    let mut all = Tally::default();
    thread::scope(|scope| {
        let hunters: Vec<_> = (0..rounds(AT_ONCE[0], AT_ONCE[1])).map(|_| scope.spawn(some)).collect();
        hunters.into_iter().for_each(|hunter| all += hunter.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    });
    println!("{all:?}");
    let n = all.histories;
    assert!(only.is_some() || (all.lives > 2 * n && all.signed > 5 * n && all.answered > 10 * n), "little happened: {all:?}");
    assert!(only.is_some() || (all.killed > n && all.paused > n / 2 && all.refused > n / 20), "little befell them: {all:?}");
}

struct History {
    seed: u64,
    random: Random,
    home: Home,
    lives: [Option<Life>; 2],
    backups: Vec<PathBuf>,
    tally: Tally,
}

impl History {
    fn new(seed: u64) -> Self {
        let mut home = Home::new();
        drop(beside(home.path()));
        let backups = vec![home.copy()];
        let tally = Tally { histories: 1, ..Tally::default() };
        Self { seed, random: Random::new(seed), home, lives: [None, None], backups, tally }
    }

    fn hunt(mut self) -> Tally {
        for _ in 0..EVENTS {
            let slot = self.random.below(2) as usize;
            match self.random.below(12) {
                0 => self.kill(slot),
                1..=2 => self.pause(slot),
                3 => {
                    self.kill_both();
                    let copy = self.home.copy();
                    self.backups.push(copy);
                }
                4 if self.tally.restored < 2 => self.come_back_from_a_backup(),
                5..=6 => self.lives.iter_mut().flatten().for_each(Life::resume),
                _ => self.begin(slot),
            }
            let longest = if self.random.one_in(4) { 900 } else { 200 };
            let while_ms = self.random.below(longest);
            self.watch(Duration::from_millis(while_ms));
        }
        self.lives.iter_mut().flatten().for_each(Life::resume);
        self.kill_both();
        self.judge()
    }

    fn what(&self) -> String {
        format!("seed {}", self.seed)
    }

    /// Begins a life, unless one goes on there.
    fn begin(&mut self, slot: usize) {
        if let Some(life) = &mut self.lives[slot] {
            match life.end() {
                None => return,
                // Of its own fault, or by its own hand.
                Some(status) => {
                    assert!(status.success() || status.code().is_none(), "{}: a life ended with {status}", self.what())
                }
            }
        }
        self.tally.lives += 1;
        let number = self.tally.lives as u64;
        let plan = Plan::Drawn(self.random.number());
        self.lives[slot] = Some(Life::begin(command(self.home.path(), number, plan)));
    }

    fn kill(&mut self, slot: usize) {
        if let Some(mut life) = self.lives[slot].take() {
            life.kill();
            self.tally.killed += 1;
        }
    }

    fn kill_both(&mut self) {
        self.kill(0);
        self.kill(1);
    }

    fn pause(&mut self, slot: usize) {
        if let Some(life) = &mut self.lives[slot] {
            life.pause();
            self.tally.paused += 1;
        }
    }

    /// Lets them go on for a while, and looks at what readers see.
    fn watch(&mut self, time: Duration) {
        let began = Instant::now();
        while began.elapsed() < time {
            self.home.look(&self.what());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// One half of the store comes back from an old backup while nobody runs. Whoever starts then is refused, or nothing is lost; and when the
    /// right half is there again, all is well.
    fn come_back_from_a_backup(&mut self) {
        self.kill_both();
        let (what, newest) = (self.what(), self.home.copy());
        let half = if self.random.one_in(2) { Half::Lock } else { Half::Files };
        let old = &self.backups[self.random.below(self.backups.len() as u64) as usize];
        self.home.restore(old, half);
        self.tally.restored += 1;
        let signed = self.home.told().recorder.heads().len();
        match self.last_life(&format!("line restored {}", self.tally.restored)) {
            Ok(()) => {}
            Err(LogError::Refused(_)) => {
                self.tally.refused += 1;
                assert_eq!(self.home.told().recorder.heads().len(), signed, "{what}: it signed, and refused then");
                self.home.restore(&newest, half);
            }
            Err(error) => panic!("{what}: {half:?} restored: {error:?}"),
        }
    }

    fn last_life(&self, line: &str) -> Result<(), LogError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(self.home.last_life(beside(self.home.path()), hasty_clock(), line))
    }

    fn judge(mut self) -> Tally {
        let what = self.what();
        self.home.look(&what);
        self.last_life("line last").unwrap_or_else(|error| panic!("{what}: the last start: {error:?}"));
        let (published, told) = (self.home.look(&what), self.home.told());
        told.recorder.judge(&what);
        let refused: Vec<_> = told.ends.iter().filter(|end| end.contains("Refused")).collect();
        assert!(refused.is_empty(), "{what}: {refused:?}");
        let heads = told.recorder.heads();
        assert!(heads.iter().all(|tree| tree.size <= published), "{what}: a head of more than {published} records was signed");
        let mut seen = BTreeSet::new();
        for text in told.recorder.texts() {
            let subject = text.split(|byte| *byte == b'h').next().unwrap_or_default().to_vec();
            assert!(seen.insert(subject.clone()), "{what}: {:?} is in the log twice", String::from_utf8(subject));
        }
        self.tally.signed = heads.len();
        self.tally.answered = told.answered.len();
        self.tally
    }
}

//! A hunt for two histories: two processes of one witness, drawn submissions of two logs with one key, faults and restarts.

use gomod::sumdb::tlog::{Tree, check_tree};
use proxy::tlog::witness::{Submission, Unwitnessed};
use store::log::memory::{MemoryLogFiles, MemoryLogLock};
use store::memory::{Fault, Faults};
use testkit::random::Random;

use crate::{
    rounds,
    serves::Memory,
    tree::{History, records},
};

/// How many records the two histories share.
const SHARED: u64 = 4;

/// How many they have.
const MOST: u64 = 24;

#[tokio::test(start_paused = true)]
async fn no_witness_ever_cosigns_two_histories() {
    let one = History::of(records("a", MOST));
    let mut other = History::of(records("a", SHARED));
    records("b", MOST - SHARED).iter().for_each(|record| other.add(record));
    let (mut cosigned, mut forks, mut unproven, mut failed) = (0, 0, 0, 0);
    for seed in 0..rounds(200, 1000) {
        let mut draw = Random::new(seed);
        let faults = Faults::default();
        let (files, lock) = (MemoryLogFiles::new(faults.clone()), MemoryLogLock::new(faults.clone()));
        let memory = Memory { files, lock, ..Memory::default() };
        let mut lives = [memory.witness("0"), memory.witness("1")];
        let mut trees: Vec<(Tree, bool)> = Vec::new();
        let mut known = 0;
        for step in 0..40 {
            if draw.below(10) == 0 {
                lives[draw.below(2)] = memory.witness(&format!("{step}"));
            }
            if draw.below(4) == 0 {
                let fault = if draw.below(2) == 0 { Fault::NotStored } else { Fault::Stored };
                let at = draw.below(4);
                faults.script(std::iter::repeat_n(None, at).chain([Some(fault)]));
            }
            let mut submission = || {
                let is_other = draw.below(2) == 0;
                let history = if is_other { &other } else { &one };
                let size = (known + draw.below(6)).min(MOST);
                let old = if draw.below(5) == 0 { draw.below(size + 1) } else { known.min(size) };
                (history.tree(size), is_other, history.submission(old, size))
            };
            let (left, right) = (submission(), submission());
            let (first, second) = (ask(&lives[0], &left.2), ask(&lives[1], &right.2));
            let ends = tokio::join!(first, second);
            for ((tree, is_other, _), end) in [(left, ends.0), (right, ends.1)] {
                match end {
                    Ok(_) => {
                        known = known.max(tree.size);
                        trees.push((tree, is_other));
                    }
                    Err(Unwitnessed::Conflict(size)) => known = size,
                    Err(Unwitnessed::Forked { .. }) => forks += 1,
                    Err(Unwitnessed::Unproven { .. }) => unproven += 1,
                    Err(Unwitnessed::Store(_) | Unwitnessed::Busy) => failed += 1,
                    Err(end) => panic!("seed {seed}: {end:?}"),
                }
            }
        }
        cosigned += trees.len();
        check(seed, &trees, &one, &other);
    }
    let all = format!("{cosigned} cosigned, {forks} forks, {unproven} unproven, {failed} failed");
    assert!(cosigned > 1000 && forks > 100 && unproven > 300 && failed > 100, "{all}");
}

async fn ask(witness: &proxy::tlog::witness::Witness, submission: &Submission) -> Result<String, Unwitnessed> {
    witness.add_checkpoint(submission.to_string().as_bytes()).await
}

/// All trees continue each other.
fn check(seed: u64, trees: &[(Tree, bool)], one: &History, other: &History) {
    let mut sorted = trees.to_vec();
    sorted.sort_by_key(|(tree, _)| tree.size);
    for pair in sorted.windows(2) {
        let ((old, _), (new, is_other)) = (pair[0], pair[1]);
        let history = if is_other { other } else { one };
        let proof = history.submission(old.size, new.size).proof;
        let continues = match old.size {
            0 => true,
            size if size == new.size => old == new,
            _ => check_tree(&proof, new.size, &new.hash, old.size, &old.hash).is_ok(),
        };
        assert!(continues, "seed {seed}: {old:?} and {new:?} were both cosigned");
    }
}

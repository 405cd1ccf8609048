//! What a witness answers, status by status, and what it remembers.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use gomod::sumdb::{
    cosign::Cosigner,
    note::{self, SignerKey},
    tlog::{Hash, Tree},
};
use proxy::{
    clock::Clock,
    tlog::witness::{Submission, Unwitnessed, Witness, WitnessSettings, origin_hash},
};
use store::{
    log::{
        Logs,
        memory::{MemoryLogFiles, MemoryLogLock},
    },
    memory::Fault,
};

use crate::tree::{History, ORIGIN, checkpoint, key, records};

/// 2026-01-01.
pub(crate) const NOW: i64 = 1_767_225_600;

/// Where a witness remembers, and the time.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    pub(crate) files: MemoryLogFiles,
    pub(crate) lock: MemoryLogLock,
    pub(crate) seconds: Arc<AtomicI64>,
}

pub(crate) fn cosigner() -> Cosigner {
    Cosigner::from_seed("witness.corp.test/w1", &[3; 32]).expect("a key")
}

impl Memory {
    /// One life of the witness.
    pub(crate) fn witness(&self, life: &str) -> Witness {
        let logs = vec![(ORIGIN.to_owned(), vec![key().verifier()])];
        let settings = WitnessSettings { cosigner: cosigner(), logs, holder: life.to_owned() };
        let seconds = Arc::clone(&self.seconds);
        let clock = Clock::new(move || NOW + seconds.load(Ordering::SeqCst));
        Witness::new(settings, Logs { files: Arc::new(self.files.clone()), lock: Arc::new(self.lock.clone()) }, clock)
    }
}

async fn ask(witness: &Witness, submission: &Submission) -> Result<String, Unwitnessed> {
    witness.add_checkpoint(submission.to_string().as_bytes()).await
}

/// Why a submission is refused: the word for it.
async fn refusal(witness: &Witness, submission: &Submission) -> String {
    let why = ask(witness, submission).await.expect_err("it is refused");
    format!("{why:?}").split(|c: char| !c.is_alphabetic()).next().expect("a word").to_owned()
}

#[tokio::test]
async fn a_head_is_cosigned_that_continues_the_last_one() {
    let (memory, history) = (Memory::default(), History::of(records("a", 300)));
    let witness = memory.witness("one");
    assert_eq!(witness.checkpoint(&origin_hash(ORIGIN)).await.unwrap(), None);
    for (old, size) in [(0, 5), (5, 5), (5, 8), (8, 300)] {
        let submission = history.submission(old, size);
        let lines = ask(&witness, &submission).await.unwrap();
        // The spec's own way to read an answer: put behind the checkpoint it is a note.
        let note = note::open(format!("{}{lines}", submission.note).as_bytes(), &[&key().verifier()]).unwrap();
        assert_eq!(witness.key().find(&note).unwrap().map(|(_, time)| time), Some(NOW as u64), "{old} -> {size}");
        let kept = witness.checkpoint(&origin_hash(ORIGIN)).await.unwrap();
        assert_eq!(kept, Some(format!("{}{lines}", submission.note)), "monitors see what was answered");
        for wrong in [0, 1, 7, 299, 300].into_iter().filter(|wrong| *wrong != size && *wrong <= 300) {
            let end = ask(&witness, &history.submission(wrong, 300)).await.unwrap_err();
            assert!(matches!(end, Unwitnessed::Conflict(newest) if newest == size), "{end}");
        }
    }
    assert_eq!(witness.checkpoint(&origin_hash("other")).await.unwrap(), None);
}

#[tokio::test]
async fn each_mistake_is_refused_for_its_own_reason() {
    let (memory, history) = (Memory::default(), History::of(records("a", 20)));
    let witness = memory.witness("one");
    let good = history.submission(0, 9);
    let with = |note: String| Submission { note, ..good.clone() };
    for body in ["", "old 0\n\n", "old x\n\nnote"] {
        let end = witness.add_checkpoint(body.as_bytes()).await.unwrap_err();
        assert!(matches!(end, Unwitnessed::Malformed(_) | Unwitnessed::Unknown(_)), "{body:?}: {end}");
    }
    assert_eq!(refusal(&witness, &with(good.note.replacen(ORIGIN, "example.com/log", 1))).await, "Unknown");
    let stranger = SignerKey::from_seed(ORIGIN, &[8; 32]).unwrap();
    assert_eq!(refusal(&witness, &with(checkpoint(history.tree(9), &stranger))).await, "Unsigned");
    assert_eq!(refusal(&witness, &with(good.note.replacen("\n9\n", "\n8\n", 1))).await, "Unsigned");
    assert_eq!(refusal(&witness, &with(good.note.trim_end().to_owned())).await, "Malformed");
    assert_eq!(refusal(&witness, &Submission { old: 10, ..good.clone() }).await, "Malformed");
    let proof = vec![history.tree(1).hash];
    assert_eq!(refusal(&witness, &Submission { proof: proof.clone(), ..good.clone() }).await, "Unproven");
    let odd = Tree { size: 0, hash: Hash([1; 32]) };
    assert_eq!(refusal(&witness, &with(checkpoint(odd, &key()))).await, "Forked", "there is one tree without records");
    // Nothing of this was remembered, and a stranger's signature beside a good one is passed over.
    let both = note::sign(note::open(good.note.as_bytes(), &[&key().verifier()]).unwrap().text(), &[], &[&stranger, &key()]);
    ask(&witness, &with(both.unwrap())).await.unwrap();
    assert_eq!(refusal(&witness, &Submission { proof, ..history.submission(9, 9) }).await, "Unproven");
    for wrong in 0..history.submission(9, 20).proof.len() {
        let mut submission = history.submission(9, 20);
        submission.proof[wrong].0[5] ^= 1;
        assert_eq!(refusal(&witness, &submission).await, "Unproven", "{wrong}");
        submission.proof.remove(wrong);
        assert_eq!(refusal(&witness, &submission).await, "Unproven", "{wrong}");
    }
    ask(&witness, &history.submission(9, 20)).await.unwrap();
}

#[tokio::test]
async fn a_forked_log_gets_no_cosignature() {
    let (one, mut other) = (History::of(records("a", 20)), History::of(records("a", 6)));
    records("b", 14).iter().for_each(|record| other.add(record));
    let witness = Memory::default().witness("one");
    ask(&witness, &one.submission(0, 9)).await.unwrap();
    // Two trees of one size are two histories; of longer ones nobody knows but who has both. Whoever has a checkpoint can send it with any proof.
    match ask(&witness, &other.submission(9, 9)).await.unwrap_err() {
        Unwitnessed::Forked { origin, size: 9, cosigned, submitted, note } => {
            assert_eq!((origin.as_str(), cosigned, submitted), (ORIGIN, one.tree(9).hash, other.tree(9).hash));
            assert_eq!(note, other.submission(9, 9).note, "the evidence");
        }
        end => panic!("{end}"),
    }
    for size in 10..=20 {
        let end = ask(&witness, &other.submission(9, size)).await.unwrap_err();
        assert!(matches!(end, Unwitnessed::Unproven { old: 9, .. }), "{size}: {end}");
        // With the proof of the other history it is no better.
        let dressed = Submission { note: other.submission(9, size).note, ..one.submission(9, size) };
        assert_eq!(refusal(&witness, &dressed).await, "Unproven", "{size}");
    }
    ask(&witness, &one.submission(9, 20)).await.unwrap();
}

#[tokio::test]
async fn the_next_life_remembers_and_an_old_memory_cosigns_nothing() {
    let (memory, history) = (Memory::default(), History::of(records("a", 20)));
    ask(&memory.witness("one"), &history.submission(0, 9)).await.unwrap();
    let old = memory.lock.backup();
    assert_eq!(refusal(&memory.witness("two"), &history.submission(0, 12)).await, "Conflict");
    ask(&memory.witness("two"), &history.submission(9, 12)).await.unwrap();
    memory.lock.restore(&old);
    let end = ask(&memory.witness("three"), &history.submission(9, 15)).await.unwrap_err();
    assert!(matches!(end, Unwitnessed::Memory(_)), "{end}");
    memory.lock.restore(&MemoryLogLock::default());
    let end = ask(&memory.witness("four"), &history.submission(0, 15)).await.unwrap_err();
    assert!(matches!(end, Unwitnessed::Memory(_)), "{end}");
}

#[tokio::test]
async fn no_cosignature_is_older_than_the_one_before() {
    let (memory, history) = (Memory::default(), History::of(records("a", 9)));
    let witness = memory.witness("one");
    ask(&witness, &history.submission(0, 5)).await.unwrap();
    memory.seconds.store(-1, Ordering::SeqCst);
    assert!(matches!(ask(&witness, &history.submission(5, 9)).await, Err(Unwitnessed::Clock(1))));
    memory.seconds.store(60, Ordering::SeqCst);
    ask(&witness, &history.submission(5, 9)).await.unwrap();
}

#[tokio::test]
async fn what_the_store_did_although_it_failed_counts() {
    let history = History::of(records("a", 20));
    for fault in [Fault::NotStored, Fault::Stored] {
        for at in 0..4 {
            let faults = store::memory::Faults::default();
            let lock = MemoryLogLock::new(faults.clone());
            let memory = Memory { lock, ..Memory::default() };
            let witness = memory.witness("one");
            ask(&witness, &history.submission(0, 9)).await.unwrap();
            faults.script(std::iter::repeat_n(None, at).chain([Some(fault)]));
            let end = ask(&witness, &history.submission(9, 12)).await;
            faults.script([None; 4]);
            // A lease that was given although nobody heard of it ends by itself.
            memory.seconds.store(20, Ordering::SeqCst);
            let again = memory.witness("two");
            let next = match (&end, ask(&again, &history.submission(9, 20)).await) {
                (Ok(_), Err(Unwitnessed::Conflict(12))) | (Err(_), Ok(_)) => continue,
                (Err(_), Err(Unwitnessed::Conflict(12))) => ask(&again, &history.submission(12, 12)).await,
                (end, next) => panic!("{fault:?} at {at}: {end:?}, then {next:?}"),
            };
            next.unwrap();
        }
    }
}

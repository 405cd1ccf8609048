//! A log in a test's hand: it can be anything that a signed log can be, also two things at once.

use gomod::sumdb::{
    checkpoint::Checkpoint,
    note::{self, SignerKey},
    tlog::{
        Hash, Tree, prove_tree, prove_tree_indexes, record_hash, stored_hashes, stored_hashes_indexes, tree_hash,
        tree_hash_indexes,
    },
};
use proxy::tlog::witness::Submission;

/// The origin line of the log of every test.
pub(crate) const ORIGIN: &str = "sum.corp.test/db";

/// The log's key.
pub(crate) fn key() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[7; 32]).expect("a key")
}

/// One history. A clone that gets other records is another one.
#[derive(Clone, Default)]
pub(crate) struct History {
    hashes: Vec<Hash>,
    size: u64,
}

impl History {
    pub(crate) fn of(records: impl IntoIterator<Item = String>) -> Self {
        let mut history = Self::default();
        records.into_iter().for_each(|record| history.add(&record));
        history
    }

    pub(crate) fn add(&mut self, record: &str) {
        let old = self.at(&stored_hashes_indexes(self.size));
        self.hashes.extend(stored_hashes(self.size, record_hash(record.as_bytes()), &old).expect("it fits"));
        self.size += 1;
    }

    pub(crate) fn tree(&self, size: u64) -> Tree {
        match size {
            0 => Tree::empty(),
            _ => Tree { size, hash: tree_hash(size, &self.at(&tree_hash_indexes(size))).expect("it fits") },
        }
    }

    /// What is sent for the tree of `size` records to a witness that knows the one of `old`.
    pub(crate) fn submission(&self, old: u64, size: u64) -> Submission {
        let proof = match (1..size).contains(&old) {
            true => prove_tree(size, old, &self.at(&prove_tree_indexes(size, old).expect("it fits"))).expect("it fits"),
            false => Vec::new(),
        };
        Submission { old, proof, note: checkpoint(self.tree(size), &key()) }
    }

    fn at(&self, indexes: &[u64]) -> Vec<Hash> {
        indexes.iter().map(|index| self.hashes[*index as usize]).collect()
    }
}

/// A signed checkpoint of the log.
pub(crate) fn checkpoint(tree: Tree, key: &SignerKey) -> String {
    let text = Checkpoint::new(ORIGIN, tree).expect("a line").to_string();
    note::sign(&text, &[], &[key]).expect("a note")
}

/// Records that a log of `kind` has.
pub(crate) fn records(kind: &str, count: u64) -> Vec<String> {
    (0..count).map(|number| format!("{kind} {number}\n")).collect()
}

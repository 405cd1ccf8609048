//! A log in memory, honest unless a test makes it lie.

use super::note::{self, SignerKey, VerifierKey};
use super::tile::{HEIGHT, Tile, TileLevel};
use super::tlog::{
    Hash, Tree, format_record, record_hash, stored_hash_index, stored_hashes, stored_hashes_indexes, tree_hash, tree_hash_indexes,
};

/// Records, and every hash the log has stored.
#[derive(Clone)]
pub(super) struct TestLog {
    pub(super) key: SignerKey,
    pub(super) records: Vec<String>,
    hashes: Vec<Hash>,
}

impl TestLog {
    /// A log of `size` records of unlike modules, `salt` making its history its own.
    pub(super) fn new(size: u64, salt: &str) -> Self {
        let key = SignerKey::from_seed("localhost.localdev/sumdb", &[7; 32]).unwrap();
        let mut log = Self { key, records: Vec::new(), hashes: Vec::new() };
        (0..size).for_each(|number| log.add(&record(&format!("example.com/m{number}"), "v1.0.0", salt)));
        log
    }

    pub(super) fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    pub(super) fn add(&mut self, text: &str) {
        let number = self.records.len() as u64;
        let old = self.read(&stored_hashes_indexes(number));
        self.hashes.extend(stored_hashes(number, record_hash(text.as_bytes()), &old).unwrap());
        self.records.push(text.to_owned());
    }

    pub(super) fn read(&self, indexes: &[u64]) -> Vec<Hash> {
        indexes.iter().map(|index| self.hashes[*index as usize]).collect()
    }

    pub(super) fn tree(&self, size: u64) -> Tree {
        Tree { size, hash: tree_hash(size, &self.read(&tree_hash_indexes(size))).unwrap() }
    }

    pub(super) fn head(&self, size: u64) -> String {
        self.sign(&self.tree(size).to_string())
    }

    pub(super) fn sign(&self, text: &str) -> String {
        note::sign(text, &[], &[&self.key]).unwrap()
    }

    pub(super) fn answer(&self, id: u64, size: u64) -> String {
        format_record(id, &self.records[id as usize]).unwrap() + &self.head(size)
    }

    pub(super) fn tile(&self, tile: &Tile) -> Vec<u8> {
        let TileLevel::Hashes(level) = tile.level() else { panic!("{tile} holds records") };
        let first = tile.number() << HEIGHT;
        let indexes: Vec<u64> =
            (first..first + u64::from(tile.width())).map(|number| stored_hash_index(level * HEIGHT, number)).collect();
        self.read(&indexes).iter().flat_map(|hash| hash.0).collect()
    }
}

/// The two lines of a record, with h1 sums nobody computed.
pub(super) fn record(module: &str, version: &str, salt: &str) -> String {
    let h1 = |what: &str| crate::dirhash::go_mod_h1(format!("{module} {version} {what} {salt}").as_bytes());
    format!("{module} {version} {}\n{module} {version}/go.mod {}\n", h1("zip"), h1("mod"))
}

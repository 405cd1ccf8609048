//! The log itself: records, and every hash stored for them.

use gomod::sumdb::{
    note::{self, SignerKey},
    tile::{HEIGHT, Tile, TileLevel},
    tlog::{Hash, Tree, record_hash, stored_hash_index, stored_hashes, stored_hashes_indexes, tree_hash, tree_hash_indexes},
};

use crate::modules::Module;

/// Records and every hash stored for them.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) records: Vec<String>,
    hashes: Vec<Hash>,
}

impl Log {
    pub(super) fn new(strangers: usize, salt: &str) -> Self {
        let mut log = Self::default();
        for number in 0..strangers {
            log.add(&Module::record_of(&format!("stranger.test/m{number}"), "v1.0.0", salt));
        }
        log
    }

    pub(super) fn add(&mut self, record: &str) {
        let number = self.size();
        let old = self.read(&stored_hashes_indexes(number)).expect("stored before");
        self.hashes.extend(stored_hashes(number, record_hash(record.as_bytes()), &old).expect("hashes for it"));
        self.records.push(record.to_owned());
    }

    pub(super) fn size(&self) -> u64 {
        self.records.len() as u64
    }

    fn read(&self, indexes: &[u64]) -> Option<Vec<Hash>> {
        indexes.iter().map(|index| self.hashes.get(usize::try_from(*index).ok()?).copied()).collect()
    }

    pub(super) fn tree(&self, size: u64) -> Tree {
        let hashes = self.read(&tree_hash_indexes(size)).expect("a tree of this size");
        Tree { size, hash: tree_hash(size, &hashes).expect("hashes for it") }
    }

    /// The body of a tile of hashes or records; `None` if the log is too short for it.
    pub(super) fn tile(&self, tile: &Tile) -> Option<Vec<u8>> {
        let (first, width) = (tile.number() << HEIGHT, u64::from(tile.width()));
        match tile.level() {
            TileLevel::Hashes(level) => {
                let indexes: Vec<u64> = (first..first + width).map(|number| stored_hash_index(level * HEIGHT, number)).collect();
                Some(self.read(&indexes)?.iter().flat_map(|hash| hash.0).collect())
            }
            TileLevel::Data => {
                let records = self.records.get(first as usize..(first + width) as usize)?;
                Some(records.iter().flat_map(|record| format!("{record}\n").into_bytes()).collect())
            }
        }
    }
}

pub(super) fn sign(tree: &Tree, key: &SignerKey) -> String {
    note::sign(&tree.to_string(), &[], &[key]).expect("a signature")
}

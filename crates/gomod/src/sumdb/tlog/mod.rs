//! The log as a Merkle tree: hashes of records and nodes, where they are stored, and how they prove each other.
//!
//! Nothing here reads: a function pair first names the stored hashes it wants, then computes from them.
//! Source: RFC 6962 §2.1; `golang.org/x/mod/sumdb/tlog` as vendored in Go 1.27.3.

mod proof;
#[cfg(test)]
mod tests;
mod text;

pub use proof::{check_record, check_tree, prove_record, prove_record_indexes, prove_tree, prove_tree_indexes};
pub use text::{TextError, format_record, parse_record};

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

/// The size of a [`Hash`] in bytes.
pub const HASH_BYTES: usize = 32;

/// The largest number of records a tree may claim, Go's `math.MaxInt64`. Every index below fits a `u64`.
pub const MAX_TREE_SIZE: u64 = i64::MAX as u64;

/// The hash of a record, a node or a whole tree. Prints as base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash(pub [u8; HASH_BYTES]);

impl Hash {
    /// Parses the base64 form.
    ///
    /// Errors: [`TextError::Hash`] unless it is base64 of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let bytes = super::note::decode_base64(text).ok_or(TextError::Hash)?;
        bytes.try_into().map(Self).map_err(|_| TextError::Hash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tree head: how many records, and the hash over all of them. [`Tree::parse`] and `Display` speak the signed text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The number of records, at most [`MAX_TREE_SIZE`].
    pub size: u64,
    /// The root hash.
    pub hash: Hash,
}

impl Tree {
    /// The tree without records, whose hash is that of no bytes.
    pub fn empty() -> Self {
        Self { size: 0, hash: Hash(Sha256::digest(b"").into()) }
    }
}

/// Why hashes or proofs did not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogError {
    /// The record or tree asked about is not in the tree asked, or the tree is impossibly large.
    #[error("invalid inputs")]
    Inputs,
    /// A computation was given another number of hashes than its `…_indexes` names.
    #[error("want {want} hashes, not {have}")]
    HashCount {
        /// How many hashes it takes.
        want: usize,
        /// How many were given.
        have: usize,
    },
    /// The proof does not lead to the tree's hash.
    #[error("invalid transparency proof")]
    ProofFailed,
}

/// The hash of a record's text: SHA-256 over the byte 0 and the text.
pub fn record_hash(text: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(text).finalize().into())
}

/// The hash of an inner node: SHA-256 over the byte 1 and both children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// Where the `number`-th hash of `level` is stored, counted from 0, when hashes are written in the order they become known.
///
/// Saturates for coordinates outside every tree of [`MAX_TREE_SIZE`].
/// Source: Crosby and Wallach, "Efficient Data Structures for Tamper-Evident Logging", §3.3; `tlog.StoredHashIndex`.
pub fn stored_hash_index(level: u8, number: u64) -> u64 {
    let mut leaf = number;
    for _ in 0..level {
        leaf = leaf.saturating_mul(2).saturating_add(1);
    }
    let mut index = u64::from(level);
    while leaf > 0 {
        index = index.saturating_add(leaf);
        leaf >>= 1;
    }
    index
}

/// The level and number stored at `index`; the inverse of [`stored_hash_index`].
pub fn split_stored_hash_index(index: u64) -> (u8, u64) {
    // Record n is stored before 2n, so the record that wrote `index` is index/2 or a little later.
    let mut record = index / 2;
    let mut start = stored_hash_index(0, record);
    while let Some(next) = start.checked_add(1 + u64::from((record + 1).trailing_zeros())) {
        if next > index {
            break;
        }
        record += 1;
        start = next;
    }
    let level = (index - start).min(63) as u8;
    (level, record >> level)
}

/// How many hashes a tree of `size` records has stored.
pub fn stored_hash_count(size: u64) -> u64 {
    match size.checked_sub(1) {
        None => 0,
        Some(last) => stored_hash_index(0, last).saturating_add(1 + u64::from(last.trailing_ones())),
    }
}

/// The stored hashes that [`stored_hashes`] wants for record `number`.
pub fn stored_hashes_indexes(number: u64) -> Vec<u64> {
    let completed = number.trailing_ones();
    (0..completed).rev().map(|level| stored_hash_index(level as u8, (number >> level) - 1)).collect()
}

/// The hashes to store for record `number`: its own, then those of the subtrees it completes.
///
/// `old` are the hashes at [`stored_hashes_indexes`], in that order.
///
/// Errors: [`TlogError::HashCount`].
pub fn stored_hashes(number: u64, record: Hash, old: &[Hash]) -> Result<Vec<Hash>, TlogError> {
    let want = number.trailing_ones() as usize;
    if old.len() != want {
        return Err(TlogError::HashCount { want, have: old.len() });
    }
    let mut hashes = vec![record];
    let mut hash = record;
    for left in old.iter().rev() {
        hash = node_hash(left, &hash);
        hashes.push(hash);
    }
    Ok(hashes)
}

/// The stored hashes that [`tree_hash`] wants for a tree of `size` records: none for 0, else at most 1 + log₂ size.
pub fn tree_hash_indexes(size: u64) -> Vec<u64> {
    let mut indexes = Vec::new();
    proof::subtree_indexes(0, size.min(MAX_TREE_SIZE), &mut indexes);
    indexes
}

/// The root hash of the tree of `size` records, from the hashes at [`tree_hash_indexes`].
///
/// Errors: [`TlogError::HashCount`].
pub fn tree_hash(size: u64, hashes: &[Hash]) -> Result<Hash, TlogError> {
    let want = tree_hash_indexes(size).len();
    if hashes.len() != want {
        return Err(TlogError::HashCount { want, have: hashes.len() });
    }
    Ok(proof::fold(hashes).unwrap_or(Tree::empty().hash))
}

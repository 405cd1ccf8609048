//! Proofs that a record is in a tree (inclusion) and that a tree begins with another (consistency).
//!
//! Source: RFC 6962 §2.1.1 and §2.1.2. A proof lists hashes from the leaf's side up to the root's.

use super::{Hash, MAX_TREE_SIZE, TlogError, node_hash, stored_hash_index};

/// The stored hashes that [`prove_record`] wants.
///
/// Errors: [`TlogError::Inputs`] unless `record < size`.
pub fn prove_record_indexes(size: u64, record: u64) -> Result<Vec<u64>, TlogError> {
    let mut indexes = Vec::new();
    for (lo, hi) in record_siblings(size, record)? {
        subtree_indexes(lo, hi, &mut indexes);
    }
    Ok(indexes)
}

/// Proves that the tree of `size` records has `record`, from the hashes at [`prove_record_indexes`].
///
/// Errors: [`TlogError::Inputs`] unless `record < size`; [`TlogError::HashCount`].
/// Source: `tlog.ProveRecord`.
pub fn prove_record(size: u64, record: u64, hashes: &[Hash]) -> Result<Vec<Hash>, TlogError> {
    subtree_hashes(&record_siblings(size, record)?, hashes)
}

/// Checks a proof that the tree of `size` records and root `root` has at `record` the hash `leaf`.
///
/// Errors: [`TlogError::Inputs`] unless `record < size`; [`TlogError::ProofFailed`].
/// Source: `tlog.CheckRecord`.
pub fn check_record(proof: &[Hash], size: u64, root: &Hash, record: u64, leaf: &Hash) -> Result<(), TlogError> {
    let siblings = record_siblings(size, record)?;
    if siblings.len() != proof.len() {
        return Err(TlogError::ProofFailed);
    }
    let mut hash = *leaf;
    for ((lo, _), sibling) in siblings.iter().zip(proof) {
        hash = if *lo > record { node_hash(&hash, sibling) } else { node_hash(sibling, &hash) };
    }
    if hash == *root { Ok(()) } else { Err(TlogError::ProofFailed) }
}

/// The stored hashes that [`prove_tree`] wants.
///
/// Errors: [`TlogError::Inputs`] unless `1 ≤ old ≤ size`.
pub fn prove_tree_indexes(size: u64, old: u64) -> Result<Vec<u64>, TlogError> {
    let mut indexes = Vec::new();
    for (lo, hi) in tree_parts(size, old)? {
        subtree_indexes(lo, hi, &mut indexes);
    }
    Ok(indexes)
}

/// Proves that the tree of `size` records begins with the tree of `old` records, from the hashes at [`prove_tree_indexes`].
///
/// Errors: [`TlogError::Inputs`] unless `1 ≤ old ≤ size`; [`TlogError::HashCount`].
/// Source: `tlog.ProveTree`.
pub fn prove_tree(size: u64, old: u64, hashes: &[Hash]) -> Result<Vec<Hash>, TlogError> {
    subtree_hashes(&tree_parts(size, old)?, hashes)
}

/// Checks a proof that the tree of `size` records and root `root` begins with the tree of `old` records and root `old_root`.
///
/// Errors: [`TlogError::Inputs`] unless `1 ≤ old ≤ size`; [`TlogError::ProofFailed`].
/// Source: `tlog.CheckTree`.
pub fn check_tree(proof: &[Hash], size: u64, root: &Hash, old: u64, old_root: &Hash) -> Result<(), TlogError> {
    let parts = tree_parts(size, old)?;
    if parts.len() != proof.len() {
        return Err(TlogError::ProofFailed);
    }
    let mut rest = parts.iter().zip(proof);
    // A part that ends at `old` is where both trees meet; without one, the old tree is itself a subtree of the new.
    let meets = parts.first().is_some_and(|(lo, hi)| *lo > 0 && *hi == old);
    let met = if meets { rest.next().map_or(*old_root, |(_, hash)| *hash) } else { *old_root };
    let (mut old_hash, mut hash) = (met, met);
    for ((lo, _), part) in rest {
        if *lo >= old {
            hash = node_hash(&hash, part);
        } else {
            old_hash = node_hash(part, &old_hash);
            hash = node_hash(part, &hash);
        }
    }
    if hash == *root && old_hash == *old_root { Ok(()) } else { Err(TlogError::ProofFailed) }
}

/// Appends where the complete subtrees that make up the records `lo..hi` are stored, the largest first.
pub(super) fn subtree_indexes(mut lo: u64, hi: u64, indexes: &mut Vec<u64>) {
    while lo < hi {
        let level = (hi - lo).ilog2();
        indexes.push(stored_hash_index(level as u8, lo >> level));
        lo += 1 << level;
    }
}

/// Folds complete subtrees, the largest first, into the hash of their union.
pub(super) fn fold(hashes: &[Hash]) -> Option<Hash> {
    hashes.iter().rev().copied().reduce(|right, left| node_hash(&left, &right))
}

/// The record ranges beside the path from `record` to the root, from the leaf's side.
fn record_siblings(size: u64, record: u64) -> Result<Vec<(u64, u64)>, TlogError> {
    if record >= size || size > MAX_TREE_SIZE {
        return Err(TlogError::Inputs);
    }
    let (mut lo, mut hi) = (0, size);
    let mut siblings = Vec::new();
    while hi - lo > 1 {
        let middle = lo + split(hi - lo);
        if record < middle {
            siblings.push((middle, hi));
            hi = middle;
        } else {
            siblings.push((lo, middle));
            lo = middle;
        }
    }
    siblings.reverse();
    Ok(siblings)
}

/// The record ranges of a consistency proof: first where the trees meet (unless at record 0), then the way up.
fn tree_parts(size: u64, old: u64) -> Result<Vec<(u64, u64)>, TlogError> {
    if old < 1 || old > size || size > MAX_TREE_SIZE {
        return Err(TlogError::Inputs);
    }
    let (mut lo, mut hi) = (0, size);
    let mut parts = Vec::new();
    while old < hi {
        let middle = lo + split(hi - lo);
        if old <= middle {
            parts.push((middle, hi));
            hi = middle;
        } else {
            parts.push((lo, middle));
            lo = middle;
        }
    }
    if lo > 0 {
        parts.push((lo, hi));
    }
    parts.reverse();
    Ok(parts)
}

/// The largest power of two below `count`, which is at least 2: where a tree of `count` records divides.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// Folds consecutive runs of `hashes` into one hash per range.
fn subtree_hashes(ranges: &[(u64, u64)], hashes: &[Hash]) -> Result<Vec<Hash>, TlogError> {
    let counts: Vec<usize> = ranges.iter().map(|(lo, hi)| (hi - lo).count_ones() as usize).collect();
    let want = counts.iter().sum();
    if hashes.len() != want {
        return Err(TlogError::HashCount { want, have: hashes.len() });
    }
    let mut rest = hashes;
    let mut proof = Vec::with_capacity(ranges.len());
    for count in counts {
        let (run, after) = rest.split_at(count);
        proof.extend(fold(run));
        rest = after;
    }
    Ok(proof)
}

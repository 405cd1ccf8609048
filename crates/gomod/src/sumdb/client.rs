//! What a client of a checksum database keeps between lookups: the newest tree head it believes, and what it does with another.
//!
//! Source: `golang.org/x/mod/sumdb` (`client.go`) as vendored in Go 1.27.3.

use std::fmt;

use super::note::{self, NoteError, VerifierKey};
use super::tile::{TileError, TilePlan, VerifiedTiles};
use super::tlog::{self, Hash, Tree, tree_hash, tree_hash_indexes};

/// A tree head somebody known has signed, or the unsigned empty one.
///
/// Invariant: the tree is the one the note's text describes; an empty note goes with the empty tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    tree: Tree,
    note: String,
}

/// Why a tree head was not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The note is malformed or not signed by the database's key.
    #[error("reading tree note")]
    Note(#[source] NoteError),
    /// The note is signed, but its text is no tree head.
    #[error("reading tree")]
    Tree(#[source] tlog::TextError),
}

impl Head {
    /// The head of one who knows nothing yet: the empty tree, of which every tree is a continuation.
    pub fn empty() -> Self {
        Self { tree: Tree::empty(), note: String::new() }
    }

    /// Opens a signed tree head, as `/latest` serves it and a lookup's answer ends in it.
    ///
    /// Errors: [`HeadError`].
    pub fn open(key: &VerifierKey, signed: &[u8]) -> Result<Self, HeadError> {
        let note = note::open(signed, &[key]).map_err(HeadError::Note)?;
        let tree = Tree::parse(note.text()).map_err(HeadError::Tree)?;
        Ok(Self { tree, note: String::from_utf8_lossy(signed).into_owned() })
    }

    /// Size and hash.
    pub fn tree(&self) -> Tree {
        self.tree
    }

    /// The signed note as it came; empty for [`Head::empty`].
    pub fn note(&self) -> &str {
        &self.note
    }
}

/// Two tree heads, in the order of their sizes, and the plan that shows whether the newer continues the older.
#[derive(Clone, Debug)]
pub struct Merge {
    older: Head,
    newer: Head,
    plan: TilePlan,
}

/// Why two tree heads were not merged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// A tile was missing a byte or a truth.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The database has signed two histories.
    #[error(transparent)]
    Fork(#[from] Box<Fork>),
}

impl Merge {
    /// Plans the merge of another head into the known one, reading the hashes stored at `extra` on the way.
    ///
    /// Of two heads of one size the known one counts as the newer.
    ///
    /// Errors: [`TileError::NotInTree`] if an extra index is not in the newer tree.
    pub fn new(known: Head, other: Head, extra: &[u64]) -> Result<Self, TileError> {
        let (older, newer) = if other.tree.size > known.tree.size { (known, other) } else { (other, known) };
        let indexes = [&tree_hash_indexes(older.tree.size), extra].concat();
        let plan = TilePlan::new(newer.tree, &indexes)?;
        Ok(Self { older, newer, plan })
    }

    /// The tiles that [`Merge::finish`] wants, in its order.
    pub fn plan(&self) -> &TilePlan {
        &self.plan
    }

    /// Proves the tiles against the newer head, then the older head against the tiles; gives back the newer and the tiles.
    ///
    /// Errors: [`MergeError`]; the known head then stays what it was.
    /// Source: `sumdb.Client.checkTrees`.
    pub fn finish(self, bodies: Vec<Vec<u8>>) -> Result<(Head, VerifiedTiles), MergeError> {
        let tiles = self.plan.verify(bodies)?;
        let size = self.older.tree.size;
        let hashes = tiles.hashes(&tree_hash_indexes(size))?;
        let hash = tree_hash(size, &hashes).map_err(|_| TileError::Inconsistent)?;
        if hash == self.older.tree.hash {
            return Ok((self.newer, tiles));
        }
        let proof = consistency_proof(&tiles, size);
        Err(Box::new(Fork { older: self.older.note, newer: self.newer.note, hash, proof }).into())
    }
}

/// Two notes under one key that cannot both be true, with the proof. Whoever has it can show it to anyone.
///
/// Prints what the go command prints before it exits: `SECURITY ERROR`, both notes, the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// The signed note with the smaller tree; of two trees of one size, the one that came later.
    pub older: String,
    /// The signed note with the larger tree.
    pub newer: String,
    /// The hash that the newer tree has at the older one's size.
    pub hash: Hash,
    /// The proof that it has; empty if the older tree is.
    pub proof: Vec<Hash>,
}

impl std::error::Error for Fork {}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = |note: &str| note.replace('\n', "\n\t");
        writeln!(f, "SECURITY ERROR\ngo.sum database server misbehavior detected!\n")?;
        writeln!(f, "old database:\n\t{}", indent(&self.older))?;
        writeln!(f, "new database:\n\t{}", indent(&self.newer))?;
        write!(f, "proof of misbehavior:\n\t{}", self.hash)?;
        self.proof.iter().try_for_each(|hash| write!(f, "\n\t{hash}"))
    }
}

/// The proof that the proven tree begins with its first `size` records; its hashes lie in the tiles already there.
fn consistency_proof(tiles: &VerifiedTiles, size: u64) -> Vec<Hash> {
    let newer = tiles.tree().size;
    let hashes = tlog::prove_tree_indexes(newer, size).ok().and_then(|indexes| tiles.hashes(&indexes).ok());
    hashes.and_then(|hashes| tlog::prove_tree(newer, size, &hashes).ok()).unwrap_or_default()
}

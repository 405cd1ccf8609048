//! Reading hashes from tiles nobody vouches for: first the plan, then the bodies, then the proof, then the hashes.

use std::collections::BTreeMap;

use super::super::tlog::{Hash, Tree, node_hash, record_hash, stored_hash_index, tree_hash_indexes};
use super::{HEIGHT, Tile, TileError, TileLevel, locate, subtree_hash};

/// The tiles it takes to prove some hashes against a tree head.
///
/// Invariants: the tiles that make up the root come first, each other one after its parent; so every tile is proven.
/// Source: `tlog.TileHashReader`, as it is after CVE-2026-56865.
#[derive(Clone, Debug)]
pub struct TilePlan {
    tree: Tree,
    tiles: Vec<Tile>,
    place: BTreeMap<Tile, usize>,
    root_tiles: usize,
}

impl TilePlan {
    /// Plans the reading of the hashes stored at `indexes` in `tree`, from tiles of [`HEIGHT`].
    ///
    /// Errors: [`TileError::NotInTree`].
    pub fn new(tree: Tree, indexes: &[u64]) -> Result<Self, TileError> {
        let mut plan = Self { tree, tiles: Vec::new(), place: BTreeMap::new(), root_tiles: 0 };
        for index in tree_hash_indexes(tree.size) {
            plan.add(locate(HEIGHT, index).0.ancestor(0, tree.size).ok_or(TileError::NotInTree)?);
        }
        plan.root_tiles = plan.tiles.len();
        for index in indexes {
            plan.add_with_ancestors(*index)?;
        }
        Ok(plan)
    }

    /// Plans the proof of one tile, of hashes or records; [`VerifiedTiles::check_tile`] then gives the verdict.
    ///
    /// Errors: [`TileError::NotInTree`] if the tree is too small for the tile, or the tile's height is not [`HEIGHT`].
    pub fn for_tile(tree: Tree, tile: &Tile) -> Result<Self, TileError> {
        let indexes: Vec<u64> = tile_indexes(tile).filter(|_| tile.height == HEIGHT).ok_or(TileError::NotInTree)?.collect();
        Self::new(tree, &indexes)
    }

    /// The tiles to fetch, in the order in which [`TilePlan::verify`] wants the bodies.
    pub fn tiles(&self) -> &[Tile] {
        &self.tiles
    }

    /// Proves the bodies against the tree head: the root first, then each tile against its parent.
    ///
    /// `bodies` are those of [`TilePlan::tiles`], in their order; a missing one counts as empty.
    ///
    /// Errors: [`TileError::Length`]; [`TileError::Inconsistent`]. No body may then be kept or used.
    pub fn verify(self, mut bodies: Vec<Vec<u8>>) -> Result<VerifiedTiles, TileError> {
        bodies.resize(self.tiles.len(), Vec::new());
        for (tile, body) in self.tiles.iter().zip(&bodies) {
            tile.check_length(body)?;
        }
        let set = VerifiedTiles { plan: self, bodies };
        set.prove_root()?;
        set.prove_children()?;
        Ok(set)
    }

    fn add_with_ancestors(&mut self, index: u64) -> Result<(), TileError> {
        let size = self.tree.size;
        if index >= stored_hash_index(0, size) {
            return Err(TileError::NotInTree);
        }
        let home = locate(HEIGHT, index).0;
        let mut missing = Vec::new();
        for generation in 0.. {
            let tile = home.ancestor(generation, size).ok_or(TileError::NotInTree)?;
            if self.place.contains_key(&tile) {
                break;
            }
            missing.push(tile);
        }
        missing.into_iter().rev().for_each(|tile| self.add(tile));
        Ok(())
    }

    fn add(&mut self, tile: Tile) {
        let next = self.tiles.len();
        if *self.place.entry(tile).or_insert(next) == next {
            self.tiles.push(tile);
        }
    }
}

/// Tiles that a tree head vouches for, down to the last byte.
#[derive(Clone, Debug)]
pub struct VerifiedTiles {
    plan: TilePlan,
    bodies: Vec<Vec<u8>>,
}

impl VerifiedTiles {
    /// The tree head that vouches.
    pub fn tree(&self) -> Tree {
        self.plan.tree
    }

    /// The tiles with their bodies, which may now be kept.
    pub fn into_tiles(self) -> Vec<(Tile, Vec<u8>)> {
        self.plan.tiles.into_iter().zip(self.bodies).collect()
    }

    /// The hash stored at `index`, proven to be in the tree.
    ///
    /// Errors: [`TileError::NotInTree`] if its tile is not among these.
    pub fn hash(&self, index: u64) -> Result<Hash, TileError> {
        let tile = locate(HEIGHT, index).0.ancestor(0, self.plan.tree.size).ok_or(TileError::NotInTree)?;
        let body = self.plan.place.get(&tile).and_then(|place| self.bodies.get(*place)).ok_or(TileError::NotInTree)?;
        tile.hash_at(body, index)
    }

    /// The hashes stored at `indexes`, as [`VerifiedTiles::hash`] finds each.
    ///
    /// Errors: [`TileError::NotInTree`].
    pub fn hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TileError> {
        indexes.iter().map(|index| self.hash(*index)).collect()
    }

    /// Checks a body of the tile that [`TilePlan::for_tile`] was made for, also if it is narrower than the tree has it.
    ///
    /// Errors: [`TileError::Length`]; [`TileError::Inconsistent`] if a hash or a record is not the tree's;
    /// [`TileError::NotInTree`] if the plan was another's.
    pub fn check_tile(&self, tile: &Tile, body: &[u8]) -> Result<(), TileError> {
        tile.check_length(body)?;
        let have = match tile.level {
            TileLevel::Data => record_hashes(body).ok_or(TileError::Inconsistent)?,
            TileLevel::Hashes(_) => body.as_chunks().0.iter().copied().map(Hash).collect(),
        };
        let indexes: Vec<u64> = tile_indexes(tile).ok_or(TileError::NotInTree)?.collect();
        if self.hashes(&indexes)? == have { Ok(()) } else { Err(TileError::Inconsistent) }
    }

    fn prove_root(&self) -> Result<(), TileError> {
        let hashes = self.hashes(&tree_hash_indexes(self.plan.tree.size))?;
        let root = hashes.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
        let root = root.unwrap_or(Tree::empty().hash);
        if root == self.plan.tree.hash { Ok(()) } else { Err(TileError::Inconsistent) }
    }

    fn prove_children(&self) -> Result<(), TileError> {
        for (tile, body) in self.plan.tiles.iter().zip(&self.bodies).skip(self.plan.root_tiles) {
            let TileLevel::Hashes(level) = tile.level else { return Err(TileError::Inconsistent) };
            let in_parent = self.hash(stored_hash_index(HEIGHT.saturating_mul(level.saturating_add(1)), tile.number))?;
            if !tile.is_full() || subtree_hash(body) != Some(in_parent) {
                return Err(TileError::Inconsistent);
            }
        }
        Ok(())
    }
}

/// Where the hashes of `tile`, or of its records, are stored; `None` beyond every tree.
fn tile_indexes(tile: &Tile) -> Option<impl Iterator<Item = u64> + use<>> {
    let level = match tile.level {
        TileLevel::Data => 0,
        TileLevel::Hashes(level) => level.checked_mul(tile.height).filter(|level| *level < 64)?,
    };
    let first = tile.number.checked_mul(1 << tile.height)?;
    let end = first.checked_add(u64::from(tile.width))?;
    Some((first..end).map(move |number| stored_hash_index(level, number)))
}

/// The hashes of the records in a data tile; `None` unless each ends in an empty line.
fn record_hashes(body: &[u8]) -> Option<Vec<Hash>> {
    Some(super::records(body)?.into_iter().map(record_hash).collect())
}

//! A log that grows: its right edge and new records make new tiles and a new root. What was published before never changes.
//!
//! Source: `golang.org/x/mod/sumdb/tlog` as vendored in Go 1.27.3; `NewTiles` says which tiles there are to publish.

use std::collections::BTreeMap;

use super::record::{RecordError, check_text};
use super::tile::{HEIGHT, Tile, TileError, TileLevel, TilePlan, VerifiedTiles, subtree_hash};
use super::tlog::{Hash, Tree, record_hash, tree_hash, tree_hash_indexes};

/// How many hashes or records a full tile holds.
pub const FULL: u64 = 1 << HEIGHT;

/// The tiles at the right end of a log that are not full yet: all that growing wants to know of it.
///
/// Memory: up to 8 KiB for each 256-fold of the log's size, and the text of up to 255 records.
///
/// Invariants: `rows[level]` are the hashes of the partial tile of that level, fewer than 256; `data` are the records of `rows[0]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    rows: Vec<Vec<u8>>,
    data: Vec<u8>,
}

impl Edge {
    /// The edge of the log without records.
    pub fn empty() -> Self {
        Self { size: 0, rows: Vec::new(), data: Vec::new() }
    }

    /// Plans the reading of the edge of `tree`. A plan for more, with [`TilePlan::new`], serves as well.
    ///
    /// Errors: [`TileError::NotInTree`] for trees larger than can be.
    pub fn plan(tree: Tree) -> Result<TilePlan, TileError> {
        TilePlan::new(tree, &[])
    }

    /// The tile of records at the edge of a log of `size` records; `None` if its last one is full.
    pub fn data_tile(size: u64) -> Option<Tile> {
        Tile::new(HEIGHT, TileLevel::Data, size / FULL, (size % FULL) as u32)
    }

    /// The edge of the tree that vouches for `tiles`, with the body of [`Edge::data_tile`], empty if there is none.
    ///
    /// Errors: [`TileError`], if the records are not the tree's.
    pub fn new(tiles: VerifiedTiles, data: Vec<u8>) -> Result<Self, TileError> {
        let size = tiles.tree().size;
        match Self::data_tile(size) {
            Some(tile) => tiles.check_tile(&tile, &data)?,
            None if data.is_empty() => {}
            None => return Err(TileError::Inconsistent),
        }
        let mut edge = Self { size, rows: Vec::new(), data };
        for (tile, body) in tiles.into_tiles() {
            if let TileLevel::Hashes(level) = tile.level()
                && !tile.is_full()
            {
                *edge.row(usize::from(level)) = body;
            }
        }
        Ok(edge)
    }

    /// Size and root of the log.
    pub fn tree(&self) -> Tree {
        let hash = |index: u64| {
            let tile = Tile::for_index(HEIGHT, index)?;
            let TileLevel::Hashes(level) = tile.level() else { return None };
            let row = self.rows.get(usize::from(level))?;
            tile.hash_at(row.get(..tile.body_bytes()?)?, index).ok()
        };
        let hashes: Vec<Hash> = tree_hash_indexes(self.size).into_iter().filter_map(hash).collect();
        let hash = tree_hash(self.size, &hashes).expect("every complete subtree at the edge has its hashes in the rows");
        Tree { size: self.size, hash }
    }

    /// Appends records; answers the tiles that are to be published, hashes level by level, then records.
    ///
    /// Of each place only the widest: a tile that fills up is answered full, one that does not as wide as it is at the end.
    ///
    /// Errors: [`RecordError`], if a text is no record; then nothing has changed.
    pub fn grow(&mut self, records: &[&str]) -> Result<Vec<(Tile, Vec<u8>)>, RecordError> {
        records.iter().try_for_each(|record| check_text(record.as_bytes()).map(drop))?;
        let old = self.size;
        let mut full = BTreeMap::new();
        for record in records {
            self.data.extend_from_slice(record.as_bytes());
            self.data.push(b'\n');
            self.push(record_hash(record.as_bytes()), &mut full);
        }
        let mut tiles = Tile::new_tiles(HEIGHT, old, self.size);
        tiles.extend((old / FULL..self.size / FULL).filter_map(|number| Tile::new(HEIGHT, TileLevel::Data, number, FULL as u32)));
        tiles.extend(Self::data_tile(self.size).filter(|_| self.size > old));
        Ok(tiles.into_iter().map(|tile| (tile, full.remove(&tile).unwrap_or_else(|| self.partial(&tile)))).collect())
    }

    /// Appends one hash of a record, and what it completes.
    fn push(&mut self, record: Hash, full: &mut BTreeMap<Tile, Vec<u8>>) {
        let (mut level, mut hash) = (0, record);
        self.size += 1;
        loop {
            let row = self.row(level);
            row.extend_from_slice(&hash.0);
            let Some(root) = subtree_hash(row).filter(|_| row.len() == FULL as usize * hash.0.len()) else { return };
            let body = std::mem::take(row);
            let number = (self.size >> (usize::from(HEIGHT) * (level + 1))) - 1;
            let tile = |kind| Tile::new(HEIGHT, kind, number, FULL as u32).expect("a tile of a tree that can be");
            full.insert(tile(TileLevel::Hashes(level as u8)), body);
            if level == 0 {
                full.insert(tile(TileLevel::Data), std::mem::take(&mut self.data));
            }
            (level, hash) = (level + 1, root);
        }
    }

    fn partial(&self, tile: &Tile) -> Vec<u8> {
        match tile.level() {
            TileLevel::Data => self.data.clone(),
            TileLevel::Hashes(level) => self.rows.get(usize::from(level)).cloned().unwrap_or_default(),
        }
    }

    fn row(&mut self, level: usize) -> &mut Vec<u8> {
        if self.rows.len() <= level {
            self.rows.resize(level + 1, Vec::new());
        }
        &mut self.rows[level]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sumdb::testlog::TestLog;

    fn log(size: u64) -> TestLog {
        let mut log = TestLog::new(0, "");
        (0..size).for_each(|number| log.add(&format!("record {number}\n")));
        log
    }

    /// The bodies of the tiles as the whole log has them.
    fn body(log: &TestLog, tile: &Tile) -> Vec<u8> {
        let first = (tile.number() * FULL) as usize;
        match tile.level() {
            TileLevel::Hashes(_) => log.tile(tile),
            TileLevel::Data => log.records[first..first + tile.width() as usize]
                .iter()
                .flat_map(|text| format!("{text}\n").into_bytes())
                .collect(),
        }
    }

    fn read(log: &TestLog, size: u64) -> Edge {
        let plan = Edge::plan(log.tree(size)).unwrap();
        let bodies = plan.tiles().iter().map(|tile| body(log, tile)).collect();
        let data = Edge::data_tile(size).map(|tile| body(log, &tile)).unwrap_or_default();
        Edge::new(plan.verify(bodies).unwrap(), data).unwrap()
    }

    fn texts(log: &TestLog, from: u64, to: u64) -> Vec<&str> {
        log.records[from as usize..to as usize].iter().map(String::as_str).collect()
    }

    proptest! {
        #[test]
        fn a_grown_edge_is_the_edge_of_the_larger_log(old in 0u64..1100, more in 0u64..900) {
            let log = log(old + more);
            let mut edge = read(&log, old);
            prop_assert_eq!(edge.tree(), log.tree(old));
            let tiles = edge.grow(&texts(&log, old, old + more)).unwrap();
            prop_assert_eq!(edge.tree(), log.tree(old + more));
            let of_hashes: Vec<Tile> = tiles.iter().map(|(tile, _)| *tile).filter(|tile| tile.level() != TileLevel::Data).collect();
            prop_assert_eq!(of_hashes, Tile::new_tiles(HEIGHT, old, old + more));
            let records: u64 = tiles.iter().filter(|(tile, _)| tile.level() == TileLevel::Data).map(|(tile, _)| u64::from(tile.width())).sum();
            prop_assert_eq!(records, if more == 0 { 0 } else { old % FULL + more });
            for (tile, bytes) in &tiles {
                prop_assert_eq!(bytes, &body(&log, tile), "{}", tile);
            }
            let mut again = read(&log, old + more);
            again.rows.resize(edge.rows.len().max(again.rows.len()), Vec::new());
            edge.rows.resize(again.rows.len(), Vec::new());
            prop_assert_eq!(again, edge);
        }
    }

    #[test]
    fn a_log_of_several_levels_grows_across_them() {
        let log = log(70_000);
        let mut edge = Edge::empty();
        for (from, to) in [(0, 1), (1, 255), (255, 256), (256, 65_535), (65_535, 65_537), (65_537, 70_000)] {
            for (tile, bytes) in edge.grow(&texts(&log, from, to)).unwrap() {
                assert_eq!(bytes, body(&log, &tile), "{tile}");
            }
            assert_eq!(edge.tree(), log.tree(to));
        }
    }

    #[test]
    fn an_edge_with_other_records_is_refused() {
        let log = log(300);
        let tiles = || {
            let plan = Edge::plan(log.tree(300)).unwrap();
            let bodies = plan.tiles().iter().map(|tile| log.tile(tile)).collect();
            plan.verify(bodies).unwrap()
        };
        let good = body(&log, &Edge::data_tile(300).unwrap());
        assert!(Edge::new(tiles(), good.clone()).is_ok());
        for at in [0, 7, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(Edge::new(tiles(), bad), Err(TileError::Inconsistent));
        }
        assert_eq!(Edge::new(tiles(), Vec::new()), Err(TileError::Inconsistent));
        let none = Edge::plan(Tree::empty()).unwrap().verify(Vec::new()).unwrap();
        assert_eq!(Edge::new(none.clone(), b"x\n\n".to_vec()), Err(TileError::Inconsistent));
        assert_eq!(Edge::new(none, Vec::new()), Ok(Edge::empty()));
    }

    #[test]
    fn what_is_no_record_changes_nothing() {
        let mut edge = Edge::empty();
        assert!(edge.grow(&["good\n", "bad"]).is_err());
        assert_eq!(edge, Edge::empty());
        assert_eq!(edge.grow(&[]), Ok(Vec::new()));
    }
}

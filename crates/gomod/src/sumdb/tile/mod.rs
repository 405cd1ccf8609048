//! Tiles: the log's hashes in files of up to 2^height hashes, and a reader that believes none before it is proven.
//!
//! Source: `golang.org/x/mod/sumdb/tlog` (`tile.go`) as vendored in Go 1.27.3; <https://research.swtch.com/tlog#tiling_a_log>.

mod path;
mod plan;
#[cfg(test)]
mod tests;

pub use plan::{TilePlan, VerifiedTiles};

use super::tlog::{HASH_BYTES, Hash, node_hash, split_stored_hash_index};

/// The tile height of every checksum database the go command speaks to.
pub const HEIGHT: u8 = 8;

/// The greatest tile height there is.
const MAX_HEIGHT: u8 = 30;

/// One tile, `tile/8/0/x001/x234/067.p/12` or `tile/8/data/000`; see [`Tile::parse`] and `Display`.
///
/// Invariants: 1 ≤ height ≤ 30; level ≤ 63; 1 ≤ width ≤ 2^height.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    height: u8,
    level: TileLevel,
    number: u64,
    width: u32,
}

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TileLevel {
    /// The texts of the records, each followed by an empty line.
    Data,
    /// The hashes at this tile level, that is at tree level height × level.
    Hashes(u8),
}

/// Why a tile was not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// Not a tile path, or not as Go prints it.
    #[error("malformed tile path {}", crate::text::quote(.0))]
    Path(String),
    /// The body is not width × 32 bytes long: an error page, a cut or another tile.
    #[error("TileReader returned bad result slice ({tile} len={have}, want {want})")]
    Length {
        /// The tile asked for.
        tile: Tile,
        /// The body's length in bytes.
        have: usize,
        /// The length it must have.
        want: usize,
    },
    /// The tiles do not add up to the tree's hash. At least one of them is wrong; which, nobody can tell.
    #[error("downloaded inconsistent tile")]
    Inconsistent,
    /// A hash was asked for that the tree does not have.
    #[error("indexes not in tree")]
    NotInTree,
    /// A hash was asked for that is in another tile.
    #[error("index {index} is not in {tile}")]
    NotInTile {
        /// The stored hash index.
        index: u64,
        /// The tile that was looked into.
        tile: Tile,
    },
}

impl Tile {
    /// The tile of these coordinates, if there is such a tile.
    pub fn new(height: u8, level: TileLevel, number: u64, width: u32) -> Option<Self> {
        let level_exists = !matches!(level, TileLevel::Hashes(64..));
        let fits = (1..=MAX_HEIGHT).contains(&height) && (1..=1 << height.min(MAX_HEIGHT)).contains(&width);
        (fits && level_exists && number <= i64::MAX as u64).then_some(Self { height, level, number, width })
    }

    /// The narrowest tile that holds the stored hash `index`; `None` if there is no such height.
    ///
    /// Source: `tlog.TileForIndex`.
    pub fn for_index(height: u8, index: u64) -> Option<Self> {
        (1..=MAX_HEIGHT).contains(&height).then(|| locate(height, index).0)
    }

    /// The tiles to publish when a log grows from `old` to `new` records, level by level; none if it does not grow.
    ///
    /// Source: `tlog.NewTiles`.
    pub fn new_tiles(height: u8, old: u64, new: u64) -> Vec<Self> {
        let height = height.clamp(1, MAX_HEIGHT);
        let sizes = (0..64u8).map(|level| (level, shift_right(old, height, level), shift_right(new, height, level)));
        let mut tiles = Vec::new();
        for (level, old, new) in sizes.filter(|(_, old, new)| old < new) {
            let tile = |number, width| Self { height, level: TileLevel::Hashes(level), number, width };
            tiles.extend((old >> height..new >> height).map(|number| tile(number, 1 << height)));
            let rest = new & ((1 << height) - 1);
            if rest > 0 {
                tiles.push(tile(new >> height, rest as u32));
            }
        }
        tiles
    }

    /// The height, 1 to 30.
    pub fn height(&self) -> u8 {
        self.height
    }

    /// What it holds.
    pub fn level(&self) -> TileLevel {
        self.level
    }

    /// Its place within its level, counted from 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many hashes or records it holds, 1 to 2^height; 2^height is a full tile.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Whether it holds as much as a tile of its height can; such a tile never changes and has a parent.
    pub fn is_full(&self) -> bool {
        self.width == 1 << self.height
    }

    /// The full tile that this one is, or will become, the beginning of.
    pub fn full(&self) -> Self {
        Self { width: 1 << self.height, ..*self }
    }

    /// This tile of hashes as wide as a tree of `size` records has it; `None` if the tree does not reach it, or it holds records.
    pub fn in_tree(&self, size: u64) -> Option<Self> {
        self.ancestor(0, size)
    }

    /// The length its body must have, width × 32 bytes; `None` for a tile of records, whose length is theirs.
    pub fn body_bytes(&self) -> Option<usize> {
        match self.level {
            TileLevel::Data => None,
            TileLevel::Hashes(_) => Some(self.width as usize * HASH_BYTES),
        }
    }

    /// Checks that a body has the shape of this tile; whether its hashes are right only [`TilePlan`] can say.
    ///
    /// Errors: [`TileError::Length`].
    pub fn check_length(&self, body: &[u8]) -> Result<(), TileError> {
        match self.body_bytes() {
            Some(want) if want != body.len() => Err(TileError::Length { tile: *self, have: body.len(), want }),
            _ => Ok(()),
        }
    }

    /// Cuts the body of [`Tile::full`] down to this tile's, for a database that has dropped the partial tile. Not for records; see [`Tile::cut`].
    ///
    /// Source: `sumdb.Client.readTile`.
    pub fn cut_full(&self, full: &[u8]) -> Vec<u8> {
        let want = (full.len() >> self.height) * self.width as usize;
        full.get(..want).unwrap_or(full).to_vec()
    }

    /// Cuts the body of a wider tile of the same place down to this one's; `None` if that one is too short, or no tile of records.
    pub fn cut(&self, wider: &[u8]) -> Option<Vec<u8>> {
        let end = match self.body_bytes() {
            Some(end) => end,
            None => records(wider)?.get(..self.width as usize)?.iter().map(|record| record.len() + 1).sum(),
        };
        wider.get(..end).map(<[u8]>::to_vec)
    }

    /// The hash stored at `index`, computed from this tile's body.
    ///
    /// Errors: [`TileError::Length`]; [`TileError::NotInTile`].
    /// Source: `tlog.HashFromTile`.
    pub fn hash_at(&self, body: &[u8], index: u64) -> Result<Hash, TileError> {
        self.check_length(body)?;
        let (home, start, end) = locate(self.height, index);
        let is_home = (home.level, home.number) == (self.level, self.number) && home.width <= self.width;
        let hashes = body.get(start * HASH_BYTES..end * HASH_BYTES).filter(|_| is_home);
        hashes.and_then(subtree_hash).ok_or(TileError::NotInTile { index, tile: *self })
    }

    /// The `generation`-th tile above this one (0: itself) as wide as a tree of `size` records has it, if it has it.
    fn ancestor(&self, generation: u8, size: u64) -> Option<Self> {
        let TileLevel::Hashes(level) = self.level else { return None };
        let level = level.saturating_add(generation);
        let number = shift_right(self.number, self.height, generation);
        let rest = shift_right(size, self.height, level).checked_sub(number << self.height)?;
        let width = rest.min(1 << self.height) as u32;
        (width > 0).then_some(Self { level: TileLevel::Hashes(level), number, width, ..*self })
    }
}

/// Takes the body of a tile of records apart into their texts, each with its final newline and without the empty line behind it.
///
/// Errors: `None` unless each ends in an empty line.
pub fn records(mut body: &[u8]) -> Option<Vec<&[u8]>> {
    let mut records = Vec::new();
    while !body.is_empty() {
        let blank = body.windows(2).position(|pair| pair == b"\n\n")?;
        records.push(&body[..=blank]);
        body = &body[blank + 2..];
    }
    Some(records)
}

/// The narrowest tile with the stored hash `index`, and which of the tile's hashes it covers.
fn locate(height: u8, index: u64) -> (Tile, usize, usize) {
    let (level, number) = split_stored_hash_index(index);
    let inner = level % height;
    let first = number << inner;
    let tile_number = first >> height;
    let start = first - (tile_number << height);
    let end = start + (1 << inner);
    let tile = Tile { height, level: TileLevel::Hashes(level / height), number: tile_number, width: end as u32 };
    (tile, start as usize, end as usize)
}

/// The root of the complete subtree whose leaves these bytes list; `None` unless they are 2^n hashes.
pub(in crate::sumdb) fn subtree_hash(body: &[u8]) -> Option<Hash> {
    let (hashes, rest) = body.as_chunks::<HASH_BYTES>();
    let mut row: Vec<Hash> = hashes.iter().copied().map(Hash).collect();
    if !rest.is_empty() || !row.len().is_power_of_two() {
        return None;
    }
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| node_hash(&pair[0], &pair[1])).collect();
    }
    row.first().copied()
}

/// `value` without its lowest `times` × `height` bits.
fn shift_right(value: u64, height: u8, times: u8) -> u64 {
    value.checked_shr(u32::from(height) * u32::from(times)).unwrap_or(0)
}

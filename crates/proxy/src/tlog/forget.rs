//! What a log may forget: the texts of old records, in whole tiles. Their hashes stay, so all that is left proves as before.

use gomod::sumdb::{
    grow::FULL,
    peaks::Peaks,
    tile::{HEIGHT, Tile, TileLevel},
    tlog::tree_hash_indexes,
};

use super::{Log, LogError, Shared, SignedHead};
use crate::limits;

/// Where the number of the first record that is kept stands, in the name of an empty file: files are written once, so each number has its own.
const MARKERS: &str = "forgotten/";

impl Log {
    /// Forgets the texts of the records before `number`, rounded down to whole tiles of 256; those of a tile that is not full are always kept.
    ///
    /// The order: the new marker, the tiles, the old markers. A crash before the last leaves tiles that the next call removes; from the marker on
    /// nobody takes a missing tile for damage.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] while there is no head; [`LogError::Store`]: what is half done, the next call completes.
    pub async fn forget(&self, number: u64) -> Result<(), LogError> {
        let (log, files) = (&self.shared.settings.log, &self.shared.logs.files);
        let last = number.min(self.head()?.tree().size) / FULL;
        let markers = self.shared.markers().await?;
        let first = markers.first().copied().unwrap_or(0);
        if markers.last().copied().unwrap_or(0) < last {
            files.put(log, vec![(marker(last), bytes::Bytes::new())]).await?;
        }
        let tiles: Vec<u64> = (first..last).collect();
        for some in tiles.chunks(limits::LOG_LISTED) {
            files.remove(log, some.iter().filter_map(|tile| data_tile(*tile)).map(|tile| tile.to_string()).collect()).await?;
        }
        let old = markers.into_iter().filter(|tiles| *tiles < last).map(marker).collect();
        Ok(files.remove(log, old).await?)
    }

    /// The number of the first record whose text is kept.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub async fn first_kept(&self) -> Result<u64, LogError> {
        Ok(self.shared.forgotten_tiles().await? * FULL)
    }

    /// What is to be known of the first `size` records of this head to go on from there: their peaks, proven.
    ///
    /// # Errors
    /// [`LogError::Damaged`]; [`LogError::Store`].
    pub async fn peaks(&self, head: &SignedHead, size: u64) -> Result<Peaks, LogError> {
        let indexes = tree_hash_indexes(size);
        let tiles = self.shared.verified(head.tree(), &indexes).await?;
        let hashes = tiles.hashes(&indexes).ok().and_then(|hashes| Peaks::new(size, hashes));
        hashes.ok_or_else(|| LogError::Damaged { path: "tile/8/0".to_owned() })
    }
}

impl Shared {
    /// Whether the records of this tile were forgotten. Asked only where one is missing.
    pub(super) async fn is_forgotten(&self, tile: &Tile) -> Result<bool, LogError> {
        let is_old = tile.level() == TileLevel::Data && tile.is_full();
        Ok(is_old && tile.number() < self.forgotten_tiles().await?)
    }

    async fn forgotten_tiles(&self) -> Result<u64, LogError> {
        Ok(self.markers().await?.last().copied().unwrap_or(0))
    }

    /// All markers, as numbers of tiles, in order.
    async fn markers(&self) -> Result<Vec<u64>, LogError> {
        let paths = self.logs.files.list(&self.settings.log, MARKERS, limits::LOG_LISTED).await?;
        Ok(paths.iter().filter_map(|path| path.strip_prefix(MARKERS)?.parse().ok()).collect())
    }
}

/// So wide that the order of names is that of numbers.
fn marker(tiles: u64) -> String {
    format!("{MARKERS}{tiles:020}")
}

fn data_tile(number: u64) -> Option<Tile> {
    Tile::new(HEIGHT, TileLevel::Data, number, FULL as u32)
}

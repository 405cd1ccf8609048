//! What a log may forget: the texts of old records, in whole tiles. Their hashes stay, so all that is left proves as before.

use std::sync::Arc;

use bytes::Bytes;
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
    /// The order: the new marker behind an older one, the tiles with what is left of their narrower forms, the old markers. A crash before the last
    /// leaves tiles that the next call removes, even if there is nothing else to forget then; from the marker on nobody takes a missing tile for damage.
    /// A log that may not forget keeps all.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] while there is no head; [`LogError::Store`]: what is half done, the next call completes.
    pub async fn forget(&self, number: u64) -> Result<(), LogError> {
        if !self.shared.settings.may_forget {
            return Ok(());
        }
        let (log, files) = (&self.shared.settings.log, &self.shared.logs.files);
        let mut markers = self.shared.markers().await?;
        let last = (number.min(self.head()?.tree().size) / FULL).max(markers.last().copied().unwrap_or(0));
        if markers.is_empty() {
            markers.push(0);
            files.put(log, vec![(marker(0), Bytes::new())]).await?;
        }
        if !markers.contains(&last) {
            files.put(log, vec![(marker(last), Bytes::new())]).await?;
        }
        for tile in (markers[0]..last).filter_map(data_tile) {
            let mut paths = files.list(log, &format!("{tile}.p/"), limits::LOG_LISTED).await?;
            paths.push(tile.to_string());
            files.remove(log, paths).await?;
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

    /// What is to be known of the first `size` records to go on from there: their peaks, proven at the newest head, which comes along.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] if there is no head; [`LogError::Damaged`]; [`LogError::Store`].
    pub async fn peaks(&self, size: u64) -> Result<(Arc<SignedHead>, Peaks), LogError> {
        let indexes = &tree_hash_indexes(size);
        let at = |head: Arc<SignedHead>| async move {
            let tiles = self.shared.verified(head.tree(), indexes).await?;
            let hashes = tiles.hashes(indexes).ok().and_then(|hashes| Peaks::new(size, hashes));
            hashes.ok_or_else(|| LogError::Damaged { path: "tile/8/0".to_owned() })
        };
        let newest = self.newest().await?;
        self.shared.at_or_newer(newest, at).await
    }
}

impl Shared {
    /// Whether the records of this tile were forgotten. Asked only where one is missing.
    pub(super) async fn is_forgotten(&self, tile: &Tile) -> Result<bool, LogError> {
        let is_old = tile.level() == TileLevel::Data && tile.is_full();
        Ok(is_old && tile.number() < self.forgotten_tiles().await?)
    }

    pub(super) async fn forgotten_tiles(&self) -> Result<u64, LogError> {
        if !self.settings.may_forget {
            return Ok(0);
        }
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

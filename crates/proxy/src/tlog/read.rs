//! What is read of a log: each answer is proven against the head that goes with it, so what is damaged is never served as if it were right.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use futures_util::future::try_join_all;
use gomod::sumdb::{
    checkpoint::entry_bundle,
    grow::FULL,
    tile::{HEIGHT, Tile, TileLevel, TilePlan, VerifiedTiles, records},
    tlog::{HASH_BYTES, Hash, Tree, prove_tree, prove_tree_indexes, record_hash, stored_hash_index},
};

use store::log::Logs;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

use super::{Found, Log, LogError, LogSettings, Shared, SignedHead};
use crate::{clock::Clock, limits};

impl Log {
    /// Opens a log that another process may be writing, to read it as it was last published. Writes nothing; what is added is refused.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] if there is none; [`LogError::Refused`] if none of the keys has signed its head; [`LogError::Store`].
    pub async fn reader(settings: LogSettings, logs: Logs, clock: Clock) -> Result<Self, LogError> {
        let (head, refusal, is_leased) = Default::default();
        let shared = Arc::new(Shared { settings, logs, clock, head, published: watch::Sender::new(0), refusal, is_leased });
        shared.look_again().await?.ok_or(LogError::Unpublished)?;
        // Nobody receives.
        Ok(Self { shared, queue: mpsc::channel(1).0, witnesses: OnceLock::new() })
    }

    /// The newest head that is published, whichever process did.
    ///
    /// # Errors
    /// [`LogError::Unpublished`] if there is none; [`LogError::Refused`] if none of the keys has signed it; [`LogError::Store`].
    pub async fn newest(&self) -> Result<Arc<SignedHead>, LogError> {
        self.shared.look_again().await?.ok_or(LogError::Unpublished)
    }

    /// The record with this number, proven; `None` if the log is not that long.
    ///
    /// # Errors
    /// [`LogError::Damaged`] if it or its proof is; [`LogError::Store`].
    pub async fn record(&self, number: u64) -> Result<Option<Found>, LogError> {
        self.shared.record(number).await
    }

    /// The body of a tile of hashes or of records in Go's form, proven; `None` if the newest tree has no such tile.
    ///
    /// Of a tile that has grown since, any narrower one can be had: whoever knows an older head finds all that it speaks of.
    ///
    /// # Errors
    /// [`LogError::Damaged`] if it or its proof is; [`LogError::Store`].
    pub async fn tile(&self, tile: &Tile) -> Result<Option<Bytes>, LogError> {
        let Some(last) = last_record(tile) else { return Ok(None) };
        let Some(head) = self.shared.head_beyond(last).await? else { return Ok(None) };
        let (_, body) = self.shared.at_or_newer(head, |head| async move { self.shared.tile_at(&head, tile).await }).await?;
        Ok(Some(body.into()))
    }

    /// Of a tile of records that does not prove: the first record whose text is not what its hash says; `None` if all are, or the hashes are damaged, too.
    ///
    /// # Errors
    /// [`LogError::Store`].
    pub async fn first_changed(&self, tile: &Tile) -> Result<Option<u64>, LogError> {
        let first = tile.number() * FULL;
        let hashes = Tile::new(HEIGHT, TileLevel::Hashes(0), tile.number(), tile.width()).expect("as wide as the other");
        let hashes = match self.tile(&hashes).await {
            Err(LogError::Damaged { .. }) => None,
            hashes => hashes?,
        };
        let (Some(hashes), Some(tree)) = (hashes, self.shared.head().map(|head| head.tree())) else { return Ok(None) };
        let path = widest(tree, TileLevel::Data, tile.number()).unwrap_or(*tile).to_string();
        let body = self.shared.file(&path).await?.unwrap_or_default();
        let texts = records(&body).unwrap_or_default();
        let is_right = |(hash, text): (&[u8], Option<&&[u8]>)| text.is_some_and(|text| record_hash(text).0 == *hash);
        let wrong = hashes.chunks(HASH_BYTES).enumerate().find(|(at, hash)| !is_right((hash, texts.get(*at))));
        Ok(wrong.map(|(at, _)| first + at as u64))
    }

    /// The proof that the tree of `head` begins with the tree of `old` records, for a witness that knew that one.
    ///
    /// # Errors
    /// As [`Log::tile`]; [`LogError::Unpublished`] unless 1 ≤ `old` ≤ the head's size.
    pub async fn consistency(&self, head: &SignedHead, old: u64) -> Result<Vec<Hash>, LogError> {
        let size = head.tree().size;
        let indexes = prove_tree_indexes(size, old).map_err(|_| LogError::Unpublished)?;
        let tiles = match self.shared.verified(head.tree(), &indexes).await {
            // The edge of an older head goes when the log has outgrown it; larger trees have all of its hashes but the very last ones.
            Err(LogError::Damaged { .. }) if self.head()?.tree().size > size => return Err(LogError::Unpublished),
            end => end?,
        };
        let damaged = || LogError::Damaged { path: "tile/8/0".to_owned() };
        let hashes = tiles.hashes(&indexes).map_err(|_| damaged())?;
        prove_tree(size, old, &hashes).map_err(|_| damaged())
    }

    /// The entry bundle of C2SP with the records of this tile of records, proven; `None` for others, and as [`Log::tile`].
    ///
    /// # Errors
    /// As [`Log::tile`].
    pub async fn entries(&self, tile: &Tile) -> Result<Option<Bytes>, LogError> {
        if tile.level() != TileLevel::Data {
            return Ok(None);
        }
        let bundle = |body: Bytes| entry_bundle(&body).map_err(|_| LogError::Damaged { path: tile.to_string() });
        self.tile(tile).await?.map(bundle).transpose().map(|bundle| bundle.map(Bytes::from))
    }
}

impl Shared {
    /// The file at `path` as it is now.
    pub(super) async fn file(&self, path: &str) -> Result<Option<Bytes>, LogError> {
        Ok(self.logs.files.get(&self.settings.log, path).await?)
    }

    /// As [`Log::record`].
    pub(super) async fn record(&self, number: u64) -> Result<Option<Found>, LogError> {
        let Some(head) = self.head_beyond(number).await? else { return Ok(None) };
        let (head, text) = self.at_or_newer(head, |head| async move { self.record_at(&head, number).await }).await?;
        Ok(Some(Found { number, text, head }))
    }

    /// What `read` finds at this head, or at a newer one if the log outgrows it meanwhile: then the tiles of its edge are gone.
    pub(super) async fn at_or_newer<T, F: Future<Output = Result<T, LogError>>>(
        &self,
        mut head: Arc<SignedHead>,
        read: impl Fn(Arc<SignedHead>) -> F,
    ) -> Result<(Arc<SignedHead>, T), LogError> {
        for _ in 0..limits::LOG_RACES {
            match read(Arc::clone(&head)).await {
                Ok(found) => return Ok((head, found)),
                Err(error) => head = self.newer_after(error, &head).await?,
            }
        }
        Err(LogError::Unpublished)
    }

    /// As [`Log::record`] for a record that has its number: its head, which is a moment behind, is waited for.
    pub(super) async fn published_record(&self, number: u64) -> Result<Found, LogError> {
        let mut published = self.published.subscribe();
        let deadline = Instant::now() + limits::LOG_HEAD_PATIENCE;
        loop {
            match self.record(number).await? {
                Some(found) => return Ok(found),
                None if Instant::now() >= deadline || self.refusal().is_some() => return Err(LogError::Unpublished),
                // Another process may be the one that publishes; this one's watch tells nothing of that.
                None => drop(timeout(limits::LOG_HEAD_PAUSE, published.wait_for(|size| *size > number)).await),
            }
        }
    }

    /// The tiles that prove the hashes at `indexes` in `tree`, read and proven; the edge is always among them.
    pub(super) async fn verified(&self, tree: Tree, indexes: &[u64]) -> Result<VerifiedTiles, LogError> {
        let damaged = |tile: &Tile| LogError::Damaged { path: tile.to_string() };
        let plan = TilePlan::new(tree, indexes).map_err(|_| LogError::Damaged { path: "tile/8/0/000".to_owned() })?;
        let read = async |tile: &Tile| match self.file(&tile.to_string()).await? {
            Some(body) => Ok::<_, LogError>((*tile, body.to_vec())),
            None => Err(damaged(tile)),
        };
        let bodies: HashMap<Tile, Vec<u8>> = try_join_all(plan.tiles().iter().map(read)).await?.into_iter().collect();
        let prove = |plan: TilePlan| {
            let bodies = plan.tiles().iter().map(|tile| bodies.get(tile).cloned().unwrap_or_default()).collect();
            plan.verify(bodies)
        };
        prove(plan.clone()).map_err(|_| {
            // Parents come first: the first tile that does not prove is the one, or of the edge one of several.
            let proves = |tile: &&Tile| TilePlan::for_tile(tree, tile).is_ok_and(|plan| prove(plan).is_ok());
            damaged(plan.tiles().iter().find(|tile| !proves(tile)).unwrap_or(&plan.tiles()[0]))
        })
    }

    /// The body of the tile of records `tile`, proven by tiles that have its hashes; no bytes if its records were forgotten.
    pub(super) async fn data(&self, tile: &Tile, tiles: &VerifiedTiles) -> Result<Bytes, LogError> {
        let damaged = || LogError::Damaged { path: tile.to_string() };
        let body = match self.file(&tile.to_string()).await? {
            Some(body) => body,
            None if self.is_forgotten(tile).await? => return Ok(Bytes::new()),
            None => return Err(damaged()),
        };
        tiles.check_tile(tile, &body).map_err(|_| damaged())?;
        Ok(body)
    }

    /// The body of a tile of a log, whose first record has this number.
    async fn body(&self, tile: &Tile, number: u64) -> Result<Bytes, LogError> {
        match self.file(&tile.to_string()).await? {
            Some(body) => Ok(body),
            None if self.is_forgotten(tile).await? => Err(LogError::Forgotten(number)),
            None => Err(LogError::Damaged { path: tile.to_string() }),
        }
    }

    async fn record_at(&self, head: &SignedHead, number: u64) -> Result<String, LogError> {
        let tree = head.tree();
        let index = stored_hash_index(0, number);
        let tiles = self.verified(tree, &[index]).await?;
        let tile = widest(tree, TileLevel::Data, number / FULL).ok_or(LogError::Unpublished)?;
        let damaged = || LogError::Damaged { path: tile.to_string() };
        let body = self.body(&tile, number).await?;
        let text = records(&body).and_then(|records| records.get((number % FULL) as usize).copied()).ok_or_else(damaged)?;
        if tiles.hash(index).ok() != Some(record_hash(text)) {
            return Err(damaged());
        }
        String::from_utf8(text.to_vec()).map_err(|_| damaged())
    }

    async fn tile_at(&self, head: &SignedHead, tile: &Tile) -> Result<Vec<u8>, LogError> {
        let tree = head.tree();
        let widest = widest(tree, tile.level(), tile.number()).ok_or(LogError::Unpublished)?;
        let damaged = || LogError::Damaged { path: widest.to_string() };
        let first = stored_hash_index(level_of(tile) * HEIGHT, tile.number() * FULL);
        let tiles = self.verified(tree, &[first]).await?;
        let body = self.body(&widest, tile.number() * FULL).await?;
        tiles.check_tile(&widest, &body).map_err(|_| damaged())?;
        tile.cut(&body).ok_or_else(damaged)
    }

    /// The newest head, if its tree has the record `number`; looks whether another process has published one.
    pub(super) async fn head_beyond(&self, number: u64) -> Result<Option<Arc<SignedHead>>, LogError> {
        let reaches = |head: &Arc<SignedHead>| head.tree().size > number;
        match self.head().filter(reaches) {
            Some(head) => Ok(Some(head)),
            None => Ok(self.look_again().await?.filter(reaches)),
        }
    }

    /// A newer head, if reading failed because the log has outgrown `head`; else the error.
    pub(super) async fn newer_after(&self, error: LogError, head: &SignedHead) -> Result<Arc<SignedHead>, LogError> {
        let is_newer = |newer: &Arc<SignedHead>| newer.tree().size > head.tree().size;
        match error {
            LogError::Damaged { .. } => match self.head().filter(is_newer) {
                Some(newer) => Ok(newer),
                None => self.look_again().await?.filter(is_newer).ok_or(error),
            },
            other => Err(other),
        }
    }

    /// What is published now, unless a newer head is known here.
    pub(super) async fn look_again(&self) -> Result<Option<Arc<SignedHead>>, LogError> {
        let Some(bytes) = self.logs.files.published(&self.settings.log).await? else { return Ok(self.head()) };
        let head = SignedHead::read(&bytes, &self.settings.signers).map_err(LogError::Refused)?;
        Ok(Some(self.advance(head)))
    }
}

/// The tile at a place, as wide as `tree` has it; `None` if it has nothing there.
pub(super) fn widest(tree: Tree, level: TileLevel, number: u64) -> Option<Tile> {
    let shift = match level {
        TileLevel::Data => 0,
        TileLevel::Hashes(level) => u32::from(level) * u32::from(HEIGHT),
    };
    let hashes = tree.size.checked_shr(shift).unwrap_or(0).checked_sub(number.checked_mul(FULL)?)?;
    Tile::new(HEIGHT, level, number, hashes.min(FULL) as u32)
}

/// The number of the last record that a tile speaks of; `None` beyond every log, or if the tile is of another height.
fn last_record(tile: &Tile) -> Option<u64> {
    let hashes = tile.number().checked_mul(FULL)?.checked_add(u64::from(tile.width()))?;
    let records = 1u64.checked_shl(u32::from(level_of(tile)) * u32::from(HEIGHT))?;
    hashes.checked_mul(records)?.checked_sub(1).filter(|_| tile.height() == HEIGHT)
}

/// The tile level of a tile's hashes; records have theirs at level 0.
fn level_of(tile: &Tile) -> u8 {
    match tile.level() {
        TileLevel::Data => 0,
        TileLevel::Hashes(level) => level,
    }
}

//! Where databases are read: over a network, and in a store.

use async_trait::async_trait;
use bytes::Bytes;
use gomod::sumdb::{grow::FULL, tile::Tile};
use store::log::LogFiles;

use super::Shelf;
use crate::{
    journey::Journey,
    limits,
    tlog::published_note,
    upstream::{Failure, Files},
};

/// A database that is read over a network, in Go's form.
pub struct Remote<'a> {
    /// Where its files are.
    pub files: &'a dyn Files,
    /// What stands before their paths.
    pub prefix: String,
    /// Where what is asked is noted.
    pub journey: Journey,
}

impl Remote<'_> {
    async fn get(&self, path: &str, limit: u64) -> Result<Option<Bytes>, String> {
        let end = self.files.get(&format!("{}{path}", self.prefix), limit, &self.journey).await;
        match end {
            Ok(body) => Ok(Some(body)),
            Err(Failure::NotExist(_)) => Ok(None),
            Err(Failure::Trouble(trouble)) => Err(format!("reading {path} from {}: {trouble}", self.files.name())),
        }
    }
}

#[async_trait]
impl Shelf for Remote<'_> {
    async fn head(&self) -> Result<Vec<u8>, String> {
        let head = self.get("latest", limits::MAX_LOOKUP_BYTES).await?;
        head.map(|head| head.to_vec())
            .ok_or_else(|| format!("{} has no tree head: is it a checksum database?", self.files.name()))
    }

    async fn tile(&self, tile: &Tile) -> Result<Option<Bytes>, String> {
        match self.get(&tile.to_string(), limits::MAX_TILE_BYTES).await? {
            None if !tile.is_full() => {
                let full = self.get(&tile.full().to_string(), limits::MAX_TILE_BYTES).await?;
                Ok(full.map(|full| cut(tile, full)))
            }
            body => Ok(body),
        }
    }

    async fn file(&self, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, String> {
        self.get(path, limit_bytes).await
    }
}

/// A log of ours, read from its store beside whoever serves it.
pub struct Stored<'a> {
    /// Its files.
    pub files: &'a dyn LogFiles,
    /// Its name in the store.
    pub log: &'a str,
}

impl Stored<'_> {
    /// The widest tile that has all of this partial one; the full one if no partial one has.
    async fn widest(&self, tile: &Tile) -> Result<Tile, String> {
        let full = tile.full();
        let listed = self.files.list(self.log, &format!("{full}.p/"), FULL as usize).await.map_err(|error| error.to_string())?;
        let tiles = listed.iter().filter_map(|path| Tile::parse(path).ok());
        Ok(tiles.filter(|other| other.width() > tile.width()).max_by_key(Tile::width).unwrap_or(full))
    }
}

#[async_trait]
impl Shelf for Stored<'_> {
    async fn head(&self) -> Result<Vec<u8>, String> {
        let published = self.files.published(self.log).await.map_err(|error| error.to_string())?;
        let published = published.ok_or_else(|| "the store has no checksum database of our own".to_owned())?;
        // Damaged bytes are no note, which the replay says.
        Ok(published_note(&published).unwrap_or_default().into_bytes())
    }

    async fn tile(&self, tile: &Tile) -> Result<Option<Bytes>, String> {
        let mut place = *tile;
        for _ in 0..limits::REPLAY_RACES {
            let body = self.files.get(self.log, &place.to_string()).await.map_err(|error| error.to_string())?;
            match body {
                Some(body) if place == *tile => return Ok(Some(body)),
                Some(wider) => return Ok(Some(cut(tile, wider))),
                None if tile.is_full() => return Ok(None),
                // A wider one is put before a narrow one is removed, and may be outgrown before it is read.
                None => place = self.widest(tile).await?,
            }
        }
        Ok(None)
    }

    async fn file(&self, _: &str, _: u64) -> Result<Option<Bytes>, String> {
        Ok(None)
    }
}

/// The body of a tile out of a wider one's. One that cannot be cut is given as it is: it will not prove, and is there.
fn cut(tile: &Tile, wider: Bytes) -> Bytes {
    tile.cut(&wider).map_or(wider, Bytes::from)
}

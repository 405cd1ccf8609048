//! What is kept of a checksum database, and how it is served when it is older than the newest tree head.
//!
//! Invariant: with the newest kept head N, every tile that is only partly full in N and leads to a kept record is kept as wide as N has it, or
//! full. A merge of the head before into N reads exactly those, and the head moves only after its tiles were kept. So whoever has a head that
//! was ever served here, or none, is given all it takes to prove a kept lookup, with the database gone, too: narrower tiles are cut. So those
//! are forgotten once a head stands with which a wider one is kept.

use std::sync::Arc;

use bytes::Bytes;
use gomod::sumdb::{
    tile::{Tile, TileLevel},
    tlog::{Tree, parse_record},
};
use plan::{Event, Reason};
use store::Index;

use crate::journey::Journey;

/// The kept files of one database.
pub(super) struct Shelf {
    name: String,
    index: Arc<dyn Index>,
}

impl Shelf {
    pub(super) fn new(name: String, index: Arc<dyn Index>) -> Self {
        Self { name, index }
    }

    /// The file at this very path.
    pub(super) async fn file(&self, path: &str) -> Result<Option<Bytes>, Reason> {
        self.index.sumdb_file(&self.name, path).await.map_err(in_trouble)
    }

    /// The tile, cut out of a wider one if need be.
    pub(super) async fn tile(&self, tile: &Tile) -> Result<Option<Bytes>, Reason> {
        if let Some(body) = self.file(&tile.to_string()).await? {
            return Ok(Some(body));
        }
        if !can_be_cut(tile) {
            return Ok(None);
        }
        let newest = self.tree().await?.and_then(|tree| tile.in_tree(tree.size));
        let wider = [Some(tile.full()), newest.filter(|newest| newest.width() > tile.width() && !newest.is_full())];
        for wider in wider.into_iter().flatten() {
            if let Some(body) = self.file(&wider.to_string()).await? {
                return Ok(tile.body_bytes().and_then(|length| body.get(..length)).map(Bytes::copy_from_slice));
            }
        }
        Ok(None)
    }

    /// Keeps what was proven; `false` if the store does not take it: it is proven all the same, but must be brought again.
    pub(super) async fn keep(
        &self,
        lookup: Option<(String, Bytes)>,
        tiles: Vec<(Tile, Vec<u8>)>,
        journey: &Journey,
    ) -> Result<bool, Reason> {
        let mut files = Vec::new();
        for (tile, body) in tiles {
            if self.tile(&tile).await?.is_none() {
                files.push((tile.to_string(), Bytes::from(body)));
            }
        }
        if let Some((path, body)) = lookup
            && self.file(&path).await?.is_none()
        {
            files.push((path, body));
        }
        if files.is_empty() {
            return Ok(true);
        }
        let kept = self.index.put_sumdb_files(&self.name, files).await;
        Ok(kept.inspect_err(|error| journey.note(Event::NotKept(error.to_string()))).is_ok())
    }

    /// The signed note of the newest head.
    pub(super) async fn head(&self) -> Result<Option<Bytes>, Reason> {
        self.index.sumdb_head(&self.name).await.map_err(in_trouble)
    }

    /// Makes `newest` the head, whose tiles are kept; `false` if the head is no longer `known`. A store that does not take it keeps the one
    /// before, which what comes next must continue as well.
    ///
    /// A crash before the narrower ones of `tiles` are forgotten leaves them for the next head that has wider ones.
    pub(super) async fn advance(&self, known: &str, newest: &str, tiles: &[Tile], journey: &Journey) -> bool {
        if newest == known {
            return true;
        }
        let old = Some(known).filter(|note| !note.is_empty()).map(|note| Bytes::from(note.to_owned()));
        match self.index.swap_sumdb_head(&self.name, old, Bytes::from(newest.to_owned())).await {
            Ok(true) => {
                self.forget_narrower(newest, tiles, journey).await;
                true
            }
            Ok(false) => false,
            Err(error) => {
                journey.note(Event::NotKept(error.to_string()));
                true
            }
        }
    }

    /// Forgets what can be cut out of those of `tiles` that are as wide as the head `newest` has them. Another head may be there by now: that only
    /// has wider ones.
    async fn forget_narrower(&self, newest: &str, tiles: &[Tile], journey: &Journey) {
        let Some(tree) = tree_of(newest.as_bytes()) else { return };
        let is_widest = |tile: &&Tile| matches!(tile.level(), TileLevel::Hashes(_)) && tile.in_tree(tree.size) == Some(**tile);
        let widest = tiles.iter().filter(is_widest).map(|tile| (format!("{}.p/", tile.full()), tile.width())).collect();
        if let Err(error) = self.index.forget_narrower(&self.name, widest).await {
            journey.note(Event::NotKept(error.to_string()));
        }
    }

    /// A lookup's answer that was proven, with the newest head behind its record: whoever asks comes to know the tree whose tiles are kept, and
    /// nobody is shown one that is older than what others were shown.
    pub(super) async fn with_newest_head(&self, body: Bytes) -> Result<Bytes, Reason> {
        let Some(head) = self.head().await? else { return Ok(body) };
        let Ok((_, _, own)) = parse_record(&body) else { return Ok(body) };
        let is_newer = tree_of(&head).zip(tree_of(own)).is_some_and(|(newest, own)| newest.size > own.size);
        let record = &body[..body.len() - own.len()];
        Ok(if is_newer { [record, &head].concat().into() } else { body })
    }

    async fn tree(&self) -> Result<Option<Tree>, Reason> {
        Ok(self.head().await?.as_deref().and_then(tree_of))
    }
}

/// True if the tile can be cut out of a wider one: only hashes are of one length.
pub(super) fn can_be_cut(tile: &Tile) -> bool {
    !tile.is_full() && matches!(tile.level(), TileLevel::Hashes(_))
}

/// The tree in a note whose signature was checked before it was kept.
fn tree_of(note: &[u8]) -> Option<Tree> {
    std::str::from_utf8(note).ok().and_then(|note| Tree::parse(note).ok())
}

fn in_trouble(error: store::StoreError) -> Reason {
    Reason::Store(error.to_string())
}

//! What is fetched ahead for a burst of lookups: one newer tree head for all of them, and each one's own tiles while they wait for that.
//!
//! A database that the world uses ends each lookup's answer in another head. Each alone would cost the tiles that lead to it; the newest of them
//! proves all others, with tiles that are there by then.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use futures_util::future::{join, join_all};
use gomod::sumdb::{
    client::Head,
    tile::{Tile, TilePlan},
    tlog::{parse_record, stored_hash_index},
};

use super::{Sumdb, shelf::can_be_cut};
use crate::journey::Journey;

/// What the lookups of one burst share.
#[derive(Default)]
pub(super) struct Ahead {
    /// The newest head that an answer ended in and nobody has merged yet. Its signature is right; nothing else is known of it.
    told: Mutex<Option<Head>>,
    /// One merge at a time: whoever waits finds, mostly, that his own head was taken along.
    turn: tokio::sync::Mutex<()>,
}

impl Sumdb {
    /// Makes ready for the proof of a lookup's answer `body`; the full tiles that it will need. What fails here fails again, and is named, in the
    /// proof itself.
    ///
    /// May be dropped at any await.
    pub(super) async fn look_ahead(&self, body: &[u8], journey: &Journey) -> Vec<(Tile, Bytes)> {
        let Ok((number, _, note)) = parse_record(body) else { return Vec::new() };
        let Ok(head) = Head::open(&self.key, note) else { return Vec::new() };
        let Ok(plan) = TilePlan::new(head.tree(), &[stored_hash_index(0, number)]) else { return Vec::new() };
        // Full ones are the same in every later tree; the others are what the merge brings.
        let full = plan.tiles().iter().filter(|tile| !can_be_cut(tile)).copied();
        let fetch = async |tile: Tile| self.any_tile(&tile, journey).await.ok().map(|body| (tile, body));
        let (tiles, ()) = join(join_all(full.map(fetch)), self.catch_up(head, journey)).await;
        tiles.into_iter().flatten().collect()
    }

    /// Moves the known head on to the newest one that anybody was told of, `head` or a later one.
    async fn catch_up(&self, head: Head, journey: &Journey) {
        if self.head().await.is_ok_and(|known| known.tree().size >= head.tree().size) {
            return;
        }
        self.ahead.tell(head);
        let _turn = self.ahead.turn.lock().await;
        // Nothing is left if the turn before took it along; what it could not merge, each proof names by itself.
        if let Some(newest) = self.ahead.take() {
            let _ = self.merge(newest, journey).await;
        }
    }
}

impl Ahead {
    fn tell(&self, head: Head) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.as_ref().is_none_or(|told| told.tree().size < head.tree().size) {
            *told = Some(head);
        }
    }

    fn take(&self) -> Option<Head> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

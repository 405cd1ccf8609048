//! What rests in a log is proven again: some tiles before each signature, and the rest while nothing comes. Bits rot where nobody looks.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use bytes::Bytes;
use gomod::sumdb::{
    grow::{Edge, FULL},
    tile::{Tile, TileLevel, VerifiedTiles},
    tlog::{Tree, stored_hash_index},
};
use tokio::time::Instant;

use super::{LogError, Refusal, read::widest, sequencer::Sequencer};
use crate::limits;

/// How far the proving has gone round the full tiles of records. Batches and idle moments take their turns from the same one.
pub(super) struct Round {
    /// Where the next turn begins, modulo the tiles that there are.
    next: u64,
    /// Tiles that were proven since this round began.
    done: u64,
    began: Instant,
}

impl Round {
    /// Each life begins at another place: those that do not last long enough to go round read it all together.
    pub(super) fn new(life: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        life.hash(&mut hasher);
        Self { next: hasher.finish(), done: 0, began: Instant::now() }
    }

    /// The numbers of the next tiles, of `full` ones: all, if there are no more than a turn has.
    fn turn(&self, full: u64) -> Vec<u64> {
        (0..full.min(limits::LOG_PROVEN_TILES)).map(|at| (self.next.wrapping_add(at)) % full).collect()
    }

    fn proven(&mut self, turn: &[u64]) {
        self.next = turn.last().map_or(self.next, |last| last + 1);
        self.done += turn.len().max(1) as u64;
    }

    /// When an idle log takes its next turn: soon while the round is not whole, then a day after it began.
    fn resumes(&self, full: u64) -> Instant {
        if self.done >= full.max(1) { self.began + limits::LOG_ROUND } else { Instant::now() + limits::LOG_IDLE_PAUSE }
    }

    fn begin_if_over(&mut self, full: u64) {
        if self.done >= full.max(1) {
            (self.done, self.began) = (0, Instant::now());
        }
    }
}

impl Sequencer {
    /// Reads the edge of `tree` back with the next tiles of the round, proves all of it down to the records, and answers the edge.
    ///
    /// A log of no more tiles than one turn has is read wholly.
    pub(super) async fn read_back(&mut self, tree: Tree) -> Result<Edge, LogError> {
        let turn = self.round.turn(tree.size / FULL);
        let leaves: Vec<u64> = turn.iter().map(|number| stored_hash_index(0, number * FULL)).collect();
        let tiles = self.shared.verified(tree, &leaves).await?;
        for tile in turn.iter().filter_map(|number| widest(tree, TileLevel::Data, *number)) {
            self.shared.data(&tile, &tiles).await?;
        }
        let edge = self.edge(tree, tiles).await?;
        self.round.proven(&turn);
        Ok(edge)
    }

    /// The edge of `tree`, its hashes proven already.
    pub(super) async fn edge(&self, tree: Tree, tiles: VerifiedTiles) -> Result<Edge, LogError> {
        let data = match Edge::data_tile(tree.size) {
            Some(tile) => self.shared.data(&tile, &tiles).await?.to_vec(),
            None => Vec::new(),
        };
        Edge::new(tiles, data).map_err(|_| LogError::Damaged { path: "tile/8/data".to_owned() })
    }

    /// Reads tiles that were put where they are read from: what rests there is what was proven, or it is not signed.
    pub(super) async fn rests(&self, tiles: &[(Tile, Bytes)]) -> Result<(), LogError> {
        for (tile, body) in tiles {
            let path = tile.to_string();
            if self.shared.file(&path).await?.as_ref() != Some(body) {
                return Err(LogError::Damaged { path });
            }
        }
        Ok(())
    }

    /// When the next idle turn is due.
    pub(super) fn resumes(&self) -> Option<Instant> {
        let head = self.shared.head().filter(|_| self.shared.refusal().is_none())?;
        Some(self.round.resumes(head.tree().size / FULL))
    }

    /// One turn of proving while nothing comes, at the published head. Damage ends all writing; other trouble is met again at the next turn.
    pub(super) async fn prove_on(&mut self) {
        let damage = match self.shared.look_again().await {
            Ok(Some(head)) => {
                self.round.begin_if_over(head.tree().size / FULL);
                match self.read_back(head.tree()).await {
                    Ok(_) => return,
                    // Not if the log has moved on meanwhile.
                    Err(error) => self.shared.newer_after(error, &head).await.err(),
                }
            }
            end => end.err(),
        };
        match damage {
            Some(LogError::Damaged { path }) => self.shared.refuse(Refusal::Damaged { path }),
            Some(LogError::Refused(refusal)) => self.shared.refuse(refusal),
            _ => {}
        }
    }
}

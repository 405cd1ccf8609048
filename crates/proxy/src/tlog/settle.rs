//! What a log is found as: looked at, judged, and completed if a crash left it half done.
//!
//! Whoever may have been interrupted, or is told by the store that something failed, comes here before anything else: what counts is read anew,
//! and never guessed.

use bytes::Bytes;
use gomod::sumdb::{
    grow::FULL,
    tile::{HEIGHT, Tile, TileLevel},
    tlog::{Tree, stored_hash_index, tree_hash, tree_hash_indexes},
};
use store::log::Extended;

use super::{
    LogError, Refusal, SignedHead,
    append::grown_from,
    bundle,
    head::Decided,
    read::widest,
    sequencer::{Sequencer, Settled, Stop},
};
use crate::limits;

/// What lies in the store.
pub(super) struct Seen {
    pub(super) published: Option<(SignedHead, Bytes)>,
    pub(super) decided: Option<(Decided, Bytes)>,
}

impl Seen {
    /// The published head, if it is the decided one and there is nothing left to do.
    pub(super) fn complete(self, sequencer: &Sequencer) -> Option<SignedHead> {
        let decided = self.decided?.0;
        self.published
            .map(|(head, _)| head)
            .filter(|head| head.tree() == decided.tree && head.is_signed_by(&sequencer.shared.settings.signers))
    }
}

impl Sequencer {
    /// Looks at lock and files. Changes nothing.
    pub(super) async fn look(&self) -> Result<Seen, LogError> {
        let (log, logs) = (&self.shared.settings.log, &self.shared.logs);
        for _ in 0..limits::LOG_LOOKS {
            let lock = logs.lock.head(log).await?;
            match self.judge(lock.clone()).await {
                // Somebody else may have gone on between the looks at the two: then what was seen says nothing.
                Err(LogError::Refused(_)) if logs.lock.head(log).await? != lock => {}
                end => return end,
            }
        }
        Err(LogError::Leased)
    }

    async fn judge(&self, lock: Option<Bytes>) -> Result<Seen, LogError> {
        let (settings, files) = (&self.shared.settings, &self.shared.logs.files);
        let published = match files.published(&settings.log).await? {
            Some(bytes) => Some((SignedHead::read(&bytes, &settings.signers).map_err(LogError::Refused)?, bytes)),
            None => None,
        };
        let published_tree = published.as_ref().map_or(Tree::empty(), |(head, _)| head.tree());
        let Some(lock) = lock else {
            let tiles = files.list(&settings.log, "tile/", 1).await?;
            if published.is_none() && tiles.is_empty() {
                return Ok(Seen { published, decided: None });
            }
            return Err(LogError::Refused(Refusal::StorageNewer { files: published_tree.size.max(1), lock: 0 }));
        };
        let decided = Decided::read(&lock).map_err(LogError::Refused)?;
        let beyond = self.records_beyond(decided.tree).await?.max(published_tree.size);
        match decided.tree.size {
            size if beyond > size => Err(LogError::Refused(Refusal::StorageNewer { files: beyond, lock: size })),
            size if published_tree.size == size && published_tree != decided.tree && published.is_some() => {
                Err(LogError::Refused(Refusal::Forked { size }))
            }
            _ => Ok(Seen { published, decided: Some((decided, lock)) }),
        }
    }

    /// How many records the widest tile speaks of that stands where the last one of `tree` does. Every larger tree has a wider one there.
    async fn records_beyond(&self, tree: Tree) -> Result<u64, LogError> {
        let place = Tile::new(HEIGHT, TileLevel::Hashes(0), tree.size / FULL, FULL as u32);
        let Some(prefix) = place.map(|tile| tile.to_string()) else { return Ok(0) };
        let (log, files) = (&self.shared.settings.log, &self.shared.logs.files);
        let paths = files.list(log, &prefix, limits::LOG_LISTED).await?;
        let tiles = paths.iter().filter_map(|path| Tile::parse(path).ok());
        Ok(tiles.map(|tile| tile.number() * FULL + u64::from(tile.width())).max().unwrap_or(0))
    }

    /// Makes the store whole under the lease of `fence`: what is decided is applied, signed and published; what was only staged is dropped.
    ///
    /// A crash at any step leaves what the next one begins with again.
    pub(super) async fn settle(&mut self, fence: u64, until: i64) -> Result<Settled, Stop> {
        let seen = self.look().await?;
        let (decided, lock) = match seen.decided {
            Some(decided) => decided,
            None => self.begin(fence).await?,
        };
        let published = match seen.published {
            Some((head, bytes)) if head.tree() == decided.tree && head.is_signed_by(&self.shared.settings.signers) => {
                self.shared.advance(head);
                bytes
            }
            published => match self.complete(&decided, &lock, published).await {
                // Whoever slept longer than its lease finds that others have gone on, and removed what it looks for.
                Err(Stop::Error(LogError::Damaged { .. } | LogError::Refused(_))) if !self.is_newest(&lock).await? => {
                    return Err(Stop::Again);
                }
                end => end?,
            },
        };
        let (log, files) = (&self.shared.settings.log, &self.shared.logs.files);
        let staged = files.list(log, "staging/", limits::LOG_LISTED).await?;
        files.remove(log, staged).await?;
        Ok(Settled { fence, until, decided, lock, published: Some(published) })
    }

    /// Decides the tree without records.
    async fn begin(&self, fence: u64) -> Result<(Decided, Bytes), Stop> {
        let decided = Decided { old: 0, tree: Tree::empty(), time: self.shared.clock.now() };
        let (log, lock) = (&self.shared.settings.log, &self.shared.logs.lock);
        match lock.extend(log, fence, None, decided.print(), Vec::new()).await? {
            Extended::Yes => Ok((decided, decided.print())),
            Extended::Moved | Extended::Fenced | Extended::Taken(_) => Err(Stop::Again),
        }
    }

    /// Brings the files to the tree that the lock has, and publishes it; answers what is published then.
    async fn complete(&mut self, decided: &Decided, lock: &Bytes, published: Option<(SignedHead, Bytes)>) -> Result<Bytes, Stop> {
        let (published, old) = published.map_or((Tree::empty(), None), |(head, bytes)| (head.tree(), Some(bytes)));
        let bundle = self.shared.file(&decided.bundle_path()).await?;
        let had_bundle = bundle.is_some();
        if let Some(bundle) = bundle {
            let tiles = self.staged(decided, published, &bundle).await?;
            self.apply(tiles.ok_or_else(|| LogError::Refused(Refusal::Damaged { path: decided.bundle_path() }))?).await?;
        }
        self.prove_grown(decided, published).await.map_err(|error| match error {
            LogError::Damaged { .. } if !had_bundle => {
                LogError::Refused(Refusal::LockNewer { lock: decided.tree.size, files: published.size })
            }
            LogError::Damaged { path } => LogError::Refused(Refusal::Damaged { path }),
            other => other,
        })?;
        let new = self.publish(decided, lock, old).await?;
        self.clean(published, decided.tree, Vec::new()).await;
        Ok(new)
    }

    /// The tiles of a staged file; `None` if it is damaged. Tiles are written once, so a wrong one must not get into its place.
    async fn staged(&self, decided: &Decided, published: Tree, bundle: &[u8]) -> Result<Option<Vec<(Tile, Vec<u8>)>>, LogError> {
        if decided.old != published.size {
            // A head between the two was decided, applied and not published; the edge it left is not known by its root.
            return Ok(bundle::read(bundle));
        }
        let edge = async {
            let tiles = self.shared.verified(published, &[]).await?;
            self.edge(published, tiles).await
        };
        match edge.await {
            Ok(edge) => Ok(grown_from(edge, bundle, decided.tree)),
            // The edge is gone where the tiles were applied already, and older heads than the newest came to be published again.
            Err(LogError::Damaged { .. }) => Ok(bundle::read(bundle)),
            Err(error) => Err(error),
        }
    }

    /// Proves all that the decided tree has beyond the published one and the one before, and that it continues the published one.
    pub(super) async fn prove_grown(&self, decided: &Decided, published: Tree) -> Result<(), LogError> {
        let (from, to) = (decided.old.max(published.size) / FULL, decided.tree.size.div_ceil(FULL));
        let leaves = (from..to).map(|number| stored_hash_index(0, number * FULL));
        let old = tree_hash_indexes(published.size);
        let tiles = self.shared.verified(decided.tree, &leaves.chain(old.iter().copied()).collect::<Vec<_>>()).await?;
        let hash = tiles.hashes(&old).ok().and_then(|hashes| tree_hash(published.size, &hashes).ok());
        if hash != Some(published.hash) {
            return Err(LogError::Refused(Refusal::Forked { size: published.size }));
        }
        for tile in (from..to).filter_map(|number| widest(decided.tree, TileLevel::Data, number)) {
            self.shared.data(&tile, &tiles).await?;
        }
        Ok(())
    }
}

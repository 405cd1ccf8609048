//! One batch, from what waits to a published head. The order is the promise; each step says what a crash behind it leaves.

use std::collections::HashMap;

use bytes::Bytes;
use gomod::sumdb::{
    grow::{Edge, FULL},
    record::RecordError,
    tile::{Tile, TileLevel, TilePlan, records},
    tlog::Tree,
};
use store::log::Extended;

use super::{
    Added, LogError, Refusal, Request, SignedHead, bundle,
    head::Decided,
    read::widest,
    sequencer::{Sequencer, Settled, Stop},
};
use crate::limits;

/// Where the record of a request is.
enum Place {
    /// It is the batch's own record with this place among the new ones.
    New(usize),
    /// It is the new record with this place, which another request of the batch brought.
    Joined(usize),
    /// It is in the log already, with this number.
    Known(u64),
}

/// A batch, sorted.
struct Sorted<'a> {
    /// Of each request; of one that brings several records, that of the first.
    places: Vec<Place>,
    texts: Vec<&'a str>,
    /// Keys of new records, with their places among them.
    keys: Vec<(String, usize)>,
}

impl Sequencer {
    /// Commits a batch. It is empty when this succeeds, every request answered.
    pub(super) async fn try_commit(&mut self, batch: &mut Vec<Request>) -> Result<(), Stop> {
        let settled = self.ready().await?;
        let sorted = self.sort(batch).await?;
        if !sorted.texts.is_empty() {
            self.append(&settled, &sorted).await?;
        }
        let ends = self.ends(&sorted, settled.decided.tree.size).await;
        for (request, end) in std::mem::take(batch).into_iter().zip(ends) {
            // Whoever left does not want to know.
            let _ = request.answer.send(end);
        }
        Ok(())
    }

    /// Finds out which records are new: the first one of a key in the log, else in the batch.
    async fn sort<'a>(&self, batch: &'a [Request]) -> Result<Sorted<'a>, LogError> {
        let mut sorted = Sorted { places: Vec::new(), texts: Vec::new(), keys: Vec::new() };
        let mut first = HashMap::new();
        for request in batch {
            let place = match &request.key {
                None => None,
                Some(key) => match first.get(key) {
                    Some(place) => Some(Place::Joined(*place)),
                    None => self.shared.logs.lock.number(&self.shared.settings.log, key).await?.map(Place::Known),
                },
            };
            sorted.places.push(place.unwrap_or_else(|| {
                let place = sorted.texts.len();
                sorted.texts.extend(request.records());
                if let Some(key) = &request.key {
                    first.insert(key.clone(), place);
                    sorted.keys.push((key.clone(), place));
                }
                Place::New(place)
            }));
        }
        Ok(sorted)
    }

    /// Makes the new records part of the log and publishes its head.
    async fn append(&mut self, settled: &Settled, sorted: &Sorted<'_>) -> Result<(), Stop> {
        let (old, now) = (settled.decided, self.shared.clock.now());
        if now < old.time {
            return Err(LogError::Clock { now, last: old.time }.into());
        }
        // What is there is proven before anything is built on it. Damage ends all writing.
        let edge = match self.read_back(old.tree).await {
            Err(LogError::Damaged { path }) => return Err(self.doubt(settled, path).await?),
            end => end?,
        };
        let mut grown = edge.clone();
        let tiles = grown.grow(&sorted.texts).map_err(LogError::BadRecord)?;
        let new = Decided { old: old.tree.size, tree: grown.tree(), time: now };
        // A crash from here on leaves a staged file that nothing names; the next settling removes it.
        let (log, files) = (self.shared.settings.log.clone(), self.shared.logs.files.clone());
        files.put(&log, vec![(new.bundle_path(), bundle::print(&tiles))]).await?;
        let Some(staged) = self.shared.file(&new.bundle_path()).await? else { return Err(Stop::Again) };
        let tiles =
            grown_from(edge, &staged, new.tree).ok_or_else(|| LogError::Refused(Refusal::Damaged { path: new.bundle_path() }))?;
        // From here on the records are in the log for ever, and this tree is the only one of its size.
        self.decide(settled, &new, sorted).await?;
        let lock = new.print();
        self.settled = Some(Settled { decided: new, lock: lock.clone(), ..settled.clone() });
        // A crash from here on leaves a lock that is ahead of the published head; the next settling completes it from the staged file.
        let published = match self.apply(tiles).await {
            Ok(()) => self.publish(&new, &lock, settled.published.clone()).await,
            Err(error) => Err(error.into()),
        };
        match (published, &mut self.settled) {
            (Ok(bytes), Some(settled)) => settled.published = Some(bytes),
            (Ok(_), None) => {}
            (Err(stop), settled) => {
                *settled = None;
                return self.recover(stop, &new).await;
            }
        }
        self.clean(old.tree, new.tree, vec![new.bundle_path()]).await;
        Ok(())
    }

    /// Goes on where something failed behind the decision. The records are in the log; all that is left is that somebody publishes them.
    async fn recover(&mut self, stop: Stop, new: &Decided) -> Result<(), Stop> {
        if let Stop::Error(LogError::Refused(_)) = stop {
            return Err(stop);
        }
        match self.ready().await {
            Ok(_) => Ok(()),
            Err(Stop::Error(LogError::Refused(refusal))) => Err(LogError::Refused(refusal).into()),
            Err(_) if self.shared.head_beyond(new.tree.size - 1).await.is_ok_and(|head| head.is_some()) => Ok(()),
            // Whatever it is: beginning anew would bring the records in twice, and they are not lost.
            Err(_) => Err(LogError::Unpublished.into()),
        }
    }

    /// Removes what nobody reads any more. It may be left undone: narrow tiles take room, a staged file goes with the next settling.
    pub(super) async fn clean(&self, old: Tree, new: Tree, staged: Vec<String>) {
        let (log, files) = (&self.shared.settings.log, &self.shared.logs.files);
        let mut past = [staged, superseded(old, new)].concat();
        for tile in filled(old, new) {
            past.extend(files.list(log, &format!("{tile}.p/"), limits::LOG_LISTED).await.unwrap_or_default());
        }
        let _ = files.remove(log, past).await;
    }

    /// Whether what looks like damage is: not if somebody else has moved the log on meanwhile.
    async fn doubt(&self, settled: &Settled, path: String) -> Result<Stop, LogError> {
        let is_ours = self.is_newest(&settled.lock).await?;
        Ok(if is_ours { LogError::Refused(Refusal::Damaged { path }).into() } else { Stop::Again })
    }

    /// Whether the lock still has this head.
    pub(super) async fn is_newest(&self, lock: &Bytes) -> Result<bool, LogError> {
        Ok(self.shared.logs.lock.head(&self.shared.settings.log).await?.as_ref() == Some(lock))
    }

    /// Moves the lock to the new tree. An error says nothing: what the lock says then counts.
    async fn decide(&self, settled: &Settled, new: &Decided, sorted: &Sorted<'_>) -> Result<(), Stop> {
        let (log, lock) = (&self.shared.settings.log, &self.shared.logs.lock);
        let keys = sorted.keys.iter().map(|(key, place)| (key.clone(), new.old + *place as u64)).collect();
        match lock.extend(log, settled.fence, Some(settled.lock.clone()), new.print(), keys).await {
            Ok(Extended::Yes) => Ok(()),
            Ok(Extended::Moved | Extended::Fenced | Extended::Taken(_)) => Err(Stop::Again),
            Err(_) if lock.head(log).await? == Some(new.print()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts tiles where they are read, and reads them there. Each is written once: another one in its place is damage.
    pub(super) async fn apply(&self, tiles: Vec<(Tile, Vec<u8>)>) -> Result<(), LogError> {
        let tiles: Vec<(Tile, Bytes)> = tiles.into_iter().map(|(tile, body)| (tile, Bytes::from(body))).collect();
        let files = tiles.iter().map(|(tile, body)| (tile.to_string(), body.clone())).collect();
        self.shared.logs.files.put(&self.shared.settings.log, files).await?;
        self.rests(&tiles).await
    }

    /// Signs the tree that the lock has, after its root was recomputed from what is stored, and publishes it over `old`, what was published
    /// before; answers what is published then.
    ///
    /// A crash before the end leaves an older published head; the next settling signs the same tree again, which is the same signature.
    pub(super) async fn publish(&mut self, decided: &Decided, lock: &Bytes, old: Option<Bytes>) -> Result<Bytes, Stop> {
        let (settings, logs) = (&self.shared.settings, &self.shared.logs);
        let now = self.shared.clock.now();
        if now < decided.time {
            return Err(LogError::Clock { now, last: decided.time }.into());
        }
        self.shared.verified(decided.tree, &[]).await?;
        let served = self.shared.head().map(|head| head.tree());
        if !self.is_newest(lock).await? {
            return Err(Stop::Again);
        }
        // Nobody can have published more than the lock has.
        if served
            .is_some_and(|served| served.size > decided.tree.size || served.size == decided.tree.size && served != decided.tree)
        {
            return Err(LogError::Refused(Refusal::Forked { size: decided.tree.size }).into());
        }
        let head = SignedHead::sign(decided.tree, now, &settings.signers).map_err(LogError::Refused)?;
        (settings.signed)(&head);
        let new = head.print();
        // A process that slept until another one has published more finds that one's head, and leaves it.
        if !logs.files.publish(&settings.log, old, new.clone()).await? {
            return Err(Stop::Again);
        }
        self.shared.advance(head);
        Ok(new)
    }

    /// What became of each request's record.
    async fn ends(&self, sorted: &Sorted<'_>, old: u64) -> Vec<Result<Added, LogError>> {
        let added = |place: usize, is_new| Added { number: old + place as u64, text: sorted.texts[place].to_owned(), is_new };
        let mut ends = Vec::with_capacity(sorted.places.len());
        for place in &sorted.places {
            ends.push(match place {
                Place::New(place) => Ok(added(*place, true)),
                Place::Joined(place) => Ok(added(*place, false)),
                Place::Known(number) => self.known(*number).await,
            });
        }
        ends
    }
}

/// The tiles of a staged file, if they are those that `edge` grows by their records to the tree `new`.
pub(super) fn grown_from(mut edge: Edge, staged: &[u8], new: Tree) -> Option<Vec<(Tile, Vec<u8>)>> {
    let tiles = bundle::read(staged)?;
    let old = edge.tree().size;
    let mut data: Vec<&(Tile, Vec<u8>)> = tiles.iter().filter(|(tile, _)| tile.level() == TileLevel::Data).collect();
    data.sort_by_key(|(tile, _)| tile.number());
    let mut texts = Vec::new();
    for (_, body) in data {
        texts.extend(records(body)?.into_iter().map(std::str::from_utf8).collect::<Result<Vec<_>, _>>().ok()?);
    }
    // The first of these tiles begins with what was there before.
    let grown: Result<_, RecordError> = edge.grow(texts.get((old % FULL) as usize..)?);
    (grown.ok()? == tiles && edge.tree() == new).then_some(tiles)
}

/// The partial tiles of `old` that `new` has wider: whoever asks for one gets it cut out of the wider one.
fn superseded(old: Tree, new: Tree) -> Vec<String> {
    let partial = |tree: Tree| {
        let hashes = TilePlan::new(tree, &[]).map(|plan| plan.tiles().to_vec()).unwrap_or_default();
        hashes.into_iter().chain(Edge::data_tile(tree.size)).map(|tile| tile.to_string())
    };
    let kept: Vec<String> = partial(new).collect();
    partial(old).filter(|path| !kept.contains(path)).collect()
}

/// The tiles that are full in `new` and were partial in `old`: no other one ever had a narrower form.
fn filled(old: Tree, new: Tree) -> Vec<Tile> {
    let hashes = TilePlan::new(old, &[]).map(|plan| plan.tiles().to_vec()).unwrap_or_default();
    let partial = hashes.into_iter().chain(Edge::data_tile(old.size)).filter(|tile| !tile.is_full());
    partial
        .filter(|tile| widest(new, tile.level(), tile.number()).is_some_and(|widest| widest.is_full()))
        .map(|tile| tile.full())
        .collect()
}

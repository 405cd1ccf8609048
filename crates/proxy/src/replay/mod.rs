//! A checksum database read whole, from its tiles: every record, every tile, and the head of before.
//!
//! The proofs are those of `gomod::sumdb`, one tile of records after the other against the signed head. Memory: 8 KiB for each 65,536 records, and
//! a fixed amount by which second records of a version are found; 24 bytes for each record rest in a temporary file. Where all tiles are right, the
//! database's other answers are held against them.

mod doors;
mod versions;

pub use doors::Sample;

use std::{cmp::Ordering, collections::BTreeMap, io};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use gomod::sumdb::{
    client::{Head, Merge, MergeError},
    grow::FULL,
    note::VerifierKey,
    record::Record,
    tile::{HEIGHT, Tile, TileLevel, TilePlan, VerifiedTiles, records},
};
use store::log::LogFiles;

use crate::{
    journey::Journey,
    limits,
    sumdb::chain_of,
    tlog::published_note,
    upstream::{Failure, Files},
};
use versions::Versions;

/// Where the files of a database are read.
#[async_trait]
pub trait Shelf: Send + Sync {
    /// The signed head.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    async fn head(&self) -> Result<Vec<u8>, String>;

    /// The body of a tile, cut out of a wider one where the log has grown since its head was read; `None` if it is not there.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    async fn tile(&self, tile: &Tile) -> Result<Option<Bytes>, String>;

    /// Any other file of it, of at most `limit_bytes`; `None` if it is not there, or if the database is no more here than its tiles.
    ///
    /// # Errors
    /// Why it cannot be read, in words.
    async fn file(&self, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, String>;
}

/// Something that is not as it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Its stable name: `bad-head`, `forked`, `lost-tile`, `damaged-tile`, `malformed-record`, `second-record`, `other-record`,
    /// `bad-lookup`, `bad-checkpoint`, `other-form`.
    pub code: &'static str,
    /// Which tile or record it is: `tile/8/0/000`, `record 7`; empty for the head.
    pub place: String,
    /// What is wrong.
    pub text: String,
}

/// What a replay found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replayed {
    /// The head against which all was proven; `None` if it was not to be believed.
    pub head: Option<Head>,
    /// How many records were read and proven.
    pub records: u64,
    /// How many tiles were read and proven.
    pub tiles: u64,
    /// How many lookups were asked and proven.
    pub lookups: u64,
    /// What is wrong: tiles and records in the order of the log, then second records, then all else; at most [`limits::MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many more there were.
    pub more: u64,
}

/// Reads the whole database of `key` from `shelf`, and holds it against `known`, a head of before, if there is one; looks up a `sample` of the
/// records, unless something was found before. `progress` is told how many records of how many were read.
///
/// # Errors
/// Why something could not be read, in words. What is lost or wrong is no error but a finding.
pub async fn replay(
    shelf: &dyn Shelf,
    key: &VerifierKey,
    known: Option<Head>,
    sample: Sample,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<Replayed, String> {
    let mut found = Found::default();
    let head = match Head::open(key, &shelf.head().await?) {
        Ok(head) => head,
        Err(error) => {
            found.note("bad-head", "", chain_of(&error));
            return Ok(found.replayed(None));
        }
    };
    if let Some(known) = known {
        continues(shelf, known, &head, &mut found).await?;
    }
    let (tree, mut upper) = (head.tree(), BTreeMap::new());
    let places = (0..tree.size.div_ceil(FULL)).map(|number| place(tree.size, number));
    let read = stream::iter(places).map(|(records, hashes)| async move {
        let bodies = tokio::try_join!(shelf.tile(&records), shelf.tile(&hashes));
        bodies.map(|bodies| (records, hashes, bodies))
    });
    let mut read = std::pin::pin!(read.buffered(limits::REPLAY_READS));
    while let Some(next) = read.next().await {
        let (tile, hashes, (body, hash_body)) = next?;
        upper.insert(hashes, hash_body);
        let proven = prove(shelf, &head, &tile, &mut upper, &mut found).await?;
        upper.remove(&hashes);
        found.judge(&tile, body, proven).map_err(|error| format!("a temporary file: {error}"))?;
        progress((tile.number() * FULL + u64::from(tile.width())).min(tree.size), tree.size);
    }
    found.tiles += upper.values().filter(|body| body.is_some()).count() as u64;
    twice(shelf, tree.size, &mut found).await?;
    if found.findings.is_empty() {
        doors::check(shelf, key, &head, sample, &mut found).await?;
    }
    Ok(found.replayed(Some(head)))
}

/// The tiles of records and of their hashes with this number, as wide as the tree has them.
fn place(size: u64, number: u64) -> (Tile, Tile) {
    let width = (size - number * FULL).min(FULL) as u32;
    let tile = |level| Tile::new(HEIGHT, level, number, width).expect("a place below the size of a tree has tiles");
    (tile(TileLevel::Data), tile(TileLevel::Hashes(0)))
}

/// Notes the records of versions that had one before.
async fn twice(shelf: &dyn Shelf, size: u64, found: &mut Found) -> Result<(), String> {
    let versions = std::mem::take(&mut found.versions);
    let most = limits::MAX_FINDINGS.saturating_sub(found.findings.len());
    let (seconds, more) = versions.seconds(most).map_err(|error| format!("a temporary file: {error}"))?;
    for second in seconds {
        let (tile, _) = place(size, second.number / FULL);
        let body = shelf.tile(&tile).await?.unwrap_or_default();
        let text = records(&body).and_then(|records| records.get((second.number % FULL) as usize).copied()).unwrap_or_default();
        let key = Record::parse(text).map_or_else(|_| "its version".to_owned(), |record| record.key());
        let (code, says) = if second.same { ("second-record", "the same") } else { ("other-record", "otherwise") };
        let text = format!("{key} has record {} already, which says {says}", second.first);
        found.note(code, &format!("record {}", second.number), text);
    }
    found.more += more;
    Ok(())
}

/// Proves that `head` continues `known`.
async fn continues(shelf: &dyn Shelf, known: Head, head: &Head, found: &mut Found) -> Result<(), String> {
    let (was, is) = (known.tree(), head.tree());
    match is.size.cmp(&was.size) {
        Ordering::Less => found.note("bad-head", "", format!("it has {} records, and had {} before", is.size, was.size)),
        Ordering::Equal if is.hash == was.hash => {}
        Ordering::Equal => {
            let text = format!("two heads of {} records:\n{}\n{}", is.size, known.note(), head.note());
            found.note("forked", "", text);
        }
        Ordering::Greater => {
            let merge = Merge::new(known, head.clone(), &[]).map_err(|error| error.to_string())?;
            let mut bodies = Vec::new();
            for tile in merge.plan().tiles() {
                bodies.push(shelf.tile(tile).await?.unwrap_or_default().to_vec());
            }
            match merge.finish(bodies) {
                Ok(_) => {}
                Err(MergeError::Fork(fork)) => found.note("forked", "", fork.to_string()),
                Err(MergeError::Tile(error)) => {
                    found.note("bad-head", "", format!("whether it continues the one of before cannot be proven: {error}"));
                }
            }
        }
    }
    Ok(())
}

/// Proves the hashes of a tile of records; what is lost or damaged on the way is noted. `upper` keeps the tiles that were read.
async fn prove(
    shelf: &dyn Shelf,
    head: &Head,
    tile: &Tile,
    upper: &mut BTreeMap<Tile, Option<Bytes>>,
    found: &mut Found,
) -> Result<Option<VerifiedTiles>, String> {
    let plan = TilePlan::for_tile(head.tree(), tile).map_err(|error| error.to_string())?;
    for tile in plan.tiles() {
        if !upper.contains_key(tile) {
            upper.insert(*tile, shelf.tile(tile).await?);
        }
    }
    let body = |tile: &Tile| upper.get(tile).cloned().flatten().unwrap_or_default().to_vec();
    let verified = |plan: TilePlan| {
        let bodies = plan.tiles().iter().map(body).collect();
        plan.verify(bodies)
    };
    if let Ok(proven) = verified(plan.clone()) {
        return Ok(Some(proven));
    }
    let edge = TilePlan::new(head.tree(), &[]).map_err(|error| error.to_string())?;
    let proves = |plan: TilePlan| verified(plan).is_ok();
    let culprits: Vec<Tile> = if proves(edge.clone()) {
        // Parents come first: the first one that does not prove is the one.
        let is_wrong = |tile: &&Tile| TilePlan::for_tile(head.tree(), tile).is_ok_and(|plan| !proves(plan));
        plan.tiles().iter().find(is_wrong).copied().into_iter().collect()
    } else {
        // Together they make the root: of several, none can be told from the others.
        edge.tiles().to_vec()
    };
    let is_lost = |tile: &&Tile| upper.get(*tile).is_none_or(Option::is_none);
    let lost: Vec<&Tile> = culprits.iter().filter(is_lost).collect();
    for tile in &lost {
        found.note_once("lost-tile", &tile.to_string(), "it is not there");
    }
    if lost.is_empty() {
        let place = culprits.iter().map(Tile::to_string).collect::<Vec<_>>().join(", ");
        let text = if culprits.len() > 1 {
            "one of these is not the signed tree's"
        } else {
            "its hashes are not those of the signed tree"
        };
        found.note_once("damaged-tile", &place, text);
    }
    Ok(None)
}

/// What was found until now.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    more: u64,
    records: u64,
    tiles: u64,
    lookups: u64,
    versions: Versions,
}

impl Found {
    fn note(&mut self, code: &'static str, place: &str, text: impl Into<String>) {
        if self.findings.len() < limits::MAX_FINDINGS {
            self.findings.push(Finding { code, place: place.to_owned(), text: text.into() });
        } else {
            self.more += 1;
        }
    }

    fn note_once(&mut self, code: &'static str, place: &str, text: &str) {
        if !self.findings.iter().any(|finding| finding.code == code && finding.place == place) {
            self.note(code, place, text);
        }
    }

    /// Judges the body of a tile of records by its proven hashes, then each record.
    fn judge(&mut self, tile: &Tile, body: Option<Bytes>, proven: Option<VerifiedTiles>) -> io::Result<()> {
        let Some(body) = body else {
            self.note("lost-tile", &tile.to_string(), "it is not there");
            return Ok(());
        };
        // Without its hashes nothing can be said of it; that was noted.
        let Some(proven) = proven else { return Ok(()) };
        self.tiles += 1;
        if proven.check_tile(tile, &body).is_err() {
            self.note("damaged-tile", &tile.to_string(), "its records are not those of the signed tree");
            return Ok(());
        }
        self.tiles += 1;
        let first = tile.number() * FULL;
        for (number, text) in (first..).zip(records(&body).unwrap_or_default()) {
            self.records += 1;
            self.record(number, text)?;
        }
        Ok(())
    }

    fn record(&mut self, number: u64, text: &[u8]) -> io::Result<()> {
        match Record::parse(text) {
            Ok(record) => self.versions.saw(&record.key(), number, text),
            Err(error) => {
                self.note("malformed-record", &format!("record {number}"), error.to_string());
                Ok(())
            }
        }
    }

    fn replayed(self, head: Option<Head>) -> Replayed {
        Replayed {
            head,
            records: self.records,
            tiles: self.tiles,
            lookups: self.lookups,
            findings: self.findings,
            more: self.more,
        }
    }
}

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

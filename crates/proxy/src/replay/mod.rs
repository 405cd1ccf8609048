//! A checksum database read whole, from its tiles: every record, every tile, and the head of before.
//!
//! The proofs are those of `gomod::sumdb`, one tile of records after the other against the signed head. Memory: 8 KiB for each 65,536 records, and
//! a fixed amount by which second records of a version are found; 24 bytes for each record rest in a temporary file. Where all tiles are right, the
//! database's other answers are held against them.

mod doors;
mod shelves;
mod versions;

pub use doors::Sample;
pub use shelves::{Remote, Stored};

use std::{cmp::Ordering, collections::BTreeMap};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use gomod::sumdb::{
    client::{Head, Merge, MergeError},
    grow::FULL,
    note::VerifierKey,
    record::Record,
    tile::{HEIGHT, Tile, TileLevel, TilePlan, VerifiedTiles, records},
    tlog::Tree,
};

use crate::{audit::Line, limits, sumdb::chain_of};
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

    /// What its records are.
    fn holds(&self) -> Holds {
        Holds::Sums
    }

    /// Whether a tile of records that is not there was forgotten, as it should be.
    ///
    /// # Errors
    /// Why that cannot be read, in words.
    async fn is_forgotten(&self, _: &Tile) -> Result<bool, String> {
        Ok(false)
    }

    /// Whether the index leads from this version to the record with this number, where there is an index.
    ///
    /// # Errors
    /// Why that cannot be read, in words.
    async fn leads_to(&self, _version: &str, _number: u64) -> Result<bool, String> {
        Ok(true)
    }
}

/// What the records of a log are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// The sums of module versions, one record each.
    Sums,
    /// Lines of an audit log.
    Lines,
    /// Nobody knows: any text.
    Texts,
}

/// Something that is not as it must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Its stable name: `bad-head`, `forked`, `lost-tile`, `damaged-tile`, `malformed-record`, `second-record`, `other-record`, `bad-index`,
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
    /// Of an audit log: all records before this one were forgotten, as its lines say.
    pub forgets: u64,
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
    walk(shelf, head.tree(), &mut found, progress).await?;
    if found.findings.is_empty() {
        doors::check(shelf, key, &head, sample, &mut found).await?;
    }
    Ok(found.replayed(Some(head)))
}

/// Reads all tiles and records of `shelf` and proves them against `tree`, whoever vouches for that; else as [`replay`].
///
/// # Errors
/// As [`replay`].
pub async fn replay_tree(shelf: &dyn Shelf, tree: Tree, progress: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<Replayed, String> {
    let mut found = Found::default();
    walk(shelf, tree, &mut found, progress).await?;
    Ok(found.replayed(None))
}

async fn walk(
    shelf: &dyn Shelf,
    tree: Tree,
    found: &mut Found,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<(), String> {
    let mut upper = BTreeMap::new();
    let places = (0..tree.size.div_ceil(FULL)).map(|number| place(tree.size, number));
    let read = stream::iter(places).map(|(records, hashes)| async move {
        let bodies = tokio::try_join!(shelf.tile(&records), shelf.tile(&hashes));
        bodies.map(|bodies| (records, hashes, bodies))
    });
    let mut read = std::pin::pin!(read.buffered(limits::REPLAY_READS));
    while let Some(next) = read.next().await {
        let (tile, hashes, (body, hash_body)) = next?;
        upper.insert(hashes, hash_body);
        let proven = prove(shelf, tree, &tile, &mut upper, found).await?;
        upper.remove(&hashes);
        found.judge(shelf, &tile, body, proven).await?;
        progress((tile.number() * FULL + u64::from(tile.width())).min(tree.size), tree.size);
    }
    found.tiles += upper.values().filter(|body| body.is_some()).count() as u64;
    twice(shelf, tree.size, found).await
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
    tree: Tree,
    tile: &Tile,
    upper: &mut BTreeMap<Tile, Option<Bytes>>,
    found: &mut Found,
) -> Result<Option<VerifiedTiles>, String> {
    let plan = TilePlan::for_tile(tree, tile).map_err(|error| error.to_string())?;
    for tile in plan.tiles() {
        if !upper.contains_key(tile) {
            upper.insert(*tile, shelf.tile(tile).await?);
        }
    }
    let body = |tile: &Tile| upper.get(tile).cloned().flatten().unwrap_or_default().to_vec();
    let culprits = match prove_with(tree, plan, &body) {
        Ok(proven) => return Ok(Some(proven)),
        Err(culprits) => culprits,
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

/// Proves the tiles of a plan, whose bodies `body` has; else the one that is wrong, or several of which nobody can tell which one it is.
pub(crate) fn prove_with(tree: Tree, plan: TilePlan, body: &dyn Fn(&Tile) -> Vec<u8>) -> Result<VerifiedTiles, Vec<Tile>> {
    let verified = |plan: TilePlan| {
        let bodies = plan.tiles().iter().map(body).collect();
        plan.verify(bodies)
    };
    if let Ok(proven) = verified(plan.clone()) {
        return Ok(proven);
    }
    let proves = |plan: TilePlan| verified(plan).is_ok();
    match TilePlan::new(tree, &[]) {
        // Together they make the root: of several, none can be told from the others.
        Ok(edge) if !proves(edge.clone()) => Err(edge.tiles().to_vec()),
        _ => {
            // Parents come first: the first one that does not prove is the one.
            let is_wrong = |tile: &&Tile| TilePlan::for_tile(tree, tile).is_ok_and(|plan| !proves(plan));
            Err(plan.tiles().iter().find(is_wrong).copied().into_iter().collect())
        }
    }
}

/// What was found until now.
#[derive(Default)]
struct Found {
    findings: Vec<Finding>,
    more: u64,
    records: u64,
    tiles: u64,
    lookups: u64,
    forgets: u64,
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
    async fn judge(
        &mut self,
        shelf: &dyn Shelf,
        tile: &Tile,
        body: Option<Bytes>,
        proven: Option<VerifiedTiles>,
    ) -> Result<(), String> {
        let Some(body) = body else {
            if !shelf.is_forgotten(tile).await? {
                self.note("lost-tile", &tile.to_string(), "it is not there");
            } else if proven.is_some() {
                self.tiles += 1;
            }
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
            self.record(shelf, number, text).await?;
        }
        Ok(())
    }

    async fn record(&mut self, shelf: &dyn Shelf, number: u64, text: &[u8]) -> Result<(), String> {
        let place = || format!("record {number}");
        match shelf.holds() {
            Holds::Texts => return Ok(()),
            Holds::Lines => {
                match std::str::from_utf8(text).ok().and_then(Line::parse) {
                    Some(Line::Forget { before, .. }) => self.forgets = self.forgets.max(before),
                    Some(_) => {}
                    None => self.note("malformed-record", &place(), "it is no line of an audit log"),
                }
                return Ok(());
            }
            Holds::Sums => {}
        }
        let record = match Record::parse(text) {
            Ok(record) => record,
            Err(error) => {
                self.note("malformed-record", &place(), error.to_string());
                return Ok(());
            }
        };
        if !shelf.leads_to(&record.key(), number).await? {
            self.note("bad-index", &place(), format!("the index does not lead from {} to it", record.key()));
        }
        self.versions.saw(&record.key(), number, text).map_err(|error| format!("a temporary file: {error}"))
    }

    fn replayed(self, head: Option<Head>) -> Replayed {
        Replayed {
            head,
            records: self.records,
            tiles: self.tiles,
            lookups: self.lookups,
            forgets: self.forgets,
            findings: self.findings,
            more: self.more,
        }
    }
}

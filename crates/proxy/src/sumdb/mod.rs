//! A checksum database: asked through upstreams or directly, proven, kept, and served on.
//!
//! The proofs are `gomod::sumdb`'s; here they are fed. What is kept was proven first; the newest tree head moves by compare-and-swap only, so two
//! lookups that run side by side can never leave a head behind that does not continue the one before.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use futures_util::future::try_join_all;
use gomod::{
    module::{ModulePath, Version},
    sumdb::{
        client::{Head, Merge},
        lookup::{Lookup, LookupError, Need, Proved, Step},
        note::VerifierKey,
        tile::{Tile, TileError, TileLevel, TilePlan},
    },
};
use plan::{Event, Reason};
use store::Index;

use crate::{journey::Journey, limits, upstream::Failure, vouch::Sums};

mod source;

pub use source::Source;
use source::{Sources, unproven};

/// How often a lookup starts again because another one moved the tree head meanwhile.
const MAX_RACES: usize = 64;

/// One checksum database.
pub struct Sumdb {
    name: String,
    key: VerifierKey,
    sources: Sources,
    index: Arc<dyn Index>,
}

/// A tile for somebody else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServedTile {
    /// It is in the newest tree known, and kept.
    Proven(Bytes),
    /// It lies beyond the newest tree that the database shows us; not kept.
    Unproven(Bytes),
}

/// What one proof has read until now, so that starting again costs no request.
#[derive(Default)]
struct Read {
    lookup: Option<Bytes>,
    tiles: HashMap<Tile, Bytes>,
}

impl Sumdb {
    /// The database `name`, whose heads are signed by `key`, read through the first of `sources` that supports it.
    pub fn new(name: String, key: VerifierKey, sources: Vec<Source>, index: Arc<dyn Index>) -> Arc<Self> {
        Arc::new(Self { key, sources: Sources::new(name.clone(), sources), name, index })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The sums of `module@version`, proven.
    ///
    /// # Errors
    /// [`Reason::Unproven`] if it cannot be asked or does not know the version; [`Reason::SumdbLied`] if what it says does not prove.
    pub async fn prove(&self, module: &ModulePath, version: &Version, journey: &Journey) -> Result<Sums, Reason> {
        let kept = self.kept(&lookup_path(module, version)).await?;
        let proved = self.look_up(module, version, kept, journey).await?.0;
        let vouched = format!("sumdb {} {}", self.name, proved.tree_size);
        Ok(Sums::Known { zip: proved.zip_h1, go_mod: proved.mod_h1, vouched })
    }

    /// The body of `lookup/M@V`, proven; kept for ever. A kept one was proven before it was kept, and costs no request.
    ///
    /// # Errors
    /// As [`Sumdb::prove`], but [`Reason::NotExist`] if the database does not know the version.
    pub async fn lookup(&self, module: &ModulePath, version: &Version, journey: &Journey) -> Result<Bytes, Reason> {
        let path = lookup_path(module, version);
        if let Some(kept) = self.kept(&path).await? {
            return Ok(kept);
        }
        let body = match self.sources.get(&path, limits::MAX_LOOKUP_BYTES, journey).await {
            Err(Failure::NotExist(text)) => return Err(Reason::NotExist(text)),
            end => end.map_err(|failure| self.lookup_failed(&path, &failure))?,
        };
        Ok(self.look_up(module, version, Some(body), journey).await?.1)
    }

    /// The body of a tile, proven; kept for ever.
    ///
    /// # Errors
    /// [`Reason::NotExist`] if the database has no such tile, [`Reason::SumdbLied`] if it does not prove.
    pub async fn tile(&self, path: &str, journey: &Journey) -> Result<ServedTile, Reason> {
        let tile = Tile::parse(path).map_err(|error| Reason::BadPath(error.to_string()))?;
        if let Some(kept) = self.kept_tile(&tile).await? {
            return Ok(ServedTile::Proven(kept));
        }
        let body = self.fetch_tile(&tile, journey).await?;
        let mut head = self.head().await?;
        if TilePlan::for_tile(head.tree(), &tile).is_err() {
            if let Err(lied @ Reason::SumdbLied(_)) = self.latest(journey).await {
                return Err(lied);
            }
            head = self.head().await?;
        }
        self.prove_tile(&tile, body, &head, journey).await
    }

    /// The newest tree head, shown to continue the one known before; that one if the database cannot be asked.
    ///
    /// # Errors
    /// [`Reason::Unproven`] if the database cannot be asked and no head is known, [`Reason::SumdbLied`] if it lies.
    pub async fn latest(&self, journey: &Journey) -> Result<Bytes, Reason> {
        let body = match self.sources.get("latest", limits::MAX_LOOKUP_BYTES, journey).await {
            Ok(body) => body,
            Err(failure) => {
                let known = self.head().await?;
                let is_known = !known.note().is_empty();
                return if is_known { Ok(known.note().to_owned().into()) } else { Err(self.reason("latest", failure)) };
            }
        };
        let lied = |error: &dyn std::error::Error| self.lied("latest", error);
        for _ in 0..MAX_RACES {
            let known = self.head().await?;
            let other = Head::open(&self.key, &body).map_err(|error| lied(&error))?;
            let merge = Merge::new(known.clone(), other, &[]).map_err(|error| lied(&error))?;
            let tiles = self.bodies(merge.plan(), journey).await?;
            let (newest, proven) = merge.finish(tiles).map_err(|error| lied(&error))?;
            self.keep(None, proven.into_tiles(), journey).await?;
            if self.advance(&known, newest.note(), journey).await {
                return Ok(Bytes::from(newest.note().to_owned()));
            }
        }
        Err(Reason::Busy(format!("{}: the tree head kept moving", self.name)))
    }

    /// The newest tree head known here.
    ///
    /// # Errors
    /// [`Reason::Store`]; [`Reason::SumdbLied`] if what is kept is not this database's.
    pub async fn head(&self) -> Result<Head, Reason> {
        match self.index.sumdb_head(&self.name).await.map_err(|error| Reason::Store(error.to_string()))? {
            Some(note) => Head::open(&self.key, &note).map_err(|error| self.lied("the kept tree head", &error)),
            None => Ok(Head::empty()),
        }
    }

    /// Proves the lookup whose body is `read` already, or is to be read.
    async fn look_up(
        &self,
        module: &ModulePath,
        version: &Version,
        read: Option<Bytes>,
        journey: &Journey,
    ) -> Result<(Proved, Bytes), Reason> {
        let path = lookup_path(module, version);
        if read.is_none() && self.head().await?.note().is_empty() {
            // Best effort: with the newest head known first, most lookups after it move no head. Its failure will show again below.
            let _ = self.latest(journey).await;
        }
        let mut read = Read { lookup: read, ..Read::default() };
        for _ in 0..MAX_RACES {
            let known = self.head().await?;
            let note = Some(known.note()).filter(|note| !note.is_empty());
            let mut lookup = Lookup::new(&self.key, note, module, version).map_err(|error| self.lookup_reason(&path, &error))?;
            let proved = self.drive(&mut lookup, &path, &mut read, journey).await?;
            let body = read.lookup.clone().unwrap_or_default();
            self.keep(Some((path.clone(), body.clone())), proved.tiles.clone(), journey).await?;
            if self.advance(&known, &proved.latest, journey).await {
                return Ok((proved, body));
            }
        }
        Err(Reason::Busy(format!("{}: the tree head kept moving", self.name)))
    }

    async fn drive(&self, lookup: &mut Lookup, path: &str, read: &mut Read, journey: &Journey) -> Result<Proved, Reason> {
        loop {
            match lookup.step().map_err(|error| self.lookup_reason(path, &error))? {
                Step::Proved(proved) => return Ok(*proved),
                Step::Need(Need::Lookup(_)) => {
                    if read.lookup.is_none() {
                        let body = self.sources.get(path, limits::MAX_LOOKUP_BYTES, journey).await;
                        read.lookup = Some(body.map_err(|failure| self.lookup_failed(path, &failure))?);
                    }
                    lookup.feed_lookup(read.lookup.as_deref().unwrap_or_default());
                }
                Step::Need(Need::Tiles(tiles)) => {
                    let missing = tiles.iter().filter(|tile| !read.tiles.contains_key(*tile));
                    let fetch = async |tile: &Tile| Ok::<_, Reason>((*tile, self.any_tile(tile, journey).await?));
                    read.tiles.extend(try_join_all(missing.map(fetch)).await?);
                    for tile in &tiles {
                        let body = read.tiles.get(tile).cloned().unwrap_or_default();
                        lookup.feed_tile(tile, &body).map_err(|error| self.lied(&tile.to_string(), &error))?;
                    }
                }
            }
        }
    }

    async fn prove_tile(&self, tile: &Tile, body: Bytes, head: &Head, journey: &Journey) -> Result<ServedTile, Reason> {
        let Ok(plan) = TilePlan::for_tile(head.tree(), tile) else { return Ok(ServedTile::Unproven(body)) };
        let bodies = self.bodies(&plan, journey).await?;
        let lied = |error: TileError| self.lied(&tile.to_string(), &error);
        let proven = plan.verify(bodies).map_err(lied)?;
        proven.check_tile(tile, &body).map_err(lied)?;
        let mut tiles = proven.into_tiles();
        tiles.push((*tile, body.to_vec()));
        self.keep(None, tiles, journey).await?;
        Ok(ServedTile::Proven(body))
    }

    async fn bodies(&self, plan: &TilePlan, journey: &Journey) -> Result<Vec<Vec<u8>>, Reason> {
        let body = async |tile: &Tile| self.any_tile(tile, journey).await.map(|body| body.to_vec());
        try_join_all(plan.tiles().iter().map(body)).await
    }

    async fn any_tile(&self, tile: &Tile, journey: &Journey) -> Result<Bytes, Reason> {
        match self.kept_tile(tile).await? {
            Some(body) => Ok(body),
            // Without it there is no proof; that is not to say that what was to be proven does not exist (promise 6).
            None => self.fetch_tile(tile, journey).await.map_err(|reason| match reason {
                Reason::NotExist(text) => Reason::Unproven(format!("checksum database {}: {tile} is missing: {text}", self.name)),
                other => other,
            }),
        }
    }

    async fn kept_tile(&self, tile: &Tile) -> Result<Option<Bytes>, Reason> {
        if let Some(body) = self.kept(&tile.to_string()).await? {
            return Ok(Some(body));
        }
        let full = if can_be_cut(tile) { self.kept(&tile.full().to_string()).await? } else { None };
        Ok(full.map(|body| tile.cut_full(&body).into()))
    }

    /// A partial tile may be gone because it is full by now: then the full one is cut, as the go command does.
    async fn fetch_tile(&self, tile: &Tile, journey: &Journey) -> Result<Bytes, Reason> {
        match self.sources.get(&tile.to_string(), limits::MAX_TILE_BYTES, journey).await {
            Err(Failure::NotExist(_)) if can_be_cut(tile) => {
                let full = tile.full().to_string();
                let body = self
                    .sources
                    .get(&full, limits::MAX_TILE_BYTES, journey)
                    .await
                    .map_err(|failure| self.reason(&full, failure))?;
                Ok(tile.cut_full(&body).into())
            }
            end => end.map_err(|failure| self.reason(&tile.to_string(), failure)),
        }
    }

    async fn kept(&self, path: &str) -> Result<Option<Bytes>, Reason> {
        self.index.sumdb_file(&self.name, path).await.map_err(|error| Reason::Store(error.to_string()))
    }

    /// Keeps what was proven. A store that does not take it loses nothing but speed: it is proven all the same.
    async fn keep(&self, lookup: Option<(String, Bytes)>, tiles: Vec<(Tile, Vec<u8>)>, journey: &Journey) -> Result<(), Reason> {
        let tiles = tiles.into_iter().map(|(tile, body)| (tile.to_string(), Bytes::from(body)));
        let mut files = Vec::new();
        for (path, body) in tiles.chain(lookup) {
            if self.kept(&path).await?.is_none() {
                files.push((path, body));
            }
        }
        if !files.is_empty()
            && let Err(error) = self.index.put_sumdb_files(&self.name, files).await
        {
            journey.note(Event::NotKept(error.to_string()));
        }
        Ok(())
    }

    /// Makes `newest` the known head; `false` if another one moved it meanwhile. A store that does not take it keeps the one before,
    /// which what comes next must continue as well.
    async fn advance(&self, known: &Head, newest: &str, journey: &Journey) -> bool {
        if newest == known.note() {
            return true;
        }
        let old = Some(known.note()).filter(|note| !note.is_empty()).map(|note| Bytes::from(note.to_owned()));
        match self.index.swap_sumdb_head(&self.name, old, Bytes::from(newest.to_owned())).await {
            Ok(moved) => moved,
            Err(error) => {
                journey.note(Event::NotKept(error.to_string()));
                true
            }
        }
    }

    fn lookup_reason(&self, path: &str, error: &LookupError) -> Reason {
        match error {
            LookupError::Missing { .. } => Reason::SumdbLied(format!("verifying {path}: {error}")),
            _ => self.lied(path, error),
        }
    }

    fn lied(&self, what: &str, error: &dyn std::error::Error) -> Reason {
        Reason::SumdbLied(format!("{}: {what}: {}", self.name, chain_of(error)))
    }

    fn reason(&self, what: &str, failure: Failure) -> Reason {
        match failure {
            Failure::NotExist(text) => Reason::NotExist(text),
            Failure::Trouble(trouble) => unproven(&self.name, &self.name, what, &trouble),
        }
    }

    fn lookup_failed(&self, path: &str, failure: &Failure) -> Reason {
        lookup_failed(&self.name, path, failure)
    }
}

fn lookup_path(module: &ModulePath, version: &Version) -> String {
    format!("lookup/{}@{}", module.escaped(), version.escaped())
}

/// True if the tile can be cut out of the full one: only hashes are of one length.
fn can_be_cut(tile: &Tile) -> bool {
    !tile.is_full() && matches!(tile.level(), TileLevel::Hashes(_))
}

/// An error and its causes in one line.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

/// The go command's words; a version that the database does not know is unproven, which is not "does not exist".
fn lookup_failed(name: &str, path: &str, failure: &Failure) -> Reason {
    let subject = path.strip_prefix("lookup/").unwrap_or(path);
    Reason::Unproven(match failure {
        Failure::NotExist(text) if text.is_empty() => format!("verifying {subject}: reading {name}/{path}: 404 Not Found"),
        Failure::NotExist(text) => {
            format!("verifying {subject}: reading {name}/{path}: 404 Not Found\n\tserver response: {text}")
        }
        Failure::Trouble(trouble) => format!("verifying {subject}: {name} did not answer: {trouble}"),
    })
}

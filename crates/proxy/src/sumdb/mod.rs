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
        tile::{Tile, TileError, TilePlan},
    },
};
use plan::Reason;
use store::Index;

use crate::{journey::Journey, limits, upstream::Failure, vouch::Sums};

mod absent;
mod ahead;
mod shelf;
mod source;

pub use absent::Absent;
pub use source::Source;

use ahead::Ahead;
use shelf::{Shelf, can_be_cut};
use source::{Sources, unproven};

/// How often a lookup starts again because another one moved the tree head meanwhile.
const MAX_RACES: usize = 64;

/// One checksum database.
pub struct Sumdb {
    name: String,
    key: VerifierKey,
    sources: Sources,
    shelf: Shelf,
    ahead: Ahead,
    absent: Option<Absent>,
}

/// A tile for somebody else.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ServedTile {
    /// It is in the newest tree known, and kept.
    Proven(Bytes),
    /// It lies beyond the newest tree that the database shows us; not kept.
    Unproven(Bytes),
}

impl Sumdb {
    /// The database `name`, whose heads are signed by `key`, read through the first of `sources` that supports it.
    /// What it does not have is believed to be `absent` for a while.
    pub fn new(name: String, key: VerifierKey, sources: Vec<Source>, index: Arc<dyn Index>, absent: Option<Absent>) -> Arc<Self> {
        let (sources, shelf) = (Sources::new(name.clone(), sources), Shelf::new(name.clone(), index));
        Arc::new(Self { name, key, sources, shelf, ahead: Ahead::default(), absent })
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
        let path = lookup_path(module, version);
        let body = match self.shelf.file(&path).await? {
            Some(kept) => kept,
            None => {
                let body = self.fetch_lookup(&path, journey).await;
                body.map_err(|failure| lookup_failed(&self.name, &path, &failure))?
            }
        };
        let proved = self.look_up(module, version, &body, journey).await?;
        let vouched = format!("sumdb {} {}", self.name, proved.tree_size);
        Ok(Sums::Known { zip: proved.zip_h1, go_mod: proved.mod_h1, vouched })
    }

    /// The body of `lookup/M@V`, proven; kept for ever. A kept one was proven before it was kept, and costs no request; it ends in the newest
    /// tree head known.
    ///
    /// # Errors
    /// As [`Sumdb::prove`], but [`Reason::NotExist`] if the database does not know the version.
    pub async fn lookup(&self, module: &ModulePath, version: &Version, journey: &Journey) -> Result<Bytes, Reason> {
        let path = lookup_path(module, version);
        if let Some(kept) = self.shelf.file(&path).await? {
            return self.shelf.with_newest_head(kept).await;
        }
        let body = match self.fetch_lookup(&path, journey).await {
            Err(Failure::NotExist(text)) => return Err(Reason::NotExist(text)),
            end => end.map_err(|failure| lookup_failed(&self.name, &path, &failure))?,
        };
        self.look_up(module, version, &body, journey).await?;
        self.shelf.with_newest_head(body).await
    }

    /// The body of a tile, proven; kept for ever.
    ///
    /// # Errors
    /// [`Reason::NotExist`] if the database has no such tile, [`Reason::SumdbLied`] if it does not prove.
    pub async fn tile(&self, path: &str, journey: &Journey) -> Result<ServedTile, Reason> {
        let tile = Tile::parse(path).map_err(|error| Reason::BadPath(error.to_string()))?;
        if let Some(kept) = self.shelf.tile(&tile).await? {
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
        let other = Head::open(&self.key, &body).map_err(|error| self.lied("latest", &error))?;
        self.merge(other, journey).await
    }

    /// Merges a head whose signature was checked into the known one; the newer of both, with all tiles that lead to it kept.
    async fn merge(&self, other: Head, journey: &Journey) -> Result<Bytes, Reason> {
        let lied = |error: &dyn std::error::Error| self.lied("latest", error);
        for _ in 0..MAX_RACES {
            let known = self.head().await?;
            let merge = Merge::new(known.clone(), other.clone(), &[]).map_err(|error| lied(&error))?;
            let tiles = self.bodies(merge.plan(), journey).await?;
            let (newest, proven) = merge.finish(tiles).map_err(|error| lied(&error))?;
            let proven = proven.into_tiles();
            let names: Vec<Tile> = proven.iter().map(|(tile, _)| *tile).collect();
            let kept = self.shelf.keep(None, proven, journey).await?;
            if !kept || self.shelf.advance(known.note(), newest.note(), &names, journey).await {
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
        match self.shelf.head().await? {
            Some(note) => Head::open(&self.key, &note).map_err(|error| self.lied("the kept tree head", &error)),
            None => Ok(Head::empty()),
        }
    }

    /// A lookup's answer, of which nothing is proven yet; one that was not there a moment ago is not asked for.
    async fn fetch_lookup(&self, path: &str, journey: &Journey) -> Result<Bytes, Failure> {
        if let Some(words) = self.absent.as_ref().and_then(|absent| absent.find(path)) {
            return Err(Failure::NotExist(words));
        }
        let end = self.sources.get(path, limits::MAX_LOOKUP_BYTES, journey).await;
        if let (Err(Failure::NotExist(words)), Some(absent)) = (&end, &self.absent) {
            absent.note(path, words);
        }
        end
    }

    /// Proves a lookup's answer, and keeps it with all that proves it.
    async fn look_up(&self, module: &ModulePath, version: &Version, body: &Bytes, journey: &Journey) -> Result<Proved, Reason> {
        let path = lookup_path(module, version);
        // Starting again costs no request.
        let mut tiles: HashMap<Tile, Bytes> = self.look_ahead(body, journey).await.into_iter().collect();
        for _ in 0..MAX_RACES {
            let known = self.head().await?;
            let note = Some(known.note()).filter(|note| !note.is_empty());
            let mut lookup = Lookup::new(&self.key, note, module, version).map_err(|error| self.lookup_reason(&path, &error))?;
            let proved = self.drive(&mut lookup, &path, body, &mut tiles, journey).await?;
            let kept = self.shelf.keep(Some((path.clone(), body.clone())), proved.tiles.clone(), journey).await?;
            let names: Vec<Tile> = proved.tiles.iter().map(|(tile, _)| *tile).collect();
            if !kept || self.shelf.advance(known.note(), &proved.latest, &names, journey).await {
                return Ok(proved);
            }
        }
        Err(Reason::Busy(format!("{}: the tree head kept moving", self.name)))
    }

    async fn drive(
        &self,
        lookup: &mut Lookup,
        path: &str,
        body: &Bytes,
        read: &mut HashMap<Tile, Bytes>,
        journey: &Journey,
    ) -> Result<Proved, Reason> {
        loop {
            match lookup.step().map_err(|error| self.lookup_reason(path, &error))? {
                Step::Proved(proved) => return Ok(*proved),
                Step::Need(Need::Lookup(_)) => lookup.feed_lookup(body),
                Step::Need(Need::Tiles(tiles)) => {
                    let missing = tiles.iter().filter(|tile| !read.contains_key(*tile));
                    let fetch = async |tile: &Tile| Ok::<_, Reason>((*tile, self.any_tile(tile, journey).await?));
                    read.extend(try_join_all(missing.map(fetch)).await?);
                    for tile in &tiles {
                        let body = read.get(tile).cloned().unwrap_or_default();
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
        self.shelf.keep(None, tiles, journey).await?;
        Ok(ServedTile::Proven(body))
    }

    async fn bodies(&self, plan: &TilePlan, journey: &Journey) -> Result<Vec<Vec<u8>>, Reason> {
        let body = async |tile: &Tile| self.any_tile(tile, journey).await.map(|body| body.to_vec());
        try_join_all(plan.tiles().iter().map(body)).await
    }

    async fn any_tile(&self, tile: &Tile, journey: &Journey) -> Result<Bytes, Reason> {
        match self.shelf.tile(tile).await? {
            Some(body) => Ok(body),
            // Without it there is no proof; that is not to say that what was to be proven does not exist (promise 6).
            None => self.fetch_tile(tile, journey).await.map_err(|reason| match reason {
                Reason::NotExist(text) => Reason::Unproven(format!("checksum database {}: {tile} is missing: {text}", self.name)),
                other => other,
            }),
        }
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
}

pub(crate) fn lookup_path(module: &ModulePath, version: &Version) -> String {
    format!("lookup/{}@{}", module.escaped(), version.escaped())
}

/// An error and its causes in one line.
pub(crate) fn chain_of(error: &dyn std::error::Error) -> String {
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

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
use plan::{Reason, Trouble};
use store::Index;
use tokio::sync::Mutex;

use crate::{
    flight::Flight,
    journey::Journey,
    limits,
    upstream::{Failure, Files},
    vouch::Sums,
};

/// How often a lookup starts again because another one moved the tree head meanwhile.
const MAX_RACES: usize = 64;

/// One checksum database.
pub struct Sumdb {
    name: String,
    key: VerifierKey,
    sources: Vec<Source>,
    chosen: Mutex<Option<usize>>,
    index: Arc<dyn Index>,
    air: Flight<Result<Bytes, Reason>>,
}

/// One way to read the database.
#[derive(Clone)]
pub struct Source {
    /// Where its files are read.
    pub files: Arc<dyn Files>,
    /// What stands before their paths: `sumdb/NAME/` below a module proxy, empty at the database itself.
    pub prefix: String,
    /// Whether trouble with its `supported` gives way to the next source (a bar after the proxy).
    pub gives_way: bool,
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
        Arc::new(Self { name, key, sources, chosen: Mutex::new(None), index, air: Flight::default() })
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
        let proved = self.look_up(module, version, journey).await?.0;
        let vouched = format!("sumdb {} {}", self.name, proved.tree_size);
        Ok(Sums::Known { zip: proved.zip_h1, go_mod: proved.mod_h1, vouched })
    }

    /// The body of `lookup/M@V`, proven; kept for ever.
    ///
    /// # Errors
    /// As [`Sumdb::prove`].
    pub async fn lookup(&self, module: &ModulePath, version: &Version, journey: &Journey) -> Result<Bytes, Reason> {
        Ok(self.look_up(module, version, journey).await?.1)
    }

    /// The body of a tile, proven; kept for ever.
    ///
    /// # Errors
    /// [`Reason::NotExist`] if the database has no such tile, [`Reason::SumdbLied`] if it does not prove.
    pub async fn tile(&self, path: &str, journey: &Journey) -> Result<Bytes, Reason> {
        let tile = Tile::parse(path).map_err(|error| Reason::BadPath(error.to_string()))?;
        if let Some(kept) = self.kept_tile(&tile).await? {
            return Ok(kept);
        }
        let body = self.fetch_tile(&tile, journey).await?;
        let mut head = self.head().await?;
        if TilePlan::for_tile(head.tree(), &tile).is_err() {
            self.latest(journey).await?;
            head = self.head().await?;
        }
        self.prove_tile(&tile, body, &head, journey).await
    }

    /// The newest tree head, shown to continue the one known before.
    ///
    /// # Errors
    /// [`Reason::Upstream`] if the database cannot be asked, [`Reason::SumdbLied`] if it lies.
    pub async fn latest(&self, journey: &Journey) -> Result<Bytes, Reason> {
        let body =
            self.get("latest", limits::MAX_LOOKUP_BYTES, journey).await.map_err(|failure| self.reason("latest", failure))?;
        let lied = |error: &dyn std::error::Error| self.lied("latest", error);
        for _ in 0..MAX_RACES {
            let known = self.head().await?;
            let other = Head::open(&self.key, &body).map_err(|error| lied(&error))?;
            let merge = Merge::new(known.clone(), other, &[]).map_err(|error| lied(&error))?;
            let tiles = self.bodies(merge.plan(), journey).await?;
            let (newest, proven) = merge.finish(tiles).map_err(|error| lied(&error))?;
            self.keep(None, proven.into_tiles()).await?;
            if self.advance(&known, newest.note()).await? {
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

    async fn look_up(&self, module: &ModulePath, version: &Version, journey: &Journey) -> Result<(Proved, Bytes), Reason> {
        let path = format!("lookup/{}@{}", module.escaped(), version.escaped());
        let kept = self.kept(&path).await?;
        if kept.is_none() && self.head().await?.note().is_empty() {
            // Best effort: with the newest head known first, most lookups after it move no head. Its failure will show again below.
            let _ = self.latest(journey).await;
        }
        let mut read = Read { lookup: kept, ..Read::default() };
        for _ in 0..MAX_RACES {
            let known = self.head().await?;
            let note = Some(known.note()).filter(|note| !note.is_empty());
            let mut lookup = Lookup::new(&self.key, note, module, version).map_err(|error| self.lookup_reason(&path, &error))?;
            let proved = self.drive(&mut lookup, &path, &mut read, journey).await?;
            let body = read.lookup.clone().unwrap_or_default();
            self.keep(Some((path.clone(), body.clone())), proved.tiles.clone()).await?;
            if self.advance(&known, &proved.latest).await? {
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
                        read.lookup = Some(self.fetch_lookup(path, journey).await?);
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

    async fn prove_tile(&self, tile: &Tile, body: Bytes, head: &Head, journey: &Journey) -> Result<Bytes, Reason> {
        let Ok(plan) = TilePlan::for_tile(head.tree(), tile) else {
            // The caller knows a newer head than the database shows us. It proves the tile itself; we keep nothing unproven.
            return Ok(body);
        };
        let bodies = self.bodies(&plan, journey).await?;
        let lied = |error: TileError| self.lied(&tile.to_string(), &error);
        let proven = plan.verify(bodies).map_err(lied)?;
        proven.check_tile(tile, &body).map_err(lied)?;
        let mut tiles = proven.into_tiles();
        tiles.push((*tile, body.to_vec()));
        self.keep(None, tiles).await?;
        Ok(body)
    }

    async fn bodies(&self, plan: &TilePlan, journey: &Journey) -> Result<Vec<Vec<u8>>, Reason> {
        let body = async |tile: &Tile| self.any_tile(tile, journey).await.map(|body| body.to_vec());
        try_join_all(plan.tiles().iter().map(body)).await
    }

    async fn any_tile(&self, tile: &Tile, journey: &Journey) -> Result<Bytes, Reason> {
        match self.kept_tile(tile).await? {
            Some(body) => Ok(body),
            None => self.fetch_tile(tile, journey).await,
        }
    }

    async fn kept_tile(&self, tile: &Tile) -> Result<Option<Bytes>, Reason> {
        if let Some(body) = self.kept(&tile.to_string()).await? {
            return Ok(Some(body));
        }
        let full = if tile.is_full() { None } else { self.kept(&tile.full().to_string()).await? };
        Ok(full.map(|body| tile.cut_full(&body).into()))
    }

    /// A partial tile may be gone because it is full by now: then the full one is cut, as the go command does.
    async fn fetch_tile(&self, tile: &Tile, journey: &Journey) -> Result<Bytes, Reason> {
        match self.get(&tile.to_string(), limits::MAX_TILE_BYTES, journey).await {
            Err(Failure::NotExist(_)) if !tile.is_full() => {
                let full = tile.full().to_string();
                let body =
                    self.get(&full, limits::MAX_TILE_BYTES, journey).await.map_err(|failure| self.reason(&full, failure))?;
                Ok(tile.cut_full(&body).into())
            }
            end => end.map_err(|failure| self.reason(&tile.to_string(), failure)),
        }
    }

    /// Requests for one lookup that come together are one: the `.mod` and the `.zip` of a version are often asked for side by side.
    async fn fetch_lookup(&self, path: &str, journey: &Journey) -> Result<Bytes, Reason> {
        let source = self.source(journey).await?;
        let (full, name, what) = (format!("{}{path}", source.prefix), self.name.clone(), path.to_owned());
        let journey = journey.clone();
        let fetch = |landing: crate::flight::Landing<Result<Bytes, Reason>>| async move {
            let end = source.files.get(&full, limits::MAX_LOOKUP_BYTES, &journey).await;
            landing.tell(end.map_err(|failure| lookup_failed(&name, &what, &failure)));
        };
        self.air.join(path.to_owned(), fetch).await.1.unwrap_or_else(|lost| Err(Reason::Internal(lost.to_string())))
    }

    async fn get(&self, path: &str, limit_bytes: u64, journey: &Journey) -> Result<Bytes, Failure> {
        let source = self.source(journey).await.map_err(|reason| Failure::Trouble(Trouble::Refused(reason.to_string())))?;
        let end = source.files.get(&format!("{}{path}", source.prefix), limit_bytes, journey).await;
        if matches!(end, Err(Failure::Trouble(_))) {
            // Choose again the next time: another source may be better by then.
            *self.chosen.lock().await = None;
        }
        end
    }

    /// The source in use: as the go command does, the first proxy whose `supported` is answered, else the database itself.
    async fn source(&self, journey: &Journey) -> Result<Source, Reason> {
        let mut chosen = self.chosen.lock().await;
        if let Some(source) = chosen.and_then(|index| self.sources.get(index)) {
            return Ok(source.clone());
        }
        for (index, source) in self.sources.iter().enumerate() {
            let supported = match source.prefix.is_empty() {
                true => Ok(Bytes::new()),
                false => source.files.get(&format!("{}supported", source.prefix), limits::MAX_INFO_BYTES, journey).await,
            };
            match supported {
                Ok(_) => {
                    *chosen = Some(index);
                    return Ok(source.clone());
                }
                Err(Failure::NotExist(_)) => {}
                Err(Failure::Trouble(_)) if source.gives_way => {}
                Err(Failure::Trouble(trouble)) => {
                    return Err(self.unproven(source.files.name(), "supported", &trouble.to_string()));
                }
            }
        }
        Err(Reason::Unproven(format!("{}: no upstream proxies this checksum database", self.name)))
    }

    async fn kept(&self, path: &str) -> Result<Option<Bytes>, Reason> {
        self.index.sumdb_file(&self.name, path).await.map_err(|error| Reason::Store(error.to_string()))
    }

    /// Keeps what was proven. A full disk loses nothing but speed.
    async fn keep(&self, lookup: Option<(String, Bytes)>, tiles: Vec<(Tile, Vec<u8>)>) -> Result<(), Reason> {
        let tiles = tiles.into_iter().map(|(tile, body)| (tile.to_string(), Bytes::from(body)));
        let mut files = Vec::new();
        for (path, body) in tiles.chain(lookup) {
            if self.kept(&path).await?.is_none() {
                files.push((path, body));
            }
        }
        match files.is_empty() {
            true => Ok(()),
            false => match self.index.put_sumdb_files(&self.name, files).await {
                Err(error) if error.is_full() => Ok(()),
                end => end.map_err(|error| Reason::Store(error.to_string())),
            },
        }
    }

    /// Makes `newest` the known head; `false` if another one moved it meanwhile.
    async fn advance(&self, known: &Head, newest: &str) -> Result<bool, Reason> {
        if newest == known.note() {
            return Ok(true);
        }
        let old = Some(known.note()).filter(|note| !note.is_empty()).map(|note| Bytes::from(note.to_owned()));
        match self.index.swap_sumdb_head(&self.name, old, Bytes::from(newest.to_owned())).await {
            Err(error) if error.is_full() => Ok(true),
            end => end.map_err(|error| Reason::Store(error.to_string())),
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
            Failure::Trouble(trouble) => self.unproven(&self.name, what, &trouble.to_string()),
        }
    }

    fn unproven(&self, from: &str, what: &str, cause: &str) -> Reason {
        Reason::Unproven(format!("checksum database {}: reading {what} from {from}: {cause}", self.name))
    }
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

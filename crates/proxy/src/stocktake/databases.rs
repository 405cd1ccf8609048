//! What is kept of checksum databases of others: every tile and every lookup, against the newest head known of each. Nobody is asked.
//!
//! What does not prove is removed where the store is held alone: whoever asks for it has it fetched and proven again.

use std::{
    collections::{BTreeMap, HashMap},
    time::Instant,
};

use bytes::Bytes;
use gomod::{
    module::{ModulePath, Version},
    sumdb::{
        tile::{Tile, TilePlan},
        tlog::{Tree, parse_record, stored_hash_index},
    },
};
use plan::Reason;
use store::{
    Index as _, StoreError,
    limits::PAGE,
    stock::{Hold, Stock},
};

use super::{Fault, teller::Teller};
use crate::{Journey, replay::prove_with, sumdb::Sumdb};

/// What is kept of one database.
struct Kept<'a> {
    stock: &'a Stock,
    database: &'a Sumdb,
    /// The newest tree known.
    tree: Tree,
    bytes: u64,
    /// What does not prove: the path, and why.
    wrong: BTreeMap<String, Fault>,
}

/// Proves what is kept of `database`, whose newest tree is `tree`.
pub(super) async fn prove(stock: &Stock, database: &Sumdb, tree: Tree, teller: &mut Teller<'_>) -> Result<(), StoreError> {
    let mut kept = Kept { stock, database, tree, bytes: teller.tally.log_bytes, wrong: BTreeMap::new() };
    kept.each("tile/", async |kept, path| {
        teller.tally.kept_tiles += 1;
        teller.tally.log_bytes = kept.bytes;
        teller.read();
        kept.tile(&path).await
    })
    .await?;
    kept.each("lookup/", async |kept, path| {
        teller.tally.lookups += 1;
        teller.tally.log_bytes = kept.bytes;
        teller.read();
        kept.lookup(&path).await
    })
    .await?;
    let (name, wrong) = (database.name(), kept.wrong);
    let goes = |fault: &Fault| matches!(fault, Fault::Unproven(_)) && stock.hold() == Hold::Alone;
    let gone: Vec<String> = wrong.iter().filter(|(_, fault)| goes(fault)).map(|(path, _)| path.clone()).collect();
    if !gone.is_empty() {
        stock.remove_sumdb_files(name, gone).await?;
    }
    for (path, fault) in wrong {
        let aside = goes(&fault);
        teller.found(&format!("sumdb/{name}/{path}"), fault, aside);
    }
    Ok(())
}

impl Kept<'_> {
    async fn each(
        &mut self,
        prefix: &str,
        mut work: impl AsyncFnMut(&mut Self, String) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut last = String::new();
        loop {
            let page = self.stock.index().sumdb_paths(self.database.name(), prefix, &last, PAGE)?;
            let Some(end) = page.last() else { return Ok(()) };
            last.clone_from(end);
            for path in page {
                work(self, path).await?;
            }
        }
    }

    async fn file(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.stock.index().sumdb_file(self.database.name(), path).await
    }

    /// The body of a tile and the path under which it, or a wider one that it is cut out of, is kept.
    async fn place(&self, tile: &Tile) -> Result<Option<(String, Vec<u8>)>, StoreError> {
        for wider in [Some(*tile), Some(tile.full()), tile.in_tree(self.tree.size)].into_iter().flatten() {
            let path = wider.to_string();
            if let Some(body) = self.file(&path).await? {
                let cut = if wider == *tile { None } else { tile.cut(&body) };
                return Ok(Some((path, cut.unwrap_or_else(|| body.to_vec()))));
            }
        }
        Ok(None)
    }

    async fn tile(&mut self, path: &str) -> Result<(), StoreError> {
        let Some(body) = self.file(path).await? else { return Ok(()) };
        self.bytes += body.len() as u64;
        let Ok(tile) = Tile::parse(path) else {
            self.blame(path, "it is no tile");
            return Ok(());
        };
        // What lies beyond the newest tree was kept a moment before its head, and is proven once that is there.
        let Ok(plan) = TilePlan::for_tile(self.tree, &tile) else { return Ok(()) };
        let mut places = HashMap::new();
        for tile in plan.tiles() {
            // Without those above it, nobody is given it without proving it, either.
            let Some(place) = self.place(tile).await? else { return Ok(()) };
            places.insert(*tile, place);
        }
        let of = |tile: &Tile| places.get(tile).map(|(_, body)| body.clone()).unwrap_or_default();
        match prove_with(self.tree, plan, &of) {
            Ok(proven) if proven.check_tile(&tile, &body).is_ok() => {}
            Ok(_) => self.blame(path, "it is not the tile of the signed tree"),
            Err(culprits) => {
                let said = match culprits.len() {
                    1 => "its hashes are not those of the signed tree",
                    _ => "it or another tile of the tree's edge is not the signed tree's",
                };
                for (path, _) in culprits.iter().filter_map(|culprit| places.get(culprit)) {
                    self.blame(path, said);
                }
            }
        }
        Ok(())
    }

    async fn lookup(&mut self, path: &str) -> Result<(), StoreError> {
        let Some((module, version)) = subject(path) else {
            self.blame(path, "it is the lookup of no version");
            return Ok(());
        };
        let Some(body) = self.file(path).await? else { return Ok(()) };
        self.bytes += body.len() as u64;
        match self.database.prove(&module, &version, &Journey::new(Instant::now())).await {
            Ok(_) => {}
            Err(Reason::Store(said)) => drop(self.wrong.insert(path.to_owned(), Fault::Unreadable(said))),
            // Then it is not to blame.
            Err(_) if self.lacks_a_tile(&body).await? => {}
            Err(reason) => self.blame(path, &reason.to_string()),
        }
        Ok(())
    }

    /// Whether a tile that leads to this lookup's record is not kept, or wrong itself.
    async fn lacks_a_tile(&self, lookup: &[u8]) -> Result<bool, StoreError> {
        let Ok((number, ..)) = parse_record(lookup) else { return Ok(false) };
        let Ok(plan) = TilePlan::new(self.tree, &[stored_hash_index(0, number)]) else { return Ok(false) };
        for tile in plan.tiles() {
            match self.place(tile).await? {
                Some((path, _)) if !self.wrong.contains_key(&path) => {}
                _ => return Ok(true),
            }
        }
        Ok(false)
    }

    fn blame(&mut self, path: &str, said: &str) {
        self.wrong.entry(path.to_owned()).or_insert_with(|| Fault::Unproven(said.to_owned()));
    }
}

/// The version of `lookup/M@V`.
fn subject(path: &str) -> Option<(ModulePath, Version)> {
    let (module, version) = path.strip_prefix("lookup/")?.rsplit_once('@')?;
    Some((ModulePath::unescape(module).ok()?, Version::unescape(version).ok()?))
}

//! The logs of our own that a store holds: every tile and record, against the signed head and the index's lock.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use gomod::sumdb::{note::SignerKey, tile::Tile, tlog::Tree};
use store::{log::Logs, stock::Stock};

use super::{Fault, teller::Teller};
use crate::{
    notary,
    replay::{self, Holds, Shelf, Stored, replay_tree},
    sumdb::chain_of,
    tlog::{Log, LogError, LogSettings, Refusal, SignedHead, Standing, published_note},
};

/// A log that the configuration names.
pub(super) struct Known {
    /// What the store calls it.
    pub(super) log: String,
    /// Whose signatures count, as for [`crate::tlog::LogSettings::signers`].
    pub(super) signers: Vec<SignerKey>,
    pub(super) holds: Holds,
}

/// One log and its place in the index.
struct Ours<'a> {
    stored: Stored<'a>,
    logs: Logs,
    settings: LogSettings,
    holds: Holds,
    bytes: AtomicU64,
}

#[async_trait]
impl Shelf for Ours<'_> {
    async fn head(&self) -> Result<Vec<u8>, String> {
        self.stored.head().await
    }

    async fn tile(&self, tile: &Tile) -> Result<Option<Bytes>, String> {
        let body = self.stored.tile(tile).await?;
        self.bytes.fetch_add(body.as_ref().map_or(0, Bytes::len) as u64, Ordering::Relaxed);
        Ok(body)
    }

    async fn file(&self, path: &str, limit_bytes: u64) -> Result<Option<Bytes>, String> {
        self.stored.file(path, limit_bytes).await
    }

    fn holds(&self) -> Holds {
        self.holds
    }

    async fn is_forgotten(&self, tile: &Tile) -> Result<bool, String> {
        let end = (tile.number() + 1) * u64::from(tile.full().width());
        let kept = Log::now_kept(self.settings.clone(), self.logs.clone()).await.map_err(|error| chain_of(&error))?;
        Ok(tile.is_full() && end <= kept)
    }

    async fn leads_to(&self, version: &str, number: u64) -> Result<bool, String> {
        let found = self.logs.lock.number(self.stored.log, version).await.map_err(|error| error.to_string())?;
        Ok(found == Some(number))
    }
}

/// Proves every log that has tiles in `stock` or is one of `known`.
pub(super) async fn prove_all(stock: &Stock, known: &[Known], teller: &mut Teller<'_>) {
    for own in known {
        prove(stock, own, teller).await;
    }
    let names = match stock.log_names() {
        Ok(names) => names,
        Err(error) => return teller.found("logs", Fault::Unreadable(error.to_string()), false),
    };
    for log in names.into_iter().filter(|name| known.iter().all(|own| own.log != *name)) {
        // What a witness remembers lies there, too, and has no tiles.
        match stock.logs().files.list(&log, "tile/", 1).await {
            Ok(tiles) if tiles.is_empty() => continue,
            Ok(_) => teller.unsigned(&format!("logs/{log}")),
            Err(error) => {
                teller.found(&format!("logs/{log}"), Fault::Unreadable(chain_of(&error)), false);
                continue;
            }
        }
        let holds = if log == notary::LOG { Holds::Sums } else { Holds::Texts };
        prove(stock, &Known { log, signers: Vec::new(), holds }, teller).await;
    }
}

async fn prove(stock: &Stock, own: &Known, teller: &mut Teller<'_>) {
    let path = format!("logs/{}", own.log);
    let (log, signers, may_forget) = (own.log.clone(), own.signers.clone(), own.holds != Holds::Sums);
    let settings = LogSettings { log, signers, holder: String::new(), may_forget, signed: Arc::new(|_| ()) };
    let standing = match Log::inspect(settings.clone(), stock.logs()).await {
        Ok(standing) => standing,
        Err(LogError::Store(error)) => return teller.found(&path, Fault::Unreadable(chain_of(&*error)), false),
        Err(error) => return teller.found(&path, Fault::Unreadable(chain_of(&error)), false),
    };
    let head = format!("{path}/published");
    if let (Err(refusal), false) = (&standing.head, own.signers.is_empty()) {
        teller.found(&head, Fault::Log { code: code(refusal), said: refusal.to_string() }, false);
    }
    for said in &standing.blemishes {
        teller.found(&head, Fault::Log { code: "bad-head", said: said.clone() }, false);
    }
    let tree = match &standing.head {
        Ok(head) => head.as_ref().map(SignedHead::tree),
        Err(_) if own.signers.is_empty() => match unsigned(stock, &own.log).await {
            // The lock is ahead for a moment, or after a crash.
            Some(tree) if standing.decided.is_some_and(|decided| decided.size > tree.size || decided == tree) => Some(tree),
            _ => {
                let said = "its head is not that of the index, or one of them cannot be read".to_owned();
                teller.found(&head, Fault::Log { code: "bad-head", said }, false);
                standing.decided
            }
        },
        Err(_) => standing.decided,
    };
    // Without a tree nothing can be proven: either nothing was begun, or it was said above.
    if let Some(tree) = tree {
        records(stock, (own, settings), (&standing, tree), teller).await;
    }
}

/// The tree of the published head, whoever signed it.
async fn unsigned(stock: &Stock, log: &str) -> Option<Tree> {
    let note = published_note(&stock.logs().files.published(log).await.ok()??)?;
    Tree::parse(&note).ok()
}

async fn records(
    stock: &Stock,
    (own, settings): (&Known, LogSettings),
    (standing, tree): (&Standing, Tree),
    teller: &mut Teller<'_>,
) {
    let (path, logs) = (format!("logs/{}", own.log), stock.logs());
    let stored = Stored { files: &*logs.files, log: &own.log };
    let ours = Ours { stored, logs: logs.clone(), settings, holds: own.holds, bytes: AtomicU64::new(0) };
    teller.tally.logs += 1;
    let before = teller.tally;
    let told = Mutex::new(&mut *teller);
    let progress = |done: u64, _: u64| {
        if let Ok(mut teller) = told.lock() {
            teller.tally.records = before.records + done;
            teller.tally.log_bytes = before.log_bytes + ours.bytes.load(Ordering::Relaxed);
            teller.read();
        }
    };
    let end = replay_tree(&ours, tree, &progress).await;
    let replayed = match end {
        Ok(replayed) => replayed,
        Err(said) => return teller.found(&path, Fault::Unreadable(said), false),
    };
    teller.tally.records = before.records + replayed.records;
    teller.tally.tiles += replayed.tiles;
    for replay::Finding { code, place, text } in replayed.findings {
        teller.found(&format!("{path}/{place}"), Fault::Log { code, said: text }, false);
    }
    teller.tally.found += replayed.more;
    if own.holds == Holds::Lines && standing.first_kept > replayed.forgets {
        let said = format!("the records before {} are gone, and no line says that they were forgotten", standing.first_kept);
        teller.found(&path, Fault::Log { code: "lost-tile", said }, false);
    }
}

const fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::StorageNewer { .. } => "storage-newer",
        Refusal::LockNewer { .. } => "lock-newer",
        Refusal::Forked { .. } => "forked",
        Refusal::Lock => "bad-lock",
        Refusal::Key { .. } | Refusal::Damaged { .. } => "bad-head",
    }
}

//! Our own checksum database: what gets a record, what the records say, and how they are read. The log itself is [`crate::tlog`].

use std::sync::Arc;

use bytes::Bytes;
use gomod::{
    module::{ModulePath, Version},
    sumdb::{
        record::Record,
        tile::{Tile, TileLevel},
    },
};
use plan::{Caller, Reason, SumdbAsk};
use store::Digest;

use crate::{
    settings::{OwnSumdb, Records},
    tlog::{Found, Log, LogError},
    vouch::Sums,
};

/// What the log of our own checksum database is called in the store. It stays when name and key change.
pub const LOG: &str = "sumdb";

/// Writes down what a version was when it was first proven here, once and for ever.
pub struct Notary {
    log: Arc<Log>,
    records: Records,
    /// Auditors with what their tokens hash to, so that comparing takes as long whatever is right of a wrong one.
    auditors: Vec<(String, Digest)>,
}

impl Notary {
    /// The notary of an open log.
    pub fn new(log: Arc<Log>, settings: &OwnSumdb) -> Self {
        let auditors =
            settings.auditors.iter().map(|auditor| (auditor.name.clone(), Digest::of(auditor.token.reveal().as_bytes())));
        Self { log, records: settings.records, auditors: auditors.collect() }
    }

    /// The database's names, its own first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.log.names()
    }

    /// What gets a record.
    pub fn records(&self) -> Records {
        self.records
    }

    /// Whose token this is.
    pub fn caller(&self, token: &str) -> Caller {
        let digest = Digest::of(token.as_bytes());
        let auditor = self.auditors.iter().find(|(_, known)| *known == digest);
        auditor.map_or(Caller::Anyone, |(name, _)| Caller::Auditor(name.clone()))
    }

    /// What the record of `module@version` says; `None` if there is none.
    ///
    /// # Errors
    /// [`Reason::Store`] if it is damaged or cannot be read, [`Reason::Busy`] while it is being published.
    pub async fn sums(&self, module: &ModulePath, version: &Version) -> Result<Option<Sums>, Reason> {
        let Some(found) = self.find(module, version).await? else { return Ok(None) };
        let record =
            Record::parse(found.text.as_bytes()).map_err(|error| Reason::Store(format!("record {}: {error}", found.number)))?;
        let name = self.log.names().next().unwrap_or_default();
        let vouched = format!("sumdb {name} {}", found.head.tree().size);
        Ok(Some(Sums::Known { zip: record.zip_h1(), go_mod: record.mod_h1(), vouched }))
    }

    /// The body of `lookup/M@V`: the record and a tree head at which it proves; `None` if there is no record.
    ///
    /// # Errors
    /// As [`Notary::sums`].
    pub async fn lookup(&self, module: &ModulePath, version: &Version) -> Result<Option<Bytes>, Reason> {
        Ok(self.find(module, version).await?.map(|found| found.answer().into()))
    }

    /// Writes `record` down, unless the version has one; that the two are the same is the caller's proof of the version.
    ///
    /// Returns after the record is durable and its head published. May be dropped at any await; it may be written all the same.
    ///
    /// # Errors
    /// [`Reason::Mismatch`] if the version has another record, which stays; [`LogError::reason`] of all else.
    pub async fn write(&self, record: &Record) -> Result<(), Reason> {
        let added = self.log.add(&record.key(), &record.to_string()).await.map_err(|error| error.reason())?;
        if added.text == record.to_string() {
            return Ok(());
        }
        Err(Reason::Mismatch(format!("verifying {}: record {} of this server says otherwise", record.key(), added.number)))
    }

    /// The body of `latest`, of a checkpoint or of a tile of the database under its name `name`.
    ///
    /// # Errors
    /// [`Reason::NotExist`] if the tree has no such tile; [`LogError::reason`].
    pub async fn read(&self, name: &str, ask: &SumdbAsk) -> Result<Bytes, Reason> {
        let no_tile = |path: String| Reason::NotExist(format!("{name} has no {path} yet"));
        let body = match ask {
            SumdbAsk::Latest => self.log.head().map(|head| Some(Bytes::from(head.note().to_owned()))),
            SumdbAsk::Checkpoint => self.log.checkpoint(name).map(|note| note.map(Bytes::from)),
            SumdbAsk::Tile(path) => match Tile::parse(path) {
                Ok(tile) => self.log.tile(&tile).await,
                Err(_) => Ok(None),
            },
            SumdbAsk::Tlog(tile) if tile.level() == TileLevel::Data => self.log.entries(tile).await,
            SumdbAsk::Tlog(tile) => self.log.tile(tile).await,
            SumdbAsk::Supported | SumdbAsk::Lookup(..) => Ok(None),
        };
        body.map_err(|error| error.reason())?.ok_or_else(|| no_tile(ask.path()))
    }

    async fn find(&self, module: &ModulePath, version: &Version) -> Result<Option<Found>, Reason> {
        let key = format!("{}@{}", module.as_str(), version.as_str());
        self.log.lookup(&key).await.map_err(|error: LogError| error.reason())
    }
}

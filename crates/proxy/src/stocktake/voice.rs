//! Who says what the sums of a version are, out of what is kept here and nothing else.

use std::{sync::Arc, time::Instant};

use gomod::{
    goenv::SumdbSetting,
    module::{ModulePath, Version},
    sumdb::note::VerifierKey,
};
use plan::Reason;
use store::{Index, StoreError, stock::Stock};

use crate::{
    BadSettings, Journey,
    clock::Clock,
    notary::{LOG, Notary},
    settings::{self, OwnSumdb},
    sumdb::{Sumdb, lookup_path},
    tlog::{Log, LogError, LogSettings},
    vouch::Sums,
};

/// A checksum database, as far as it is kept here.
pub(super) enum Voice {
    /// One of others: its lookups and tiles that were asked for.
    Others(Arc<Sumdb>),
    /// Our own: all of it.
    Own(Notary),
}

impl Voice {
    /// The databases of others in `sums`, which ask nobody.
    pub(super) fn others(stock: &Stock, sums: &settings::Sums) -> Result<Vec<Arc<Sumdb>>, BadSettings> {
        let mut databases = Vec::new();
        for setting in std::iter::once(&sums.database).chain(&sums.proxied) {
            let SumdbSetting::Database { name, key, .. } = setting else { continue };
            let key = VerifierKey::parse(key).map_err(|error| BadSettings::Key(error.to_string()))?;
            databases.push(Sumdb::new(name.clone(), key, Vec::new(), Arc::clone(stock.index()) as _, None));
        }
        Ok(databases)
    }

    /// Our own, read as it is; `None` if it has published nothing yet.
    pub(super) async fn own(stock: &Stock, own: &OwnSumdb) -> Result<Option<Self>, Reason> {
        let signers = std::iter::once(&own.key).chain(&own.old_key).cloned().collect();
        let settings =
            LogSettings { log: LOG.to_owned(), signers, holder: String::new(), may_forget: false, signed: Arc::new(|_| ()) };
        match Log::reader(settings, stock.logs(), Clock::system()).await {
            Ok(log) => Ok(Some(Self::Own(Notary::new(Arc::new(log), own)))),
            Err(LogError::Unpublished) => Ok(None),
            Err(error) => Err(error.reason()),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Others(database) => database.name(),
            Self::Own(notary) => notary.names().next().unwrap_or_default(),
        }
    }

    /// What it has on a version, proven; `None` if nothing is kept here. What is kept and does not prove is told in words.
    pub(super) async fn sums(
        &self,
        index: &dyn Index,
        module: &ModulePath,
        version: &Version,
    ) -> Result<Option<Result<Sums, String>>, StoreError> {
        match self {
            Self::Others(database) => {
                if index.sumdb_file(database.name(), &lookup_path(module, version)).await?.is_none() {
                    return Ok(None);
                }
                let sums = database.prove(module, version, &Journey::new(Instant::now())).await;
                Ok(Some(sums.map_err(|reason| reason.to_string())))
            }
            Self::Own(notary) => match notary.sums(module, version).await {
                // A server beside us is about to publish it.
                Ok(None) | Err(Reason::Busy(_)) => Ok(None),
                Ok(Some(sums)) => Ok(Some(Ok(sums))),
                Err(reason) => Ok(Some(Err(reason.to_string()))),
            },
        }
    }
}

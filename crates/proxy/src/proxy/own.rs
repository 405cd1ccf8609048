//! The way to a record of our own: a version is fetched and proven as for any client, and what was kept first is written down.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt as _, future::BoxFuture};
use gomod::{
    dirhash::H1,
    module::{ModulePath, Version},
    sumdb::record::Record,
};
use plan::{Ask, Event, Reason, Request, SumdbAsk, Way};
use store::VersionRecord;

use super::{Inner, Landed, Proxy, sumdb_answer};
use crate::{
    answer::{Answer, Body, Caching},
    chain::Miss,
    flight::Landing,
    journey::Journey,
    limits,
    notary::Notary,
    settings::Records,
    spool::Settled,
    sumdb::Sumdb,
    vouch::Sums,
};

impl Proxy {
    /// What our own checksum database answers.
    pub(super) async fn fetch_own(&self, notary: &Arc<Notary>, request: &Request, journey: &Journey) -> Landed {
        let Request::Sumdb(name, ask, way) = request else { return Err(Miss::Failed(Reason::Internal("no database".into()))) };
        if let SumdbAsk::Lookup(module, version) = ask {
            return self.look_up(notary, (module, version, *way), request, journey).await;
        }
        match notary.read(name, ask).await {
            // For one reader: no cache on the way may keep it for another.
            Ok(body) if ask.tells_records() => {
                Ok(Answer { caching: Caching::Never, hot_for: Duration::ZERO, ..sumdb_answer(ask, body) })
            }
            Ok(body) => Ok(sumdb_answer(ask, body)),
            Err(reason) => Err(missed(reason)),
        }
    }

    /// The record of a version; one that has none gets it first. Whoever asks for the same meanwhile waits for the same.
    async fn look_up(
        &self,
        notary: &Arc<Notary>,
        (module, version, way): (&ModulePath, &Version, Way),
        request: &Request,
        journey: &Journey,
    ) -> Landed {
        if let Some(reason) = self.inner.not_recorded(notary, module) {
            return Err(Miss::Failed(reason));
        }
        if let Some(body) = notary.lookup(module, version).await.map_err(Miss::Failed)? {
            return Ok(self.inner.record_answer(module, version, body));
        }
        if !self.inner.air.takes(&request.path(), limits::MAX_FLIGHTS) {
            return Err(Miss::Failed(Reason::Busy(format!("{} fetches are under way", limits::MAX_FLIGHTS))));
        }
        let (proxy, notary, journey) = (self.clone(), Arc::clone(notary), journey.clone());
        let (module, version) = (module.clone(), version.clone());
        let first = |landing: Landing<Landed>| async move {
            let end = proxy.first_record(&notary, &module, &version, way, &journey).await;
            landing.tell(end.map_err(missed));
        };
        let landed = self.inner.air.join(request.path(), first).await.1;
        landed.unwrap_or_else(|lost| Err(Miss::Failed(Reason::Internal(lost.to_string()))))
    }

    /// Writes the first record of a version, and answers its lookup. Nothing is written of what does not exist or is not proven.
    async fn first_record(
        &self,
        notary: &Notary,
        module: &ModulePath,
        version: &Version,
        way: Way,
        journey: &Journey,
    ) -> Result<Answer, Reason> {
        let record = match self.inner.public(module) {
            Some(database) => self.inner.record_of_public(&database, module, version, journey).await?,
            None => {
                // A crash below leaves a version that is kept and has no record: the next lookup, or fetch, writes it.
                self.keep(module, Ask::Mod(version.clone()), way, journey).await?;
                self.keep(module, Ask::Zip(version.clone()), way, journey).await?;
                let kept = self.inner.kept_record(module, version).await?;
                kept.ok_or_else(|| Reason::Store(format!("{module}@{version} could not be kept, so it has no record")))?
            }
        };
        notary.write(&record).await?;
        let body = notary.lookup(module, version).await?.ok_or_else(|| Reason::Internal("a record is gone".into()))?;
        Ok(self.inner.record_answer(module, version, body))
    }

    /// Has one file of a version fetched and kept as for any client, and waits until it is proven.
    async fn keep(&self, module: &ModulePath, ask: Ask, way: Way, journey: &Journey) -> Result<(), Reason> {
        let request = Request::Module(module.clone(), ask, way);
        let answer = self.answered(&request, journey).await?;
        let Body::Growing(mut reader, _) = answer.body else { return Ok(()) };
        match reader.wait(|_| false).await.settled {
            Some(Settled::Proven) => Ok(()),
            // Why is known to the next request, which does not stream.
            Some(Settled::Refused | Settled::Lost) | None => self.answered(&request, journey).await.map(drop),
        }
    }

    /// One step of a way that may come back here: its future has a size of its own.
    fn answered<'a>(&'a self, request: &'a Request, journey: &'a Journey) -> BoxFuture<'a, Result<Answer, Reason>> {
        self.decide_on(request, journey).boxed()
    }
}

impl Inner {
    /// The answer to a lookup of our own. No cache on the way may keep one of a private module.
    fn record_answer(&self, module: &ModulePath, version: &Version, body: Bytes) -> Answer {
        let answer = sumdb_answer(&SumdbAsk::Lookup(module.clone(), version.clone()), body);
        let is_private = self.fetcher.voucher.private(module).is_some();
        Answer { caching: if is_private { Caching::Private } else { answer.caching }, ..answer }
    }

    /// Why `module` gets no record here, if so.
    fn not_recorded(&self, notary: &Notary, module: &ModulePath) -> Option<Reason> {
        let is_private = self.fetcher.voucher.private(module).is_some();
        let name = notary.names().next().unwrap_or_default();
        let reason = || Reason::NotRecorded(format!("{name} has records of private modules only, and {module} is public"));
        (notary.records() == Records::Private && !is_private).then(reason)
    }

    /// The public checksum database that knows `module`; `None` for private modules, and where none is asked.
    fn public(&self, module: &ModulePath) -> Option<Arc<Sumdb>> {
        let voucher = &self.fetcher.voucher;
        voucher.database.clone().filter(|_| voucher.private(module).is_none())
    }

    /// What the public checksum database says. It costs no zip: who asks for a go.mod only, gets its sum.
    async fn record_of_public(
        &self,
        database: &Sumdb,
        module: &ModulePath,
        version: &Version,
        journey: &Journey,
    ) -> Result<Record, Reason> {
        // That it is not there is told from trouble by this one; the one below finds it proven.
        database.lookup(module, version, journey).await?;
        let Sums::Known { zip, go_mod, vouched } = database.prove(module, version, journey).await? else {
            return Err(Reason::Unproven(format!("{module}@{version} is not proven by {}", database.name())));
        };
        journey.note(Event::Vouched(vouched.clone()));
        let sums = Sums::Known { zip, go_mod, vouched };
        // Bytes kept first win for ever; if the database knows others, no record can be right.
        let kept = self.version(module, version).await?;
        kept_h1(kept.zip.as_ref()).map_or(Ok(()), |h1| sums.check_zip(module, version, &h1))?;
        kept_h1(kept.go_mod.as_ref()).map_or(Ok(()), |h1| sums.check_mod(module, version, &h1))?;
        written(module, version, zip, go_mod)
    }

    /// What the store kept first of the version; `None` unless it has go.mod and zip.
    async fn kept_record(&self, module: &ModulePath, version: &Version) -> Result<Option<Record>, Reason> {
        let kept = self.version(module, version).await?;
        match (kept_h1(kept.zip.as_ref()), kept_h1(kept.go_mod.as_ref())) {
            (Some(zip), Some(go_mod)) => written(module, version, zip, go_mod).map(Some),
            _ => Ok(None),
        }
    }

    /// Writes the record of a private version as soon as all of it is kept: the first fetch counts, not the first lookup.
    pub(super) async fn record_kept(&self, module: &ModulePath, ask: &Ask, journey: &Journey) {
        let (Some(notary), Ask::Mod(version) | Ask::Zip(version)) = (&self.notary, ask) else { return };
        if self.not_recorded(notary, module).is_some() || self.public(module).is_some() {
            return;
        }
        let end = match self.kept_record(module, version).await {
            Ok(Some(record)) => notary.write(&record).await,
            Ok(None) => return,
            Err(reason) => Err(reason),
        };
        if let Err(reason) = end {
            // The next lookup of the version tries again, and tells its client.
            journey.note(Event::NotKept(format!("no record: {reason}")));
        }
    }

    async fn version(&self, module: &ModulePath, version: &Version) -> Result<VersionRecord, Reason> {
        let kept = self.cache.index.version(module.as_str(), version.as_str()).await;
        Ok(kept.map_err(|error| Reason::Store(error.to_string()))?.unwrap_or_default())
    }
}

fn kept_h1(part: Option<&store::Part>) -> Option<H1> {
    part.and_then(|part| part.h1.as_deref()).and_then(|h1| H1::parse(h1).ok())
}

fn written(module: &ModulePath, version: &Version, zip: H1, go_mod: H1) -> Result<Record, Reason> {
    Record::new(module.clone(), version.clone(), zip, go_mod)
        .map_err(|error| Reason::BadContent(format!("{module}@{version} can have no record: {error}")))
}

fn missed(reason: Reason) -> Miss {
    match reason {
        Reason::NotExist(text) => Miss::NotExist(text),
        other => Miss::Failed(other),
    }
}

//! The store, and the proxy that stands on it now: a reload puts another one in its place.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use gomod::sumdb::note::SignerKey;
use plan::Reason;
use proxy::{
    Ground, Proxy,
    audit::Audit,
    client::Client,
    clock::Clock,
    drift::Alarm,
    tlog::{
        Gauges, Log, LogError, LogSettings, Sequencer, SignedHead,
        witness::{Asked, Silence, Site, Witnesses},
    },
};
use store::{
    StoreError,
    embedded::open_parts,
    fs::FsBlobs,
    log::Logs,
    sqlite::SqliteIndex,
    sweep::{Swept, sweep},
};
use tokio::{sync::Semaphore, task::JoinHandle};

use super::{
    diary::Diary,
    recorder::{AUDIT, Auditing},
};
use crate::{config::Config, http::metrics::Metrics};

/// The ground that stays, and the proxy that may be exchanged.
pub(super) struct Standing {
    sweeping: (Arc<FsBlobs>, Arc<SqliteIndex>),
    ground: Ground,
    proxy: ArcSwap<Proxy>,
    /// Writes the log of our own checksum database, if there is one.
    _sequencing: Option<AbortOnDrop>,
    auditing: Option<Auditing>,
}

/// What the log of our own checksum database is called in the store. It stays when name and key change.
pub(crate) const SUMDB_LOG: &str = proxy::notary::LOG;

/// A task that ends with its owner; what a sequencer leaves half done, the next start completes.
pub(super) struct AbortOnDrop(pub(super) JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Standing {
    /// Opens the store and makes the proxy.
    pub(super) async fn open(config: &Config, metrics: &Metrics, alarm: Alarm) -> anyhow::Result<Self> {
        let (blobs, index) = open_parts(&config.store_path, config.reserve_bytes).context("opening the store")?;
        let logs = Logs { files: Arc::new(blobs.logs()), lock: Arc::clone(&index) as _ };
        let sweeping = (Arc::clone(&blobs), Arc::clone(&index));
        let mut counters = proxy::metrics::Metrics::default();
        metrics.register(|registry| counters = proxy::metrics::Metrics::register(registry));
        let checks = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));
        let roots = config.roots.clone();
        let (air, repositories) = Default::default();
        let clock = Clock::system();
        let (log, sequencing) = match &config.proxy.sums.own {
            Some(own) => {
                let signers = std::iter::once(&own.key).chain(&own.old_key).cloned().collect();
                let opened = open_log(SUMDB_LOG, signers, &life()?, logs.clone(), (clock.clone(), counters.clone())).await;
                let (log, sequencer) = opened.context("opening the log of our own checksum database")?;
                (Some(log), Some(AbortOnDrop(tokio::spawn(sequencer.run()))))
            }
            None => (None, None),
        };
        let auditing = match &config.audit {
            Some(wanted) => Some(Auditing::start(wanted, logs, clock.clone(), counters.clone()).await?),
            None => None,
        };
        let gauges = log.iter().fold(Gauges::default(), |gauges, log| gauges.with(SUMDB_LOG, Arc::downgrade(log)));
        let gauges = auditing.iter().fold(gauges, |gauges, auditing| gauges.with(AUDIT, auditing.log()));
        metrics.register(|registry| registry.register_collector(Box::new(gauges)));
        let ground = Ground { blobs, index, roots, clock, metrics: counters, air, checks, repositories, log, alarm };
        let proxy = Proxy::assemble(config.proxy.clone(), ground.clone())?;
        Ok(Self { sweeping, ground, proxy: ArcSwap::from_pointee(proxy), _sequencing: sequencing, auditing })
    }

    /// A proxy with the settings of `config` on the same ground; nothing is changed by it.
    pub(super) fn prepare(&self, config: &Config) -> anyhow::Result<Proxy> {
        let ground = Ground { roots: config.roots.clone(), ..self.ground.clone() };
        Ok(Proxy::assemble(config.proxy.clone(), ground)?)
    }

    /// Puts `proxy` in place. Requests on their way end with the one they began with.
    pub(super) fn change(&self, proxy: Proxy) {
        proxy.take_place();
        self.proxy.store(Arc::new(proxy));
    }

    /// Where logs rest, and what a witness remembers.
    pub(super) fn logs(&self) -> Logs {
        let (blobs, index) = &self.sweeping;
        Logs { files: Arc::new(blobs.logs()), lock: Arc::clone(index) as _ }
    }

    /// Begins to ask the witnesses of our own checksum database, if it has any, about each new head.
    pub(super) async fn ask_witnesses(&self, config: &Config, diary: &Diary) -> anyhow::Result<Option<AbortOnDrop>> {
        let (Some(log), Some(set), Some(own)) = (&self.ground.log, &config.witnesses, &config.proxy.sums.own) else {
            return Ok(None);
        };
        let mut sites = Vec::new();
        for (key, hop) in &set.sites {
            let client =
                Client::new(hop, &config.roots).map_err(|trouble| anyhow::anyhow!("witness {}: {trouble}", key.name()))?;
            sites.push(Site { key: key.clone(), client });
        }
        let witnesses = Witnesses::new(own.key.name(), sites, set.quorum, proxy::limits::WITNESS_PATIENCE);
        let witnesses = Arc::new(if set.is_required { witnesses.required() } else { witnesses });
        witnesses.recall(log).await.context("reading what witnesses cosigned")?;
        log.witnessed_by(Arc::clone(&witnesses));
        let (log, diary) = (Arc::clone(log), diary.clone());
        let task = async move {
            let told = |end: Result<&Asked, &LogError>| match end {
                Ok(asked) => asked.news.iter().for_each(|(name, silence)| of_witness(&diary, name, silence.as_ref())),
                // Before the log has begun there is nothing to ask about.
                Err(LogError::Unpublished) => {}
                Err(error) => diary.note("error", &format!("keeping what witnesses cosigned: {error}")),
            };
            witnesses.run(&log, told).await;
        };
        Ok(Some(AbortOnDrop(tokio::spawn(task))))
    }

    /// Tells whoever reads the log of this server when one of ours takes no more records, or the audit log loses lines: only an operator can mend it,
    /// and nothing else fails.
    pub(super) fn tell_refusals(&self, diary: &Diary) -> Vec<AbortOnDrop> {
        let audit = self.audit().map(Audit::log);
        let tell = |log: &Arc<Log>| {
            let (log, diary) = (Arc::clone(log), diary.clone());
            AbortOnDrop(tokio::spawn(async move {
                let refusal = log.refused().await;
                let name = log.names().next().unwrap_or_default();
                diary.note(
                    "error",
                    &format!(
                        "{name} signs nothing more, what it has is served on: {refusal}; an operator mends it, then a restart"
                    ),
                );
            }))
        };
        let missing = self.auditing.iter().map(|auditing| auditing.tell_missing(diary));
        self.ground.log.iter().chain(audit).map(tell).chain(missing).collect()
    }

    pub(super) fn proxy(&self) -> Arc<Proxy> {
        self.proxy.load_full()
    }

    /// Drops what no record names and proves the rest.
    pub(super) async fn sweep(&self) -> Result<Swept, StoreError> {
        let (blobs, index) = &self.sweeping;
        sweep(blobs, &**index, Duration::ZERO, SystemTime::now()).await
    }

    pub(super) fn audit(&self) -> Option<&Audit> {
        self.auditing.as_ref().map(Auditing::audit)
    }

    /// As [`Auditing::close`]; true if there is no audit log.
    pub(super) async fn close_audit(&self) -> bool {
        match &self.auditing {
            Some(auditing) => auditing.close().await,
            None => true,
        }
    }

    /// As [`Auditing::forget`].
    pub(super) async fn forget(&self) -> Result<Option<u64>, LogError> {
        match &self.auditing {
            Some(auditing) => auditing.forget().await,
            None => Ok(None),
        }
    }

    pub(super) async fn ready(&self) -> Result<(), Reason> {
        self.proxy().ready().await
    }
}

/// A line for each silence of a witness that begins, changes or ends.
fn of_witness(diary: &Diary, name: &str, silence: Option<&Silence>) {
    match silence {
        Some(silence) => {
            let level = if silence.is_alarm() { "error" } else { "warn" };
            diary.note(level, &format!("the witness {name} does not cosign the checksum database: {silence}"));
        }
        None => diary.note("info", &format!("the witness {name} cosigns the checksum database again")),
    }
}

/// One life of one process, unlike any other.
pub(super) fn life() -> anyhow::Result<String> {
    let mut life = [0; 8];
    getrandom::fill(&mut life).context("reading the system's randomness")?;
    Ok(format!("{:016x}", u64::from_be_bytes(life)))
}

pub(super) async fn open_log(
    log: &'static str,
    signers: Vec<SignerKey>,
    life: &str,
    logs: Logs,
    (clock, metrics): (Clock, proxy::metrics::Metrics),
) -> anyhow::Result<(Arc<Log>, Sequencer)> {
    let signed = Arc::new(move |_: &SignedHead| metrics.signed(log));
    let settings = LogSettings { log: log.to_owned(), signers, holder: life.to_owned(), may_forget: log != SUMDB_LOG, signed };
    Ok(Log::open(settings, logs, clock).await?)
}

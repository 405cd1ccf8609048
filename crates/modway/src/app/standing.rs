//! The store, and the proxy that stands on it now: a reload puts another one in its place.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use plan::Reason;
use proxy::{
    Ground, Proxy,
    clock::Clock,
    drift::Alarm,
    settings::OwnSumdb,
    tlog::{Log, LogSettings, Sequencer},
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

use crate::{config::Config, http::metrics::Metrics};

/// The ground that stays, and the proxy that may be exchanged.
pub(super) struct Standing {
    sweeping: (Arc<FsBlobs>, Arc<SqliteIndex>),
    ground: Ground,
    proxy: ArcSwap<Proxy>,
    /// Writes the log of our own checksum database, if there is one.
    _sequencing: Option<AbortOnDrop>,
}

/// What the log of our own checksum database is called in the store. It stays when name and key change.
pub(crate) const SUMDB_LOG: &str = "sumdb";

/// A task that ends with its owner; what a sequencer leaves half done, the next start completes.
struct AbortOnDrop(JoinHandle<()>);

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
                let opened = open_log(own, logs, clock.clone()).await;
                let (log, sequencer) = opened.context("opening the log of our own checksum database")?;
                (Some(log), Some(AbortOnDrop(tokio::spawn(sequencer.run()))))
            }
            None => (None, None),
        };
        let ground = Ground { blobs, index, roots, clock, metrics: counters, air, checks, repositories, log, alarm };
        let proxy = Proxy::assemble(config.proxy.clone(), ground.clone())?;
        Ok(Self { sweeping, ground, proxy: ArcSwap::from_pointee(proxy), _sequencing: sequencing })
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

    pub(super) fn proxy(&self) -> Arc<Proxy> {
        self.proxy.load_full()
    }

    /// Drops what no record names and proves the rest.
    pub(super) async fn sweep(&self) -> Result<Swept, StoreError> {
        let (blobs, index) = &self.sweeping;
        sweep(blobs, &**index, Duration::ZERO, SystemTime::now()).await
    }

    pub(super) async fn ready(&self) -> Result<(), Reason> {
        self.proxy().ready().await
    }
}

async fn open_log(own: &OwnSumdb, logs: Logs, clock: Clock) -> anyhow::Result<(Arc<Log>, Sequencer)> {
    let signers = std::iter::once(&own.key).chain(&own.old_key).cloned().collect();
    let mut life = [0; 8];
    getrandom::fill(&mut life).context("reading the system's randomness")?;
    let holder = format!("{:016x}", u64::from_be_bytes(life));
    let settings = LogSettings { log: SUMDB_LOG.to_owned(), signers, holder, signed: Arc::new(|_| ()) };
    Ok(Log::open(settings, logs, clock).await?)
}

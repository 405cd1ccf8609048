//! The store, and the proxy that stands on it now: a reload puts another one in its place.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use plan::Reason;
use proxy::{Ground, Proxy, clock::Clock};
use store::{
    StoreError,
    embedded::open_parts,
    fs::FsBlobs,
    sqlite::SqliteIndex,
    sweep::{Swept, sweep},
};
use tokio::sync::Semaphore;

use crate::{config::Config, http::metrics::Metrics};

/// The ground that stays, and the proxy that may be exchanged.
pub(super) struct Standing {
    sweeping: (Arc<FsBlobs>, Arc<SqliteIndex>),
    ground: Ground,
    proxy: ArcSwap<Proxy>,
}

impl Standing {
    /// Opens the store and makes the proxy.
    pub(super) fn open(config: &Config, metrics: &Metrics) -> anyhow::Result<Self> {
        let (blobs, index) = open_parts(&config.store_path, config.reserve_bytes).context("opening the store")?;
        let sweeping = (Arc::clone(&blobs), Arc::clone(&index));
        let mut counters = proxy::metrics::Metrics::default();
        metrics.register(|registry| counters = proxy::metrics::Metrics::register(registry));
        let checks = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));
        let roots = config.roots.clone();
        let (air, repositories) = Default::default();
        let ground = Ground { blobs, index, roots, clock: Clock::system(), metrics: counters, air, checks, repositories };
        let proxy = Proxy::assemble(config.proxy.clone(), ground.clone())?;
        Ok(Self { sweeping, ground, proxy: ArcSwap::from_pointee(proxy) })
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

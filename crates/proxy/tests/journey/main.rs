//! Whole journeys through the assembled proxy: scripted upstreams, a checksum database that can lie, stores that fail.

mod content;
mod direct_way;
mod edge;
mod fallback;
mod flight;
mod freshness;
mod held;
mod lies;
mod logs;
mod once;
mod own;
mod private;
mod stocktake;
mod streaming;
mod sums;
mod trouble;

use std::{
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use gomod::{goenv::SumdbSetting, goproxy::GoProxyList, pattern::Patterns};
use plan::{Event, Freshness, Reason, Request};
use proxy::{
    Answer, Ground, Journey, Proxy, Settings,
    answer::Body,
    assemble::Repositories,
    client::Roots,
    clock::Clock,
    drift::Alarm,
    flight::Flight,
    limits,
    metrics::Metrics,
    proxy::Landed,
    settings::{Breaker, Direct, ForwardProxy, Hop, Login, Route, Secret, Sums},
    spool::{Settled, SpoolReader},
    tlog::Log,
};
use store::{
    Drift, Kind, Store,
    memory::{self, Faults},
};
use tempfile::TempDir;
use testkit::{faults::Play, modules::Module, sumdb::Sumdb, world::World};
use tokio::sync::Semaphore;

/// When every test begins.
const NOW: i64 = 1_000_000;

/// Changing answers, in seconds: fresh 10, then revalidated 20, stale 100, absent 5.
const FRESHNESS: Freshness = Freshness {
    fresh: Duration::from_secs(10),
    revalidate: Duration::from_secs(20),
    stale: Duration::from_secs(100),
    absent: Duration::from_secs(5),
};

/// A proxy and all it stands on.
struct Site {
    proxy: Proxy,
    store: Store,
    air: Flight<Landed>,
    now: Arc<AtomicI64>,
    /// Held, they keep every zip from being checked.
    checks: Arc<Semaphore>,
    /// What the alarm was told.
    alarms: Alarms,
    _folder: Option<TempDir>,
}

/// Versions and drifts.
type Alarms = Arc<Mutex<Vec<(String, Drift)>>>;

fn alarm(alarms: &Alarms) -> Alarm {
    let alarms = Arc::clone(alarms);
    Alarm::new(move |module, version, drift| {
        alarms.lock().expect("no panic").push((format!("{module}@{version}"), drift.clone()))
    })
}

/// Settings of a site: one public route, no checksum database.
struct Setup(Settings);

impl Setup {
    /// A route along `list`, whose entries name these upstreams.
    fn new(list: &str, upstreams: &[(&str, &str)]) -> Self {
        let hops = upstreams.iter().map(|(name, url)| hop(name, url)).collect();
        let sums = Sums {
            database: SumdbSetting::Off,
            waived: Patterns::parse(""),
            proxied: Vec::new(),
            origins: Vec::new(),
            hop: hop("database", "http://unused.test"),
            own: None,
        };
        Self(Settings { routes: Vec::new(), hops, sums, freshness: FRESHNESS, direct: direct() }).route("public", "*", list)
    }

    /// One upstream named `there`.
    fn to(world: &World) -> Self {
        Self::new("there", &[("there", &world.url())])
    }

    /// One more route, after those that are there.
    fn route(mut self, name: &str, patterns: &str, list: &str) -> Self {
        let url = |name: &str| self.0.hops.iter().find(|hop| hop.name == name).map(|hop| hop.url.clone());
        let upstreams = GoProxyList::parse_with(list, &url).expect("a list");
        self.0.routes.push(Route { name: name.into(), patterns: Patterns::parse(patterns), upstreams, private: false });
        self
    }

    /// The route added last is private.
    fn private(mut self) -> Self {
        self.0.routes.last_mut().expect("a route").private = true;
        self
    }

    /// The routes the other way round: the public one last.
    fn public_last(mut self) -> Self {
        self.0.routes.reverse();
        self
    }

    fn sums(self, database: &Sumdb) -> Self {
        self.gosumdb(&database.setting())
    }

    fn gosumdb(mut self, setting: &str) -> Self {
        self.0.sums.database = SumdbSetting::parse(setting).expect("a GOSUMDB");
        self
    }

    /// A further database, or a further origin of one, each written as GOSUMDB.
    fn proxied(mut self, setting: &str) -> Self {
        self.0.sums.proxied.push(SumdbSetting::parse(setting).expect("a GOSUMDB"));
        self
    }

    fn origin(mut self, setting: &str) -> Self {
        self.0.sums.origins.push(SumdbSetting::parse(setting).expect("a GOSUMDB"));
        self
    }

    fn waived(mut self, patterns: &str) -> Self {
        self.0.sums.waived = Patterns::parse(patterns);
        self
    }

    /// Bends the hop of this name.
    fn hop(mut self, name: &str, bend: impl FnOnce(&mut Hop)) -> Self {
        bend(self.0.hops.iter_mut().find(|hop| hop.name == name).expect("a hop"));
        self
    }

    fn site(self) -> Site {
        self.site_on(memory::store().0)
    }

    fn faulty_site(self) -> (Site, Faults) {
        let (store, faults) = memory::store();
        (self.site_on(store), faults)
    }

    fn site_on(self, store: Store) -> Site {
        self.site_with(store, None)
    }

    /// A site whose own checksum database, if it has one, is this log.
    fn site_with(mut self, store: Store, log: Option<Arc<Log>>) -> Site {
        let folder = TempDir::new().expect("a temporary folder");
        self.0.direct.folder = folder.path().to_owned();
        let (air, now, checks) = (Flight::default(), Arc::new(AtomicI64::new(NOW)), Arc::new(Semaphore::new(2)));
        let (ticking, alarms) = (Arc::clone(&now), Alarms::default());
        let ground = Ground {
            blobs: Arc::clone(&store.blobs),
            index: Arc::clone(&store.index),
            roots: Roots::Files(Vec::new()),
            clock: Clock::new(move || ticking.load(Ordering::SeqCst)),
            metrics: Metrics::default(),
            air: air.clone(),
            checks: Arc::clone(&checks),
            repositories: Repositories::default(),
            log,
            alarm: alarm(&alarms),
        };
        Site {
            proxy: Proxy::assemble(self.0, ground).expect("settings that work"),
            store,
            air,
            now,
            checks,
            alarms,
            _folder: Some(folder),
        }
    }
}

impl Site {
    /// The body of the answer, or the reason's code and words, or `cut: …`.
    async fn get(&self, path: &str) -> Result<Bytes, String> {
        get(&self.proxy, path).await
    }

    async fn answer(&self, path: &str) -> (Result<Answer, Reason>, Vec<Event>) {
        let journey = Journey::new(Instant::now());
        let end = self.proxy.answer(&Request::parse(path).expect("a request"), &journey).await;
        (end, journey.trace().events.into_iter().map(|(_, event)| event).collect())
    }

    /// What the answer is, in one word: `found`, a reason's code, or `cut`.
    async fn code(&self, path: &str) -> String {
        match self.get(path).await {
            Ok(_) => "found".into(),
            Err(text) => text.split(':').next().unwrap_or_default().to_owned(),
        }
    }

    fn at(&self, seconds: i64) {
        self.now.store(NOW + seconds, Ordering::SeqCst);
    }

    /// True if this file of the version is kept.
    async fn keeps(&self, module: &Module, kind: Kind) -> bool {
        let record = self.store.index.version(&module.path, &module.version).await.expect("a working index");
        record.is_some_and(|record| record.part(kind).is_some())
    }

    /// Waits until no fetch is in the air.
    async fn landed(&self) {
        until(|| self.air.is_empty()).await;
    }
}

async fn get(proxy: &Proxy, path: &str) -> Result<Bytes, String> {
    let journey = Journey::new(Instant::now());
    let request = Request::parse(path).expect("a request");
    match proxy.answer(&request, &journey).await {
        Ok(answer) => read(answer.body).await,
        Err(reason) => Err(format!("{}: {reason}", reason.code())),
    }
}

async fn read(body: Body) -> Result<Bytes, String> {
    match body {
        Body::Memory(bytes) => Ok(bytes),
        Body::File(file, size) => {
            let mut bytes = vec![0; size as usize];
            file.read_exact_at(&mut bytes, 0).map_err(|error| error.to_string())?;
            Ok(bytes.into())
        }
        Body::Growing(reader, size) => follow(reader, size).await,
    }
}

/// Reads a growing body as the door does: all but the end while it arrives, the end once it is proven.
async fn follow(mut reader: SpoolReader, size: u64) -> Result<Bytes, String> {
    let early = size - limits::HELD_BACK_BYTES;
    let state = reader.wait(|state| state.written >= early).await;
    let mut bytes = vec![0; size as usize];
    if state.written >= early {
        reader.file().read_exact_at(&mut bytes[..early as usize], 0).map_err(|error| error.to_string())?;
    }
    match reader.wait(|_| false).await.settled {
        Some(Settled::Proven) => reader.file().read_exact_at(&mut bytes, 0).map_err(|error| error.to_string())?,
        end => return Err(format!("cut: {end:?}")),
    }
    Ok(bytes.into())
}

/// Waits for a condition; fails after a long while.
async fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "waited for too long");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Patient in every respect, so that a test shortens the one thing it is about.
fn hop(name: &str, url: &str) -> Hop {
    let patient = Duration::from_secs(60);
    Hop {
        name: name.into(),
        url: url.into(),
        connect: patient,
        tls: patient,
        first_byte: patient,
        idle: patient,
        total: patient,
        total_zip: patient,
        retries: 0,
        step_down: Vec::new(),
        breaker: Breaker { failures: 0, pause: patient },
        login: Login::None,
        ca_files: Vec::new(),
        forward_proxy: ForwardProxy::Direct,
    }
}

/// Version control that no test here reaches.
fn direct() -> Direct {
    Direct {
        // No name is looked up: what would go out ends at a port where nobody listens.
        patience: Hop { forward_proxy: ForwardProxy::Url(Secret::new("http://127.0.0.1:1".into())), ..hop("direct", "") },
        private: Patterns::parse(""),
        insecure: Patterns::parse(""),
        govcs: String::new(),
        access: Vec::new(),
        folder: PathBuf::new(),
        refs_fresh: Duration::from_secs(60),
        path: String::new(),
        contact: String::new(),
        connections_per_origin: 1,
        requests_per_minute: 60,
        children: 1,
        repository_bytes: 1 << 20,
    }
}

/// Scripts what `plays` say for all three files of `module`.
fn all_files(world: &World, module: &Module, play: Play) {
    for kind in ["info", "mod", "zip"] {
        world.on(&module.url(kind), [play.clone()]);
    }
}

//! One fetch for all who ask, whoever leaves.

use async_trait::async_trait;
use store::{Answer as KeptAnswer, Drift, DriftRecord, Gone, Index, Kept, Part, Reference, StoreError, VersionRecord};
use testkit::{faults::Fault, random::Random};
use tokio::task::JoinSet;

use super::*;

const LARGE: usize = 1 << 20;

/// A thousand ask for a file of `module` in a store on disk.
async fn check(module: Module, kind: &'static str) {
    {
        let (world, database) = (World::start().await, Sumdb::start(300, &[&module]).await);
        module.serve(&world);
        let folder = tempfile::tempdir().expect("a folder");
        let site = Setup::to(&world).sums(&database).site_on(Store::open_embedded(folder.path()).expect("a store"));
        let wanted = match kind {
            "info" => Bytes::from(module.info.clone()),
            "mod" => Bytes::from(module.go_mod.clone()),
            _ => module.zip.clone(),
        };
        let mut asking = JoinSet::new();
        for _ in 0..1000 {
            let (proxy, path, wanted) = (site.proxy.clone(), module.url(kind), wanted.clone());
            asking.spawn(async move { assert!(get(&proxy, &path).await.expect("an answer") == wanted) });
        }
        while let Some(end) = asking.join_next().await {
            end.expect("the right bytes");
        }
        assert_eq!(world.seen().len(), 1, "{kind}: {:?}", world.seen());
        assert!(database.count("/lookup/") <= 1, "{:?}", database.seen());
        site.landed().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_ask_for_one_cold_file_and_the_upstream_is_asked_once() {
    check(Module::new("example.test/m", "v1.0.0"), "info").await;
    check(Module::new("example.test/m", "v1.0.0"), "mod").await;
    check(Module::new("example.test/m", "v1.0.0"), "zip").await;
    check(Module::large("example.test/m", "v1.0.0", LARGE), "zip").await;
}

#[tokio::test]
async fn who_started_the_fetch_may_leave_and_it_is_kept() {
    let module = Module::new("example.test/m", "v1.0.0");
    for kind in ["info", "mod", "zip"] {
        let world = World::start().await;
        let slow = Play::ok(match kind {
            "info" => Bytes::from(module.info.clone()),
            "mod" => Bytes::from(module.go_mod.clone()),
            _ => module.zip.clone(),
        });
        world.on(&module.url(kind), [slow.fault(Fault::Drip(8, Duration::from_millis(2)))]);
        let site = Setup::to(&world).site();
        let (proxy, path) = (site.proxy.clone(), module.url(kind));
        let leader = tokio::spawn(async move { get(&proxy, &path).await });
        until(|| world.seen().len() == 1).await;
        let (proxy, path) = (site.proxy.clone(), module.url(kind));
        let other = tokio::spawn(async move { get(&proxy, &path).await });
        leader.abort();
        assert!(leader.await.is_err_and(|error| error.is_cancelled()), "gone before the answer");
        assert!(other.await.expect("not aborted").is_ok());
        site.landed().await;
        assert_eq!(site.code(&module.url(kind)).await, "found");
        assert_eq!(world.seen().len(), 1, "asked once in all");
    }
}

#[tokio::test]
async fn who_leaves_alone_leaves_a_kept_file_behind() {
    let (world, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    world.on(&module.url("mod"), [Play::ok(module.go_mod.clone()).fault(Fault::Drip(4, Duration::from_millis(2)))]);
    let site = Setup::to(&world).site();
    let (proxy, path) = (site.proxy.clone(), module.url("mod"));
    let alone = tokio::spawn(async move { get(&proxy, &path).await });
    until(|| world.seen().len() == 1).await;
    alone.abort();
    site.landed().await;
    assert!(site.keeps(&module, Kind::Mod).await);
}

/// Looks that were made before the file was kept, and are acted on after.
#[tokio::test]
async fn who_looked_before_the_file_was_kept_does_not_fetch_it_again() {
    let (world, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    module.serve(&world);
    world.on("/example.test/m/@v/list", [Play::ok("v1.0.0\n")]);
    world.on("/example.test/m/@v/v9.0.0.mod", [Play::not_found("no")]);
    for path in
        [&module.url("info"), &module.url("mod"), &module.url("zip"), "/example.test/m/@v/list", "/example.test/m/@v/v9.0.0.mod"]
    {
        let (inner, hold, looks) = (memory::store().0, Arc::new(Semaphore::new(0)), Arc::new(AtomicI64::new(0)));
        let late = Late { inner: Arc::clone(&inner.index), hold: Arc::clone(&hold), looks: Arc::clone(&looks) };
        let site = Setup::to(&world).site_on(Store { index: Arc::new(late), ..inner });
        let (proxy, asked) = (site.proxy.clone(), path.to_owned());
        let early = tokio::spawn(async move { get(&proxy, &asked).await });
        until(|| looks.load(Ordering::SeqCst) == 1).await;
        let first = site.get(path).await;
        site.landed().await;
        hold.add_permits(1);
        assert_eq!(early.await.expect("an end"), first, "{path}");
        assert_eq!(world.count(path), 1, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leaves_at_whatever_moment_nothing_stays_in_the_air_and_every_answer_is_right() {
    let modules: Vec<Module> = (0..50).map(|number| Module::new(&format!("example.test/m{number}"), "v1.0.0")).collect();
    let (world, all) = (World::start().await, modules.iter().collect::<Vec<_>>());
    modules.iter().for_each(|module| module.serve(&world));
    let database = Sumdb::start(300, &all).await;
    let folder = tempfile::tempdir().expect("a folder");
    let site = Setup::to(&world).sums(&database).site_on(Store::open_embedded(folder.path()).expect("a store"));
    let mut random = Random::new(1);
    let mut leaving = JoinSet::new();
    for number in 0..500 {
        let path = modules[number % 50].url(["info", "mod", "zip"][number / 50 % 3]);
        let (proxy, patience) = (site.proxy.clone(), Duration::from_micros(random.below(30_000)));
        leaving.spawn(async move { drop(tokio::time::timeout(patience, get(&proxy, &path)).await) });
    }
    while leaving.join_next().await.is_some() {}
    for module in &modules {
        assert_eq!(site.get(&module.url("info")).await, Ok(module.info.clone().into()));
        assert_eq!(site.get(&module.url("mod")).await, Ok(module.go_mod.clone().into()));
        assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()));
    }
    site.landed().await;
    assert!(world.seen().len() <= 150, "one request for each file: {}", world.seen().len());
}

#[tokio::test]
async fn so_many_fetches_at_once_and_no_more() {
    let (world, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    let (list, late) = ("/example.test/m/@v/list", Module::new("example.test/late", "v1.0.0"));
    module.serve(&world);
    world.on(list, [Play::ok("v1.0.0\n")]);
    let (site, gate) = (Setup::to(&world).site(), Arc::new(Semaphore::new(0)));
    site.get(&module.url("mod")).await.expect("a file");
    site.get(list).await.expect("a list");
    let fly = |key: String| {
        let gate = Arc::clone(&gate);
        site.air.start(key, |landing: proxy::flight::Landing<Landed>| async move {
            let _open = gate.acquire().await;
            drop(landing);
        });
    };
    (0..limits::MAX_REFRESH_FLIGHTS).for_each(|number| fly(number.to_string()));
    site.at(15);
    assert_eq!(site.code(list).await, "found");
    assert_eq!(site.air.len(), limits::MAX_REFRESH_FLIGHTS, "not asked for again now");
    (limits::MAX_REFRESH_FLIGHTS..limits::MAX_FLIGHTS).for_each(|number| fly(number.to_string()));
    assert_eq!(site.code(&late.url("mod")).await, "busy");
    assert_eq!(site.code(&module.url("mod")).await, "found", "hits go on");
    assert_eq!(world.count(list), 1);
    gate.close();
    site.landed().await;
    late.serve(&world);
    assert_eq!(site.code(&late.url("mod")).await, "found");
}

/// An index that holds back what its first look finds.
struct Late {
    inner: Arc<dyn Index>,
    hold: Arc<Semaphore>,
    looks: Arc<AtomicI64>,
}

impl Late {
    async fn maybe<T>(&self, found: T) -> T {
        if self.looks.fetch_add(1, Ordering::SeqCst) == 0 {
            self.hold.acquire().await.expect("open").forget();
        }
        found
    }
}

#[async_trait]
impl Index for Late {
    async fn version(&self, module: &str, version: &str) -> Result<Option<VersionRecord>, StoreError> {
        self.maybe(self.inner.version(module, version).await).await
    }
    async fn keep(&self, module: &str, version: &str, kind: Kind, part: Part) -> Result<Kept, StoreError> {
        self.inner.keep(module, version, kind, part).await
    }
    async fn complete_versions(&self, module: &str) -> Result<Vec<String>, StoreError> {
        self.inner.complete_versions(module).await
    }
    async fn infos(&self, module: &str) -> Result<Vec<(String, Part)>, StoreError> {
        self.inner.infos(module).await
    }
    async fn forget_blob(&self, module: &str, version: &str, kind: Kind, gone: Gone) -> Result<(), StoreError> {
        self.inner.forget_blob(module, version, kind, gone).await
    }
    async fn answer(&self, key: &str) -> Result<Option<KeptAnswer>, StoreError> {
        self.maybe(self.inner.answer(key).await).await
    }
    async fn put_answer(&self, key: &str, answer: KeptAnswer) -> Result<(), StoreError> {
        self.inner.put_answer(key, answer).await
    }
    async fn sumdb_file(&self, name: &str, path: &str) -> Result<Option<Bytes>, StoreError> {
        self.inner.sumdb_file(name, path).await
    }
    async fn put_sumdb_files(&self, name: &str, files: Vec<(String, Bytes)>) -> Result<(), StoreError> {
        self.inner.put_sumdb_files(name, files).await
    }
    async fn forget_narrower(&self, name: &str, tiles: Vec<(String, u32)>) -> Result<(), StoreError> {
        self.inner.forget_narrower(name, tiles).await
    }
    async fn sumdb_head(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        self.inner.sumdb_head(name).await
    }
    async fn swap_sumdb_head(&self, name: &str, old: Option<Bytes>, new: Bytes) -> Result<bool, StoreError> {
        self.inner.swap_sumdb_head(name, old, new).await
    }
    async fn drifts(&self, module: &str, version: &str) -> Result<Vec<Drift>, StoreError> {
        self.inner.drifts(module, version).await
    }

    async fn put_drift(&self, module: &str, version: &str, drift: Drift) -> Result<bool, StoreError> {
        self.inner.put_drift(module, version, drift).await
    }

    async fn all_drifts(&self, after: u64, limit: usize) -> Result<Vec<DriftRecord>, StoreError> {
        self.inner.all_drifts(after, limit).await
    }
    async fn references(&self, after: Option<&Reference>, limit: usize) -> Result<Vec<Reference>, StoreError> {
        self.inner.references(after, limit).await
    }
    async fn forget_not_exist(&self, checked_before: i64) -> Result<u64, StoreError> {
        self.inner.forget_not_exist(checked_before).await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}

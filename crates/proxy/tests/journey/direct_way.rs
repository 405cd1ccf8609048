//! The prefix `/@direct/`: the same decisions on another way. A scripted upstream stands for version control.

use gomod::{goproxy::GoProxyList, pattern::PatternIndex};
use plan::{Rules, Way, decide::RouteRule};
use proxy::{
    cache::Cache,
    chain::{Chain, Hop as ChainHop},
    drift::Ledger,
    fetch::{Distrusted, Fetcher},
    proxy::Parts,
    upstream::http::HttpUpstream,
    vouch::Voucher,
};

use super::*;

const LIST: &str = "/example.test/m/@v/list";
const DIRECT_LIST: &str = "/@direct/example.test/m/@v/list";

/// A site whose route leads to `route`, and whose version control is `direct`.
fn site(route: &World, direct: &World) -> Site {
    let (store, air, now) = (memory::store().0, Flight::default(), Arc::new(AtomicI64::new(NOW)));
    let (checks, ticking) = (Arc::new(Semaphore::new(2)), Arc::clone(&now));
    let clock = Clock::new(move || ticking.load(Ordering::SeqCst));
    let cache = Cache::new(Arc::clone(&store.blobs), Arc::clone(&store.index), FRESHNESS);
    let alarms = Alarms::default();
    let patterns = PatternIndex::new(Patterns::parse("*"));
    let rules = Arc::new(Rules {
        routes: vec![RouteRule { name: "public".into(), patterns, direct: true, private: false }],
        waived: PatternIndex::new(Patterns::parse("")),
        databases: Vec::new(),
        own: Vec::new(),
        retired: Vec::new(),
        freshness: FRESHNESS,
    });
    let fetcher = Fetcher {
        cache: cache.clone(),
        voucher: Voucher { database: None, rules: Arc::clone(&rules), notary: None },
        clock: clock.clone(),
        metrics: Metrics::default(),
        checks: Arc::clone(&checks),
        distrusted: Distrusted::default(),
        ledger: Ledger::new(
            Arc::clone(&store.blobs),
            Arc::clone(&store.index),
            clock.clone(),
            Metrics::default(),
            alarm(&alarms),
        ),
    };
    let parts = Parts {
        rules,
        chains: vec![chain(Way::Route, "https://there.test", route)],
        direct: chain(Way::Direct, "direct", direct),
        databases: Vec::new(),
        notary: None,
        cache,
        fetcher: Arc::new(fetcher),
        clock,
        metrics: Metrics::default(),
        air: air.clone(),
        version_control: None,
    };
    Site { proxy: Proxy::new(parts), store, air, now, checks, alarms, _folder: None }
}

fn chain(way: Way, list: &str, world: &World) -> Arc<Chain> {
    let upstream = Arc::new(HttpUpstream::new(hop("one", &world.url()), &Roots::Files(Vec::new())).expect("a hop"));
    let hop = ChainHop { upstream, step_down: Vec::new() };
    Arc::new(Chain::new(way, GoProxyList::parse(list).expect("a list"), |_| Some(hop.clone())))
}

#[tokio::test]
async fn each_way_has_its_own_lists_and_what_never_changes_is_shared() {
    let (route, direct) = (World::start().await, World::start().await);
    let module = Module::new("example.test/m", "v1.0.0");
    route.on(LIST, [Play::ok("v1.0.0\n")]);
    direct.on(LIST, [Play::ok("v1.0.0\nv1.1.0\n")]);
    module.serve(&direct);
    let site = site(&route, &direct);
    assert_eq!(site.get(LIST).await, Ok("v1.0.0\n".into()));
    assert_eq!(site.get(DIRECT_LIST).await, Ok("v1.0.0\nv1.1.0\n".into()));
    assert_eq!(site.get(LIST).await, Ok("v1.0.0\n".into()), "one way does not overwrite the other");
    assert_eq!((route.seen().len(), direct.seen().len()), (1, 1));
    let zip = site.get(&format!("/@direct{}", module.url("zip"))).await.expect("a zip");
    assert_eq!(site.get(&module.url("zip")).await, Ok(zip), "kept once, for both");
    assert_eq!(route.seen().len(), 1);
}

#[tokio::test]
async fn what_does_not_exist_on_one_way_may_exist_on_the_other() {
    let (route, direct) = (World::start().await, World::start().await);
    let module = Module::new("example.test/m", "v1.0.0");
    module.serve(&direct);
    let site = site(&route, &direct);
    assert_eq!(site.code(&module.url("info")).await, "not-exist");
    assert_eq!(site.code(&format!("/@direct{}", module.url("info"))).await, "found");
    assert_eq!(site.code(&module.url("info")).await, "found", "it never changes, so it is there for both");
}

/// Two upstreams that disagree about one version.
async fn disagreeing() -> (World, World, Module, Module) {
    let (route, direct) = (World::start().await, World::start().await);
    let one = Module::new("example.test/m", "v1.0.0");
    let other = Module::of("example.test/m", "v1.0.0", &[("b.go", b"b".to_vec())]);
    one.serve(&route);
    other.serve(&direct);
    (route, direct, one, other)
}

#[tokio::test]
async fn bytes_that_were_kept_first_win_on_every_way() {
    for (first, later) in [("", "/@direct"), ("/@direct", "")] {
        let (route, direct, one, other) = disagreeing().await;
        let site = site(&route, &direct);
        let kept = site.get(&format!("{first}{}", one.url("zip"))).await;
        assert_eq!(kept, Ok(if first.is_empty() { one.zip.clone() } else { other.zip }));
        assert_eq!(site.get(&format!("{later}{}", one.url("zip"))).await, kept, "{first}");
        assert_eq!(route.seen().len() + direct.seen().len(), 1, "nobody asks for what is kept");
    }
}

/// Both ways fetch other bytes before either has kept its own.
#[tokio::test]
async fn bytes_that_were_kept_first_win_over_those_of_the_other_way_on_their_way() {
    let (route, direct, one, other) = disagreeing().await;
    let site = site(&route, &direct);
    let unchecked = site.checks.acquire_many(2).await.expect("open");
    let (url, prefixed) = (one.url("zip"), format!("/@direct{}", one.url("zip")));
    let both = async {
        until(|| route.seen().len() + direct.seen().len() == 2).await;
        drop(unchecked);
    };
    let (by_route, by_direct, ()) = tokio::join!(site.get(&url), site.get(&prefixed), both);
    assert_eq!(by_route, by_direct, "one of the two was kept first");
    assert!([Ok(one.zip.clone()), Ok(other.zip)].contains(&by_route));
    let drifts = site.store.index.drifts("example.test/m", "v1.0.0").await.expect("drifts");
    let [drift] = &drifts[..] else { panic!("{drifts:?}") };
    let (kept, seen) = if by_route == Ok(one.zip) { (one.zip_h1, other.zip_h1) } else { (other.zip_h1, one.zip_h1) };
    assert_eq!((&drift.kept_h1, &drift.seen_h1, drift.seen_at), (&Some(kept), &Some(seen), NOW));
    let told = site.alarms.lock().expect("no panic").clone();
    assert_eq!(told, [("example.test/m@v1.0.0".to_owned(), drift.clone())]);
}

#[tokio::test]
async fn each_way_has_flights_of_its_own() {
    let (route, direct) = (World::start().await, World::start().await);
    route.on(LIST, [Play::ok("v1.0.0\n")]);
    direct.on(LIST, [Play::ok("v1.1.0\n")]);
    let site = site(&route, &direct);
    let (one, other) = tokio::join!(site.get(LIST), site.get(DIRECT_LIST));
    assert_eq!((one, other), (Ok("v1.0.0\n".into()), Ok("v1.1.0\n".into())));
}

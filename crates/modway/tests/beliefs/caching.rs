//! Beliefs about HTTP caching, time limits and repeated requests.

use std::time::{Duration, Instant};

use testkit::{
    faults::{Fault, Play},
    tls::Ca,
    world::World,
};

use super::gopher::{GET, Gopher, module, proxy, serving};

const LIST: &str = "/example.test/m/@v/list";

/// As a server answers that wants to be asked seldom.
fn cacheable(body: &str) -> Play {
    Play::ok(body.to_owned())
        .header("ETag", "\"one\"")
        .header("Last-Modified", "Wed, 01 Jan 2025 00:00:00 GMT")
        .header("Cache-Control", "public, max-age=86400, immutable")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_etag_and_no_date_is_ever_sent_back() {
    let world = serving(&module()).await;
    world.on(LIST, [cacheable("v1.0.0\n")]);
    let gopher = Gopher::new(&[("GOPROXY", &world.url())]);
    for _ in 0..3 {
        gopher.go("list -m -versions example.test/m").fine();
    }
    let names: std::collections::BTreeSet<String> =
        world.seen().into_iter().flat_map(|seen| seen.headers).map(|(name, _)| name).collect();
    assert!(world.count(LIST) == 3 && !names.is_empty());
    let expected = ["accept-encoding", "connection", "host", "user-agent"];
    assert!(names.iter().all(|name| expected.contains(&name.as_str())), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_may_be_cached_for_a_day_is_fetched_each_time() {
    let world = serving(&module()).await;
    world.on(LIST, [cacheable("v1.0.0\n"), cacheable("v1.0.0\nv1.1.0-pre\n")]);
    let gopher = Gopher::new(&[("GOPROXY", &world.url())]);
    assert_eq!(gopher.go("list -m -versions -retracted example.test/m").fine().trim(), "example.test/m v1.0.0");
    assert_eq!(gopher.go("list -m -versions -retracted example.test/m").fine().trim(), "example.test/m v1.0.0 v1.1.0-pre");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_304_is_an_error_and_not_a_cached_answer() {
    let world = proxy().await;
    world.on(LIST, [Play::status(304, "")]);
    Gopher::new(&[("GOPROXY", &world.url())]).go("list -m -versions example.test/m").failed("304 Not Modified");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_module_cache_is_never_asked_for_again() {
    let world = serving(&module()).await;
    let gopher = Gopher::new(&[("GOPROXY", &world.url())]);
    gopher.go(GET).fine();
    let before = world.seen().len();
    gopher.go(GET).fine();
    assert_eq!(world.seen().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_takes_longer_than_half_a_minute_is_waited_for() {
    let world = proxy().await;
    let (slowly, module) = (Duration::from_secs(31), module());
    module.serve(&world);
    let info = Play::ok(module.info.clone()).fault(Fault::Drip(module.info.len(), slowly));
    world.on(&module.url("info"), [info]);
    let started = Instant::now();
    Gopher::new(&[("GOPROXY", &world.url())]).go(GET).fine();
    assert!(started.elapsed() >= slowly);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_every_4xx_is_asked_for_twice() {
    let ca = Ca::new();
    for status in [400, 401, 403, 404, 410, 418, 429, 451, 500] {
        let world = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&["http/1.1"])).await;
        world.on("/example.test/m/@v/v1.0.0.info", [Play::status(status, "")]);
        let gopher = Gopher::new(&[("GOPROXY", &world.url())]);
        let trusted = gopher.write("ca.pem", ca.pem());
        gopher.go_with(&[("SSL_CERT_FILE", &trusted)], GET).failed(&format!("v1.0.0.info: {status}"));
        let agents: Vec<String> = world.seen().iter().filter_map(|seen| seen.header("user-agent").map(str::to_owned)).collect();
        let begins: Vec<&str> = agents.iter().map(|agent| agent.split('/').next().unwrap_or_default()).collect();
        let want: &[&str] = if status < 500 { &["GoCommand", "Go-http-client"] } else { &["GoCommand"] };
        assert_eq!(begins, want, "{status}");
    }
}

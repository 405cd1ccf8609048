//! What the operator says of trouble: what steps down, what is skipped, how long is long.

use proxy::settings::StepDown;
use testkit::{faults::Fault, world::Deaf};
use tokio::net::TcpListener;

use super::*;

const INFO: &str = "/example.test/m/@v/v1.0.0.info";

fn found() -> Play {
    Play::ok("{\"Version\":\"v1.0.0\"}")
}

/// Of `a,b`, `a` is in this trouble and has this rule: does `b` answer?
async fn check(what: &str, a: &str, rule: &StepDown, bend: impl FnOnce(&mut Hop), gives_way: bool) {
    let good = World::start().await;
    good.on(INFO, [found()]);
    let site = Setup::new("a,b", &[("a", a), ("b", &good.url())])
        .hop("a", |hop| {
            hop.step_down = vec![rule.clone()];
            bend(hop);
        })
        .site();
    let (end, events) = site.answer(INFO).await;
    assert_eq!(end.is_ok(), gives_way, "{what}: {end:?}");
    let stepped = events.iter().any(|event| *event == Event::SteppedDown { upstream: "a".into(), rule: rule.to_string() });
    assert_eq!((good.seen().len(), stepped), (usize::from(gives_way), gives_way), "{what}: {events:?}");
}

#[tokio::test]
async fn trouble_steps_down_only_if_a_rule_covers_it() {
    let (short, world) = (Duration::from_millis(150), World::start().await);
    let kind = |code: &str| StepDown::Kind(code.into());
    for (status, rule, gives_way) in [
        (500, StepDown::ServerErrors, true),
        (503, StepDown::ServerErrors, true),
        (429, StepDown::ServerErrors, false),
        (429, StepDown::Status(429), true),
        (403, StepDown::Status(429), false),
        (500, kind("timeout"), false),
    ] {
        world.on(INFO, [Play::status(status, "")]);
        check(&format!("{status} {rule}"), &world.url(), &rule, |_| {}, gives_way).await;
    }
    world.on(INFO, [found().fault(Fault::Mute)]);
    check("mute", &world.url(), &kind("timeout"), |hop| hop.first_byte = short, true).await;
    check("mute, another rule", &world.url(), &kind("tls"), |hop| hop.first_byte = short, false).await;
    world.on(INFO, [found().fault(Fault::Close)]);
    check("closed", &world.url(), &kind("broken"), |_| {}, true).await;
    world.on(INFO, [Play::login_page()]);
    check("a page", &world.url(), &kind("body"), |_| {}, true).await;
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let url = format!("https://{}", silent.local_addr().expect("bound"));
    check("silent TLS", &url, &kind("tls"), |hop| hop.tls = short, true).await;
    let deaf = Deaf::start().await;
    check("deaf", &format!("http://{}", deaf.address), &kind("connect"), |hop| hop.connect = short, true).await;
    drop(silent);
    check("refused", &url, &kind("connect"), |_| {}, true).await;
}

/// Mirror, public proxy, version control: their outcomes, how often each is asked, and the answer.
async fn three_hops(mirror: Play, public: Play, asked: (usize, usize), answer: &str) {
    let (first, second) = (World::start().await, World::start().await);
    let line = format!("{} {:?}, {}", mirror.status, mirror.fault, public.status);
    first.on(INFO, [mirror]);
    second.on(INFO, [public]);
    let site = Setup::new("mirror|public,direct", &[("mirror", &first.url()), ("public", &second.url())])
        .hop("mirror", |hop| (hop.first_byte, hop.retries) = (Duration::from_millis(500), 1))
        .hop("public", |hop| {
            hop.first_byte = Duration::from_secs(1);
            hop.step_down = vec![StepDown::ServerErrors, StepDown::Status(429)];
        })
        .site();
    let told = site.get(INFO).await.map_or_else(|text| text, |_| "found".into());
    assert!(told.contains(answer), "{line}: {told}");
    assert_eq!((first.seen().len(), second.seen().len()), asked, "{line}");
}

#[tokio::test]
async fn the_three_hops_of_the_example_decide_as_written() {
    let (mute, status) = (|| found().fault(Fault::Mute), |status| Play::status(status, ""));
    three_hops(found(), found(), (1, 0), "found").await;
    three_hops(mute(), found(), (2, 1), "found").await;
    three_hops(status(502), found(), (2, 1), "found").await;
    three_hops(status(403), found(), (1, 1), "found").await;
    three_hops(status(404), status(404), (1, 1), "from direct: proxyconnect: ").await;
    three_hops(status(404), status(503), (1, 1), "from direct: proxyconnect: ").await;
    three_hops(mute(), status(429), (2, 1), "from direct: proxyconnect: ").await;
    three_hops(mute(), status(403), (2, 1), "from public: status 403").await;
    three_hops(status(404), mute(), (1, 1), "from public: no first byte within 1s").await;
}

#[tokio::test]
async fn a_mirror_whose_tls_takes_too_long_counts_as_failed() {
    let (silent, public) = (TcpListener::bind(("127.0.0.1", 0)).await.expect("a port"), World::start().await);
    public.on(INFO, [found()]);
    let url = format!("https://{}", silent.local_addr().expect("bound"));
    let site = Setup::new("mirror|public,direct", &[("mirror", &url), ("public", &public.url())])
        .hop("mirror", |hop| hop.tls = Duration::from_millis(100))
        .site();
    let (end, events) = site.answer(INFO).await;
    assert!(end.is_ok(), "{end:?}");
    let asked = format!("{events:?}");
    assert!(asked.contains("Deadline(Tls, 100)"), "{asked}");
}

/// `a` fails three requests in a row with `status`; how often is it asked?
async fn breaks(list: &str, rule: &[StepDown], status: u16, asked: usize) {
    let (bad, good) = (World::start().await, World::start().await);
    let site = Setup::new(list, &[("a", &bad.url()), ("b", &good.url())])
        .hop("a", |hop| {
            hop.breaker = Breaker { failures: 1, pause: Duration::from_secs(60) };
            hop.step_down = rule.to_vec();
        })
        .site();
    for number in 0..3 {
        let url = format!("/example.test/m{number}/@v/list");
        bad.on(&url, [Play::status(status, "")]);
        good.on(&url, [Play::ok("v1.0.0\n")]);
        let _ = site.get(&url).await;
    }
    assert_eq!(bad.seen().len(), asked, "{list} {rule:?} {status}");
}

#[tokio::test]
async fn a_hop_that_keeps_failing_is_skipped_only_where_its_failure_would_give_way() {
    breaks("a|b", &[], 500, 1).await;
    breaks("a,b", &[], 500, 3).await;
    breaks("a,b", &[StepDown::ServerErrors], 500, 1).await;
    breaks("a,b", &[StepDown::Status(429)], 429, 1).await;
    breaks("a,b", &[StepDown::Status(429)], 500, 3).await;
    breaks("b,a", &[], 500, 0).await;
}

//! Beliefs about the order of GOPROXY, and about what goes on to the next entry.

use testkit::{
    faults::{Fault, Play},
    world::World,
};

use super::gopher::{GET, Gopher, asked, closed, module, proxy, serving};

const INFO: &str = "/example.test/m/@v/v1.0.0.info";

/// A proxy with this answer to everything that matters.
async fn answering(play: Play) -> World {
    let world = proxy().await;
    world.on(INFO, [play]);
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn a_200_ends_the_search_and_a_404_goes_on() {
    let (first, second, third) = (proxy().await, serving(&module()).await, serving(&module()).await);
    let list = format!("{},{},{}", first.url(), second.url(), third.url());
    Gopher::new(&[("GOPROXY", &list)]).go(GET).fine();
    assert!(first.count(INFO) == 1 && second.count(INFO) == 1 && third.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_ends_a_list_of_commas() {
    let good = serving(&module()).await;
    for status in [400, 401, 403, 429, 500, 502, 503, 504] {
        let bad = answering(Play::status(status, "no")).await;
        Gopher::new(&[("GOPROXY", &format!("{},{}", bad.url(), good.url()))]).go(GET).failed(&status.to_string());
    }
    let (_bound, refusing) = closed();
    Gopher::new(&[("GOPROXY", &format!("{refusing},{}", good.url()))]).go(GET).failed("connection refused");
    assert!(good.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_direct_in_the_list_nobody_goes_direct() {
    let (empty, (_bound, outside)) = (proxy().await, closed());
    // Whoever went direct would come to this forward proxy.
    let settings = [("GOPROXY", empty.url()), ("HTTPS_PROXY", outside)];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    Gopher::new(&settings).go(GET).failed("404 Not Found");
    let with_direct = format!("{},direct", empty.url());
    Gopher::new(&settings).go_with(&[("GOPROXY", &with_direct)], GET).failed("proxyconnect");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_comma_goes_on_after_404_and_410_alone_and_a_bar_after_anything() {
    let good = serving(&module()).await;
    for (status, goes_on) in [(404, true), (410, true), (204, false), (206, false), (304, false), (418, false)] {
        let first = answering(Play::status(status, "")).await;
        let (comma, bar) = (format!("{},{}", first.url(), good.url()), format!("{}|{}", first.url(), good.url()));
        let said = Gopher::new(&[("GOPROXY", &comma)]).go(GET);
        if goes_on {
            drop(said.fine())
        } else {
            said.failed(&status.to_string())
        }
        Gopher::new(&[("GOPROXY", &bar)]).go(GET).fine();
    }
    let hanging_up = answering(Play::ok("").fault(Fault::Close)).await;
    Gopher::new(&[("GOPROXY", &format!("{}|{}", hanging_up.url(), good.url()))]).go(GET).fine();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_before_direct_sees_the_private_name_and_its_403_keeps_it_there() {
    let (_bound, outside) = closed();
    for (play, words) in [(Play::status(403, "no"), "403 Forbidden"), (Play::not_found("no"), "proxyconnect")] {
        let first = answering(play).await;
        let list = format!("{},direct", first.url());
        Gopher::new(&[("GOPROXY", &list), ("HTTPS_PROXY", &outside)]).go(GET).failed(words);
        assert_eq!(first.count(INFO), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_follows_direct_is_not_even_read() {
    let (_bound, outside) = closed();
    for list in ["direct,nonsense://x", "direct,,|bad scheme"] {
        Gopher::new(&[("GOPROXY", list), ("HTTPS_PROXY", &outside)]).go(GET).failed("proxyconnect");
    }
    Gopher::new(&[("GOPROXY", "nonsense://x,direct")]).go(GET).failed("invalid proxy URL scheme");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_file_walks_the_list_from_its_start() {
    let (first, second, module) = (proxy().await, proxy().await, module());
    first.on(INFO, [Play::ok(module.info.clone())]);
    module.serve(&second);
    Gopher::new(&[("GOPROXY", &format!("{},{}", first.url(), second.url()))]).go(GET).fine();
    assert_eq!(asked(&first), ["v1.0.0.info", "v1.0.0.mod", "v1.0.0.zip"]);
    assert_eq!(asked(&second), ["v1.0.0.mod", "v1.0.0.zip"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_list_and_an_empty_one_have_opposite_consequences() {
    let good = serving(&module()).await;
    good.on("/example.test/m/@v/list", [Play::ok("v1.0.0\n")]);
    let (missing, empty) = (proxy().await, proxy().await);
    empty.on("/example.test/m/@v/list", [Play::ok("")]);
    let list = |first: &World| format!("{},{}", first.url(), good.url());
    Gopher::new(&[("GOPROXY", &list(&missing))]).go("list -m example.test/m@latest").fine();
    Gopher::new(&[("GOPROXY", &list(&empty))]).go("list -m example.test/m@latest").failed("no matching versions");
    assert_eq!(missing.count("/example.test/m/@latest"), 0);
    assert_eq!(empty.count("/example.test/m/@latest"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_lower_case_direct_and_off_are_words() {
    for word in ["DIRECT", "Off", "none"] {
        Gopher::new(&[("GOPROXY", word)]).go(GET).failed("invalid proxy URL missing scheme");
    }
}

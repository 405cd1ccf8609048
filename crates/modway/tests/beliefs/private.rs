//! Beliefs about GOPRIVATE, GONOPROXY and their patterns.

use testkit::{
    faults::Play,
    tls::Leaf,
    world::{ForwardProxy, World},
};

use super::gopher::{GET, Gopher, closed, module, proxy, serving};

/// Whether `path` is private under `pattern`: the proxy that would tell is not asked.
#[track_caller]
fn check(world: &World, pattern: &str, path: &str, private: bool) {
    let (_bound, outside) = closed();
    let before = world.seen().len();
    let settings = [("GOPROXY", world.url()), ("GOPRIVATE", pattern.to_owned()), ("HTTPS_PROXY", outside)];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let words = if private { "proxyconnect" } else { "404 Not Found" };
    Gopher::new(&settings).go(&format!("mod download {path}@v1.0.0")).failed(words);
    assert_eq!(world.seen().len() == before, private, "{pattern} {path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn patterns_are_globs_on_the_first_elements_of_the_path() {
    let world = proxy().await;
    for (pattern, path, private) in [
        ("git.corp.com/team", "git.corp.com/team/a/b", true),
        ("git.corp.com/team", "git.corp.com/team2/x", false),
        ("git.corp.com/team*", "git.corp.com/team2/x", true),
        ("git.corp.com/*/priv", "git.corp.com/a/priv/x", true),
        ("g[a-i]t.corp.c?m", "git.corp.com/x", true),
        ("github.com/Org", "github.com/org/x", false),
        ("h.com/x", "h.com/x/v2", true),
    ] {
        check(&world, pattern, path, private);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_star_matches_hosts_below_and_a_name_only_itself() {
    let world = proxy().await;
    for (pattern, path, private) in [
        ("*.corp.com", "git.corp.com/x", true),
        ("*.corp.com", "a.b.corp.com/x", true),
        ("*.corp.com", "corp.com/x", false),
        ("corp.com", "git.corp.com/x", false),
        ("git.corp", "git.corp.com/x", false),
    ] {
        check(&world, pattern, path, private);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_star_without_a_dot_matches_strangers() {
    check(&proxy().await, "*corp.com", "evilcorp.com/x", true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_space_after_the_comma_is_part_of_the_pattern() {
    let world = proxy().await;
    check(&world, "a.com, b.com", "b.com/x", false);
    check(&world, "a.com,b.com", "b.com/x", true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheme_or_a_port_matches_nothing() {
    let world = proxy().await;
    check(&world, "https://h.com", "h.com/x", false);
    check(&world, "h.com:8443", "h.com/x", false);
}

#[tokio::test(flavor = "multi_thread")]
async fn three_dots_are_no_wildcard() {
    check(&proxy().await, "h.com/...", "h.com/x", false);
}

#[tokio::test(flavor = "multi_thread")]
async fn none_is_no_keyword_and_stops_the_inheritance_all_the_same() {
    let world = serving(&module()).await;
    let settings = [("GOPROXY", world.url()), ("GOPRIVATE", "example.test".into()), ("GONOPROXY", "none".into())];
    Gopher::new(&settings.each_ref().map(|(name, value)| (*name, value.as_str()))).go(GET).fine();
    check(&world, "none", "example.test/n", false);
}

#[tokio::test(flavor = "multi_thread")]
async fn goprivate_changes_nothing_about_tls() {
    let (address, _world) = untrusted().await;
    let front = ForwardProxy::start(address, None).await;
    let settings = [("GOPROXY", "direct".to_owned()), ("GOPRIVATE", "*".into()), ("HTTPS_PROXY", front.url())];
    let gopher = Gopher::new(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    gopher.go(GET).failed("x509: certificate signed by unknown authority");
}

/// A host with a certificate that nobody knows.
async fn untrusted() -> (std::net::SocketAddr, World) {
    let world = World::with_tls(Leaf::self_signed(&["example.test"]).server(&["http/1.1"])).await;
    (world.address(), world)
}

#[tokio::test(flavor = "multi_thread")]
async fn off_does_not_stop_private_modules() {
    let (_bound, outside) = closed();
    let settings = [("GOPROXY", "off"), ("GOPRIVATE", "example.test"), ("HTTPS_PROXY", &outside)];
    Gopher::new(&settings).go(GET).failed("proxyconnect");
    Gopher::new(&[("GOPROXY", "off")]).go(GET).failed("module lookup disabled by GOPROXY=off");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pattern_deeper_than_the_host_tells_the_proxy_the_host() {
    let (world, (_bound, outside)) = (proxy().await, closed());
    let settings = [("GOPROXY", world.url()), ("GOPRIVATE", "git.corp.test/team".into()), ("HTTPS_PROXY", outside)];
    let gopher = Gopher::new(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    gopher.go("get git.corp.test/team/lib/pkg").failed("proxyconnect");
    let targets: Vec<String> = world.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets, ["/git.corp.test/@v/list"]);
    let host = proxy().await;
    gopher
        .go_with(&[("GOPROXY", &host.url()), ("GOPRIVATE", "git.corp.test")], "get git.corp.test/team/lib/pkg")
        .failed("proxyconnect");
    assert!(host.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn go_get_asks_for_every_prefix_of_the_path() {
    let world = serving(&module()).await;
    world.on("/example.test/m/@v/list", [Play::ok("v1.0.0\n")]);
    Gopher::new(&[("GOPROXY", &world.url())]).go("get example.test/m@v1.0.0").fine();
    assert_eq!(world.count("/example.test/@v/v1.0.0.info"), 1);
}

//! Beliefs about logins, toolchains and what a proxy may answer.

use testkit::{faults::Play, tls::Ca, world::World};

use super::gopher::{GET, Gopher, closed, proxy};

#[tokio::test(flavor = "multi_thread")]
async fn netrc_wants_the_port_and_default_is_ignored() {
    let ca = Ca::new();
    let world = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&["http/1.1"])).await;
    let (url, address) = (world.url(), world.address());
    let gopher = Gopher::new(&[("GOPROXY", &url), ("GOAUTH", "netrc")]);
    let trusted = gopher.write("ca.pem", ca.pem());
    let sends = |netrc: String| {
        let (file, before) = (gopher.write("netrc", &netrc), world.seen().len());
        gopher.go_with(&[("SSL_CERT_FILE", &trusted), ("NETRC", &file)], GET).failed("404 Not Found");
        world.seen()[before..].iter().any(|seen| seen.header("authorization").is_some())
    };
    assert!(!sends("default login u password p\n".into()));
    assert!(!sends("machine 127.0.0.1 login u password p\n".into()));
    assert!(sends(format!("machine {address} login u password p\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_in_an_http_url_is_refused() {
    let world = proxy().await;
    let url = world.url().replace("http://", "http://user:secret@");
    Gopher::new(&[("GOPROXY", &url)]).go(GET).failed("refusing to pass credentials to insecure URL");
    assert!(world.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn toolchain_not_available_is_also_said_without_a_network() {
    let (_bound, outside) = closed();
    for list in ["off", "direct"] {
        let settings = [("GOPROXY", list), ("GOTOOLCHAIN", "go1.99.0"), ("HTTPS_PROXY", &outside), ("GOSUMDB", "sum.golang.org")];
        Gopher::new(&settings).go("version").failed("toolchain not available");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_branch_with_a_slash_never_reaches_a_proxy_nor_direct() {
    let (world, (_bound, outside)) = (proxy().await, closed());
    let list = format!("{},direct", world.url());
    let gopher = Gopher::new(&[("GOPROXY", &list), ("HTTPS_PROXY", &outside)]);
    gopher.go("mod download example.test/m@feature/x").failed("disallowed version string");
    assert!(world.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_with_status_200_is_an_empty_list() {
    let world = proxy().await;
    world.on("/example.test/m/@v/list", [Play::login_page()]);
    Gopher::new(&[("GOPROXY", &world.url())]).go("list -m -versions example.test/m").fine();
}

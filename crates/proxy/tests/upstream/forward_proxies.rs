//! Through a forward proxy, or past it.

use proxy::settings::Secret;
use testkit::{
    faults::Play,
    tls::Ca,
    world::{ForwardProxy as Between, World},
};

use super::*;

/// What the environment would say.
fn env(url: &str, no: &str) -> ForwardProxy {
    ForwardProxy::Env { http: Secret::new(url.to_owned()), https: Secret::new(url.to_owned()), no: no.to_owned() }
}

async fn world() -> World {
    let world = World::start().await;
    world.on(LIST, [Play::ok("v1.0.0\n")]);
    world
}

#[tokio::test]
async fn http_goes_through_it_as_a_whole_url_with_its_own_login() {
    let world = world().await;
    let between = Between::start(world.address(), None).await;
    let url = between.url().replace("http://", "http://us%65r:p%40ss@");
    let login = Login::Bearer(Secret::new("not-for-http".to_owned()));
    for forward_proxy in [env(&url, ""), ForwardProxy::Url(Secret::new(url.clone()))] {
        let upstream = ready(Hop { forward_proxy, ..hop("http://go.example") });
        assert_eq!(body(&upstream, &list()).await, "v1.0.0\n");
    }
    assert_eq!(between.seen().len(), 2);
    for seen in between.seen() {
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "http://go.example/example.test/m/@v/list"));
        assert_eq!(seen.header("proxy-authorization"), Some("Basic dXNlcjpwQHNz"));
        assert_eq!(seen.header("host"), Some("go.example"));
    }
    let refused =
        HttpUpstream::new(Hop { login, forward_proxy: env(&url, ""), ..hop("http://go.example") }, &Roots::Files(Vec::new()));
    assert_eq!(
        refused.err(),
        Some(Trouble::Refused("refusing to pass credentials to insecure URL: http://go.example/".to_owned()))
    );
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_the_origin_never_sees_the_proxys_login() {
    let ca = Ca::new();
    let world = World::with_tls(ca.leaf(&["go.example"]).server(&["h2"])).await;
    world.on(LIST, [Play::ok("v1.0.0\n")]);
    let between = Between::start(world.address(), None).await;
    let file = super::tls::bundle(&ca);
    let upstream = ready(Hop {
        forward_proxy: env(&between.url().replace("http://", "http://user:pw@"), ""),
        ca_files: vec![file.path().to_owned()],
        login: Login::Bearer(Secret::new("token".to_owned())),
        ..hop("https://go.example")
    });
    assert_eq!(body(&upstream, &list()).await, "v1.0.0\n");
    let connect = &between.seen()[0];
    assert_eq!((connect.method.as_str(), connect.target.as_str()), ("CONNECT", "go.example:443"));
    assert_eq!(connect.header("proxy-authorization"), Some("Basic dXNlcjpwdw=="));
    assert_eq!(connect.header("authorization"), None);
    let seen = &world.seen()[0];
    assert_eq!((seen.header("authorization"), seen.header("proxy-authorization")), (Some("Bearer token"), None));
    assert!(seen.http2);
}

#[tokio::test]
async fn a_proxy_may_itself_speak_tls() {
    let ca = Ca::new();
    let world = World::with_tls(ca.leaf(&["go.example"]).server(&["h2"])).await;
    world.on(LIST, [Play::ok("v1.0.0\n")]);
    let between = Between::with_tls(world.address(), ca.leaf(&["127.0.0.1"]).server(&[])).await;
    let file = super::tls::bundle(&ca);
    let (forward_proxy, ca_files) = (env(&between.url(), ""), vec![file.path().to_owned()]);
    let upstream = ready(Hop { forward_proxy: forward_proxy.clone(), ca_files, ..hop("https://go.example") });
    assert_eq!(body(&upstream, &list()).await, "v1.0.0\n");
    assert_eq!(between.seen()[0].target, "go.example:443");
    let unknown = trouble(&ready(Hop { forward_proxy, ..hop("https://go.example") }), &list()).await;
    assert!(matches!(&unknown, Trouble::ForwardProxy(text) if text.contains("x509: certificate signed by unknown authority")));
}

#[tokio::test]
async fn no_proxy_and_loopback_go_past_it() {
    let world = world().await;
    let between = Between::start(world.address(), None).await;
    let direct = ready(Hop { forward_proxy: env(&between.url(), ""), ..hop(&world.url()) });
    assert_eq!(body(&direct, &list()).await, "v1.0.0\n");
    let spared = ready(Hop { forward_proxy: env(&between.url(), ".invalid"), ..hop("http://go.invalid") });
    assert!(matches!(trouble(&spared, &list()).await, Trouble::Dns(_)));
    assert_eq!(between.seen(), []);
    // Written as this hop's own proxy, it is used for every host.
    let always = ready(Hop { forward_proxy: ForwardProxy::Url(Secret::new(between.url())), ..hop(&world.url()) });
    assert_eq!(body(&always, &list()).await, "v1.0.0\n");
    assert_eq!(between.seen().len(), 1);
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_and_its_login_is_not() {
    let world = world().await;
    let between = Between::start(world.address(), Some("407 Proxy Authentication Required")).await;
    let address = between.url().replace("http://", "");
    let url = format!("http://user:hunter2@{address}");
    let upstream = ready(Hop { forward_proxy: env(&url, ""), ..hop("https://go.example") });
    let want = format!("{address}: answered CONNECT with HTTP/1.1 407 Proxy Authentication Required");
    assert_eq!(trouble(&upstream, &list()).await, Trouble::ForwardProxy(want));
    assert!(!format!("{upstream:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_proxy_that_is_not_there_or_says_nothing_is_its_own_trouble() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let dead = ready(Hop { forward_proxy: env(&format!("{free}"), ""), ..hop("https://go.example") });
    let refused = trouble(&dead, &list()).await;
    let want = format!("{free}: dial tcp: cannot connect: {free}: Connection refused");
    assert!(matches!(&refused, Trouble::ForwardProxy(text) if text.starts_with(&want)), "{refused:?}");

    let mute = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = mute.local_addr().expect("bound");
    let connect = Duration::from_millis(100);
    let silent = ready(Hop { connect, forward_proxy: env(&format!("http://{address}"), ""), ..hop("https://go.example") });
    assert_eq!(trouble(&silent, &list()).await, Trouble::ForwardProxy(format!("{address}: no answer to CONNECT within 100ms")));
}

#[tokio::test]
async fn a_proxy_of_another_kind_is_refused_without_repeating_it() {
    for (url, want) in [
        ("socks5://user:hunter2@a.test:1080", "forward proxy: scheme socks5 is neither http nor https"),
        ("http://user:hunter2@", "forward proxy: not a URL"),
    ] {
        let refused =
            HttpUpstream::new(Hop { forward_proxy: env(url, ""), ..hop("https://go.example") }, &Roots::Files(Vec::new()));
        assert_eq!(refused.err(), Some(Trouble::Refused(want.to_owned())));
    }
}

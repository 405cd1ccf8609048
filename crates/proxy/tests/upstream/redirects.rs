//! Where a redirect is followed to, and who sees the login.

use proxy::settings::Secret;
use testkit::{
    faults::{Length, Play},
    tls::Ca,
    world::{Seen, World},
};

use super::*;

fn login() -> Login {
    Login::Basic("alice".to_owned(), Secret::new("s3cret".to_owned()))
}

const ALICE: &str = "Basic YWxpY2U6czNjcmV0";

/// Asks for `list` with a login.
async fn asked_with_login(world: &World) -> Result<Reply, Failure> {
    ask(&ready(Hop { login: login(), ..hop(&world.url()) }), &list()).await
}

/// Per request: the target, and whether the login came along.
fn logins(world: &World) -> Vec<(String, bool)> {
    let known =
        |seen: Seen| (seen.target.clone(), seen.header("authorization").inspect(|&value| assert_eq!(value, ALICE)).is_some());
    world.seen().into_iter().map(known).collect()
}

fn found(end: Result<Reply, Failure>) {
    assert!(matches!(end, Ok(Reply::Found { .. })), "{end:?}");
}

#[tokio::test]
async fn all_five_kinds_of_redirect_are_followed() {
    for status in [301, 302, 303, 307, 308] {
        let world = World::start().await;
        world.on(LIST, [Play::redirect(status, "/there")]).on("/there", [Play::ok("v1.0.0\n")]);
        found(asked_with_login(&world).await);
        assert_eq!(logins(&world), [(LIST.to_owned(), true), ("/there".to_owned(), true)]);
    }
}

#[tokio::test]
async fn locations_are_resolved_as_links_are() {
    for (location, want) in [
        ("there", "/example.test/m/@v/there"),
        ("../there?x=1", "/example.test/m/there?x=1"),
        ("/a//b/%21c", "/a//b/%21c"),
        ("#part", LIST),
    ] {
        let world = World::start().await;
        world.on(want, [Play::ok("")]).on(LIST, [Play::redirect(302, location), Play::ok("")]);
        found(asked_with_login(&world).await);
        assert_eq!(logins(&world)[1], (want.to_owned(), true), "{location}");
    }
}

#[tokio::test]
async fn the_login_stays_with_its_own_host_and_port() {
    let (home, away) = (World::start().await, World::start().await);
    let port = home.address().port();
    home.on(LIST, [Play::redirect(302, &format!("{}/store", away.url()))]).on("/back", [Play::ok("")]);
    // There and back again: only what is at home sees it.
    away.on("/store", [Play::redirect(302, &format!("http://localhost:{port}/alias"))]);
    home.on("/alias", [Play::redirect(302, &format!("{}/back", home.url()))]);
    found(asked_with_login(&home).await);
    assert_eq!(logins(&away), [("/store".to_owned(), false)]);
    let want = [(LIST, true), ("/alias", false), ("/back", true)].map(|(target, sent)| (target.to_owned(), sent));
    assert_eq!(logins(&home), want);
}

#[tokio::test]
async fn a_login_in_the_location_is_not_used() {
    let (home, away) = (World::start().await, World::start().await);
    home.on(LIST, [Play::redirect(302, &format!("http://eve:pw@{}/store", away.address()))]);
    away.on("/store", [Play::ok("")]);
    found(asked_with_login(&home).await);
    assert_eq!(logins(&away), [("/store".to_owned(), false)]);
    // A forward proxy is handed whole URLs: neither is it in there.
    let between = testkit::world::ForwardProxy::start(home.address(), None).await;
    home.on(LIST, [Play::redirect(302, "http://eve:pw@other.example/store").length(Length::Close)]).on("/store", [Play::ok("")]);
    let forward_proxy = ForwardProxy::Url(Secret::new(between.url()));
    found(ask(&ready(Hop { forward_proxy, ..hop("http://go.example") }), &list()).await);
    assert_eq!(between.seen().iter().map(|seen| seen.target.as_str()).next_back(), Some("http://other.example/store"));
}

#[tokio::test]
async fn ten_redirects_are_followed_and_not_eleven() {
    let world = World::start().await;
    world.on(LIST, [Play::redirect(302, "/1")]);
    for hop in 1..10 {
        world.on(&format!("/{hop}"), [Play::redirect(302, &format!("/{}", hop + 1))]);
    }
    world.on("/10", [Play::ok("")]).on("/11", [Play::ok("")]);
    found(asked_with_login(&world).await);
    world.on("/10", [Play::redirect(302, "/11")]);
    let end = asked_with_login(&world).await;
    assert_eq!(end, Err(Trouble::Redirect("stopped after 10 redirects".to_owned()).into()));
    assert_eq!(world.count("/11"), 0);
}

#[tokio::test]
async fn a_loop_ends() {
    let world = World::start().await;
    world.on(LIST, [Play::redirect(307, LIST)]);
    assert!(matches!(asked_with_login(&world).await, Err(Failure::Trouble(Trouble::Redirect(_)))));
    assert_eq!(world.count(LIST), 11);
}

#[tokio::test]
async fn what_cannot_be_followed_is_said() {
    async fn check(play: Play, want: &str) {
        let world = World::start().await;
        world.on(LIST, [play]);
        assert_eq!(asked_with_login(&world).await, Err(Trouble::Redirect(want.to_owned()).into()));
        assert_eq!(world.seen().len(), 1);
    }
    check(Play::status(302, ""), "302 response missing Location header").await;
    check(Play::status(308, ""), "308 response missing Location header").await;
    check(Play::redirect(302, "ftp://a.test/"), "302 response with a Location that cannot be followed").await;
    check(Play::redirect(302, "file:///etc/passwd"), "302 response with a Location that cannot be followed").await;
    check(Play::redirect(302, "http://"), "302 response with a Location that cannot be followed").await;
}

#[tokio::test]
async fn no_upstream_sends_us_to_addresses_that_are_nobodys() {
    for host in
        ["169.254.169.254", "[::ffff:169.254.169.254]", "0xa9.0xfe.0xa9.0xfe", "2852039166", "0.0.0.0", "[fe80::1]", "224.0.0.1"]
    {
        let world = World::start().await;
        world.on(LIST, [Play::redirect(302, &format!("http://{host}/latest/meta-data/"))]);
        let end = asked_with_login(&world).await;
        let refused = matches!(&end, Err(Failure::Trouble(Trouble::Redirect(text))) if text.contains("is not one to be sent to"));
        assert!(refused, "{host} {end:?}");
    }
}

#[tokio::test]
async fn https_is_not_left_for_http() {
    let (ca, plain) = (Ca::new(), World::start().await);
    let secure = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&[])).await;
    secure.on(LIST, [Play::redirect(302, &format!("{}/there?token=1", plain.url()))]);
    plain.on("/there", [Play::ok("")]).on(LIST, [Play::redirect(302, &format!("{}/good", secure.url()))]);
    secure.on("/good", [Play::ok("")]);
    let bundle = super::tls::bundle(&ca);
    let ca_files = vec![bundle.path().to_owned()];
    let upstream = ready(Hop { ca_files: ca_files.clone(), ..hop(&secure.url()) });
    let want = format!("redirected from secure URL {}{LIST} to insecure URL {}/there", secure.url(), plain.url());
    assert_eq!(trouble(&upstream, &list()).await, Trouble::Redirect(want));
    assert_eq!(plain.seen(), []);
    // The other way is fine.
    found(ask(&ready(Hop { ca_files, ..hop(&plain.url()) }), &list()).await);
}

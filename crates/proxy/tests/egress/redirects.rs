//! Twelve graphs of redirects: where they are followed to, and who sees the login.

use testkit::{faults::Play, tls::Ca, world::World};

use super::*;

fn to(base: &str, path: &str) -> Play {
    Play::redirect(302, &format!("{base}{path}"))
}

/// Alice at `home`; `away` has no login.
fn alice_at(home: &World, away: &World) -> Egress {
    egress(vec![as_alice(&home.address().to_string()), at(away)])
}

#[tokio::test]
async fn graph_1_within_the_place_the_login_goes_along() {
    let home = World::start().await;
    home.on("/a", [Play::redirect(301, "/b")]).on("/b", [Play::redirect(308, "c")]).on("/c", [Play::ok("fine")]);
    let egress = egress(vec![as_alice(&home.address().to_string())]);
    assert_eq!(get(&egress, &format!("{}/a", home.url())).await, Ok((200, "fine".to_owned())));
    assert_eq!(logins(&home), owned(&[("/a", true), ("/b", true), ("/c", true)]));
}

#[tokio::test]
async fn graph_2_to_another_host_it_does_not() {
    let (home, away) = (World::start().await, World::start().await);
    home.on("/a", [to(&away.url(), "/b")]);
    away.on("/b", [Play::ok("fine")]);
    assert_eq!(get(&alice_at(&home, &away), &format!("{}/a", home.url())).await, Ok((200, "fine".to_owned())));
    assert_eq!((logins(&home), logins(&away)), (owned(&[("/a", true)]), owned(&[("/b", false)])));
}

#[tokio::test]
async fn graph_3_nor_on_the_way_back() {
    let (home, away) = (World::start().await, World::start().await);
    home.on("/a", [to(&away.url(), "/b")]).on("/c", [Play::ok("fine")]);
    away.on("/b", [to(&home.url(), "/c")]);
    assert_eq!(get(&alice_at(&home, &away), &format!("{}/a", home.url())).await, Ok((200, "fine".to_owned())));
    assert_eq!((logins(&home), logins(&away)), (owned(&[("/a", true), ("/c", false)]), owned(&[("/b", false)])));
}

#[tokio::test]
async fn graph_4_a_stranger_cannot_send_us_to_where_we_are_somebody() {
    let (home, away) = (World::start().await, World::start().await);
    away.on("/a", [to(&home.url(), "/secret")]);
    home.on("/secret", [Play::redirect(302, "/secret/too")]).on("/secret/too", [Play::status(401, "who?")]);
    assert_eq!(get(&alice_at(&home, &away), &format!("{}/a", away.url())).await.map(|answer| answer.0), Ok(401));
    assert_eq!(logins(&home), owned(&[("/secret", false), ("/secret/too", false)]));
}

#[tokio::test]
async fn graph_5_out_of_the_places_path_the_login_stays_behind() {
    let home = World::start().await;
    home.on("/team/a", [Play::redirect(302, "/other/b")])
        .on("/other/b", [Play::redirect(302, "/team/c")])
        .on("/team/c", [Play::ok("fine")]);
    let place = home.address().to_string();
    let egress = egress(vec![as_alice(&format!("{place}/team")), here(&place)]);
    assert_eq!(get(&egress, &format!("{}/team/a", home.url())).await, Ok((200, "fine".to_owned())));
    assert_eq!(logins(&home), owned(&[("/team/a", true), ("/other/b", false), ("/team/c", false)]));
}

#[tokio::test]
async fn graph_6_a_login_in_the_location_is_not_used() {
    let (home, away) = (World::start().await, World::start().await);
    home.on("/a", [Play::redirect(302, &format!("http://eve:pw@{}/b", away.address()))]);
    away.on("/b", [Play::ok("fine")]);
    assert_eq!(get(&alice_at(&home, &away), &format!("{}/a", home.url())).await, Ok((200, "fine".to_owned())));
    assert_eq!(logins(&away), owned(&[("/b", false)]));
}

#[tokio::test]
async fn graph_7_https_is_not_left_for_http_but_where_goinsecure_says_so() {
    let (ca, plain) = (Ca::new(), World::start().await);
    let secure = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&[])).await;
    secure.on("/a", [to(&plain.url(), "/b")]);
    plain.on("/b", [Play::ok("fine")]);
    let bundle = file(ca.pem());
    let place = secure.address().to_string();
    let login = Access { ca_files: vec![bundle.path().to_owned()], ..as_alice(&place) };
    let egress = egress(vec![login, at(&plain)]);
    let target = format!("{}/a", secure.url());
    let want = format!("redirected from secure URL {target} to insecure URL {}/b", plain.url());
    assert_eq!(get(&egress, &target).await, Err(Trouble::Redirect(want)));
    assert_eq!((logins(&secure), plain.seen()), (owned(&[("/a", true)]), vec![]));
    // Whoever does not verify sends no login.
    let answer = egress.get(&url(&target), &HeaderMap::new(), true).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!((logins(&secure)[1].clone(), logins(&plain)), (("/a".to_owned(), false), owned(&[("/b", false)])));
}

#[tokio::test]
async fn graph_8_to_an_inner_address_nothing_is_followed() {
    let home = World::start().await;
    let egress = egress(vec![as_alice(&home.address().to_string())]);
    for host in
        ["169.254.169.254", "0xa9fea9fe", "[::ffff:169.254.169.254]", "10.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706434"]
    {
        home.on("/a", [to(&format!("https://{host}"), "/latest/meta-data")]);
        let asked = get(&egress, &format!("{}/a", home.url())).await;
        assert!(matches!(&asked, Err(Trouble::Redirect(text)) if text.contains("not connected to ")), "{host}: {asked:?}");
    }
}

#[tokio::test]
async fn graph_9_a_loop_ends() {
    let home = World::start().await;
    home.on("/a", [Play::redirect(307, "/b")]).on("/b", [Play::redirect(307, "/a")]);
    let egress = egress(vec![at(&home)]);
    assert_eq!(get(&egress, &format!("{}/a", home.url())).await, Err(Trouble::Redirect("stopped after 10 redirects".to_owned())));
    assert_eq!(home.seen().len(), 11);
}

#[tokio::test]
async fn graph_10_to_where_no_request_goes_nothing_is_followed() {
    let home = World::start().await;
    let egress = egress(vec![at(&home)]);
    for location in ["file:///etc/passwd", "ftp://a.test/", "http://", "javascript:x", "http://go.example/plain"] {
        home.on("/a", [Play::redirect(302, location)]);
        let asked = get(&egress, &format!("{}/a", home.url())).await;
        assert!(matches!(&asked, Err(Trouble::Redirect(_))), "{location}: {asked:?}");
    }
}

#[tokio::test]
async fn graph_11_a_forges_api_is_asked_with_a_token_and_leads_nowhere() {
    let (home, away) = (World::start().await, World::start().await);
    let place = home.address().to_string();
    home.on("/api/v4/projects/team%2Flib", [Play::ok("{}"), to(&away.url(), "/b")]);
    let egress = egress(vec![as_alice(&format!("{place}/team")), at(&away)]);
    let (repository, api) =
        (url(&format!("{}/team/lib", home.url())), url(&format!("{}/api/v4/projects/team%2Flib", home.url())));
    for status in [200, 302] {
        let answer = egress.api(&repository, &api, &HeaderMap::new()).await.expect("an answer");
        assert_eq!(answer.status.as_u16(), status);
    }
    let tokens: Vec<_> = home.seen().iter().map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert_eq!(tokens, [Some("Bearer s3cret".to_owned()), Some("Bearer s3cret".to_owned())]);
    let elsewhere = egress.api(&repository, &url(&format!("{}/api", away.url())), &HeaderMap::new()).await;
    assert!(matches!(elsewhere, Err(Trouble::Refused(_))));
    assert_eq!(away.seen(), []);
}

#[tokio::test]
async fn graph_12_a_repository_that_moved_is_followed_once_and_remembered_for_its_child() {
    let (home, away) = (World::start().await, World::start().await);
    home.on("/team/lib/info/refs?service=git-upload-pack", [Play::redirect(301, "/team/new/info/refs?service=git-upload-pack")]);
    home.on("/team/new/info/refs?service=git-upload-pack", [to(&away.url(), "/lib.git/info/refs?service=git-upload-pack")]);
    away.on("/lib.git/info/refs?service=git-upload-pack", [Play::ok("refs")]);
    away.on("/lib.git/git-upload-pack", [Play::ok("pack"), to(&home.url(), "/team/lib/git-upload-pack")]);
    let egress = alice_at(&home, &away);
    let pass = egress.pass(&url(&format!("{}/team/lib", home.url()))).await.expect("a pass");
    assert_eq!(info_refs(&pass).await, 200);
    let pack = format!("{}/git-upload-pack", pass.url());
    assert_eq!(child(&pass, "POST", &pack, &[], b"want").await.0, 200);
    assert_eq!((logins(&home).len(), pass.trouble()), (2, None));
    assert!(logins(&home).iter().all(|(_, sent)| *sent), "at home the login goes along");
    assert!(logins(&away).iter().all(|(_, sent)| !*sent), "away it does not");
    // Once the repository has answered, it stays where it is.
    assert_eq!(child(&pass, "POST", &pack, &[], b"want").await.0, 502);
    assert!(matches!(pass.trouble(), Some(Trouble::Redirect(text)) if text.ends_with("after the repository had answered")));
}

#[tokio::test]
async fn a_child_is_not_led_to_a_sign_in_page_or_to_http() {
    let (ca, plain) = (Ca::new(), World::start().await);
    let secure = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&[])).await;
    let bundle = file(ca.pem());
    let place = Access { ca_files: vec![bundle.path().to_owned()], ..as_alice(&secure.address().to_string()) };
    let egress = egress(vec![place, at(&plain)]);
    let refs = "/lib/info/refs?service=git-upload-pack";
    for (location, want) in [
        (format!("{}/users/sign_in", secure.url()), "is not the same repository at another place; a sign-in page, perhaps"),
        (format!("{}{refs}", plain.url()), "to insecure URL"),
        (format!("https://169.254.169.254{refs}"), "not connected to"),
    ] {
        secure.on(refs, [Play::redirect(302, &location)]);
        let pass = egress.pass(&url(&format!("{}/lib", secure.url()))).await.expect("a pass");
        assert_eq!(info_refs(&pass).await, 502);
        assert!(
            matches!(pass.trouble(), Some(Trouble::Redirect(text)) if text.contains(want)),
            "{location}: {:?}",
            pass.trouble()
        );
    }
    assert_eq!(plain.seen(), []);
}

//! Logins from files and settings: to their own place, and read again when they changed.

use testkit::{faults::Play, world::World};

use super::*;

/// The logins that arrived, in order.
fn seen(world: &World) -> Vec<String> {
    world.seen().iter().map(|seen| seen.header("authorization").unwrap_or_default().to_owned()).collect()
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("{user}:{password}")))
}

#[tokio::test]
async fn a_netrc_entry_is_found_by_host_and_port_and_read_again_when_it_changes() {
    let world = World::start().await;
    world.on("/x", [Play::ok("")]);
    let place = world.address().to_string();
    let netrc = file(&format!("machine other.example login o password p\nmachine {place} login bob password one\n"));
    let egress = egress(vec![Access { credential: Credential::Netrc(netrc.path().to_owned()), ..here(&place) }]);
    let target = format!("{}/x", world.url());
    drop(get(&egress, &target).await);
    std::fs::write(netrc.path(), format!("machine {place} login bob password longer")).expect("written");
    drop(get(&egress, &target).await);
    std::fs::write(netrc.path(), "machine other.example login o password p").expect("written");
    drop(get(&egress, &target).await);
    std::fs::remove_file(netrc.path()).expect("removed");
    drop(get(&egress, &target).await);
    assert_eq!(seen(&world), [basic("bob", "one"), basic("bob", "longer"), String::new(), String::new()]);
}

#[tokio::test]
async fn a_token_that_is_not_accepted_is_read_again_once() {
    let world = World::start().await;
    let token = file("first\nnot this\n");
    let same_length = || std::fs::write(token.path(), "other\nnot this\n").expect("written");
    let place = world.address().to_string();
    let egress = egress(vec![Access { credential: Credential::File("bob".into(), token.path().to_owned()), ..here(&place) }]);
    let target = format!("{}/x", world.url());
    world.on("/x", [Play::ok(""), Play::status(401, ""), Play::ok("again")]);
    assert_eq!(get(&egress, &target).await.map(|answer| answer.0), Ok(200));
    // Within the same tick of the clock, and of the same length: it looks as it did.
    let before = std::fs::metadata(token.path()).and_then(|about| about.modified()).expect("a time");
    same_length();
    let opened = std::fs::File::options().write(true).open(token.path()).expect("it is there");
    opened.set_modified(before).expect("set");
    assert_eq!(get(&egress, &target).await, Ok((200, "again".to_owned())));
    assert_eq!(seen(&world), [basic("bob", "first"), basic("bob", "first"), basic("bob", "other")]);
    // Nothing new in it: asked once only.
    world.on("/x", [Play::status(401, "")]);
    assert_eq!(get(&egress, &target).await.map(|answer| answer.0), Ok(401));
    assert_eq!(seen(&world).len(), 4);
}

#[tokio::test]
async fn a_token_file_that_cannot_be_read_is_trouble_and_nobody_is_asked_without_it() {
    let world = World::start().await;
    let place = world.address().to_string();
    let egress = egress(vec![Access { credential: Credential::File("bob".into(), "/no/such/token".into()), ..here(&place) }]);
    let asked = get(&egress, &format!("{}/x", world.url())).await;
    assert!(matches!(&asked, Err(Trouble::Refused(text)) if text.starts_with("the login cannot be read from /no/such/token: ")));
    assert_eq!(world.seen(), []);
}

#[tokio::test]
async fn a_login_is_not_sent_over_plain_http_to_another_machine() {
    let world = World::start().await;
    world.on("/x", [Play::ok("")]);
    let port = world.address().port();
    let names = Names::new(&[("plain.example", &[&["127.0.0.1"]])]);
    let egress = resolving(&direct(vec![as_alice(&format!("plain.example:{port}"))]), &names);
    let target = format!("http://plain.example:{port}/x");
    assert_eq!(get(&egress, &target).await.map(|answer| answer.0), Ok(200));
    assert_eq!(logins(&world), owned(&[("/x", false)]));
    let report = egress.check(&url(&target)).await;
    assert_eq!(report.login, proxy::egress::LoginUse::Missing("it is not sent over plain http".to_owned()));
}

#[tokio::test]
async fn a_report_names_place_and_kind_and_what_the_host_said() {
    use proxy::egress::{Kind, LoginUse};
    let world = World::start().await;
    world.on("/team/x", [Play::status(403, "")]).on("/y", [Play::redirect(302, "/z")]);
    let place = world.address().to_string();
    let netrc = file("");
    let missing = Credential::Netrc(netrc.path().to_owned());
    let rules = vec![as_alice(&format!("{place}/team")), Access { credential: missing, ..here(&place) }];
    let egress = egress(rules);
    let report = egress.check(&url(&format!("{}/team/x?token=q", world.url()))).await;
    assert_eq!(report.url, format!("{}/team/x", world.url()));
    assert_eq!((report.place, report.credential), (Some(format!("{place}/team")), Kind::Fixed));
    assert_eq!((report.login, report.address), (LoginUse::Sent, Some(world.address())));
    assert_eq!(report.said, None.or(Some(Ok(StatusCode::NOT_FOUND))), "the query is asked, too, and not in the script");
    let report = egress.check(&url(&format!("{}/y", world.url()))).await;
    assert_eq!((report.credential, report.said), (Kind::Netrc, Some(Ok(StatusCode::FOUND))), "a redirect is not followed");
    let want = format!("{} has no machine {place}", netrc.path().display());
    assert_eq!(report.login, LoginUse::Missing(want));
    let report = egress.check(&url("https://127.0.0.1:1/")).await;
    assert_eq!((report.place, report.login), (None, LoginUse::None));
    assert!(matches!(report.said, Some(Err(Trouble::Refused(_)))));
}

#[tokio::test]
async fn who_we_are_is_said_with_a_contact_and_a_childs_own_name_before_it() {
    let world = World::start().await;
    world.on("/x", [Play::ok("")]).on("/lib/info/refs", [Play::ok("")]);
    let mut settings = direct(vec![at(&world)]);
    settings.contact = "ops@corp.example".to_owned();
    let egress = ready(&settings);
    drop(get(&egress, &format!("{}/x", world.url())).await);
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    drop(child(&pass, "GET", &format!("{}/info/refs", pass.url()), &[("User-Agent", "git/2.39.5")], b"").await);
    let agents: Vec<_> = world.seen().iter().map(|seen| seen.header("user-agent").unwrap_or_default().to_owned()).collect();
    let ours = format!("modway/{} (Go module proxy; ops@corp.example)", env!("CARGO_PKG_VERSION"));
    assert_eq!(agents, [ours.clone(), format!("git/2.39.5 {ours}")]);
}

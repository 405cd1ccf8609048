//! A place's own authority, name and client certificate, for our requests and for children's alike.

use testkit::{
    faults::Play,
    tls::{Ca, RsaKey},
    world::World,
};

use super::*;

const REFS: &str = "/lib/info/refs?service=git-upload-pack";

/// Asks by ourselves and by a child; both succeed, or both fail with this.
async fn check(access: Access, world: &World, want: Option<&str>) {
    world.on("/x", [Play::ok("")]).on(REFS, [Play::ok("refs")]);
    let egress = egress(vec![access]);
    let ours = get(&egress, &format!("{}/x", world.url())).await;
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    let (status, theirs) = (info_refs(&pass).await, pass.trouble());
    match want {
        None => assert_eq!((ours.map(|answer| answer.0), status, theirs), (Ok(200), 200, None)),
        Some(want) => {
            let ours = ours.expect_err("it fails");
            assert!(matches!(&ours, Trouble::Tls(text) if text.starts_with(want)), "{ours:?}");
            assert_eq!((status, theirs), (502, Some(ours)));
        }
    }
}

fn secure(world: &World) -> Access {
    here(&world.address().to_string())
}

#[tokio::test]
async fn a_places_own_authority_is_believed_there_and_nowhere_else() {
    let ca = Ca::new();
    let bundle = file(ca.pem());
    let ca_files = vec![bundle.path().to_owned()];
    let world = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&[])).await;
    check(Access { ca_files: ca_files.clone(), ..secure(&world) }, &world, None).await;
    check(secure(&world), &world, Some("x509: certificate signed by unknown authority (127.0.0.1)")).await;
    let other = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&[])).await;
    let both = egress(vec![Access { ca_files, ..secure(&world) }, secure(&other)]);
    assert!(get(&both, &format!("{}/x", world.url())).await.is_ok());
    assert!(matches!(get(&both, &format!("{}/x", other.url())).await, Err(Trouble::Tls(_))));
}

#[tokio::test]
async fn a_certificate_for_another_name_is_believed_where_the_place_says_so() {
    let ca = Ca::new();
    let bundle = file(ca.pem());
    let world = World::with_tls(ca.leaf(&["git.corp.example"]).server(&[])).await;
    let ours = Access { ca_files: vec![bundle.path().to_owned()], ..secure(&world) };
    check(ours.clone(), &world, Some("x509: certificate is valid for git.corp.example, not 127.0.0.1")).await;
    check(Access { server_name: Some("git.corp.example".into()), ..ours.clone() }, &world, None).await;
    let wrong = Access { server_name: Some("hg.corp.example".into()), ..ours };
    check(wrong, &world, Some("x509: certificate is valid for git.corp.example, not hg.corp.example")).await;
}

/// The clock goes on by as long as certificate files are taken to be as they were.
async fn a_second_later() {
    tokio::time::pause();
    tokio::time::advance(proxy::limits::CERTIFICATES_LOOKED_AT).await;
    tokio::time::resume();
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_its_place_and_exchanged_without_restart() {
    let (ca, clients) = (Ca::new(), Ca::new());
    let bundle = file(ca.pem());
    let world = World::with_tls(ca.leaf(&["127.0.0.1"]).server_for(&clients, &[])).await;
    world.on("/x", [Play::ok("")]);
    let folder = tempfile::tempdir().expect("a folder");
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let write = |ca: &Ca| {
        let (certificate, secret) = ca.leaf(&["modway.example"]).pem();
        std::fs::write(&chain, certificate + "\n").expect("written");
        std::fs::write(&key, secret).expect("written");
    };
    let without = Access { ca_files: vec![bundle.path().to_owned()], ..secure(&world) };
    let target = format!("{}/x", world.url());
    let asked = get(&egress(vec![without.clone()]), &target).await;
    assert!(asked.is_err(), "without a certificate: {asked:?}");
    write(&Ca::new());
    let egress = egress(vec![Access { client_certificate: Some((chain.clone(), key.clone())), ..without }]);
    assert!(get(&egress, &target).await.is_err(), "of an authority that the host does not know");
    write(&clients);
    std::fs::write(&chain, format!("{}\n\n", std::fs::read_to_string(&chain).expect("it is there"))).expect("another length");
    assert!(get(&egress, &target).await.is_err(), "files are not looked at for every exchange");
    a_second_later().await;
    assert_eq!(get(&egress, &target).await.map(|answer| answer.0), Ok(200));
    // While only one of the two files is new, what worked goes on to work.
    std::fs::write(&key, RsaKey::new().pem).expect("written");
    a_second_later().await;
    assert_eq!(get(&egress, &target).await.map(|answer| answer.0), Ok(200));
}

#[tokio::test]
async fn goinsecure_believes_anyone_for_our_own_requests_and_never_for_a_child() {
    let world = World::with_tls(testkit::tls::Leaf::self_signed(&["go.example"]).server(&["h2", "http/1.1"])).await;
    world.on("/x", [Play::ok("fine")]).on(REFS, [Play::ok("refs")]);
    let egress = egress(vec![secure(&world)]);
    let answer = egress.get(&url(&format!("{}/x", world.url())), &HeaderMap::new(), true).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::OK);
    assert!(matches!(get(&egress, &format!("{}/x", world.url())).await, Err(Trouble::Tls(_))));
    let pass = egress.pass(&url(&format!("{}/lib", world.url()))).await.expect("a pass");
    assert_eq!(info_refs(&pass).await, 502);
}

#[tokio::test]
async fn a_certificate_file_that_cannot_be_used_is_said_when_it_is_needed() {
    let world = World::start().await;
    for (access, want) in [
        (Access { ca_files: vec!["/no/such.pem".into()], ..secure(&world) }, "CA file /no/such.pem: "),
        (
            Access { client_certificate: Some(("/no/chain.pem".into(), "/no/key.pem".into())), ..secure(&world) },
            "client certificate key /no/key.pem: ",
        ),
    ] {
        let asked = get(&egress(vec![access]), &world.url()).await;
        assert!(matches!(&asked, Err(Trouble::Tls(text)) if text.starts_with(want)), "{asked:?}");
    }
}

#[tokio::test]
async fn a_child_speaks_http_while_we_speak_http2() {
    let ca = Ca::new();
    let bundle = file(ca.pem());
    let world = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&["h2"])).await;
    check(Access { ca_files: vec![bundle.path().to_owned()], ..secure(&world) }, &world, None).await;
    assert!(world.seen().iter().all(|seen| seen.http2));
}

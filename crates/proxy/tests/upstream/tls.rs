//! Whose certificates are believed, and what is said of the others.

use std::io::Write as _;

use testkit::{
    faults::{Fault, Play},
    tls::{Ca, Leaf},
    world::World,
};

use super::*;

/// A CA file.
pub(crate) fn bundle(ca: &Ca) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(ca.pem().as_bytes()).expect("written");
    file
}

async fn serving(leaf: &Leaf, protocols: &[&str]) -> World {
    let world = World::with_tls(leaf.server(protocols)).await;
    world.on(LIST, [Play::ok("v1.0.0\n")]);
    world
}

fn trusting(world: &World, ca: &Ca) -> HttpUpstream {
    let file = bundle(ca);
    ready(Hop { ca_files: vec![file.path().to_owned()], ..hop(&world.url()) })
}

#[tokio::test]
async fn a_hops_own_ca_file_is_believed_and_so_is_the_global_one() {
    let ca = Ca::new();
    let world = serving(&ca.leaf(&["127.0.0.1"]), &[]).await;
    assert_eq!(body(&trusting(&world, &ca), &list()).await, "v1.0.0\n");
    let file = bundle(&ca);
    let global = HttpUpstream::new(hop(&world.url()), &Roots::Files(vec![file.path().to_owned()])).expect("ready");
    assert_eq!(body(&global, &list()).await, "v1.0.0\n");
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_is_refused_in_gos_words() {
    async fn check(leaf: Leaf, ca: &Ca, want: &str) {
        let world = serving(&leaf, &[]).await;
        let trouble = trouble(&trusting(&world, ca), &list()).await;
        assert!(matches!(&trouble, Trouble::Tls(text) if text.starts_with(want)), "{trouble:?}");
        assert_eq!(world.seen(), []);
    }
    let ca = Ca::new();
    check(Ca::new().leaf(&["127.0.0.1"]), &ca, "x509: certificate signed by unknown authority (127.0.0.1)").await;
    check(Leaf::self_signed(&["127.0.0.1"]), &ca, "x509: certificate signed by unknown authority (127.0.0.1)").await;
    check(ca.leaf(&["go.example"]), &ca, "x509: certificate is valid for go.example, not 127.0.0.1").await;
    check(ca.leaf(&["127.0.0.2"]), &ca, "x509: certificate is").await;
    check(ca.expired(&["127.0.0.1"]), &ca, "x509: certificate has expired or is not yet valid").await;
}

#[tokio::test]
async fn one_hops_ca_file_is_not_believed_for_another() {
    let ca = Ca::new();
    let world = serving(&ca.leaf(&["127.0.0.1"]), &[]).await;
    let believing = trusting(&world, &ca);
    assert_eq!(body(&believing, &list()).await, "v1.0.0\n");
    assert!(matches!(trouble(&to(&world), &list()).await, Trouble::Tls(_)));
}

#[tokio::test]
async fn plain_http_where_tls_should_be_is_a_failed_handshake() {
    let world = World::start().await;
    let upstream = ready(Hop { tls: Duration::from_millis(150), ..hop(&world.url().replace("http:", "https:")) });
    let trouble = trouble(&upstream, &list()).await;
    assert_eq!(trouble.code(), "tls", "{trouble:?}");
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_said_at_once() {
    let refused = |path: &std::path::Path| {
        let end = HttpUpstream::new(Hop { ca_files: vec![path.to_owned()], ..hop("https://a.test") }, &Roots::Files(Vec::new()));
        end.expect_err("it cannot be used")
    };
    let missing = refused(std::path::Path::new("/no/such/file.pem"));
    assert!(matches!(&missing, Trouble::Tls(text) if text.starts_with("CA file /no/such/file.pem: ")), "{missing:?}");
    let empty = tempfile::NamedTempFile::new().expect("a file");
    assert_eq!(refused(empty.path()), Trouble::Tls(format!("CA file {}: no certificate in it", empty.path().display())));
}

#[tokio::test]
async fn http2_is_spoken_where_it_is_offered_over_one_connection() {
    let ca = Ca::new();
    let world = serving(&ca.leaf(&["127.0.0.1"]), &["h2", "http/1.1"]).await;
    world.on(INFO, [Play::not_found("no such version")]);
    world.on(ZIP, [Play::file(noise(3 << 20), "a").fault(Fault::StallAt(1 << 20)), Play::file(noise(3 << 20), "a")]);
    let file = bundle(&ca);
    let ca_files = vec![file.path().to_owned()];
    let upstream = ready(Hop { ca_files, retries: 1, idle: Duration::from_millis(400), ..hop(&world.url()) });
    assert_eq!(body(&upstream, &list()).await, "v1.0.0\n");
    assert_eq!(ask(&upstream, &info()).await, Err(Failure::NotExist("no such version".to_owned())));
    let (end, bytes) = fetch(&upstream, &mut spool().0).await;
    assert!(end == Ok(()) && bytes == noise(3 << 20), "{end:?}");
    assert!(world.seen().iter().all(|seen| seen.http2 && seen.connection == 1));
    assert_eq!(world.seen()[3].header("range"), Some("bytes=1048576-"), "gone on with where it broke");
}

#[tokio::test]
async fn http2_deadlines_pass_as_themselves() {
    let ca = Ca::new();
    let world = serving(&ca.leaf(&["127.0.0.1"]), &["h2"]).await;
    world.on(INFO, [Play::ok("{}").fault(Fault::Mute)]).on(GO_MOD, [Play::ok("module m\n").fault(Fault::StallAt(3))]);
    let file = bundle(&ca);
    // Long enough for a busy machine to answer what it is to answer.
    let short = Duration::from_millis(400);
    let hop = Hop { ca_files: vec![file.path().to_owned()], first_byte: short, idle: short, ..hop(&world.url()) };
    let upstream = ready(hop);
    assert_eq!(trouble(&upstream, &info()).await, Trouble::Deadline(plan::trouble::Deadline::FirstByte, 400));
    assert_eq!(trouble(&upstream, &go_mod()).await, Trouble::Deadline(plan::trouble::Deadline::Idle, 400));
    assert_eq!(body(&upstream, &list()).await, "v1.0.0\n");
    let connections: Vec<_> = world.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [1, 2, 2], "a connection that does not answer is left, one that stalls on one stream is not");
}

//! What each status and each body means.

use proxy::upstream::{Files as _, Upstream as _};
use testkit::faults::{Fault, Length};
use testkit::{faults::Play, world::World};

use super::*;

/// What `question` gets for `play`.
async fn given(question: &Question, play: Play) -> Result<Reply, Failure> {
    let world = World::start().await;
    for target in [LIST, LATEST, INFO, GO_MOD] {
        world.on(target, [play.clone()]);
    }
    ask(&to(&world), question).await
}

async fn check(question: Question, play: Play, want: Result<&str, Failure>) {
    let got = given(&question, play.clone()).await.map(|reply| match reply {
        Reply::Found { body, .. } => String::from_utf8_lossy(&body).into_owned(),
        Reply::NotModified => "(not modified)".to_owned(),
    });
    assert_eq!(got, want.map(str::to_owned), "{question} {play:?}");
}

fn body_trouble(text: &str) -> Result<&'static str, Failure> {
    Err(Failure::Trouble(Trouble::Body(text.to_owned())))
}

fn status(status: u16, text: &str) -> Result<&'static str, Failure> {
    Err(Failure::Trouble(Trouble::Status(status, text.to_owned())))
}

#[tokio::test]
async fn a_document_comes_as_it_is() {
    check(list(), Play::ok("v1.0.0\nv1.1.0\n"), Ok("v1.0.0\nv1.1.0\n")).await;
    check(list(), Play::ok(""), Ok("")).await;
    check(info(), Play::ok(r#"{"Version":"v1.0.0"}"#), Ok(r#"{"Version":"v1.0.0"}"#)).await;
    check(go_mod(), Play::ok("module example.test/m\n").length(Length::Chunked), Ok("module example.test/m\n")).await;
    check(go_mod(), Play::ok("module example.test/m\n").length(Length::Close), Ok("module example.test/m\n")).await;
}

#[tokio::test]
async fn only_404_and_410_say_that_it_does_not_exist() {
    let gone = Err(Failure::NotExist("gone\nfor ever".to_owned()));
    check(list(), Play::not_found("no such module"), Err(Failure::NotExist("no such module".to_owned()))).await;
    check(list(), Play::status(410, "gone\nfor ever\n\nhidden"), gone).await;
    check(list(), Play::status(404, "<html>").header("Content-Type", "text/html"), Err(Failure::NotExist(String::new()))).await;
    for other in [201, 203, 204, 206, 300, 304, 400, 401, 403, 405, 418, 429, 451, 500, 501, 502, 503, 504] {
        let text = if matches!(other, 204 | 304) { "" } else { "no" };
        check(list(), Play::status(other, text), status(other, text)).await;
    }
}

#[tokio::test]
async fn a_login_page_is_no_document() {
    let html = "an HTML page instead of text; a login or error page?";
    check(info(), Play::login_page(), body_trouble("invalid character '<' looking for beginning of value")).await;
    check(latest(), Play::login_page(), body_trouble("invalid character '<' looking for beginning of value")).await;
    check(list(), Play::login_page(), body_trouble(html)).await;
    check(go_mod(), Play::login_page(), body_trouble(html)).await;
    check(list(), Play::ok("  <html>"), body_trouble(html)).await;
    check(list(), Play::ok("v1.0.0\n").header("Content-Type", "Text/HTML; charset=utf-8"), body_trouble(html)).await;
    check(go_mod(), Play::ok("\n<html>"), body_trouble(html)).await;
}

#[tokio::test]
async fn json_that_is_none_is_told_in_the_words_of_go() {
    check(info(), Play::ok(""), body_trouble("unexpected end of JSON input")).await;
    check(info(), Play::ok("[]"), body_trouble("invalid character '[' looking for beginning of value")).await;
    let cut = given(&info(), Play::ok(r#"{"Version":"v1"#)).await;
    assert!(matches!(&cut, Err(Failure::Trouble(Trouble::Body(_)))), "{cut:?}");
}

#[tokio::test]
async fn a_body_of_another_length_than_announced_is_broken() {
    let short = Play::ok("v1.0.0\n").length(Length::Claimed(20)).fault(Fault::CutAt(7));
    let broken = given(&list(), short).await;
    let text = "wrong length: 7 of 20 bytes arrived";
    assert!(matches!(&broken, Err(Failure::Trouble(Trouble::Broken(cause))) if cause.starts_with(text)), "{broken:?}");
    // What is beyond the announced length is not part of the body.
    check(list(), Play::ok("v1.0.0\nv9.9.9\n").length(Length::Claimed(7)), Ok("v1.0.0\n")).await;
    let chunks = given(&list(), Play::ok("v1.0.0\n").length(Length::Chunked).fault(Fault::CutAt(7))).await;
    assert!(matches!(&chunks, Err(Failure::Trouble(Trouble::Broken(cause))) if cause.starts_with("after 7 bytes")), "{chunks:?}");
}

#[tokio::test]
async fn a_body_stops_at_its_limit_announced_or_not() {
    let too_large = Err(Failure::Trouble(Trouble::TooLarge(1 << 20)));
    check(info(), Play::ok("{").length(Length::Claimed(1 << 40)), too_large.clone()).await;
    let endless = Play::ok("{".repeat(1 << 16)).length(Length::Chunked).fault(Fault::Endless);
    check(info(), endless, too_large).await;
}

#[tokio::test]
async fn a_coding_we_did_not_ask_for_is_refused() {
    let world = World::start().await;
    world.on(INFO, [Play::ok("{}").header("Content-Encoding", "gzip")]);
    world.on(ZIP, [Play::file(noise(10), "a").header("Content-Encoding", "br")]);
    let upstream = to(&world);
    let want = |coding: &str| Trouble::Body(format!("body with Content-Encoding {coding:?}, which we did not ask for"));
    assert_eq!(trouble(&upstream, &info()).await, want("gzip"));
    let (end, bytes) = fetch(&upstream, &mut spool().0).await;
    assert_eq!((end, bytes), (Err(want("br").into()), Vec::new()));
    assert!(world.seen().iter().all(|seen| seen.header("accept-encoding") == Some("identity")));
}

#[tokio::test]
async fn requests_are_written_as_the_go_command_writes_them() {
    let world = World::start().await;
    let upstream = ready(hop(&format!("{}/base//?key=a%20b", world.url())));
    let shout = ModulePath::parse("example.test/Up").expect("a module path");
    let journey = Journey::new(Instant::now());
    let rev = Rev::parse("v1.0.0-RC1").expect("a revision");
    let _ = upstream.ask(&Question::Stat(shout, rev), &Known::default(), &journey).await;
    let _ = upstream.get("sumdb/sum.test/lookup/example.test/!up@v1.0.0+x", 100, &Journey::new(Instant::now())).await;
    let targets: Vec<String> = world.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(
        targets,
        [
            "/base/example.test/%21up/@v/v1.0.0-%21r%21c1.info?key=a%20b",
            "/base/sumdb/sum.test/lookup/example.test/!up@v1.0.0+x?key=a%20b"
        ]
    );
    assert_eq!(asked(&journey), ("example.test/!up/@v/v1.0.0-!r!c1.info".to_owned(), 1, AskEnd::NotExist));
    assert!(world.seen()[0].header("user-agent").is_some_and(|agent| agent.starts_with("modway/")));
    assert_eq!(world.seen()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_file_below_the_base_is_read_as_it_is_within_its_limit() {
    let world = World::start().await;
    world.on("/latest", [Play::ok("go.sum database tree\n")]);
    let (upstream, journey) = (to(&world), Journey::new(Instant::now()));
    assert_eq!(upstream.get("latest", 21, &journey).await.expect("it is there"), "go.sum database tree\n");
    assert_eq!(asked(&journey), ("latest".to_owned(), 1, AskEnd::Found(21)));
    let too_large = upstream.get("latest", 20, &Journey::new(Instant::now())).await;
    assert_eq!(too_large, Err(Trouble::TooLarge(20).into()));
    world.on("/latest", [Play::ok("go.sum database tree\n").length(Length::Chunked)]);
    assert_eq!(upstream.get("latest", 21, &Journey::new(Instant::now())).await.expect("it is there").len(), 21);
    let too_large = upstream.get("latest", 20, &Journey::new(Instant::now())).await;
    assert_eq!(too_large, Err(Trouble::TooLarge(20).into()), "whether its length was announced or not");
    for up in ["../latest", "a/./b", ".."] {
        let refused = upstream.get(up, 20, &Journey::new(Instant::now())).await;
        assert_eq!(refused, Err(Trouble::Refused(format!("path not usable: {up}")).into()));
    }
}

#[tokio::test]
async fn a_connection_is_kept_and_used_again() {
    let world = World::start().await;
    world.on(LIST, [Play::ok("v1.0.0\n")]).on(INFO, [Play::not_found("no")]);
    let upstream = to(&world);
    for question in [list(), info(), list()] {
        let _ = ask(&upstream, &question).await;
    }
    assert_eq!(world.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 1, 1]);
}

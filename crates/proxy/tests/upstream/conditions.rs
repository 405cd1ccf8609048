//! Asking whether what we have is still right.

use proxy::upstream::Upstream as _;
use testkit::{faults::Play, world::World};

use super::*;

const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

fn known() -> Known {
    Known { etag: "W/\"a1\"".to_owned(), last_modified: DATE.to_owned() }
}

#[tokio::test]
async fn an_answer_brings_its_validators_and_the_next_question_sends_both() {
    let world = World::start().await;
    world.on(LIST, [Play::ok("v1.0.0\n").header("ETag", "W/\"a1\"").header("Last-Modified", DATE), Play::status(304, "")]);
    let upstream = to(&world);
    let Ok(Reply::Found { known: first, .. }) = ask(&upstream, &list()).await else { panic!("no document") };
    assert_eq!(first, known());
    let journey = Journey::new(Instant::now());
    assert_eq!(upstream.ask(&list(), &first, &journey).await, Ok(Reply::NotModified));
    assert_eq!(asked(&journey).2, AskEnd::NotModified);
    let conditions = |at: usize| {
        let seen = world.seen()[at].clone();
        ["if-none-match", "if-modified-since"].map(|name| seen.header(name).map(str::to_owned))
    };
    assert_eq!(conditions(0), [None, None]);
    assert_eq!(conditions(1), [Some("W/\"a1\"".to_owned()), Some(DATE.to_owned())]);
}

#[tokio::test]
async fn a_changed_document_comes_whole_with_new_validators() {
    let world = World::start().await;
    world.on(LIST, [Play::ok("v2\n").header("ETag", "\"b2\"")]);
    let reply = to(&world).ask(&list(), &known(), &Journey::new(Instant::now())).await;
    let fresh = Known { etag: "\"b2\"".to_owned(), last_modified: String::new() };
    assert_eq!(reply, Ok(Reply::Found { body: "v2\n".into(), known: fresh }));
}

#[tokio::test]
async fn not_modified_that_nobody_asked_for_is_trouble() {
    let world = World::start().await;
    world.on(LIST, [Play::status(304, "")]);
    assert_eq!(trouble(&to(&world), &list()).await, Trouble::Status(304, String::new()));
}

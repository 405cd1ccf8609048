//! What single settings do to the journey.

use super::*;

#[test]
fn a_login_in_the_clear_keeps_a_proxy_from_being_asked_for_the_database() {
    let environment = [("GOPROXY", "http://user:secret@a.test|https://b.test"), ("GOSUMDB", crate::goenv::defaults::GOSUMDB)];
    let story = walk(&setup(&environment), &download("v1.0.0"), &mut plain);
    assert!(story.turns.iter().all(|turn| turn.ask.url.starts_with("https://b.test/")), "{:#?}", story.turns);
    assert!(matches!(story.outcome.end, End::Done { .. }));
}

#[test]
fn go_private_and_off_goes_direct_and_asks_no_database() {
    let story = walk(
        &setup(&[("GOPRIVATE", "*.test"), ("GOPROXY", "off"), ("GOSUMDB", crate::goenv::defaults::GOSUMDB)]),
        &download("v1.0.0"),
        &mut plain,
    );
    let private = Checksums::Private { variable: "GOPRIVATE".into(), pattern: "*.test".into() };
    assert_eq!((story.outcome.exit, story.outcome.checksums), (0, private));
    let because = story.turns.first().map(|turn| turn.ask.because.clone()).unwrap_or_default();
    assert_eq!(because, [Reason::Matches { variable: "GOPRIVATE".into(), pattern: "*.test".into() }]);
}

#[test]
fn goinsecure_tries_https_unverified_and_then_http() {
    let world = |ask: &Ask| match &ask.question {
        Question::Page { way: PageWay::Unverified, .. } => Some(Answer::Failed(Failure::NoConnection)),
        _ => None,
    };
    check(
        &[("GOINSECURE", "e.test"), ("GOPROXY", "direct")],
        &list("v1.0.0"),
        &world,
        &["https://e.test/m?go-get=1", "http://e.test/m?go-get=1", "https://git.test/m", "https://git.test/m"],
        "v1.0.0",
    );
}

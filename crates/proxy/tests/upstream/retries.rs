//! Asking again, and when not to.

use proxy::upstream::Upstream as _;
use testkit::{
    faults::{Fault, Play},
    world::World,
};

use super::*;

/// How often the server is asked for `list` when it plays `play` for ever.
async fn requests(play: Play, retries: u32) -> (usize, Trouble) {
    let world = World::start().await;
    world.on(LIST, [play]);
    let journey = Journey::new(Instant::now());
    let end = ready(Hop { retries, ..hop(&world.url()) }).ask(&list(), &Known::default(), &journey).await;
    let Err(Failure::Trouble(trouble)) = end else { panic!("no trouble: {end:?}") };
    let count = world.count(LIST);
    assert_eq!(
        asked(&journey),
        ("example.test/m/@v/list".to_owned(), u32::try_from(count).expect("few"), AskEnd::Failed(trouble.clone()))
    );
    (count, trouble)
}

async fn check(play: Play, retries: u32, want: usize) {
    assert_eq!(requests(play.clone(), retries).await.0, want, "{play:?}");
}

#[tokio::test]
async fn trouble_that_may_pass_is_asked_again_so_often() {
    check(Play::status(500, ""), 0, 1).await;
    check(Play::status(500, ""), 2, 3).await;
    check(Play::status(429, ""), 1, 2).await;
    check(Play::status(408, ""), 1, 2).await;
    check(Play::ok("").fault(Fault::Close), 2, 3).await;
    check(Play::ok("").fault(Fault::Reset), 2, 3).await;
    check(Play::ok("v1.0.0\n").fault(Fault::CutAt(3)), 1, 2).await;
}

#[tokio::test]
async fn everything_else_is_asked_once() {
    for status in [400, 401, 403, 405, 451] {
        check(Play::status(status, ""), 3, 1).await;
    }
    check(Play::redirect(302, "ftp://elsewhere.test/"), 3, 1).await;
    check(Play::login_page(), 3, 1).await;
    let world = World::start().await;
    let absent = ready(Hop { retries: 3, ..hop(&world.url()) });
    assert!(matches!(ask(&absent, &list()).await, Err(Failure::NotExist(_))));
    assert_eq!(world.count(LIST), 1);
}

#[tokio::test]
async fn the_answer_after_a_failure_counts() {
    let world = World::start().await;
    world.on(LIST, [Play::status(503, ""), Play::ok("").fault(Fault::Close), Play::ok("v1.0.0\n")]);
    let upstream = ready(Hop { retries: 2, ..hop(&world.url()) });
    assert_eq!(body(&upstream, &list()).await, "v1.0.0\n");
}

#[tokio::test]
async fn retry_after_is_honoured_if_it_is_short() {
    let now = Play::status(429, "").header("Retry-After", "0");
    assert_eq!(requests(now, 2).await, (3, Trouble::Wait(429, 0)));
    let passed = Play::status(503, "").header("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(requests(passed, 1).await, (2, Trouble::Wait(503, 0)));
    let long = Play::status(503, "").header("Retry-After", "3600");
    assert_eq!(requests(long, 9).await, (1, Trouble::Wait(503, 3600)));
    // On another status it says nothing to us.
    let other = Play::status(403, "no").header("Retry-After", "0");
    assert_eq!(requests(other, 9).await, (1, Trouble::Status(403, "no".to_owned())));
}

#[tokio::test]
async fn a_pause_that_outlasts_the_total_is_the_end() {
    let world = World::start().await;
    world.on(LIST, [Play::status(503, "").header("Retry-After", "5")]);
    let upstream = ready(Hop { retries: 9, total: Duration::from_secs(4), ..hop(&world.url()) });
    assert_eq!(trouble(&upstream, &list()).await, Trouble::Wait(503, 5));
    assert_eq!(world.count(LIST), 1);
}

#[tokio::test]
async fn a_kept_connection_that_died_is_replaced_without_counting() {
    let world = World::start().await;
    world.on(LIST, [Play::ok("v1.0.0\n"), Play::ok("").fault(Fault::Close), Play::ok("v2.0.0\n")]);
    let upstream = to(&world);
    assert_eq!(body(&upstream, &list()).await, "v1.0.0\n");
    assert_eq!(body(&upstream, &list()).await, "v2.0.0\n");
    assert_eq!(world.seen().iter().map(|seen| seen.connection).collect::<Vec<_>>(), [1, 1, 2]);
}

#[tokio::test]
async fn who_keeps_failing_says_so_until_it_answers() {
    let world = World::start().await;
    world.on(LIST, [Play::status(500, ""), Play::status(403, ""), Play::status(502, ""), Play::status(429, ""), Play::ok("")]);
    let breaker = Breaker { failures: 2, pause: Duration::from_secs(60) };
    let upstream = ready(Hop { breaker, ..hop(&world.url()) });
    for _ in 0..3 {
        let _ = ask(&upstream, &list()).await;
        assert_eq!(upstream.skip(), None, "403 between two failures is an answer");
    }
    let _ = ask(&upstream, &list()).await;
    assert_eq!(upstream.skip(), Some(60));
    assert_eq!(body(&upstream, &list()).await, "", "asking is still possible");
    assert_eq!(upstream.skip(), None);
}

#[tokio::test]
async fn nobody_there_is_trouble_with_the_address_in_it() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let refused = trouble(&ready(hop(&format!("http://{free}"))), &list()).await;
    assert!(
        matches!(&refused, Trouble::Connect(text) if text.starts_with(&format!("{free}: Connection refused"))),
        "{refused:?}"
    );
    let unknown = trouble(&ready(hop("http://no-such-host.invalid")), &list()).await;
    assert!(matches!(&unknown, Trouble::Dns(text) if text.starts_with("no-such-host.invalid: ")), "{unknown:?}");
}

//! A zip that breaks on its way, and what may be put together of it.

use proxy::upstream::Upstream as _;
use testkit::{
    faults::{Fault, Length, Play},
    world::World,
};

use super::*;

const LONG: usize = 1 << 20;

fn changed() -> Failure {
    Trouble::Body("the zip changed while it was fetched".to_owned()).into()
}

/// Fetches what `plays` give, with one retry; answers the end, the bytes, and the `Range` of each request.
async fn check(plays: impl IntoIterator<Item = Play>) -> (Result<(), Failure>, Vec<u8>, Vec<Option<String>>) {
    let world = World::start().await;
    world.on(ZIP, plays);
    let (mut spool, _stage) = spool();
    let (end, bytes) = fetch(&ready(Hop { retries: 1, ..hop(&world.url()) }), &mut spool).await;
    (end, bytes, world.seen().iter().map(|seen| seen.header("range").map(str::to_owned)).collect())
}

#[tokio::test]
async fn a_whole_zip_arrives_announced_and_hashed() {
    let world = World::start().await;
    world.on(ZIP, [Play::file(noise(LONG), "a")]);
    let (mut spool, _stage) = spool();
    let journey = Journey::new(Instant::now());
    to(&world).zip(&module(), &version(), &mut spool, &journey).await.expect("a zip");
    assert_eq!(spool.reader().state().length, Some(LONG as u64));
    assert!(spooled(&spool) == noise(LONG));
    assert_eq!(spool.digest(), store::Digest::of(&noise(LONG)));
    assert_eq!(asked(&journey), ("example.test/m/@v/v1.0.0.zip".to_owned(), 1, AskEnd::Found(LONG as u64)));
}

#[tokio::test]
async fn a_zip_without_length_arrives_whole() {
    let (end, bytes, _) = check([Play::file(noise(5000), "a").length(Length::Chunked)]).await;
    assert_eq!((end, bytes), (Ok(()), noise(5000)));
    let (end, bytes, _) = check([Play::file(noise(5000), "a").length(Length::Close)]).await;
    assert_eq!((end, bytes), (Ok(()), noise(5000)));
}

#[tokio::test]
async fn a_broken_zip_goes_on_where_it_broke_and_only_the_rest_is_sent() {
    for fault in [Fault::CutAt(700_000), Fault::CutAt(1)] {
        let world = World::start().await;
        world.on(ZIP, [Play::file(noise(LONG), "a").fault(fault), Play::file(noise(LONG), "a")]);
        let (mut spool, _stage) = spool();
        let (end, bytes) = fetch(&ready(Hop { retries: 1, ..hop(&world.url()) }), &mut spool).await;
        assert_eq!(end, Ok(()));
        assert!(bytes == noise(LONG) && spool.digest() == store::Digest::of(&noise(LONG)), "the same bytes");
        assert_eq!(world.sent_bytes(), LONG, "nothing twice");
        let second = &world.seen()[1];
        assert_eq!(second.header("if-range"), Some("\"a\""));
        assert!(second.header("range").is_some_and(|range| range.starts_with("bytes=") && range.ends_with('-')));
    }
}

#[tokio::test]
async fn a_stalled_zip_goes_on_too() {
    let world = World::start().await;
    world.on(ZIP, [Play::file(noise(LONG), "a").fault(Fault::StallAt(300_000)), Play::file(noise(LONG), "a")]);
    let (mut spool, _stage) = spool();
    let upstream = ready(Hop { retries: 1, idle: Duration::from_millis(400), ..hop(&world.url()) });
    let (end, bytes) = fetch(&upstream, &mut spool).await;
    assert!(end == Ok(()) && bytes == noise(LONG));
    assert_eq!(world.seen()[1].header("range"), Some("bytes=300000-"));
}

#[tokio::test]
async fn progress_starts_the_count_of_retries_again_and_none_uses_it_up() {
    let cut = |at| Play::file(noise(1000), "a").fault(Fault::CutAt(at));
    let (end, bytes, ranges) = check([cut(100), cut(100), cut(100), cut(1000)]).await;
    assert_eq!((end, bytes), (Ok(()), noise(1000)));
    let at = |start: u32| Some(format!("bytes={start}-"));
    assert_eq!(ranges, [None, at(100), at(200), at(300)]);
    let (end, bytes, ranges) = check([cut(100), cut(0)]).await;
    assert!(matches!(end, Err(Failure::Trouble(Trouble::Broken(_)))), "{end:?}");
    assert_eq!((bytes, ranges.len()), (noise(1000)[..100].to_vec(), 2));
}

#[tokio::test]
async fn without_a_strong_etag_it_is_read_again_and_compared() {
    let plain = |etag: &str| Play::ok(noise(5000)).header("ETag", etag);
    for etag in ["W/\"a\"", ""] {
        let (end, bytes, ranges) = check([plain(etag).fault(Fault::CutAt(3000)), plain(etag)]).await;
        assert_eq!((end, bytes, ranges), (Ok(()), noise(5000), vec![None, None]));
    }
}

#[tokio::test]
async fn a_server_that_ignores_range_is_compared_as_well() {
    let file = || Play { ranges: false, ..Play::file(noise(5000), "a") };
    let (end, bytes, ranges) = check([file().fault(Fault::CutAt(3000)), file()]).await;
    assert_eq!((end, bytes, ranges.len()), (Ok(()), noise(5000), 2));
}

#[tokio::test]
async fn two_versions_of_a_zip_are_never_mixed() {
    let old = || Play::file(noise(5000), "a").fault(Fault::CutAt(3000));
    let mut other = noise(5000);
    other[17] ^= 1;
    let held = noise(5000)[..3000].to_vec();
    // Another ETag, so If-Range makes it a 200: other bytes before the break, or another length.
    let (end, bytes, _) = check([old(), Play::file(other.clone(), "b")]).await;
    assert_eq!((end, bytes), (Err(changed()), held.clone()));
    let (end, bytes, _) = check([old(), Play::file(noise(6000), "b")]).await;
    assert_eq!((end, bytes), (Err(changed()), held.clone()));
    let (end, bytes, _) = check([old(), Play::file(noise(2000), "b").length(Length::Chunked)]).await;
    assert_eq!((end, bytes), (Err(changed()), held.clone()));
    // A 206 that belongs to another ETag although If-Range asked for ours.
    let liar =
        Play::status(206, noise(5000)[3000..].to_vec()).header("Content-Range", "bytes 3000-4999/5000").header("ETag", "\"b\"");
    let (end, bytes, _) = check([old(), liar]).await;
    assert_eq!((end, bytes), (Err(changed()), held));
    // Without ETag only the bytes can tell.
    let (end, _, _) = check([Play::ok(noise(5000)).fault(Fault::CutAt(3000)), Play::ok(other)]).await;
    assert_eq!(end, Err(changed()));
}

#[tokio::test]
async fn another_version_that_breaks_before_it_was_compared_is_not_gone_on_with() {
    let mut other = noise(5000);
    other[17] ^= 1;
    let world = World::start().await;
    let second = || Play::file(other.clone(), "b");
    world.on(ZIP, [Play::file(noise(5000), "a").fault(Fault::CutAt(3000)), second().fault(Fault::CutAt(1000)), second()]);
    let (end, bytes) = fetch(&ready(Hop { retries: 2, ..hop(&world.url()) }), &mut spool().0).await;
    assert_eq!((end, bytes), (Err(changed()), noise(5000)[..3000].to_vec()));
    assert_eq!(world.seen()[2].header("range"), None);
}

#[tokio::test]
async fn the_wrong_part_is_not_taken_and_the_next_try_reads_the_whole() {
    let part =
        |range: &str| Play::status(206, noise(5000)[2000..].to_vec()).header("Content-Range", range).header("ETag", "\"a\"");
    for range in ["bytes 2000-4999/5000", "bytes 3000-4999/6000", "bytes 3000-4000/5000", "items 1-2/3", ""] {
        let old = Play::file(noise(5000), "a").fault(Fault::CutAt(3000));
        let (end, bytes, ranges) = check([old, part(range), Play::file(noise(5000), "a")]).await;
        // The wrong part made no progress, and there is one retry only after the progress before.
        assert!(matches!(end, Err(Failure::Trouble(Trouble::Broken(_)))), "{range} {end:?}");
        assert_eq!((bytes, ranges.len()), (noise(5000)[..3000].to_vec(), 2));
    }
    let world = World::start().await;
    let old = Play::file(noise(5000), "a").fault(Fault::CutAt(3000));
    world.on(ZIP, [old, part("bytes 2000-4999/5000"), Play::file(noise(5000), "a")]);
    let (end, bytes) = fetch(&ready(Hop { retries: 2, ..hop(&world.url()) }), &mut spool().0).await;
    assert_eq!((end, bytes), (Ok(()), noise(5000)));
    assert_eq!(world.seen()[2].header("range"), None);
}

#[tokio::test]
async fn a_zip_that_vanishes_halfway_is_trouble_and_not_absence() {
    let old = Play::file(noise(5000), "a").fault(Fault::CutAt(3000));
    let (end, ..) = check([old, Play::not_found("who?")]).await;
    assert_eq!(end, Err(Trouble::Status(404, "gone while it was fetched: who?".to_owned()).into()));
    let (end, ..) = check([Play::not_found("?").header("Content-Encoding", "gzip")]).await;
    assert_eq!(end, Err(Failure::NotExist(String::new())), "a coding takes nothing from the status");
    let (end, ..) = check([Play::not_found("who?")]).await;
    assert_eq!(end, Err(Failure::NotExist("who?".to_owned())));
}

#[tokio::test]
async fn a_zip_beyond_the_limit_is_not_even_begun() {
    let limit = 500 << 20;
    let (end, bytes, _) = check([Play::ok("x").length(Length::Claimed(limit + 1))]).await;
    assert_eq!((end, bytes), (Err(Trouble::TooLarge(limit).into()), Vec::new()));
}

#[tokio::test]
async fn another_upstream_goes_on_with_the_same_bytes_only() {
    let (first, second) = (World::start().await, World::start().await);
    first.on(ZIP, [Play::file(noise(5000), "a").fault(Fault::CutAt(3000))]);
    second.on(ZIP, [Play::file(noise(5000), "other")]);
    let (mut spool, _stage) = spool();
    assert!(fetch(&to(&first), &mut spool).await.0.is_err());
    assert_eq!(fetch(&to(&second), &mut spool).await, (Ok(()), noise(5000)));
    let (mut spool, _stage) = super::spool();
    assert!(fetch(&to(&first), &mut spool).await.0.is_err());
    second.on(ZIP, [Play::file(noise(4000), "shorter")]);
    assert_eq!(fetch(&to(&second), &mut spool).await.0, Err(changed()));
}

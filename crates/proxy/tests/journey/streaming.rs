//! Large zips, which go on their way while they arrive.

use testkit::{
    faults::{Fault, Length},
    modules::any_zip,
    random::noise,
};

use super::*;

const LARGE: usize = 3 << 19;

fn large() -> Module {
    Module::large("example.test/m", "v1.0.0", LARGE)
}

#[tokio::test]
async fn a_large_zip_is_answered_while_it_arrives_and_ends_when_it_is_kept() {
    let (world, module) = (World::start().await, large());
    let database = Sumdb::start(3, &[&module]).await;
    world.on(&module.url("zip"), [Play::ok(module.zip.clone()).fault(Fault::Drip(128 << 10, Duration::from_millis(20)))]);
    let site = Setup::to(&world).sums(&database).site();
    let unchecked = site.checks.acquire_many(2).await.expect("open");
    let answer = site.answer(&module.url("zip")).await.0.expect("an answer");
    assert!(world.sent_bytes() < module.zip.len(), "answered before all was there");
    let Body::Growing(mut reader, size) = answer.body else { panic!("{:?}", answer.body) };
    assert_eq!((size, answer.digest), (module.zip.len() as u64, None));
    assert_eq!(reader.wait(|state| state.written == size).await.settled, None, "all is there and not proven yet");
    assert!(!site.keeps(&module, Kind::Zip).await);
    drop(unchecked);
    assert_eq!(reader.wait(|_| false).await.settled, Some(Settled::Proven));
    assert!(site.keeps(&module, Kind::Zip).await, "kept before its end leaves");
    assert_eq!(follow(reader, size).await, Ok(module.zip.clone()));
    assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()));
    assert_eq!(world.seen().len(), 1);
}

/// A large zip comes as `play` says: readers are cut, nothing is kept, the next request hears the reason, and an honest upstream heals it.
async fn check(what: &str, play: Play, code: &str, words: &str) {
    let (world, module) = (World::start().await, large());
    let database = Sumdb::start(3, &[&module]).await;
    let url = module.url("zip");
    world.on(&url, [play]);
    let site = Setup::to(&world).sums(&database).site();
    let first = site.get(&url).await.expect_err(what);
    assert!(first.starts_with("cut: "), "{what}: {first}");
    site.landed().await;
    assert!(!site.keeps(&module, Kind::Zip).await, "{what}");
    let second = site.get(&url).await.expect_err(what);
    assert!(second.starts_with(code) && second.contains(words), "{what}: {second}");
    assert!(!site.keeps(&module, Kind::Zip).await, "{what}");
    world.on(&url, [Play::ok(module.zip.clone())]);
    assert_eq!(site.get(&url).await, Ok(module.zip.clone()), "{what}");
}

#[tokio::test]
async fn a_large_zip_that_turns_out_wrong_is_cut_and_the_next_request_hears_why() {
    let other = Module::of("example.test/m", "v1.0.0", &[("noise.bin", noise(LARGE + 1))]);
    check("another h1", Play::ok(other.zip), "checksum-mismatch", "verifying example.test/m@v1.0.0: checksum mismatch").await;
    let torn = Play::ok(large().zip).fault(Fault::CutAt(LARGE / 2));
    check("truncated for good", torn, "upstream-trouble", "from there").await;
    let stray = any_zip(&[("elsewhere@v1.0.0/noise.bin", &noise(LARGE), None)]);
    check(
        "names of another module",
        Play::ok(stray),
        "bad-content",
        "zip for example.test/m@v1.0.0 has unexpected file elsewhere@v1.0.0/noise.bin",
    )
    .await;
    check("no zip at all", Play::ok(noise(LARGE)), "bad-content", "zip: not a valid zip file").await;
}

#[tokio::test]
async fn a_large_zip_that_nobody_vouches_for_never_leaves_whole() {
    let (world, module) = (World::start().await, large());
    module.serve(&world);
    let database = Sumdb::start(3, &[]).await;
    let site = Setup::to(&world).sums(&database).site();
    let first = site.get(&module.url("zip")).await.expect_err("not proven");
    assert!(first.starts_with("cut: ") || first.starts_with("unproven: "), "{first}");
    site.landed().await;
    let second = site.get(&module.url("zip")).await.expect_err("not proven");
    assert!(second.starts_with("unproven: verifying example.test/m@v1.0.0: reading sum.test/db/lookup/"), "{second}");
    assert!(!site.keeps(&module, Kind::Zip).await);
}

#[tokio::test]
async fn the_trace_of_who_was_cut_tells_why() {
    let (world, module) = (World::start().await, large());
    world.on(&module.url("zip"), [Play::ok(noise(LARGE))]);
    let site = Setup::to(&world).site();
    let journey = Journey::new(Instant::now());
    let request = Request::parse(&module.url("zip")).expect("a request");
    let answer = site.proxy.answer(&request, &journey).await.expect("it begins well");
    read(answer.body).await.expect_err("no zip");
    site.landed().await;
    let refused = |(_, event): &(u32, Event)| matches!(event, Event::Refused(Reason::BadContent(_)));
    assert!(journey.trace().events.iter().any(refused), "{:?}", journey.trace());
}

#[tokio::test]
async fn a_zip_of_unknown_length_arrives_whole() {
    for (module, length) in [
        (Module::new("example.test/m", "v1.0.0"), Length::Chunked),
        (Module::new("example.test/m", "v1.0.0"), Length::Close),
        (large(), Length::Chunked),
    ] {
        let world = World::start().await;
        world.on(&module.url("zip"), [Play::ok(module.zip.clone()).length(length)]);
        let site = Setup::to(&world).site();
        assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()), "{length:?}");
        assert!(site.keeps(&module, Kind::Zip).await);
    }
}

#[tokio::test]
async fn each_file_is_served_without_the_others() {
    let module = Module::new("example.test/m", "v1.0.0");
    let database = Sumdb::start(3, &[&module]).await;
    for kind in ["info", "mod", "zip"] {
        let world = World::start().await;
        let body = match kind {
            "info" => Bytes::from(module.info.clone()),
            "mod" => Bytes::from(module.go_mod.clone()),
            _ => module.zip.clone(),
        };
        world.on(&module.url(kind), [Play::ok(body.clone())]);
        let site = Setup::to(&world).sums(&database).site();
        assert_eq!(site.get(&module.url(kind)).await, Ok(body), "{kind}");
        assert_eq!(world.seen().iter().map(|seen| seen.target.clone()).collect::<Vec<_>>(), [module.url(kind)]);
    }
}

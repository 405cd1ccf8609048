//! Answers that change: fresh, served while asked for again, stale in trouble, gone.

use super::*;

const LIST: &str = "/example.test/m/@v/list";
const LATEST: &str = "/example.test/m/@latest";
const BRANCH: &str = "/example.test/m/@v/main.info";

fn answer(path: &str, version: &str) -> Play {
    let body = if path == LIST { format!("{version}\n") } else { format!("{{\"Version\":\"{version}\"}}") };
    Play::ok(body).header("ETag", &format!("\"{version}\"")).header("Last-Modified", "Mon, 06 May 2024 07:08:09 GMT")
}

#[tokio::test]
async fn an_answer_is_served_fresh_then_while_it_is_asked_for_again_once() {
    for path in [LIST, LATEST, BRANCH] {
        let world = World::start().await;
        let not_modified = Play::status(304, "");
        world.on(path, [answer(path, "v1.0.0"), not_modified, answer(path, "v1.1.0")]);
        let site = Setup::to(&world).site();
        let has = async |site: &Site, version: &str| {
            let body = site.get(path).await.expect("an answer");
            String::from_utf8(body.to_vec()).expect("text").contains(version)
        };
        assert!(has(&site, "v1.0.0").await);
        site.at(9);
        assert!(has(&site, "v1.0.0").await);
        assert_eq!(world.count(path), 1, "{path}: fresh");
        site.at(15);
        for _ in 0..20 {
            assert!(has(&site, "v1.0.0").await);
        }
        site.landed().await;
        assert_eq!(world.count(path), 2, "{path}: asked again once");
        let again = &world.seen()[1];
        assert_eq!(again.header("if-none-match"), Some("\"v1.0.0\""));
        assert_eq!(again.header("if-modified-since"), Some("Mon, 06 May 2024 07:08:09 GMT"));
        site.at(24);
        let (kept, events) = site.answer(path).await;
        assert_eq!(world.count(path), 2, "{path}: confirmed, and fresh again: {events:?}");
        assert_eq!(kept.expect("an answer").modified_at, NOW, "confirmed is not changed");
        site.at(30);
        assert!(has(&site, "v1.0.0").await);
        site.landed().await;
        let changed = site.answer(path).await.0.expect("an answer");
        assert_eq!(changed.modified_at, NOW + 30, "{path}");
        assert!(has(&site, "v1.1.0").await);
        assert_eq!(world.count(path), 3);
    }
}

#[tokio::test]
async fn a_stale_answer_is_asked_for_first_and_served_in_trouble() {
    for path in [LIST, LATEST, BRANCH] {
        let world = World::start().await;
        world.on(path, [answer(path, "v1.0.0"), Play::status(503, "")]);
        let site = Setup::to(&world).site();
        let first = site.get(path).await;
        site.at(50);
        let (end, events) = site.answer(path).await;
        assert_eq!(read(end.expect("stale").body).await, first, "{path}");
        assert!(events.iter().any(|event| matches!(event, Event::Stale(Reason::Upstream { .. }))), "{events:?}");
        assert_eq!(world.count(path), 2);
        site.at(101);
        assert_eq!(site.code(path).await, "upstream-trouble", "{path}: too old");
        world.on(path, [Play::not_found("gone")]);
        site.at(60);
        assert_eq!(site.code(path).await, "not-exist", "{path}: a clear no wins");
        site.at(64);
        assert_eq!(site.code(path).await, "not-exist", "{path}: and is kept");
        assert_eq!(world.count(path), 4);
    }
}

#[tokio::test]
async fn does_not_exist_is_kept_briefly_and_trouble_never() {
    for path in [LIST, LATEST, BRANCH, "/example.test/m/@v/v1.0.0.info", "/example.test/m/@v/v1.0.0.mod"] {
        let world = World::start().await;
        world.on(path, [Play::not_found("never heard of it"), Play::status(500, ""), Play::not_found("still not")]);
        let site = Setup::to(&world).site();
        for _ in 0..3 {
            assert_eq!(site.get(path).await, Err("not-exist: never heard of it".into()), "{path}");
        }
        assert_eq!(world.count(path), 1, "{path}: kept");
        site.at(5);
        assert_eq!(site.code(path).await, "upstream-trouble", "{path}: asked again");
        assert_eq!(site.get(path).await, Err("not-exist: still not".into()), "{path}: trouble was not kept");
        assert_eq!(world.count(path), 3);
    }
}

/// Keeps these versions whole, then asks with every upstream gone.
async fn offline(versions: &[&str], list: &str, latest: &str) {
    let world = World::start().await;
    let modules: Vec<Module> = versions.iter().map(|version| Module::new("example.test/m", version)).collect();
    modules.iter().for_each(|module| module.serve(&world));
    let site = Setup::to(&world).site();
    for module in &modules {
        for kind in ["info", "mod", "zip"] {
            site.get(&module.url(kind)).await.expect("a file");
        }
    }
    drop(world);
    assert_eq!(site.get(LIST).await, Ok(Bytes::from(list.to_owned())), "{versions:?}");
    let info = site.get(LATEST).await.expect("the latest");
    assert_eq!(info, format!("{{\"Version\":\"{latest}\",\"Time\":\"2024-05-06T07:08:09Z\"}}\n"), "{versions:?}");
    for module in &modules {
        assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()));
    }
}

#[tokio::test]
async fn with_every_upstream_gone_what_is_kept_is_listed_and_served() {
    let old = "v0.0.0-20230102030405-abcdefabcdef";
    let new = "v0.0.0-20240102030405-0123456789ab";
    offline(&["v1.9.0", "v1.10.0", "v1.11.0-rc.1", new], "v1.9.0\nv1.10.0\nv1.11.0-rc.1\n", "v1.10.0").await;
    offline(&["v1.0.0-rc.2", new, "v1.0.0-rc.10"], "v1.0.0-rc.2\nv1.0.0-rc.10\n", "v1.0.0-rc.10").await;
    offline(&[new, old], "", new).await;
    offline(&["v0.0.0-20240102030405-0123456789ab", "v1.0.1-0.20230102030405-abcdefabcdef"], "", new).await;
}

#[tokio::test]
async fn a_version_that_is_not_kept_whole_is_not_listed() {
    let (world, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    module.serve(&world);
    let site = Setup::to(&world).site();
    site.get(&module.url("info")).await.expect("a file");
    site.get(&module.url("mod")).await.expect("a file");
    drop(world);
    assert_eq!(site.code(LIST).await, "upstream-trouble");
    assert_eq!(site.code(LATEST).await, "upstream-trouble");
}

#[tokio::test]
async fn an_answer_too_old_to_be_served_gives_way_to_what_is_kept() {
    let (world, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    module.serve(&world);
    world.on(LIST, [Play::ok("v1.0.0\nv1.1.0\n"), Play::status(503, "")]);
    world.on(LATEST, [Play::ok("{\"Version\":\"v1.1.0\"}"), Play::status(503, "")]);
    let site = Setup::to(&world).site();
    for path in [&module.url("info"), &module.url("mod"), &module.url("zip"), LIST, LATEST] {
        site.get(path).await.expect("an answer");
    }
    site.at(50);
    assert_eq!(site.get(LIST).await, Ok("v1.0.0\nv1.1.0\n".into()));
    site.at(1_000_000);
    assert_eq!(site.get(LIST).await, Ok("v1.0.0\n".into()), "only what can be had here");
    assert_eq!(site.get(LATEST).await, Ok(module.info.into()));
    world.on(LIST, [Play::ok("v1.2.0\n")]);
    assert_eq!(site.get(LIST).await, Ok("v1.2.0\n".into()), "asked first");
}

#[tokio::test]
async fn with_off_what_is_kept_is_served() {
    let (world, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    module.serve(&world);
    world.on(LIST, [Play::ok("v1.0.0\n")]);
    let store = memory::store().0;
    let site = Setup::to(&world).site_on(store.clone());
    for path in [&module.url("info"), &module.url("mod"), &module.url("zip"), LIST] {
        site.get(path).await.expect("an answer");
    }
    let site = Setup::new("off", &[]).site_on(store);
    site.at(1_000_000);
    assert_eq!(site.get(&module.url("zip")).await, Ok(module.zip.clone()));
    assert_eq!(site.get(LIST).await, Ok("v1.0.0\n".into()), "however old");
    assert_eq!(site.code("/example.test/n/@v/list").await, "off");
}

//! Upstreams that answer with what was not asked for.

use testkit::{
    faults::{Fault, Length},
    modules::any_zip,
};

use super::*;

/// An upstream plays so for one file: refused with this code and these words, nothing kept, and an honest answer then works.
async fn check(what: &str, kind: &str, play: Play, code: &str, words: &str) {
    let (world, module) = (World::start().await, Module::new("example.test/m", "v1.0.0"));
    let url = match kind {
        "list" => "/example.test/m/@v/list".to_owned(),
        "latest" => "/example.test/m/@latest".to_owned(),
        _ => module.url(kind),
    };
    world.on(&url, [play]);
    let site = Setup::to(&world).site();
    let refusal = site.get(&url).await.expect_err(what);
    assert!(refusal.starts_with(&format!("{code}: ")) && refusal.contains(words), "{what}: {refusal}");
    for part in [Kind::Info, Kind::Mod, Kind::Zip] {
        assert!(!site.keeps(&module, part).await, "{what}");
    }
    let key = url.trim_start_matches('/');
    assert_eq!(site.store.index.answer(key).await.expect("an index"), None, "{what}: kept");
    module.serve(&world);
    world.on("/example.test/m/@v/list", [Play::ok("v1.0.0\n")]);
    world.on("/example.test/m/@latest", [Play::ok(module.info.clone())]);
    assert_eq!(site.code(&url).await, "found", "{what}: poisoned");
}

#[tokio::test]
async fn a_login_page_is_no_answer() {
    for kind in ["info", "latest"] {
        check(kind, kind, Play::login_page(), "upstream-trouble", "from there: invalid character '<' looking for").await;
    }
    check("list", "list", Play::login_page(), "upstream-trouble", "an HTML page instead of text").await;
    check("mod", "mod", Play::login_page(), "upstream-trouble", "an HTML page instead of text").await;
    check("zip", "zip", Play::login_page(), "bad-content", "example.test/m/@v/v1.0.0.zip: zip: not a valid zip file").await;
}

#[tokio::test]
async fn an_info_that_answers_another_question_is_refused() {
    let other = Play::ok("{\"Version\":\"v1.0.1\"}");
    let words = "proxy returned info for version v1.0.1 instead of requested version";
    check("another version", "info", other, "bad-content", words).await;
    check(
        "a bad time",
        "info",
        Play::ok("{\"Version\":\"v1.0.0\",\"Time\":\"yesterday\"}"),
        "upstream-trouble",
        "parsing time \"yesterday\"",
    )
    .await;
    check(
        "a bad time",
        "latest",
        Play::ok("{\"Version\":\"v1.0.0\",\"Time\":\"yesterday\"}"),
        "upstream-trouble",
        "parsing time \"yesterday\"",
    )
    .await;
    check("no JSON", "info", Play::ok("{\"Version\":"), "upstream-trouble", "from there: ").await;
    check("nothing", "info", Play::ok(""), "upstream-trouble", "unexpected end of JSON input").await;
}

#[tokio::test]
async fn what_is_too_large_or_endless_is_refused() {
    let block = Play::ok(vec![b'/'; 1 << 20]).length(Length::Chunked).fault(Fault::Endless);
    check("an endless .info", "info", block.clone(), "upstream-trouble", "body larger than 1048576 bytes").await;
    check("an endless .mod", "mod", block, "upstream-trouble", "body larger than 16777216 bytes").await;
    let claimed = Play::ok("x").length(Length::Claimed(16_777_217));
    check("a .mod that is too long", "mod", claimed, "upstream-trouble", "body larger than 16777216 bytes").await;
    let claimed = Play::ok("x").length(Length::Claimed(524_288_001));
    check("a zip that is too long", "zip", claimed, "upstream-trouble", "body larger than 524288000 bytes").await;
    let cut = Play::ok("module example.test/m\n").fault(Fault::CutAt(9));
    check("a .mod that breaks off", "mod", cut, "upstream-trouble", "from there: ").await;
    check(
        "a short .mod",
        "mod",
        Play::ok("module example.test/m\n").length(Length::Claimed(99)).fault(Fault::CutAt(22)),
        "upstream-trouble",
        "from there: ",
    )
    .await;
}

#[tokio::test]
async fn a_zip_that_breaks_the_rules_is_refused_in_gos_words() {
    let good = ("example.test/m@v1.0.0/go.mod", &b"module example.test/m\n"[..], None);
    let zip = |name: &'static str, content: &'static [u8], claimed| Play::ok(any_zip(&[good, (name, content, claimed)]));
    let bad = async |what, play, words| check(what, "zip", play, "bad-content", words).await;
    bad("a traversal", zip("example.test/m@v1.0.0/../../evil", b"x", None), "../../evil").await;
    bad(
        "a wrong prefix",
        zip("example.test/m@v1.0.1/m.go", b"x", None),
        "zip for example.test/m@v1.0.0 has unexpected file example.test/m@v1.0.1/m.go",
    )
    .await;
    bad("a collision", zip("example.test/m@v1.0.0/GO.MOD", b"x", None), "GO.MOD").await;
    bad("a duplicate", zip("example.test/m@v1.0.0/go.mod", b"x", None), "zip: duplicate entry name").await;
    bad("an absolute path", zip("/etc/passwd", b"x", None), "/etc/passwd").await;
    static ZEROS: [u8; 1 << 20] = [0; 1 << 20];
    bad("a bomb that claims to be small", zip("example.test/m@v1.0.0/bomb", &ZEROS, Some(10)), "bomb").await;
    bad(
        "a bomb that says so",
        zip("example.test/m@v1.0.0/bomb", &ZEROS, Some(600 << 20)),
        "total uncompressed size of module contents too large",
    )
    .await;
    let whole = any_zip(&[good]);
    bad("half a zip", Play::ok(whole.slice(..whole.len() / 2)), "zip: not a valid zip file").await;
}

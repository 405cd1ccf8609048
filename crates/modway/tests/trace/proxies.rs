//! Module proxies of all kinds, both separators, and what is no proxy.

use std::time::Duration;

use testkit::{
    faults::{Fault, Length, Play},
    modules::Module,
    tls::{Ca, Leaf},
    world::World,
};

use crate::stage::{Stage, check};

const PATH: &str = "example.test/lib";

/// Serves two versions of a module, with a list.
pub(crate) fn serve(world: &World) -> Module {
    let (one, two) = (Module::new(PATH, "v1.0.0"), Module::large(PATH, "v1.1.0", 50_000));
    one.serve(world);
    two.serve(world);
    world.on(&format!("/{PATH}/@v/list"), [Play::ok("v1.0.0\nv1.1.0\n")]);
    two
}

/// Everything there is of the module is answered so.
pub(crate) fn answer_all(world: &World, play: &Play) {
    for path in [PATH, "example.test"] {
        world.on(&format!("/{path}/@v/list"), [play.clone()]);
        world.on(&format!("/{path}/@latest"), [play.clone()]);
        for version in ["v1.0.0", "v1.1.0"] {
            for kind in ["info", "mod", "zip"] {
                world.on(&format!("/{path}/@v/{version}.{kind}"), [play.clone()]);
            }
        }
    }
}

/// An address at which nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("http://{}", listener.local_addr().expect("bound"))
}

const COMMANDS: [&[&str]; 4] = [
    &["get", "example.test/lib@latest"],
    &["mod", "download", "-json", "example.test/lib@v1.0.0"],
    &["list", "-m", "-versions", "example.test/lib"],
    &["mod", "download", "-x", "example.test/lib@v1.1.0"],
];

#[tokio::test(flavor = "multi_thread")]
async fn a_good_proxy_is_asked_the_same_and_the_result_is_the_same() {
    let world = World::start().await;
    serve(&world);
    let stage = Stage::new(&[("GOPROXY", &world.url())]);
    for words in COMMANDS {
        // Times of -x are never the same.
        let words: Vec<&str> = words.iter().copied().filter(|word| *word != "-x").collect();
        let told = check(&stage, &words, &[&world]);
        assert_eq!(told.left.code, Some(0), "{}", told.left.stderr);
    }
    let told = check(&stage, &["get", "example.test/lib"], &[&world]);
    let terminal = told.terminal();
    assert_eq!(
        (&told.json["gave_way"], &told.json["stopped"]),
        (&serde_json::json!([]), &serde_json::json!([])),
        "what was found decides"
    );
    assert!(terminal.contains("1 request for paths around example.test/lib (example.test)"), "{terminal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_proxy_answers_the_separator_behind_it_means_the_same() {
    let (first, second) = (World::start().await, World::start().await);
    serve(&second);
    let plays = [
        Play::not_found("not found: no such module\nask somebody else"),
        Play::status(410, "gone: for ever"),
        Play::status(403, "policy: no"),
        Play::status(500, "trouble"),
        Play::status(401, "").header("WWW-Authenticate", "Basic realm=\"x\""),
        Play::status(204, "").length(Length::Right),
        Play::status(302, "no location"),
        Play::login_page(),
        Play::ok("").fault(Fault::Close),
        Play::ok("v1.0.0\n{\"Version\":\"v1.0.0\"}").fault(Fault::CutAt(3)),
    ];
    for play in &plays {
        answer_all(&first, play);
        for separator in [",", "|"] {
            let stage = Stage::new(&[("GOPROXY", &format!("{}{separator}{},off", first.url(), second.url()))]);
            check(&stage, &["get", "example.test/lib@v1.0.0"], &[&first, &second]);
            check(&stage, &["mod", "download", "-json", "example.test/lib@v1.0.0"], &[&first, &second]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fell_back_and_what_stopped_is_told_with_its_reason() {
    let (first, second) = (World::start().await, World::start().await);
    serve(&second);
    let words = ["mod", "download", "example.test/lib@v1.0.0"];
    answer_all(&first, &Play::not_found("no"));
    let list = format!("{},{}", first.url(), second.url());
    let told = check(&Stage::new(&[("GOPROXY", &list)]), &words, &[&first, &second]);
    let terminal = told.terminal().replace("\n    ", " ");
    let want = format!("{} does not have it (404); {} was next, for a comma forgives 404 and 410", first.url(), second.url());
    assert!(terminal.contains(&want), "{terminal}");
    assert!(terminal.contains(&format!("{} was asked for 3 files of example.test/lib in vain", first.url())), "{terminal}");
    assert_eq!(told.json["gave_way"][0]["count"], 3);
    answer_all(&first, &Play::status(403, "no"));
    let told = check(&Stage::new(&[("GOPROXY", &list)]), &words, &[&first, &second]);
    let terminal = told.terminal().replace("\n    ", " ");
    assert!(terminal.contains("answered 403 ") && terminal.contains("was not asked"), "{terminal}");
    assert_eq!((told.left.code, told.json["stopped"][0]["status"].as_u64()), (Some(1), Some(403)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_there_fails_in_gos_own_words() {
    let second = World::start().await;
    serve(&second);
    let nobody = nobody().await;
    for (list, good) in
        [(nobody.clone(), false), (format!("{nobody},{}", second.url()), false), (format!("{nobody}|{}", second.url()), true)]
    {
        let stage = Stage::new(&[("GOPROXY", &list)]);
        let told = check(&stage, &["mod", "download", "example.test/lib@v1.0.0"], &[&second]);
        assert_eq!(told.left.code == Some(0), good, "{}", told.left.stderr);
        let refused = told.left.stderr.contains(": connect: connection refused");
        assert_eq!(refused, !good, "{}", told.left.stderr);
        check(&stage, &["mod", "download", "-json", "example.test/lib@v1.0.0"], &[&second]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_has_fails_alike() {
    let stage = Stage::new(&[("GOPROXY", "https://nowhere.invalid")]);
    let words = ["mod", "download", "example.test/lib@v1.0.0"];
    let (plain, told) = (stage.plain(&words), stage.traced(&words));
    let common = "Get \"https://nowhere.invalid/example.test/lib/@v/v1.0.0.info\": dial tcp: lookup nowhere.invalid";
    // Which resolver was asked, Go tells, and ours does not know.
    assert!(plain.stderr.contains(common) && told.left.stderr.contains(common), "{}\n{}", plain.stderr, told.left.stderr);
    assert_eq!(told.left.code, plain.code);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_a_4xx_is_asked_for_twice_and_told_so() {
    let ca = Ca::new();
    for protocols in [&["http/1.1"][..], &["h2", "http/1.1"]] {
        let world = World::with_tls(ca.leaf(&["127.0.0.1"]).server(protocols)).await;
        serve(&world);
        let stage = Stage::new(&[("GOPROXY", &world.url()), ("SSL_CERT_FILE", "$HOME/ca.pem")]).file("ca.pem", ca.pem());
        let (words, before) = (["get", "example.test/lib@v1.0.0"], world.seen().len());
        let plain = stage.plain(&words);
        let middle = world.seen().len();
        let told = stage.traced(&words);
        assert_eq!(told.left, plain);
        let manners = |from: usize, to: usize| crate::stage::manners(&world.seen()[from..to]);
        assert_eq!(manners(middle, world.seen().len()), manners(before, middle));
        assert_eq!(told.targets(&world.address().to_string()), crate::stage::asked(&world, middle));
        assert!(told.terminal().contains("came twice"), "{}", told.terminal());
        assert!(world.count("/example.test/@v/v1.0.0.info") == 4, "twice by each");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_go_does_not_believe_fails_in_gos_own_words() {
    let ca = Ca::new();
    let worlds = [
        World::with_tls(Leaf::self_signed(&["127.0.0.1"]).server(&["http/1.1"])).await,
        World::with_tls(ca.leaf(&["other.test"]).server(&["http/1.1"])).await,
    ];
    for world in &worlds {
        serve(world);
        let stage = Stage::new(&[("GOPROXY", &world.url()), ("SSL_CERT_FILE", "$HOME/ca.pem")]).file("ca.pem", ca.pem());
        let words = ["mod", "download", "example.test/lib@v1.0.0"];
        let (plain, told) = (stage.plain(&words), stage.traced(&words));
        let begin = |text: &str| text.split("x509: ").next().unwrap_or_default().to_owned();
        assert!(plain.stderr.contains("x509: "), "{}", plain.stderr);
        assert_eq!((begin(&told.left.stderr), told.left.code), (begin(&plain.stderr), plain.code));
        assert_eq!(world.seen().len(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_lead_where_they_led_and_never_from_https_to_http() {
    let ca = Ca::new();
    let (plain, far) = (World::start().await, World::start().await);
    let secure = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&["http/1.1"])).await;
    serve(&far);
    for world in [&plain, &secure] {
        serve(world);
        let to = format!("{}/example.test/lib/@v/v1.0.0.zip", far.url());
        world.on("/example.test/lib/@v/v1.0.0.zip", [Play::redirect(307, &to)]);
        world.on("/example.test/lib/@v/v1.0.0.info", [Play::redirect(302, "/moved/info?X-Signature=canary")]);
        world.on("/moved/info?X-Signature=canary", [Play::ok("{\"Version\":\"v1.0.0\"}")]);
        world.on("/example.test/lib/@v/v1.0.0.mod", [Play::redirect(301, "/example.test/lib/@v/v1.0.0.mod")]);
    }
    let words = ["mod", "download", "example.test/lib@v1.0.0"];
    for world in [&plain, &secure] {
        let stage = Stage::new(&[("GOPROXY", &world.url()), ("SSL_CERT_FILE", "$HOME/ca.pem")]).file("ca.pem", ca.pem());
        // First the loop of go.mod, then without it the zip.
        for last in [false, true] {
            if last {
                world.on("/example.test/lib/@v/v1.0.0.mod", [Play::ok(Module::new(PATH, "v1.0.0").go_mod)]);
            }
            let before = (world.seen().len(), far.seen().len());
            let alone = stage.plain(&words);
            let middle = (world.seen().len(), far.seen().len());
            let told = stage.traced(&words);
            let after = (world.seen().len(), far.seen().len());
            assert_eq!((middle.0 - before.0, middle.1 - before.1), (after.0 - middle.0, after.1 - middle.1), "{}", alone.stderr);
            assert_eq!(told.left.code, alone.code);
            if last && world.url() == plain.url() {
                assert_eq!((told.left.code, &told.left), (Some(0), &alone));
            }
            let phrase = if last { "redirected from secure URL" } else { "stopped after 10 redirects" };
            assert_eq!(
                told.left.stderr.contains(phrase),
                alone.stderr.contains(phrase),
                "{}\n{}",
                alone.stderr,
                told.left.stderr
            );
            assert!(told.forms.iter().all(|(_, text)| !text.contains("canary")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_off_and_lists_that_go_refuses_are_left_to_go() {
    let world = World::start().await;
    let module = serve(&world);
    let at = format!("proxy/{PATH}/@v");
    let base = || {
        Stage::new(&[])
            .file(&format!("{at}/list"), "v1.0.0\n")
            .file(&format!("{at}/v1.0.0.info"), "{\"Version\":\"v1.0.0\"}")
            .file(&format!("{at}/v1.0.0.mod"), module.go_mod.clone())
    };
    let url = world.url();
    let lists = [
        "off".to_owned(),
        format!("{url},off"),
        "file://$HOME/proxy".to_owned(),
        format!("file://$HOME/proxy,{url}"),
        format!("{url}|file://$HOME/proxy"),
        ",".to_owned(),
        format!("{url},DIRECT"),
        format!("{url},ftp://x"),
        format!("direct-not,{url}"),
        " ".to_owned(),
        format!(" {url}/ , off,junk"),
        url.replace("http://", "http://u:p@"),
    ];
    let told = check(&base().with(&[("GOPROXY", &format!("{url}|off"))]), &["env", "GOPROXY", "GOSUMDB"], &[&world]);
    assert_eq!(told.left.stdout, format!("{url}|off\noff\n"));
    for list in lists {
        let stage = base().with(&[("GOPROXY", &list)]);
        check(&stage, &["mod", "download", "example.test/lib@v1.0.0"], &[&world]);
        check(&stage, &["list", "-m", "-versions", "example.test/lib"], &[&world]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_answer_is_waited_for_and_told() {
    let world = World::start().await;
    let module = serve(&world);
    let drip = Play::ok(module.zip.clone()).fault(Fault::Drip(module.zip.len() / 4 + 1, Duration::from_millis(60)));
    world.on("/example.test/lib/@v/v1.1.0.zip", [drip]);
    let told = check(&Stage::new(&[("GOPROXY", &world.url())]), &["mod", "download", "example.test/lib@v1.1.0"], &[&world]);
    let slow = told.json["slow"][0].as_u64().expect("one is slow") as usize;
    assert!(told.json["requests"][slow]["url"].as_str().is_some_and(|url| url.ends_with("v1.1.0.zip")));
    assert_eq!(told.json["requests"][slow]["received_bytes"].as_u64(), Some(module.zip.len() as u64));
    assert!(told.terminal().contains("Slowest"), "{}", told.terminal());
}

#[tokio::test(flavor = "multi_thread")]
async fn upper_case_queries_and_odd_versions_keep_their_spelling() {
    let world = World::start().await;
    let module = Module::new("example.test/Up/Lib", "v1.0.0-RC1");
    module.serve(&world);
    for kind in ["info", "mod", "zip"] {
        let play = if kind == "mod" { Play::ok(module.go_mod.clone()) } else { Play::ok(module.info.clone()) };
        let play = if kind == "zip" { Play::file(module.zip.clone(), "x") } else { play };
        world.on(&format!("/base/path/example.test/%21up/%21lib/@v/v1.0.0-%21r%21c1.{kind}?k=v"), [play]);
    }
    let before = world.seen().len();
    let stage = Stage::new(&[("GOPROXY", &format!("{}/base//path/?k=v#f", world.url()))]);
    let words = ["mod", "download", "example.test/Up/Lib@v1.0.0-RC1"];
    let plain = stage.plain(&words);
    let middle = world.seen().len();
    let told = stage.traced(&words);
    assert_eq!((&told.left, told.left.code), (&plain, Some(0)));
    let manners = |from: usize, to: usize| crate::stage::manners(&world.seen()[from..to]);
    assert_eq!(manners(middle, world.seen().len()), manners(before, middle));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_with_a_toolchain_line_is_the_same() {
    let world = World::start().await;
    let module = serve(&world);
    let go_mod = format!("module main.test\n\ngo 1.24\n\ntoolchain go1.24.1\n\nrequire {PATH} v1.1.0\n");
    let sums = format!("{PATH} v1.1.0 {}\n{PATH} v1.1.0/go.mod {}\n", module.zip_h1, module.mod_h1);
    // The standard library is built once.
    let cache = tempfile::tempdir().expect("a temporary folder");
    let stage = Stage::new(&[("GOPROXY", &world.url()), ("GOCACHE", cache.path().to_str().expect("a plain name"))])
        .file("main/go.mod", go_mod)
        .file("main/go.sum", sums)
        .file("main/main.go", "package main\n\nfunc main() { println(\"built\") }\n");
    let told = check(&stage, &["build", "-o", "/dev/null", "./..."], &[&world]);
    assert_eq!(told.left.code, Some(0), "{}", told.left.stderr);
    let told = check(&stage, &["run", "."], &[&world]);
    assert!(told.left.stderr.contains("built"), "{}", told.left.stderr);
    check(&stage.with(&[("GOFLAGS", "-modcacherw -mod=mod")]), &["list", "-m", "-json", "all"], &[&world]);
}

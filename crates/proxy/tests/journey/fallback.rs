//! Along a list of upstreams: who is asked, in which order, and what is answered.

use testkit::faults::Fault;

use super::*;

const LIST: &str = "/example.test/m/@v/list";
const INFO: &str = "/example.test/m/@v/v1.0.0.info";

/// One upstream's answer: `2` found, `4` does not exist, `5` and `3` trouble, `h` a page with status 200.
fn play(outcome: char, name: &str) -> Play {
    match outcome {
        '2' => Play::ok(format!("{{\"Version\":\"v1.0.0\",\"Origin\":{{\"VCS\":\"{name}\"}}}}")),
        '4' => Play::not_found(&format!("{name} has none")),
        '5' => Play::status(500, name.to_owned()),
        '3' => Play::status(403, name.to_owned()),
        _ => Play::login_page(),
    }
}

/// Along `list` of `a`, `b` and `c`, which answer as `outcomes` say: who was asked, and the answer.
#[track_caller]
fn check(list: &'static str, outcomes: &'static str, asked: &'static str, answer: &'static str) -> impl Future<Output = ()> {
    let line = format!("{list} {outcomes}");
    async move {
        let names = ["a", "b", "c"];
        let mut worlds = Vec::new();
        for (name, outcome) in names.iter().zip(outcomes.chars()) {
            let world = World::start().await;
            world.on(INFO, [play(outcome, name)]);
            worlds.push(world);
        }
        let urls: Vec<String> = worlds.iter().map(World::url).collect();
        let upstreams: Vec<(&str, &str)> = names.iter().zip(&urls).map(|(name, url)| (*name, url.as_str())).collect();
        let site = Setup::new(list, &upstreams).site();
        let (end, events) = site.answer(INFO).await;
        let trace: String = events
            .iter()
            .filter_map(|event| match event {
                Event::Asked { upstream, .. } => Some(upstream.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(trace, asked, "{line}: {events:?}");
        let counted: String =
            names.iter().zip(&worlds).filter(|(_, world)| !world.seen().is_empty()).map(|(name, _)| *name).collect();
        assert_eq!(counted, asked, "{line}");
        let told = match end {
            Ok(answer) => String::from_utf8(read(answer.body).await.expect("memory").to_vec()).expect("text"),
            Err(reason) => format!("{}: {reason}", reason.code()),
        };
        assert!(told.contains(answer), "{line}: {told}");
    }
}

#[tokio::test]
async fn a_comma_gives_way_only_to_does_not_exist() {
    check("a,b", "22", "a", "\"a\"").await;
    check("a,b", "42", "ab", "\"b\"").await;
    check("a,b", "52", "a", "upstream-trouble: reading example.test/m/@v/v1.0.0.info from a: status 500").await;
    check("a,b", "32", "a", "from a: status 403").await;
    check("a,b", "h2", "a", "from a: invalid character '<' looking for beginning of value").await;
    check("a,b,c", "442", "abc", "\"c\"").await;
    check("a,b,c", "452", "ab", "from b: status 500").await;
}

#[tokio::test]
async fn a_bar_gives_way_to_anything() {
    check("a|b", "52", "ab", "\"b\"").await;
    check("a|b", "32", "ab", "\"b\"").await;
    check("a|b", "h2", "ab", "\"b\"").await;
    check("a|b,c", "542", "abc", "\"c\"").await;
    check("a|b,c", "532", "ab", "from b: status 403").await;
    check("a,b|c", "432", "abc", "\"c\"").await;
    check("a,b|c", "532", "a", "from a: status 500").await;
}

#[tokio::test]
async fn it_does_not_exist_only_if_everyone_who_was_asked_says_so() {
    check("a,b", "44", "ab", "not-exist: b has none").await;
    check("a,b,c", "444", "abc", "not-exist: c has none").await;
    check("a|b", "54", "ab", "upstream-trouble: reading example.test/m/@v/v1.0.0.info from a: status 500").await;
    check("a|b", "45", "ab", "from b: status 500").await;
    check("a|b", "53", "ab", "from b: status 403").await;
    check("a|b|c", "544", "abc", "from a: status 500").await;
    check("a|b|c", "454", "abc", "from b: status 500").await;
}

#[tokio::test]
async fn off_ends_the_list() {
    check("a,off", "4", "a", "off: module lookup disabled by GOPROXY=off").await;
    check("a|off", "5", "a", "from a: status 500").await;
    check("off", "", "", "off: module lookup disabled by GOPROXY=off").await;
}

/// Every failure of the reference's table, before a comma and before a bar, for every small document and the zip.
#[tokio::test]
async fn each_failure_gives_way_as_the_go_command_has_it() {
    let module = Module::new("example.test/m", "v1.0.0");
    let statuses = [204, 304, 400, 401, 403, 429, 451, 500, 502, 503, 504].map(|status| (Play::status(status, ""), false));
    let absent = [404, 410].map(|status| (Play::status(status, "no"), true));
    let broken = [Fault::Close, Fault::Reset].map(|fault| (Play::ok("").fault(fault), false));
    let odd = [(Play::status(302, ""), false), (Play::login_page(), false)];
    for (failure, gives_way) in absent.into_iter().chain(statuses).chain(broken).chain(odd) {
        for kind in ["info", "mod", "zip", "list"] {
            let page = failure.status == 200 && failure.fault == Fault::None;
            if kind == "zip" && page {
                // A zip is looked at after the walk: it never falls back.
                continue;
            }
            for separator in [',', '|'] {
                let (bad, good) = (World::start().await, World::start().await);
                let url = if kind == "list" { LIST.to_owned() } else { module.url(kind) };
                bad.on(&url, [failure.clone()]);
                module.serve(&good);
                good.on(LIST, [Play::ok("v1.0.0\n")]);
                let site = Setup::new(&format!("a{separator}b"), &[("a", &bad.url()), ("b", &good.url())]).site();
                let next = gives_way || separator == '|';
                let line = format!("{kind} {separator} {} {:?}", failure.status, failure.fault);
                assert_eq!(site.code(&url).await, if next { "found" } else { "upstream-trouble" }, "{line}");
                assert_eq!(good.seen().len(), usize::from(next), "{line}");
                assert!(!bad.seen().is_empty(), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn a_go_mod_that_is_not_the_vouched_one_gives_way_at_a_bar_and_a_zip_never() {
    let (module, other) =
        (Module::new("example.test/m", "v1.0.0"), Module::of("example.test/m", "v1.0.0", &[("b.go", b"b".to_vec())]));
    let database = Sumdb::start(3, &[&module]).await;
    for (separator, kind, asked, code) in [
        (',', "mod", 0, "checksum-mismatch"),
        ('|', "mod", 1, "found"),
        (',', "zip", 0, "checksum-mismatch"),
        ('|', "zip", 0, "checksum-mismatch"),
    ] {
        let (bad, good) = (World::start().await, World::start().await);
        other.serve(&bad);
        bad.on(&module.url("mod"), [Play::ok("module example.test/evil\n")]);
        module.serve(&good);
        let site = Setup::new(&format!("a{separator}b"), &[("a", &bad.url()), ("b", &good.url())]).sums(&database).site();
        let line = format!("{separator} {kind}");
        assert_eq!(site.code(&module.url(kind)).await, code, "{line}");
        assert_eq!((bad.seen().len(), good.seen().len()), (1, asked), "{line}");
    }
}

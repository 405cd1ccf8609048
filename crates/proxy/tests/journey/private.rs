//! A private path has one owner, and its name goes nowhere else.

use testkit::sumdb::NAME;

use super::*;

#[tokio::test]
async fn a_private_route_never_asks_the_public_upstream_nor_the_database() {
    let (corp, public) = (World::start().await, World::start().await);
    let module = Module::new("git.corp.test/x", "v1.0.0");
    let database = Sumdb::start(3, &[]).await;
    let by_pattern = |setup: Setup| setup.public_last().waived("git.corp.test");
    let by_route = |setup: Setup| setup.private().public_last();
    let answers = || [Play::not_found("no"), Play::status(403, ""), Play::status(500, ""), Play::ok(module.go_mod.clone())];
    let told: [&dyn Fn(Setup) -> Setup; 2] = [&by_pattern, &by_route];
    for (say, at_corp) in told.into_iter().flat_map(|say| answers().map(|play| (say, play))) {
        all_files(&corp, &module, at_corp);
        corp.on("/git.corp.test/x/@v/list", [Play::status(500, "")]);
        let setup = Setup::new("public", &[("public", &public.url()), ("corp", &corp.url())]);
        let site = say(setup.route("private", "git.corp.test", "corp")).sums(&database).site();
        for path in [module.url("info"), module.url("mod"), module.url("zip"), "/git.corp.test/x/@v/list".into()] {
            let _ = site.get(&path).await;
        }
        for prefix in ["", "/@direct"] {
            let lookup = format!("{prefix}/sumdb/{NAME}/lookup/git.corp.test/x@v1.0.0");
            assert_eq!(site.code(&lookup).await, "private");
        }
        assert!(public.seen().is_empty(), "{:?}", public.seen());
        assert!(database.seen().is_empty(), "{:?}", database.seen());
    }
    assert!(!corp.seen().is_empty());
}

#[tokio::test]
async fn a_waived_module_is_kept_and_says_by_which_rule() {
    let (world, module) = (World::start().await, Module::new("git.corp.test/x", "v1.0.0"));
    module.serve(&world);
    let database = Sumdb::start(3, &[]).await;
    let site = Setup::to(&world).sums(&database).waived("other.test,*.corp.test").site();
    let (_, events) = site.answer(&module.url("mod")).await;
    assert!(events.contains(&Event::Vouched("waived GONOSUMDB=*.corp.test".into())), "{events:?}");
    let record = site.store.index.version(&module.path, "v1.0.0").await.expect("an index").expect("kept");
    assert_eq!(record.go_mod.expect("kept").vouched, "waived GONOSUMDB=*.corp.test");
    assert!(database.seen().is_empty());
}

#[tokio::test]
async fn what_a_private_route_serves_is_kept_and_says_by_which_route_it_is_not_proven() {
    let (corp, public) = (World::start().await, World::start().await);
    let (module, open) = (Module::new("git.corp.test/x", "v1.0.0"), Module::new("example.test/m", "v1.0.0"));
    module.serve(&corp);
    open.serve(&public);
    let database = Sumdb::start(3, &[&open]).await;
    let setup = Setup::new("public", &[("public", &public.url()), ("corp", &corp.url())]);
    let site = setup.route("inside", "git.corp.test", "corp").private().public_last().sums(&database).site();
    for kind in ["info", "mod", "zip"] {
        assert_eq!(site.code(&module.url(kind)).await, "found", "{kind}");
    }
    assert!(database.seen().is_empty(), "{:?}", database.seen());
    assert!(public.seen().is_empty(), "{:?}", public.seen());
    let record = site.store.index.version(&module.path, "v1.0.0").await.expect("an index").expect("kept");
    assert_eq!(record.zip.expect("kept").vouched, "waived route inside");
    assert_eq!(site.code(&open.url("zip")).await, "found");
    assert_eq!(database.count("/lookup/"), 1, "a public module is proven as ever: {:?}", database.seen());
}

#[tokio::test]
async fn a_toolchain_is_proven_whatever_is_waived() {
    let world = World::start().await;
    let module = Module::new("golang.org/toolchain", "v0.0.1-go1.99.0.linux-amd64");
    module.serve(&world);
    let database = Sumdb::start(3, &[&module]).await;
    let site = Setup::to(&world).sums(&database).waived("*").site();
    assert_eq!(site.code(&module.url("zip")).await, "found");
    assert_eq!(database.count("/lookup/golang.org/toolchain@"), 1);
    let lookup = format!("/sumdb/{NAME}/lookup/golang.org/toolchain@v0.0.1-go1.99.0.linux-amd64");
    assert_eq!(site.code(&lookup).await, "found", "the go command asks for it whatever GONOSUMDB says");
}

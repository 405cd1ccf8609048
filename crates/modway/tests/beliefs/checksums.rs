//! Beliefs about go.sum and the checksum database.

use testkit::{
    faults::Play,
    modules::{Module, any_zip},
    repos::GitServer,
    sumdb::{self, Sumdb},
    world::ForwardProxy,
};

use super::gopher::{GET, Gopher, VERSION, closed, module, serving};

#[tokio::test(flavor = "multi_thread")]
async fn goinsecure_leaves_the_checksum_database_on() {
    let (world, database) = (serving(&module()).await, Sumdb::start(3, &[]).await);
    let settings = [("GOPROXY", world.url()), ("GOSUMDB", database.setting()), ("GOINSECURE", "*".into())];
    let gopher = Gopher::new(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    gopher.go(GET).failed("404 Not Found");
    assert_eq!(database.count("/lookup/example.test/m@v1.0.0"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_fetched_directly_is_told_to_the_checksum_database_unless_it_is_private() {
    const MODULE: &str = "git.example.test/team/lib";
    let (host, database) = (GitServer::start(true, None).await, Sumdb::start(3, &[]).await);
    let mut repository = host.make("team/lib");
    repository.write("go.mod", format!("module {MODULE}\n")).write("lib.go", "package lib\n").commit(1_600_000_000);
    repository.tag("v1.0.0");
    host.page(MODULE, &format!("{MODULE} git https://{MODULE}"));
    let road = ForwardProxy::start(host.address(), None).await;
    let (road, setting) = (road.url(), database.setting());
    let gopher = Gopher::new(&[("GOPROXY", "direct"), ("GOSUMDB", &setting), ("HTTPS_PROXY", &road)]);
    let ca = gopher.write("ca.pem", host.ca_pem());
    let trusted = [("SSL_CERT_FILE", ca.as_str()), ("GIT_SSL_CAINFO", &ca)];
    let get = format!("mod download {MODULE}@v1.0.0");
    gopher.go_with(&trusted, &get).failed("404 Not Found");
    let before = database.seen().len();
    assert_eq!(database.count(&format!("/lookup/{MODULE}@v1.0.0")), 1);
    gopher.go_with(&[&trusted[..], &[("GOPRIVATE", "git.example.test")]].concat(), &get).fine();
    assert_eq!(database.seen().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn gonosumcheck_does_nothing() {
    let (world, database) = (serving(&module()).await, Sumdb::start(3, &[]).await);
    let settings = [("GOPROXY", world.url()), ("GOSUMDB", database.setting()), ("GONOSUMCHECK", "1".into())];
    let gopher = Gopher::new(&settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    gopher.go(GET).failed("404 Not Found");
}

#[tokio::test(flavor = "multi_thread")]
async fn off_does_not_stop_the_checksum_database() {
    let (world, database) = (serving(&module()).await, Sumdb::start(3, &[&module()]).await);
    let gopher = Gopher::new(&[("GOPROXY", &world.url())]);
    gopher.go(GET).fine();
    // In the cache, and not in go.sum: GOPROXY=off serves it, and the database is asked.
    gopher.write("work/go.mod", "module probe.test/m\n\ngo 1.27\n\nrequire example.test/m v1.0.0\n");
    gopher.go_with(&[("GOPROXY", "off"), ("GOSUMDB", &database.setting())], "mod download").fine();
    assert!(database.count("/lookup/") > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_zip_never_goes_on_to_the_next_entry() {
    let good = serving(&module()).await;
    let bad = serving(&Module { zip: any_zip(&[("other.test/x@v1.0.0/go.mod", b"x", None)]), ..module() }).await;
    let list = format!("{}|{}", bad.url(), good.url());
    Gopher::new(&[("GOPROXY", &list)]).go(GET).failed("has unexpected file");
    assert!(good.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_toolchain_is_verified_whatever_gosumdb_and_goprivate_say() {
    let world = serving(&module()).await;
    let arch = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };
    let version = format!("v0.0.1-go1.99.0.linux-{arch}");
    let zip = any_zip(&[(&format!("golang.org/toolchain@{version}/bin/go"), b"x", None)]);
    world.on(&format!("/golang.org/toolchain/@v/{version}.zip"), [Play::ok(zip)]);
    let (url, database) = (world.url(), Sumdb::start(3, &[]).await);
    let gopher = Gopher::new(&[("GOPROXY", &url), ("GOTOOLCHAIN", "go1.99.0"), ("GONOPROXY", "none")]);
    gopher.go_with(&[("GOSUMDB", "off")], "version").failed("checksum database disabled by GOSUMDB=off");
    for private in ["GOPRIVATE", "GONOSUMDB"] {
        let before = database.count("/lookup/golang.org/toolchain@");
        gopher.go_with(&[("GOSUMDB", &database.setting()), (private, "*")], "version").failed("404 Not Found");
        assert_eq!(database.count("/lookup/golang.org/toolchain@"), before + 1, "{private}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_the_database_survives_clean_modcache() {
    let (world, database) = (serving(&module()).await, Sumdb::start(3, &[&module()]).await);
    let gopher = Gopher::new(&[("GOPROXY", &world.url()), ("GOSUMDB", &database.setting())]);
    gopher.go(GET).fine();
    gopher.go("clean -modcache").fine();
    assert!(gopher.has(&format!("gopath/pkg/sumdb/{}/latest", sumdb::NAME)) && !gopher.has("modcache/example.test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_does_not_proxy_the_database_does_not_hide_names_from_it() {
    let (world, (_bound, outside)) = (serving(&module()).await, closed());
    let key = sumdb::key().verifier().to_string();
    let settings = [("GOPROXY", &*world.url()), ("GOSUMDB", &key), ("HTTPS_PROXY", &outside)];
    // The proxy says 404 to the question, so the database itself is asked.
    Gopher::new(&settings).go(GET).failed("https://sum.test/db/lookup/example.test/m@v1.0.0");
    assert_eq!(world.count(&format!("/sumdb/{}/supported", sumdb::NAME)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capital_is_percent_encoded_for_modules_and_plain_for_the_database() {
    let module = Module::new("example.test/Up", VERSION);
    let (world, database) = (serving(&module).await, Sumdb::start(3, &[&module]).await);
    for kind in ["info", "mod", "zip"] {
        let body: bytes::Bytes = match kind {
            "info" => module.info.clone().into(),
            "mod" => module.go_mod.clone().into(),
            _ => module.zip.clone(),
        };
        world.on(&module.url(kind).replace('!', "%21"), [Play::ok(body)]);
    }
    let gopher = Gopher::new(&[("GOPROXY", &world.url()), ("GOSUMDB", &database.setting())]);
    gopher.go("mod download example.test/Up@v1.0.0").fine();
    assert!(world.seen().iter().all(|seen| seen.target.starts_with("/example.test/%21up/")));
    assert_eq!(database.count("/lookup/example.test/!up@v1.0.0"), 1);
}

//! Twenty-odd typical stories, each told in both languages; what is told is kept beside, in `stories/`.

use modway::{config::Disk, lang::Lang, machine::Machine, render::terminal::Terminal};
use testkit::{
    faults::{Fault, Play},
    tls::Ca,
    world::World,
};

use crate::world::{MODULE, Town, check_story};

/// Wide enough that no line is broken.
const WIDE: Terminal = Terminal { colour: false, width: 10_000 };

/// Tells the story of a town as it is.
async fn tell(name: &str, town: Town) {
    let report = town.report("v1.0.0").await;
    check_story(name, &town, &report);
}

/// Everything that the proxy is asked about the module is answered so.
fn proxy_says(town: &Town, play: &Play) {
    for path in [MODULE, "git.example.test/team", "git.example.test"] {
        town.proxy.on(&format!("/{path}/@v/v1.0.0.info"), [play.clone()]);
    }
}

#[tokio::test]
async fn it_works_through_the_proxy() {
    tell("works", Town::new().await.proxied().recorded()).await;
}

#[tokio::test]
async fn a_private_host_without_goprivate_and_no_direct() {
    let town = Town::new().await.go_trusts().git_trusts();
    let list = town.proxy.url();
    tell("private-not-said", town.set("GOPROXY", &list)).await;
}

#[tokio::test]
async fn a_private_module_that_the_checksum_database_does_not_know() {
    tell("private-sumdb-404", Town::new().await.go_trusts().git_trusts()).await;
}

#[tokio::test]
async fn a_certificate_that_neither_go_nor_git_believes() {
    tell("nobody-believes", Town::new().await.set("GOPRIVATE", "git.example.test")).await;
}

#[tokio::test]
async fn a_certificate_that_git_believes_and_go_does_not() {
    tell("git-believes", Town::new().await.git_trusts().set("GOPRIVATE", "git.example.test")).await;
}

#[tokio::test]
async fn a_certificate_that_go_believes_and_git_does_not() {
    tell("go-believes", Town::new().await.go_trusts().set("GOPRIVATE", "git.example.test")).await;
}

#[tokio::test]
async fn a_proxy_with_the_certificate_of_another() {
    let town = Town::new().await;
    let ca = Ca::new();
    std::fs::write(town.path("own.pem"), ca.pem()).expect("written");
    let proxy = World::with_tls(ca.leaf(&["other.test"]).server(&["http/1.1"])).await;
    let (list, own) = (format!("{},direct", proxy.url()), town.path("own.pem"));
    let report = town.set("GOPROXY", &list).set("SSL_CERT_FILE", &own).report("v1.0.0").await;
    let text = report.text(Lang::En, WIDE);
    assert!(text.contains("x509: certificate is valid for other.test, not 127.0.0.1"), "{text}");
    assert!(text.contains("is for other.test, until") && text.contains("it needs another certificate"), "{text}");
}

#[tokio::test]
async fn a_proxy_that_wants_a_login_gets_a_netrc_line_and_a_secret_stays_one() {
    let town = Town::new().await;
    let ca = Ca::new();
    std::fs::write(town.path("own.pem"), ca.pem()).expect("written");
    let proxy = World::with_tls(ca.leaf(&["127.0.0.1"]).server(&["http/1.1"])).await;
    for path in [MODULE, "git.example.test/team", "git.example.test"] {
        proxy.on(&format!("/{path}/@v/v1.0.0.info"), [Play::status(401, "who are you?\n")]);
    }
    let (list, own) = (format!("{},direct", proxy.url()), town.path("own.pem"));
    let town = town.set("GOPROXY", &list).set("SSL_CERT_FILE", &own).set("GOAUTH", "corp-login --token s3cr3t; netrc");
    let text = town.report("v1.0.0").await.text(Lang::En, WIDE);
    let line = format!("machine {} login USER password TOKEN", proxy.address());
    assert!(text.contains(&line) && text.contains("GOAUTH names a program (corp-login)"), "{text}");
    assert!(!text.contains("s3cr3t"), "{text}");
}

#[tokio::test]
async fn a_proxy_whose_certificate_has_expired_needs_another_one() {
    let town = Town::new().await;
    let ca = Ca::new();
    std::fs::write(town.path("own.pem"), ca.pem()).expect("written");
    let proxy = World::with_tls(ca.expired(&["127.0.0.1"]).server(&["http/1.1"])).await;
    let (list, own) = (format!("{},direct", proxy.url()), town.path("own.pem"));
    let report = town.set("GOPROXY", &list).set("SSL_CERT_FILE", &own).report("v1.0.0").await;
    let text = report.text(Lang::En, WIDE);
    assert!(
        text.contains("certificate has expired or is not yet valid") && text.contains("it needs another certificate"),
        "{text}"
    );
    assert!(!text.contains("s_client"), "no store makes it right: {text}");
}

#[tokio::test]
async fn goinsecure_does_not_reach_git() {
    let town = Town::new().await.set("GOPRIVATE", "git.example.test").set("GOINSECURE", "git.example.test");
    tell("goinsecure-and-git", town).await;
}

#[tokio::test]
async fn both_believe_and_it_works() {
    tell("private-works", Town::new().await.go_trusts().git_trusts().set("GOPRIVATE", "*.example.test")).await;
}

#[tokio::test]
async fn a_proxy_that_refuses_stops_a_comma() {
    let town = Town::new().await.go_trusts().git_trusts();
    proxy_says(&town, &Play::status(403, "blocked by policy 17: ask the platform team\n"));
    tell("proxy-403", town).await;
}

#[tokio::test]
async fn a_proxy_with_trouble_gives_way_at_a_bar() {
    let town = Town::new().await.go_trusts().git_trusts().recorded();
    proxy_says(&town, &Play::status(500, "out of cheese\n"));
    let list = format!("{}|direct", town.proxy.url());
    tell("proxy-500-bar", town.set("GOPROXY", &list)).await;
}

#[tokio::test]
async fn a_proxy_that_says_nothing() {
    let town = Town::new().await.go_trusts().git_trusts();
    proxy_says(&town, &Play::ok("").fault(Fault::Mute));
    tell("proxy-mute", town).await;
}

#[tokio::test]
async fn a_login_page_in_place_of_a_proxy() {
    let town = Town::new().await;
    proxy_says(&town, &Play::login_page());
    tell("proxy-login-page", town).await;
}

#[tokio::test]
async fn nobody_listens_at_the_proxy() {
    tell("proxy-refused", Town::new().await.set("GOPROXY", "http://127.0.0.1:1,direct")).await;
}

#[tokio::test]
async fn direct_in_capitals() {
    let town = Town::new().await.proxied().recorded();
    let list = format!("{},DIRECT", town.proxy.url());
    tell("list-typo", town.set("GOPROXY", &list)).await;
}

#[tokio::test]
async fn goproxy_off() {
    tell("off", Town::new().await.go_trusts().git_trusts().set("GOPROXY", "off")).await;
}

#[tokio::test]
async fn goproxy_off_does_not_stop_a_private_module() {
    let town = Town::new().await.go_trusts().git_trusts().set("GOPROXY", "off").set("GOPRIVATE", "git.example.test");
    tell("off-private", town).await;
}

#[tokio::test]
async fn a_checksum_database_that_is_not_reached() {
    let town = Town::new().await.proxied();
    let key = town.sumdb.setting().split(' ').next().unwrap_or_default().to_owned();
    tell("sumdb-unreachable", town.set("GOSUMDB", &format!("{key} http://127.0.0.1:1"))).await;
}

#[tokio::test]
async fn a_space_in_goprivate() {
    let town = Town::new().await.go_trusts().git_trusts().set("GOPRIVATE", "other.test, git.example.test");
    let list = town.proxy.url();
    tell("space-in-pattern", town.set("GOPROXY", &list)).await;
}

#[tokio::test]
async fn a_scheme_and_a_port_in_goprivate() {
    let town = Town::new().await.go_trusts().git_trusts().set("GOPRIVATE", "https://example.test:443");
    let list = town.proxy.url();
    tell("near-misses", town.set("GOPROXY", &list)).await;
}

#[tokio::test]
async fn git_wants_a_login() {
    let town = Town::with_login(Some(("u", "secret"))).await.go_trusts().git_trusts();
    tell("git-login", town.set("GOPRIVATE", "git.example.test")).await;
}

#[tokio::test]
async fn a_version_that_is_not_there() {
    let town = Town::new().await.go_trusts().git_trusts().set("GOPRIVATE", "git.example.test");
    let report = town.report("v9.9.9").await;
    check_story("no-such-version", &town, &report);
}

#[tokio::test]
async fn modules_are_switched_off() {
    let town = Town::new().await.set("GO111MODULE", "off");
    tell("modules-off", town).await;
}

#[tokio::test]
async fn a_container_by_its_environment_file() {
    let town = Town::new().await.go_trusts().git_trusts();
    let text = format!(
        "# the builder\nGOPROXY={}\nGOPRIVATE=\"git.example.test\"\nGONOSUMDB\nGOSUMDB={}\nHTTPS_PROXY={}\n",
        town.proxy.url(),
        town.sumdb.setting(),
        town.road.url()
    );
    let machine = Machine::told("builder.env", &text).expect("told");
    let report = town.inquire(&machine, "v1.0.0", false).await;
    check_story("container", &town, &report);
}

#[tokio::test]
async fn a_dry_run() {
    let town = Town::new().await.set("GOPRIVATE", "git.example.test/other");
    let machine = Machine::here(&town.environment(), &Disk, None);
    let report = town.inquire(&machine, "v1.0.0", true).await;
    check_story("dry", &town, &report);
}

/// The documents show a story as it is kept here, with names in place of those of the test.
#[test]
fn the_documents_show_what_is_told() {
    let names = [
        ("http://PROXY", "https://proxy.corp.example"),
        ("git.example.test", "git.corp.example"),
        ("SUMDB-SETTING", "sum.golang.org"),
        ("HOME", "/home/u"),
        ("ROAD", "way-out:3128"),
    ];
    for (story, page) in [("en", "why.md"), ("zh", "why.zh-CN.md")] {
        let crate_folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let read = |path: String| std::fs::read_to_string(crate_folder.join(path)).expect("it is there");
        let story = read(format!("tests/why/stories/goinsecure-and-git.{story}.txt"));
        let told = names.iter().fold(story, |text, (name, shown)| text.replace(name, shown));
        assert!(read(format!("../../docs/{page}")).contains(&told), "{page} does not show:\n{told}");
    }
}

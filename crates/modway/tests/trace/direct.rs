//! Version control: what the go command and git do over https is seen as tunnels, and goes where it went.

use testkit::{
    repos::{GitServer, Repository},
    tls::Ca,
    world::{ForwardProxy, World},
};

use crate::stage::{Stage, Told};

const MODULE: &str = "git.example.test/team/lib";

struct Host {
    server: GitServer,
    front: ForwardProxy,
    _repository: Repository,
}

impl Host {
    async fn new(login: Option<(&str, &str)>) -> Self {
        let server = GitServer::start(true, login).await;
        let mut repository = server.make("team/lib");
        repository.write("go.mod", format!("module {MODULE}\n")).write("lib.go", "package lib\n").commit(1_600_000_000);
        repository.tag("v1.0.0");
        server.page(MODULE, &format!("{MODULE} git https://{MODULE}"));
        let front = ForwardProxy::start(server.address(), None).await;
        Self { server, front, _repository: repository }
    }

    fn stage(&self, settings: &[(&str, &str)]) -> Stage {
        let url = self.front.url();
        let own = [("HTTPS_PROXY", url.as_str()), ("SSL_CERT_FILE", "$HOME/ca.pem"), ("GIT_SSL_CAINFO", "$HOME/ca.pem")];
        Stage::new(&own).with(settings).file("ca.pem", self.server.ca_pem())
    }

    /// What the host was asked since `from`.
    fn asked(&self, from: usize) -> Vec<String> {
        crate::stage::sorted(self.server.requests()[from..].iter().map(|seen| format!("{} {}", seen.method, seen.target)))
    }

    /// Both ways: the same is left behind, and the host is asked the same.
    #[track_caller]
    fn check(&self, stage: &Stage, words: &[&str]) -> Told {
        let start = self.server.requests().len();
        let plain = stage.plain(words);
        let (middle, asked) = (self.server.requests().len(), self.asked(start));
        let told = stage.traced(words);
        assert_eq!(told.left, plain, "{words:?}");
        assert_eq!(self.asked(middle), asked, "{words:?}");
        told
    }
}

fn hosts(told: &Told) -> Vec<(String, String)> {
    let tunnels = told.json["tunnels"].as_array().expect("tunnels").iter();
    let mut hosts: Vec<(String, String)> = tunnels
        .map(|tunnel| (tunnel["by"].as_str().expect("who").to_owned(), tunnel["host"].as_str().expect("a host").to_owned()))
        .collect();
    hosts.sort();
    hosts.dedup();
    hosts
}

fn pair(by: &str, host: &str) -> (String, String) {
    (by.to_owned(), host.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn gos_discovery_and_gits_fetches_are_seen_as_tunnels() {
    let host = Host::new(None).await;
    let stage = host.stage(&[("GOPROXY", "direct")]);
    for words in [["get", "git.example.test/team/lib@v1.0.0"], ["get", "git.example.test/team/lib@main"]] {
        let told = host.check(&stage, &words);
        assert_eq!(told.left.code, Some(0), "{}", told.left.stderr);
        let here = "git.example.test:443";
        assert_eq!(hosts(&told), [pair("child", here), pair("go", here)]);
        // Go keeps its connections until it ends; on the wire they were only until all was said, which is before git's last process.
        let number = |value: &serde_json::Value| value.as_f64().expect("a number");
        let last = told.json["processes"].as_array().expect("processes").iter().map(|process| number(&process["began_ms"]));
        let last = last.fold(0.0, f64::max);
        let tunnels = told.json["tunnels"].as_array().expect("tunnels").iter().filter(|tunnel| tunnel["by"] == "go");
        assert!(tunnels.clone().all(|tunnel| number(&tunnel["last_byte_ms"]) < last), "{:#}", told.json["tunnels"]);
        let received = told.json["hosts"][0]["received_bytes"].as_u64().expect("bytes");
        assert!(received > 1000, "{received}");
        let processes: Vec<&str> = told.json["processes"]
            .as_array()
            .expect("processes")
            .iter()
            .filter_map(|process| process["words"][1].as_str())
            .collect();
        assert!(processes.contains(&"ls-remote") && processes.contains(&"init"), "{processes:?}");
        assert!(told.json["tunnels"][0]["through"].as_str().is_some_and(|through| host.front.url().ends_with(through)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_module_never_meets_the_proxy() {
    let (host, world) = (Host::new(None).await, World::start().await);
    for list in [world.url(), format!("{},direct", world.url()), "off".to_owned()] {
        let stage = host.stage(&[("GOPROXY", &list), ("GOPRIVATE", "*.example.test")]);
        let told = host.check(&stage, &["mod", "download", "-json", "git.example.test/team/lib@v1.0.0"]);
        assert_eq!(told.left.code, Some(0), "{}", told.left.stdout);
        assert_eq!((world.seen().len(), told.json["requests"].as_array().map(Vec::len)), (0, Some(0)));
    }
    // The pattern leaves out the host alone, but a private module that is found ends the search before the proxy.
    let stage = host.stage(&[("GOPROXY", &format!("{},direct", world.url())), ("GOPRIVATE", "git.example.test/team")]);
    assert_eq!(host.check(&stage, &["get", "git.example.test/team/lib"]).left.code, Some(0));
    assert_eq!(world.seen().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn direct_comes_behind_a_proxy_that_does_not_have_it_and_failures_are_the_same() {
    let (host, world) = (Host::new(None).await, World::start().await);
    let stage = host.stage(&[("GOPROXY", &format!("{},direct", world.url()))]);
    let told = host.check(&stage, &["get", "git.example.test/team/lib@v1.0.0"]);
    assert_eq!(told.left.code, Some(0), "{}", told.left.stderr);
    assert!(told.terminal().contains("direct was next"), "{}", told.terminal());
    for module in ["git.example.test/team/none@v1.0.0", "git.example.test/team/lib@v9.9.9"] {
        assert_eq!(host.check(&stage, &["mod", "download", module]).left.code, Some(1));
    }
    // Neither Go nor git believes the host.
    let strangers = host.stage(&[("GOPROXY", "direct"), ("SSL_CERT_FILE", "$HOME/other.pem")]).file("other.pem", Ca::new().pem());
    let told = host.check(&strangers, &["mod", "download", "git.example.test/team/lib@v1.0.0"]);
    assert!(told.left.stderr.contains("x509: certificate signed by unknown authority"), "{}", told.left.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_reached_fails_in_gos_own_words() {
    let refusing = ForwardProxy::start(([127, 0, 0, 1], 1).into(), Some("407 Proxy Authentication Required")).await;
    let words = ["mod", "download", "git.example.test/team/lib@v1.0.0"];
    let stage = Stage::new(&[("GOPROXY", "direct"), ("HTTPS_PROXY", &refusing.url())]);
    let (plain, told) = (stage.plain(&words), stage.traced(&words));
    assert!(plain.stderr.contains("Proxy Authentication Required"), "{}", plain.stderr);
    assert_eq!(told.left, plain);
    // Without a forward proxy of the user's, and a name that nobody has.
    let stage = Stage::new(&[("GOPROXY", "direct")]);
    let (plain, told) = (stage.plain(&words), stage.traced(&words));
    let common = "https fetch: Get \"https://git.example.test/team/lib?go-get=1\": dial tcp: lookup git.example.test";
    assert!(plain.stderr.contains(common) && told.left.stderr.contains(common), "{}\n{}", plain.stderr, told.left.stderr);
    assert_eq!(told.left.code, plain.code);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_by_the_go_command_and_by_git_is_seen_whole() {
    let server = GitServer::start(false, None).await;
    let mut repository = server.make("team/lib");
    repository.write("go.mod", format!("module {MODULE}\n")).commit(1_600_000_000);
    repository.tag("v1.0.0");
    server.page(MODULE, &format!("{MODULE} git http://{MODULE}"));
    // It is its own forward proxy for http, and refuses CONNECT.
    let stage = Stage::new(&[("GOPROXY", "direct"), ("GOINSECURE", "*.example.test"), ("GOSUMDB", "off")]).with(&[
        ("HTTP_PROXY", &server.url()),
        ("HTTPS_PROXY", &server.url()),
        ("http_proxy", &server.url()),
    ]);
    let words = ["mod", "download", "git.example.test/team/lib@v1.0.0"];
    let asked = |from: usize| -> Vec<String> {
        crate::stage::sorted(
            server.requests()[from..]
                .iter()
                .filter(|seen| seen.method != "CONNECT")
                .map(|seen| format!("{} {}", seen.method, seen.target)),
        )
    };
    let plain = stage.plain(&words);
    let (middle, by_itself) = (server.requests().len(), asked(0));
    let told = stage.traced(&words);
    assert_eq!((&told.left, plain.code), (&plain, Some(0)), "{}", plain.stderr);
    assert_eq!(asked(middle), by_itself);
    let whole = crate::stage::sorted(told.json["requests"].as_array().expect("requests").iter().map(|request| {
        format!("{} {}", request["method"].as_str().unwrap_or_default(), request["url"].as_str().unwrap_or_default())
    }));
    assert_eq!(whole, by_itself);
    let by: Vec<&str> =
        told.json["requests"].as_array().expect("requests").iter().filter_map(|request| request["asked"].as_str()).collect();
    assert!(by.contains(&"elsewhere") && by.contains(&"child"), "{by:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_forward_proxies_and_whom_they_spare_still_count() {
    let world = World::start().await;
    crate::proxies::serve(&world);
    let front = ForwardProxy::start(world.address(), None).await;
    let words = ["mod", "download", "example.test/lib@v1.0.0"];
    let own = [("GOPROXY", "http://mirror.example.test/"), ("HTTP_PROXY", &front.url())];
    let stage = Stage::new(&own);
    let plain = stage.plain(&words);
    let (asked, led) = (world.seen().len(), front.seen().len());
    let told = stage.traced(&words);
    assert_eq!((&told.left, plain.code), (&plain, Some(0)), "{}", plain.stderr);
    assert_eq!((world.seen().len(), led > 0, front.seen().len() > led), (2 * asked, true, true));
    assert_eq!(told.targets("mirror.example.test").len(), asked);
    let spared = Stage::new(&own).with(&[("NO_PROXY", ".example.test")]);
    let before = front.seen().len();
    let (plain, told) = (spared.plain(&words), spared.traced(&words));
    let common = "dial tcp: lookup mirror.example.test";
    assert!(plain.stderr.contains(common) && told.left.stderr.contains(common), "{}\n{}", plain.stderr, told.left.stderr);
    assert_eq!(front.seen().len(), before);
}

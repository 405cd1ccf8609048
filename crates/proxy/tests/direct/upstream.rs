//! `DirectUpstream` before scripted hosts: who is asked, and what traces tell of it.

use std::{fs, path::PathBuf, time::Instant};

use gomod::module::{ModulePath, Rev, Version};
use plan::{Event, Trouble, trace::AskEnd};
use proxy::{
    Journey,
    client::Roots,
    clock::Clock,
    egress::Egress,
    metrics::Metrics,
    settings::{ForwardProxy, Secret},
    spool::SpoolWriter,
    upstream::{Failure, Known, Question, Reply, Upstream as _, direct::DirectUpstream},
};
use store::{Blobs as _, memory::MemoryBlobs};
use tempfile::TempDir;
use testkit::{
    faults::Play,
    tls::Ca,
    world::{self, World},
};

use crate::settings;

/// Every host of the tests, and our own side of it.
struct Net {
    world: World,
    way: world::ForwardProxy,
    ca: PathBuf,
    folder: TempDir,
    journey: Journey,
}

impl Net {
    /// A world in which the page of x.test/m says `import`.
    async fn with(import: &str) -> Self {
        let (ca, folder) = (Ca::new(), tempfile::tempdir().expect("a folder"));
        let file = folder.path().join("ca.pem");
        fs::write(&file, ca.pem()).expect("the folder is there");
        let world = World::with_tls(ca.leaf(&["x.test"]).server(&["http/1.1"])).await;
        let page = format!(r#"<html><head><meta name="go-import" content="{import}"></head>"#);
        world.on("/m?go-get=1", [Play::ok(page).header("Content-Type", "text/html")]);
        let way = world::ForwardProxy::start(world.address(), None).await;
        Self { world, way, ca: file, folder, journey: Journey::new(Instant::now()) }
    }

    fn direct(&self) -> DirectUpstream {
        let mut direct = settings::direct(Vec::new(), &self.folder.path().join("vcs"));
        direct.patience.forward_proxy = ForwardProxy::Url(Secret::new(self.way.url()));
        let egress = Egress::new(&direct, &Roots::Files(vec![self.ca.clone()])).expect("good settings");
        DirectUpstream::new(&direct, egress, Clock::system(), Metrics::default()).expect("good settings")
    }

    async fn ask(&self, question: Question) -> Result<String, Failure> {
        match self.direct().ask(&question, &Known::default(), &self.journey).await? {
            Reply::Found { body, .. } => Ok(String::from_utf8(body.to_vec()).expect("text")),
            Reply::NotModified => panic!("nobody asked for that"),
        }
    }

    /// Who was asked for what, and how that ended, in order.
    fn told(&self) -> Vec<String> {
        let line = |(_, event): &(u32, Event)| match event {
            Event::Asked { upstream, what, end, .. } => {
                let end = match end {
                    AskEnd::Found(_) => "found",
                    AskEnd::NotModified => "not modified",
                    AskEnd::NotExist => "not there",
                    AskEnd::Failed(trouble) => trouble.code(),
                };
                Some(format!("{upstream}: {what}: {end}"))
            }
            _ => None,
        };
        self.journey.trace().events.iter().filter_map(line).collect()
    }
}

fn module() -> ModulePath {
    ModulePath::parse("x.test/m").expect("a module path")
}

fn version() -> Version {
    Version::parse("v1.0.0").expect("a version")
}

#[tokio::test]
async fn a_mod_root_is_asked_by_the_proxy_protocol_and_the_trace_names_it() {
    let net = Net::with("x.test/m mod https://x.test/proxy").await;
    net.world.on("/proxy/x.test/m/@v/list", [Play::ok("v1.0.0\n")]);
    net.world.on("/proxy/x.test/m/@v/v1.0.0.zip", [Play::ok("bytes")]);
    assert_eq!(net.ask(Question::List(module())).await.as_deref(), Ok("v1.0.0\n"));
    let stage = MemoryBlobs::default().stage().expect("a file");
    let mut spool = SpoolWriter::new(&stage);
    net.direct().zip(&module(), &version(), &mut spool, &net.journey).await.expect("a zip");
    assert_eq!(spool.written(), 5);
    let page = "direct: https://x.test/m?go-get=1: found";
    let told = ["https://x.test/proxy: x.test/m/@v/list: found", "https://x.test/proxy: x.test/m/@v/v1.0.0.zip: found"];
    assert_eq!(net.told(), [page, told[0], page, told[1]]);
}

#[tokio::test]
async fn a_mod_root_never_falls_back_to_version_control() {
    let net = Net::with("x.test/m mod https://x.test/proxy").await;
    net.world.on("/proxy/x.test/m/@v/v1.0.0.info", [Play::not_found("no such version")]);
    net.world.on("/proxy/x.test/m/@v/v1.0.0.mod", [Play::status(500, "on fire")]);
    let stat = Question::Stat(module(), Rev::from(&version()));
    assert_eq!(net.ask(stat).await, Err(Failure::NotExist("no such version".into())));
    let failed = net.ask(Question::GoMod(module(), version())).await;
    assert!(matches!(failed, Err(Failure::Trouble(Trouble::Status(500, _)))), "{failed:?}");
    let asked: Vec<String> = net.world.seen().iter().map(|seen| seen.target.clone()).collect();
    assert!(asked.iter().all(|target| target.starts_with("/m?go-get=1") || target.starts_with("/proxy/")), "{asked:?}");
}

#[tokio::test]
async fn a_trace_names_the_repository_and_what_was_asked_of_it() {
    let net = Net::with("x.test/m git https://x.test/repo").await;
    net.world.on("/repo/info/refs?service=git-upload-pack", [Play::not_found("Not Found")]);
    let failed = net.ask(Question::List(module())).await;
    assert!(matches!(failed, Err(Failure::NotExist(_))), "{failed:?}");
    let told = ["direct: https://x.test/m?go-get=1: found", "git https://x.test/repo: x.test/m/@v/list: not there"];
    assert_eq!(net.told(), told);
}

#[tokio::test]
async fn a_version_like_an_option_is_refused_before_a_repository_is_asked() {
    let net = Net::with("x.test/m git https://x.test/repo").await;
    let failed = net.ask(Question::Stat(module(), Rev::parse("-x").expect("a revision"))).await;
    assert_eq!(failed, Err(Failure::Trouble(Trouble::NoVersion("invalid module version \"-x\"".into()))));
    assert_eq!(net.world.count("/repo/info/refs?service=git-upload-pack"), 0);
}

#[tokio::test]
async fn where_there_is_no_page_there_is_no_module() {
    let net = Net::with("y.test/other git https://x.test/repo").await;
    let failed = net.ask(Question::Latest(module())).await;
    assert!(
        matches!(&failed, Err(Failure::NotExist(why)) if why.contains("unrecognized import path \"x.test/m\"")),
        "{failed:?}"
    );
    assert_eq!(net.told(), ["direct: https://x.test/m?go-get=1: found", "direct: x.test/m/@latest: not there"]);
}

//! The same tools with the only way out that they have in a server: our gateway.

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use gomod::{goimport::Vcs, pattern::Patterns};
use plan::Trouble;
use proxy::{
    client::Roots,
    clock::Clock,
    egress::{Egress, Pass},
    metrics::Metrics,
    settings::{Access, Breaker, Credential, Direct, ForwardProxy, Hop, Login},
    upstream::{
        child::{Passage, Way},
        direct::{
            repo::{Repo, RepoError},
            repos::Repos,
        },
    },
};
use testkit::repos::{ApacheServer, HgServer, InetServer, Tool, Workshop};

use crate::{MINUTE, folder, listed, text, told};

struct Gateway(Egress);

struct Led(Pass);

#[async_trait]
impl Way for Gateway {
    async fn pass(&self, remote: &str) -> Result<Box<dyn Passage>, Trouble> {
        Ok(Box::new(Led(self.0.pass(&url::Url::parse(remote).expect("a URL")).await?)))
    }
}

impl Passage for Led {
    fn url(&self) -> &str {
        self.0.url()
    }

    fn proxy(&self) -> &str {
        self.0.proxy()
    }

    fn ports(&self) -> Vec<u16> {
        vec![self.0.port()]
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn trouble(&self) -> Option<Trouble> {
        self.0.trouble()
    }
}

/// The repository at `url`, which has the schemes that its place allows.
async fn opened(vcs: Vcs, url: &str, schemes: &[&str], folder: &Path) -> Arc<dyn Repo> {
    let place = url::Url::parse(url).expect("a URL");
    let place = format!("{}:{}", place.host_str().expect("a host"), place.port().expect("a port"));
    let direct = direct(&place, schemes, folder);
    let egress = Egress::new(&direct, &Roots::Files(Vec::new())).expect("settings that can work");
    let repos = Repos::new(&direct, Arc::new(Gateway(egress)), Clock::system(), Metrics::default()).expect("the folder is ours");
    repos.get(vcs, url).await.expect("a repository")
}

fn direct(place: &str, schemes: &[&str], folder: &Path) -> Direct {
    let access = Access {
        place: place.to_owned(),
        credential: Credential::None,
        ca_files: Vec::new(),
        server_name: None,
        client_certificate: None,
        private_addresses: true,
        schemes: schemes.iter().map(|&scheme| scheme.to_owned()).collect(),
        forge: None,
    };
    Direct {
        patience: patience(),
        private: Patterns::default(),
        insecure: Patterns::default(),
        govcs: String::new(),
        access: vec![access],
        folder: folder.to_owned(),
        refs_fresh: Duration::ZERO,
        path: std::env::var("PATH").expect("the tools are found somewhere"),
        contact: String::new(),
        connections_per_origin: 8,
        requests_per_minute: 6000,
        children: 4,
        repository_bytes: 64 << 20,
    }
}

fn patience() -> Hop {
    Hop {
        name: "direct".to_owned(),
        url: String::new(),
        connect: MINUTE,
        tls: MINUTE,
        first_byte: MINUTE,
        idle: MINUTE,
        total: MINUTE,
        total_zip: MINUTE,
        retries: 0,
        step_down: Vec::new(),
        breaker: Breaker { failures: 0, pause: MINUTE },
        login: Login::None,
        ca_files: Vec::new(),
        forward_proxy: ForwardProxy::Direct,
    }
}

fn workshop(tool: Tool) -> Workshop {
    let workshop = Workshop::new(tool);
    workshop.write("go.mod", "module example.test/lib\n").write("sub/a.go", "package sub\n").commit(1_600_000_000);
    workshop
}

/// Latest, a file, the tree, and what a second commit brings.
async fn check(repo: &dyn Repo, workshop: &Workshop) {
    let first = repo.latest().await.expect("a first commit");
    assert_eq!(text(repo, &first.name, "sub/a.go").await.as_deref(), Some("package sub\n"));
    let files = listed(&repo.archive(&first.name, "").await.expect("a tree"));
    assert!(files.contains(&"sub/a.go Regular \"package sub\\n\"".to_owned()), "{files:?}");
    workshop.write("b.go", "package lib\n").commit(1_600_000_100);
    let second = repo.latest().await.expect("a second commit");
    assert_eq!(second.time.unix_seconds(), 1_600_000_100);
    assert_eq!(text(repo, &second.name, "b.go").await.as_deref(), Some("package lib\n"));
    assert_eq!(told(repo.stat("v9.9.9").await), "unknown revision v9.9.9");
}

#[tokio::test(flavor = "multi_thread")]
async fn mercurial_goes_through_the_gateway() {
    let (workshop, rest) = (workshop(Tool::Hg), folder());
    let server = HgServer::start(&workshop);
    check(&*opened(Vcs::Hg, server.url(), &["http"], rest.path()).await, &workshop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fossil_goes_through_the_gateway() {
    let (workshop, rest) = (workshop(Tool::Fossil), folder());
    let server = InetServer::start(&workshop).await;
    check(&*opened(Vcs::Fossil, &server.url(), &["http"], rest.path()).await, &workshop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subversion_goes_through_a_relay() {
    let (workshop, rest) = (workshop(Tool::Svn), folder());
    let server = InetServer::start(&workshop).await;
    let url = format!("{}/trunk", server.url());
    check(&*opened(Vcs::Svn, &url, &["svn"], rest.path()).await, &workshop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subversion_over_http_goes_through_the_gateway() {
    let (workshop, rest) = (workshop(Tool::Svn), folder());
    let Some(server) = ApacheServer::start(&workshop) else {
        return testkit::mount::skipped("subversion_over_http_goes_through_the_gateway", "no apache2 with mod_dav_svn");
    };
    let url = format!("{}/trunk", server.url());
    let repo = opened(Vcs::Svn, &url, &["http"], rest.path()).await;
    check(&*repo, &workshop).await;
    workshop.tag("v1.0.0", 1_600_000_200);
    assert_eq!(repo.tags("").await.expect("tags").list, [("v1.0.0/".to_owned(), String::new())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheme_that_the_place_does_not_allow_starts_no_tool() {
    for (vcs, url) in
        [(Vcs::Hg, "http://127.0.0.1:9/x"), (Vcs::Svn, "svn://127.0.0.1:9/x"), (Vcs::Fossil, "http://127.0.0.1:9/x")]
    {
        let rest = folder();
        let repo = opened(vcs, url, &[], rest.path()).await;
        let refused = repo.latest().await;
        assert!(matches!(refused, Err(RepoError::Failed(Trouble::Refused(_)))), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_is_down_is_told_by_the_gateway() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    for (vcs, scheme) in [(Vcs::Hg, "http"), (Vcs::Svn, "http"), (Vcs::Svn, "svn"), (Vcs::Fossil, "http")] {
        let rest = folder();
        let repo = opened(vcs, &format!("{scheme}://{gone}/x"), &[scheme], rest.path()).await;
        let down = repo.latest().await;
        assert!(matches!(down, Err(RepoError::Failed(Trouble::Connect(_)))), "{vcs} {scheme} {down:?}");
    }
}

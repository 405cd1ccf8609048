//! The same tools with the only way out that they have in a server: our gateway.

use std::{path::Path, sync::Arc, time::Duration};

use gomod::goimport::Vcs;
use plan::Trouble;
use proxy::{
    client::Roots,
    clock::Clock,
    egress::Egress,
    metrics::Metrics,
    settings::{Access, Direct},
    upstream::direct::{
        repo::{Repo, RepoError},
        repos::Repos,
    },
};
use testkit::repos::{ApacheServer, HgServer, InetServer, Tool, Workshop};

use crate::{folder, listed, settings, text, told};

/// The repository at `url`, which has the schemes that its place allows.
async fn opened(vcs: Vcs, url: &str, schemes: &[&str], folder: &Path) -> Arc<dyn Repo> {
    let place = url::Url::parse(url).expect("a URL");
    let place = format!("{}:{}", place.host_str().expect("a host"), place.port().expect("a port"));
    let rule = Access { schemes: schemes.iter().map(|&scheme| scheme.to_owned()).collect(), ..settings::here(&place) };
    ruled(vcs, url, rule, folder).await
}

/// The repository at `url`, to which `rule` applies.
async fn ruled(vcs: Vcs, url: &str, rule: Access, folder: &Path) -> Arc<dyn Repo> {
    // What a second commit brings is looked for at once.
    let direct = Direct { refs_fresh: Duration::ZERO, ..settings::direct(vec![rule], folder) };
    let egress = Egress::new(&direct, &Roots::Files(Vec::new())).expect("settings that can work");
    let repos = Repos::new(&direct, Arc::new(egress), Clock::system(), Metrics::default()).expect("the folder is ours");
    repos.get(vcs, url).await.expect("a repository")
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
    let repo = opened(Vcs::Svn, &url, &["svn"], rest.path()).await;
    check(&*repo, &workshop).await;
    workshop.tag("v1.0.0", 1_600_000_200);
    assert_eq!(repo.tags("").await.expect("tags").list, [("v1.0.0/".to_owned(), String::new())]);
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
async fn a_tool_that_may_not_reach_its_remote_says_why_in_our_words() {
    let (workshop, rest) = (workshop(Tool::Hg), folder());
    let server = HgServer::start(&workshop);
    let address = server.url().trim_start_matches("http://").trim_end_matches('/');
    let closed = Access { private_addresses: false, ..settings::here(address) };
    match ruled(Vcs::Hg, server.url(), closed, rest.path()).await.latest().await {
        Err(RepoError::Failed(Trouble::Refused(text))) => assert!(text.starts_with("not connected to 127.0.0.1: "), "{text}"),
        other => panic!("{other:?}"),
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

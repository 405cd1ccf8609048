//! Mercurial, Subversion and Fossil themselves, at the gateway.

use proxy::{
    metrics::Metrics,
    upstream::{
        child::Children,
        direct::repo::{Repo, RepoError},
        fossil::Fossil,
        hg::{Hg, remote::Remote},
        svn::Svn,
    },
};
use testkit::repos::{HgServer, InetServer, Tool, Workshop};

use super::*;

/// A remote that `tool` reaches through the gateway only.
fn remote(egress: Egress, target: &str, folder: &Path) -> Remote {
    let minute = Duration::from_secs(60);
    let path = std::env::var("PATH").expect("the tools are found somewhere");
    Remote {
        url: target.to_owned(),
        folder: folder.join("repository"),
        children: Children::new(&path, folder, 2, Metrics::default()).expect("the folder is ours"),
        way: Arc::new(egress),
        fresh: minute,
        question: minute,
        transfer: minute,
        repository_bytes: 64 << 20,
    }
}

/// A rule for the server at `target`, over its own scheme.
fn rule(target: &str) -> Access {
    let target = url(target);
    let place = format!("{}:{}", target.host_str().expect("a host"), target.port().expect("a port"));
    Access { schemes: vec![target.scheme().to_owned()], ..here(&place) }
}

/// All paths at the newest commit, and the go.mod there.
async fn check(repo: &dyn Repo, want: &[&str]) {
    let latest = repo.latest().await.expect("a commit");
    let go_mod = repo.read_file(&latest.name, "go.mod", 1000).await.expect("it was asked");
    assert_eq!(go_mod.as_deref(), Some(&b"module example.test/lib\n"[..]));
    let tree = repo.archive(&latest.name, "").await.expect("a tree");
    let mut paths: Vec<_> = tree.files.iter().map(|file| String::from_utf8_lossy(&file.path).into_owned()).collect();
    paths.sort();
    assert_eq!(paths, want);
}

fn workshop(tool: Tool) -> Workshop {
    let workshop = Workshop::new(tool);
    workshop.write("go.mod", "module example.test/lib\n").write("sub/a.go", "package sub\n").commit(1_600_000_000);
    workshop
}

#[tokio::test(flavor = "multi_thread")]
async fn mercurial_is_read_through_the_gateway() {
    let (workshop, folder) = (workshop(Tool::Hg), tempfile::tempdir().expect("a folder"));
    let server = HgServer::start(&workshop);
    let hg = Hg::new(remote(egress(vec![rule(server.url())]), server.url(), folder.path()));
    check(&hg, &[".hg_archival.txt", "go.mod", "sub/a.go"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fossil_is_read_through_the_gateway() {
    let (workshop, folder) = (workshop(Tool::Fossil), tempfile::tempdir().expect("a folder"));
    let server = InetServer::start(&workshop).await;
    let fossil = Fossil::new(remote(egress(vec![rule(&server.url())]), &server.url(), folder.path()));
    check(&fossil, &["go.mod", "sub/a.go"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn subversion_is_read_through_a_port_of_ours() {
    let (workshop, folder) = (workshop(Tool::Svn), tempfile::tempdir().expect("a folder"));
    workshop.tag("v1.0.0", 1_600_000_100);
    let server = InetServer::start(&workshop).await;
    let target = format!("{}/trunk", server.url());
    let svn = Svn::new(remote(egress(vec![rule(&target)]), &target, folder.path()));
    check(&svn, &["go.mod", "sub/a.go"]).await;
    assert_eq!(svn.tags("").await.expect("tags").list.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_may_not_reach_its_remote_says_why_in_our_words() {
    let (workshop, folder) = (workshop(Tool::Hg), tempfile::tempdir().expect("a folder"));
    let server = HgServer::start(&workshop);
    let schemes = vec!["http".to_owned()];
    let closed = Access { schemes, private_addresses: false, ..rule(server.url()) };
    let hg = Hg::new(remote(egress(vec![closed]), server.url(), folder.path()));
    match hg.latest().await {
        Err(RepoError::Failed(Trouble::Refused(text))) => assert!(text.starts_with("not connected to 127.0.0.1: "), "{text}"),
        other => panic!("{other:?}"),
    }
}

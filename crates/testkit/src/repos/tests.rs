use std::process::Command;

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{ApacheServer, Format, GitServer, HgServer, InetServer, Repository, Tool, Workshop, git};

fn home() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

/// git as a client that asks nobody for passwords.
fn client(home: &TempDir) -> Command {
    let mut command = git::git(home.path());
    command.env("GIT_TERMINAL_PROMPT", "0");
    command
}

fn grow(mut repository: Repository) -> Repository {
    repository.write("go.mod", "module example.test/lib\n").executable("run.sh", "#!/bin/sh\n").link("link", "go.mod");
    repository.write(b"odd \"\xff\n", "odd").commit(1_600_000_000);
    repository.tag("v1.0.0").annotate("v1.0.1").branch("dev").remove("run.sh").commit(1_600_000_100);
    repository.branch("main");
    repository
}

#[test]
fn a_repository_has_the_same_hashes_everywhere() {
    #[track_caller]
    fn check(format: Format, expected: &str) {
        assert_eq!(grow(Repository::new(format)).last(), expected);
    }
    check(Format::Sha1, "4ee4a101ae7479f051cdfd5027e90e819227f780");
    check(Format::Sha256, "285b4cf33c70b9bd84cf6422142ca2d151663d46578b0a23947fdcd092ad858e");
}

#[test]
fn a_tree_holds_modes_links_submodules_and_odd_names() {
    let mut repository = grow(Repository::new(Format::Sha1));
    repository.submodule("sub", "0123456789012345678901234567890123456789").commit(1_600_000_200);
    let tree = repository.git(&["ls-tree", "--format=%(objectmode) %(path)", "main"]);
    assert_eq!(tree, "100644 go.mod\n120000 link\n100644 \"odd \\\"\\377\\n\"\n100755 run.sh\n160000 sub");
}

#[test]
fn a_merge_has_both_parents() {
    let mut repository = grow(Repository::new(Format::Sha1));
    let dev = repository.git(&["rev-parse", "dev"]);
    let (main, merged) = (repository.last().to_owned(), repository.merge(&dev).write("both", "").commit(1_600_000_300));
    assert_eq!(repository.git(&["log", "-1", "--format=%P %ct", &merged]), format!("{main} {dev} 1600000300"));
}

#[tokio::test(flavor = "multi_thread")]
async fn repositories_are_read_over_http_and_https_by_both_names() {
    for https in [false, true] {
        let (server, home) = (GitServer::start(https, None).await, home());
        grow(server.make("team/lib"));
        let ca = home.path().join("ca.pem");
        std::fs::write(&ca, server.ca_pem()).expect("the folder is ours");
        let mut trusting = client(&home);
        trusting.env("GIT_SSL_CAINFO", &ca);
        git::run(trusting.args(["clone", "--quiet", "--depth=1", &format!("{}/team/lib", server.url()), "clone"]), &[]);
        assert!(home.path().join("clone/run.sh").exists());
        let mut trusting = client(&home);
        let refs = trusting.env("GIT_SSL_CAINFO", &ca).args(["ls-remote", &format!("{}/team/lib.git", server.url())]);
        assert_eq!(git::run(refs, &[]).lines().count(), 6);
        assert_eq!(server.connections(), 2);
        let first = &server.requests()[0];
        assert_eq!((first.method.as_str(), first.target.as_str()), ("GET", "/team/lib/info/refs?service=git-upload-pack"));
        assert_eq!(first.header("git-protocol"), Some("version=2"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_guards_repositories() {
    let (server, home) = (GitServer::start(false, Some(("me", "secret"))).await, home());
    grow(server.make("lib"));
    let lets_in = |login: &str| {
        let url = format!("http://{login}{}/lib", server.address());
        client(&home).args(["ls-remote", &url]).output().expect("git is installed").status.success()
    };
    assert!(!lets_in(""));
    assert!(!lets_in("me:wrong@"));
    assert!(lets_in("me:secret@"));
    assert!(server.requests().iter().any(|seen| seen.header("authorization") == Some("Basic bWU6c2VjcmV0")));
}

#[tokio::test]
async fn pages_are_found_by_host_or_by_path_and_redirects_keep_the_rest() {
    async fn check(server: &GitServer, request: &str, expected: &str) {
        let mut stream = TcpStream::connect(server.address()).await.expect("it listens");
        stream.write_all(format!("GET {request}\r\nConnection: close\r\n\r\n").as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("answered");
        assert!(answer.contains(expected), "{request}: {answer}");
    }
    let server = GitServer::start(false, Some(("me", "secret"))).await;
    server.page("example.test/lib", "example.test/lib git https://example.test/lib");
    server.page("/any", "any git https://example.test/any");
    server.answer("/gone", 410, &[], "gone for good");
    server.redirect("/old", "http://example.test/new");
    let tag = "content=\"example.test/lib git https://example.test/lib\"";
    check(&server, "/lib?go-get=1 HTTP/1.1\r\nHost: example.test:8080", tag).await;
    check(&server, "http://example.test/lib?go-get=1 HTTP/1.1\r\nHost: example.test", tag).await;
    check(&server, "/lib?go-get=1 HTTP/1.1\r\nHost: other.test", "404 Not Found").await;
    check(&server, "/any?go-get=1 HTTP/1.1\r\nHost: other.test", "any git").await;
    check(&server, "/gone HTTP/1.1\r\nHost: other.test", "gone for good").await;
    check(&server, "/old/info HTTP/1.1\r\nHost: other.test", "location: http://example.test/new/info").await;
}

fn workshop(tool: Tool) -> Workshop {
    let workshop = Workshop::new(tool);
    workshop.write("go.mod", "module example.test/lib\n").write("sub/a.go", "package sub\n").commit(1_600_000_000);
    workshop.tag("v1.0.0", 1_600_000_100);
    workshop
}

#[test]
fn mercurial_is_served() {
    let (workshop, client) = (workshop(Tool::Hg), Workshop::new(Tool::Hg));
    let server = HgServer::start(&workshop);
    client.run(&["pull", "-q", server.url()]);
    let first = "658a2b2bd25ad00ac79741bf71064fda61b22b85 1600000000 -7200";
    assert_eq!(client.run(&["log", "-r", "v1.0.0", "--template", "{node} {date|hgdate}"]), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn subversion_is_served() {
    let (workshop, client) = (workshop(Tool::Svn), Workshop::new(Tool::Svn));
    let server = InetServer::start(&workshop).await;
    let log = client.run(&["log", "-l1", "--xml", &format!("{}/trunk", server.url())]);
    assert!(log.contains("revision=\"2\"") && log.contains("2020-09-13T12:26:40.250000Z"), "{log}");
    assert_eq!(client.run(&["list", &format!("{}/tags", server.url())]), "v1.0.0/");
}

#[test]
fn subversion_is_served_over_http() {
    let (workshop, client) = (workshop(Tool::Svn), Workshop::new(Tool::Svn));
    let Some(server) = ApacheServer::start(&workshop) else {
        return crate::mount::skipped("subversion_is_served_over_http", "no apache2 with mod_dav_svn");
    };
    assert_eq!(client.run(&["list", &format!("{}/trunk", server.url())]), "go.mod\nsub/");
}

#[tokio::test(flavor = "multi_thread")]
async fn fossil_is_served() {
    let (workshop, client) = (workshop(Tool::Fossil), Workshop::new(Tool::Fossil));
    let server = InetServer::start(&workshop).await;
    client.run(&["clone", "--no-open", &server.url(), "copy.fossil"]);
    let about = client.run(&["info", "-R", "copy.fossil", "trunk"]);
    assert!(about.contains("2020-09-13 12:26:40 UTC") && about.contains("v1.0.0"), "{about}");
}

use plan::Trouble;
use proxy::upstream::{
    direct::repo::{Repo, RepoError},
    svn::Svn,
};
use testkit::repos::{InetServer, Tool, Workshop};

use crate::{MINUTE, folder, listed, remote, text, told};

/// Revision 1 makes trunk, 2 fills it, 3 tags it, 4 changes it.
fn workshop() -> Workshop {
    let workshop = Workshop::new(Tool::Svn);
    workshop.write("go.mod", "module example.test/lib\n").write("sub/a & b.go", "// $Id$\n").write("höhe", "x");
    workshop.commit(1_600_000_000).tag("v1.0.0", 1_600_000_100);
    workshop.write("crlf", "a\nb\n").run(&["add", "-q", "crlf"]);
    workshop.run(&["propset", "-q", "svn:eol-style", "CRLF", "crlf"]);
    workshop.run(&["propset", "-q", "svn:keywords", "Id", "sub/a & b.go"]);
    workshop.commit(1_600_000_300);
    workshop
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_numbers_and_no_tag_is_a_version() {
    let (workshop, rest) = (workshop(), folder());
    let server = InetServer::start(&workshop).await;
    let svn = Svn::new(remote(&format!("{}/trunk", server.url()), rest.path(), MINUTE));
    assert_eq!(told(svn.latest().await), "4 latest 2020-09-13T12:31:40.25Z [] \"latest\"");
    assert_eq!(told(svn.stat("2").await), "2 2 2020-09-13T12:26:40.25Z [] \"2\"");
    // The newest change of trunk at that time.
    assert_eq!(told(svn.stat("000000000003").await), "2 000000000003 2020-09-13T12:26:40.25Z [] \"000000000003\"");
    for rev in ["99", "v1.0.0", "-x", "--config-dir=x", "a\nb"] {
        assert_eq!(told(svn.stat(rev).await), format!("unknown revision {rev}"));
    }
    let tags = svn.tags("").await.expect("tags");
    assert_eq!(tags.list, [("v1.0.0/".to_owned(), String::new())]);
    assert_eq!(svn.recent_tag("4", "", &|_: &str| true).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_without_keywords_and_with_their_line_ends() {
    let (workshop, rest) = (workshop(), folder());
    let server = InetServer::start(&workshop).await;
    let svn = Svn::new(remote(&format!("{}/trunk", server.url()), rest.path(), MINUTE));
    assert_eq!(text(&svn, "4", "go.mod").await.as_deref(), Some("module example.test/lib\n"));
    assert_eq!(text(&svn, "2", "crlf").await, None);
    assert_eq!(text(&svn, "4", "../x").await, None);
    assert_eq!(svn.read_file("4", "go.mod", 5).await, Err(RepoError::Failed(Trouble::TooLarge(5))));
    let mut about = listed(&svn.archive("4", "").await.expect("a tree"));
    about.sort();
    assert_eq!(
        about,
        [
            "crlf Regular \"a\\r\\nb\\r\\n\"",
            "go.mod Regular \"module example.test/lib\\n\"",
            "höhe Regular \"x\"",
            "sub/a & b.go Regular \"// $Id$\\n\"",
        ]
    );
    assert_eq!(listed(&svn.archive("2", "sub").await.expect("a tree")), ["a & b.go Regular \"// $Id$\\n\""]);
    assert!(svn.archive("2", "nosub").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_link_leads_nowhere() {
    let (workshop, rest) = (workshop(), folder());
    let secret = rest.path().join("secret");
    std::fs::write(&secret, "a canary").expect("the folder is ours");
    workshop.link("link", secret.to_str().expect("a plain name")).commit(1_600_000_400);
    let server = InetServer::start(&workshop).await;
    let svn = Svn::new(remote(&format!("{}/trunk", server.url()), rest.path(), MINUTE));
    let refused = "not a regular file as written by 'svn export': link".to_owned();
    assert_eq!(svn.archive("5", "").await.err(), Some(RepoError::Failed(Trouble::Vcs(refused))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_trouble_and_not_an_absence() {
    let rest = folder();
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("svn://{}/lib", listener.local_addr().expect("bound"))
    };
    let svn = Svn::new(remote(&gone, rest.path(), MINUTE));
    assert!(matches!(svn.latest().await, Err(RepoError::Failed(_))));
    assert!(matches!(svn.tags("").await, Err(RepoError::Failed(_))));
    assert!(matches!(svn.read_file("1", "go.mod", 9).await, Err(RepoError::Failed(_))));
}

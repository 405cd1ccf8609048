use std::time::Duration;

use plan::Trouble;
use proxy::upstream::{
    direct::repo::{Repo, RepoError},
    fossil::Fossil,
};
use testkit::repos::{InetServer, Tool, Workshop};

use crate::{MINUTE, folder, listed, remote, text, told};

fn workshop() -> Workshop {
    let workshop = Workshop::new(Tool::Fossil);
    workshop.write("go.mod", "module example.test/lib\n").write("sub/a.go", "package sub\n").write("empty", "");
    workshop.run(&["setting", "allow-symlinks", "1"]);
    workshop.link("link", "go.mod").commit(1_600_000_000).tag("v1.0.0", 0);
    workshop
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_what_go_takes_them_for() {
    let (workshop, rest) = (workshop(), folder());
    let server = InetServer::start(&workshop).await;
    let fossil = Fossil::new(remote(&server.url(), rest.path(), MINUTE));
    let about = workshop.run(&["info", "trunk"]);
    let hash = about.split_whitespace().nth(1).expect("a hash").to_owned();
    assert_eq!(told(fossil.latest().await), format!("{hash} trunk 2020-09-13T12:26:40Z [] \"trunk\""));
    assert_eq!(told(fossil.stat("v1.0.0").await), format!("{hash} v1.0.0 2020-09-13T12:26:40Z [] \"v1.0.0\""));
    assert_eq!(told(fossil.stat(&hash[..12]).await), format!("{hash} {hash} 2020-09-13T12:26:40Z [] \"\""));
    for rev in ["v9", "-v", "--proxy=x", "a\nb"] {
        assert_eq!(told(fossil.stat(rev).await), format!("unknown revision {rev}"));
    }
    assert!(fossil.tags("").await.expect("none").list.is_empty());
    assert_eq!(fossil.recent_tag(&hash, "", &|_: &str| true).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_as_they_were_committed() {
    let (workshop, rest) = (workshop(), folder());
    let server = InetServer::start(&workshop).await;
    let fossil = Fossil::new(remote(&server.url(), rest.path(), MINUTE));
    let at = fossil.latest().await.expect("trunk").name;
    assert_eq!(text(&fossil, &at, "sub/a.go").await.as_deref(), Some("package sub\n"));
    for absent in ["nope", "sub", "../x", "-R", ""] {
        assert_eq!(text(&fossil, &at, absent).await, None, "{absent}");
    }
    assert_eq!(fossil.read_file(&at, "go.mod", 5).await, Err(RepoError::Failed(Trouble::TooLarge(5))));
    let whole = listed(&fossil.archive(&at, "").await.expect("a tree"));
    assert_eq!(
        whole,
        [
            "empty Regular \"\"",
            "go.mod Regular \"module example.test/lib\\n\"",
            "link Symlink \"\"",
            "sub/a.go Regular \"package sub\\n\"",
        ]
    );
    // As Go asks, Fossil finds nothing in a directory.
    assert!(listed(&fossil.archive(&at, "sub").await.expect("a tree")).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_is_asked_again_when_the_window_is_over() {
    let (workshop, rest) = (workshop(), folder());
    let server = InetServer::start(&workshop).await;
    let believed = Fossil::new(remote(&server.url(), &rest.path().join("a"), MINUTE));
    let asked = Fossil::new(remote(&server.url(), &rest.path().join("b"), Duration::ZERO));
    let old = told(believed.latest().await);
    assert_eq!(told(asked.latest().await), old);
    workshop.write("new.go", "package lib\n").commit(1_700_000_000);
    assert_eq!(told(believed.latest().await), old);
    let new = told(asked.latest().await);
    assert!(new.contains("2023-11-14T22:13:20Z"), "{new}");
    drop(server);
    assert_eq!(told(believed.latest().await), old);
    let cut = told(asked.latest().await);
    assert!(cut.starts_with("vcs: fossil pull: "), "{cut}");
}

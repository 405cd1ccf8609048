use std::time::Duration;

use plan::Trouble;
use proxy::upstream::{
    direct::repo::{Repo, RepoError},
    hg::Hg,
};
use testkit::repos::{GitServer, HgServer, Tool, Workshop};

use crate::{MINUTE, folder, listed, remote, text, told};

/// Two tags, a branch with a commit of its own, a symbolic link, a name beyond ASCII.
fn workshop() -> Workshop {
    let workshop = Workshop::new(Tool::Hg);
    workshop.write("go.mod", "module example.test/lib\n").write("sub/a.go", "package sub\n").link("link", "go.mod");
    workshop.write("höhe", "x").commit(1_600_000_000).tag("v1.0.0", 1_600_000_100).tag("sub/v1.1.0-pre", 1_600_000_200);
    workshop.run(&["branch", "-q", "dev"]);
    workshop.write("dev.go", "package lib\n").commit(1_600_000_300);
    workshop
}

#[tokio::test(flavor = "multi_thread")]
async fn revisions_are_what_go_takes_them_for() {
    let (workshop, rest) = (workshop(), folder());
    let server = HgServer::start(&workshop);
    let hg = Hg::new(remote(server.url(), rest.path(), MINUTE));
    let node = |rev: &str| workshop.run(&["log", "-r", rev, "--template", "{node}"]);
    let (v1, dev, old) = (node("v1.0.0"), node("dev"), node("default"));
    assert_eq!(told(hg.latest().await), format!("{dev} {dev} 2020-09-13T12:31:40Z [] \"tip\""));
    assert_eq!(told(hg.stat("dev").await), format!("{dev} {dev} 2020-09-13T12:31:40Z [] \"dev\""));
    assert_eq!(told(hg.stat("default").await), format!("{old} {old} 2020-09-13T12:30:00Z [] \"default\""));
    let tagged = "2020-09-13T12:26:40Z [\"v1.0.0\"]";
    assert_eq!(told(hg.stat("v1.0.0").await), format!("{v1} v1.0.0 {tagged} \"v1.0.0\""));
    assert_eq!(told(hg.stat(&v1[..12]).await), format!("{v1} {v1} {tagged} \"\""));
    assert_eq!(told(hg.stat(&v1).await), format!("{v1} {v1} {tagged} \"\""));
    for rev in ["v9", "-v", "--config=x", "tip^", "all()", "a\nb", "'", "ancestors('tip')", "a' or 'tip"] {
        assert_eq!(told(hg.stat(rev).await), format!("unknown revision {rev}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_listed_and_found_in_history() {
    let (workshop, rest) = (workshop(), folder());
    let server = HgServer::start(&workshop);
    let hg = Hg::new(remote(server.url(), rest.path(), MINUTE));
    let names = |prefix: &'static str| {
        let hg = &hg;
        async move { hg.tags(prefix).await.expect("tags").list.into_iter().map(|(name, _)| name).collect::<Vec<_>>() }
    };
    assert_eq!(names("").await, ["sub/v1.1.0-pre", "v1.0.0"]);
    assert_eq!(names("sub/").await, ["sub/v1.1.0-pre"]);
    let tip = hg.latest().await.expect("a tip").name;
    let first = hg.stat("v1.0.0").await.expect("a tag").name;
    let told = hg.told(None).expect("tags were told");
    assert_eq!((told.tags.len(), told.tags.get("v1.0.0")), (2, Some(&first)));
    assert_eq!(hg.told(Some(told.sum)), None, "nothing changed");
    let recent = |hash: String, prefix: &'static str, allowed: fn(&str) -> bool| {
        let hg = &hg;
        async move { hg.recent_tag(&hash, prefix, &allowed).await.expect("asked") }
    };
    assert_eq!(recent(tip.clone(), "", |_| true).await.as_deref(), Some("v1.0.0"));
    assert_eq!(recent(tip.clone(), "sub/", |_| true).await.as_deref(), Some("sub/v1.1.0-pre"));
    assert_eq!(recent(tip.clone(), "", |tag| tag != "v1.0.0").await, None);
    assert_eq!(recent(first.clone(), "sub/", |_| true).await, None);
    assert_eq!(hg.descends_from(&tip, "v1.0.0").await, Ok(true));
    assert_eq!(hg.descends_from(&first, "sub/v1.1.0-pre").await, Ok(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_come_as_they_were_committed() {
    let (workshop, rest) = (workshop(), folder());
    let server = HgServer::start(&workshop);
    let hg = Hg::new(remote(server.url(), rest.path(), MINUTE));
    let at = hg.stat("v1.0.0").await.expect("a tag").name;
    assert_eq!(text(&hg, &at, "go.mod").await.as_deref(), Some("module example.test/lib\n"));
    assert_eq!(text(&hg, &at, "sub/a.go").await.as_deref(), Some("package sub\n"));
    for absent in ["dev.go", "set:all()", "re:.*", "../x", "/etc/passwd", ""] {
        assert_eq!(text(&hg, &at, absent).await, None, "{absent}");
    }
    assert_eq!(hg.read_file(&at, "go.mod", 5).await, Err(RepoError::Failed(Trouble::TooLarge(5))));
    let tree = hg.archive(&at, "").await.expect("a tree");
    let about = listed(&tree);
    assert!(about[0].starts_with(".hg_archival.txt Regular \"repo: "), "{about:?}");
    assert_eq!(
        about[1..],
        [
            "go.mod Regular \"module example.test/lib\\n\"",
            "höhe Regular \"x\"",
            "link Symlink \"\"",
            "sub/a.go Regular \"package sub\\n\"",
        ]
    );
    assert_eq!(listed(&hg.archive(&at, "sub").await.expect("a tree")), ["a.go Regular \"package sub\\n\""]);
    for no in ["nosub", "set:all()", "include:/etc/passwd", "../x"] {
        assert!(hg.archive(&at, no).await.is_err(), "{no}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_is_asked_again_when_the_window_is_over() {
    let (workshop, rest) = (workshop(), folder());
    let server = HgServer::start(&workshop);
    let believed = Hg::new(remote(server.url(), &rest.path().join("a"), MINUTE));
    let asked = Hg::new(remote(server.url(), &rest.path().join("b"), Duration::ZERO));
    let (old, same) = (told(believed.latest().await), told(asked.latest().await));
    assert_eq!(old, same);
    workshop.write("new.go", "package lib\n").commit(1_700_000_000).tag("v1.2.0", 1_700_000_100);
    assert_eq!(told(believed.latest().await), old);
    assert_eq!(told(believed.stat("v1.2.0").await), "unknown revision v1.2.0");
    assert!(told(asked.stat("v1.2.0").await).contains("v1.2.0 2023-11-14T22:13:20Z"));
    // Gone from the disk, as if a sweep had taken it.
    std::fs::remove_dir_all(rest.path().join("a/repository")).expect("it is there");
    assert!(told(believed.stat("v1.2.0").await).contains("v1.2.0 2023-11-14T22:13:20Z"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_pulled_is_trouble_and_not_an_absence() {
    let rest = folder();
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}/lib", listener.local_addr().expect("bound"))
    };
    let hg = Hg::new(remote(&gone, rest.path(), MINUTE));
    for commit in [hg.latest().await, hg.stat("v1.0.0").await] {
        assert!(matches!(commit, Err(RepoError::Failed(_))), "{commit:?}");
    }
    assert!(matches!(hg.tags("").await, Err(RepoError::Failed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_failed_is_left_alone_for_a_moment() {
    let (server, rest) = (GitServer::start(false, None).await, folder());
    let hg = Hg::new(remote(&format!("{}/none", server.url()), rest.path(), Duration::ZERO));
    let first = hg.latest().await;
    assert!(told(first.clone()).contains("hg pull: exit status 255:\n\tabort: HTTP Error 404"), "{first:?}");
    let asked = server.requests().len();
    let (again, other) = tokio::join!(hg.latest(), hg.stat("v1.0.0"));
    assert_eq!((&again, &other, server.requests().len()), (&first, &first, asked));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_beyond_its_budget_is_not_kept() {
    let (workshop, rest) = (workshop(), folder());
    let server = HgServer::start(&workshop);
    let hg = Hg::new(proxy::upstream::hg::remote::Remote { repository_bytes: 1000, ..remote(server.url(), rest.path(), MINUTE) });
    assert_eq!(hg.latest().await, Err(RepoError::Failed(Trouble::TooLarge(1000))));
}

//! What is told is what happens: the real go command in the same towns, before and after the fixes.

use gomod::client::End;
use modway::why::{fix::Promise, report::Report, verdict::verdict};
use testkit::{faults::Play, go::Go};

use crate::world::{MODULE, Town};

/// What the go command says, and whether it succeeds.
async fn go(town: &Town, changes: &[(String, String)]) -> (bool, String) {
    let folder = tempfile::tempdir_in(town.home.path()).expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module example.test/m\n\ngo 1.27\n").expect("written");
    let mut command = Go::find().command(folder.path());
    let environment = town.environment();
    command.args(["get", &format!("{MODULE}@v1.0.0")]).env_remove("GOPROXY").env_remove("GOSUMDB").env_remove("GOAUTH");
    command.envs(environment.iter()).env("GOFLAGS", "-modcacherw").env("TMPDIR", town.home.path());
    command.envs(changes.iter().map(|(name, value)| (name, value)));
    let said = tokio::task::spawn_blocking(move || command.output().expect("go runs")).await.expect("it ran");
    (said.status.success(), String::from_utf8_lossy(&said.stderr).into_owned())
}

/// The go command ends as was told, with the words that were told, and every fix that promises to work does.
async fn check(town: Town, words: &str) {
    let report = town.report("v1.0.0").await;
    let (good, said) = go(&town, &[]).await;
    assert_eq!(good, is_good(&report), "{said}\n{}", verdict(&report).go_prints);
    assert!(said.contains(words), "{words}: {said}");
    assert!(good || verdict(&report).go_prints.contains(words), "{words}: {}", verdict(&report).go_prints);
    for fix in report.fixes.iter().filter(|fix| !fix.changes.is_empty()) {
        let changes: Vec<(String, String)> =
            fix.changes.iter().map(|change| (change.variable.clone(), change.value.clone())).collect();
        let (good, said) = go(&town, &changes).await;
        match &fix.promise {
            Promise::Works => assert!(good, "{} was to work: {said}", fix.code),
            Promise::BreaksAt(class) => assert!(!good, "{} was to break at {class:?}: {said}", fix.code),
            Promise::Further | Promise::NotTried | Promise::NoSetting => {}
        }
    }
}

fn is_good(report: &Report) -> bool {
    matches!(report.outcome.end, End::Done { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_command_ends_as_was_told_where_the_way_is_wrong() {
    let town = || async { Town::new().await.go_trusts().git_trusts() };
    check(town().await.set("GOPRIVATE", "git.example.test"), "").await;
    let private = town().await;
    let list = private.proxy.url();
    check(private.set("GOPROXY", &list), "404 Not Found").await;
    check(town().await.set("GOPROXY", "off"), "disabled by GOPROXY=off").await;
    check(town().await.set("GOPROXY", "http://127.0.0.1:1,direct"), "connection refused").await;
    check(town().await.set("GOPROXY", "DIRECT"), "invalid proxy URL missing scheme: DIRECT").await;
    check(town().await.set("GOPROXY", "off").set("GOPRIVATE", "a.test, git.example.test"), "disabled by GOPROXY=off").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_command_ends_as_was_told_where_a_server_refuses() {
    let town = Town::new().await.go_trusts().git_trusts();
    for path in [MODULE, "git.example.test/team", "git.example.test"] {
        town.proxy.on(&format!("/{path}/@v/v1.0.0.info"), [Play::status(403, "blocked\n")]);
    }
    check(town, "server response: blocked").await;
    check(Town::new().await.go_trusts().git_trusts(), "lookup/git.example.test/team/lib@v1.0.0: 404").await;
    let town = Town::with_login(Some(("u", "secret"))).await.go_trusts().git_trusts().set("GOPRIVATE", "git.example.test");
    check(town, "could not read Username").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_go_command_ends_as_was_told_where_nobody_believes() {
    let town = || async { Town::new().await.set("GOPRIVATE", "git.example.test") };
    check(town().await, "x509: certificate signed by unknown authority").await;
    check(town().await.git_trusts(), "x509: certificate signed by unknown authority").await;
    check(town().await.go_trusts(), "server certificate verification failed").await;
    check(town().await.set("GOINSECURE", "git.example.test"), "server certificate verification failed").await;
    check(town().await.set("GOINSECURE", "*.example.test").git_trusts(), "").await;
}

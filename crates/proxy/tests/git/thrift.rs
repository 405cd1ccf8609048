//! How rarely a remote is asked, and how few processes are started.

use std::sync::Arc;

use testkit::{
    random::noise,
    repos::{Format, Repository},
};

use crate::world::{World, told};

/// `count` versions, one commit each.
fn versions(count: usize) -> Repository {
    let mut repository = Repository::new(Format::Sha1);
    for number in 0..count {
        repository.write("go.mod", "module example.test/lib\n").write("n.go", format!("package lib\n\nconst N = {number}\n"));
        repository.commit(1_600_000_000 + i64::try_from(number).unwrap());
        repository.tag(&format!("v1.{number}.0"));
    }
    repository
}

#[tokio::test]
async fn a_further_version_of_a_known_repository_asks_nobody() {
    let (world, repository) = (World::new().await, versions(20));
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let fetch = async |number: usize| {
        let commit = repo.stat(&format!("v1.{number}.0")).await.unwrap();
        repo.read_file(&commit.name, "go.mod", 1 << 20).await.unwrap().unwrap();
        repo.archive(&commit.name, "").await.unwrap();
    };
    fetch(0).await;
    fetch(1).await;
    let (asked, started) = (world.asked(), world.repos.children().started());
    // ls-remote and two fetches.
    assert_eq!(asked, 3);
    for number in 2..20 {
        fetch(number).await;
    }
    assert_eq!(world.asked(), asked, "everything came with the second version");
    let more = world.repos.children().started() - started;
    assert!(more <= 18, "{more} children for 18 versions");
}

#[tokio::test]
async fn references_are_asked_for_once_per_window_restart_or_not() {
    let (world, repository) = (World::new().await, versions(3));
    world.server.serve("lib", &repository);
    for _ in 0..10 {
        assert_eq!(world.repo("lib").await.tags("v").await.unwrap().list.len(), 3);
    }
    assert_eq!(world.asked(), 1);
    let world = world.restarted();
    assert_eq!(world.repo("lib").await.tags("v").await.unwrap().list.len(), 3);
    assert_eq!(world.asked(), 1, "the answer was kept on disk");
    world.pass_time(61);
    world.repo("lib").await.tags("v").await.unwrap();
    assert_eq!(world.asked(), 2);
}

#[tokio::test]
async fn ten_thousand_absent_versions_cost_three_questions() {
    let (world, repository) = (World::new().await, versions(3));
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let clients: Vec<_> = (0..50)
        .map(|client| {
            let repo = Arc::clone(&repo);
            tokio::spawn(async move {
                for number in 0..200 {
                    let rev = if number % 2 == 0 {
                        format!("v9.{client}.{number}")
                    } else {
                        format!("{:040x}", client * 1000 + number)
                    };
                    assert!(told(repo.stat(&rev).await).starts_with("not exist: unknown revision"), "{rev}");
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert!(world.asked() <= 3, "{} questions", world.asked());
    assert!(world.server.connections() <= 3, "{} connections", world.server.connections());
    assert!(world.repos.children().started() <= 6, "{} children", world.repos.children().started());
}

#[tokio::test]
async fn a_hundred_at_once_share_one_fetch() {
    let (world, repository) = (World::new().await, versions(5));
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let all: Vec<_> = (0..100)
        .map(|number| {
            let repo = Arc::clone(&repo);
            tokio::spawn(async move { repo.stat(&format!("v1.{}.0", number % 5)).await.unwrap().name })
        })
        .collect();
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(world.asked(), 3, "references, the first version, the rest");
}

#[tokio::test]
async fn a_remote_that_fails_is_left_alone_for_a_while_and_what_is_here_is_answered() {
    let (world, repository) = (World::new().await, versions(3));
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let known = repo.stat("v1.0.0").await.unwrap();
    world.pass_time(61);
    world.server.answer("/lib/info/refs", 500, &[], "broken");
    let asked = world.asked();
    for _ in 0..20 {
        assert!(told(repo.stat("v1.2.0").await).starts_with("failed: "));
    }
    assert_eq!(world.asked(), asked + 1);
    assert_eq!(repo.stat("v1.0.0").await.unwrap(), known);
    assert_eq!(repo.stat(&known.name).await.unwrap().name, known.name);
}

#[tokio::test]
async fn a_tag_that_moves_is_followed_with_the_next_window() {
    let (world, mut repository) = (World::new().await, versions(3));
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let before = repo.stat("v1.0.0").await.unwrap();
    // History is written anew: nothing leads to the old commits any more.
    let moved = repository.orphan("new").write("x.go", "package lib\n").commit(1_600_001_000);
    repository.tag("v1.0.0").tag("v1.1.0").tag("v1.2.0");
    repository.git(&["update-ref", "refs/heads/main", &moved]);
    assert_eq!(repo.stat("v1.0.0").await.unwrap().name, before.name, "within the window");
    // Not here yet, and not what it was when the references were asked for: they are asked for again.
    assert_eq!(repo.stat("v1.1.0").await.unwrap().name, moved);
    world.pass_time(61);
    assert_eq!(repo.stat("v1.0.0").await.unwrap().name, moved);
}

#[tokio::test]
async fn a_large_repository_comes_in_pieces_and_they_are_put_together() {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    repository.write("go.mod", "module example.test/lib\n").write("noise", noise(6 << 20));
    for number in 0..45_i64 {
        repository.write("n.go", format!("package lib // {number}\n")).commit(1_600_000_000 + number);
        repository.tag(&format!("v1.{number}.0"));
    }
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    for number in 0..45 {
        assert_eq!(repo.stat(&format!("v1.{number}.0")).await.unwrap().tags.len(), 1);
    }
    assert_eq!(world.asked(), 46, "one at a time, without their history");
    let packs = packs_below(world.folder.path());
    assert!(packs < 40, "{packs} packs");
    for number in [0, 20, 44] {
        let commit = repo.stat(&format!("v1.{number}.0")).await.unwrap().name;
        let text = repo.read_file(&commit, "n.go", 100).await.unwrap().unwrap();
        assert_eq!(text, format!("package lib // {number}\n"));
    }
    let tip = repo.latest().await.unwrap().name;
    assert_eq!(repo.recent_tag(&tip, "", &|tag| tag == "v1.3.0").await.unwrap().as_deref(), Some("v1.3.0"));
    assert!(repo.descends_from(&tip, "v1.0.0").await.unwrap());
}

fn packs_below(folder: &std::path::Path) -> usize {
    let paths = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    paths
        .map(
            |path| {
                if path.is_dir() { packs_below(&path) } else { usize::from(path.extension().is_some_and(|end| end == "pack")) }
            },
        )
        .sum()
}

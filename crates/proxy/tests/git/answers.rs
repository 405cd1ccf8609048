//! Right answers, for both kinds of hashes.

use testkit::repos::{Format, Repository};

use crate::world::{World, shown, told};

/// Two tags, a branch, a sub-directory.
fn library(format: Format) -> Repository {
    let mut repository = Repository::new(format);
    repository.write("go.mod", "module example.test/lib\n").write("LICENSE", "free\n").commit(1_600_000_000);
    repository.tag("v1.0.0").annotate("v1.0.0-annotated");
    repository.write("sub/go.mod", "module example.test/lib/sub\n").write("sub/a.go", "package sub\n").commit(1_600_000_100);
    repository.tag("v1.1.0").tag("sub/v0.1.0");
    repository.write("b.go", "package lib\n").commit(1_600_000_200);
    repository
}

async fn each_format(check: impl AsyncFn(World, Repository)) {
    for format in [Format::Sha1, Format::Sha256] {
        let (world, repository) = (World::new().await, library(format));
        world.server.serve("lib", &repository);
        check(world, repository).await;
    }
}

#[tokio::test]
async fn tags_branches_and_hashes_lead_to_commits() {
    each_format(async |world, repository| {
        let repo = world.repo("lib").await;
        let tip = repository.last().to_owned();
        let tagged = repo.stat("v1.0.0").await.unwrap();
        assert_eq!((tagged.version.as_str(), tagged.time.to_string().as_str()), ("v1.0.0", "2020-09-13T12:26:40Z"));
        assert_eq!(tagged.tags, ["v1.0.0", "v1.0.0-annotated"]);
        assert_eq!(tagged.origin.reference, "refs/tags/v1.0.0");
        assert_eq!(repo.stat("v1.0.0-annotated").await.unwrap().name, tagged.name);
        let latest = repo.latest().await.unwrap();
        assert_eq!(
            (latest.name.as_str(), latest.version.as_str(), latest.origin.reference.as_str()),
            (tip.as_str(), tip.as_str(), "HEAD")
        );
        assert_eq!(latest.short, tip[..12]);
        for rev in [&tip, &tip[..12], &tip[..7]] {
            assert_eq!(repo.stat(rev).await.unwrap().name, tip, "{rev}");
        }
        // A commit that no reference names: history is fetched for it.
        let middle = repository.git(&["rev-parse", "HEAD~1"]);
        assert_eq!(repo.stat(&middle[..10]).await.unwrap().name, middle);
        assert_eq!(told(repo.stat("v9.9.9").await), "not exist: unknown revision v9.9.9");
        assert_eq!(
            told(repo.stat(&"f".repeat(tip.len())).await),
            format!("not exist: unknown revision {}", "f".repeat(tip.len()))
        );
    })
    .await;
}

#[tokio::test]
async fn files_are_read_raw_and_trees_below_a_directory() {
    each_format(async |world, _| {
        let repo = world.repo("lib").await;
        let commit = repo.stat("v1.1.0").await.unwrap().name;
        let read = async |path: &str| repo.read_file(&commit, path, 100).await.unwrap().map(|bytes| String::from_utf8(bytes.into()).unwrap());
        assert_eq!(read("sub/go.mod").await.as_deref(), Some("module example.test/lib/sub\n"));
        for none in ["nope", "sub", "../x", "/go.mod", "-x", "sub/go.mod/x", "a\nb"] {
            assert_eq!(read(none).await, None, "{none}");
        }
        assert_eq!(told(repo.read_file(&commit, "go.mod", 3).await), "failed: body larger than 3 bytes");
        assert_eq!(read("LICENSE").await.as_deref(), Some("free\n"));
        let whole = shown(&repo.archive(&commit, "").await.unwrap());
        assert_eq!(
            whole,
            "LICENSE Regular \"free\\n\"\ngo.mod Regular \"module example.test/lib\\n\"\nsub/a.go Regular \"package sub\\n\"\nsub/go.mod Regular \"module example.test/lib/sub\\n\""
        );
        let below = shown(&repo.archive(&commit, "sub").await.unwrap());
        assert_eq!(below, "a.go Regular \"package sub\\n\"\ngo.mod Regular \"module example.test/lib/sub\\n\"");
        let none = told(repo.archive(&commit, "nope").await);
        assert!(none.starts_with("not exist: no directory nope"), "{none}");
    })
    .await;
}

#[tokio::test]
async fn history_tells_the_tags_behind_a_commit() {
    each_format(async |world, repository| {
        let repo = world.repo("lib").await;
        let tip = repo.latest().await.unwrap().name;
        let any = |tag: &str| tag.contains('v');
        assert_eq!(repo.recent_tag(&tip, "", &any).await.unwrap().as_deref(), Some("v1.1.0"));
        assert_eq!(repo.recent_tag(&tip, "sub/", &any).await.unwrap().as_deref(), Some("sub/v0.1.0"));
        assert_eq!(repo.recent_tag(&tip, "", &|tag| tag == "v1.0.0").await.unwrap().as_deref(), Some("v1.0.0"));
        assert_eq!(repo.recent_tag(&tip, "none/", &any).await.unwrap(), None);
        let first = repository.git(&["rev-parse", "v1.0.0"]);
        assert!(repo.descends_from(&tip, "v1.1.0").await.unwrap());
        assert!(repo.descends_from(&first, "v1.0.0").await.unwrap());
        assert!(!repo.descends_from(&first, "v1.1.0").await.unwrap());
        assert!(!repo.descends_from(&tip, "v7.0.0").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn lists_have_the_sums_that_go_computes() {
    let world = World::new().await;
    let repository = library(Format::Sha1);
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let tags = repo.tags("sub/").await.unwrap();
    assert_eq!(tags.list.len(), 1);
    assert_eq!(tags.origin.tag_prefix, "sub/");
    assert!(tags.origin.tag_sum.starts_with("t1:"));
    let none = repo.tags("nope/").await.unwrap();
    assert_eq!(none.origin.tag_sum, "t1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
}

#[tokio::test]
async fn an_empty_repository_has_no_commits() {
    let world = World::new().await;
    let _empty = world.server.make("empty");
    let repo = world.repo("empty").await;
    assert_eq!(told(repo.latest().await), "not exist: no commits");
    assert_eq!(told(repo.stat("v1.0.0").await), "not exist: unknown revision v1.0.0");
    assert!(repo.tags("").await.unwrap().list.is_empty());
}

#[tokio::test]
async fn a_repository_that_is_not_there_does_not_exist() {
    let world = World::new().await;
    let url = format!("{}/nowhere", world.server.url());
    let repo = world.repo("nowhere").await;
    let why = format!("place {} has no credential; if it is private, add one", world.server.address());
    assert_eq!(told(repo.stat("v1.0.0").await), format!("not exist: fatal: repository '{url}' not found\n{why}"));
}

#[tokio::test]
async fn a_detached_head_is_fetched_by_its_name() {
    let (world, mut repository) = (World::new().await, library(Format::Sha1));
    let detached = repository.branch("gone").write("c.go", "package lib\n").commit(1_600_000_300);
    repository.git(&["update-ref", "--no-deref", "HEAD", &detached]);
    repository.git(&["update-ref", "-d", "refs/heads/gone"]);
    world.server.serve("lib", &repository);
    assert_eq!(world.repo("lib").await.latest().await.unwrap().name, detached);
}

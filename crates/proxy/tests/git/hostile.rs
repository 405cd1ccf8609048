//! Hostile repositories, damaged folders, a machine full of traps.

use std::{fs, path::Path};

use testkit::{
    random::noise,
    repos::{Format, Repository},
};

use crate::world::{World, shown, told};

/// The only file of every tree here that matters.
const MOD: &str = "module example.test/lib\n";

#[track_caller]
fn path_of(world: &World) -> std::path::PathBuf {
    let folders = fs::read_dir(world.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut repositories = folders.filter(|path| path.file_name().unwrap().len() == 64);
    repositories.next().expect("one repository")
}

#[tokio::test]
async fn a_tree_that_looks_like_a_git_dir_is_a_tree() {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    let canary = world.folder.path().join("canary");
    let config = format!(
        "[core]\n\tbare = true\n\tfsmonitor = touch {0}\n\tsshCommand = touch {0}\n\thooksPath = hooks\n[filter \"evil\"]\n\tsmudge = touch {0}\n",
        canary.display()
    );
    repository
        .write("go.mod", MOD)
        .write("HEAD", "ref: refs/heads/main\n")
        .write("config", &config)
        .write("objects/x", "")
        .write("refs/x", "");
    repository.executable("hooks/post-checkout", format!("#!/bin/sh\ntouch {}\n", canary.display()));
    repository.write(".gitattributes", "* filter=evil\n").commit(1_600_000_000);
    repository.tag("v1.0.0");
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let commit = repo.stat("v1.0.0").await.unwrap().name;
    let tree = repo.archive(&commit, "").await.unwrap();
    assert!(shown(&tree).contains("HEAD Regular \"ref: refs/heads/main\\n\""), "{}", shown(&tree));
    assert!(!canary.exists(), "something of the repository ran");
}

#[tokio::test]
async fn attributes_of_the_tree_count_and_filters_and_exports_never() {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    let attributes = "crlf.txt text eol=crlf\nid.txt ident\nsubst.txt export-subst\ngone.txt export-ignore\nlfs.bin filter=lfs diff=lfs -text\n";
    repository.write(".gitattributes", attributes).write("go.mod", MOD);
    repository.write("crlf.txt", "a\nb\n").write("id.txt", "$Id$\n").write("subst.txt", "$Format:%H$\n");
    repository.write("gone.txt", "here\n").write("lfs.bin", "version https://git-lfs.github.com/spec/v1\n").commit(1_600_000_000);
    repository.tag("v1.0.0");
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let commit = repo.stat("v1.0.0").await.unwrap().name;
    let tree = shown(&repo.archive(&commit, "").await.unwrap());
    for line in [
        "crlf.txt Regular \"a\\r\\nb\\r\\n\"",
        "subst.txt Regular \"$Format:%H$\\n\"",
        "gone.txt Regular \"here\\n\"",
        "lfs.bin Regular \"version https://git-lfs.github.com/spec/v1\\n\"",
        "id.txt Regular \"$Id: 055c8729cdcc372500a08db659c045e16c4409fb $\\n\"",
    ] {
        assert!(tree.lines().any(|there| there == line), "{line} is not in\n{tree}");
    }
}

#[tokio::test]
async fn links_and_submodules_are_named_and_never_followed() {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    let other = format!("{}/other", world.server.url());
    repository.write("go.mod", MOD).link("passwd", "/etc/passwd").link("up", "../../..");
    repository.write(".gitmodules", format!("[submodule \"-u\"]\n\tpath = mods/a\n\turl = {other}\n\tupdate = !touch x\n"));
    repository.submodule("mods/a", &"1".repeat(40)).commit(1_600_000_000);
    repository.tag("v1.0.0");
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let commit = repo.stat("v1.0.0").await.unwrap().name;
    let tree = shown(&repo.archive(&commit, "").await.unwrap());
    assert!(tree.contains("passwd Symlink \"\""), "{tree}");
    assert!(!tree.lines().any(|line| line.starts_with("mods")), "{tree}");
    assert!(world.server.requests().iter().all(|seen| !format!("{seen:?}").contains("/other")), "a submodule was asked for");
}

#[tokio::test]
async fn a_ref_advertisement_cannot_write_a_flag_or_a_terminal() {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    let commit = repository.write("go.mod", MOD).commit(1_600_000_000);
    // Names that git's own tools refuse to make, as a server of another kind might send them.
    let evil = ["refs/tags/--upload-pack=touch x", "refs/tags/\u{1b}[31m", "refs/tags/v1..0", "refs/heads/-x"];
    let packed: String = evil.iter().map(|name| format!("{commit} {name}\n")).collect();
    fs::write(repository.directory().join("packed-refs"), format!("# pack-refs with: peeled fully-peeled sorted\n{packed}"))
        .unwrap();
    repository.tag("v1.0.0");
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    for rev in ["--upload-pack=touch x", "\u{1b}[31m", "v1..0", "-h", "v1.0.0\nv2", "v1.0.0:go.mod", "HEAD~1", "@{-1}", ""] {
        assert!(told(repo.stat(rev).await).starts_with("not exist: unknown revision"), "{rev:?}");
    }
    assert_eq!(repo.stat("v1.0.0").await.unwrap().name, commit);
}

/// What happens to a bare repository.
type Damage = fn(&Path);

#[tokio::test]
async fn a_damaged_folder_is_made_anew() {
    let damages: [(&str, Damage); 6] = [
        ("a lock left by a killed git", |git| fs::write(git.join("shallow.lock"), "").unwrap()),
        ("a broken configuration", |git| fs::write(git.join("config"), "[core\n").unwrap()),
        ("no HEAD", |git| fs::remove_file(git.join("HEAD")).unwrap()),
        ("a cut pack", |git| {
            for entry in fs::read_dir(git.join("objects/pack")).unwrap().map(|entry| entry.unwrap().path()) {
                if entry.extension().is_some_and(|extension| extension == "pack") {
                    fs::remove_file(&entry).unwrap();
                    fs::write(&entry, "PACK").unwrap();
                }
            }
        }),
        ("no packs", |git| fs::remove_dir_all(git.join("objects/pack")).unwrap()),
        ("an empty shallow file and a broken reference", |git| {
            fs::write(git.join("shallow"), "zz\n").unwrap();
            fs::create_dir_all(git.join("refs/tags")).unwrap();
            fs::write(git.join("refs/tags/v1.0.0"), "\0\0\0").unwrap();
        }),
    ];
    for (what, damage) in damages {
        let world = World::new().await;
        let mut repository = Repository::new(Format::Sha1);
        for number in 0..3 {
            repository.write("go.mod", MOD).write("n.go", format!("package lib // {number}\n")).commit(1_600_000_000 + number);
            repository.tag(&format!("v1.{number}.0"));
        }
        world.server.serve("lib", &repository);
        let first = world.repo("lib").await.stat("v1.0.0").await.unwrap();
        damage(&path_of(&world).join("git"));
        let world = world.restarted();
        let repo = world.repo("lib").await;
        let again = repo.stat("v1.0.0").await;
        assert_eq!(again.map(|commit| commit.name), Ok(first.name.clone()), "{what}");
        assert_eq!(shown(&repo.archive(&first.name, "").await.unwrap()).lines().count(), 2, "{what}");
        let later = repo.stat("v1.2.0").await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        assert_eq!(repo.recent_tag(&later.name, "", &|tag| tag != "v1.2.0").await, Ok(Some("v1.1.0".to_owned())), "{what}");
    }
}

#[tokio::test]
async fn a_repository_beyond_its_budget_is_refused_and_leaves_nothing() {
    let world = World::with(|direct| direct.repository_bytes = 200_000).await;
    let mut repository = Repository::new(Format::Sha1);
    repository.write("go.mod", MOD).write("big", noise(400_000)).commit(1_600_000_000);
    repository.tag("v1.0.0");
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    assert_eq!(told(repo.stat("v1.0.0").await), "failed: body larger than 200000 bytes");
    let left: u64 = fs::read_dir(path_of(&world).join("git/objects/pack"))
        .map(|entries| entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum())
        .unwrap_or_default();
    assert!(left < 200_000, "{left} bytes are left");
}

#[tokio::test]
async fn one_folder_serves_one_process() {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    repository.write("go.mod", MOD).commit(1_600_000_000);
    world.server.serve("lib", &repository);
    let _held = world.repo("lib").await;
    let other = crate::world::repos(&world.direct, &world.now);
    let url = format!("{}/lib", world.server.url());
    let refused = other.get(gomod::goimport::Vcs::Git, &url).await.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("is used by another process"), "{refused}");
}

#[tokio::test]
async fn a_branch_that_becomes_a_folder_of_branches_is_followed() {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    repository.write("go.mod", MOD).commit(1_600_000_000);
    let before = repository.branch("a").write("a.go", "package lib\n").commit(1_600_000_001);
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    assert_eq!(repo.stat("a").await.unwrap().name, before);
    let after = repository.write("b.go", "package lib\n").commit(1_600_000_002);
    repository.git(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    repository.git(&["update-ref", "-d", "refs/heads/a"]);
    repository.git(&["update-ref", "refs/heads/a/b", &after]);
    world.pass_time(61);
    assert_eq!(repo.stat("a/b").await.unwrap().name, after);
    assert!(told(repo.stat("a").await).starts_with("not exist: "));
}

#[tokio::test]
async fn a_hundred_thousand_tags_are_listed_in_a_moment() {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    let commit = repository.write("go.mod", MOD).commit(1_600_000_000);
    let mut names: Vec<String> = (0..100_000).map(|number| format!("refs/tags/v1.{number}.0")).collect();
    names.sort();
    let packed: String = names.iter().map(|name| format!("{commit} {name}\n")).collect();
    fs::write(repository.directory().join("packed-refs"), format!("# pack-refs with: peeled fully-peeled sorted\n{packed}"))
        .unwrap();
    world.server.serve("lib", &repository);
    let repo = world.repo("lib").await;
    let started = std::time::Instant::now();
    assert_eq!(repo.tags("v").await.unwrap().list.len(), 100_000);
    assert_eq!(repo.stat("v1.99999.0").await.unwrap().tags.len(), 100_000);
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
}

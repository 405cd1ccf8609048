//! Ways to a remote that has its conditions: a certificate of its own, a login, a redirect.

use std::fs;

use gomod::goimport::Vcs;
use proxy::settings::{Access, Credential, Secret};
use tempfile::TempDir;
use testkit::repos::{Format, GitServer, Repository};

use crate::world::{World, told};

/// What a version of a repository behind https and a login comes to, with `change` made to how we reach it.
async fn asked(change: impl FnOnce(&mut Access)) -> String {
    let server = GitServer::start(true, Some(("u", "canary-secret"))).await;
    let mut repository = Repository::new(Format::Sha1);
    repository.write("go.mod", "module example.test/lib\n").commit(1_600_000_000);
    repository.tag("v1.0.0");
    server.serve("lib", &repository);
    let files = TempDir::new().unwrap();
    fs::write(files.path().join("ca.pem"), server.ca_pem()).unwrap();
    let mut access = Access {
        place: server.address().to_string(),
        credential: Credential::Fixed("u".into(), Secret::new("canary-secret".into())),
        ca_files: vec![files.path().join("ca.pem")],
        server_name: None,
        client_certificate: None,
        private_addresses: true,
        schemes: Vec::new(),
        forge: None,
    };
    change(&mut access);
    let world = World::with(|direct| direct.access.push(access)).await;
    let url = format!("{}/lib", server.url());
    let repo = world.repos.get(Vcs::Git, &url).await.unwrap();
    let told = match repo.stat("v1.0.0").await {
        Ok(commit) => format!("{} of {}", commit.version, commit.origin.url),
        error => told(error),
    };
    for entry in walk(world.folder.path()) {
        let kept = fs::read(&entry).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&kept).contains("canary"), "{} has the login", entry.display());
    }
    told.replace(&server.url(), "https://host").replace(&server.address().to_string(), "host")
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let paths = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_private_certificate_and_a_login_are_ours_to_know_and_not_gits() {
    assert_eq!(asked(|_| ()).await, "v1.0.0 of https://host/lib");
}

#[tokio::test]
async fn a_missing_login_is_told_in_gos_words() {
    let told = asked(|access| access.credential = Credential::None).await;
    assert!(told.starts_with("failed: fatal: could not read Username for 'https://host': terminal prompts disabled\n"), "{told}");
    assert!(told.contains("If this is a private repository, see https://go.dev/doc/faq#git_https"), "{told}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_told_as_such() {
    let told = asked(|access| access.ca_files = Vec::new()).await;
    assert!(told.starts_with("failed: tls: "), "{told}");
}

#[tokio::test]
async fn an_address_that_must_not_be_is_not_connected_to() {
    let told = asked(|access| access.private_addresses = false).await;
    assert!(told.starts_with("failed: ") && told.contains("private_addresses"), "{told}");
}

#[tokio::test]
async fn a_redirect_to_elsewhere_is_not_followed() {
    let world = World::new().await;
    let other = GitServer::start(false, None).await;
    let _there = other.make("lib");
    world.server.redirect("/lib", &format!("{}/lib", other.url()));
    let told = told(world.repo("lib").await.stat("v1.0.0").await);
    assert!(told.starts_with("failed: "), "{told}");
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn ssh_is_told_where_to_go_and_reads_nothing_of_the_machine() {
    use std::os::unix::fs::PermissionsExt as _;
    let (tools, keys) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for name in ["key", "known_hosts"] {
        fs::write(keys.path().join(name), name).unwrap();
    }
    // In place of ssh: says how it was called and what its settings and key are, from within its cage.
    let text = "#!/bin/sh\n{ echo \"$@\"; cat \"$2\"; sed -n 's/^ *IdentityFile \"\\(.*\\)\"$/\\1/p' \"$2\" | xargs cat; } > \"$PWD/seen\"\nexit 255\n";
    fs::write(tools.path().join("ssh"), text).unwrap();
    fs::set_permissions(tools.path().join("ssh"), fs::Permissions::from_mode(0o755)).unwrap();
    let folder = tools.path().to_str().unwrap().to_owned();
    let world = World::with(|direct| {
        direct.path = format!("{folder}:/usr/bin:/bin");
        let mut access = direct.access[0].clone();
        access.place = "127.0.0.1:2222".into();
        access.schemes = vec!["ssh".into()];
        access.credential = Credential::Ssh(keys.path().join("key"), keys.path().join("known_hosts"));
        direct.access.push(access);
    })
    .await;
    let repo = world.repos.get(Vcs::Git, "ssh://git@127.0.0.1:2222/team/lib").await.unwrap();
    let told = told(repo.stat("main").await);
    assert!(told.starts_with("failed: "), "{told}");
    let seen = walk(world.folder.path()).into_iter().find(|path| path.ends_with("seen")).expect("ssh was called");
    let seen = fs::read_to_string(seen).unwrap();
    let called = seen.lines().next().unwrap();
    assert!(called.starts_with("-F /") && called.ends_with("git-upload-pack '/team/lib'"), "{called}");
    for line in ["  BatchMode yes", "  HostName 127.0.0.1", "  Port 2222", "  StrictHostKeyChecking yes"] {
        assert!(seen.lines().any(|there| there == line), "{line} is not in\n{seen}");
    }
    assert!(seen.ends_with("key"), "its key cannot be read:\n{seen}");
}

//! Packs that no git would send, and extras of the protocol that nobody asked for.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use flate2::{Compression, write::ZlibEncoder};
use testkit::repos::{Format, GitServer, Repository};

use crate::world::{World, shown, told};

const MOD: &str = "module example.test/lib\n";

/// A repository, and a server that answers its fetches with a pack of our making.
async fn fetched(change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> String {
    let world = World::new().await;
    let mut repository = Repository::new(Format::Sha1);
    let commit = repository.write("go.mod", MOD).commit(1_600_000_000);
    let pack = change(pack_of(&repository, &commit));
    let advert = [
        line("# service=git-upload-pack\n"),
        "0000".into(),
        line(&format!("{commit} HEAD\0no-progress ofs-delta agent=git/2.39.5\n")),
        line(&format!("{commit} refs/heads/main\n")),
        line(&format!("{commit} refs/tags/v1.0.0\n")),
        "0000".into(),
    ];
    let media = |what: &'static str| [("content-type", what)];
    world.server.answer("/lib/info/refs", 200, &media("application/x-git-upload-pack-advertisement"), advert.concat());
    let body = [line("NAK\n").as_bytes(), &pack].concat();
    world.server.answer("/lib/git-upload-pack", 200, &media("application/x-git-upload-pack-result"), body);
    let repo = world.repo("lib").await;
    match repo.stat("v1.0.0").await {
        Ok(found) if found.name == commit => match repo.archive(&commit, "").await {
            Ok(tree) => shown(&tree),
            Err(error) => told::<()>(Err(error)),
        },
        end => told(end),
    }
}

fn line(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

fn pack_of(repository: &Repository, commit: &str) -> Vec<u8> {
    let mut git = Command::new("git");
    git.args(["pack-objects", "--stdout", "--revs", "--quiet"]).env("GIT_DIR", repository.directory());
    output(&mut git, format!("{commit}\n").as_bytes())
}

fn output(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// A pack with other objects behind its own, another count, and a sum that is right.
fn with(pack: &[u8], count: u32, objects: &[Vec<u8>]) -> Vec<u8> {
    let (head, rest) = pack[..pack.len() - 20].split_at(8);
    let body = [head, &count.to_be_bytes(), &rest[4..], &objects.concat()].concat();
    let sum = String::from_utf8(output(&mut Command::new("sha1sum"), &body)).unwrap();
    let digits = &sum.as_bytes()[..40];
    let sum = digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
    body.iter().copied().chain(sum).collect()
}

/// A delta against the object of this name.
fn delta(base: &str, delta: &[u8]) -> Vec<u8> {
    let name = (0..40).step_by(2).map(|at| u8::from_str_radix(&base[at..at + 2], 16).unwrap());
    let mut object = vec![0x80 | (7 << 4) | (delta.len() & 15) as u8, (delta.len() >> 4) as u8];
    object.extend(name);
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(delta).unwrap();
    object.extend(deflated.finish().unwrap());
    object
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 127 {
        bytes.push(0x80 | (number & 127) as u8);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The blob of go.mod.
fn blob() -> String {
    let mut git = Command::new("git");
    String::from_utf8(output(git.args(["hash-object", "--stdin"]), MOD.as_bytes())).unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_pack_that_no_git_would_send_is_refused_in_bounded_memory() {
    assert_eq!(fetched(|pack| with(&pack, 3, &[])).await, format!("go.mod Regular {MOD:?}"), "the script itself is sound");
    let sound = delta(&blob(), &[varint(MOD.len() as u64), varint(1), vec![1, b'x']].concat());
    assert_eq!(fetched(|pack| with(&pack, 4, &[sound])).await, format!("go.mod Regular {MOD:?}"), "and so are its deltas");

    let refused = |end: String| assert!(end.starts_with("failed: "), "{end}");
    refused(fetched(|pack| with(&pack, 1 << 31, &[])).await);
    let nowhere = delta(&"ab".repeat(20), &[varint(24), varint(1), vec![1, b'x']].concat());
    refused(fetched(|pack| with(&pack, 4, &[nowhere])).await);
    let vast = delta(&blob(), &[varint(MOD.len() as u64), varint(4 << 30), vec![1, b'x']].concat());
    refused(fetched(|pack| with(&pack, 4, &[vast])).await);
    let short = delta(&blob(), &[varint(MOD.len() as u64), varint(100), vec![1, b'x']].concat());
    refused(fetched(|pack| with(&pack, 4, &[short])).await);
    refused(fetched(|pack| [&pack[..pack.len() - 1], &[!pack[pack.len() - 1]]].concat()).await);
    refused(fetched(|pack| pack[..pack.len() / 2].to_vec()).await);
}

/// Source: CVE-2025-48385; git 2.40 and later fetch what is offered, where `transfer.bundleURI` says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_a_server_offers_is_not_fetched() {
    let (world, elsewhere) = (World::new().await, GitServer::start(false, None).await);
    let mut repository = Repository::new(Format::Sha1);
    let commit = repository.write("go.mod", MOD).commit(1_600_000_000);
    repository.tag("v1.0.0");
    for (key, value) in [
        ("uploadpack.advertiseBundleURIs", "true"),
        ("bundle.version", "1"),
        ("bundle.mode", "all"),
        ("bundle.a.uri", &format!("{}/a.bundle", elsewhere.url())),
    ] {
        repository.git(&["config", key, value]);
    }
    world.server.serve("lib", &repository);
    let willing = world.folder.path().join("willing");
    let mut git = Command::new("git");
    git.args(["-c", "transfer.bundleURI=true", "clone", "--quiet", "--bare", &format!("{}/lib", world.server.url())]);
    git.arg(&willing).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    output(&mut git, b"");
    if elsewhere.connections() == 0 {
        return testkit::mount::skipped("bundles", "this git does not offer them, or does not take them");
    }
    let before = elsewhere.connections();
    let repo = world.repo("lib").await;
    assert_eq!(repo.stat("v1.0.0").await.unwrap().name, commit);
    assert!(repo.archive(&commit, "").await.is_ok());
    assert_eq!(elsewhere.connections(), before);
}

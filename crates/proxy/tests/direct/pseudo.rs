use crate::{
    fake::{Fake, module, shown},
    list::runtime,
};

const GO_MOD: (&str, &str) = ("go.mod", "module example.com/m\n");

#[track_caller]
fn check(repo: Fake, path: &str, version: &str, want: &str) {
    let end = shown(runtime().block_on(module(repo, path).stat(version)));
    let want = if want.is_empty() { version } else { want };
    let end =
        end.strip_prefix(&format!("invalid: {path}@{version}: invalid pseudo-version: ")).map_or(end.clone(), str::to_owned);
    assert_eq!(end.split(" at ").next(), Some(want));
}

fn two(first: &str, second: &str) -> Fake {
    Fake::default().commit(first, &[GO_MOD]).commit(second, &[GO_MOD])
}

#[test]
fn an_honest_pseudo_version_is_served_as_it_was_asked_for() {
    check(two("", ""), "example.com/m", "v0.0.0-20200101000001-000000000002", "");
    check(two("v1.0.0", ""), "example.com/m", "v1.0.1-0.20200101000001-000000000002", "");
    check(two("v1.0.0-pre", ""), "example.com/m", "v1.0.0-pre.0.20200101000001-000000000002", "");
    check(two("v1.0.0+meta", ""), "example.com/m", "v1.0.1-0.20200101000001-000000000002", "");
    check(two("v1.0.0 v1.1.0", ""), "example.com/m", "v1.0.1-0.20200101000001-000000000002", "");
    check(two("", "v1.0.0+meta"), "example.com/m", "v1.0.1-0.20200101000001-000000000002", "");
    // Without a base it is accepted even where a tag exists.
    check(two("v1.0.0", "v1.1.0"), "example.com/m", "v0.0.0-20200101000001-000000000002", "");
    check(
        two("", ""),
        "gopkg.in/m.v1",
        "v0.0.0-20200101000001-000000000002",
        "not there: gopkg.in/m.v1@v0.0.0-20200101000001-000000000002: invalid version: go.mod has non-....v1 module path \"example.com/m\"",
    );
    check(Fake::default().commit("", &[]), "gopkg.in/m.v1", "v0.0.0-20200101000000-000000000001", "");
    check(Fake::default().commit("", &[]), "gopkg.in/m.v2-unstable", "v2.0.0-20200101000000-000000000001", "");
}

#[test]
fn the_revision_must_be_the_canonical_short_name() {
    let repo = || two("", "");
    check(
        repo(),
        "example.com/m",
        "v0.0.0-20200101000001-0000000000020",
        "revision is longer than canonical (expected 000000000002)",
    );
    check(
        repo(),
        "example.com/m",
        "v0.0.0-20200101000001-00000000000200000",
        "revision is longer than canonical (expected 000000000002)",
    );
    let short = Fake::default().commit("", &[GO_MOD]).branch("0000000", 1);
    check(short, "example.com/m", "v0.0.0-20200101000000-0000000", "revision is shorter than canonical (expected 000000000001)");
    let branch = Fake::default().commit("", &[GO_MOD]).branch("main", 1);
    check(branch, "example.com/m", "v0.0.0-20200101000000-main", "does not match short name of revision (expected 000000000001)");
}

#[test]
fn the_time_must_be_the_commits() {
    let want = "does not match version-control timestamp (expected 20200101000001)";
    check(two("", ""), "example.com/m", "v0.0.0-20200101000000-000000000002", want);
    check(two("", ""), "example.com/m", "v0.0.0-20201301000000-000000000002", "malformed time \"20201301000000\"");
}

#[test]
fn the_base_must_be_a_tag_before_the_commit() {
    let canonical = "tag (v1.0.0) found on revision 000000000002 is already canonical, so should not be replaced with a pseudo-version derived from that tag";
    check(two("", "v1.0.0"), "example.com/m", "v1.0.1-0.20200101000001-000000000002", canonical);
    check(two("v1.0.0", ""), "example.com/m", "v1.1.1-0.20200101000001-000000000002", "preceding tag (v1.1.0) not found");
    let after = "revision 000000000001 is not a descendent of preceding tag (v1.0.0)";
    check(two("", "v1.0.0"), "example.com/m", "v1.0.1-0.20200101000000-000000000001", after);
    check(
        two("", ""),
        "example.com/m",
        "v1.0.0-20200101000001-000000000002",
        "major version without preceding tag must be v0, not v1",
    );
    check(
        two("", ""),
        "example.com/m",
        "v0.0.0-0.20200101000001-000000000002",
        "version before v0.0.0 would have negative patch number",
    );
}

#[test]
fn the_base_of_a_module_below_the_root_is_a_tag_with_its_directory() {
    let files = [("sub/go.mod", "module example.com/m/sub\n")];
    let repo = || Fake::default().commit("v1.0.0 sub/v1.1.0", &files).commit("", &files);
    check(repo(), "example.com/m/sub", "v1.1.1-0.20200101000001-000000000002", "");
    check(repo(), "example.com/m/sub", "v1.0.1-0.20200101000001-000000000002", "preceding tag (v1.0.0) not found");
}

#[test]
fn a_higher_major_version_is_incompatible_or_refused() {
    let bare = || Fake::default().commit("v2.0.0", &[]).commit("", &[]);
    check(bare(), "example.com/m", "v2.0.1-0.20200101000001-000000000002+incompatible", "");
    check(bare(), "example.com/m", "v2.0.1-0.20200101000001-000000000002", "v2.0.1-0.20200101000001-000000000002+incompatible");
    let want = "invalid: example.com/m@v2.0.1-0.20200101000001-000000000002: invalid version: module contains a go.mod file, so module path must match major version (\"example.com/m/v2\")";
    check(two("v2.0.0", ""), "example.com/m", "v2.0.1-0.20200101000001-000000000002", want);
    let want = "invalid: example.com/m@v1.0.1-0.20200101000001-000000000002+incompatible: invalid version: +incompatible suffix not allowed: major version v1 is compatible";
    check(two("v1.0.0", ""), "example.com/m", "v1.0.1-0.20200101000001-000000000002+incompatible", want);
}

#[test]
fn what_is_known_of_a_commit_is_asked_for_once() {
    let repo = two("v1.0.0", "");
    let (looks, version) = (std::sync::Arc::clone(&repo.looks), "v1.0.1-0.20200101000001-000000000002");
    let module = module(repo, "example.com/m");
    for _ in 0..3 {
        assert_eq!(shown(runtime().block_on(module.stat(version))), format!("{version} at 2"));
    }
    assert_eq!(looks.load(std::sync::atomic::Ordering::Relaxed), 2, "the go.mod, and whether v1.0.0 comes before");
}

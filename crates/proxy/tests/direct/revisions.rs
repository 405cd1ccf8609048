use gomod::module::Rev;

use crate::{
    fake::{Fake, module, shown},
    list::runtime,
};

const GO_MOD: (&str, &str) = ("go.mod", "module example.com/m\n");

#[track_caller]
fn check(repo: Fake, path: &str, rev: &str, want: &str) {
    let (module, rev) = (module(repo, path), Rev::parse(rev).expect("a revision"));
    assert_eq!(shown(runtime().block_on(module.resolve(&rev))), want);
}

#[test]
fn a_version_is_the_commit_of_its_tag() {
    let repo = || {
        Fake::default()
            .commit("v1.0.0 sub/v1.1.0", &[GO_MOD, ("sub/go.mod", "module example.com/m/sub\n")])
            .commit("v1.2.0", &[GO_MOD])
    };
    check(repo(), "example.com/m", "v1.0.0", "v1.0.0 at 1");
    check(repo(), "example.com/m", "v1.2.0", "v1.2.0 at 2");
    check(repo(), "example.com/m/sub", "v1.1.0", "v1.1.0 at 1");
    check(repo(), "example.com/m", "v1.1.0", "not there: example.com/m@v1.1.0: invalid version: unknown revision v1.1.0");
    check(
        repo(),
        "example.com/m/sub",
        "v1.0.0",
        "not there: example.com/m/sub@v1.0.0: invalid version: unknown revision sub/v1.0.0",
    );
    check(repo(), "example.com/m", "-x", "invalid: invalid module version \"-x\"");
}

#[test]
fn a_commit_is_called_by_its_highest_canonical_tag() {
    let repo = || Fake::default().commit("v1.0.0 v1.10.0 v1.9.0 v2.0.0 v1.11.0+meta odd", &[GO_MOD]).branch("main", 1);
    for rev in ["main", "00000000000", "000000000001", "odd", "latest"] {
        check(repo(), "example.com/m", rev, "v1.10.0 at 1");
    }
    check(Fake::default().commit("v1.0.0", &[GO_MOD]).branch("main", 1), "example.com/m", "main", "v1.0.0 at 1");
}

#[test]
fn a_commit_without_tag_is_called_after_the_tag_before_it() {
    let repo = |tags| Fake::default().commit(tags, &[GO_MOD]).commit("", &[GO_MOD]).branch("main", 2);
    check(repo(""), "example.com/m", "main", "v0.0.0-20200101000001-000000000002 at 2");
    check(repo("v1.0.0"), "example.com/m", "main", "v1.0.1-0.20200101000001-000000000002 at 2");
    check(repo("v1.0.0 v1.2.0-rc.1"), "example.com/m", "main", "v1.2.0-rc.1.0.20200101000001-000000000002 at 2");
    check(repo("v1.0.0+meta"), "example.com/m", "main", "v1.0.1-0.20200101000001-000000000002 at 2");
    check(repo("v1.0.99"), "example.com/m", "main", "v1.0.100-0.20200101000001-000000000002 at 2");
    check(repo("v2.0.0 sub/v1.0.0 v1 1.0.0"), "example.com/m", "main", "v0.0.0-20200101000001-000000000002 at 2");
    check(repo("v0.0.0-20200101000000-000000000001"), "example.com/m", "main", "v0.0.0-20200101000001-000000000002 at 2");
}

#[test]
fn a_tag_with_build_metadata_is_a_base_only() {
    let repo = || Fake::default().commit("v1.0.0+a", &[GO_MOD]);
    check(repo(), "example.com/m", "v1.0.0+a", "v1.0.1-0.20200101000000-000000000001 at 1");
    check(repo(), "example.com/m", "v1.0.0", "not there: example.com/m@v1.0.0: invalid version: unknown revision v1.0.0");
    // What was asked for with metadata is as good without.
    check(Fake::default().commit("v1.0.0", &[GO_MOD]), "example.com/m", "v1.0.0+b", "v1.0.0 at 1");
}

#[test]
fn a_branch_is_no_version_even_if_it_is_called_one() {
    let repo = || Fake::default().commit("v0.1.0", &[GO_MOD]).branch("v1.0.0", 1).branch("v2.0.0", 1);
    check(
        repo(),
        "example.com/m",
        "v1.0.0",
        "invalid: example.com/m@v1.0.0: invalid version: resolves to version v0.1.0 (v1.0.0 is not a tag)",
    );
    check(
        repo(),
        "example.com/m",
        "v2.0.0",
        "invalid: example.com/m@v2.0.0: invalid version: resolves to version v0.1.0 (v2.0.0 is not a tag)",
    );
    let version = gomod::module::Version::parse("v1.0.0").expect("a version");
    let end = runtime().block_on(module(repo(), "example.com/m").version(&version));
    assert_eq!(shown(end), "invalid: example.com/m@v1.0.0: invalid version: resolves to version v0.1.0 (v1.0.0 is not a tag)");
}

#[test]
fn a_higher_major_version_is_incompatible_where_there_is_no_go_mod() {
    let bare = || Fake::default().commit("v2.0.0", &[]).commit("", &[]).branch("main", 2);
    check(bare(), "example.com/m", "v2.0.0", "v2.0.0+incompatible at 1");
    check(bare(), "example.com/m", "v2.0.0+incompatible", "v2.0.0+incompatible at 1");
    check(bare(), "example.com/m", "main", "v2.0.1-0.20200101000001-000000000002+incompatible at 2");
    let own = || Fake::default().commit("v2.0.0", &[("v2/go.mod", "module example.com/m/v2\n")]);
    check(
        own(),
        "example.com/m",
        "v2.0.0",
        "invalid: example.com/m@v2.0.0: invalid version: module contains a go.mod file, so module path must match major version (\"example.com/m/v2\")",
    );
    check(own(), "example.com/m", "v2.0.0+incompatible", "v2.0.0+incompatible at 1");
    let here = || Fake::default().commit("v1.0.0 v2.0.0", &[GO_MOD]);
    check(
        here(),
        "example.com/m",
        "v2.0.0+incompatible",
        "invalid: example.com/m@v2.0.0+incompatible: invalid version: module contains a go.mod file, so module path must match major version (\"example.com/m/v2\")",
    );
    check(
        here(),
        "example.com/m",
        "v1.0.0+incompatible",
        "invalid: example.com/m@v1.0.0+incompatible: invalid version: +incompatible suffix not allowed: major version v1 is compatible",
    );
    let other = Fake::default().commit("v1.0.0", &[("go.mod", "module example.com/m/v2\n")]);
    check(
        other,
        "example.com/m/v2",
        "v1.0.0",
        "invalid: example.com/m/v2@v1.0.0: invalid version: module path includes a major version suffix, so major version must match",
    );
}

/// The go.mod of a module that retracts.
fn retracting(what: &str) -> String {
    format!("module example.com/m\nretract {what}\n")
}

#[test]
fn retracted_tags_name_no_commit_and_are_no_base() {
    let text = retracting("v1.1.0");
    let files = [("go.mod", text.as_str())];
    let repo = || {
        Fake::default()
            .commit("v1.0.0", &files)
            .commit("v1.1.0", &files)
            .commit("", &files)
            .commit("v1.2.0", &files)
            .branch("old", 2)
            .branch("next", 3)
    };
    check(repo(), "example.com/m", "old", "v1.0.1-0.20200101000001-000000000002 at 2");
    check(repo(), "example.com/m", "next", "v1.0.1-0.20200101000002-000000000003 at 3");
    check(repo(), "example.com/m", "v1.1.0", "v1.1.0 at 2");
}

#[test]
fn latest_is_the_highest_release_then_the_highest_prerelease_then_the_tip() {
    let repo = |tags| Fake::default().commit(tags, &[GO_MOD]).commit("", &[GO_MOD]);
    check(repo("v1.0.0 v1.1.0-pre"), "example.com/m", "latest", "v1.0.0 at 1");
    check(repo("v1.0.0-a v1.0.0-b"), "example.com/m", "latest", "v1.0.0-b at 1");
    check(repo("odd"), "example.com/m", "latest", "v0.0.0-20200101000001-000000000002 at 2");
    check(Fake::default(), "example.com/m", "latest", "not there: no commits");
    check(
        repo("v1.0.0"),
        "example.com/m/v2",
        "latest",
        "not there: example.com/m/v2@v2.0.0-20200101000001-000000000002: invalid version: go.mod has non-.../v2 module path \"example.com/m\" (and .../v2/go.mod does not exist) at revision 000000000002",
    );
}

#[test]
fn latest_passes_over_what_is_retracted() {
    let repo = |what: &str| {
        let text = retracting(what);
        Fake::default()
            .commit("v1.0.0 v1.1.0-pre", &[GO_MOD])
            .commit("v1.1.0", &[("go.mod", &text)])
            .commit("", &[("go.mod", &text)])
    };
    check(repo("v1.1.0"), "example.com/m", "latest", "v1.0.0 at 1");
    check(repo("[v1.0.0, v1.0.99]"), "example.com/m", "latest", "v1.1.0 at 2");
    check(repo("[v1.1.0-pre, v1.1.0]\nretract v1.0.0"), "example.com/m", "latest", "v0.0.0-20200101000002-000000000003 at 3");
}

#[test]
fn latest_prefers_a_compatible_version_with_go_mod_to_incompatible_ones() {
    let repo = Fake::default().commit("v1.0.0 v2.0.0", &[]);
    check(repo, "example.com/m", "latest", "v2.0.0+incompatible at 1");
    let repo = Fake::default().commit("v2.0.0", &[]).commit("v1.0.0", &[GO_MOD]);
    check(repo, "example.com/m", "latest", "v1.0.0 at 2");
}

#[test]
fn the_beginning_of_a_version_is_the_highest_that_begins_so() {
    let repo = || Fake::default().commit("v1.0.0 v1.2.0-pre v1.1.9 v1.10.0", &[GO_MOD]).branch("v1.1", 1).branch("v3", 1);
    check(repo(), "example.com/m", "v1", "v1.10.0 at 1");
    check(repo(), "example.com/m", "v1.1", "v1.1.9 at 1");
    check(repo(), "example.com/m", "v1.2", "invalid: module example.com/m: no matching versions for query \"v1.2\"");
    check(repo(), "example.com/m", "v3", "invalid: module example.com/m: no matching versions for query \"v3\"");
}

#[test]
fn the_origin_is_that_of_gos_cache() {
    let repo = || Fake::default().commit("v1.0.0", &[GO_MOD]).commit("", &[GO_MOD]).branch("tagged", 1).branch("main", 2);
    let check = |rev: &str, hash: &str, reference: &str| {
        let found = runtime().block_on(module(repo(), "example.com/m").stat(rev)).expect("a version");
        assert_eq!((found.origin.hash.trim_end_matches('0'), found.origin.reference.as_str()), (hash, reference), "{rev}");
        assert_eq!(
            (found.origin.vcs.as_str(), found.origin.url.as_str(), found.origin.tag_sum.as_str()),
            ("git", "https://git.example.com/m", "")
        );
    };
    check("v1.0.0", "000000000001", "refs/tags/v1.0.0");
    check("tagged", "000000000001", "refs/heads/tagged");
    check("main", "000000000002", "");
    check("latest", "000000000002", "");
}

use crate::fake::{Fake, module, refusal};

const GO_MOD: (&str, &str) = ("go.mod", "module example.com/m\n");

#[track_caller]
fn check(repo: Fake, path: &str, want: &str) {
    let list = runtime().block_on(module(repo, path).versions(""));
    assert_eq!(list.map_or_else(|why| refusal(&why), |list| list.join(" ")), want);
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn the_list_has_the_canonical_tags_in_order() {
    let tags = "v1.10.0 v1.9.0 v1.0.0-rc.1 v1.0.0 v1 v1.2 v01.2.3 v1.2.3+meta 1.2.3 release-1 v0.1.0 vv1.0.0 v1.0.0.0";
    check(Fake::default().commit(tags, &[GO_MOD]), "example.com/m", "v0.1.0 v1.0.0-rc.1 v1.0.0 v1.9.0 v1.10.0");
    check(Fake::default().commit("", &[]), "example.com/m", "");
    check(Fake::default(), "example.com/m", "");
}

#[test]
fn tags_that_look_like_pseudo_versions_are_none() {
    check(Fake::default().commit("v0.0.0-20200101000000-000000000001 v1.0.0", &[GO_MOD]), "example.com/m", "v1.0.0");
}

#[test]
fn a_module_below_the_root_has_the_tags_with_its_directory() {
    let repo = || Fake::default().commit("v1.0.0 sub/v1.1.0 sub/v2.0.0 sub/deep/v1.2.0 subs/v1.3.0", &[GO_MOD]);
    check(repo(), "example.com/m/sub", "v1.1.0");
    check(repo(), "example.com/m/sub/v2", "v2.0.0");
    check(repo(), "example.com/m/sub/deep", "v1.2.0");
    check(repo(), "example.com/m/other", "");
}

#[test]
fn each_major_version_has_its_own_tags() {
    let repo = || Fake::default().commit("v0.1.0 v1.0.0 v2.0.0 v2.1.0-pre v3.0.0 v10.0.0", &[GO_MOD]);
    check(repo(), "example.com/m", "v0.1.0 v1.0.0");
    check(repo(), "example.com/m/v2", "v2.0.0 v2.1.0-pre");
    check(repo(), "example.com/m/v10", "v10.0.0");
    check(repo(), "gopkg.in/m.v0", "v0.1.0");
    check(repo(), "gopkg.in/m.v2", "v2.0.0 v2.1.0-pre");
    check(repo(), "gopkg.in/m.v2-unstable", "");
}

#[test]
fn higher_versions_without_go_mod_are_incompatible() {
    check(
        Fake::default().commit("v1.0.0 v2.0.0 v10.0.0 v9.1.0", &[]),
        "example.com/m",
        "v1.0.0 v2.0.0+incompatible v9.1.0+incompatible v10.0.0+incompatible",
    );
    check(Fake::default().commit("v2.0.0", &[]), "example.com/m", "v2.0.0+incompatible");
    check(Fake::default().commit("v2.0.0", &[]), "example.com/m/v3", "");
    check(Fake::default().commit("v2.0.0", &[]), "gopkg.in/m.v3", "");
}

#[test]
fn a_go_mod_in_the_highest_compatible_version_ends_the_incompatible_ones() {
    let repo = Fake::default().commit("v2.0.0 v1.0.0", &[]).commit("v1.1.0", &[GO_MOD]).commit("v3.0.0", &[]);
    check(repo, "example.com/m", "v1.0.0 v1.1.0");
    let repo = Fake::default().commit("v1.0.0", &[GO_MOD]).commit("v1.1.0 v2.0.0", &[]);
    check(repo, "example.com/m", "v1.0.0 v1.1.0 v2.0.0+incompatible");
}

#[test]
fn a_go_mod_in_the_highest_version_of_a_major_ends_that_major() {
    let repo = Fake::default().commit("v2.0.0 v3.0.0", &[]).commit("v2.1.0", &[("go.mod", "module example.com/m/v2\n")]);
    check(repo, "example.com/m", "v3.0.0+incompatible");
}

use gomod::module::ModulePath;

use crate::{
    fake::{Fake, module, module_at, refusal, root, shown},
    list::runtime,
};

/// Says what version v1.0.0, or that of the path's major, of a module is: one commit with these go.mod files, tagged for the module.
#[track_caller]
fn check(path: &str, go_mods: &[(&str, &str)], want: &str) {
    let (version, tag) = match (path.rsplit_once("/v"), path.strip_prefix("gopkg.in/m.v")) {
        (_, Some(major)) => (format!("v{major}.0.0"), format!("v{major}.0.0")),
        (Some((_, major)), _) => (format!("v{major}.0.0"), format!("v{major}.0.0 sub/v{major}.0.0")),
        _ => ("v1.0.0".to_owned(), "v1.0.0 sub/v1.0.0".to_owned()),
    };
    let files: Vec<(&str, String)> = go_mods
        .iter()
        .map(|(file, name)| (*file, if name.is_empty() { String::new() } else { format!("module {name}\n") }))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(file, text)| (*file, text.as_str())).collect();
    let end = runtime().block_on(module(Fake::default().commit(&tag, &files), path).stat(&version));
    let end = end.map(|found| format!("in {:?}", found.dir)).unwrap_or_else(|why| refusal(&why));
    assert_eq!(end, want);
}

#[test]
fn a_module_is_where_its_go_mod_is() {
    check("example.com/m", &[("go.mod", "example.com/m")], r#"in """#);
    check("example.com/m", &[("go.mod", "example.com/fork")], r#"in """#);
    check("example.com/m", &[("go.mod", "gopkg.in/m.v1")], r#"in """#);
    check("example.com/m", &[("go.mod", "gopkg.in/m.v7")], r#"in """#);
    check("example.com/m/sub", &[("sub/go.mod", "example.com/m/sub")], r#"in "sub""#);
    check("example.com/m/v2", &[("go.mod", "example.com/m/v2")], r#"in """#);
    check("example.com/m/v2", &[("v2/go.mod", "example.com/m/v2")], r#"in "v2""#);
    check("example.com/m/v2", &[("go.mod", "example.com/m"), ("v2/go.mod", "example.com/m/v2")], r#"in "v2""#);
    check("example.com/m/sub/v2", &[("sub/v2/go.mod", "example.com/m/sub/v2")], r#"in "sub/v2""#);
    check(
        "gopkg.in/m.v2",
        &[("go.mod", "gopkg.in/m.v2-unstable")],
        "not there: gopkg.in/m.v2@v2.0.0: invalid version: go.mod has non-....v2 module path \"gopkg.in/m.v2-unstable\" at revision v2.0.0",
    );
    check("gopkg.in/m.v2", &[("go.mod", "example.com/m/v2")], r#"in """#);
}

#[test]
fn a_module_without_go_mod_is_in_the_root_only() {
    check("example.com/m", &[], r#"in """#);
    check("gopkg.in/m.v2", &[], r#"in """#);
    check(
        "example.com/m/sub",
        &[],
        "not there: example.com/m/sub@v1.0.0: invalid version: missing example.com/m/sub/go.mod at revision sub/v1.0.0",
    );
    check(
        "example.com/m/v2",
        &[],
        "not there: example.com/m/v2@v2.0.0: invalid version: missing example.com/m/go.mod and .../v2/go.mod at revision v2.0.0",
    );
}

#[test]
fn a_go_mod_of_another_major_version_is_refused_in_gos_words() {
    let front = "not there: example.com/m@v1.0.0: invalid version: ";
    let v2 = "not there: example.com/m/v2@v2.0.0: invalid version: ";
    check(
        "example.com/m",
        &[("go.mod", "example.com/m/v2")],
        &format!("{front}go.mod has post-v1 module path \"example.com/m/v2\" at revision v1.0.0"),
    );
    check(
        "example.com/m",
        &[("go.mod", "example.com/m/v1")],
        &format!("{front}go.mod has malformed module path \"example.com/m/v1\" at revision v1.0.0"),
    );
    check("example.com/m", &[("go.mod", "")], &format!("{front}go.mod is missing module path at revision v1.0.0"));
    check(
        "example.com/m/v2",
        &[("go.mod", "example.com/m")],
        &format!("{v2}go.mod has non-.../v2 module path \"example.com/m\" (and .../v2/go.mod does not exist) at revision v2.0.0"),
    );
    check(
        "example.com/m/v2",
        &[("go.mod", "")],
        &format!("{v2}go.mod is missing module path (and .../v2/go.mod does not exist) at revision v2.0.0"),
    );
    check(
        "example.com/m/v2",
        &[("v2/go.mod", "")],
        &format!("{v2}example.com/m/v2/go.mod is missing module path at revision v2.0.0"),
    );
    check(
        "example.com/m/v2",
        &[("v2/go.mod", "example.com/m")],
        &format!("{v2}example.com/m/v2/go.mod has non-.../v2 module path \"example.com/m\" at revision v2.0.0"),
    );
    let both = [("go.mod", "example.com/m/v2"), ("v2/go.mod", "example.com/m/v2")];
    check(
        "example.com/m/v2",
        &both,
        &format!("{v2}example.com/m/go.mod and .../v2/go.mod both have .../v2 module paths at revision v2.0.0"),
    );
}

#[test]
fn a_repository_holds_only_modules_below_its_root() {
    let check = |path: &str, at: &str, subdir: &str, want: &str| {
        let end = module_at(Fake::default(), path, &root(at, subdir));
        assert_eq!(end.err().map(|why| refusal(&why)).unwrap_or_default(), want, "{path} in {at}");
    };
    check("example.com/m/sub", "example.com/m", "", "");
    check("example.com/m/v2", "example.com/m/v2", "", "");
    check("example.com/m/v2", "example.com/m", "nested/mod", "");
    check("example.com/mm", "example.com/m", "", "invalid: mismatched repo: found example.com/m for example.com/mm");
    check("example.com/m/v2", "example.com/m/v", "", "invalid: mismatched repo: found example.com/m/v for example.com/m/v2");
    check("example.com/m", "example.com/m", "../x", "not there: invalid subdirectory \"../x\"");
    check("example.com/m", "example.com/m", "./-x", "not there: invalid subdirectory \"./-x\"");
    assert!(ModulePath::parse("example.com/m/v1").is_err(), "never gets here");
}

#[test]
fn the_root_of_a_major_version_has_no_directory_of_its_own_for_it() {
    let repo = Fake::default().commit("v2.0.0", &[("v2/go.mod", "module example.com/m/v2\n")]);
    let module = module_at(repo, "example.com/m/v2", &root("example.com/m/v2", "")).expect("a module");
    let want = "not there: example.com/m/v2@v2.0.0: invalid version: missing example.com/m/v2/go.mod at revision v2.0.0";
    assert_eq!(shown(runtime().block_on(module.stat("v2.0.0"))), want);
}

#[test]
fn the_sub_directory_of_a_meta_tag_is_part_of_the_tags() {
    let go_mod = ("nested/mod/go.mod", "module example.com/m\n");
    let at = |repo: Fake| module_at(repo, "example.com/m", &root("example.com/m", "nested//mod")).expect("a module");
    let repo = at(Fake::default().commit("v1.0.0 nested/mod/v1.1.0", &[go_mod]));
    assert_eq!(shown(runtime().block_on(repo.stat("v1.1.0"))), "v1.1.0 at 1");
    let want = "not there: example.com/m@v1.0.0: invalid version: unknown revision nested/mod/v1.0.0";
    assert_eq!(shown(runtime().block_on(repo.stat("v1.0.0"))), want);
    let found = runtime().block_on(repo.stat("v1.1.0")).expect("a version");
    assert_eq!((found.origin.subdir.as_str(), found.dir.as_str()), ("nested/mod", "nested/mod"));
}

//! `--fix` takes out lines that mean nothing, shows that, and touches nothing else.

use std::{fs, os::unix::fs::PermissionsExt as _};

use crate::world::World;

const GO_MOD: &str =
    "module git.corp.example/team/app // the app\n\ngo 1.24.2\n\ntoolchain go1.24.0\n\nrequire a.test/x v1.2.3 // pinned\n";
const GO_SUM: &str = "a.test/x v1.2.3 h1:AAAA=\na.test/x v1.2.3/go.mod h1:BBBB=\na.test/x v1.2.3 h1:AAAA=\n";

#[test]
fn lines_that_mean_nothing_go_and_the_rest_stays_as_it_is() {
    let world = World::good().file("go.mod", GO_MOD).file("go.sum", GO_SUM);
    fs::set_permissions(world.project().join("go.mod"), fs::Permissions::from_mode(0o640)).unwrap();
    let said = world.modway(&["LISTED", "--fix"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "nothing found\n"));
    assert_eq!(
        said.stderr,
        "--- a/go.mod\n+++ b/go.mod\n@@ -1,7 +1,5 @@\n module git.corp.example/team/app // the app\n \n go 1.24.2\n-\n-toolchain go1.24.0\n \n require a.test/x v1.2.3 // pinned\n\
         --- a/go.sum\n+++ b/go.sum\n@@ -1,3 +1,2 @@\n a.test/x v1.2.3 h1:AAAA=\n a.test/x v1.2.3/go.mod h1:BBBB=\n-a.test/x v1.2.3 h1:AAAA=\n"
    );
    assert_eq!(
        world.read("go.mod"),
        "module git.corp.example/team/app // the app\n\ngo 1.24.2\n\nrequire a.test/x v1.2.3 // pinned\n"
    );
    assert_eq!(fs::metadata(world.project().join("go.mod")).unwrap().permissions().mode() & 0o777, 0o640);
    let again = world.modway(&["LISTED", "--fix"]);
    assert_eq!((again.code, again.stdout.as_str(), again.stderr.as_str()), (0, "nothing found\n", ""));
}

#[test]
fn what_would_lose_something_is_left_alone() {
    for (go_mod, go_sum) in [
        (GO_MOD.replace("go1.24.0", "go1.24.0 // because of CVE-1"), GO_SUM.replace("v1.2.3 h1:AAAA=\na", "v1.2.3 h1:CCCC=\na")),
        (GO_MOD.replace("require", "requires"), "<<<<<<< HEAD\n".to_owned()),
    ] {
        let world = World::good().file("go.mod", &go_mod).file("go.sum", &go_sum);
        let said = world.modway(&["LISTED", "--fix"]);
        assert_eq!((world.read("go.mod"), world.read("go.sum"), said.stderr.as_str()), (go_mod, go_sum, ""));
    }
}

#[test]
fn known_findings_are_not_mended() {
    let world = World::good().file("go.mod", GO_MOD);
    world.modway(&["LISTED", "--write-baseline", "known.json"]);
    world.modway(&["LISTED", "--baseline", "known.json", "--fix"]);
    assert_eq!(world.read("go.mod"), GO_MOD);
}

#[test]
fn nothing_is_changed_outside_of_the_folder() {
    let world = World::good();
    let elsewhere = world.path().join("elsewhere");
    fs::create_dir_all(elsewhere.join("m")).unwrap();
    fs::write(elsewhere.join("go.work"), "go 1.24\nuse ./m\n").unwrap();
    fs::write(elsewhere.join("m/go.mod"), GO_MOD).unwrap();
    fs::write(elsewhere.join("m/go.sum"), GO_SUM).unwrap();
    let work = elsewhere.join("go.work").display().to_string();
    let world = world.env("GOWORK", &work);
    let said = world.modway(&["LISTED", "--fix"]);
    let kept = |name: &str| fs::read_to_string(elsewhere.join(name)).unwrap();
    assert_eq!((kept("m/go.mod").as_str(), kept("m/go.sum").as_str()), (GO_MOD, GO_SUM), "{said:?}");
    assert_eq!(said.stderr.matches("is not in the folder that is checked, and stays as it is").count(), 2, "{said:?}");
    assert!(said.stdout.contains("go-sum-duplicate") && !said.stdout.contains("--fix does this"), "{said:?}");
}

#[test]
fn a_link_stays_a_link() {
    let world = World::good().file("real.mod", GO_MOD);
    fs::remove_file(world.project().join("go.mod")).unwrap();
    std::os::unix::fs::symlink("real.mod", world.project().join("go.mod")).unwrap();
    world.modway(&["LISTED", "--fix"]);
    assert!(fs::symlink_metadata(world.project().join("go.mod")).unwrap().is_symlink());
    assert!(!world.read("real.mod").contains("toolchain"));
}

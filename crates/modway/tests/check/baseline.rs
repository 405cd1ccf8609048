//! Known findings stay quiet, and those that are gone are told.

use crate::world::World;

fn world() -> World {
    World::good().env("GOSUMDB", "off").file("go.mod", "module a.test/m\ngo 1.24\nreplace b.test/x => ../x\n")
}

#[test]
fn known_findings_are_quiet_wherever_their_lines_go() {
    let world = world();
    let written = world.modway(&["LISTED", "--write-baseline", "known.json"]);
    assert_eq!(
        (written.code, written.stdout.as_str()),
        (0, "wrote 2 findings to known.json; check with --baseline known.json from now on\n")
    );
    let world = world.file("go.mod", "module a.test/m\n\n\ngo 1.24\n\nreplace b.test/x => ../x\n");
    let said = world.modway(&["LISTED", "--baseline", "known.json"]);
    assert_eq!((said.code, said.stdout.as_str()), (0, "nothing found; 2 known from the baseline\n"));
    let world = world.file("go.mod", "module a.test/m\ngo 1.24\nreplace b.test/x => ../y\n");
    let said = world.modway(&["LISTED", "--baseline", "known.json", "--json"]);
    assert_eq!(
        (said.code, said.found()),
        (1, vec![("replace-local".into(), "go.mod:3".into(), "replace b.test/x => ../y".into())])
    );
    assert_eq!(said.json()["gone"][0]["subject"], "replace b.test/x => ../x");
}

#[test]
fn what_is_gone_is_told_and_fails_nothing() {
    let world = world();
    world.modway(&["LISTED", "--write-baseline", "known.json"]);
    let world = world.file("go.mod", "module a.test/m\ngo 1.24\n");
    let said = world.modway(&["LISTED", "--baseline", "known.json"]);
    assert_eq!(said.code, 0);
    assert!(
        said.stdout.starts_with("go.mod: replace-local replace b.test/x => ../x: gone, take it out of the baseline\n"),
        "{}",
        said.stdout
    );
}

#[test]
fn a_baseline_names_no_folder_of_a_machine() {
    let world = World::good().settings("GOFLAGS=-mod=mod\n");
    world.modway(&["LISTED", "--write-baseline", "known.json"]);
    let text = world.read("known.json");
    assert!(!text.contains(&world.path().display().to_string()) && text.contains("goflags-mod"), "{text}");
}

#[test]
fn what_is_no_baseline_is_refused() {
    for text in ["", "{}", "[]", "{\"version\": 2, \"known\": []}", "{\"version\": 1, \"known\": [], \"more\": 1}"] {
        let said = world().file("known.json", text).modway(&["LISTED", "--baseline", "known.json"]);
        assert_eq!((said.code, said.stdout.as_str()), (3, ""), "{text}");
        assert!(said.stderr.contains("known.json"), "{}", said.stderr);
    }
}

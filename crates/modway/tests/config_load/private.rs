//! Which routes are private, said or not.

use super::world::World;

const UPSTREAMS: &str =
    "[upstream.mirror]\nurl = \"https://mirror.example\"\n[upstream.corp]\nurl = \"https://go.corp.example\"\n";
const EVERYTHING: &str = "[[route]]\nname = \"all\"\nmatch = \"*\"\nupstreams = \"mirror|https://public.example,direct\"\n";

fn with(sumdb: &str, keys: &str, everything: &str) -> World {
    let route = format!("[[route]]\nname = \"inside\"\nmatch = \"corp.example,github.com/acme\"\n{keys}\n");
    World::with(&format!("{UPSTREAMS}{sumdb}{route}{everything}"))
}

/// A route with these keys, before one for everything, is private or not, and that is noted so; the note is empty for none.
#[track_caller]
fn check(keys: &str, is_private: bool, note: &str) {
    let config = with("[sumdb]\ngosumdb = \"sum.golang.org\"\n", keys, EVERYTHING).good();
    let found: Vec<bool> = config.proxy.routes.iter().map(|route| route.private).collect();
    assert_eq!(found, [is_private, false], "{keys}");
    let notes: Vec<&str> = config.notes.iter().map(|note| note.what.as_str()).collect();
    assert!(notes.len() == usize::from(!note.is_empty()) && notes.concat().contains(note), "{keys}: {notes:?}");
}

const UNSAID: &str = "route `inside` is private, as none of its upstreams is public";

#[test]
fn a_route_is_private_unless_its_list_leads_to_a_public_place() {
    check("upstreams = \"corp\"", true, UNSAID);
    check("upstreams = \"corp|direct\"", true, UNSAID);
    check("upstreams = \"direct\"", true, UNSAID);
    check("upstreams = \"off\"", true, UNSAID);
    check("upstreams = \"https://other.example\"", true, UNSAID);
    check("upstreams = \"mirror\"", false, "");
    check("upstreams = \"corp,mirror\"", false, "");
    check("upstreams = \"corp,https://public.example,direct\"", false, "");
    check("upstreams = \"https://proxy.golang.org\"", false, "");
}

#[test]
fn what_a_route_says_of_itself_holds() {
    check("upstreams = \"corp\"\nprivate = true", true, "");
    check("upstreams = \"corp\"\nprivate = false", false, "");
    check("upstreams = \"mirror\"\nprivate = false", false, "");
    check("upstreams = \"corp,mirror\"\nprivate = true", true, "its list leads to a public place, which hears its names");
    let loaded = with("", "upstreams = \"corp\"\nprivate = \"yes\"", EVERYTHING).bad().to_string();
    assert!(loaded.contains("write true or false, without quotes"), "{loaded}");
}

#[test]
fn where_everything_is_private_only_gos_own_proxy_is_public() {
    let all = "[[route]]\nmatch = \"*\"\nupstreams = \"mirror\"\nprivate = true\n";
    let routes = |keys: &str| with("", keys, all).good().proxy.routes.iter().map(|route| route.private).collect::<Vec<_>>();
    assert_eq!(routes("upstreams = \"mirror\""), [true, true]);
    assert_eq!(routes("upstreams = \"https://proxy.golang.org\""), [false, true]);
}

#[test]
fn nothing_is_noted_where_it_makes_no_difference() {
    for sumdb in ["gosumdb = \"off\"", "gonosumdb = \"github.com/acme,corp.example\""] {
        let config = with(&format!("[sumdb]\n{sumdb}\n"), "upstreams = \"corp\"", EVERYTHING).good();
        assert!(config.notes.is_empty(), "{sumdb}: {:?}", config.notes);
    }
}

#[test]
fn what_direct_calls_private_is_told_to_no_database_either() {
    let waived = |sumdb: &str| {
        let file = format!("[direct]\ngoprivate = \"git.example\"\n{sumdb}");
        let config = World::with(&file).var("GONOSUMDB", "corp.example").good();
        (config.proxy.sums.waived.as_str().to_owned(), config.show())
    };
    let (patterns, shown) = waived("");
    assert_eq!(patterns, "corp.example,git.example");
    let line = shown.lines().find(|line| line.starts_with("gonosumdb = ")).unwrap_or_default();
    assert!(line.contains("\"corp.example,git.example\""), "{line}");
    assert!(line.ends_with("environment GONOSUMDB, and goprivate of [direct]"), "{line}");
    assert_eq!(waived("[sumdb]\ngonosumdb = \"other.example\"\n").0, "other.example");
    assert_eq!(waived("[sumdb]\ngonosumdb = \"\"\n").0, "");
}

#[test]
fn what_was_not_said_is_shown_as_it_is() {
    let shown = with("", "upstreams = \"corp\"", EVERYTHING).good().show();
    let (inside, all) = shown.split_once("\"all\"").expect("two routes");
    let line = |shown: &str, value: &str| {
        let said = shown.lines().find(|line| line.starts_with("private = ")).unwrap_or_default();
        assert!(said.starts_with(value) && said.ends_with(" # default: where its list leads"), "{said}");
    };
    line(inside, "private = true");
    line(all, "private = false");
}

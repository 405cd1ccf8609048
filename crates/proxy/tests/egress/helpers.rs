//! A `GOAUTH`-style command: how it is called, and when again.

use std::os::unix::fs::PermissionsExt as _;

use testkit::{faults::Play, world::World};

use super::*;

/// A helper that writes its arguments and its input down, and says what `says` does with `$1`.
struct Script(tempfile::TempDir);

impl Script {
    fn new(says: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("helper");
        let log = folder.path().join("log");
        let text = format!("#!/bin/sh\necho \"[$*]\" >> {0}\ncat >> {0}\n{says}\n", log.display());
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
        Self(folder)
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.0.path().join("log")).unwrap_or_default()
    }

    fn settings(&self, place: &str, word: &str) -> Direct {
        let words = vec![self.0.path().join("helper").display().to_string(), word.to_owned()];
        let access = Access { credential: Credential::Helper(words), ..here(place) };
        Direct { folder: self.0.path().join("direct"), ..direct(vec![access]) }
    }
}

fn tokens(world: &World) -> Vec<String> {
    world.seen().iter().map(|seen| seen.header("x-token").unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_helper_is_run_once_without_arguments_and_its_headers_are_kept() {
    let world = World::start().await;
    world.on("/x", [Play::ok("")]).on("/y", [Play::ok("")]);
    let place = world.address().to_string();
    let script = Script::new(&format!("printf 'https://{place}\\n\\nX-Token: one\\n\\n'"));
    let egress = ready(&script.settings(&place, "word"));
    for path in ["/x", "/y", "/x"] {
        assert_eq!(get(&egress, &format!("{}{path}", world.url())).await.map(|answer| answer.0), Ok(200));
    }
    assert_eq!((tokens(&world), script.log().as_str()), (vec!["one".to_owned(); 3], "[word]\n"));
}

#[tokio::test]
async fn after_an_objection_it_is_run_with_the_url_and_the_answers_head_and_the_request_repeated_once() {
    let world = World::start().await;
    let place = world.address().to_string();
    let says = format!("[ -n \"$2\" ] && t=two || t=one; printf \"https://{place}\\n\\nX-Token: $t\\n\\n\"");
    let script = Script::new(&says);
    let egress = ready(&script.settings(&place, "word"));
    world.on("/x", [Play::status(401, "").header("X-Why", "old"), Play::ok("fine"), Play::ok("fine"), Play::status(401, "")]);
    let target = format!("{}/x?secret=query", world.url());
    world.on(
        "/x?secret=query",
        [Play::status(401, "").header("X-Why", "old"), Play::ok("fine"), Play::ok("fine"), Play::status(401, "")],
    );
    assert_eq!(get(&egress, &target).await, Ok((200, "fine".to_owned())));
    assert_eq!(get(&egress, &target).await, Ok((200, "fine".to_owned())), "what it said then is kept");
    assert_eq!(tokens(&world), ["one", "two", "two"]);
    let log = script.log();
    assert!(log.starts_with(&format!("[word]\n[word {}/x]\nHTTP/1.1 401 Unauthorized\n", world.url())), "{log}");
    assert!(log.contains("x-why: old\n") && log.ends_with("\n\n") && !log.contains("query"), "{log}");
    assert_eq!(get(&egress, &target).await.map(|answer| answer.0), Ok(401));
    assert_eq!(tokens(&world).len(), 4, "it says the same again: not repeated");
}

#[tokio::test]
async fn a_helper_that_knows_nothing_at_first_is_asked_for_the_url_when_nothing_is_found() {
    let world = World::start().await;
    let place = world.address().to_string();
    let script = Script::new(&format!("[ -n \"$2\" ] && printf 'https://{place}/private\\n\\nX-Token: two\\n\\n' || true"));
    let egress = ready(&script.settings(&place, "word"));
    world.on("/private/x", [Play::not_found("no"), Play::ok("fine")]);
    assert_eq!(get(&egress, &format!("{}/private/x", world.url())).await, Ok((200, "fine".to_owned())));
    assert_eq!(tokens(&world), ["", "two"]);
}

#[tokio::test]
async fn a_helper_that_fails_is_trouble_and_what_it_complains_about_is_not_repeated() {
    let world = World::start().await;
    let place = world.address().to_string();
    for (says, want) in [
        ("echo s3cret >&2; exit 3", "exit status 3"),
        ("printf s3cret", "invalid format"),
        ("printf 's3cret\\n\\nA: b\\n\\n'", "could not parse URL"),
        ("printf '\\377\\n'", "not UTF-8"),
    ] {
        let script = Script::new(says);
        let asked = get(&ready(&script.settings(&place, "word")), &format!("{}/x", world.url())).await;
        let said = format!("{asked:?}");
        assert!(matches!(&asked, Err(Trouble::Refused(_))) && said.contains(want) && !said.contains("s3cret"), "{said}");
    }
    assert_eq!(world.seen(), []);
}

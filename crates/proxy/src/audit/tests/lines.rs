//! One line by itself: proven, and named where it was changed.

use gomod::sumdb::inclusion::{InclusionError, InclusionProof};

use super::*;

/// Proves a line of an export, and its proof with nothing but the key; answers number and record.
#[track_caller]
fn check(export: &str, wanted: &Wanted) -> (u64, Line<'static>) {
    let (proven, proof) = prove_line(export.as_bytes(), &key(), &[], wanted).expect("an export with that line");
    let alone = InclusionProof::parse(&proof.to_string()).expect("a proof");
    assert_eq!(alone.check(&alone.extra, &key()), Ok(proven.tree), "{wanted:?}");
    let mut changed = alone.extra.clone();
    changed[20] ^= 1;
    assert_eq!(alone.check(&changed, &key()), Err(InclusionError::NotIncluded));
    let stranger = SignerKey::from_seed(NAME, &[8; 32]).unwrap().verifier();
    assert_eq!(alone.check(&alone.extra, &stranger), Err(InclusionError::Signature));
    (alone.index, Line::parse(std::str::from_utf8(&alone.extra).unwrap()).expect("a line"))
}

fn checkpoint_of(export: &str) -> String {
    let end: serde_json::Value = serde_json::from_str(export.lines().last().unwrap()).unwrap();
    end["checkpoint"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn a_line_is_proven_by_itself_to_who_has_the_key_and_nothing_else() {
    let export = recorded(600).await.exported().await;
    for number in [1, 2, 9, 255, 256, 257, 511, 512, 599, 600] {
        assert_eq!(check(&export, &Wanted::Number(number)), (number, Line::Asked(asked(number - 1))));
        let id = format!("R{}", number - 1);
        assert_eq!(check(&export, &Wanted::Request(id)), (number, Line::Asked(asked(number - 1))));
    }
    assert!(matches!(check(&export, &Wanted::Number(0)), (0, Line::Start { .. })));
    for wanted in [Wanted::Number(602), Wanted::Request("R600".into()), Wanted::Request("192.0.2.7".into())] {
        let end = prove_line(export.as_bytes(), &key(), &[], &wanted);
        assert!(matches!(end, Err(Unproven::NoLine { from: 0, to: 602, .. })), "{wanted:?}");
    }
    // An id is that of a request, not a text in which it stands.
    let world = World::new();
    let running = world.start("one", None).await;
    running.audit.note(&Asked { login: "R7".into(), ..asked(6) });
    running.audit.note(&asked(7));
    running.stop().await;
    assert_eq!(check(&world.exported().await, &Wanted::Request("R7".into())).0, 2);
    let changed = export.replacen("mira", "mona", 1);
    let end = prove_line(changed.as_bytes(), &key(), &[], &Wanted::Number(300));
    assert!(matches!(end, Err(Unproven::Changed { number: 1, .. })), "no line is proven out of an export that is not");
    let (body, end) = export.trim_end().rsplit_once('\n').unwrap();
    let mut end: serde_json::Value = serde_json::from_str(end).unwrap();
    // The checkpoint is held against the key and the tree, too: one of another log, one of an older head.
    let stranger = recorded(3).await.exported().await;
    for other in [end["checkpoint"].as_str().unwrap().replace("602\n", "601\n"), checkpoint_of(&stranger)] {
        let swapped = serde_json::json!({ "head": end["head"], "checkpoint": other });
        let swapped = format!("{body}\n{swapped}\n");
        assert!(prove(swapped.as_bytes(), &key(), &[]).is_ok(), "the lines prove by the head");
        let end = prove_line(swapped.as_bytes(), &key(), &[], &Wanted::Number(1));
        assert!(matches!(end, Err(Unproven::Head { .. })), "{end:?}");
    }
    end.as_object_mut().unwrap().remove("checkpoint").expect("it has one");
    let old = format!("{body}\n{end}\n");
    assert!(matches!(prove_line(old.as_bytes(), &key(), &[], &Wanted::Number(1)), Err(Unproven::NoCheckpoint)));
}

#[tokio::test(start_paused = true)]
async fn a_line_is_proven_where_earlier_ones_were_forgotten_and_names_are_blinded() {
    let (world, blind) = (World::new(), Blind::new(&[3; 32]).unwrap());
    let running = world.start("one", Some(blind.clone())).await;
    (0..700).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    world.now.store(2000, Ordering::Relaxed);
    let running = world.start("two", Some(blind.clone())).await;
    assert_eq!(running.audit.forget(999).await.unwrap(), 512);
    (700..900).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    let export = world.exported().await;
    for id in ["R511", "R512", "R699", "R700", "R899"] {
        let (_, Line::Asked(line)) = check(&export, &Wanted::Request(id.into())) else { panic!("{id}") };
        let module = blind.name("module", "git.corp.test/team/lib");
        assert_eq!((&*line.request, &*line.module, line.status), (id, &*module, 200));
        assert_eq!(
            (&*line.rule, &*line.pattern),
            (&*blind.name("rule", "route/corp"), &*blind.name("pattern", "git.corp.test/team"))
        );
    }
    let end = prove_line(export.as_bytes(), &key(), &[], &Wanted::Number(511));
    assert!(matches!(end, Err(Unproven::NoLine { from: 512, .. })), "what is forgotten has no line to show");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_was_changed_in_the_store_is_named() {
    let check = async |change: &dyn Fn(&str) -> String, number: u64| {
        let world = recorded(300).await;
        let path = "tile/8/data/000";
        let body = world.files.get("audit", path).await.unwrap().unwrap();
        let body = change(std::str::from_utf8(&body).unwrap());
        world.files.damage("audit", path, Some(body.into()));
        let log = Log::reader(world.settings("reader"), world.logs.clone(), world.clock()).await.unwrap();
        let end = export(&log, &mut Vec::new()).await;
        let is_named = matches!(&end, Err(ExportError::Changed { number: found, path: at }) if *found == number && at == path);
        assert!(is_named, "{number}: {end:?}");
    };
    check(&|body| body.replacen("\"R8\"", "\"R9\"", 1), 9).await;
    check(&|body| body.replace("\"status\":200,\"rule\":\"route/corp\",\"pattern\":\"git.corp.test/team\"}\n\n", "}\n\n"), 1)
        .await;
    let without = |body: &str| body.split_inclusive("\n\n").filter(|record| !record.contains("\"R41\"")).collect::<String>();
    check(&without, 42).await;
    check(&|_| String::new(), 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_line_that_was_changed_and_signed_again_is_named_by_an_earlier_export() {
    let (first, forged) = (recorded(300).await.exported().await, World::new());
    let running = forged.start("one", None).await;
    (0..40).chain(41..400).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    let forged = forged.exported().await;
    let named = |one: &str, other: &str| first_difference(one.as_bytes(), other.as_bytes()).unwrap();
    assert_eq!((named(&first, &forged), named(&forged, &first)), (Some(41), Some(41)));
    assert_eq!(named(&first, &first), None);
    assert!(matches!(first_difference(&b"{}\n"[..], first.as_bytes()), Err(Unproven::Form { line: 1 })));
}

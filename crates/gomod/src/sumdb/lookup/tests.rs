use super::super::testlog::{TestLog, record};
use super::super::tlog::format_record;
use super::{Lookup, LookupError, Need, Proved, Step};
use crate::module::{ModulePath, Version};

/// Bodies by path, as a database or its proxy serves them.
type Serve<'a> = dyn Fn(&str) -> Option<Vec<u8>> + 'a;

/// Looks `module` up at v1.0.0 as a caller would: partial tiles first, then full ones.
fn look_up(log: &TestLog, latest: Option<&str>, module: &str, serve: &Serve) -> Result<Proved, LookupError> {
    let module = ModulePath::parse(module).unwrap();
    let mut lookup = Lookup::new(&log.verifier(), latest, &module, &Version::parse("v1.0.0").unwrap())?;
    loop {
        match lookup.step()? {
            Step::Need(Need::Lookup(path)) => lookup.feed_lookup(&serve(&path).unwrap()),
            Step::Need(Need::Tiles(tiles)) => {
                for tile in tiles {
                    let found = [tile, tile.full()].into_iter().find_map(|tile| Some((tile, serve(&format!("/{tile}"))?)));
                    let (tile, body) = found.unwrap();
                    lookup.feed_tile(&tile, &body)?;
                }
            }
            Step::Proved(proved) => return Ok(*proved),
        }
    }
}

/// An honest server of `log` at `size`, for record `id`.
fn honest(log: &TestLog, id: u64, size: u64) -> impl Fn(&str) -> Option<Vec<u8>> {
    let (log, answer) = (log.clone(), log.answer(id, size));
    move |path| match path.strip_prefix("/tile") {
        Some(_) => Some(log.tile(&super::Tile::parse(&path[1..]).unwrap())),
        None => Some(answer.clone().into_bytes()),
    }
}

/// What comes of it when record 5 of a log of 1000 is looked up and `lie` changes the bodies on their way.
#[track_caller]
fn check(lie: impl Fn(&TestLog, &str, Vec<u8>) -> Vec<u8>, want: &str) {
    let log = TestLog::new(1000, "");
    let serve = honest(&log, 5, 1000);
    let end = look_up(&log, Some(&log.head(300)), "example.com/m5", &|path| Some(lie(&log, path, serve(path)?)));
    assert_eq!(end.map(|_| "proved".to_owned()).unwrap_or_else(|error| phrase(&error)), want);
}

fn phrase(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {}", phrase(cause)))
}

/// Exchanges the body of the lookup and leaves the tiles alone.
fn answer(new: impl Fn(&TestLog) -> String) -> impl Fn(&TestLog, &str, Vec<u8>) -> Vec<u8> {
    move |log, path, body| if path.starts_with("/lookup/") { new(log).into_bytes() } else { body }
}

#[test]
fn an_honest_database_proves_every_record_of_every_tree_from_every_older_head() {
    let log = TestLog::new(700, "");
    for size in [1, 2, 3, 255, 256, 257, 512, 513, 700] {
        for known in [0, 1, 2, 255, 256, 300, 600, 700] {
            for id in [0, 1, 254, 255, 256, 511, 512, 699].into_iter().filter(|id| *id < size) {
                let latest = (known > 0).then(|| log.head(known));
                let serve = honest(&log, id, size);
                let proved = look_up(&log, latest.as_deref(), &format!("example.com/m{id}"), &serve).unwrap();
                let newest = size.max(known);
                assert_eq!((proved.record_id, proved.tree_size, proved.latest), (id, newest, log.head(newest)));
                let lines = &log.records[id as usize];
                assert!(lines.contains(&format!("v1.0.0 {}\n", proved.zip_h1)));
                assert!(lines.contains(&format!("v1.0.0/go.mod {}\n", proved.mod_h1)));
            }
        }
    }
}

#[test]
fn the_paths_asked_for_are_escaped() {
    let log = TestLog::new(1, "");
    let module = ModulePath::parse("github.com/BurntSushi/toml").unwrap();
    let mut lookup = Lookup::new(&log.verifier(), None, &module, &Version::parse("v1.0.0-RC1").unwrap()).unwrap();
    let path = "/lookup/github.com/!burnt!sushi/toml@v1.0.0-!r!c1";
    assert_eq!(lookup.step().unwrap(), Step::Need(Need::Lookup(path.to_owned())));
}

#[test]
fn a_full_tile_stands_in_for_a_partial_one() {
    let log = TestLog::new(768, "");
    let (early, full) = (honest(&log, 5, 300), honest(&log, 5, 768));
    let serve = |path: &str| if path.contains("/0/001.p/") { None } else { early(path).or_else(|| full(path)) };
    assert_eq!(look_up(&log, None, "example.com/m5", &serve).unwrap().tree_size, 300);
}

#[test]
fn answers_that_are_none_are_refused() {
    check(answer(|log| log.answer(5, 1000)), "proved");
    check(answer(|_| String::new()), "malformed record data");
    check(answer(|_| "<html>not found</html>\n".to_owned()), "malformed record data");
    check(answer(|log| format!("-{}", log.answer(5, 1000))), "malformed record data");
    check(answer(|log| log.answer(5, 1000).replace("m5 ", "m5\t")), "malformed record data");
    check(answer(|log| format_record(5, &log.records[5]).unwrap()), "reading tree note: malformed note");
    check(answer(|log| log.answer(5, 1000) + &" ".repeat(super::MAX_LOOKUP_BYTES)), "malformed record data");
}

#[test]
fn tree_heads_nobody_known_signed_are_refused() {
    let log = TestLog::new(1, "");
    let bad = format!("reading tree note: invalid signature for key localhost.localdev/sumdb+{:08x}", log.verifier().hash());
    check(answer(|log| log.answer(5, 1000).replace("tree\n1000\n", "tree\n1001\n")), &bad);
    let none = "reading tree note: note has no verifiable signatures";
    check(answer(|log| log.answer(5, 1000).replace("— localhost", "— remotehost")), none);
    let no_tree = "reading tree: malformed tree note";
    check(answer(|log| format_record(5, &log.records[5]).unwrap() + &log.sign("go.sum database tree\n-1\n\n")), no_tree);
    let known = Some("go.sum database tree\n");
    let end = look_up(&log, known, "example.com/m0", &|_| None).unwrap_err();
    assert_eq!(phrase(&end), "initializing sumdb.Client: reading tree note: malformed note");
}

#[test]
fn records_the_log_does_not_have_are_refused() {
    let not_authentic = "cannot authenticate record data in server response";
    check(answer(|log| log.answer(5, 1000).replacen("5\n", "6\n", 1)), not_authentic);
    check(answer(|log| format_record(5, &record("example.com/m5", "v1.0.0", "x")).unwrap() + &log.head(1000)), not_authentic);
    check(answer(|log| log.answer(5, 1000).replacen("5\n", "1000\n", 1)), "cannot validate record 1000 in tree of size 1000");
    check(
        answer(|log| log.answer(5, 1000).replacen('5', "9223372036854775807", 1)),
        "cannot validate record 9223372036854775807 in tree of size 1000",
    );
    check(answer(|log| log.answer(5, 1000).replacen('5', "9223372036854775808", 1)), "malformed record data");
}

#[test]
fn a_true_record_of_another_module_does_not_do() {
    check(answer(|log| log.answer(6, 1000)), "checksum missing from sumdb response");
    check(answer(|log| log.answer(55, 1000)), "checksum missing from sumdb response");
}

#[test]
fn lines_outside_the_proven_text_do_not_count() {
    let forged = record("example.com/m5", "v1.0.0", "forged");
    // After the blank line they are part of the tree note, and nobody has signed them there.
    let after = |log: &TestLog| format_record(6, &log.records[6]).unwrap() + &forged + &log.head(1000);
    let end = phrase(&look_up_answer(after).unwrap_err());
    assert!(end.starts_with("reading tree note: invalid signature for key"), "{end}");
    // Signed as a further line of the tree head they are still no record.
    let signed = |log: &TestLog| {
        let text = format!("{}{forged}", log.tree(1000));
        format_record(6, &log.records[6]).unwrap() + &log.sign(&text)
    };
    assert_eq!(phrase(&look_up_answer(signed).unwrap_err()), "checksum missing from sumdb response");
}

fn look_up_answer(new: impl Fn(&TestLog) -> String) -> Result<Proved, LookupError> {
    let log = TestLog::new(1000, "");
    let serve = honest(&log, 5, 1000);
    look_up(&log, None, "example.com/m5", &|path| {
        if path.starts_with("/lookup/") { Some(new(&log).into_bytes()) } else { serve(path) }
    })
}

/// What a log says whose only record is `text`, asked for example.com/m.
#[track_caller]
fn check_lines(text: &str, want: &str) {
    let mut log = TestLog::new(0, "");
    log.add(text);
    let serve = honest(&log, 0, 1);
    let end = look_up(&log, None, "example.com/m", &serve);
    assert_eq!(end.map(|_| "proved".to_owned()).unwrap_or_else(|error| phrase(&error)), want);
}

#[test]
fn both_lines_must_be_there_exactly() {
    let good = record("example.com/m", "v1.0.0", "");
    let (zip, go_mod) = good.split_once('\n').map(|(zip, go_mod)| (format!("{zip}\n"), go_mod.to_owned())).unwrap();
    let missing = "checksum missing from sumdb response";
    check_lines(&good, "proved");
    check_lines(&format!("{go_mod}{zip}other line\n{zip}"), "proved");
    check_lines(&zip, missing);
    check_lines(&go_mod, missing);
    check_lines(&record("example.com/m", "v1.0.1", ""), missing);
    check_lines(&record("Example.com/m", "v1.0.0", ""), missing);
    check_lines(&format!(" {zip}{go_mod}"), missing);
    check_lines(&good.replace(" h1:", "  h1:"), missing);
    check_lines(&good.replace(" h1:", " h2:"), missing);
}

#[test]
fn two_checksums_for_one_thing_are_none() {
    let (good, other) = (record("example.com/m", "v1.0.0", ""), record("example.com/m", "v1.0.0", "x"));
    check_lines(&format!("{good}{other}"), "malformed checksum in sumdb response for example.com/m v1.0.0");
    check_lines(&good.replace("=\n", "\n"), "malformed checksum in sumdb response for example.com/m v1.0.0");
}

#[test]
fn a_tile_with_any_byte_changed_is_refused() {
    let log = TestLog::new(1000, "");
    let serve = honest(&log, 5, 1000);
    let proved = look_up(&log, Some(&log.head(300)), "example.com/m5", &serve).unwrap();
    assert!(proved.tiles.len() > 3);
    for (tile, body) in &proved.tiles {
        for at in [0, body.len() / 2, body.len() - 1] {
            let path = format!("/{tile}");
            check(|_, asked, body| if asked == path { flip(body, at) } else { body }, "downloaded inconsistent tile");
        }
    }
}

fn flip(mut body: Vec<u8>, at: usize) -> Vec<u8> {
    body[at] ^= 1;
    body
}

#[test]
fn a_tile_of_the_wrong_length_is_refused() {
    let cut = |_: &TestLog, path: &str, body: Vec<u8>| if path == "/tile/8/0/000" { body[..8160].to_vec() } else { body };
    check(cut, "TileReader returned bad result slice (tile/8/0/000 len=8160, want 8192)");
}

#[test]
fn a_second_history_is_a_fork_whichever_head_is_older() {
    let (ours, theirs) = (TestLog::new(300, ""), TestLog::new(1000, "x"));
    for (known, size) in [(300, 1000), (300, 300), (300, 299), (256, 512), (1, 1000), (300, 1)] {
        let newest = if size > known { &theirs } else { &ours };
        let serve = |path: &str| match path.strip_prefix("/tile") {
            Some(_) => Some(newest.tile(&super::Tile::parse(&path[1..]).unwrap())),
            None => Some(theirs.answer(0, size).into_bytes()),
        };
        let end = look_up(&ours, Some(&ours.head(known)), "example.com/m0", &serve);
        let Err(LookupError::Fork(fork)) = end else { panic!("{known} {size}: {end:?}") };
        let (older, newer) =
            if size > known { (ours.head(known), theirs.head(size)) } else { (theirs.head(size), ours.head(known)) };
        assert_eq!((&fork.older, &fork.newer), (&older, &newer));
        let (old_size, new_tree) = (size.min(known), newest.tree(size.max(known)));
        super::super::tlog::check_tree(&fork.proof, new_tree.size, &new_tree.hash, old_size, &fork.hash).unwrap();
        assert!(fork.to_string().starts_with(
            "SECURITY ERROR\ngo.sum database server misbehavior detected!\n\nold database:\n\tgo.sum database tree\n\t"
        ));
    }
}

#[test]
fn a_head_that_keeps_its_size_but_not_its_hash_is_refused() {
    let log = TestLog::new(300, "");
    let other = TestLog::new(300, "x");
    // The tiles fit the new head and not the known one: nothing is proven about either.
    let end = look_up(&log, Some(&log.head(300)), "example.com/m0", &honest(&other, 0, 300)).unwrap_err();
    assert_eq!(phrase(&end), "downloaded inconsistent tile");
}

#[test]
fn bodies_nobody_asked_for_change_nothing() {
    let log = TestLog::new(10, "");
    let module = ModulePath::parse("example.com/m0").unwrap();
    let mut lookup = Lookup::new(&log.verifier(), None, &module, &Version::parse("v1.0.0").unwrap()).unwrap();
    let tile = super::Tile::parse("tile/8/3/000").unwrap();
    lookup.feed_tile(&tile, b"").unwrap();
    lookup.feed_lookup(log.answer(0, 10).as_bytes());
    lookup.feed_lookup(b"");
    lookup.feed_tile(&tile, b"").unwrap();
    let first = super::Tile::parse("tile/8/0/000.p/10").unwrap();
    assert_eq!(lookup.step().unwrap(), Step::Need(Need::Tiles(vec![first])));
    lookup.feed_tile(&first, &log.tile(&first)).unwrap();
    let end = lookup.step().unwrap();
    assert!(matches!(end, Step::Proved(_)));
    assert_eq!(lookup.step().unwrap(), end);
}

//! Whatever bytes come from a proxy or a checksum database, nothing panics, and what is accepted keeps its promises.

use std::io::Cursor;

use gomod::dirhash::H1;
use gomod::gosum::GoSum;
use gomod::modfile::parse_work;
use gomod::module::{ModulePath, Version};
use gomod::sumdb::lookup::{Lookup, Need, Step};
use gomod::sumdb::note::{self, SignerKey, VerifierKey};
use gomod::sumdb::tile::{Tile, TilePlan};
use gomod::sumdb::tlog::{self, Tree};
use gomod::zip::check::check_zip;
use proptest::prelude::*;

/// Bytes near enough to a zip to get past the first checks.
fn nearly_a_zip() -> impl Strategy<Value = Vec<u8>> {
    let marks = ["PK\x01\x02", "PK\x03\x04", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07", "PK\x07\x08", "example.com/m@v1.0.0/"];
    let piece = prop_oneof![
        prop::sample::select(marks.to_vec()).prop_map(|mark| mark.as_bytes().to_vec()),
        prop::collection::vec(prop_oneof![Just(0u8), Just(0xff), any::<u8>()], 0..30),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn module() -> (ModulePath, Version) {
    (ModulePath::parse("example.com/m").unwrap(), Version::parse("v1.0.0").unwrap())
}

proptest! {
    #[test]
    fn go_sum_and_go_work_do_not_panic(text in "[a-z0-9 \t\r\n./=>()\"`\\\\:+世-]{0,200}", bytes: Vec<u8>) {
        for content in [text.as_bytes(), &bytes] {
            let lines = content.split(|&byte| byte == b'\n').count();
            let sum = GoSum::parse(content);
            prop_assert!(sum.lines.len() + sum.malformed.len() <= lines);
            prop_assert!(sum.lines.iter().all(|line| (1..=lines).contains(&line.line)));
            if let Ok((work, at)) = parse_work("go.work", content) {
                prop_assert_eq!((work.uses.len(), work.replace.len()), (at.uses.len(), at.replace.len()));
            }
        }
    }

    #[test]
    fn zips_do_not_panic(bytes in nearly_a_zip()) {
        let (module, version) = module();
        if let Ok(report) = check_zip(&mut Cursor::new(bytes), &module, &version) {
            prop_assert_eq!(report.h1.is_some(), report.fault().is_none());
        }
    }

    #[test]
    fn notes_records_trees_and_keys_do_not_panic(text in "[-— \n+0-9a-zA-Z=/.]{0,200}", bytes: Vec<u8>) {
        let key = SignerKey::from_seed("x", &[1; 32]).unwrap().verifier();
        prop_assert!(note::open(text.as_bytes(), &[&key]).is_err());
        prop_assert!(note::open(&bytes, &[&key]).is_err());
        if let Ok((id, record, _)) = tlog::parse_record(text.as_bytes()) {
            prop_assert!(tlog::format_record(id, record).is_ok());
        }
        if let Ok(tree) = Tree::parse(&format!("go.sum database tree\n{text}")) {
            prop_assert_eq!(Tree::parse(&tree.to_string()), Ok(tree));
        }
        if let Ok(key) = VerifierKey::parse(&text) {
            prop_assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key));
        }
        if let Ok(h1) = H1::parse(&text) {
            prop_assert_eq!(h1.to_string(), text);
        }
    }

    #[test]
    fn tile_paths_and_plans_do_not_panic(
        path in "tile/[0-9]{1,2}/([0-9]{1,2}|data)(/x?[0-9]{3}){1,7}(\\.p/[0-9]{1,3})?",
        size: u64,
        index: u64,
    ) {
        let tree = Tree { size, ..Tree::empty() };
        if let Ok(tile) = Tile::parse(&path) {
            prop_assert_eq!(tile.to_string(), path);
            let planned = TilePlan::for_tile(tree, &tile).map(|plan| plan.tiles().len());
            prop_assert!(planned.unwrap_or(0) < 80);
            let body = vec![0; tile.body_bytes().unwrap_or(0).min(1 << 16)];
            prop_assert!(tile.hash_at(&body, index).is_ok() <= (body.len() >= 32));
        }
        if let Ok(plan) = TilePlan::new(tree, &[index]) {
            prop_assert!(plan.tiles().len() < 80);
            prop_assert!(plan.verify(Vec::new()).is_err());
        }
        prop_assert_eq!(tlog::prove_record_indexes(size, index).is_ok(), index < size && size <= tlog::MAX_TREE_SIZE);
        prop_assert!(tlog::prove_tree_indexes(size, index).map_or(0, |indexes| indexes.len()) < 130);
        prop_assert_eq!(Tile::for_index((index % 40) as u8, size).is_some(), (1..=30).contains(&(index % 40)));
    }

    #[test]
    fn lookups_fed_with_anything_do_not_panic_and_prove_nothing(id: u64, size: u64, fill: u8, text in "[a-z \n]{0,40}") {
        let signer = SignerKey::from_seed("x", &[1; 32]).unwrap();
        let (module, version) = module();
        let mut lookup = Lookup::new(&signer.verifier(), None, &module, &version).unwrap();
        let head = Tree { size: size >> 1, ..Tree::empty() };
        let signed = note::sign(&head.to_string(), &[], &[&signer]).unwrap();
        lookup.feed_lookup(format!("{}\n{text}\n\n{signed}", id >> 1).as_bytes());
        while let Ok(Step::Need(Need::Tiles(tiles))) = lookup.step() {
            for tile in tiles {
                lookup.feed_tile(&tile, &vec![fill; tile.body_bytes().unwrap()]).unwrap();
            }
        }
        prop_assert!(lookup.step().is_err());
    }
}

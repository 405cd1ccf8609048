use super::super::testlog::TestLog;
use super::super::tlog::{Hash, Tree, stored_hash_index};
use super::{Tile, TileError, TileLevel, TilePlan};

#[test]
fn paths_print_back_as_they_were_parsed() {
    for path in [
        "tile/8/0/000",
        "tile/8/0/000.p/1",
        "tile/8/0/000.p/255",
        "tile/4/0/001",
        "tile/4/1/500.p/3",
        "tile/3/5/123.p/7",
        "tile/8/0/x001/x234/067.p/12",
        "tile/8/0/x009/x223/x372/x036/x854/x775/807",
        "tile/1/63/000",
        "tile/30/0/000.p/1073741823",
        "tile/8/data/x123/456.p/78",
    ] {
        assert_eq!(Tile::parse(path).map(|tile| tile.to_string()).as_deref(), Ok(path));
    }
}

#[test]
fn paths_that_go_would_print_otherwise_are_malformed() {
    for path in [
        "",
        "/tile/8/0/000",
        "tile/8/0",
        "tile/8/0/",
        "tile/8/0/0",
        "tile/8/0/00",
        "tile/8/0/0000",
        "tile/8/0/x000/000",
        "tile/8/0/x001",
        "tile/8/0/001/000",
        "tile/8/0/x001/x000",
        "tile/8/0/-01",
        "tile/8/0/+01",
        "tile/8/0/000.p/0",
        "tile/8/0/000.p/256",
        "tile/8/0/000.p/01",
        "tile/8/0/000.p/1/2",
        "tile/8/0/000.p",
        "tile/8/0.p/1",
        "tile/0/0/000",
        "tile/31/0/000",
        "tile/08/0/000",
        "tile/8/-1/000",
        "tile/8/64/000",
        "tile/8/Data/000",
        "tile/8/0/x009/x223/x372/x036/x854/x775/808",
        "tile/8/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/8/0/000?",
    ] {
        let said = Tile::parse(path).unwrap_err().to_string();
        assert_eq!(said, format!("malformed tile path {path:?}"));
    }
}

#[test]
fn a_hash_is_in_the_tile_go_says() {
    for (index, path) in [
        (0, "tile/8/0/000.p/1"),
        (6, "tile/8/0/000.p/4"),
        (100, "tile/8/0/000.p/52"),
        (509, "tile/8/0/000"),
        (510, "tile/8/1/000.p/1"),
        (511, "tile/8/0/001.p/1"),
        (131070, "tile/8/2/000.p/1"),
        (1 << 40, "tile/8/0/x002/x147/x483/648.p/2"),
    ] {
        assert_eq!(Tile::for_index(8, index).unwrap().to_string(), path);
    }
    assert_eq!((Tile::for_index(0, 0), Tile::for_index(31, 0)), (None, None));
    Tile::for_index(1, u64::MAX).unwrap();
}

#[test]
fn a_log_that_grows_publishes_the_tiles_go_says() {
    let print = |old, new| Tile::new_tiles(8, old, new).iter().map(Tile::to_string).collect::<Vec<_>>().join(" ");
    assert_eq!(print(0, 1), "tile/8/0/000.p/1");
    assert_eq!(print(0, 256), "tile/8/0/000 tile/8/1/000.p/1");
    assert_eq!(print(255, 513), "tile/8/0/000 tile/8/0/001 tile/8/0/002.p/1 tile/8/1/000.p/2");
    assert_eq!(print(70000, 70001), "tile/8/0/273.p/113");
    assert_eq!((print(5, 5), print(0, 0)), (String::new(), String::new()));
}

#[test]
fn a_tile_gives_every_hash_it_covers_and_no_other() {
    let log = TestLog::new(300, "");
    let tile = Tile::parse("tile/8/0/001.p/44").unwrap();
    let body = log.tile(&tile);
    for (level, number) in [(0, 256), (0, 299), (1, 149), (2, 74), (5, 8)] {
        let index = stored_hash_index(level, number);
        assert_eq!(tile.hash_at(&body, index), Ok(log.read(&[index])[0]));
    }
    for (level, number) in [(0, 255), (0, 300), (1, 150), (5, 9), (8, 1), (63, 0)] {
        let index = stored_hash_index(level, number);
        assert_eq!(tile.hash_at(&body, index), Err(TileError::NotInTile { index, tile }));
    }
    assert_eq!(tile.hash_at(&body[1..], 511), Err(TileError::Length { tile, have: 1407, want: 1408 }));
}

fn verify(log: &TestLog, plan: TilePlan) -> Result<super::VerifiedTiles, TileError> {
    let bodies = plan.tiles().iter().map(|tile| log.tile(tile)).collect();
    plan.verify(bodies)
}

#[test]
fn every_hash_of_every_tree_can_be_read_with_proof() {
    let log = TestLog::new(600, "");
    for size in [1, 2, 255, 256, 257, 511, 512, 600] {
        let indexes: Vec<u64> = (0..stored_hash_index(0, size)).collect();
        let tiles = verify(&log, TilePlan::new(log.tree(size), &indexes).unwrap()).unwrap();
        assert_eq!(tiles.hashes(&indexes).unwrap(), log.read(&indexes));
    }
}

#[test]
fn a_change_to_any_hash_of_any_tile_is_seen() {
    let log = TestLog::new(600, "");
    let indexes = [0, stored_hash_index(0, 300), stored_hash_index(0, 599)];
    let plan = TilePlan::new(log.tree(600), &indexes).unwrap();
    let good: Vec<Vec<u8>> = plan.tiles().iter().map(|tile| log.tile(tile)).collect();
    assert!(plan.clone().verify(good.clone()).is_ok());
    let names: Vec<String> = plan.tiles().iter().map(Tile::to_string).collect();
    assert_eq!(names, ["tile/8/1/000.p/2", "tile/8/0/002.p/88", "tile/8/0/000", "tile/8/0/001"]);
    for at in 0..good.len() {
        for byte in (0..good[at].len()).step_by(17) {
            let mut bad = good.clone();
            bad[at][byte] ^= 0x80;
            assert_eq!(plan.clone().verify(bad).err(), Some(TileError::Inconsistent), "{} {byte}", names[at]);
        }
    }
}

#[test]
fn bodies_of_the_wrong_length_or_number_are_refused() {
    let log = TestLog::new(3, "");
    let plan = TilePlan::new(log.tree(3), &[]).unwrap();
    let tile = plan.tiles()[0];
    let refused = |have| Some(TileError::Length { tile, have, want: 96 });
    assert_eq!(plan.clone().verify(vec![vec![0; 95]]).err(), refused(95));
    assert_eq!(plan.clone().verify(vec![vec![0; 8192]]).err(), refused(8192));
    assert_eq!(plan.verify(Vec::new()).err(), refused(0));
}

#[test]
fn an_empty_tree_has_no_hashes_and_only_one_head() {
    assert_eq!(TilePlan::new(Tree::empty(), &[0]).err(), Some(TileError::NotInTree));
    assert!(TilePlan::new(Tree::empty(), &[]).unwrap().verify(Vec::new()).is_ok());
    let lie = Tree { size: 0, hash: Hash([0; 32]) };
    assert_eq!(TilePlan::new(lie, &[]).unwrap().verify(Vec::new()).err(), Some(TileError::Inconsistent));
}

#[test]
fn the_largest_tree_can_be_planned() {
    let tree = Tree { size: i64::MAX as u64, hash: Hash([0; 32]) };
    let plan = TilePlan::new(tree, &[stored_hash_index(0, i64::MAX as u64 - 1)]).unwrap();
    assert_eq!(plan.tiles().len(), 8);
}

#[test]
fn one_tile_can_be_judged_by_a_head_also_when_it_has_grown_since() {
    let log = TestLog::new(600, "");
    for path in
        ["tile/8/0/000", "tile/8/0/001.p/3", "tile/8/0/002.p/88", "tile/8/0/002.p/87", "tile/8/1/000.p/2", "tile/8/1/000.p/1"]
    {
        let tile = Tile::parse(path).unwrap();
        let tiles = verify(&log, TilePlan::for_tile(log.tree(600), &tile).unwrap()).unwrap();
        let mut body = log.tile(&tile);
        assert_eq!(tiles.check_tile(&tile, &body), Ok(()), "{path}");
        body[7] ^= 1;
        assert_eq!(tiles.check_tile(&tile, &body), Err(TileError::Inconsistent), "{path}");
    }
    for path in [
        "tile/8/0/002.p/89",
        "tile/8/0/002",
        "tile/8/0/003.p/1",
        "tile/8/1/000.p/3",
        "tile/8/2/000.p/1",
        "tile/7/0/000",
        "tile/8/63/000",
    ] {
        assert_eq!(TilePlan::for_tile(log.tree(600), &Tile::parse(path).unwrap()).err(), Some(TileError::NotInTree), "{path}");
    }
}

#[test]
fn a_tile_of_records_is_judged_by_their_hashes() {
    let log = TestLog::new(300, "");
    let tile = Tile::new(8, TileLevel::Data, 1, 44).unwrap();
    let tiles = verify(&log, TilePlan::for_tile(log.tree(300), &tile).unwrap()).unwrap();
    let body: String = log.records[256..].iter().map(|record| format!("{record}\n")).collect();
    assert_eq!(tiles.check_tile(&tile, body.as_bytes()), Ok(()));
    for bad in [body.replacen("h1", "h2", 1), body[..body.len() - 1].to_owned(), format!("{body}\n\n"), String::new()] {
        assert_eq!(tiles.check_tile(&tile, bad.as_bytes()), Err(TileError::Inconsistent));
    }
}

//! What clients and auditors of other tools are told of a sample of the records: each lookup must give the record of its number and prove, and
//! the forms of C2SP must say what Go's say.

use std::{collections::BTreeSet, hash::BuildHasher as _};

use bytes::Bytes;
use gomod::sumdb::{
    checkpoint::{Checkpoint, data_tile_body, tile_path},
    client::Head,
    grow::FULL,
    lookup::{Lookup, Need, Step},
    note::{self, VerifierKey},
    record::Record,
    tile::{Tile, TileLevel, TilePlan, records},
    tlog::{Tree, parse_record, tree_hash, tree_hash_indexes},
};

use super::{Found, Shelf, place};
use crate::{limits, sumdb::chain_of};

/// How many records are also looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sample {
    /// So many, chosen at random.
    Some(u64),
    /// Each.
    All,
}

impl Sample {
    /// Numbers of records of a log of `size`, in order; which ones, the database cannot know.
    fn numbers(self, size: u64) -> Box<dyn Iterator<Item = u64> + Send> {
        match self {
            Self::Some(0) => Box::new(0..0),
            Self::Some(count) if count < size => {
                let random = std::hash::RandomState::new();
                let any = (0_u64..).map(move |turn| random.hash_one(turn) % size);
                let mut numbers = BTreeSet::new();
                any.take_while(|number| {
                    numbers.insert(*number);
                    (numbers.len() as u64) < count
                })
                .for_each(drop);
                Box::new(numbers.into_iter())
            }
            Self::Some(_) | Self::All => Box::new(0..size),
        }
    }
}

/// Knocks at the doors of a database whose tiles are all right.
pub(super) async fn check(
    shelf: &dyn Shelf,
    key: &VerifierKey,
    head: &Head,
    sample: Sample,
    found: &mut Found,
) -> Result<(), String> {
    let has_forms = match shelf.file("checkpoint", limits::MAX_LOOKUP_BYTES).await? {
        Some(note) => {
            checkpoint(shelf, key, head, &note, found).await?;
            true
        }
        None => false,
    };
    let mut last: Option<(Tile, Vec<u8>)> = None;
    for number in sample.numbers(head.tree().size) {
        let (tile, _) = place(head.tree().size, number / FULL);
        if last.as_ref().is_none_or(|(known, _)| *known != tile) {
            let body = whole(shelf, &tile).await?;
            if has_forms {
                forms(shelf, head, &tile, &body, found).await?;
            }
            last = Some((tile, body));
        }
        let body = last.as_ref().map_or(&[][..], |(_, body)| body);
        let text = records(body).and_then(|records| records.get((number % FULL) as usize).copied());
        match text.and_then(|text| Record::parse(text).ok()) {
            Some(record) => lookup(shelf, key, head, (number, &record), found).await?,
            None => found.note("bad-lookup", &format!("record {number}"), "its tile was read before, and is another one now"),
        }
    }
    Ok(())
}

/// One lookup, proven as the go command proves it, with the head that is known.
async fn lookup(
    shelf: &dyn Shelf,
    key: &VerifierKey,
    head: &Head,
    (number, record): (u64, &Record),
    found: &mut Found,
) -> Result<(), String> {
    let place = format!("record {number}");
    let (module, version) = (record.module(), record.version());
    let mut lookup = match Lookup::new(key, Some(head.note()), module, version) {
        Ok(lookup) => lookup,
        Err(error) => return Err(chain_of(&error)),
    };
    found.lookups += 1;
    loop {
        match lookup.step() {
            Err(error) => {
                found.note("bad-lookup", &place, chain_of(&error));
                return Ok(());
            }
            Ok(Step::Proved(proved)) => {
                if proved.record_id != number {
                    found.note("bad-lookup", &place, format!("the lookup of {} gives record {}", record.key(), proved.record_id));
                }
                return Ok(());
            }
            Ok(Step::Need(Need::Lookup(path))) => {
                let path = path.trim_start_matches('/');
                let Some(body) = shelf.file(path, limits::MAX_LOOKUP_BYTES).await? else {
                    found.note("bad-lookup", &place, format!("there is no {path}"));
                    return Ok(());
                };
                // What the proof below does not say: that it is this record's number.
                if parse_record(&body).is_ok_and(|(told, ..)| told != number) {
                    found.note("bad-lookup", &place, format!("{path} gives another record's number"));
                    return Ok(());
                }
                lookup.feed_lookup(&body);
            }
            Ok(Step::Need(Need::Tiles(tiles))) => {
                for tile in tiles {
                    let body = whole(shelf, &tile).await?;
                    if let Err(error) = lookup.feed_tile(&tile, &body) {
                        found.note("bad-lookup", &place, format!("{tile}: {}", chain_of(&error)));
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// The body of a tile; none if it is not there, which then does not prove.
async fn whole(shelf: &dyn Shelf, tile: &Tile) -> Result<Vec<u8>, String> {
    Ok(shelf.tile(tile).await?.unwrap_or_default().to_vec())
}

/// Holds the checkpoint against the head: whichever is longer must continue the other.
async fn checkpoint(shelf: &dyn Shelf, key: &VerifierKey, head: &Head, note: &[u8], found: &mut Found) -> Result<(), String> {
    let read = match note::open(note, &[key]) {
        Ok(note) => Checkpoint::parse(note.text()).map_err(|error| chain_of(&error)),
        Err(error) => Err(chain_of(&error)),
    };
    let checkpoint = match read {
        Ok(checkpoint) => checkpoint,
        Err(why) => {
            found.note("bad-checkpoint", "checkpoint", why);
            return Ok(());
        }
    };
    if checkpoint.origin() != key.name() {
        let text = format!("its origin is {}, and the key's name {}", checkpoint.origin(), key.name());
        found.note("bad-checkpoint", "checkpoint", text);
    }
    let (told, known) = (checkpoint.tree(), head.tree());
    let (longer, shorter) = if told.size > known.size { (told, known) } else { (known, told) };
    if !continues(shelf, longer, shorter).await? {
        let text = format!("it and latest are of two trees:\n{}\n{}", String::from_utf8_lossy(note), head.note());
        found.note("forked", "checkpoint", text);
    }
    Ok(())
}

/// Whether the tree `longer` begins with `shorter`.
async fn continues(shelf: &dyn Shelf, longer: Tree, shorter: Tree) -> Result<bool, String> {
    if shorter.size == longer.size {
        return Ok(shorter.hash == longer.hash);
    }
    let indexes = tree_hash_indexes(shorter.size);
    let plan = TilePlan::new(longer, &indexes).map_err(|error| chain_of(&error))?;
    let mut bodies = Vec::new();
    for tile in plan.tiles() {
        bodies.push(whole(shelf, tile).await?);
    }
    let proven = plan.verify(bodies).ok().and_then(|tiles| tiles.hashes(&indexes).ok());
    Ok(proven.and_then(|hashes| tree_hash(shorter.size, &hashes).ok()).is_some_and(|hash| hash == shorter.hash))
}

/// Holds the tile of records and the tiles of hashes above it against the forms of C2SP.
async fn forms(shelf: &dyn Shelf, head: &Head, tile: &Tile, body: &[u8], found: &mut Found) -> Result<(), String> {
    let plan = TilePlan::for_tile(head.tree(), tile).map_err(|error| chain_of(&error))?;
    for go in std::iter::once(tile).chain(plan.tiles()) {
        let Some(path) = tile_path(go) else { continue };
        let body = if go.level() == TileLevel::Data { body.to_vec() } else { whole(shelf, go).await? };
        if form(shelf, go, &path).await?.as_deref() != Some(&body[..]) {
            found.note_once("other-form", &path, &format!("it does not say what {go} says"));
        }
    }
    Ok(())
}

/// What the form of C2SP at `path` says in Go's, cut out of the full one if the tile has grown meanwhile; `None` if it is not there, or no such form.
async fn form(shelf: &dyn Shelf, go: &Tile, path: &str) -> Result<Option<Vec<u8>>, String> {
    let in_gos = |body: Bytes| if go.level() == TileLevel::Data { data_tile_body(&body).ok() } else { Some(body.to_vec()) };
    if let Some(body) = shelf.file(path, limits::MAX_TILE_BYTES).await? {
        return Ok(in_gos(body));
    }
    let Some(path) = tile_path(&go.full()).filter(|_| !go.is_full()) else { return Ok(None) };
    let full = shelf.file(&path, limits::MAX_TILE_BYTES).await?;
    Ok(full.and_then(in_gos).and_then(|body| go.cut(&body)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use async_trait::async_trait;
    use gomod::sumdb::{
        checkpoint::entry_bundle,
        note::SignerKey,
        tlog::{Hash, record_hash, stored_hashes},
    };

    use super::*;
    use crate::{
        journey::Journey,
        replay::{Remote, Sample, replay},
        upstream::Failure,
    };

    /// The files of a database, by their paths.
    struct Files(HashMap<String, Vec<u8>>);

    #[async_trait]
    impl Shelf for Files {
        async fn head(&self) -> Result<Vec<u8>, String> {
            Ok(self.0["latest"].clone())
        }

        async fn tile(&self, tile: &Tile) -> Result<Option<Bytes>, String> {
            self.file(&tile.to_string(), u64::MAX).await
        }

        async fn file(&self, path: &str, _: u64) -> Result<Option<Bytes>, String> {
            Ok(self.0.get(path).cloned().map(Bytes::from))
        }
    }

    #[async_trait]
    impl crate::upstream::Files for Files {
        fn name(&self) -> &str {
            "sum.test"
        }

        async fn get(&self, path: &str, _: u64, _: &Journey) -> Result<Bytes, Failure> {
            self.0.get(path).cloned().map(Bytes::from).ok_or_else(|| Failure::NotExist(path.to_owned()))
        }
    }

    fn key() -> SignerKey {
        SignerKey::from_seed("sum.test", &[7; 32]).expect("a key")
    }

    fn signed(text: &str) -> Vec<u8> {
        note::sign(text, &[], &[&key()]).expect("a note").into_bytes()
    }

    fn tree_of(hashes: &[Hash], size: u64) -> Tree {
        let of: Vec<Hash> = tree_hash_indexes(size).into_iter().map(|index| hashes[index as usize]).collect();
        Tree { size, hash: tree_hash(size, &of).expect("a tree") }
    }

    fn checkpoint_of(origin: &str, tree: Tree) -> Vec<u8> {
        signed(&Checkpoint::new(origin, tree).expect("a checkpoint").to_string())
    }

    /// A database of three records in both forms, and the hashes of its log.
    fn database() -> (Files, Vec<Hash>) {
        grown(3)
    }

    /// A database that has `size` records, of at most one full tile, and still the head of three; no narrower tiles.
    fn grown(size: u64) -> (Files, Vec<Hash>) {
        let line = |number| {
            let h1 = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
            format!("example.test/m v1.{number}.0 {h1}\nexample.test/m v1.{number}.0/go.mod {h1}\n")
        };
        let (mut hashes, mut leaves, mut body) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..size {
            let leaf = record_hash(line(number).as_bytes());
            let old: Vec<Hash> =
                gomod::sumdb::tlog::stored_hashes_indexes(number).into_iter().map(|at| hashes[at as usize]).collect();
            hashes.extend(stored_hashes(number, leaf, &old).expect("hashes"));
            leaves.extend_from_slice(&leaf.0);
            body.extend_from_slice(format!("{}\n", line(number)).as_bytes());
        }
        let (data_tile, hash_tile) = place(size, 0);
        let path = |tile: &Tile| tile_path(tile).expect("a path");
        let tree = tree_of(&hashes, 3);
        let files = [
            ("latest".to_owned(), signed(&tree.to_string())),
            ("checkpoint".to_owned(), checkpoint_of("sum.test", tree)),
            (hash_tile.to_string(), leaves.clone()),
            (path(&hash_tile), leaves),
            (path(&data_tile), entry_bundle(&body).expect("a bundle")),
            (data_tile.to_string(), body),
        ];
        (Files(HashMap::from(files)), hashes)
    }

    /// What is found, as `code place`, where `path` has this body.
    async fn check(path: &str, body: Option<Vec<u8>>, expected: &[&str]) {
        let (mut files, _) = database();
        match body {
            Some(body) => drop(files.0.insert(path.to_owned(), body)),
            None => drop(files.0.remove(path)),
        }
        assert_eq!(found_on(&files).await, expected, "{path}");
    }

    async fn found_on(shelf: &dyn Shelf) -> Vec<String> {
        let replayed = replay(shelf, &key().verifier(), None, Sample::Some(1), &|_, _| ()).await.expect("it can be read");
        let found = replayed.findings.iter().map(|found| format!("{} {}", found.code, found.place));
        // There are no lookups here; which one was asked is chance.
        found.filter(|found| !found.starts_with("bad-lookup")).collect()
    }

    #[tokio::test]
    async fn a_database_that_kept_only_the_full_tile_is_whole() {
        let (files, _) = grown(256);
        let shelf = Remote { files: &files, prefix: String::new(), journey: Journey::new(std::time::Instant::now()) };
        assert_eq!(found_on(&shelf).await, [""; 0]);
    }

    #[tokio::test]
    async fn checkpoint_and_latest_are_of_one_tree() {
        let (_, hashes) = database();
        let (whole, other) = (tree_of(&hashes, 3), Tree { size: 3, hash: hashes[0] });
        check("checkpoint", Some(checkpoint_of("sum.test", whole)), &[]).await;
        check("checkpoint", Some(checkpoint_of("sum.test", tree_of(&hashes, 2))), &[]).await;
        check("latest", Some(signed(&tree_of(&hashes, 3).to_string())), &[]).await;
        check("checkpoint", None, &[]).await;
        check("checkpoint", Some(checkpoint_of("sum.test", other)), &["forked checkpoint"]).await;
        check("checkpoint", Some(checkpoint_of("sum.test", Tree { size: 2, hash: hashes[0] })), &["forked checkpoint"]).await;
        check("checkpoint", Some(checkpoint_of("other.test", whole)), &["bad-checkpoint checkpoint"]).await;
        check("checkpoint", Some(b"no note\n".to_vec()), &["bad-checkpoint checkpoint"]).await;
    }

    #[tokio::test]
    async fn the_forms_of_c2sp_say_what_gos_say() {
        for path in ["tile/0/000.p/3", "tile/entries/000.p/3"] {
            let mut body = database().0.0[path].clone();
            body[20] ^= 1;
            check(path, Some(body), &[&format!("other-form {path}")]).await;
            check(path, None, &[&format!("other-form {path}")]).await;
        }
    }

    #[test]
    fn a_sample_is_as_large_as_it_is_said_and_within_the_log() {
        for (sample, size, count) in
            [(Sample::Some(0), 5, 0), (Sample::Some(9), 1000, 9), (Sample::Some(9), 4, 4), (Sample::All, 7, 7)]
        {
            let numbers: Vec<u64> = sample.numbers(size).collect();
            assert_eq!(numbers.len(), count, "{sample:?}");
            assert!(numbers.is_sorted_by(|one, next| one < next) && numbers.iter().all(|number| *number < size), "{numbers:?}");
        }
    }
}

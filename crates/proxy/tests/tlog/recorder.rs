//! Remembers every head that was ever signed and every tile that was ever put, and judges them.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use gomod::sumdb::{
    tile::{Tile, TileLevel, records},
    tlog::{Hash, Tree, record_hash, stored_hashes, stored_hashes_indexes, tree_hash, tree_hash_indexes},
};
use proxy::tlog::SignedHead;

/// Ends each line that is written down.
pub(crate) const END: &str = " ;";

/// Clones share what is remembered. Backups that come back do not reach it.
#[derive(Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    signed: Vec<(Tree, String)>,
    tiles: BTreeMap<String, Bytes>,
    changed: Vec<String>,
    /// Where it is written down, too, for those who outlive this process.
    paper: Option<File>,
}

impl Recorder {
    /// One that writes all of it down: a line for each, in one call to the system. `paper` is open for appending.
    pub(crate) fn writing(paper: File) -> Self {
        let recorder = Self::default();
        recorder.seen().paper = Some(paper);
        recorder
    }

    /// Writes down one more line. One that a kill cut short has no end mark, and does not run into the next one.
    pub(crate) fn say(&self, line: &str) {
        if let Some(paper) = &mut self.seen().paper {
            paper.write_all(format!("\n{line}{END}\n").as_bytes()).expect("what is said must be known");
        }
    }

    /// Remembers what another one wrote down; false if the line says something else.
    pub(crate) fn hear(&self, line: &str) -> bool {
        let bytes = |hex: &str| hex::decode(hex).expect("hexadecimal digits");
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["signed", note] => {
                let note = String::from_utf8(bytes(note)).expect("a note");
                let tree = note.split_once("\n\n").and_then(|(text, _)| Tree::parse(&format!("{text}\n")).ok());
                self.seen().signed.push((tree.expect("a tree head"), note));
            }
            ["put", path, body] => self.put(path, &Bytes::from(bytes(body))),
            _ => return false,
        }
        true
    }

    pub(crate) fn signed(&self, head: &SignedHead) {
        self.say(&format!("signed {}", hex::encode(head.note())));
        self.seen().signed.push((head.tree(), head.note().to_owned()));
    }

    pub(crate) fn put(&self, path: &str, bytes: &Bytes) {
        if !path.starts_with("tile/") {
            return;
        }
        self.say(&format!("put {path} {}", hex::encode(bytes)));
        let mut seen = self.seen();
        if seen.tiles.entry(path.to_owned()).or_insert_with(|| bytes.clone()) != bytes {
            seen.changed.push(path.to_owned());
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn heads(&self) -> Vec<Tree> {
        self.seen().signed.iter().map(|(tree, _)| *tree).collect()
    }

    /// The records of the largest head that was ever signed.
    pub(crate) fn texts(&self) -> Vec<Bytes> {
        let size = self.heads().iter().map(|tree| tree.size).max().unwrap_or(0);
        self.seen().texts(size)
    }

    /// Fails unless no tile ever had two contents, every head is of one and the same history, and each is larger than those before it or one
    /// of them, to the last byte.
    pub(crate) fn judge(&self, what: &str) {
        let seen = self.seen();
        assert!(seen.changed.is_empty(), "{what}: tiles with two contents: {:?}", seen.changed);
        let mut notes: BTreeMap<u64, &str> = BTreeMap::new();
        for (tree, note) in &seen.signed {
            let newest = notes.last_key_value().map_or(0, |(size, _)| *size);
            assert!(tree.size >= newest || notes.contains_key(&tree.size), "{what}: back to {} from {newest}", tree.size);
            let known = *notes.entry(tree.size).or_insert(note);
            assert!(known == note, "{what}: two heads of {} records:\n{known}\n{note}", tree.size);
        }
        let Some(largest) = seen.signed.iter().map(|(tree, _)| *tree).max_by_key(|tree| tree.size) else { return };
        let history = History::new(&seen.texts(largest.size));
        for (tree, _) in &seen.signed {
            assert_eq!(history.root(tree.size), Some(tree.hash), "{what}: a head of {} records of another history", tree.size);
        }
    }
}

impl Seen {
    /// The texts of the first `size` records, from the widest tiles that were ever put.
    fn texts(&self, size: u64) -> Vec<Bytes> {
        let mut widest: BTreeMap<u64, &Bytes> = BTreeMap::new();
        for (path, body) in &self.tiles {
            let tile = Tile::parse(path).expect("a tile's path");
            if tile.level() == TileLevel::Data {
                let known = widest.entry(tile.number()).or_insert(body);
                *known = if body.len() > known.len() { body } else { known };
            }
        }
        let texts = widest.values().flat_map(|body| records(body).expect("records").into_iter().map(Bytes::copy_from_slice));
        texts.take(size as usize).collect()
    }
}

/// A log's hashes, computed from its records alone.
pub(crate) struct History(Vec<Hash>);

impl History {
    pub(crate) fn new(texts: &[Bytes]) -> Self {
        let mut all: Vec<Hash> = Vec::new();
        for (number, text) in texts.iter().enumerate() {
            let old: Vec<Hash> = stored_hashes_indexes(number as u64).iter().map(|index| all[*index as usize]).collect();
            all.extend(stored_hashes(number as u64, record_hash(text), &old).expect("as many as named"));
        }
        Self(all)
    }

    /// The root of the first `size` records; `None` if there are not so many.
    pub(crate) fn root(&self, size: u64) -> Option<Hash> {
        let hashes: Vec<Hash> = tree_hash_indexes(size).iter().filter_map(|index| self.0.get(*index as usize).copied()).collect();
        tree_hash(size, &hashes).ok()
    }
}

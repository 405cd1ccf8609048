//! The checksum database's texts, tiles and proofs.

use gomod::sumdb::grow::Edge;
use gomod::sumdb::note::{self, Signature, SignerKey, VerifierKey};
use gomod::sumdb::tile::{Tile, TileLevel};
use gomod::sumdb::tlog::{self, Hash, Tree};
use serde_json::{Value, json};

use crate::compare::{agree, either, pack, unpack, verdict};
use crate::random::{Bend as _, Random};

/// Two keys that are known and one that nobody knows.
fn keys() -> [SignerKey; 3] {
    let key = |name, byte| SignerKey::from_seed(name, &[byte; 32]).expect("the names are good");
    [key("sum.example", 1), key("localhost.localdev/sumdb", 2), key("stranger.example", 3)]
}

const KEYS: &[&str] = &[
    "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
    "localhost.localdev/sumdb+00000c67+AcTrnkbUA+TU4heY3hkjiSES/DSQniBqIeQ/YppAUtK6",
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
];

const KEY_TOKENS: &[&str] = &["+", "=", "A", " ", "\n", "033de0ae", "-", "_", "sum", "\u{a0}", "\u{2003}"];

#[test]
fn verifier_keys_are_read_as_go_does() {
    agree(
        "verifier",
        |random| vec![random.bent(KEYS, KEY_TOKENS)],
        |question| vec![either(VerifierKey::parse(&question[0]).map(|key| json!([key.name(), key.hash()])))],
    );
}

const NOTE_TEXTS: &[&str] = &[
    "go.sum database tree\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "text\n",
    "\n",
    "two\n\nparts\n",
    "\n\n\n",
    "— sum.example AAAAAAAA\n",
];

const NOTE_TOKENS: &[&str] =
    &["\n", "\n\n", "— ", "— sum.example ", "—", " ", "AAAA", "=", "\r", "\t", "\u{85}", "stranger.example", "+"];

/// A note that somebody signed, often bent afterwards, sometimes with lines twice.
fn signed(random: &mut Random) -> Vec<u8> {
    let mut text = random.bent(NOTE_TEXTS, NOTE_TOKENS);
    text.retain(|character| character >= ' ' || character == '\n');
    text.push('\n');
    let keys = keys();
    let chosen: Vec<&SignerKey> = keys.iter().filter(|_| !random.one_in(3)).collect();
    let Ok(mut message) = note::sign(&text, &[], &chosen) else { return text.into_bytes() };
    let signature_lines: Vec<String> = message.lines().filter(|line| line.starts_with('—')).map(str::to_owned).collect();
    if random.one_in(4) && !signature_lines.is_empty() {
        let lines: Vec<&str> = signature_lines.iter().map(String::as_str).collect();
        let line = random.bent(&lines, NOTE_TOKENS);
        message.push_str(&line);
        message.push('\n');
    }
    if random.one_in(2) {
        message = random.bent(&[&message], NOTE_TOKENS);
    }
    let mut bytes = message.into_bytes();
    if random.one_in(4) {
        random.bend_bytes(&mut bytes);
    }
    bytes
}

#[test]
fn notes_are_opened_as_go_does() {
    let [one, two, _] = keys();
    let known = [one.verifier(), two.verifier()];
    let question = |random: &mut Random| {
        let count = random.below(3);
        [vec![pack(&signed(random))], known[..count].iter().map(VerifierKey::to_string).collect()].concat()
    };
    agree("note", question, |question| {
        let parsed: Vec<VerifierKey> =
            question[1..].iter().map(|key| VerifierKey::parse(key).expect("printed by gomod")).collect();
        let opened = note::open(&unpack(&question[0]), &parsed.iter().collect::<Vec<_>>());
        vec![either(
            opened.map(|note| json!([pack(note.text().as_bytes()), listed(note.signatures()), listed(note.unverified())])),
        )]
    });
}

fn listed(signatures: &[Signature]) -> Value {
    signatures.iter().map(|signature| json!([signature.name, signature.hash, signature.base64])).collect()
}

const TREES: &[&str] = &[
    "go.sum database tree\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    "go.sum database tree\n9223372036854775807\nTszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0=\nmore\n\n",
    "go.sum database tree\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
];

const TREE_TOKENS: &[&str] = &["\n", "0", "9", "-", "+", "=", "A", "\r", " ", "go.sum database tree", "9223372036854775808", "_"];

#[test]
fn tree_heads_are_read_as_go_does() {
    agree(
        "tree",
        |random| vec![pack(&random.bent_bytes(TREES, TREE_TOKENS))],
        |question| {
            let text = unpack(&question[0]);
            // The type says UTF-8; Go looks for no more than the form. A note's text is UTF-8 already.
            let tree = Tree::parse(&String::from_utf8_lossy(&text));
            match tree {
                Ok(tree) => vec![json!([tree.size, tree.hash.to_string()]), json!(tree.to_string())],
                Err(error) => vec![either(Err::<Value, _>(error))],
            }
        },
    );
}

const RECORDS: &[&str] = &[
    "42\nexample.test/m v1.0.0 h1:AAAA=\nexample.test/m v1.0.0/go.mod h1:BBBB=\n\ngo.sum database tree\n43\nAAAA\n",
    "0\nx\n\n",
    "9223372036854775807\nx\n\nrest",
    "+7\n\n\n",
];

const RECORD_TOKENS: &[&str] = &["\n", "\n\n", "0", "9", "+", "\r", "\t", " ", "é", "_"];

#[test]
fn lookup_records_are_read_as_go_does() {
    let message = |random: &mut Random| {
        loop {
            let message = random.bent_bytes(RECORDS, RECORD_TOKENS);
            // A departure: ids with a minus sign are refused, which Go takes for numbers.
            if !message.starts_with(b"-") {
                return vec![pack(&message)];
            }
        }
    };
    agree("record", message, |question| {
        let message = unpack(&question[0]);
        vec![either(tlog::parse_record(&message).map(|(id, text, rest)| json!([id, pack(text.as_bytes()), pack(rest)])))]
    });
}

const TILES: &[&str] = &[
    "tile/8/0/000",
    "tile/8/1/x001/x234/067",
    "tile/8/data/x123/456.p/255",
    "tile/4/63/x999/999.p/1",
    "tile/1/0/000.p/1",
    "tile/30/0/000.p/1073741823",
    "tile/8/0/x009/x223/x372/x036/x854/x775/807",
];

const TILE_TOKENS: &[&str] = &[
    "/", "x", "x000/", "x001/", "000", ".p/", ".p/256", ".p/0", "data", "0", "9", "+", "-", "tile/", "8", "30", "31", "64", "_",
];

#[test]
fn tile_paths_are_read_and_printed_as_go_does() {
    let path = |random: &mut Random| {
        loop {
            let path = random.bent(TILES, TILE_TOKENS);
            // A departure: a level that no tree has is refused.
            let level = path.split('/').nth(2).and_then(|level| level.parse::<u64>().ok());
            if level.is_none_or(|level| level < 64) {
                return vec![path];
            }
        }
    };
    agree("tile", path, |question| match Tile::parse(&question[0]) {
        Ok(tile) => {
            let level = match tile.level() {
                TileLevel::Data => -1,
                TileLevel::Hashes(level) => i64::from(level),
            };
            vec![json!([tile.height(), level, tile.number(), tile.width()]), json!(tile.to_string())]
        }
        Err(error) => vec![either(Err::<Value, _>(error))],
    });
}

/// The stored hashes of a log whose records are their own numbers, as the oracle's.
fn stored(records: u64) -> Vec<Hash> {
    let mut all: Vec<Hash> = Vec::new();
    for record in 0..records {
        let old: Vec<Hash> = tlog::stored_hashes_indexes(record).iter().map(|index| all[*index as usize]).collect();
        all.extend(
            tlog::stored_hashes(record, tlog::record_hash(record.to_string().as_bytes()), &old).expect("as many as named"),
        );
    }
    all
}

/// As many records as the proofs below are about.
const LOG: u64 = 1200;

/// A log that can be asked for what proofs need.
struct Log(Vec<Hash>);

impl Log {
    fn at(&self, indexes: &[u64]) -> Vec<Hash> {
        indexes.iter().map(|index| self.0[*index as usize]).collect()
    }

    fn root(&self, size: u64) -> Hash {
        tlog::tree_hash(size, &self.at(&tlog::tree_hash_indexes(size))).expect("as many as named")
    }

    fn prove_record(&self, size: u64, record: u64) -> Result<Vec<Hash>, tlog::TlogError> {
        tlog::prove_record(size, record, &self.at(&tlog::prove_record_indexes(size, record)?))
    }

    fn prove_tree(&self, size: u64, old: u64) -> Result<Vec<Hash>, tlog::TlogError> {
        tlog::prove_tree(size, old, &self.at(&tlog::prove_tree_indexes(size, old)?))
    }

    fn leaf(&self, record: u64) -> Hash {
        self.0[tlog::stored_hash_index(0, record) as usize]
    }
}

fn packed(hashes: &[Hash]) -> String {
    pack(&hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>())
}

fn hashes(argument: &str) -> Vec<Hash> {
    unpack(argument).chunks_exact(32).map(|chunk| Hash(chunk.try_into().expect("32 bytes"))).collect()
}

/// Two numbers with 0 ≤ second ≤ first < [`LOG`], mostly.
fn sizes(random: &mut Random) -> (u64, u64) {
    let size = random.size(11) % LOG;
    let part = if size > 0 && !random.one_in(20) { random.number() % size } else { random.size(11) % LOG };
    (size, part)
}

#[test]
fn roots_and_storage_places_are_those_of_go() {
    let log = Log(stored(LOG));
    agree(
        "storedhashes",
        |random| vec![(random.number() % LOG).to_string()],
        |question| {
            let size: u64 = question[0].parse().expect("a number");
            vec![json!(log.root(size).to_string()), json!(tlog::stored_hash_index(0, size)), json!(tlog::stored_hash_count(size))]
        },
    );
}

#[test]
fn a_log_grows_into_the_root_and_the_tiles_of_go() {
    let texts: Vec<String> = (0..LOG).map(|number| format!("{number}\n")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let question = |random: &mut Random| {
        let (size, old) = sizes(random);
        vec![size.max(old).to_string(), old.to_string()]
    };
    agree("newtiles", question, |question| {
        let (size, old): (usize, usize) = (question[0].parse().expect("a number"), question[1].parse().expect("a number"));
        let mut edge = Edge::empty();
        edge.grow(&texts[..old]).expect("records");
        let tiles = edge.grow(&texts[old..size]).expect("records");
        let hashes = tiles.iter().filter(|(tile, _)| tile.level() != TileLevel::Data);
        let printed: Vec<Value> = hashes.map(|(tile, body)| json!([tile.to_string(), pack(body)])).collect();
        vec![json!([edge.tree().hash.to_string(), printed])]
    });
}

#[test]
fn inclusion_proofs_are_made_as_go_does() {
    let log = Log(stored(LOG));
    let question = |random: &mut Random| {
        let (size, record) = sizes(random);
        vec![size.to_string(), record.to_string()]
    };
    agree("proverecord", question, |question| {
        let (size, record) = (question[0].parse().expect("a number"), question[1].parse().expect("a number"));
        let made = log.prove_record(size, record).map_err(|error| format!("tlog: {error} in ProveRecord"));
        vec![either(made.map(|proof| json!([packed(&proof), packed(&[log.root(size), log.leaf(record)])])))]
    });
}

#[test]
fn consistency_proofs_are_made_as_go_does() {
    let log = Log(stored(LOG));
    let question = |random: &mut Random| {
        let (size, old) = sizes(random);
        vec![size.to_string(), old.to_string()]
    };
    agree("provetree", question, |question| {
        let (size, old) = (question[0].parse().expect("a number"), question[1].parse().expect("a number"));
        let made = log.prove_tree(size, old).map_err(|error| format!("tlog: {error} in ProveTree"));
        vec![either(made.map(|proof| json!([packed(&proof), packed(&[log.root(size), log.root(old)])])))]
    });
}

/// A proof with its numbers and hashes, some of it wrong in most questions.
fn bent_proof(random: &mut Random, mut proof: Vec<Hash>, numbers: (u64, u64), mut ends: [Hash; 2]) -> Vec<String> {
    let (mut size, mut part) = numbers;
    match random.below(8) {
        // Above 2^62 Go's own arithmetic overflows, and its check never ends.
        0 => size = random.size(61),
        1 => part = random.size(11),
        2 if !proof.is_empty() => drop(proof.remove(random.below(proof.len()))),
        3 => proof.insert(random.below(proof.len() + 1), ends[random.below(2)]),
        4 if !proof.is_empty() => {
            let at = random.below(proof.len());
            proof[at].0[random.below(32)] ^= 1 << random.below(8);
        }
        5 if proof.len() > 1 => proof.swap(0, random.below(2).max(1)),
        6 => ends[random.below(2)].0[random.below(32)] ^= 1 << random.below(8),
        _ => {}
    }
    vec![packed(&proof), size.to_string(), packed(&ends), part.to_string()]
}

#[test]
fn inclusion_proofs_are_believed_as_go_does() {
    let log = Log(stored(LOG));
    let question = |random: &mut Random| {
        let (size, record) = sizes(random);
        let proof = log.prove_record(size, record).unwrap_or_default();
        bent_proof(random, proof, (size, record), [log.root(size), log.leaf(record)])
    };
    agree("checkrecord", question, |question| {
        let ends = hashes(&question[2]);
        let (size, record) = (question[1].parse().expect("a number"), question[3].parse().expect("a number"));
        let checked = tlog::check_record(&hashes(&question[0]), size, &ends[0], record, &ends[1]);
        vec![verdict(checked.map_err(|error| in_function(error, "CheckRecord")))]
    });
}

#[test]
fn consistency_proofs_are_believed_as_go_does() {
    let log = Log(stored(LOG));
    let question = |random: &mut Random| {
        let (size, old) = sizes(random);
        let proof = log.prove_tree(size, old).unwrap_or_default();
        bent_proof(random, proof, (size, old), [log.root(size), log.root(old)])
    };
    agree("checktree", question, |question| {
        let ends = hashes(&question[2]);
        let (size, old) = (question[1].parse().expect("a number"), question[3].parse().expect("a number"));
        let checked = tlog::check_tree(&hashes(&question[0]), size, &ends[0], old, &ends[1]);
        vec![verdict(checked.map_err(|error| in_function(error, "CheckTree")))]
    });
}

/// Go puts the function's name around one of its two texts.
fn in_function(error: tlog::TlogError, function: &str) -> String {
    match error {
        tlog::TlogError::Inputs => format!("tlog: invalid inputs in {function}"),
        other => other.to_string(),
    }
}

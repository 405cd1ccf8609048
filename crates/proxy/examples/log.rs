//! Measures a log of our own, for `make bench`: `log grow FOLDER RECORDS` and `log checks`. Prints JSON.

use std::{
    error::Error,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use gomod::{
    dirhash::{H1, go_mod_h1},
    module::{ModulePath, Version},
    sumdb::{
        lookup::{Lookup, Need, Step},
        note::{self, SignerKey},
        record::Record,
        tile::{HEIGHT, Tile, TileLevel},
        tlog::{
            Hash, Tree, check_record, format_record, prove_record, prove_record_indexes, record_hash, stored_hash_index,
            stored_hashes, stored_hashes_indexes, tree_hash, tree_hash_indexes,
        },
    },
};
use proxy::{
    clock::Clock,
    tlog::{Log, LogSettings},
};
use serde_json::{Value, json};
use store::Store;
use tokio::task::{JoinHandle, JoinSet};

/// Who adds side by side, as many as fill a batch.
const ADDERS: u64 = 1024;

/// Lookups of one measurement.
const LOOKUPS: u64 = 20_000;

/// How long checks are measured.
const SECONDS: f64 = 3.0;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let told = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["grow", folder, records] => grow(Path::new(folder), records.parse()?).await?,
        ["checks"] => checks()?,
        _ => return Err("log grow FOLDER RECORDS | log checks".into()),
    };
    println!("{told}");
    Ok(())
}

/// Adds records until there are so many, and measures at each power of ten from 1,000 on.
async fn grow(folder: &Path, records: u64) -> Result<Value> {
    std::fs::create_dir_all(folder)?;
    let mut rows = Vec::new();
    let (mut log, mut sequencer) = open(folder).await?;
    let (mut size, mut target) = (0, 1000);
    while target <= records {
        let began = Instant::now();
        fill(&log, size, target).await?;
        let per_second = (target - size) as f64 / began.elapsed().as_secs_f64();
        size = target;
        let (lookup, alone) = (lookups(&log, size).await?, alone(&log, size).await?);
        // A new start: the process's own caches are cold, the machine's are not.
        drop(log);
        sequencer.await?;
        let began = Instant::now();
        (log, sequencer) = open(folder).await?;
        let start_ms = began.elapsed().as_secs_f64() * 1e3;
        rows.push(json!({
            "records": size, "appended_per_second": per_second, "append_alone_ms": alone,
            "lookup_p50_us": lookup.0, "lookup_p99_us": lookup.1, "start_ms": start_ms,
        }));
        target *= 10;
    }
    Ok(Value::Array(rows))
}

async fn open(folder: &Path) -> Result<(Arc<Log>, JoinHandle<()>)> {
    let store = Store::open_embedded(folder)?;
    let signers = vec![SignerKey::from_seed("sum.bench.test", &[1; 32])?];
    let holder = format!("{:?}", Instant::now());
    let settings = LogSettings { log: "bench".to_owned(), signers, holder, may_forget: false, signed: Arc::new(|_| {}) };
    let (log, sequencer) = Log::open(settings, store.logs, Clock::system()).await?;
    Ok((log, tokio::spawn(sequencer.run())))
}

async fn fill(log: &Arc<Log>, from: u64, to: u64) -> Result<()> {
    let next = Arc::new(AtomicU64::new(from));
    let mut adders = JoinSet::new();
    for _ in 0..ADDERS {
        let (log, next) = (Arc::clone(log), Arc::clone(&next));
        adders.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= to {
                    return Ok(());
                }
                let record = record(number);
                log.add(&record.key(), &record.to_string()).await?;
            }
        });
    }
    while let Some(end) = adders.join_next().await {
        end?.map_err(|error: proxy::tlog::LogError| error)?;
    }
    Ok(())
}

/// Median and 99th percentile in microseconds, one lookup after the other, drawn evenly.
async fn lookups(log: &Log, size: u64) -> Result<(f64, f64)> {
    let mut times = Vec::new();
    for round in 0..LOOKUPS + LOOKUPS / 10 {
        let key = record(round.wrapping_mul(0x9E37_79B9_7F4A_7C15) % size).key();
        let began = Instant::now();
        let found = log.lookup(&key).await?.ok_or("it was added")?;
        std::hint::black_box(found.answer());
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    let warm = &mut times[LOOKUPS as usize / 10..];
    warm.sort_by(f64::total_cmp);
    Ok((warm[warm.len() / 2], warm[warm.len() * 99 / 100]))
}

/// The median time of one record that waits for nobody and shares with nobody, in milliseconds.
async fn alone(log: &Log, size: u64) -> Result<f64> {
    let mut times = Vec::new();
    for round in 0..50u64 {
        let began = Instant::now();
        log.append(&format!("{size} {round}\n")).await?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Proofs checked in a second on this core: of one record in a tree of a million; and whole lookups as a client does them, signature and
/// tiles and all.
fn checks() -> Result<Value> {
    const SIZE: u64 = 1_000_000;
    let records: Vec<String> = (0..SIZE).map(|number| record(number).to_string()).collect();
    let mut all: Vec<Hash> = Vec::with_capacity(2 * SIZE as usize);
    for (number, text) in records.iter().enumerate() {
        let old: Vec<Hash> = stored_hashes_indexes(number as u64).iter().map(|index| all[*index as usize]).collect();
        all.extend(stored_hashes(number as u64, record_hash(text.as_bytes()), &old)?);
    }
    let at = |indexes: &[u64]| -> Vec<Hash> { indexes.iter().map(|index| all[*index as usize]).collect() };
    let tree = Tree { size: SIZE, hash: tree_hash(SIZE, &at(&tree_hash_indexes(SIZE)))? };
    let proofs: Vec<(u64, Vec<Hash>)> = (0..4096u64)
        .map(|round| round.wrapping_mul(0x9E37_79B9_7F4A_7C15) % SIZE)
        .map(|number| Ok((number, prove_record(SIZE, number, &at(&prove_record_indexes(SIZE, number)?))?)))
        .collect::<Result<_>>()?;
    let proofs_per_second = per_second(|round| {
        let (number, proof) = &proofs[round % proofs.len()];
        Ok(check_record(proof, SIZE, &tree.hash, *number, &record_hash(records[*number as usize].as_bytes()))?)
    })?;
    let key = SignerKey::from_seed("sum.bench.test", &[1; 32])?;
    let head = note::sign(&tree.to_string(), &[], &[&key])?;
    let verifier = key.verifier();
    let lookups_per_second = per_second(|round| {
        let number = proofs[round % proofs.len()].0;
        let (module, version) = (ModulePath::parse(&module(number))?, Version::parse("v1.0.0")?);
        let mut lookup = Lookup::new(&verifier, Some(&head), &module, &version)?;
        loop {
            match lookup.step()? {
                Step::Proved(_) => return Ok(()),
                Step::Need(Need::Lookup(_)) => {
                    lookup.feed_lookup((format_record(number, &records[number as usize])? + &head).as_bytes());
                }
                Step::Need(Need::Tiles(tiles)) => {
                    for tile in tiles {
                        lookup.feed_tile(&tile, &body(&tile, &all))?;
                    }
                }
            }
        }
    })?;
    Ok(json!({ "records": SIZE, "proofs_per_second": proofs_per_second, "lookups_per_second": lookups_per_second }))
}

fn body(tile: &Tile, all: &[Hash]) -> Vec<u8> {
    let TileLevel::Hashes(level) = tile.level() else { return Vec::new() };
    let first = tile.number() << HEIGHT;
    let indexes = (first..first + u64::from(tile.width())).map(|number| stored_hash_index(level * HEIGHT, number));
    indexes.flat_map(|index| all[index as usize].0).collect()
}

fn per_second(mut check: impl FnMut(usize) -> Result<()>) -> Result<f64> {
    let (began, mut round) = (Instant::now(), 0);
    while round % 256 != 0 || began.elapsed().as_secs_f64() < SECONDS {
        check(round)?;
        round += 1;
    }
    Ok(round as f64 / began.elapsed().as_secs_f64())
}

fn module(number: u64) -> String {
    format!("corp.bench.test/team{}/module{number}", number % 100)
}

/// A record with sums that nobody computed.
fn record(number: u64) -> Record {
    let h1 = |what: u8| -> H1 { go_mod_h1(&[&number.to_le_bytes()[..], &[what]].concat()) };
    let (module, version) = (ModulePath::parse(&module(number)), Version::parse("v1.0.0"));
    Record::new(module.expect("a path"), version.expect("a version"), h1(1), h1(2)).expect("a record")
}

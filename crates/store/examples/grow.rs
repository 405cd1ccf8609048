//! Measures how logs grow: `cargo run --release -p store --example grow -- DIRECTORY RECORDS`.
//!
//! Appends records in batches of 500 in the order that logs keep to, with stand-ins for tiles and signatures, and prints at every power of ten
//! what a batch and a question for a number take, and how large the index is.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use store::{Extended, Logs, Store};

const LOG: &str = "sum.example.com";
const BATCH: u64 = 500;
const QUESTIONS: u64 = 2_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let home = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let records: u64 = arguments.next().ok_or("how many records?")?.parse()?;
    fs::create_dir_all(&home)?;
    let logs = Store::open_embedded(&home)?.logs;
    let fence = logs.lock.lease(LOG, "grow", 0, 3600).await?.ok_or("another one has the log")?;
    let (mut size, mut batches, mut report_at) = (0, Vec::new(), 1_000);
    while size < records {
        let started = Instant::now();
        append(&logs, fence, size).await?;
        batches.push(started.elapsed());
        size += BATCH;
        if size >= report_at {
            report(&logs, &home, size, std::mem::take(&mut batches)).await?;
            report_at *= 10;
        }
    }
    Ok(())
}

async fn append(logs: &Logs, fence: u64, size: u64) -> Result<(), Box<dyn Error>> {
    let (old, new) = ((size > 0).then(|| head(size)), head(size + BATCH));
    let staged = format!("staging/{}", size + BATCH);
    logs.files.put(LOG, vec![(staged.clone(), Bytes::from(vec![7; 100 * BATCH as usize]))]).await?;
    let keys = (size..size + BATCH).map(|number| (key(number), number)).collect();
    if logs.lock.extend(LOG, fence, old, new.clone(), keys).await? != Extended::Yes {
        return Err("the log was moved by another one".into());
    }
    logs.files.put(LOG, tiles(size, size + BATCH)).await?;
    if !logs.files.publish(LOG, (size > 0).then(|| head(size)), new).await? {
        return Err("another one published the log".into());
    }
    let edge = tiles(size.saturating_sub(BATCH), size).into_iter().map(|(path, _)| path).filter(|path| path.contains(".p/"));
    logs.files.remove(LOG, edge.chain([staged]).collect()).await?;
    Ok(())
}

/// The lowest tiles that a log gets when it grows from `old` to `new` records: full ones, and one at the edge.
fn tiles(old: u64, new: u64) -> Vec<(String, Bytes)> {
    let mut tiles = Vec::new();
    for number in old / 256..=new / 256 {
        let width = (new - number * 256).min(256);
        let part = if width == 256 { String::new() } else { format!(".p/{width}") };
        for level in ["0", "entries"] {
            let path = format!("tile/{level}/x{:03}/{:03}{part}", number / 1000, number % 1000);
            tiles.push((path, Bytes::from(vec![1; 32 * width as usize])));
        }
    }
    tiles
}

async fn report(logs: &Logs, home: &Path, size: u64, batches: Vec<Duration>) -> Result<(), Box<dyn Error>> {
    let mut questions = Vec::new();
    for n in 0..QUESTIONS {
        let (asked, started) = (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % size, Instant::now());
        assert_eq!(logs.lock.number(LOG, &key(asked)).await?, Some(asked));
        questions.push(started.elapsed());
    }
    let rate = BATCH as f64 * batches.len() as f64 / batches.iter().sum::<Duration>().as_secs_f64();
    let index_mib = fs::metadata(home.join("index.sqlite"))?.len() >> 20;
    println!("{size} records: {rate:.0} records a second, index {index_mib} MiB");
    print("  a batch", batches);
    print("  a number", questions);
    Ok(())
}

/// Keys as they come: versions of modules in no order.
fn key(number: u64) -> String {
    let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    format!("git.example.com/team{}/module-{scattered}@v1.{number}.0", scattered % 97)
}

fn head(size: u64) -> Bytes {
    Bytes::from(format!("{LOG}\n{size}\n{}\n", "A".repeat(150)))
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent| times[times.len() * percent / 100];
    println!("{what}: median {:?}, p99 {:?}", at(50), at(99));
}

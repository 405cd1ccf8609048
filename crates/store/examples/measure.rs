//! Measures the embedded store: `cargo run --release -p store --example measure -- DIRECTORY`.
//!
//! Prints, for catalogues of 10^3 and 10^6 versions, how long a start takes, and reads of the index where they are called and on
//! another thread; then opens of blobs. It leaves what it wrote in DIRECTORY, and finds it there the next time.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use store::{Blobs, Digest, Index, Kind, Part, Store, fs::FsBlobs, sqlite::SqliteIndex};
use tokio::task::JoinSet;

/// Versions of each module.
const VERSIONS: u64 = 50;
const READS: u64 = 8_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let home = PathBuf::from(std::env::args().nth(1).ok_or("which directory?")?);
    let mut catalogues = Vec::new();
    for versions in [1_000, 1_000_000] {
        let path = home.join(format!("{versions}/index.sqlite"));
        fs::create_dir_all(path.parent().expect("it was joined"))?;
        fill(&path, versions).await?;
        catalogues.push(Catalogue::open(&path, versions).await?);
    }
    read(&mut catalogues).await;
    catalogues.into_iter().for_each(Catalogue::print);
    println!("{}", resident()?);
    blobs(&home.join("blobs")).await?;
    Ok(())
}

/// An index of so many versions, and how long its reads took.
struct Catalogue {
    index: Arc<SqliteIndex>,
    versions: u64,
    here: Vec<Duration>,
    elsewhere: Vec<Duration>,
    list: Vec<Duration>,
}

impl Catalogue {
    async fn open(path: &Path, versions: u64) -> Result<Self, Box<dyn Error>> {
        let started = Instant::now();
        let index = Arc::new(SqliteIndex::open(path)?);
        index.ping().await?;
        println!("{versions} versions: {} MiB, start {:?}", fs::metadata(path)?.len() >> 20, started.elapsed());
        Ok(Self { index, versions, here: Vec::new(), elsewhere: Vec::new(), list: Vec::new() })
    }

    async fn read(&mut self, n: u64) {
        let (module, version) = (module(scatter(n) % (self.versions / VERSIONS)), format!("v1.{}.0", n % VERSIONS));
        let index = &self.index;
        self.here.push(time(async { assert!(index.version(&module, &version).await.is_ok_and(|found| found.is_some())) }).await);
        self.list.push(time(async { assert!(index.complete_versions(&module).await.is_ok_and(|list| list.len() == 50)) }).await);
        let index = Arc::clone(index);
        let blocking = move || run_here(async move { index.version(&module, &version).await.is_ok() });
        self.elsewhere.push(time(async { assert!(tokio::task::spawn_blocking(blocking).await.is_ok_and(|found| found)) }).await);
    }

    fn print(self) {
        println!("{} versions", self.versions);
        print("  version, where it is called", self.here);
        print("  version, on another thread", self.elsewhere);
        print("  complete_versions", self.list);
    }
}

/// In turns, so that whatever else the machine does slows both alike.
async fn read(catalogues: &mut [Catalogue]) {
    for n in 0..READS {
        for catalogue in &mut *catalogues {
            catalogue.read(n).await;
        }
    }
}

async fn blobs(home: &Path) -> Result<(), Box<dyn Error>> {
    let blobs = FsBlobs::open(home)?;
    for length in [1_000_usize, 60_000, 1 << 20, 50 << 20] {
        let bytes: Bytes = (0..length).map(|at| (at % 251) as u8).collect();
        let put = time(async { assert!(blobs.put_bytes(bytes.clone()).await.is_ok()) }).await;
        let digest = Digest::of(&bytes);
        let open =
            async || time(async { assert!(blobs.open(digest, length as u64).await.is_ok_and(|blob| blob.is_some())) }).await;
        println!("blob of {length} bytes: put {put:?}, first open {:?}", open().await);
        let mut opens = Vec::new();
        for _ in 0..5_000 {
            opens.push(open().await);
        }
        print("  open again", opens);
    }
    let started = Instant::now();
    let store = Store::open_embedded(&home.join("store"))?;
    println!("an embedded store: start {:?}", started.elapsed());
    let mut keeps = JoinSet::new();
    let started = Instant::now();
    for client in 0..64_u64 {
        let index = Arc::clone(&store.index);
        keeps.spawn(async move {
            for n in 0..100 {
                assert!(index.keep(&module(client), &format!("v1.{n}.0"), Kind::Mod, part(n)).await.is_ok());
            }
        });
    }
    keeps.join_all().await;
    println!("64 clients: {:.0} durable keeps a second", 6_400.0 / started.elapsed().as_secs_f64());
    Ok(())
}

async fn fill(path: &Path, versions: u64) -> Result<(), Box<dyn Error>> {
    let index = Arc::new(SqliteIndex::open(path)?);
    if index.version(&module(0), "v1.0.0").await?.is_some() {
        return Ok(());
    }
    // Module 0 comes last: it tells the next time that all is there.
    for first in (0..versions / VERSIONS).rev().step_by(20) {
        let mut keeps = JoinSet::new();
        for number in (first + 1).saturating_sub(20)..=first {
            for n in 0..VERSIONS {
                for kind in [Kind::Info, Kind::Mod, Kind::Zip] {
                    let index = Arc::clone(&index);
                    keeps.spawn(async move {
                        index.keep(&module(number), &format!("v1.{n}.0"), kind, part(number * VERSIONS + n)).await
                    });
                }
            }
        }
        assert!(keeps.join_all().await.iter().all(Result::is_ok));
    }
    Ok(())
}

fn module(number: u64) -> String {
    format!("example.com/team{}/module-{number}", scatter(number) % 997)
}

fn part(number: u64) -> Part {
    Part {
        digest: Digest::of(&number.to_le_bytes()),
        size_bytes: number,
        h1: Some("h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned()),
        vouched: "sumdb sum.golang.org 31415926".to_owned(),
        origin: "https://proxy.example".to_owned(),
        kept_at: 1_700_000_000,
    }
}

fn scatter(number: u64) -> u64 {
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20
}

async fn time(work: impl Future<Output = ()>) -> Duration {
    let started = Instant::now();
    work.await;
    started.elapsed()
}

/// Runs a future that never waits.
fn run_here<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Handle::current().block_on(future)
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |percent| times[times.len() * percent / 100];
    println!("{what}: p10 {:?}, median {:?}, p99 {:?}", at(10), at(50), at(99));
}

fn resident() -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(status.lines().find(|line| line.starts_with("VmRSS")).ok_or("no VmRSS")?.to_owned())
}

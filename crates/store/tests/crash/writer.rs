//! A process that writes until it dies, and the ledger of what it was told.

use std::{
    io::{BufRead, BufReader, Lines, Write as _},
    os::unix::fs::FileExt as _,
    path::Path,
    process::{ChildStderr, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use store::{Content, Digest, Index, Kind, Part, Store};

use testkit::{
    lives::{Life, again, again_under},
    random::Random,
};

use crate::log;

const ROOT: &str = "MODWAY_TEST_WRITER_ROOT";
const FIRST: &str = "MODWAY_TEST_WRITER_FIRST";

/// What writers said that they were told.
#[derive(Default)]
pub(crate) struct Ledger {
    kept: Vec<u64>,
    head: u64,
    log: u64,
}

impl Ledger {
    pub(crate) fn len(&self) -> usize {
        self.kept.len()
    }

    fn enter(&mut self, line: &str) {
        match line.split_once(' ') {
            Some(("kept", number)) => self.kept.push(number.parse().unwrap()),
            Some(("head", number)) => self.head = number.parse().unwrap(),
            Some(("log", number)) => self.log = number.parse().unwrap(),
            _ => panic!("the writer said {line:?}"),
        }
    }
}

/// A running writer.
pub(crate) struct Writer {
    life: Life,
    lines: Lines<BufReader<ChildStderr>>,
}

impl Writer {
    /// Starts one on the store at `root`. It numbers its writes from `round` on, so that those of different rounds differ.
    pub(crate) fn start(root: &Path, round: usize) -> Self {
        let mut command = again("writer::writes_until_it_dies");
        command.env(ROOT, root).env(FIRST, (round as u64 * 1_000_000).to_string());
        let (life, lines) = heard(command);
        Self { life, lines }
    }

    /// Waits until it was told of `writes` more writes.
    pub(crate) fn wait(&mut self, writes: usize, ledger: &mut Ledger) {
        for line in self.lines.by_ref().take(writes) {
            ledger.enter(&line.unwrap());
        }
    }

    /// Kills it, and hears what it still said.
    pub(crate) fn kill(mut self, ledger: &mut Ledger) {
        self.life.kill();
        self.lines.for_each(|line| ledger.enter(&line.unwrap()));
    }

    /// Kills it; what it still said does not count.
    pub(crate) fn silence(mut self) {
        self.life.kill();
    }
}

/// Starts it, with its ear on what it says on standard error.
fn heard(mut command: Command) -> (Life, Lines<BufReader<ChildStderr>>) {
    command.stderr(Stdio::piped());
    let mut life = Life::begin(command);
    let lines = BufReader::new(life.child().stderr.take().unwrap()).lines();
    (life, lines)
}

/// Lets a process make one journey under `tracer`, a command that runs another, and hears what it said.
pub(crate) fn travel(root: &Path, tracer: Command) -> Ledger {
    let mut command = again_under(tracer, "writer::makes_one_journey");
    command.env(ROOT, root);
    let (mut life, lines) = heard(command);
    let mut ledger = Ledger::default();
    // A process that ends by an error says so here too.
    lines
        .map(Result::unwrap)
        .filter(|line| ["kept ", "head ", "log "].iter().any(|word| line.starts_with(word)))
        .for_each(|line| ledger.enter(&line));
    life.child().wait().unwrap();
    ledger
}

/// Nothing by itself: another test starts it as a process of its own. Goes on after an error, as a server does.
#[test]
fn makes_one_journey() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = Store::open_embedded(Path::new(&root)).unwrap();
        for number in 0..6 {
            let _ = keep(&store, number).await;
            let _ = store.blobs.put_bytes(specimen(number)).await;
            let _ = advance_head(&*store.index).await;
            let _ = log::grow(&store.logs).await;
        }
    });
}

/// Nothing by itself: the other tests start it as a process of its own.
#[test]
fn writes_until_it_dies() {
    let Some(root) = std::env::var_os(ROOT) else { return };
    let first = std::env::var(FIRST).unwrap().parse().unwrap();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Arc::new(Store::open_embedded(Path::new(&root)).unwrap());
        let next = Arc::new(AtomicU64::new(first));
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (store, next) = (Arc::clone(&store), Arc::clone(&next));
            clients.spawn(async move { while keep(&store, next.fetch_add(1, Ordering::Relaxed)).await.is_some() {} });
        }
        let logs = store.logs.clone();
        clients.spawn(async move { while log::grow(&logs).await.is_some() {} });
        clients.spawn(async move { while advance_head(&*store.index).await.is_some() {} });
        clients.join_all().await;
    });
}

/// Puts a blob and keeps its record, or says nothing if the disk failed.
async fn keep(store: &Store, number: u64) -> Option<()> {
    let bytes = specimen(number);
    if number.is_multiple_of(2) {
        store.blobs.put_bytes(bytes.clone()).await.ok()?;
    } else {
        let stage = store.blobs.stage().ok()?;
        (&*stage.file).write_all(&bytes).ok()?;
        store.blobs.put(stage, Digest::of(&bytes), bytes.len() as u64).await.ok()?;
    }
    store.index.keep("example.com/m", &version(number), kind(number), part(&bytes)).await.ok()?;
    say(&format!("kept {number}\n"))
}

async fn advance_head(index: &dyn Index) -> Option<()> {
    let old = index.sumdb_head("n").await.ok()?;
    let number = old.as_deref().map_or(0, parse_head) + 1;
    assert!(index.swap_sumdb_head("n", old, number.to_string().into()).await.ok()?);
    say(&format!("head {number}\n"))
}

pub(crate) fn say(line: &str) -> Option<()> {
    std::io::stderr().write_all(line.as_bytes()).ok()
}

/// Opens the store as a server would after the crash, and holds it against the ledger.
pub(crate) fn read_back(root: &Path, ledger: &Ledger) {
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let store = Store::open_embedded(root).unwrap();
        for number in &ledger.kept {
            let record = store.index.version("example.com/m", &version(*number)).await.unwrap();
            let record = record.unwrap_or_else(|| panic!("the record of write {number} is lost"));
            assert_eq!(record.part(kind(*number)), Some(&part(&specimen(*number))), "write {number}");
        }
        let mut last = None;
        while let Some(reference) = store.index.references(last.as_ref(), 1).await.unwrap().pop() {
            check(&store, reference.digest, reference.size_bytes, &reference.version).await;
            last = Some(reference);
        }
        let head = store.index.sumdb_head("n").await.unwrap().as_deref().map_or(0, parse_head);
        assert!(head >= ledger.head, "the head went back from {} to {head}", ledger.head);
        log::read_back(&store.logs, ledger.log).await;
    });
    let left_over = std::fs::read_dir(root.join("tmp")).unwrap().count();
    assert_eq!(left_over, 0, "temporary files outlived a start");
}

/// What a record names is there, whole and right, whether anyone was told of it or not.
async fn check(store: &Store, digest: Digest, size_bytes: u64, version: &str) {
    let number = version.strip_prefix("v1.0.").unwrap().parse().unwrap();
    let blob =
        store.blobs.open(digest, size_bytes).await.unwrap().unwrap_or_else(|| panic!("the blob of write {number} is lost"));
    let bytes = match blob.content {
        Content::Memory(bytes) => bytes,
        Content::File(file) => {
            let mut bytes = vec![0; usize::try_from(size_bytes).unwrap()];
            file.read_exact_at(&mut bytes, 0).unwrap();
            bytes.into()
        }
    };
    assert!(bytes == specimen(number), "the bytes of write {number} are wrong");
}

/// The bytes of this write: most are short, some are longer than what is answered from memory.
pub(crate) fn specimen(number: u64) -> Bytes {
    let mut random = Random::new(number);
    let bound: usize = random.pick(&[64, 4 << 10, 100 << 10, 300 << 10]);
    let length = random.below(bound) + 1;
    // Words in the front make it unlike any other; the rest may repeat, so that a slow build makes it fast.
    random.bytes(128).repeat(length.div_ceil(128)).split_at(length).0.to_vec().into()
}

fn part(bytes: &Bytes) -> Part {
    Part {
        digest: Digest::of(bytes),
        size_bytes: bytes.len() as u64,
        h1: Some("h1:specimen".to_owned()),
        vouched: "sumdb sum.golang.org 1".to_owned(),
        origin: "https://proxy.example.com".to_owned(),
        kept_at: 1,
    }
}

fn version(number: u64) -> String {
    format!("v1.0.{number}")
}

fn kind(number: u64) -> Kind {
    [Kind::Info, Kind::Mod, Kind::Zip][(number % 3) as usize]
}

pub(crate) fn parse_head(note: &[u8]) -> u64 {
    std::str::from_utf8(note).unwrap().parse().unwrap()
}

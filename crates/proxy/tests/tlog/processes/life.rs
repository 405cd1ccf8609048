//! What a process does in its life: it opens the log and adds records, until it is killed or refused.

use std::{
    fs::OpenOptions,
    future::Future,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use proxy::{
    clock::Clock,
    tlog::{Log, LogError, LogSettings},
};
use rustix::process::Signal;
use store::{Logs, Store, fs::FsBlobs, sqlite::SqliteIndex};
use testkit::{lives::again, random::Random};

use crate::{
    recorder::Recorder,
    way::{Whim, Whims},
    world::{BEGIN, LOG, key, record},
};

const HOME: &str = "MODWAY_TEST_LIFE_HOME";
const NUMBER: &str = "MODWAY_TEST_LIFE_NUMBER";
const PLAN: &str = "MODWAY_TEST_LIFE_PLAN";

/// The clock of these tests runs so many times as fast as that on the wall: a lease is over after half a second.
pub(super) const HASTE: u64 = 20;

/// As many clients add at one time.
const CLIENTS: u64 = 4;

/// What befalls a life.
#[derive(Clone, Copy, Debug)]
pub(super) enum Plan {
    /// Nothing of its own doing.
    Well,
    /// Trouble with the store, drawn from this number; in some lives it kills itself at one of its calls.
    Drawn(u64),
    /// It stops itself where it is about to publish for the n-th time.
    StopsAtPublish(u64),
    /// It has the store alone, its clock stands still, and it adds only so many records.
    Alone(u64),
}

/// A command that begins the life with this number in `home`.
pub(super) fn command(home: &Path, number: u64, plan: Plan) -> Command {
    let mut command = again("processes::life::lives_until_it_dies");
    dress(&mut command, home, number, plan);
    command
}

/// Tells a process what it is to do.
pub(super) fn dress(command: &mut Command, home: &Path, number: u64, plan: Plan) {
    let plan = match plan {
        Plan::Well => "well 0".to_owned(),
        Plan::Drawn(seed) => format!("drawn {seed}"),
        Plan::StopsAtPublish(n) => format!("stops {n}"),
        Plan::Alone(records) => format!("alone {records}"),
    };
    command.env(HOME, home).env(NUMBER, number.to_string()).env(PLAN, plan);
}

/// Nothing by itself: the other tests start it as a process of its own.
#[test]
fn lives_until_it_dies() {
    let Some(home) = std::env::var_os(HOME).map(PathBuf::from) else { return };
    let number = std::env::var(NUMBER).unwrap().parse().unwrap();
    let plan = std::env::var(PLAN).unwrap();
    let (word, seed) = plan.split_once(' ').unwrap();
    let seed = seed.parse().unwrap();
    let plan = match word {
        "drawn" => Plan::Drawn(seed),
        "stops" => Plan::StopsAtPublish(seed),
        "alone" => Plan::Alone(seed),
        _ => Plan::Well,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(live(&home, number, plan));
}

async fn live(home: &Path, number: u64, plan: Plan) {
    let recorder = paper(home);
    let (logs, clock) = match plan {
        Plan::Alone(_) => (alone(home), Clock::new(|| BEGIN)),
        _ => (beside(home), hasty_clock()),
    };
    let logs = whims(plan).way(logs, &recorder);
    let log = match open(logs, clock, &recorder, &format!("life {number}")).await {
        Ok((log, sequencer)) => {
            tokio::spawn(sequencer);
            log
        }
        Err(error) => return recorder.say(&format!("end {number} {error:?}")),
    };
    let clients = (0..CLIENTS).map(|client| work(&log, &recorder, number, client, plan));
    futures_util::future::join_all(clients).await;
}

/// Adds records until the log takes no more; what was answered is told with its number.
async fn work(log: &Log, recorder: &Recorder, life: u64, client: u64, plan: Plan) {
    let mut random = Random::new(life * CLIENTS + client);
    let most = if let Plan::Alone(records) = plan { records } else { u64::MAX };
    for line in 0..most {
        let end = if random.one_in(3) {
            let text = format!("line {life} {client} {line}\n");
            log.append(&text).await.map(|number| ("-".to_owned(), number, text))
        } else {
            let salt = if random.one_in(2) { "one" } else { "other" };
            let record = record(random.below(400), salt);
            log.add(&record.key(), &record.to_string()).await.map(|added| (record.key(), added.number, added.text))
        };
        match end {
            Ok((key, number, text)) => recorder.say(&format!("answered {life} {key} {number} {}", hex::encode(text))),
            Err(LogError::Refused(refusal)) => return recorder.say(&format!("end {life} {refusal:?}")),
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
        recorder.say(&format!("served {life} {}", log.head().map_or(0, |head| head.tree().size)));
    }
}

/// The file in which everything is written down, open to write more.
pub(super) fn paper(home: &Path) -> Recorder {
    Recorder::writing(OpenOptions::new().append(true).create(true).open(home.join("paper")).unwrap())
}

/// The store as a server opens it.
pub(super) fn alone(home: &Path) -> Logs {
    Store::open_embedded(&home.join("store")).unwrap().logs
}

/// The store as nobody opens it, who does not want two writers.
pub(super) fn beside(home: &Path) -> Logs {
    let blobs = FsBlobs::open(&home.join("store")).unwrap();
    Logs { files: Arc::new(blobs.logs()), lock: Arc::new(SqliteIndex::open(&home.join("store/index.sqlite")).unwrap()) }
}

/// All processes see the same time.
pub(super) fn hasty_clock() -> Clock {
    Clock::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        (since.as_millis() as u64 * HASTE / 1000) as i64
    })
}

pub(super) async fn open(
    logs: Logs,
    clock: Clock,
    recorder: &Recorder,
    holder: &str,
) -> Result<(Arc<Log>, impl Future<Output = ()> + use<>), LogError> {
    let heard = recorder.clone();
    let settings = LogSettings {
        log: LOG.to_owned(),
        signers: vec![key()],
        holder: holder.to_owned(),
        may_forget: false,
        signed: Arc::new(move |head| heard.signed(head)),
    };
    let (log, sequencer) = Log::open(settings, logs, clock).await?;
    Ok((log, sequencer.run()))
}

/// One life in four is well; of the others, half kill themselves at one of their calls, before or behind it.
fn whims(plan: Plan) -> Whims {
    let seed = match plan {
        Plan::Drawn(seed) => seed,
        Plan::StopsAtPublish(n) => return stop_at_publish(n),
        Plan::Well | Plan::Alone(_) => return Whims::default(),
    };
    let mut random = Random::new(seed);
    if random.one_in(4) {
        return Whims::default();
    }
    let (trouble, death) = (random.below(200) + 20, if random.one_in(2) { random.below(800) } else { u64::MAX });
    let is_behind = random.one_in(2);
    Whims::new(move |call, what| {
        // Longer than a lease lasts.
        let sleep = Duration::from_millis(600 + random.below(300));
        if call == death {
            return if is_behind { Whim::SignalBehind(Signal::KILL) } else { Whim::Signal(Signal::KILL) };
        }
        if what == "publish" && random.one_in(40) {
            return Whim::Late(sleep);
        }
        if !random.one_in(trouble) {
            return Whim::Done;
        }
        match random.below(8) {
            0..=2 => Whim::Failed,
            3..=5 => Whim::Unanswered,
            6 => Whim::Late(sleep),
            _ => Whim::LateAnswer(sleep),
        }
    })
}

fn stop_at_publish(n: u64) -> Whims {
    let mut published = 0;
    Whims::new(move |_, what| {
        published += u64::from(what == "publish");
        if what == "publish" && published == n { Whim::Signal(Signal::STOP) } else { Whim::Done }
    })
}

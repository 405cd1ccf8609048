//! Where the processes of one test live, and what is known of them from outside.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use proxy::{
    clock::Clock,
    tlog::{Log, LogError},
};
use store::Logs;
use tempfile::TempDir;

use super::life::{open, paper};
use crate::{
    recorder::{END, Recorder},
    way::Whims,
    world::{LOG, size_of},
};

/// A store, and the file in which all that happens to it is written down.
pub(super) struct Home {
    folder: TempDir,
    copies: usize,
    /// The size that was seen published last.
    published: u64,
}

/// What was written down.
#[derive(Default)]
pub(super) struct Told {
    pub(super) recorder: Recorder,
    /// Number and text of every key that was answered, and of every line.
    pub(super) answered: BTreeMap<String, (u64, String)>,
    /// How many answers each life gave.
    pub(super) answers: BTreeMap<u64, usize>,
    /// The size that each life served last.
    served: BTreeMap<u64, u64>,
    /// Why lives ended by themselves.
    pub(super) ends: Vec<String>,
}

/// Half a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Half {
    Lock,
    Files,
}

impl Home {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), copies: 0, published: 0 }
    }

    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Looks at what is published, as any reader could: it never goes back.
    pub(super) fn look(&mut self, what: &str) -> u64 {
        let bytes = fs::read(self.path().join("store/logs").join(LOG).join("published"));
        let size = bytes.map_or(0, |bytes| size_of(&bytes));
        assert!(size >= self.published, "{what}: {} records were published and then {size}", self.published);
        self.published = size;
        size
    }

    /// A copy of the store while nobody writes it.
    pub(super) fn copy(&mut self) -> PathBuf {
        self.copies += 1;
        let copy = self.path().join(format!("copy {}", self.copies));
        fs::create_dir(&copy).unwrap();
        copy_all(&self.path().join("store"), &copy);
        copy
    }

    /// Brings half of the store back as it is in `copy`, while nobody writes it.
    pub(super) fn restore(&self, copy: &Path, half: Half) {
        let store = self.path().join("store");
        match half {
            Half::Files => {
                fs::remove_dir_all(store.join("logs")).unwrap();
                fs::create_dir(store.join("logs")).unwrap();
                copy_all(&copy.join("logs"), &store.join("logs"));
            }
            Half::Lock => {
                for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
                    drop(fs::remove_file(store.join(name)));
                    if copy.join(name).exists() {
                        fs::copy(copy.join(name), store.join(name)).unwrap();
                    }
                }
            }
        }
    }

    /// All that was written down so far. A line may be half written, by a process that is about to go on or was killed there: what it was to tell
    /// of, nobody has acted on.
    pub(super) fn told(&self) -> Told {
        let paper = fs::read_to_string(self.path().join("paper")).unwrap_or_default();
        let mut told = Told::default();
        for line in paper.split('\n').filter_map(|line| line.strip_suffix(END)) {
            told.hear(line);
        }
        told
    }

    /// A life in this very process, to whom nothing happens: it opens the log and adds one line.
    ///
    /// # Errors
    /// What the log says.
    pub(super) async fn last_life(&self, logs: Logs, clock: Clock, line: &str) -> Result<(), LogError> {
        let recorder = paper(self.path());
        let (log, sequencer) = open(Whims::default().way(logs, &recorder), clock, &recorder, line).await?;
        let sequencer = tokio::spawn(sequencer);
        log.append(&format!("{line}\n")).await?;
        self.check_answers(line, &log).await;
        drop(log);
        sequencer.await.unwrap();
        Ok(())
    }

    async fn check_answers(&self, what: &str, log: &Log) {
        for (key, (number, text)) in self.told().answered {
            let found = log.record(number).await.unwrap_or_else(|error| panic!("{what}: {key}: {error:?}"));
            let found = found.unwrap_or_else(|| panic!("{what}: {key} was answered as number {number} and is lost"));
            assert_eq!(found.text, text, "{what}: {key}");
            if !key.starts_with("line") {
                let found = log.lookup(&key).await.unwrap().unwrap_or_else(|| panic!("{what}: {key} is lost"));
                assert_eq!((found.number, found.text), (number, text), "{what}: {key}");
            }
        }
    }
}

impl Told {
    fn hear(&mut self, line: &str) {
        if self.recorder.hear(line) {
            return;
        }
        match line.splitn(5, ' ').collect::<Vec<_>>()[..] {
            ["answered", life, key, number, text] => {
                let text = String::from_utf8(hex::decode(text).unwrap()).unwrap();
                let key = if key == "-" { text.clone() } else { key.to_owned() };
                let answer = (number.parse().unwrap(), text);
                let first = self.answered.entry(key).or_insert_with(|| answer.clone());
                assert_eq!(*first, answer, "two answers for one key");
                *self.answers.entry(life.parse().unwrap()).or_default() += 1;
            }
            ["served", life, size] => {
                let (size, newest) = (size.parse().unwrap(), self.served.entry(life.parse().unwrap()).or_default());
                assert!(size >= *newest, "life {life} served {newest} records and then {size}");
                *newest = size;
            }
            ["end", ..] => self.ends.push(line.to_owned()),
            _ => panic!("a process wrote {line:?}"),
        }
    }
}

fn copy_all(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

mod beginning;
mod lines;
mod recorder;

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicI64, Ordering},
};

use gomod::sumdb::note::{SignerKey, VerifierKey};
use store::{
    log::{
        LogFiles as _, Logs,
        memory::{MemoryLogFiles, MemoryLogLock},
    },
    memory::{Fault, Faults},
};
use tokio::task::JoinHandle;

use super::*;
use crate::tlog::LogSettings;

const NAME: &str = "audit.test";

fn signer(name: &str) -> SignerKey {
    SignerKey::from_seed(name, &[7; 32]).unwrap()
}

fn key() -> VerifierKey {
    signer(NAME).verifier()
}

/// Where logs rest, and the time.
struct World {
    files: MemoryLogFiles,
    logs: Logs,
    faults: Faults,
    now: Arc<AtomicI64>,
    is_required: bool,
}

/// An audit log that runs.
struct Running {
    audit: Arc<Audit>,
    recorder: JoinHandle<()>,
    sequencer: JoinHandle<()>,
}

impl World {
    fn new() -> Self {
        let faults = Faults::default();
        let files = MemoryLogFiles::new(faults.clone());
        let logs = Logs { files: Arc::new(files.clone()), lock: Arc::new(MemoryLogLock::new(Faults::default())) };
        Self { files, logs, faults, now: Arc::new(AtomicI64::new(1000)), is_required: false }
    }

    fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Clock::new(move || now.load(Ordering::Relaxed))
    }

    async fn log(&self, life: &str) -> (Arc<Log>, JoinHandle<()>) {
        let (log, sequencer) = Log::open(self.settings(life), self.logs.clone(), self.clock()).await.unwrap();
        (log, tokio::spawn(sequencer.run()))
    }

    async fn quiet(&self, life: &str, blind: Option<Blind>) -> (Arc<Audit>, Recorder, JoinHandle<()>) {
        let (log, sequencer) = self.log(life).await;
        let settings = AuditSettings { life: life.into(), blind, is_required: self.is_required, metrics: Metrics::default() };
        let (audit, recorder) = Audit::new(log, settings, self.clock());
        (audit, recorder, sequencer)
    }

    async fn start(&self, life: &str, blind: Option<Blind>) -> Running {
        let (audit, recorder, sequencer) = self.quiet(life, blind).await;
        Running { audit, recorder: tokio::spawn(recorder.run()), sequencer }
    }

    /// All lines that are kept.
    async fn lines(&self) -> Vec<Line<'static>> {
        let export = self.exported().await;
        let records = export.lines().filter_map(|line| line.split_once(",\"record\":")?.1.strip_suffix('}'));
        records.map(|record| Line::parse(record).expect("a line")).collect()
    }

    async fn exported(&self) -> String {
        let log = Log::reader(self.settings("reader"), self.logs.clone(), self.clock()).await.unwrap();
        let mut out = Vec::new();
        export(&log, &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    fn settings(&self, life: &str) -> LogSettings {
        LogSettings {
            log: "audit".into(),
            signers: vec![signer(NAME)],
            holder: life.into(),
            may_forget: true,
            signed: Arc::new(|_| {}),
        }
    }
}

impl Running {
    async fn stop(self) {
        self.audit.close();
        self.recorder.await.unwrap();
        drop(self.audit);
        self.sequencer.await.unwrap();
    }
}

fn asked(number: u64) -> Asked<'static> {
    Asked {
        time_ms: 1_000_000 + number as i64,
        request: format!("R{number}").into(),
        client: "192.0.2.7".into(),
        login: "mira".into(),
        what: "zip".into(),
        module: "git.corp.test/team/lib".into(),
        version: format!("v1.{number}.0").into(),
        decision: Decision::Served,
        status: 200,
        reason: "".into(),
        auditor: "".into(),
        rule: "route/corp".into(),
        pattern: "git.corp.test/team".into(),
    }
}

/// A log of one life with so many requests.
async fn recorded(count: u64) -> World {
    let world = World::new();
    let running = world.start("one", None).await;
    (0..count).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    world
}

#[tokio::test(start_paused = true)]
async fn every_request_becomes_a_line_in_order_between_start_and_stop() {
    let world = recorded(600).await;
    let lines = world.lines().await;
    let mut expected = vec![Line::Start { time_ms: 1_000_000, life: "one".into() }];
    expected.extend((0..600).map(|number| Line::Asked(asked(number))));
    expected.push(Line::Stop { time_ms: 1_000_000, life: "one".into(), recorded: 600 });
    assert_eq!(lines, expected);
    let text = lines[1].print();
    assert_eq!(
        text,
        "{\"event\":\"asked\",\"time_ms\":1000000,\"request\":\"R0\",\"client\":\"192.0.2.7\",\"login\":\"mira\",\"what\":\"zip\",\"module\":\"git.corp.test/team/lib\",\"version\":\"v1.0.0\",\"decision\":\"served\",\"status\":200,\"rule\":\"route/corp\",\"pattern\":\"git.corp.test/team\"}\n"
    );
}

#[tokio::test(start_paused = true)]
async fn what_the_log_could_not_take_is_said_once_it_takes_lines_again() {
    let world = World::new();
    let running = world.start("one", None).await;
    running.audit.note(&asked(0));
    while running.audit.counts().recorded < 1 {
        tokio::time::sleep(limits::AUDIT_PAUSE).await;
    }
    world.faults.then(Some(Fault::NotStored));
    (1..6).for_each(|number| running.audit.note(&asked(number)));
    while running.audit.counts().unsure < 5 {
        tokio::time::sleep(limits::AUDIT_PAUSE).await;
    }
    world.faults.then(None);
    running.audit.note(&asked(6));
    running.stop().await;
    let lines = world.lines().await;
    assert!(lines.contains(&Line::Gap(Gap { from_ms: 1_000_001, to_ms: 1_000_005, lost: 0, unsure: 5 })), "{lines:?}");
    assert!(lines.contains(&Line::Asked(asked(6))));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_killed_has_a_start_and_no_stop() {
    let world = World::new();
    let running = world.start("killed", None).await;
    running.audit.note(&asked(0));
    while running.audit.counts().recorded < 1 {
        tokio::time::sleep(limits::AUDIT_PAUSE).await;
    }
    running.audit.note(&asked(1));
    running.recorder.abort();
    assert!(running.recorder.await.unwrap_err().is_cancelled());
    drop(running.audit);
    running.sequencer.await.unwrap();
    world.start("next", None).await.stop().await;
    let lives: Vec<String> =
        world.lines().await.iter().map(|line| format!("{line:?}").split(' ').next().unwrap_or_default().into()).collect();
    assert_eq!(lives, ["Start", "Asked(Asked", "Start", "Stop"]);
}

#[tokio::test(start_paused = true)]
async fn strangers_texts_fit_into_a_line_whatever_they_are() {
    let world = World::new();
    let running = world.start("one", None).await;
    for c in ["x", "\"", "\\", "\u{9b}", "\n", "界", "\u{7f}"] {
        let text = c.repeat(9000);
        let all = || text.as_str().into();
        running.audit.note(&Asked {
            request: all(),
            client: all(),
            login: all(),
            what: all(),
            module: all(),
            version: all(),
            reason: all(),
            auditor: all(),
            rule: all(),
            pattern: all(),
            ..asked(0)
        });
    }
    let audit = Arc::clone(&running.audit);
    tokio::spawn(async move {
        while audit.counts().recorded + audit.counts().lost < 7 {
            tokio::time::sleep(limits::AUDIT_PAUSE).await
        }
    })
    .await
    .unwrap();
    assert_eq!(running.audit.counts(), Counts { recorded: 7, lost: 0, unsure: 0 });
    running.stop().await;
    assert!(prove(world.exported().await.as_bytes(), &key(), &[]).is_ok());
}

#[tokio::test(start_paused = true)]
async fn blinded_names_stand_nowhere_and_who_has_the_key_recognises_them() {
    let (world, blind) = (World::new(), Blind::new(&[3; 32]).unwrap());
    let running = world.start("one", Some(blind.clone())).await;
    (0..300).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    for path in world.files.list("audit", "", 1000).await.unwrap() {
        let body = world.files.get("audit", &path).await.unwrap().unwrap_or_default();
        let text = String::from_utf8_lossy(&body).into_owned();
        assert!(["192.0.2.7", "mira", "corp", "v1.2"].iter().all(|name| !text.contains(name)), "{path}");
    }
    let lines = world.lines().await;
    let Line::Asked(one) = &lines[3] else { panic!("{lines:?}") };
    let module = "git.corp.test/team/lib";
    assert_eq!((&*one.client, &*one.login), (&*blind.name("client", "192.0.2.7"), &*blind.name("login", "mira")));
    assert_eq!(
        (&*one.module, &*one.version),
        (&*blind.name("module", module), &*blind.name("version", &format!("{module}@v1.2.0")))
    );
    assert!(prove(world.exported().await.as_bytes(), &key(), &[]).is_ok(), "completeness is seen without the key");
}

#[tokio::test(start_paused = true)]
async fn an_export_proves_and_any_change_to_it_does_not() {
    let world = recorded(300).await;
    let export = world.exported().await;
    let proven = prove(export.as_bytes(), &key(), &[]).unwrap();
    assert_eq!((proven.from, proven.tree.size), (0, 302));
    let lines: Vec<&str> = export.split_inclusive('\n').collect();
    let check = |changed: Vec<String>, said: &str| {
        let end = prove(changed.concat().as_bytes(), &key(), &[]).map_err(|error| error.to_string());
        assert!(end.as_ref().is_err_and(|error| error.contains(said)), "{said}: {end:?}");
    };
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut all: Vec<String> = lines.iter().map(|&line| line.to_owned()).collect();
        change(&mut all);
        all
    };
    check(with(&|all| all[10] = all[10].replace("mira", "mona")), "line 11: record 9 was changed");
    check(with(&|all| drop(all.remove(10))), "line 11: here should be record 9, and is record 10");
    check(with(&|all| all.swap(10, 200)), "line 11: here should be record 9, and is record 199");
    check(with(&|all| all.insert(10, all[10].clone())), "line 12: here should be record 10, and is record 9");
    check(with(&|all| all[10] = rehashed(&all[10].replace("mira", "mona"))), "are not those that were signed");
    check(
        with(&|all| {
            all.remove(10);
            renumber(all)
        }),
        "are not those that were signed",
    );
    check(
        with(&|all| {
            all.swap(10, 11);
            renumber(all)
        }),
        "are not those that were signed",
    );
    check(
        with(&|all| {
            let last = all.len() - 2;
            drop(all.remove(last))
        }),
        "are not those that were signed",
    );
    check(with(&|all| all.truncate(200)), "does not end where it should");
    check(with(&|all| all.push(all[10].clone())), "does not end where it should");
    check(with(&|all| drop(all.pop())), "does not end where it should");
    check(with(&|all| drop(all.remove(0))), "line 1 is not that of an export");
    check(with(&|all| all[0] = all[0].replace("\"from\":0", "\"from\":1")), "line 1 is not that of an export");
    check(with(&|all| all[302] = all[302].trim_end().to_owned()), "line 303: record 301 was changed");
    let stranger = SignerKey::from_seed(NAME, &[8; 32]).unwrap().verifier();
    assert!(matches!(prove(export.as_bytes(), &stranger, &[]), Err(Unproven::Head { .. })));
}

/// A line with the hash that its record has by now.
fn rehashed(line: &str) -> String {
    let (begin, record) = line.trim_end().split_once(",\"record\":").unwrap();
    let number = begin.split([':', ',']).nth(1).unwrap();
    let text = format!("{}\n", record.strip_suffix('}').unwrap());
    let hash = gomod::sumdb::tlog::record_hash(text.as_bytes());
    format!("{{\"number\":{number},\"hash\":\"{hash}\",\"record\":{record}\n")
}

/// Gives the records of an export the numbers of their places.
fn renumber(lines: &mut [String]) {
    let records = lines.len() - 1;
    for (number, line) in lines[1..records].iter_mut().enumerate() {
        let rest = line.split_once(',').unwrap().1;
        *line = format!("{{\"number\":{number},{rest}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_kept_a_head_sees_that_the_owner_changed_the_log_and_signed_again() {
    let head_of = |export: &str| {
        serde_json::from_str::<serde_json::Value>(export.lines().last().unwrap()).unwrap()["head"].as_str().unwrap().to_owned()
    };
    let world = recorded(300).await;
    let kept = head_of(&world.exported().await);
    let running = world.start("two", None).await;
    (300..400).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    assert!(prove(world.exported().await.as_bytes(), &key(), std::slice::from_ref(&kept)).is_ok(), "it has only grown");
    let forged = recorded(0).await;
    let running = forged.start("two", None).await;
    (1..400).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    let export = forged.exported().await;
    assert!(prove(export.as_bytes(), &key(), &[]).is_ok(), "by itself nothing is wrong with it");
    assert!(matches!(prove(export.as_bytes(), &key(), std::slice::from_ref(&kept)), Err(Unproven::Earlier { size: 302 })));
    let shorter = recorded(10).await.exported().await;
    assert!(matches!(prove(shorter.as_bytes(), &key(), &[kept]), Err(Unproven::Beyond { size: 302, from: 0, to: 12 })));
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_loses_its_text_and_the_rest_proves() {
    let world = recorded(700).await;
    let early = prove(world.exported().await.as_bytes(), &key(), &[]).unwrap();
    world.now.store(2000, Ordering::Relaxed);
    let running = world.start("two", None).await;
    // Line 511 is request 510 of the second 1000.
    assert_eq!(running.audit.forget(1001).await.unwrap(), 0);
    assert_eq!(running.audit.forget(999).await.unwrap(), 512);
    assert_eq!(running.audit.forget(999).await.unwrap(), 512);
    assert!(matches!(running.audit.log().record(511).await, Err(LogError::Forgotten(511))));
    assert!(running.audit.log().record(512).await.is_ok_and(|found| found.is_some()));
    (700..1100).for_each(|number| running.audit.note(&asked(number)));
    running.stop().await;
    let (export, lines) = (world.exported().await, world.lines().await);
    let proven = prove(export.as_bytes(), &key(), &[]).unwrap();
    // Start, requests and stop of two lives, and the line that says so.
    assert_eq!((proven.from, proven.tree.size), (512, 1105));
    assert!(early.tree.size == 702 && lines.contains(&Line::Forget { time_ms: 2_000_000, before: 512 }));
    let names: BTreeSet<String> = world.files.list("audit", "", 1000).await.unwrap().into_iter().collect();
    assert!(!names.contains("tile/8/data/000") && !names.contains("tile/8/data/001") && names.contains("tile/8/data/002"));
    assert!(names.contains("tile/8/0/000") && names.contains("tile/8/0/001"), "hashes stay");
    let changed = export.replacen("\"from\":512", "\"from\":256", 1);
    assert!(prove(changed.as_bytes(), &key(), &[]).is_err(), "no further tile can be said to be forgotten");
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_and_was_not_forgotten_is_damage() {
    let world = recorded(700).await;
    world.files.damage("audit", "tile/8/data/001", None);
    let running = world.start("two", None).await;
    running.audit.note(&asked(700));
    while running.audit.counts() == Counts::default() {
        tokio::time::sleep(limits::AUDIT_PAUSE).await;
    }
    assert!(running.audit.log().refusal().is_some(), "nothing more is signed");
    assert_eq!(running.audit.counts().recorded, 0);
    running.stop().await;
}

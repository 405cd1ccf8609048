//! What is told of a log on the page of metrics, and that it moves.

use std::sync::{Arc, Mutex, OnceLock};

use gomod::sumdb::cosign::Cosigner;
use prometheus_client::{encoding::text::encode, registry::Registry};
use proxy::{
    clock::Clock,
    limits,
    tlog::{
        Gauges, Log, LogSettings, SignedHead,
        witness::{Asked, Witness, WitnessSettings, Witnesses},
    },
};
use store::log::Logs;

use crate::{
    site::{Shelf, grow, site, witness_door},
    tree::{ORIGIN, key},
};

/// The page of one log.
struct Page(Registry);

impl Page {
    fn of(log: &Arc<Log>) -> Self {
        let mut registry = Registry::with_prefix("modway");
        registry.register_collector(Box::new(Gauges::default().with("sumdb", Arc::downgrade(log))));
        Self(registry)
    }

    /// The value of a metric; `None` if it is not there.
    fn value(&self, name: &str) -> Option<i64> {
        let mut text = String::new();
        encode(&mut text, &self.0).expect("a text");
        let begin = format!("modway_{name}{{log=\"sumdb\"}} ");
        text.lines().find_map(|line| line.strip_prefix(&begin)).map(|value| value.parse().expect("a number"))
    }

    #[track_caller]
    fn check(&self, name: &str, value: i64) {
        assert_eq!(self.value(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn records_and_the_time_of_the_last_signature_are_told() {
    let shelf = Shelf::default();
    let log = shelf.open(key(), "one").await;
    let page = Page::of(&log);
    page.check("log_records", 0);
    grow(&log, "a", 300).await;
    page.check("log_records", 300);
    page.check("log_signed_timestamp_seconds", log.head().expect("a head").time());
    page.check("log_refuses", 0);
    assert_eq!(page.value("log_witnesses"), None, "it has none");
    drop(log);
    assert_eq!(page.value("log_records"), None, "it has ended");
}

#[tokio::test(start_paused = true)]
async fn what_waits_and_who_has_the_lease_is_told() {
    let shelf = Shelf::default();
    let (page, seen) = (Arc::new(OnceLock::<Page>::new()), Arc::new(Mutex::new(Vec::new())));
    // A head is signed under the lease.
    let signed = {
        let (page, seen) = (Arc::clone(&page), Arc::clone(&seen));
        move |_: &SignedHead| seen.lock().unwrap().extend(page.get().map(|page| page.value("log_leased")))
    };
    let settings = LogSettings {
        log: "private".into(),
        signers: vec![key()],
        holder: "one".into(),
        may_forget: false,
        signed: Arc::new(signed),
    };
    let logs = Logs { files: Arc::new(shelf.files.clone()), lock: Arc::new(shelf.lock.clone()) };
    let (log, sequencer) = Log::open(settings, logs, Clock::system()).await.expect("it opens");
    let page = page.get_or_init(|| Page::of(&log));
    page.check("log_leased", 0);
    let mut adding = Box::pin(futures_util::future::join_all((0..3).map(|_| log.append("a record\n"))));
    assert!(futures_util::poll!(&mut adding).is_pending());
    page.check("log_waiting", 3);
    let writing = tokio::spawn(sequencer.run());
    assert!(adding.await.iter().all(Result::is_ok));
    page.check("log_waiting", 0);
    assert_eq!(*seen.lock().unwrap(), [Some(1)]);
    page.check("log_leased", 1);
    tokio::time::sleep(limits::LOG_LEASE_KEPT + limits::LOG_LEASE_PAUSE).await;
    page.check("log_leased", 0);
    writing.abort();
}

#[tokio::test]
async fn a_log_that_refuses_says_so() {
    let shelf = Shelf::default();
    let log = shelf.open(key(), "one").await;
    grow(&log, "a", 300).await;
    let page = Page::of(&log);
    page.check("log_refuses", 0);
    shelf.files.damage("private", "tile/8/data/000", None);
    assert!(log.append("a record\n").await.is_err());
    page.check("log_refuses", 1);
    page.check("log_records", 300);
}

#[tokio::test]
async fn a_witness_that_is_silent_is_missing_until_it_cosigns() {
    let (shelf, cosigner) = (Shelf::default(), Cosigner::from_seed("w.test", &[9; 32]).expect("a key"));
    let log = shelf.open(key(), "one").await;
    let logs = Shelf::default();
    let settings =
        WitnessSettings { cosigner: cosigner.clone(), logs: vec![(ORIGIN.into(), vec![key().verifier()])], holder: "w".into() };
    let memory = Logs { files: Arc::new(logs.files.clone()), lock: Arc::new(logs.lock.clone()) };
    let address = witness_door(Arc::new(Witness::new(settings, memory, Clock::system()))).await;
    let sites = vec![site(address, cosigner.verifier())];
    let witnesses = Arc::new(Witnesses::new(ORIGIN, sites, 1, std::time::Duration::from_secs(20)));
    log.witnessed_by(Arc::clone(&witnesses));
    grow(&log, "a", 3).await;
    let page = Page::of(&log);
    page.check("log_witnesses", 1);
    page.check("log_witnesses_missing", 1);
    let asked: Asked = witnesses.ask(&log).await.expect("a head");
    assert!(asked.silent.is_empty(), "{asked:?}");
    page.check("log_witnesses_missing", 0);
    grow(&log, "b", 1).await;
    page.check("log_witnesses_missing", 1);
}

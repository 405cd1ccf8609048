//! `modway why --log` against the real go command: every message is made for real, and recognised, alone and in the noise of CI.

mod case;
mod failures;
mod worlds;

use std::{
    io::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use case::Case;
use modway::why::log::recognise;
use testkit::go::Go;
use worlds::Worlds;

/// How many go commands run at a time. They wait for each other's locks and for servers about as long as they compute.
const WORKERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_is_recognised() {
    let started = Instant::now();
    let worlds = Worlds::start().await;
    let cases = failures::all(&worlds).await;
    let (go, next) = (Go::find(), AtomicUsize::new(0));
    let wrong: Vec<String> = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let work = || {
                let mut wrong = Vec::new();
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    wrong.extend(mistake(case, case.run(&go)));
                }
                wrong
            };
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
        })
    });
    let said = format!("log: {} failures in {:.1?}\n", cases.len(), started.elapsed());
    drop(std::io::stderr().write_all(said.as_bytes()));
    assert!(wrong.is_empty(), "{} of {} wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is wrong with how a failure is read.
fn mistake(case: &Case, (text, succeeded): (String, bool)) -> Option<String> {
    let codes: Vec<&str> = recognise(&text).iter().map(|finding| finding.code()).collect();
    if std::env::var_os("MODWAY_LOG_SHOW").is_some() {
        drop(std::io::stderr().write_all(format!("== {} -> {codes:?}\n{text}\n", case.title).as_bytes()));
    }
    (succeeded || codes.is_empty() || codes.iter().any(|code| *code != case.code))
        .then(|| format!("== {}: {codes:?}, succeeded: {succeeded}\n{text}", case.title))
}

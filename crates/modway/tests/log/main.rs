//! `modway why --log` against the real go command: every message is made for real, and recognised, alone and in the noise of CI.
//!
//! `MODWAY_LOG_SEED` draws other noise; `MODWAY_LOG_SHOW` prints every failure with what was recognised.

mod case;
mod command;
mod failures;
mod negative;
mod noise;
mod pages;
mod worlds;

use std::{
    collections::BTreeSet,
    io::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use case::Case;
use modway::why::log::{Finding, catalogue, read};
use noise::{WRAPS, wide};
use testkit::go::Go;
use testkit::random::Random;
use worlds::Worlds;

/// How many go commands run at a time. They wait for each other's locks and for servers about as long as they compute.
const WORKERS: usize = 4;

/// How often each failure is wrapped in each kind of noise.
const ROUNDS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn every_message_is_recognised_alone_and_in_the_noise_of_ci() {
    let (started, seed) = (Instant::now(), number("MODWAY_LOG_SEED", 1));
    let worlds = Worlds::start().await;
    let cases = failures::all(&worlds).await;
    let (go, next) = (Go::find(), AtomicUsize::new(0));
    let texts: Vec<(usize, String)> = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let work = || {
                let mut texts = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at) else { return texts };
                    let (text, succeeded) = case.run(&go);
                    assert!(!succeeded, "{}: it succeeded: {text}", case.title);
                    texts.push((at, text));
                }
            };
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
        })
    });
    let mut wrong = Vec::new();
    for (at, text) in &texts {
        wrong.extend(mistakes(&cases[*at], text, seed.wrapping_add(*at as u64)));
    }
    wrong.extend(mixed(&cases, &texts, seed));
    wrong.extend(missing(&cases));
    let said = format!(
        "log: {} failures of {} causes, each in {} kinds of noise {ROUNDS} times, seed {seed}, in {:.1?}\n",
        cases.len(),
        causes(&cases).len(),
        WRAPS.len() + 2,
        started.elapsed()
    );
    // What passing tests print is hidden; this is worth seeing.
    drop(std::io::stderr().write_all(said.as_bytes()));
    assert!(cases.len() >= 60 && wrong.is_empty(), "{said}{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with how a failure is read.
fn mistakes(case: &Case, text: &str, seed: u64) -> Vec<String> {
    let mut dice = Random::new(seed);
    let rounds = (0..ROUNDS).flat_map(|_| WRAPS.iter());
    let wrapped = rounds.map(|(name, wrap)| (*name, wrap(&mut dice, text).into_bytes()));
    let plain = [("alone", text.as_bytes().to_vec()), ("in UTF-16", wide(text))];
    let all: Vec<(&str, Vec<u8>)> = plain.into_iter().chain(wrapped).collect();
    if std::env::var_os("MODWAY_LOG_SHOW").is_some() {
        drop(
            std::io::stderr()
                .write_all(format!("== {} -> {:?}\n{text}\n", case.title, codes(&found(text.as_bytes()))).as_bytes()),
        );
    }
    let wrong = all.into_iter().filter(|(name, log)| {
        let codes = codes(&found(log));
        // A break can hide the cause. Then it is said who failed, or that it is unknown; never another cause.
        let is_vague = |code: &&str| *code == "unknown" || code.ends_with("-failed") || *code == "package-not-found";
        codes != BTreeSet::from([case.code]) && !(*name == "broken into lines" && codes.len() == 1 && codes.iter().all(is_vague))
    });
    wrong
        .map(|(name, log)| format!("== {} ({name}): {:?}\n{}", case.title, codes(&found(&log)), String::from_utf8_lossy(&log)))
        .collect()
}

/// Logs of five failures each: all are found, and nothing else.
fn mixed(cases: &[Case], texts: &[(usize, String)], seed: u64) -> Vec<String> {
    let mut dice = Random::new(seed);
    let mut wrong = Vec::new();
    for _ in 0..100 {
        let picked: Vec<&(usize, String)> = (0..5).map(|_| &texts[dice.below(texts.len())]).collect();
        let log: String = picked.iter().map(|(_, text)| WRAPS[0].1(&mut dice, text)).collect();
        let expected: BTreeSet<&str> = picked.iter().map(|(at, _)| cases[*at].code).collect();
        let mut recognised = codes(&found(log.as_bytes()));
        if expected.contains("git-missing") {
            // Which of two things the other explains, is not seen across failures.
            recognised.extend(expected.get("no-secure-protocol"));
        }
        if recognised != expected {
            wrong.push(format!("== five in one, expected {expected:?}, found {recognised:?}\n{log}"));
        }
    }
    wrong
}

/// Codes that no case has.
fn missing(cases: &[Case]) -> Vec<String> {
    let made = causes(cases);
    catalogue::rows().filter(|row| !made.contains(row.code)).map(|row| format!("never made: {}", row.code)).collect()
}

fn causes(cases: &[Case]) -> BTreeSet<&'static str> {
    cases.iter().map(|case| case.code).collect()
}

fn found(log: &[u8]) -> Vec<Finding> {
    read(log).expect("memory can be read").findings
}

fn codes(findings: &[Finding]) -> BTreeSet<&'static str> {
    findings.iter().map(Finding::code).collect()
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

//! The real go command on random git repositories, once with GOPROXY=direct and once through our `/@direct/`: the same lists, versions,
//! times, origins and sums, or both refuse.
//!
//! `MODWAY_DIRECT_REPOSITORIES` says how many repositories, `MODWAY_DIRECT_SEED` which ones.

mod asked;
mod draw;
mod others;
mod ours;
mod sample;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use asked::{Answer, Asker};
use ours::Ours;
use sample::Sample;
use testkit::{go::Go, repos::GitServer, world::ForwardProxy};

/// Repositories of a run that was not told how many.
const REPOSITORIES: usize = 500;

/// Repositories that one go command is asked about.
const BATCH: usize = 10;

/// How many go commands run at a time; they wait for git more than they compute.
const WORKERS: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn direct_mode_gives_what_the_go_command_fetches_by_itself() {
    let (server, seed) = (GitServer::start(true, None).await, number("MODWAY_DIRECT_SEED", 1) as u64);
    let proxy = ForwardProxy::start(server.address(), None).await;
    let home = tempfile::tempdir().expect("a temporary folder");
    let ca = home.path().join("ca.pem");
    std::fs::write(&ca, server.ca_pem()).expect("the folder is ours");
    let ca = ca.to_str().expect("temporary folders have plain names").to_owned();
    let (go, ours) = (Go::find(), Ours::start(home.path(), &proxy.url(), &ca, &[]));
    let straight =
        [("GOPROXY", "direct".into()), ("HTTPS_PROXY", proxy.url()), ("SSL_CERT_FILE", ca.clone()), ("GIT_SSL_CAINFO", ca)];
    let by_us = [("GOPROXY", ours.direct())];
    let (theirs, ours) = (Asker { go: &go, settings: &straight }, Asker { go: &go, settings: &by_us });
    let (started, most, next) = (Instant::now(), number("MODWAY_DIRECT_REPOSITORIES", REPOSITORIES), AtomicUsize::new(0));
    let tally = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let work = || {
                let mut tally = Tally::default();
                loop {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    if first >= most {
                        return tally;
                    }
                    let batch: Vec<Sample> = (first..most.min(first + BATCH)).map(|at| served(&server, seed, at)).collect();
                    let downloads: Vec<String> = batch.iter().flat_map(|sample| sample.downloads.clone()).collect();
                    let lists: Vec<String> = batch.iter().flat_map(|sample| sample.lists.clone()).collect();
                    tally.compare(&theirs.ask(&downloads, &lists), &ours.ask(&downloads, &lists));
                }
            };
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().fold(Tally::default(), |sum, worker| sum.with(worker.join().expect("a worker ends")))
        })
    });
    // What passing tests print is hidden; these numbers are worth seeing.
    let said = format!("direct: {most} repositories, seed {seed}: {tally} in {:.1?}\n", started.elapsed());
    drop(std::io::stderr().write_all(said.as_bytes()));
    assert!(tally.differences.is_empty(), "{said}{}", tally.differences.join("\n"));
    assert!(tally.versions * 4 > tally.refusals, "too few of the questions have an answer: {said}");
}

/// Makes one repository, and serves it at its own import path and all below.
fn served(server: &GitServer, seed: u64, at: usize) -> Sample {
    let root = format!("example.test/r{at}");
    let sample = Sample::draw(seed, at, &root);
    server.serve(&format!("r{at}"), &sample.repository);
    for module in sample::modules(&root).iter().filter(|module| module.starts_with(&root)) {
        server.page(module, &format!("{root} git https://{root}"));
    }
    for module in sample::gopkg(&root) {
        server.page(&module, &format!("{module} git https://{root}"));
    }
    let moved = sample::moved(&root);
    for module in [moved.clone(), format!("{moved}/v2")] {
        server.page(&module, &format!("{moved} git https://{root} sub"));
    }
    sample
}

/// What came of the questions.
#[derive(Default)]
struct Tally {
    versions: usize,
    lists: usize,
    refusals: usize,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, theirs: &BTreeMap<String, Answer>, ours: &BTreeMap<String, Answer>) {
        let by_hash: BTreeSet<String> = theirs.iter().filter(|(asked, _)| is_hash(asked)).filter_map(module_version).collect();
        for (asked, theirs) in theirs {
            let plain = module_version((asked, theirs)).is_some_and(|reached| by_hash.contains(&reached));
            let (theirs, ours) = match plain {
                // Go notes the reference of a hash that it had to fetch, and none of one that it has: its order of doing things shows.
                true => (&theirs.without_reference(), &ours[asked].without_reference()),
                false => (theirs, &ours[asked]),
            };
            match theirs {
                _ if !theirs.agrees(ours) => self.differences.push(format!("{asked}\n  go:   {theirs:?}\n  ours: {ours:?}")),
                Answer::Version { .. } => self.versions += 1,
                Answer::List(_) => self.lists += 1,
                Answer::Refused(_) => self.refusals += 1,
            }
        }
    }

    fn with(mut self, other: Self) -> Self {
        self.versions += other.versions;
        self.lists += other.lists;
        self.refusals += other.refusals;
        self.differences.extend(other.differences);
        self
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { versions, lists, refusals, differences } = self;
        write!(f, "{versions} versions, {lists} lists and {refusals} refusals the same, {} different", differences.len())
    }
}

/// True if a commit was asked for by its hash, or the beginning of it.
fn is_hash(asked: &str) -> bool {
    let query = asked.split_once('@').map_or("", |(_, query)| query);
    query.len() >= 7 && query.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// The module and version that an answer is about: all questions that lead there share one `.info` in a module cache.
fn module_version((asked, answer): (&String, &Answer)) -> Option<String> {
    let Answer::Version { version, .. } = answer else { return None };
    Some(format!("{}@{version}", asked.split_once('@')?.0))
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect("a number"))
}

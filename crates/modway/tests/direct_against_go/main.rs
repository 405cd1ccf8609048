//! The real go command on random git repositories, once with GOPROXY=direct and once through our `/@direct/`: the same lists, versions,
//! times, origins and sums, or both refuse.
//!
//! `MODWAY_DIRECT_REPOSITORIES` says how many repositories, `MODWAY_DIRECT_SEED` which ones, and `MODWAY_DIRECT_FIRST` with which of them to
//! begin: a difference in `r409` of seed 11 is seen again alone with 1, 11 and 409.

mod asked;
mod draw;
mod others;
mod ours;
mod sample;

use std::{
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
    let (first, count) = (number("MODWAY_DIRECT_FIRST", 0), number("MODWAY_DIRECT_REPOSITORIES", REPOSITORIES));
    let (started, end, next) = (Instant::now(), first + count, AtomicUsize::new(first));
    let tally = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let work = || {
                let mut tally = Tally::default();
                loop {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    if first >= end {
                        return tally;
                    }
                    let batch: Vec<Sample> = (first..end.min(first + BATCH)).map(|at| served(&server, seed, at)).collect();
                    let downloads: Vec<String> = batch.iter().flat_map(|sample| sample.downloads.clone()).collect();
                    let lists: Vec<String> = batch.iter().flat_map(|sample| sample.lists.clone()).collect();
                    tally.ask(&theirs, &ours, &downloads, &lists);
                }
            };
            let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
            workers.into_iter().fold(Tally::default(), |sum, worker| sum.with(worker.join().expect("a worker ends")))
        })
    });
    // What passing tests print is hidden; these numbers are worth seeing.
    let said = format!("direct: {count} repositories, seed {seed}: {tally} in {:.1?}\n", started.elapsed());
    drop(std::io::stderr().write_all(said.as_bytes()));
    assert!(tally.differences.is_empty(), "{said}{}", tally.differences.join("\n"));
    assert!(count < 50 || tally.alone * 20 < tally.versions, "too many answers depend on what was asked before: {said}");
    assert!(count < 50 || tally.versions * 4 > tally.refusals, "too few of the questions have an answer: {said}");
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
    /// Of them, those that were the same only when Go was asked nothing else.
    alone: usize,
    differences: Vec<String>,
}

impl Tally {
    /// Asks both sides, and once more alone where they differ: what Go has fetched for one question shows in its answer to the next, such as
    /// whether it sees the tags before a commit.
    fn ask(&mut self, theirs: &Asker<'_>, ours: &Asker<'_>, downloads: &[String], lists: &[String]) {
        let (said, wanted) = (theirs.ask(downloads, lists), ours.ask(downloads, lists));
        for (question, theirs_said) in said {
            let ours_said = &wanted[&question];
            if theirs_said.agrees(ours_said) {
                self.count(&theirs_said);
            } else if lists.contains(&question) {
                self.differences.push(format!("{question}\n  go:   {theirs_said:?}\n  ours: {ours_said:?}"));
            } else {
                self.alone(theirs, ours, question);
            }
        }
    }

    fn alone(&mut self, theirs: &Asker<'_>, ours: &Asker<'_>, question: String) {
        let question = [question];
        let (said, wanted) = (theirs.ask(&question, &[]), ours.ask(&question, &[]));
        let [question] = question;
        let (theirs_said, ours_said) = (&said[&question], &wanted[&question]);
        if theirs_said.agrees(ours_said) {
            self.alone += 1;
            self.count(theirs_said);
        } else {
            self.differences.push(format!("{question}\n  go:   {theirs_said:?}\n  ours: {ours_said:?}"));
        }
    }

    fn count(&mut self, answer: &Answer) {
        match answer {
            Answer::Version { .. } => self.versions += 1,
            Answer::List(_) => self.lists += 1,
            Answer::Refused(_) => self.refusals += 1,
        }
    }

    fn with(mut self, other: Self) -> Self {
        self.versions += other.versions;
        self.lists += other.lists;
        self.refusals += other.refusals;
        self.alone += other.alone;
        self.differences.extend(other.differences);
        self
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { versions, lists, refusals, alone, differences } = self;
        write!(
            f,
            "{versions} versions, {lists} lists and {refusals} refusals the same ({alone} of them when asked alone), {} different",
            differences.len()
        )
    }
}

fn number(variable: &str, default: usize) -> usize {
    std::env::var(variable).ok().map_or(default, |text| text.parse().expect("a number"))
}

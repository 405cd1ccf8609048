//! What the requests of a command mean together: what gave way to whom and why, what was asked more than once and why, what took long.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use plan::request::{Ask, Request};

use super::{Asked, Because, Exchange, Traced};

/// What a trace tells.
#[derive(Clone, Debug, Default)]
pub struct Story {
    /// Entries of GOPROXY that gave way to the next, by why.
    pub gave_way: Vec<Step>,
    /// Entries of GOPROXY whose failure was the end of the walk, by why.
    pub stopped: Vec<Step>,
    /// What was asked more than once.
    pub again: Vec<Again>,
    /// What took longest, the longest first: indexes of exchanges.
    pub slow: Vec<usize>,
    /// How long anything was on the wire, what ran side by side counted once.
    pub on_the_wire: Duration,
}

/// Answers of one entry that meant the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The entry's index.
    pub entry: usize,
    /// What it said.
    pub said: Said,
    /// How many answers.
    pub count: usize,
    /// The path of the first of them.
    pub example: String,
}

/// What an entry said.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Said {
    /// 404 or 410.
    NotExist(u16),
    /// Another status.
    Status(u16, String),
    /// Nothing, for this reason, in Go's words.
    Nothing(String),
}

/// Something that was asked more than once, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Again {
    /// Over https, 4xx answers were asked for a second time.
    Repeated {
        /// Of whom.
        host: String,
        /// How many.
        count: usize,
    },
    /// Shorter paths than the module's were asked for: the go command cannot know where in a path the module ends.
    Prefixes {
        /// The path that was found in the end, or the longest.
        module: String,
        /// The shorter ones.
        shorter: Vec<String>,
        /// How many requests that were.
        count: usize,
    },
    /// An entry that gave nothing of a module was asked for each of its files: the go command does not remember.
    Forgotten {
        /// The entry's index.
        entry: usize,
        /// The module.
        module: String,
        /// How many files.
        count: usize,
    },
    /// The very same request.
    Same {
        /// Its URL.
        url: String,
        /// How often.
        count: usize,
    },
}

/// What is shown of the slow: three tell where to look.
const SLOW: usize = 3;

impl Story {
    /// What `traced` tells.
    pub fn of(traced: &Traced) -> Self {
        let (gave_way, stopped) = steps(traced);
        Self { gave_way, stopped, again: again(traced), slow: slow(traced), on_the_wire: on_the_wire(traced) }
    }
}

fn steps(traced: &Traced) -> (Vec<Step>, Vec<Step>) {
    let kin = Kin::of(traced);
    let mut all: BTreeMap<(usize, Said), Step> = BTreeMap::new();
    for exchange in finals(traced) {
        let (Asked::Entry(entry), Some(said)) = (exchange.asked, said(exchange)) else { continue };
        let decided =
            question(exchange).is_some_and(|(module, what)| kin.decided(entry, &what, &module, gives_way(traced, entry, &said)));
        if decided {
            continue;
        }
        let new = || Step { entry, said: said.clone(), count: 0, example: exchange.path.clone() };
        all.entry((entry, said.clone())).or_insert_with(new).count += 1;
    }
    all.into_values().partition(|step| gives_way(traced, step.entry, &step.said))
}

/// Whether what an entry said gives way to the next.
fn gives_way(traced: &Traced, entry: usize, said: &Said) -> bool {
    traced.entries.get(entry).is_some_and(|entry| match said {
        Said::NotExist(_) => entry.not_exist_gives_way,
        Said::Status(..) | Said::Nothing(_) => entry.failure_gives_way,
    })
}

/// The answers after which nothing else was asked in their place.
fn finals(traced: &Traced) -> impl Iterator<Item = &Exchange> {
    traced.seen.exchanges.iter().filter(|exchange| !exchange.is_superseded)
}

/// What an entry answered to the questions that were asked together: for a path and for those above it. One that is found, or that stops the
/// walk, decides for all of them.
///
/// Source: `QueryPattern` in Go's `cmd/go/internal/modload/query.go`, 1.27, which walks along GOPROXY once for all of them.
#[derive(Default)]
struct Kin(BTreeMap<(usize, String, String), Answers>);

/// What was answered for a path itself, and for those below it.
#[derive(Clone, Copy, Default)]
struct Answers {
    found: bool,
    stopped: bool,
    found_below: bool,
    stopped_below: bool,
}

impl Kin {
    fn of(traced: &Traced) -> Self {
        let mut kin = Self::default();
        for exchange in finals(traced) {
            let (Asked::Entry(entry), Some((module, what))) = (exchange.asked, question(exchange)) else { continue };
            let found = exchange.is_good();
            let stopped =
                said(exchange).is_some_and(|said| !gives_way(traced, entry, &said) && !matches!(said, Said::NotExist(_)));
            let own = kin.0.entry((entry, what.clone(), module.clone())).or_default();
            (own.found, own.stopped) = (own.found || found, own.stopped || stopped);
            for above in above(&module) {
                let theirs = kin.0.entry((entry, what.clone(), above.to_owned())).or_default();
                (theirs.found_below, theirs.stopped_below) = (theirs.found_below || found, theirs.stopped_below || stopped);
            }
        }
        kin
    }

    /// Whether another answer decided about this one, which gives way or does not.
    fn decided(&self, entry: usize, what: &str, module: &str, gives_way: bool) -> bool {
        // Single files are asked for alone.
        if what.is_empty() {
            return false;
        }
        let of = |path: &str| self.0.get(&(entry, what.to_owned(), path.to_owned())).copied().unwrap_or_default();
        let own = of(module);
        let others: Vec<Answers> = above(module).map(of).collect();
        let found = own.found_below || others.iter().any(|answers| answers.found);
        let stopped = own.stopped_below || others.iter().any(|answers| answers.stopped);
        found || gives_way && stopped
    }
}

/// The paths above a path, the longest first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/').map(|(above, _)| above), |path| path.rsplit_once('/').map(|(above, _)| above))
}

/// What a final answer said, if it was no good one.
fn said(exchange: &Exchange) -> Option<Said> {
    let status = exchange.status.unwrap_or_default();
    match &exchange.failure {
        Some(failure) => Some(Said::Nothing(failure.clone())),
        None if exchange.ended.is_none() || exchange.is_good() => None,
        None if exchange.says_not_exist() => Some(Said::NotExist(status)),
        None => Some(Said::Status(status, exchange.reason.clone())),
    }
}

fn again(traced: &Traced) -> Vec<Again> {
    let mut all = repeated(traced);
    all.extend(prefixes(traced));
    all.extend(forgotten(traced));
    all.extend(same(traced));
    all
}

fn repeated(traced: &Traced) -> Vec<Again> {
    let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
    for exchange in traced.seen.exchanges.iter().filter(|exchange| exchange.because == Because::Repeated) {
        *hosts.entry(&exchange.host).or_default() += 1;
    }
    hosts.into_iter().map(|(host, count)| Again::Repeated { host: host.to_owned(), count }).collect()
}

/// The module that an exchange asks about, and what of it.
fn question(exchange: &Exchange) -> Option<(String, String)> {
    match Request::parse(&exchange.path).ok()? {
        Request::Module(module, ask, _) => {
            let what = match ask {
                Ask::List => "list".to_owned(),
                Ask::Latest => "latest".to_owned(),
                Ask::Info(rev) => rev.escaped().to_string(),
                Ask::Mod(_) | Ask::Zip(_) => return Some((module.to_string(), String::new())),
            };
            Some((module.to_string(), what))
        }
        Request::Sumdb(..) => None,
    }
}

/// The requests of the command itself, each once, whatever came of it.
fn asked(traced: &Traced) -> impl Iterator<Item = (&Exchange, String, String)> {
    let own = traced.seen.exchanges.iter().filter(|exchange| exchange.because == Because::Asked);
    own.filter_map(|exchange| question(exchange).map(|(module, what)| (exchange, module, what)))
}

fn prefixes(traced: &Traced) -> Vec<Again> {
    let mut asks: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for (_, module, what) in asked(traced).filter(|(.., what)| !what.is_empty()) {
        *asks.entry(what).or_default().entry(module).or_default() += 1;
    }
    // The module of a set of paths that lie below each other is the longest of those that somebody has.
    let found: BTreeSet<String> =
        asked(traced).filter(|(exchange, ..)| exchange.is_good()).map(|(_, module, _)| module).collect();
    let mut all: BTreeMap<String, (BTreeSet<String>, usize)> = BTreeMap::new();
    for modules in asks.values() {
        for longest in modules.keys().filter(|path| modules.keys().all(|other| !is_below(other, path))) {
            let family: Vec<&String> = modules.keys().filter(|path| *path == longest || is_below(longest, path)).collect();
            let module = family.iter().rev().find(|path| found.contains(**path)).map_or(longest, |path| *path);
            let others = family.iter().filter(|path| **path != module && !found.contains(**path));
            for other in others {
                let (shorter, count) = all.entry(module.clone()).or_default();
                shorter.insert((*other).clone());
                *count += modules[*other];
            }
        }
    }
    let prefixes = |(module, (shorter, count)): (_, (BTreeSet<String>, _))| Again::Prefixes {
        module,
        shorter: shorter.into_iter().collect(),
        count,
    };
    all.into_iter().map(prefixes).collect()
}

/// Whether `path` lies below `above`.
fn is_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

fn forgotten(traced: &Traced) -> Vec<Again> {
    let mut lacks: BTreeMap<(usize, String), BTreeSet<&str>> = BTreeMap::new();
    let mut has: BTreeSet<(usize, String)> = BTreeSet::new();
    for exchange in finals(traced) {
        let (Asked::Entry(entry), Some((module, _))) = (exchange.asked, question(exchange)) else { continue };
        if exchange.is_good() {
            has.insert((entry, module));
        } else if traced.entries.get(entry).is_some_and(|entry| entry.not_exist_gives_way) {
            lacks.entry((entry, module)).or_default().insert(&exchange.path);
        }
    }
    let forgotten = lacks.into_iter().filter(|(of, paths)| paths.len() > 1 && !has.contains(of));
    forgotten.map(|((entry, module), paths)| Again::Forgotten { entry, module, count: paths.len() }).collect()
}

fn same(traced: &Traced) -> Vec<Again> {
    let mut urls: BTreeMap<&str, usize> = BTreeMap::new();
    for exchange in traced.seen.exchanges.iter().filter(|exchange| exchange.because == Because::Asked) {
        // What git sends is a conversation, in which the URL is not all that is said.
        if exchange.asked != Asked::Child {
            *urls.entry(&exchange.url).or_default() += 1;
        }
    }
    urls.into_iter().filter(|(_, count)| *count > 1).map(|(url, count)| Again::Same { url: url.to_owned(), count }).collect()
}

fn slow(traced: &Traced) -> Vec<usize> {
    let took = |at: &usize| traced.seen.exchanges[*at].took(traced.took);
    let mut all: Vec<usize> = (0..traced.seen.exchanges.len()).filter(|at| took(at) >= super::limits::SLOW_FROM).collect();
    all.sort_by_key(|at| std::cmp::Reverse(took(at)));
    all.truncate(SLOW);
    all
}

fn on_the_wire(traced: &Traced) -> Duration {
    let exchanges = traced.seen.exchanges.iter().map(|exchange| (exchange.began, exchange.took(traced.took)));
    let tunnels = traced.seen.tunnels.iter().map(|tunnel| (tunnel.began, tunnel.took()));
    let mut spans: Vec<(Duration, Duration)> = exchanges.chain(tunnels).map(|(began, took)| (began, began + took)).collect();
    spans.sort();
    let (mut busy, mut until) = (Duration::ZERO, Duration::ZERO);
    for (began, ended) in spans {
        busy += ended.saturating_sub(began.max(until));
        until = until.max(ended);
    }
    busy
}

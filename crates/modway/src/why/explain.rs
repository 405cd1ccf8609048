//! From a question to a report: the journey is walked, the world is asked, and what was found out is laid out hop by hop.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use futures_util::future::join_all;
use gomod::{
    client::{Answer, Ask, Checksums, Command, End, Journey, Outcome, Question, RepoPart, Server, Setup, Step, Through},
    goenv::{SumdbSetting, defaults},
    goproxy::{GoProxyList, Separator, Source},
    module,
    pattern::Patterns,
};

use super::{
    probe::{Evidence, Guess, Probed, World},
    report::{Asked, Candidate, Hit, Hop, Kind, Leak, Near, Report, State, Sums, TwoTrusts},
};
use crate::{
    config::Files,
    limits,
    machine::{Machine, Setting, go_bundles, masked},
};

/// Settings that are shown even if they are empty.
const ALWAYS: [&str; 4] = ["GOPROXY", "GOPRIVATE", "GOSUMDB", "GOINSECURE"];

/// Settings of the go command that are shown if somebody has set them.
const IF_SET: [&str; 7] = ["GONOPROXY", "GONOSUMDB", "GOVCS", "GOAUTH", "GOFLAGS", "GO111MODULE", "GOTOOLCHAIN"];

/// Variables that are read from the environment only.
const OF_ENVIRONMENT: [&str; 15] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NETRC",
    "GOENV",
    "GODEBUG",
    "GIT_SSL_NO_VERIFY",
    "GIT_SSL_CAINFO",
    "GIT_TERMINAL_PROMPT",
    "GIT_ALLOW_PROTOCOL",
];

/// What was found out so far, by what was asked and how, so that no fix that is tried asks it again.
pub type Memory = Arc<tokio::sync::Mutex<HashMap<String, Probed>>>;

/// A walked journey.
pub struct Walked {
    /// Every ask in order, with what was found out.
    pub asked: Vec<Asked>,
    /// How it ended.
    pub outcome: Outcome,
}

/// Walks the journey, asking `world`; without a world nobody is asked.
pub async fn walk(setup: &Setup, command: &Command, world: Option<&World>, memory: &Memory) -> Walked {
    let mut journey = Journey::new(setup, command);
    let mut asked: Vec<Asked> = Vec::new();
    loop {
        match journey.step() {
            Step::Ask(asks) => {
                let room = limits::MAX_ASKS.saturating_sub(asked.len());
                let probed =
                    join_all(asks.iter().enumerate().map(|(number, ask)| look(ask, world.filter(|_| number < room), memory)))
                        .await;
                for (ask, probed) in asks.into_iter().zip(probed) {
                    journey.answer(ask.clone(), probed.as_ref().map_or(Answer::Unknown, |probed| probed.answer.clone()));
                    asked.push(Asked { ask, probed });
                }
            }
            Step::Over(outcome) => return Walked { asked, outcome },
        }
    }
}

async fn look(ask: &Ask, world: Option<&World>, memory: &Memory) -> Option<Probed> {
    let world = world?;
    let key = key(&ask.question, &ask.url);
    if let Some(known) = memory.lock().await.get(&key) {
        return Some(known.clone());
    }
    if !world.may_hear(&ask.question, &ask.url) {
        return None;
    }
    let probed = world.ask(ask).await;
    memory.lock().await.insert(key, probed.clone());
    Some(probed)
}

/// What makes two asks the same to the world, whatever the list is.
fn key(question: &Question, url: &str) -> String {
    match question {
        Question::Proxy { file, .. } => format!("file {file:?} {url}"),
        Question::Page { way, .. } => format!("page {way:?} {url}"),
        Question::Ping { .. } => format!("ping {url}"),
        Question::Repo { part: RepoPart::Refs, .. } => format!("refs {url}"),
        Question::Repo { part, .. } => format!("{part:?} {url}"),
        Question::Sumdb { part, .. } => format!("{part:?} {url}"),
    }
}

/// Lays out what was found out.
pub async fn lay_out(
    command: &Command,
    machine: &Machine,
    files: &dyn Files,
    world: &World,
    walked: Walked,
    is_dry: bool,
) -> Report {
    let setup = Setup::of(machine.settings());
    let imagined = imagined(&setup, command);
    let hops = hops(machine, command, &walked, &imagined, is_dry);
    let sums = sums(machine, command, &walked);
    let repository = repository(walked.asked.iter().map(|asked| &asked.ask).chain(&imagined));
    // As long as nobody has said where the repository is, it is taken to be on the module's own host, as most are.
    let repository = repository.unwrap_or_else(|| format!("https://{}", command.path()));
    let git = Some((masked(&repository), world.git().settings(&repository).await.2));
    let goinsecure = machine.goinsecure().0;
    let trust = TwoTrusts {
        go_insecure: goinsecure.find(command.path()).map(str::to_owned),
        go: go_bundles(machine.environment(), files),
        git,
    };
    let leaks = leaks(&walked, &imagined, machine, is_dry);
    Report {
        command: command.clone(),
        is_dry,
        told_by: machine.teller().map(|teller| teller.name.clone()),
        is_partly_told: machine.teller().is_some_and(|teller| !teller.is_effective),
        notes: machine.notes().to_vec(),
        settings: settings(machine),
        paths: paths(command, machine),
        hops,
        sums,
        trust,
        leaks,
        outcome: walked.outcome,
        fixes: Vec::new(),
        took: Duration::ZERO,
    }
}

/// What would be asked if every proxy said that the module does not exist: the way to its end, for what was not reached.
fn imagined(setup: &Setup, command: &Command) -> Vec<Ask> {
    let mut journey = Journey::new(setup, command);
    while let Step::Ask(asks) = journey.step() {
        if journey.turns().len() > limits::MAX_ASKS {
            break;
        }
        for ask in asks {
            let answer = if matches!(ask.question, Question::Proxy { .. }) { Answer::status(404) } else { Answer::Unknown };
            journey.answer(ask, answer);
        }
    }
    journey.turns().iter().map(|turn| turn.ask.clone()).collect()
}

fn repository<'a>(asks: impl Iterator<Item = &'a Ask>) -> Option<String> {
    asks.filter_map(|ask| match &ask.question {
        Question::Repo { url, .. } | Question::Ping { url, .. } => Some(url.clone()),
        Question::Proxy { .. } | Question::Page { .. } | Question::Sumdb { .. } => None,
    })
    .next()
}

fn settings(machine: &Machine) -> Vec<Setting> {
    let mut all: Vec<Setting> = ALWAYS.iter().map(|name| machine.setting(name)).collect();
    let if_set = IF_SET.iter().map(|name| machine.setting(name));
    all.extend(if_set.filter(|setting| !setting.value.is_empty() && setting.layer != crate::machine::Layer::Default));
    for name in OF_ENVIRONMENT {
        if machine.environment().get(name).is_some() {
            all.push(machine.setting(name));
        }
    }
    // A go.env that says what Go's default says is no news.
    let is_news = |setting: &Setting| setting.variable != "GOTOOLCHAIN" || setting.value != defaults::GOTOOLCHAIN;
    all.retain(is_news);
    all
}

fn paths(command: &Command, machine: &Machine) -> Vec<Candidate> {
    let (gonoproxy, gonosumdb) = (machine.gonoproxy(), machine.gonosumdb());
    let mut lists: Vec<(Patterns, Setting)> = vec![gonoproxy];
    if lists[0].1.variable != gonosumdb.1.variable {
        lists.push(gonosumdb);
    }
    lists.push(machine.goinsecure());
    lists.retain(|(_, setting)| !setting.value.is_empty());
    candidates(command)
        .into_iter()
        .map(|path| {
            let hits = lists.iter().map(|(patterns, setting)| hit(patterns, &setting.variable, &path)).collect();
            Candidate { path, hits }
        })
        .collect()
}

fn hit(patterns: &Patterns, variable: &str, path: &str) -> Hit {
    let near = patterns.near_misses(path).into_iter();
    let near = near.map(|near| Near { pattern: near.pattern.to_owned(), why: near.why, meant: near.meant });
    Hit { variable: variable.to_owned(), pattern: patterns.find(path).map(str::to_owned), near: near.collect() }
}

/// The paths that may be the module: the one that was typed, and for `go get` every shorter one that can be a module path.
pub fn candidates(command: &Command) -> Vec<String> {
    let path = command.path();
    if !matches!(command, Command::Get { .. }) {
        return vec![path.to_owned()];
    }
    let above = std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(above, _)| above));
    above.filter(|above| *above == path || module::check_path(above).is_ok()).map(str::to_owned).collect()
}

fn hops(machine: &Machine, command: &Command, walked: &Walked, imagined: &[Ask], is_dry: bool) -> Vec<Hop> {
    let Ok(list) = GoProxyList::parse(&machine.setting("GOPROXY").value) else { return Vec::new() };
    let gonoproxy = machine.gonoproxy().0;
    let private = candidates(command).iter().filter(|path| gonoproxy.find(path).is_some()).count();
    let all_private = private > 0 && gonoproxy.find(command.path()).is_some() && private == candidates(command).len();
    let direct_at = list.entries().iter().position(|entry| entry.source == Source::Direct);
    let mut hops: Vec<Hop> = Vec::new();
    if private > 0 && direct_at != Some(0) {
        hops.push(hop(None, "direct", Kind::Direct, Separator::Comma));
    }
    for (index, entry) in list.entries().iter().enumerate() {
        let kind = match entry.source {
            Source::Proxy(_) => Kind::Proxy,
            Source::File(_) => Kind::File,
            Source::Direct => Kind::Direct,
            Source::Off => Kind::Off,
        };
        hops.push(hop(Some(index), &masked(&entry.to_string()), kind, entry.separator));
    }
    let reached: Vec<&Question> = walked.asked.iter().map(|asked| &asked.ask.question).collect();
    let further =
        imagined.iter().filter(|ask| !reached.contains(&&ask.question)).map(|ask| Asked { ask: ask.clone(), probed: None });
    let further = further.filter(|_| is_dry);
    for asked in walked.asked.iter().cloned().chain(further) {
        let place = place(&asked.ask.question, &hops, |path| gonoproxy.find(path).is_some(), &asked.ask);
        if let Some(hop) = place.and_then(|at| hops.get_mut(at)) {
            hop.asked.push(asked);
        }
    }
    let broke = match &walked.outcome.end {
        End::Broken(broken) => broken.at.as_ref(),
        End::Done { .. } | End::Unknown(_) => None,
    };
    let is_done = matches!(walked.outcome.end, End::Done { .. });
    let at_sums = broke.is_some_and(Question::is_of_sumdb);
    let hops_begin_past = hops.first().is_some_and(|hop| hop.index.is_none());
    let last = hops.iter().rposition(|hop| hop.asked.iter().any(|asked| asked.probed.is_some()));
    for (at, hop) in hops.iter_mut().enumerate() {
        let was_asked = hop.asked.iter().any(|asked| asked.probed.is_some());
        hop.state = if all_private && hop.index.is_some() && hops_begin_past {
            State::Passed
        } else if broke.is_some_and(|broke| hop.asked.iter().any(|asked| asked.ask.question == *broke)) {
            State::Broke
        } else if was_asked && Some(at) == last && (is_done || at_sums) {
            State::Served
        } else if was_asked && last.is_some_and(|last| at < last) {
            State::GaveWay
        } else if was_asked {
            State::Unknown
        } else if hop.kind == Kind::Off && is_off(&walked.outcome) {
            State::Broke
        } else {
            State::NotReached
        };
    }
    hops
}

fn is_off(outcome: &Outcome) -> bool {
    matches!(&outcome.end, End::Broken(broken) if broken.class == gomod::client::ErrorClass::ProxyOff)
}

fn hop(index: Option<usize>, name: &str, kind: Kind, separator: Separator) -> Hop {
    Hop { index, name: name.to_owned(), kind, separator, asked: Vec::new(), state: State::NotReached }
}

/// The hop that a question belongs to.
fn place(question: &Question, hops: &[Hop], is_private: impl Fn(&str) -> bool, ask: &Ask) -> Option<usize> {
    match question {
        Question::Proxy { server: Server::Entry(index), .. } => hops.iter().position(|hop| hop.index == Some(*index)),
        Question::Sumdb { .. } => None,
        Question::Proxy { server: Server::Tagged { .. }, .. }
        | Question::Page { .. }
        | Question::Ping { .. }
        | Question::Repo { .. } => {
            let module = ask.lane.as_ref().map(|lane| lane.module.as_str()).or(question.names()).unwrap_or_default();
            let past = hops.iter().position(|hop| hop.index.is_none()).filter(|_| is_private(module));
            past.or_else(|| hops.iter().rposition(|hop| hop.kind == Kind::Direct))
        }
    }
}

fn sums(machine: &Machine, command: &Command, walked: &Walked) -> Sums {
    let (database, url) = match SumdbSetting::parse(&machine.setting("GOSUMDB").value) {
        Ok(SumdbSetting::Database { name, url, .. }) => (name, url.map(|url| masked(&url.to_string()))),
        Ok(SumdbSetting::Off) | Err(_) => (String::new(), None),
    };
    let asked = walked.asked.iter().filter(|asked| asked.ask.question.is_of_sumdb()).cloned().collect();
    let (gonosumdb, setting) = machine.gonosumdb();
    let checksums = match (&walked.outcome.checksums, gonosumdb.find(command.path())) {
        (Checksums::NotReached, _) if machine.setting("GOSUMDB").value == "off" => Checksums::Off,
        (Checksums::NotReached, Some(pattern)) => Checksums::Private { variable: setting.variable, pattern: pattern.to_owned() },
        (known, _) => known.clone(),
    };
    Sums { checksums, database, url, asked }
}

/// Who hears what: proxies, and whoever runs a database. A module's own host is not counted, it knows its modules.
fn leaks(walked: &Walked, imagined: &[Ask], machine: &Machine, is_dry: bool) -> Vec<Leak> {
    let list = GoProxyList::parse(&machine.setting("GOPROXY").value).ok();
    let database = match SumdbSetting::parse(&machine.setting("GOSUMDB").value) {
        Ok(SumdbSetting::Database { name, .. }) => name,
        Ok(SumdbSetting::Off) | Err(_) => String::new(),
    };
    let mut heard: BTreeMap<String, (Vec<String>, bool)> = BTreeMap::new();
    let would = imagined.iter().filter(|_| is_dry).map(|ask| (ask, false));
    for (ask, was_asked) in walked.asked.iter().map(|asked| (&asked.ask, asked.probed.is_some())).chain(would) {
        let entry = |index: usize| list.as_ref().and_then(|list| list.entries().get(index)).map(|entry| &entry.source);
        let who = match &ask.question {
            Question::Proxy { server: Server::Entry(index), .. } => host(entry(*index)),
            Question::Proxy { server: Server::Tagged { base, .. }, .. } => Some(masked(base)),
            Question::Sumdb { through: Through::Itself, .. } => Some(database.clone()),
            Question::Sumdb { through: Through::Entry(index), .. } => {
                host(entry(*index)).map(|host| format!("{host} → {database}"))
            }
            Question::Page { .. } | Question::Ping { .. } | Question::Repo { .. } => None,
        };
        let (Some(who), Some(name)) = (who, ask.question.names()) else { continue };
        let (names, asked) = heard.entry(who).or_default();
        *asked |= was_asked;
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    let public = |who: &str| who.split(" → ").any(|one| defaults::GOPROXY.contains(one) || one == defaults::GOSUMDB);
    heard.into_iter().map(|(who, (names, was_asked))| Leak { is_public: public(&who), who, names, was_asked }).collect()
}

fn host(source: Option<&Source>) -> Option<String> {
    match source? {
        Source::Proxy(url) => Some(url.host().to_owned()),
        Source::File(_) | Source::Direct | Source::Off => None,
    }
}

/// What was taken for granted, each once.
pub fn guesses(report: &Report) -> Vec<Guess> {
    let mut found = Vec::new();
    for asked in report.hops.iter().flat_map(|hop| &hop.asked).chain(&report.sums.asked) {
        if let Some(Probed { evidence: Evidence::Guessed(guess), .. }) = &asked.probed
            && !found.contains(guess)
        {
            found.push(*guess);
        }
    }
    found
}

//! Prediction beside observation.

use std::collections::{BTreeMap, BTreeSet};

use gomod::client::{
    Answer, Ask, Checksums, Command, End, Failure, File, Journey, Lane, PageWay, Question, Server, Setup, Step, Story, SumdbPart,
    Through, Visit,
};
use gomod::pseudo::is_pseudo_version;

use crate::case::{Case, HostTls, Places};
use crate::go::Seen;
use crate::hop::Transport;
use crate::universe::Universe;

/// Something that a server must have seen, where it can be told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Expected {
    event: String,
    /// How often, where Go's own rule says so.
    count: Option<usize>,
    lane: Option<Lane>,
    /// False where several asks look the same from outside.
    is_ordered: bool,
}

/// Walks the case with the model. Asks side by side are answered in an order that the seed draws, which must not matter.
pub(crate) fn predict(case: &Case, universe: &Universe, places: &Places, sumdb: &str) -> Story {
    let setup = Setup::of(&case.as_go_reads_it(places, sumdb));
    let mut journey = Journey::new(&setup, &case.command);
    loop {
        match journey.step() {
            Step::Ask(asks) => {
                let pick = usize::try_from(case.seed).unwrap_or(0) % asks.len();
                let ask = asks[pick].clone();
                let answer = case.answer(universe, places, &ask);
                journey.answer(ask, answer);
            }
            Step::Over(outcome) => return Story { turns: journey.turns().to_vec(), outcome },
        }
    }
}

/// What differs; empty if nothing does.
pub(crate) fn differences(case: &Case, places: &Places, story: &Story, seen: &Seen) -> Vec<String> {
    let mut differences = Vec::new();
    let expected: Vec<Expected> =
        story.turns.iter().flat_map(|turn| expectations(case, places, &turn.ask, &turn.answer)).collect();
    asked(&expected, &seen.log, &mut differences);
    in_order(&expected, &seen.log, &mut differences);
    let is_asked = seen.log.iter().any(|event| event.starts_with("sumdb "));
    if is_asked && story.outcome.checksums != Checksums::Consulted {
        differences.push(format!("checksums: go asks the database, model {:?}", story.outcome.checksums));
    }
    // Each ask of the model is held against the servers' own record above; so what is said of them must be what was asked.
    let tells = story.turns.iter().any(|turn| matches!(turn.ask.question, Question::Sumdb { .. }));
    if tells && story.outcome.checksums != Checksums::Consulted {
        differences.push(format!("checksums: the model asks the database, and says {:?}", story.outcome.checksums));
    }
    if seen.exit != story.outcome.exit {
        differences.push(format!("exit: go {}, model {}", seen.exit, story.outcome.exit));
    }
    let class = match &story.outcome.end {
        End::Broken(broken) => Some(broken.class),
        End::Done { .. } | End::Unknown(_) => None,
    };
    if !seen.is(class) {
        differences.push(format!("class: go {:?}, model {class:?}", seen.codes));
    }
    if let (Some(theirs), End::Done { version, .. }) = (&seen.version, &story.outcome.end)
        && theirs != version
        && !matches!(case.command, Command::Versions { .. })
    {
        differences.push(format!("version: go {theirs}, model {version}"));
    }
    differences.extend(blamed(case, places, story, seen));
    differences
}

/// Whether the proxy that the model blames is the one in go's words.
fn blamed(case: &Case, places: &Places, story: &Story, seen: &Seen) -> Option<String> {
    let End::Broken(broken) = &story.outcome.end else { return None };
    let Some(Question::Proxy { server, .. }) = &broken.at else { return None };
    let place = case.hop_of(places, server).and_then(|at| places.get(at))?;
    // Where a redirect leads, it is that place which go names.
    let says_where = !seen.text.contains("/elsewhere") && seen.text.contains("http");
    (says_where && !seen.text.contains(place.as_str())).then(|| format!("blame: model {server:?}, go does not name it"))
}

fn asked(expected: &[Expected], log: &[String], differences: &mut Vec<String>) {
    let mut wanted: BTreeMap<&str, Option<usize>> = BTreeMap::new();
    for Expected { event, count, .. } in expected {
        let sum = wanted.entry(event).or_insert(Some(0));
        *sum = sum.zip(*count).map(|(sum, count)| sum + count);
    }
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for event in log.iter().filter(|event| !event.contains(" tile/")) {
        *found.entry(event).or_default() += 1;
    }
    let names: BTreeSet<&str> = wanted.keys().chain(found.keys()).copied().collect();
    for name in names {
        match (wanted.get(name), found.get(name)) {
            (Some(None), Some(_)) => {}
            (Some(Some(wanted)), found) if *wanted == found.copied().unwrap_or(0) => {}
            (wanted, found) => {
                differences.push(format!(
                    "asked: {name}: go {} times, model {:?}",
                    found.unwrap_or(&0),
                    wanted.copied().flatten()
                ));
            }
        }
    }
}

/// Checks every two asks that have an order.
fn in_order(expected: &[Expected], log: &[String], differences: &mut Vec<String>) {
    let mut before: BTreeMap<&str, usize> = BTreeMap::new();
    let mut placed: Vec<(usize, &Expected)> = Vec::new();
    for one in expected {
        let earlier = before.entry(&one.event).or_default();
        let at = log.iter().enumerate().filter(|(_, known)| **known == one.event).nth(*earlier);
        *earlier += one.count.unwrap_or(1);
        if let (Some((at, _)), true) = (at, one.is_ordered) {
            placed.push((at, one));
        }
    }
    for (number, (second, later)) in placed.iter().enumerate() {
        for (first, earlier) in &placed[..number] {
            let side_by_side = match (&earlier.lane, &later.lane) {
                (Some(a), Some(b)) => a.round == b.round && a.module != b.module,
                (Some(_) | None, None) | (None, Some(_)) => false,
            };
            // One event for two asks side by side says nothing of their order.
            let is_shared = expected.iter().any(|other| other.event == earlier.event && other.lane != earlier.lane)
                || expected.iter().any(|other| other.event == later.event && other.lane != later.lane);
            if !side_by_side && first > second && !(is_shared && later.lane.is_some()) {
                differences.push(format!("order: go asks {} before {}", later.event, earlier.event));
            }
        }
    }
}

/// What an ask looks like to the servers. Where the host has a certificate of its own making, the handshake is seen apart from what follows it.
fn expectations(case: &Case, places: &Places, ask: &Ask, answer: &Answer) -> Vec<Expected> {
    let seen = expected(case, places, ask, answer);
    let host = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    let who = match &ask.question {
        _ if case.host.tls != HostTls::Untrusted => None,
        Question::Ping { .. } | Question::Repo { .. } if !case.has_git => None,
        Question::Page { path, way: PageWay::Unverified, .. } => Some(format!("go tls {}", host(path))),
        Question::Ping { url, .. } | Question::Repo { url, .. } => {
            url.strip_prefix("https://").map(|rest| format!("git tls {}", host(rest)))
        }
        Question::Page { .. } | Question::Proxy { .. } | Question::Sumdb { .. } => None,
    };
    let handshake = who.map(|event| Expected { event, count: None, lane: ask.lane.clone(), is_ordered: false });
    seen.into_iter().chain(handshake).collect()
}

fn expected(case: &Case, places: &Places, ask: &Ask, answer: &Answer) -> Option<Expected> {
    let once = |event: String| Some(Expected { event, count: Some(1), lane: ask.lane.clone(), is_ordered: true });
    let many = |event: String| Some(Expected { event, count: None, lane: ask.lane.clone(), is_ordered: false });
    // A refusal over https is asked for once more, for there might be a login.
    let is_refusal = matches!(answer, Answer::Failed(Failure::Status(400..500)));
    let counted = |event: String, https: bool| {
        let count = if is_refusal && https { 2 } else { 1 };
        Some(Expected { event, count: Some(count), lane: ask.lane.clone(), is_ordered: true })
    };
    match &ask.question {
        Question::Proxy { server, module, file } => {
            let at = case.hop_of(places, server)?;
            match case.hops[at].transport {
                Transport::Refused | Transport::File => None,
                Transport::Untrusted | Transport::NotTls => many(format!("hop{at} tls")),
                transport @ (Transport::Http | Transport::Https) => {
                    let seen = counted(format!("hop{at} {}", path_of(module, file)), transport == Transport::Https)?;
                    // What Go looks at in a list unasked it does not remember: it may ask for that once more, which is not told.
                    let is_newest = matches!(file, File::Info(rev) if case.hops[at].lists_pseudo && is_pseudo_version(rev));
                    // A connection that was used before and is cut before an answer is tried once more, by Go's http client; which one was
                    // used before is a matter of time.
                    let is_cut = matches!(answer, Answer::Failed(Failure::Cut));
                    Some(if is_newest || is_cut { Expected { count: None, is_ordered: false, ..seen } } else { seen })
                }
            }
        }
        Question::Page { path, way, visit } => {
            let host = path.split('/').next().unwrap_or(path);
            let (scheme, is_plain) = if *way == PageWay::Plain { ("http", true) } else { ("https", false) };
            match (case.host.tls, way) {
                (HostTls::None, PageWay::Verified | PageWay::Unverified) => many(format!("go tls {host}")),
                (HostTls::Untrusted, PageWay::Verified) => many(format!("go tls {host}")),
                (HostTls::Good | HostTls::Untrusted | HostTls::None, _) => {
                    let refused = !is_plain && case.page(path, places).0 >= 400;
                    let event = format!("page {scheme}://{path}");
                    let is_ordered = *visit != Visit::Confirm || ask.lane.is_none();
                    Some(Expected { count: Some(if refused { 2 } else { 1 }), is_ordered, ..once(event)? })
                }
            }
        }
        Question::Ping { url, .. } | Question::Repo { url, .. } => git(case, url).and_then(many),
        Question::Sumdb { through, part } => {
            let what = match part {
                SumdbPart::Supported => "supported".to_owned(),
                SumdbPart::Lookup { module, version } => format!("lookup/{}", escaped(module, version)),
                SumdbPart::Tiles { .. } => return None,
            };
            match through {
                Through::Entry(index) => {
                    let at = case.hop_of(places, &Server::Entry(*index))?;
                    match case.hops[at].transport {
                        Transport::Refused | Transport::File => None,
                        Transport::Untrusted | Transport::NotTls => many(format!("hop{at} tls")),
                        transport @ (Transport::Http | Transport::Https) => {
                            let seen = counted(format!("sumdb hop{at} {what}"), transport == Transport::Https)?;
                            // Whichever of several modules comes first asks for all.
                            let is_ordered = *part != SumdbPart::Supported || ask.lane.is_none();
                            Some(Expected { is_ordered, ..seen })
                        }
                    }
                }
                Through::Itself if ask.url.starts_with("http://127.0.0.1") => once(format!("sumdb itself {what}")),
                Through::Itself => match case.sumdb.tls {
                    HostTls::Good => counted(format!("sumdb itself {what}"), true),
                    HostTls::Untrusted | HostTls::None => many("go tls sum.test".into()),
                },
            }
        }
    }
}

fn git(case: &Case, url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next().unwrap_or(rest);
    match (scheme, case.host.tls) {
        _ if !case.has_git => None,
        ("https", HostTls::Good) | ("http", _) => Some(format!("git {url}")),
        ("https", HostTls::Untrusted) if case.git_trusts_all => Some(format!("git {url}")),
        ("https", _) => Some(format!("git tls {host}")),
        _ => None,
    }
}

/// The path of a file on a proxy.
pub(crate) fn path_of(module: &str, file: &File) -> String {
    let path = gomod::module::escape_path(module).unwrap_or_default();
    let version = |version: &str| gomod::module::escape_version(version).unwrap_or_default();
    match file {
        File::List(_) => format!("{path}/@v/list"),
        File::Latest => format!("{path}/@latest"),
        File::Info(rev) => format!("{path}/@v/{}.info", version(rev)),
        File::Mod(rev) => format!("{path}/@v/{}.mod", version(rev)),
        File::Zip(rev) => format!("{path}/@v/{}.zip", version(rev)),
    }
}

fn escaped(module: &str, version: &str) -> String {
    let path = gomod::module::escape_path(module).unwrap_or_default();
    format!("{path}@{}", gomod::module::escape_version(version).unwrap_or_default())
}

//! The chains of a server's configuration.

use gomod::{
    goenv::SumdbSetting,
    goproxy::{Entry, GoProxyList, Source},
};
use plan::{Trouble, trouble::Deadline};
use proxy::settings::{self, Settings, StepDown, hop_name};

use super::{
    Branch, Chain, Hop, Kind, Patience, Then, Tree, When, Whose,
    grow::Sprout,
    of_go::{gives_way_to_trouble, kind, off},
    words,
};

impl Tree {
    /// The chains of a server with these settings, one for each route.
    pub fn of_server(settings: &Settings) -> Self {
        let chains = settings.routes.iter().map(|route| Chain {
            name: route.name.clone(),
            matches: (!route.patterns.iter().any(|pattern| pattern == "*")).then(|| route.patterns.clone()),
            list: words::list(&route.upstreams),
            hops: hops(&route.upstreams, settings),
            proven: settings.sums.database != SumdbSetting::Off && !route.private && route.patterns != settings.sums.waived,
        });
        Self { whose: Whose::Server, chains: chains.collect() }
    }
}

fn hops(list: &GoProxyList, settings: &Settings) -> Vec<Hop> {
    let mut hops: Vec<Hop> = Vec::new();
    for (index, entry) in list.entries().iter().enumerate() {
        let after_trouble = hops.iter().any(gives_way_to_trouble);
        hops.push(hop(index, entry, after_trouble, list, settings));
    }
    hops
}

fn hop(index: usize, entry: &Entry, after_trouble: bool, list: &GoProxyList, settings: &Settings) -> Hop {
    let set = set(entry, settings);
    let covers = |trouble: &Trouble| set.is_some_and(|set| set.step_down.iter().any(|rule| rule.covers(trouble)));
    let mut answers = vec![(When::Found, false), (When::Absent, false)];
    answers.extend(troubles(kind(entry), set).into_iter().map(|(when, trouble)| (when, covers(&trouble))));
    // What is not accepted is no trouble of the upstream's, so that no rule covers it.
    answers.push((When::Unproven, false));
    let mut branches = match kind(entry) {
        Kind::Off => vec![off(after_trouble)],
        Kind::Proxy | Kind::File | Kind::Direct => {
            Sprout { list, index, whose: &Whose::Server, answers, after_trouble }.branches()
        }
    };
    // Whoever keeps failing is skipped where his last failure gives way; see `proxy::chain`.
    let breaks = set.is_some_and(|set| set.breaker.failures > 0);
    let onward = |branch: &&mut Branch| matches!(branch.then, Then::Ask(..)) && branch.when != [When::Absent];
    if let Some(branch) = branches.iter_mut().find(onward).filter(|_| breaks) {
        branch.when.push(When::Skipped);
    }
    let url = set.map(|set| set.url.clone()).filter(|url| !url.is_empty() && entry.name.is_some());
    let name = hop_name(entry).unwrap_or_else(|| entry.to_string());
    Hop { name, url, kind: kind(entry), patience: set.map(patience), branches }
}

fn set<'a>(entry: &Entry, settings: &'a Settings) -> Option<&'a settings::Hop> {
    match entry.source {
        Source::Direct => Some(&settings.direct.patience),
        Source::Off => None,
        Source::Proxy(_) | Source::File(_) => hop_name(entry).and_then(|name| settings.hops.iter().find(|hop| hop.name == name)),
    }
}

/// One of each kind of trouble; a status that a rule names is a kind of its own.
fn troubles(kind: Kind, set: Option<&settings::Hop>) -> Vec<(When, Trouble)> {
    let text = String::new;
    let broken = (When::Body, Trouble::Body(text()));
    match kind {
        Kind::Off => Vec::new(),
        Kind::File => vec![broken],
        Kind::Direct => vec![(When::Tool, Trouble::Vcs(text()))],
        Kind::Proxy => {
            let mut troubles = vec![
                (When::Dns, Trouble::Dns(text())),
                (When::Connect, Trouble::Connect(text())),
                (When::Tls, Trouble::Tls(text())),
                (When::ForwardProxy, Trouble::ForwardProxy(text())),
                (When::Timeout, Trouble::Deadline(Deadline::Total, 0)),
                (When::Broken, Trouble::Broken(text())),
            ];
            let rules = set.map(|set| set.step_down.as_slice()).unwrap_or_default();
            let named = |status: &u16| rules.contains(&StepDown::Status(*status));
            let some_5xx = (500..600).rev().find(|status| !named(status)).unwrap_or(599);
            troubles.push((When::ServerErrors, Trouble::Status(some_5xx, text())));
            troubles.extend(rules.iter().filter_map(|rule| match rule {
                StepDown::Status(status) => Some((When::Status(*status), Trouble::Status(*status, text()))),
                StepDown::ServerErrors | StepDown::Kind(_) => None,
            }));
            // No rule can name status 0.
            troubles.extend([(When::OtherStatus, Trouble::Status(0, text())), broken]);
            troubles
        }
    }
}

fn patience(set: &settings::Hop) -> Patience {
    let is_direct = set.name == settings::DIRECT;
    Patience {
        connect: (!is_direct).then_some(set.connect),
        tls: (!is_direct).then_some(set.tls),
        first_byte: (!is_direct).then_some(set.first_byte),
        idle: (!is_direct).then_some(set.idle),
        total: Some(set.total),
        total_zip: Some(set.total_zip),
        retries: set.retries,
        breaker: (set.breaker.failures > 0 && !is_direct).then_some((set.breaker.failures, set.breaker.pause)),
        step_down: set.step_down.iter().map(ToString::to_string).collect(),
    }
}

//! What a tree says of a server's chain is what the server's chain does.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use gomod::{
    goproxy::{GoProxyList, Source},
    module::{ModulePath, Version},
};
use plan::{Reason, Trouble, Way, trouble::Deadline};
use proxy::{
    Journey,
    chain::{Chain, Hop, Miss},
    settings::{Settings, hop_name},
    spool::SpoolWriter,
    upstream::{Failure, Known, Question, Reply, Upstream},
};

use modway::tree::{self, Because, Then, Tree, When};

use super::specimen::example;

/// Somebody who is only asked for his name.
struct Named(String);

#[async_trait]
impl Upstream for Named {
    fn name(&self) -> &str {
        &self.0
    }

    async fn ask(&self, _: &Question, _: &Known, _: &Journey) -> Result<Reply, Failure> {
        Err(Failure::NotExist(String::new()))
    }

    async fn zip(&self, _: &ModulePath, _: &Version, _: &mut SpoolWriter, _: &Journey) -> Result<(), Failure> {
        Err(Failure::NotExist(String::new()))
    }
}

/// The server's own chain for these settings, with nobody behind the names.
fn chain(list: &GoProxyList, settings: &Settings) -> Chain {
    Chain::new(Way::Route, list.clone(), |entry| {
        let set = hop_name(entry).and_then(|name| settings.hops.iter().find(|hop| hop.name == name));
        let step_down = set.map(|set| set.step_down.clone()).unwrap_or_default();
        (entry.source != Source::Off).then(|| Hop { upstream: Arc::new(Named(entry.to_string())), step_down })
    })
}

/// What the server hears when this comes of asking; `None` for what is no failure, and for what it decides itself.
fn failure(when: When) -> Option<Result<Failure, Reason>> {
    let text = || "x".to_owned();
    let trouble = match when {
        When::Found | When::Skipped | When::Silence => return None,
        When::Absent => return Some(Ok(Failure::NotExist(text()))),
        When::Unproven => return Some(Err(Reason::BadContent(text()))),
        When::Dns => Trouble::Dns(text()),
        When::Connect => Trouble::Deadline(Deadline::Connect, 1),
        When::Tls => Trouble::Deadline(Deadline::Tls, 1),
        When::ForwardProxy => Trouble::ForwardProxy(text()),
        When::Timeout => Trouble::Deadline(Deadline::FirstByte, 1),
        When::Broken => Trouble::Broken(text()),
        When::ServerErrors => Trouble::Status(503, text()),
        When::Status(status) => Trouble::Wait(status, 1),
        When::OtherStatus => Trouble::Status(403, text()),
        When::Body => Trouble::Body(text()),
        When::Tool => Trouble::Vcs(text()),
    };
    Some(Ok(Failure::Trouble(trouble)))
}

/// Leads the server's chain to the entry at `index`, lets it fail, and looks where it goes. False for what is no failure, and is not looked at.
#[track_caller]
fn check_branch(chain: &Chain, said: &tree::Chain, index: usize, when: When, then: Then) -> bool {
    let journey = Journey::new(Instant::now());
    let mut travel = chain.travel("x".into(), &journey);
    for _ in 0..index {
        travel.here().expect("somebody to ask");
        travel.failed(Failure::NotExist(String::new()));
    }
    travel.here().expect("somebody to ask");
    match failure(when) {
        None => return false,
        Some(Ok(failure)) => travel.failed(failure),
        Some(Err(reason)) => travel.refused(reason),
    }
    let names = format!("{}: {when:?} of {}", said.list, said.hops[index].name);
    match (travel.here(), then) {
        (Some(next), Then::Ask(to, _)) => {
            assert_eq!(next.name(), chain.hops()[to].as_ref().expect("a hop").upstream.name(), "{names}")
        }
        // `off` is never asked, and ends the walk: with a failure before, if there was one.
        (None, Then::Ask(to, because)) => {
            assert_eq!(said.hops[to].kind, tree::Kind::Off, "{names}");
            assert_eq!(travel.miss() == Miss::Failed(Reason::Off), because == Because::Absent, "{names}");
        }
        (None, Then::Absent | Then::AbsentUnlessTrouble) => assert!(matches!(travel.miss(), Miss::NotExist(_)), "{names}"),
        (None, Then::Trouble) => assert!(matches!(travel.miss(), Miss::Failed(_)), "{names}"),
        (next, then) => panic!("{names}: {then:?} is said, and next is {:?}", next.map(|next| next.name().to_owned())),
    }
    true
}

/// Where an absence at the end is said to depend on trouble before, it does; where it is said not to, there can be none before.
#[track_caller]
fn check_absence(chain: &Chain, said: &tree::Chain, index: usize, then: Then) {
    let gives_way = |branch: &&tree::Branch| matches!(branch.then, Then::Ask(_, Because::Bar | Because::StepDown));
    let before = said.hops.iter().take(index).enumerate();
    let troubles = before.filter_map(|(at, hop)| Some((at, hop.branches.iter().find(gives_way)?.when.first().copied()?)));
    let troubles: Vec<(usize, When)> = troubles.collect();
    assert_eq!(troubles.is_empty(), !matches!(then, Then::AbsentUnlessTrouble | Then::OffUnlessTrouble), "{}", said.list);
    for (trouble, when) in troubles {
        let journey = Journey::new(Instant::now());
        let mut travel = chain.travel("x".into(), &journey);
        for at in 0.. {
            let Some(_) = travel.here() else { break };
            let fails = failure(when).and_then(Result::ok).filter(|_| at == trouble);
            travel.failed(fails.unwrap_or_else(|| Failure::NotExist(String::new())));
        }
        assert!(matches!(travel.miss(), Miss::Failed(Reason::Upstream { .. })), "{}: {when:?} of {trouble}", said.list);
    }
}

#[track_caller]
fn check(upstreams: &str) {
    let mut settings = example().proxy;
    let list =
        GoProxyList::parse_with(upstreams, &|name| settings.hops.iter().find(|hop| hop.name == name).map(|hop| hop.url.clone()));
    settings.routes[0].upstreams = list.expect("a list");
    let chain = chain(&settings.routes[0].upstreams, &settings);
    let tree = Tree::of_server(&settings);
    let said = &tree.chains[0];
    let mut seen = 0;
    for (index, hop) in said.hops.iter().enumerate().filter(|(_, hop)| hop.kind != tree::Kind::Off) {
        for (when, then) in hop.branches.iter().flat_map(|branch| branch.when.iter().map(|when| (*when, branch.then))) {
            seen += usize::from(check_branch(&chain, said, index, when, then));
        }
    }
    let last = said.hops.len() - 1;
    let absent = said.hops[last].branches.iter().find(|branch| branch.when.contains(&When::Absent)).expect("it can be absent");
    check_absence(&chain, said, last, absent.then);
    assert!(seen >= 3, "{upstreams}: {seen}");
}

#[test]
fn the_server_goes_where_its_tree_says() {
    check("mirror|public,direct");
    check("public,mirror,direct");
    check("mirror|public");
    check("public,off");
    check("public|direct");
    check("direct");
}

#[test]
fn a_rule_of_ours_is_named_where_a_comma_would_have_stopped() {
    let tree = Tree::of_server(&example().proxy);
    let public = &tree.chains[0].hops[1];
    let by_rule: Vec<_> = public.branches.iter().filter(|branch| branch.then == Then::Ask(2, Because::StepDown)).collect();
    assert_eq!(
        by_rule.iter().flat_map(|branch| branch.when.clone()).collect::<Vec<_>>(),
        [When::ServerErrors, When::Status(429), When::Skipped]
    );
}

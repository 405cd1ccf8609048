//! What a journey through the imagined world comes to: the columns of a row.

use gomod::client::{Ask, Checksums, End, ErrorClass, Outcome, PageWay, Question, Turn, walk};

use super::{
    axes::Combination,
    imagined::{Imagined, Subject},
};

/// Where one combination leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prediction {
    /// Who is asked for the module, in order, each once.
    pub route: Vec<Stop>,
    /// Go's own check of the host's certificate.
    pub go_tls: Tls,
    /// git's.
    pub git_tls: Tls,
    /// Who hears the module's name besides its own host.
    pub leaks: Vec<Ear>,
    /// How it ends.
    pub outcome: Outcome,
    /// What is asked of whom.
    pub asks: Vec<Ask>,
}

/// Somebody who is asked for a module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// The proxy.
    Proxy,
    /// Version control.
    Direct,
}

/// A check of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tls {
    /// There is nothing to check: the host is not asked so.
    NotAsked,
    /// It is checked, and believed.
    Believed,
    /// It is checked, and not believed.
    Refused,
    /// It is not checked.
    Skipped,
}

/// Somebody who hears a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ear {
    /// The proxy.
    Proxy,
    /// The checksum database.
    Database,
}

impl Prediction {
    /// Walks the journey.
    pub(super) fn of(combination: &Combination, subject: &Subject, imagined: Imagined) -> Self {
        let setup = combination.setup(subject);
        let story = walk(&setup, &subject.command(), &mut |ask| imagined.answer(ask, subject, combination.git_trusts));
        Self {
            route: route(&story.turns),
            go_tls: go_tls(&story.turns),
            git_tls: git_tls(&story.turns, combination.git_trusts),
            leaks: leaks(&story.turns),
            outcome: story.outcome,
            asks: story.turns.into_iter().map(|turn| turn.ask).collect(),
        }
    }

    /// True if the command succeeds.
    pub fn succeeds(&self) -> bool {
        matches!(self.outcome.end, End::Done { .. })
    }

    /// The kind of error, if it fails.
    pub fn class(&self) -> Option<ErrorClass> {
        match &self.outcome.end {
            End::Broken(broken) => Some(broken.class),
            End::Done { .. } | End::Unknown(_) => None,
        }
    }

    /// Whether the checksum database was asked.
    pub fn checksums_asked(&self) -> bool {
        self.outcome.checksums == Checksums::Consulted
    }
}

fn route(turns: &[Turn]) -> Vec<Stop> {
    let mut stops = Vec::new();
    for turn in turns {
        let stop = match turn.ask.question {
            Question::Proxy { .. } => Stop::Proxy,
            Question::Page { .. } | Question::Ping { .. } | Question::Repo { .. } => Stop::Direct,
            Question::Sumdb { .. } => continue,
        };
        if !stops.contains(&stop) {
            stops.push(stop);
        }
    }
    stops
}

fn go_tls(turns: &[Turn]) -> Tls {
    let page = turns.iter().find_map(|turn| match turn.ask.question {
        Question::Page { way, .. } => Some((way, good(turn))),
        Question::Proxy { .. } | Question::Ping { .. } | Question::Repo { .. } | Question::Sumdb { .. } => None,
    });
    match page {
        None => Tls::NotAsked,
        Some((PageWay::Verified, true)) => Tls::Believed,
        Some((PageWay::Verified, false)) => Tls::Refused,
        Some((PageWay::Unverified | PageWay::Plain, _)) => Tls::Skipped,
    }
}

fn git_tls(turns: &[Turn], told: bool) -> Tls {
    let asked = turns.iter().find(|turn| match &turn.ask.question {
        Question::Ping { url, .. } => url.starts_with("https://"),
        Question::Repo { .. } => true,
        Question::Proxy { .. } | Question::Page { .. } | Question::Sumdb { .. } => false,
    });
    match asked.map(|turn| (good(turn), told)) {
        None => Tls::NotAsked,
        Some((true, _)) => Tls::Believed,
        Some((false, _)) => Tls::Refused,
    }
}

fn good(turn: &Turn) -> bool {
    matches!(turn.answer, gomod::client::Answer::Found(_))
}

fn leaks(turns: &[Turn]) -> Vec<Ear> {
    let names = |turn: &&Turn| turn.ask.question.names().is_some();
    let hears = |ear: fn(&Question) -> bool| turns.iter().filter(names).any(|turn| ear(&turn.ask.question));
    let proxy = hears(|question| matches!(question, Question::Proxy { .. })).then_some(Ear::Proxy);
    let database = hears(Question::is_of_sumdb).then_some(Ear::Database);
    proxy.into_iter().chain(database).collect()
}

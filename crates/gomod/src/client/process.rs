//! What one run of the go command knows and remembers.

use std::collections::HashMap;

use super::answer::{Answer, Commit, Failure, Found, GoModFacts, InfoFacts, ZipFacts};
use super::ask::{Ask, Lane, Purpose, Question, Reason};
use super::journey::Journey;
use super::outcome::{Break, Checksums, ErrorClass};
use super::setup::Setup;
use crate::goenv::{GoVcs, InvalidGoVcs};
use crate::goproxy::{Entry, GoProxyList, Outcome, Place, Privacy, Source};
use crate::pattern::Patterns;

/// One run, told from its beginning with the answers there are.
///
/// What Go keeps in its caches for one run is kept here; that nothing is asked twice is the journey's, which knows each question's answer.
pub(super) struct Process<'j> {
    journey: &'j Journey,
    pub(super) rules: Rules<'j>,
    /// What has to be asked now.
    pub(super) pending: Vec<Ask>,
    pub(super) lane: Option<Lane>,
    pub(super) rounds: usize,
    /// The path that was typed.
    pub(super) typed: String,
    /// True for commands without a flag `-mod`.
    pub(super) ignores_mod: bool,
    /// `.info` by module path and version: on disk from then on.
    pub(super) infos: HashMap<(String, String), InfoFacts>,
    /// What each place said of a revision, which is what it says for the rest of the run, whatever comes to lie on disk.
    pub(super) stats: HashMap<(Place, String, String), Result<InfoFacts, Box<Fault>>>,
    pub(super) go_mods: HashMap<(String, String), GoModFacts>,
    pub(super) zips: HashMap<(String, String), Result<ZipFacts, Box<Fault>>>,
    /// What repositories have shown of a module at a version.
    pub(super) commits: HashMap<(String, String), Commit>,
    pub(super) checksums: Checksums,
    /// Every hash of a go.mod that came, by module path and version, proven or not: go.sum is written from these.
    pub(super) go_mod_sums: HashMap<(String, String), String>,
    /// The first version of which two different ones came.
    pub(super) two_sums: Option<(String, String)>,
}

/// The settings, read.
pub(super) struct Rules<'j> {
    pub(super) setup: &'j Setup,
    pub(super) list: Option<GoProxyList>,
    pub(super) gonoproxy: Patterns,
    pub(super) gonosumdb: Patterns,
    pub(super) goinsecure: Patterns,
    pub(super) goprivate: Patterns,
    pub(super) govcs: Result<GoVcs, InvalidGoVcs>,
}

/// Why a part of the way could not be gone to its end.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// It went wrong.
    Fault(Box<Fault>),
    /// Something must be asked first; it is among [`Process::pending`].
    Pending,
    /// The answer to this is not known.
    Unknown(Question),
}

/// An error of the go command.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) told: Break,
    /// What it counts for among the errors of several module paths.
    pub(super) rank: Rank,
}

/// Go's types of errors, as far as it tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Any other.
    Plain,
    /// `NoMatchingVersionError`.
    NoVersion,
    /// `PackageNotInModuleError`.
    NoPackage,
    /// `NoPatchBaseError`.
    NoPatchBase,
    /// `module.InvalidPathError`.
    InvalidPath,
    /// `module.InvalidVersionError`, somewhere within.
    InvalidVersion,
    /// `ErrDisallowed`: the version is retracted.
    Disallowed,
    /// `errUseProxy`: not for this module.
    NotHere,
}

/// Where a module is looked for at the moment.
#[derive(Clone, Debug)]
pub(super) struct Hop {
    pub(super) place: Place,
    pub(super) entry: Entry,
    /// True if private modules have been looked for in version control before.
    pub(super) again: bool,
    pub(super) because: Vec<Reason>,
}

pub(super) type Told<T> = Result<T, Stop>;

impl<'j> Process<'j> {
    pub(super) fn new(setup: &'j Setup, journey: &'j Journey) -> Self {
        let patterns = |setting: &crate::goenv::Setting| Patterns::parse(&setting.value);
        let rules = Rules {
            setup,
            list: GoProxyList::parse(&setup.goproxy.value).ok(),
            gonoproxy: patterns(&setup.gonoproxy),
            gonosumdb: patterns(&setup.gonosumdb),
            goinsecure: patterns(&setup.goinsecure),
            goprivate: patterns(&setup.goprivate),
            govcs: GoVcs::parse(&setup.govcs.value),
        };
        Process {
            journey,
            rules,
            pending: Vec::new(),
            lane: None,
            rounds: 0,
            typed: String::new(),
            ignores_mod: false,
            infos: HashMap::new(),
            stats: HashMap::new(),
            go_mods: HashMap::new(),
            zips: HashMap::new(),
            commits: HashMap::new(),
            checksums: Checksums::NotReached,
            go_mod_sums: HashMap::new(),
            two_sums: None,
        }
    }

    /// The answer to a question; if there is none yet, it becomes pending.
    pub(super) fn ask(
        &mut self,
        question: Question,
        url: String,
        purpose: Purpose,
        because: Vec<Reason>,
    ) -> Told<Result<Found, Failure>> {
        match self.journey.known(&question) {
            Some(Answer::Found(found)) => Ok(Ok(found.clone())),
            Some(Answer::Failed(failure)) => Ok(Err(failure.clone())),
            Some(Answer::Unknown) => Err(Stop::Unknown(question)),
            None => {
                if !self.pending.iter().any(|ask| ask.question == question) {
                    self.pending.push(Ask { question, url, purpose, because, lane: self.lane.clone() });
                }
                Err(Stop::Pending)
            }
        }
    }

    /// Goes along GOPROXY for these modules until `op` brings what it is for: `TryProxies`.
    pub(super) fn walk<T>(&mut self, modules: &[&str], op: &mut dyn FnMut(&mut Self, &Hop) -> Told<T>) -> Told<T> {
        let Some(list) = self.rules.list.clone() else {
            return Err(self.bad_goproxy(modules.first().copied().unwrap_or_default()));
        };
        let private = modules.iter().filter(|module| self.rules.gonoproxy.find(module).is_some()).count();
        let privacy = match private {
            // Then Go has no entry of its own before the list.
            _ if self.rules.setup.goproxy.value == "direct" => Privacy::Public,
            0 => Privacy::Public,
            all if all == modules.len() => Privacy::Private,
            _ => Privacy::Mixed,
        };
        let mut walk = list.walk(privacy);
        let mut faults: Vec<(Place, Box<Fault>)> = Vec::new();
        let mut because = Vec::new();
        while let (Some(place), Some(entry)) = (walk.place(), walk.here()) {
            if let Place::Entry(index) = place {
                because.insert(0, Reason::Entry { index });
            }
            let again = privacy != Privacy::Public && place != Place::NoProxy;
            let hop = Hop { place, entry: entry.clone(), again, because: std::mem::take(&mut because) };
            let fault = match op(self, &hop) {
                Ok(found) => return Ok(found),
                Err(Stop::Fault(fault)) => fault,
                Err(stop) => return Err(stop),
            };
            let outcome = if fault.told.is_absence { Outcome::NotExist } else { Outcome::Failed };
            if let Place::Entry(index) = place {
                because.push(Reason::GaveWay { index, outcome, separator: entry.separator });
            }
            faults.push((place, fault));
            // A module that was fetched before comes to `off`, too, and may turn out to be no good there.
            match (&entry.source, outcome) {
                (Source::Off, Outcome::Failed) => walk.step_down(),
                _ => walk.answer(outcome),
            }
        }
        let shown = walk.shown().map(|(place, _)| place);
        let fault = faults.into_iter().find(|(place, _)| Some(*place) == shown);
        Err(fault.map_or_else(|| self.bad_goproxy(""), |(_, fault)| Stop::Fault(fault)))
    }

    fn bad_goproxy(&self, module: &str) -> Stop {
        let words = GoProxyList::parse(&self.rules.setup.goproxy.value).err().map(|why| why.to_string()).unwrap_or_default();
        fault(ErrorClass::InvalidGoproxy, module, "", None, &words)
    }
}

/// An error that is no absence.
pub(super) fn fault(class: ErrorClass, module: &str, version: &str, at: Option<Question>, words: &str) -> Stop {
    let told = Break { class, module: module.into(), version: version.into(), at, words: words.into(), is_absence: false };
    Stop::Fault(Box::new(Fault { told, rank: Rank::Plain }))
}

impl Stop {
    /// The same as an absence.
    pub(super) fn absent(mut self) -> Self {
        if let Stop::Fault(fault) = &mut self {
            fault.told.is_absence = true;
        }
        self
    }

    /// The same of this rank.
    pub(super) fn ranked(mut self, rank: Rank) -> Self {
        if let Stop::Fault(fault) = &mut self {
            fault.rank = rank;
        }
        self
    }
}

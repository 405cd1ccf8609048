//! Along a route's GOPROXY list until an entry answers. The rules of the walk are `gomod::goproxy`'s; here its questions meet upstreams.

use std::sync::{Arc, Mutex, PoisonError};

use gomod::goproxy::{Entry, GoProxyList, Outcome, Place, Privacy, Separator, Source, Verdict, Walk};
use plan::{Event, Hitch, Reason, Trouble, Way};

use crate::{
    journey::Journey,
    settings::{DIRECT, StepDown},
    upstream::{Failure, Upstream},
};

/// A route's list with its upstreams ready to be asked.
pub struct Chain {
    way: Way,
    list: GoProxyList,
    hops: Vec<Option<Hop>>,
    /// The last trouble of each entry: whether skipping it gives way depends on what it would fail with.
    last: Vec<Mutex<Option<Trouble>>>,
}

/// One entry that can be asked.
#[derive(Clone)]
pub struct Hop {
    /// Whom to ask.
    pub upstream: Arc<dyn Upstream>,
    /// Which trouble gives way although a comma follows.
    pub step_down: Vec<StepDown>,
}

/// One walk along the list for one question.
pub struct Travel<'a> {
    chain: &'a Chain,
    walk: Walk<'a>,
    ends: Vec<Option<End>>,
    journey: &'a Journey,
    what: String,
}

/// Why an entry did not give the answer.
#[derive(Clone, Debug)]
enum End {
    Failure(String, Failure),
    Refused(Reason),
    Off,
}

/// How a walk ended without an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Miss {
    /// Everyone who was asked says that it does not exist; the text of the one that counts.
    NotExist(String),
    /// Anything else.
    Failed(Reason),
}

impl Chain {
    /// The chain of `list` on `way`; `hop` finds the upstream of an entry.
    pub fn new(way: Way, list: GoProxyList, hop: impl Fn(&Entry) -> Option<Hop>) -> Self {
        let hops: Vec<_> = list.entries().iter().map(hop).collect();
        let last = hops.iter().map(|_| Mutex::default()).collect();
        Self { way, list, hops, last }
    }

    /// The way that its answers are of: changing ones are kept apart.
    pub const fn way(&self) -> Way {
        self.way
    }

    /// Starts a walk to ask for `what`, a path that may be shown.
    pub fn travel<'a>(&'a self, what: String, journey: &'a Journey) -> Travel<'a> {
        let ends = vec![None; self.hops.len()];
        Travel { chain: self, walk: self.list.walk(Privacy::Public), ends, journey, what }
    }

    fn last_trouble(&self, index: usize) -> Option<Trouble> {
        self.last[index].lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What can be asked, one for each entry of the list; `None` for `off`.
    pub fn hops(&self) -> &[Option<Hop>] {
        &self.hops
    }
}

impl Travel<'_> {
    /// The upstream to ask now; `None` when the walk is over.
    ///
    /// Entries that cannot be asked (`off`, a hop that is skipped) are answered here.
    pub fn here(&mut self) -> Option<Arc<dyn Upstream>> {
        loop {
            let (entry, index) = (self.walk.here()?, self.index()?);
            match (&entry.source, &self.chain.hops[index]) {
                (Source::Off, _) => self.end(index, End::Off),
                (Source::Direct | Source::Proxy(_) | Source::File(_), None) => {
                    self.end(index, End::Refused(Reason::Internal("an entry of the list has no upstream".into())))
                }
                (Source::Direct | Source::Proxy(_) | Source::File(_), Some(hop)) => match self.skippable(index, hop) {
                    Some(seconds) => self.end(index, End::Failure(hop.upstream.name().into(), Trouble::Skipped(seconds).into())),
                    None => return Some(Arc::clone(&hop.upstream)),
                },
            }
        }
    }

    /// The upstream that [`Travel::here`] gave failed.
    pub fn failed(&mut self, failure: Failure) {
        if let Some((index, name)) = self.current() {
            self.end(index, End::Failure(name, failure));
        }
    }

    /// What the upstream gave is not accepted. Gives way like any failure: only at a bar.
    pub fn refused(&mut self, reason: Reason) {
        if let Some((index, _)) = self.current() {
            self.end(index, End::Refused(reason));
        }
    }

    /// How the walk ended, when nobody answered: the error that the go command would show.
    pub fn miss(&self) -> Miss {
        match self.walk.verdict() {
            Verdict::NotExist(place) => match self.end_of(place) {
                Some(End::Off) => Miss::Failed(Reason::Off),
                Some(End::Failure(_, Failure::NotExist(text))) => Miss::NotExist(text.clone()),
                _ => Miss::NotExist(String::new()),
            },
            Verdict::Failed(place) => Miss::Failed(self.reason(place)),
            Verdict::Found(_) | Verdict::Unfinished => Miss::Failed(Reason::Internal("the walk is not over".into())),
        }
    }

    fn current(&self) -> Option<(usize, String)> {
        let index = self.index()?;
        let name = self.chain.hops[index].as_ref().map_or_else(String::new, |hop| hop.upstream.name().to_owned());
        Some((index, name))
    }

    fn index(&self) -> Option<usize> {
        match self.walk.place()? {
            Place::Entry(index) => Some(index),
            Place::NoProxy => None,
        }
    }

    fn end_of(&self, place: Place) -> Option<&End> {
        match place {
            Place::Entry(index) => self.ends.get(index).and_then(Option::as_ref),
            Place::NoProxy => None,
        }
    }

    /// A hop that keeps failing is skipped only where the failure it had last gives way.
    fn skippable(&self, index: usize, hop: &Hop) -> Option<u64> {
        let covered =
            || self.chain.last_trouble(index).is_some_and(|trouble| hop.step_down.iter().any(|rule| rule.covers(&trouble)));
        let way = self.chain.list.entries()[index].separator == Separator::Bar || covered();
        let next = index + 1 < self.chain.hops.len();
        // Asked last: whoever hears that it may be tried again must try it.
        if way && next { hop.upstream.skip() } else { None }
    }

    fn end(&mut self, index: usize, end: End) {
        if let End::Failure(_, Failure::Trouble(trouble)) = &end
            && !matches!(trouble, Trouble::Skipped(_))
        {
            *self.chain.last[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble.clone());
        }
        let rule = self.step_down_rule(index, &end);
        let outcome = match &end {
            End::Off | End::Failure(_, Failure::NotExist(_)) => Outcome::NotExist,
            End::Failure(..) | End::Refused(_) => Outcome::Failed,
        };
        self.ends[index] = Some(end);
        match rule {
            Some((upstream, rule)) => {
                self.journey.note(Event::SteppedDown { upstream, rule });
                self.walk.step_down();
            }
            None => self.walk.answer(outcome),
        }
    }

    fn step_down_rule(&self, index: usize, end: &End) -> Option<(String, String)> {
        let (End::Failure(name, Failure::Trouble(trouble)), Some(hop)) = (end, &self.chain.hops[index]) else { return None };
        if matches!(trouble, Trouble::Skipped(_)) {
            return Some((name.clone(), "skipped".into()));
        }
        hop.step_down.iter().find(|rule| rule.covers(trouble)).map(|rule| (name.clone(), rule.to_string()))
    }

    fn reason(&self, place: Place) -> Reason {
        match self.end_of(place) {
            Some(End::Refused(reason)) => reason.clone(),
            Some(End::Failure(upstream, Failure::Trouble(trouble))) => trouble_reason(upstream, &self.what, trouble),
            Some(End::Off) => Reason::Off,
            Some(End::Failure(_, Failure::NotExist(_))) | None => Reason::Internal("the walk lost its error".into()),
        }
    }
}

/// The reason that an upstream's trouble is.
pub fn trouble_reason(upstream: &str, what: &str, trouble: &Trouble) -> Reason {
    match trouble {
        Trouble::NoVersion(text) => Reason::NoVersion(text.clone()),
        Trouble::Tree(text) => Reason::BadContent(text.clone()),
        _ => {
            let hitch = if upstream == DIRECT { Hitch::of(trouble) } else { Hitch::Theirs };
            let (upstream, what, may_pass) = (upstream.into(), what.into(), trouble.may_pass());
            Reason::Upstream { upstream, what, trouble: trouble.to_string(), may_pass, hitch }
        }
    }
}

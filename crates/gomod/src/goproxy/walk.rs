use super::list::{Entry, Separator, Source};

/// A walk along a GOPROXY list for one module and one question.
///
/// Shape: Ask at [`here`](Walk::here), tell the [`answer`](Walk::answer), until there is nowhere left to ask.
///
/// Source: `TryProxies` in Go's `cmd/go/internal/modfetch/proxy.go`, 1.27. As there, a private module whose repository does not exist is looked
/// for once more where the list has `direct`; if the list is nothing else, say [`Privacy::Public`], and it is looked for once.
#[derive(Clone, Debug)]
pub struct Walk<'l> {
    entries: &'l [Entry],
    privacy: Privacy,
    at: Position,
    /// What Go would show, were the walk over now.
    shown: Option<(Place, Outcome)>,
    last_failure: Option<Place>,
}

/// Whether a module matches GONOPROXY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// It does not: the list is for it.
    Public,
    /// It does: it comes from version control whatever the list says, even `off`.
    Private,
    /// Several modules are asked about at a time, and some of them match: version control is asked for these first, then the list for the others.
    Mixed,
}

/// What somebody answered who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Here it is.
    Found,
    /// It does not exist: 404, 410, a missing file, or a path that leads to no repository.
    NotExist,
    /// Anything else went wrong.
    Failed,
}

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Version control, because the module is private.
    NoProxy,
    /// The entry of the list with this index.
    Entry(usize),
}

/// How a walk ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does not: there is still somebody to ask.
    Unfinished,
    /// It was found there.
    Found(Place),
    /// Everyone who was asked said that it does not exist; the answer of this place is the one to show.
    NotExist(Place),
    /// Somebody failed; the answer of this place, which is a failure, is the one to show.
    Failed(Place),
}

#[derive(Clone, Copy, Debug)]
enum Position {
    At(Place),
    Over,
}

/// The entry that stands for version control where the list has none.
static NOPROXY: Entry = Entry { source: Source::Direct, separator: Separator::End, name: None };

impl<'l> Walk<'l> {
    pub(super) fn new(entries: &'l [Entry], privacy: Privacy) -> Self {
        let first = match privacy {
            Privacy::Public if entries.is_empty() => Position::Over,
            Privacy::Public => Position::At(Place::Entry(0)),
            Privacy::Private | Privacy::Mixed => Position::At(Place::NoProxy),
        };
        Walk { entries, privacy, at: first, shown: None, last_failure: None }
    }

    /// The entry to ask now; None if the walk is over.
    pub fn here(&self) -> Option<&'l Entry> {
        self.place().and_then(|place| self.entry(place))
    }

    /// The place to ask now, to remember its answer by; None if the walk is over.
    pub fn place(&self) -> Option<Place> {
        match self.at {
            Position::At(place) => Some(place),
            Position::Over => None,
        }
    }

    /// Takes the answer of the place where the walk is, and goes on or ends. Whatever is told of `off`, it says that the
    /// module does not exist. After the end nothing happens.
    pub fn answer(&mut self, outcome: Outcome) {
        let Some((place, entry)) = self.place().and_then(|place| Some((place, self.entry(place)?))) else { return };
        let outcome = if entry.source == Source::Off { Outcome::NotExist } else { outcome };
        self.record(place, entry, outcome);
        let gives_way = match outcome {
            Outcome::Found => false,
            Outcome::NotExist => true,
            Outcome::Failed => entry.separator == Separator::Bar,
        };
        self.at = if gives_way { self.after(place) } else { Position::Over };
    }

    /// Takes a failure of the place where the walk is, and goes on although the separator may be a comma. This is no rule of
    /// Go's: an operator can say of a proxy that certain failures step down.
    pub fn step_down(&mut self) {
        let Some((place, entry)) = self.place().and_then(|place| Some((place, self.entry(place)?))) else { return };
        self.record(place, entry, Outcome::Failed);
        self.at = self.after(place);
    }

    /// How the walk ended.
    pub fn verdict(&self) -> Verdict {
        match (self.at, self.shown, self.last_failure) {
            (Position::At(_), ..) | (Position::Over, None, _) => Verdict::Unfinished,
            (Position::Over, Some((place, Outcome::Found)), _) => Verdict::Found(place),
            (Position::Over, Some((place, Outcome::Failed)), _) => Verdict::Failed(place),
            (Position::Over, Some((_, Outcome::NotExist)), Some(failure)) => Verdict::Failed(failure),
            (Position::Over, Some((place, Outcome::NotExist)), None) => Verdict::NotExist(place),
        }
    }

    /// The answer that the go command shows, and takes for the whole, of those so far. It is that of [`Walk::verdict`], but where
    /// proxies failed and version control then said that the module does not exist, Go believes version control.
    pub fn shown(&self) -> Option<(Place, Outcome)> {
        self.shown
    }

    /// Go's ranks: version control has the final say, then the last failure, then the last "does not exist".
    fn record(&mut self, place: Place, entry: &Entry, outcome: Outcome) {
        let is_final = outcome == Outcome::Found || entry.source == Source::Direct;
        let outranked = match self.shown {
            // Nothing but version control itself is believed over version control.
            Some((Place::NoProxy, _)) => true,
            Some((Place::Entry(_), shown)) => outcome == Outcome::NotExist && shown == Outcome::Failed,
            None => false,
        };
        if is_final || !outranked {
            self.shown = Some((place, outcome));
        }
        if outcome == Outcome::Failed {
            self.last_failure = Some(place);
        }
    }

    fn after(&self, place: Place) -> Position {
        match (self.privacy, place) {
            (Privacy::Mixed, Place::NoProxy) if !self.entries.is_empty() => Position::At(Place::Entry(0)),
            (Privacy::Private, Place::NoProxy) => {
                let direct = self.entries.iter().position(|entry| entry.source == Source::Direct);
                direct.map_or(Position::Over, |index| Position::At(Place::Entry(index)))
            }
            (Privacy::Public | Privacy::Mixed, Place::Entry(index)) if index + 1 < self.entries.len() => {
                Position::At(Place::Entry(index + 1))
            }
            (_, Place::Entry(_)) | (Privacy::Public | Privacy::Mixed, Place::NoProxy) => Position::Over,
        }
    }

    fn entry(&self, place: Place) -> Option<&'l Entry> {
        match place {
            Place::NoProxy => Some(&NOPROXY),
            Place::Entry(index) => self.entries.get(index),
        }
    }
}

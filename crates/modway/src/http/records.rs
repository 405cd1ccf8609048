//! What became of each request: written once, then logged, counted, and kept for `/-/why`.

use std::{
    collections::VecDeque,
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use hyper::{Method, http::request::Parts};
use plan::{Ask, Caller, Reason, Request, Rule};
use proxy::journey::Journey;

use super::{
    Door, audit,
    ids::Id,
    limits::{MAX_KEPT_EVENTS, MAX_LOGGED_AGENT_BYTES, MAX_LOGGED_PATH_BYTES, MAX_SPARE_RECORDS},
};

/// One request, from its header to the end of its body.
#[derive(Clone, Debug)]
pub struct Record {
    pub(crate) id: Id,
    pub(crate) at: SystemTime,
    pub(crate) client: IpAddr,
    pub(crate) method: Method,
    /// As it came, cut to [`MAX_LOGGED_PATH_BYTES`].
    pub(crate) path: Arc<str>,
    /// Cut to [`MAX_LOGGED_AGENT_BYTES`].
    pub(crate) agent: Box<str>,
    /// The name of a login, if it gave one and there is an audit log.
    pub(crate) login: Box<str>,
    /// Who it is, if it showed a token of somebody's.
    pub(crate) caller: Caller,
    pub(crate) endpoint: Endpoint,
    pub(crate) request: Option<Arc<Request>>,
    pub(crate) journey: Option<Journey>,
    /// The rule of a request that has no journey of its own: the one under which its answer was made.
    pub(crate) rule: Option<Arc<Rule>>,
    /// True if it was answered from the small answers in front of the proxy.
    pub(crate) hot: bool,
    /// 0 until there is one.
    pub(crate) status: u16,
    pub(crate) reason: Option<Reason>,
    /// Bytes of the body that were handed to the connection.
    pub(crate) size_bytes: u64,
    pub(crate) end: End,
    pub(crate) duration: Duration,
}

/// How the sending of an answer ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum End {
    /// All of it was handed to the connection.
    Whole,
    /// The client left, or was too slow.
    Left,
    /// We broke it off, because of this.
    Cut(String),
}

/// What kind of thing was asked for: a closed set, for metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Endpoint {
    /// `@v/list`.
    List,
    /// `@latest`.
    Latest,
    /// `.info`.
    Info,
    /// `.mod`.
    Mod,
    /// `.zip`.
    Zip,
    /// A checksum database.
    Sumdb,
    /// A page of ours.
    Own,
    /// Nothing that we know.
    Bad,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 8] =
        [Self::List, Self::Latest, Self::Info, Self::Mod, Self::Zip, Self::Sumdb, Self::Own, Self::Bad];

    pub(crate) const fn of(request: &Request) -> Self {
        match request {
            Request::Module(_, Ask::List, _) => Self::List,
            Request::Module(_, Ask::Latest, _) => Self::Latest,
            Request::Module(_, Ask::Info(_), _) => Self::Info,
            Request::Module(_, Ask::Mod(_), _) => Self::Mod,
            Request::Module(_, Ask::Zip(_), _) => Self::Zip,
            Request::Sumdb(..) => Self::Sumdb,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Latest => "latest",
            Self::Info => "info",
            Self::Mod => "mod",
            Self::Zip => "zip",
            Self::Sumdb => "sumdb",
            Self::Own => "own",
            Self::Bad => "bad",
        }
    }
}

/// A record being written. When dropped, it is counted, kept and logged: a request whose future is dropped because its client left, too.
pub(crate) struct Ticket {
    record: Arc<Record>,
    started: Instant,
    door: Arc<Door>,
}

impl Ticket {
    /// The record of a request that came in at `started`; `path` if a shared copy of it is at hand.
    pub(crate) fn new(door: &Arc<Door>, parts: &Parts, path: Option<&Arc<str>>, client: IpAddr, started: Instant) -> Self {
        let agent = parts.headers.get(hyper::header::USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
        let record = Record {
            id: door.ids.next(),
            at: SystemTime::now(),
            client,
            method: parts.method.clone(),
            path: path.map_or_else(|| cut(parts.uri.path(), MAX_LOGGED_PATH_BYTES).into(), Arc::clone),
            agent: cut(agent.as_deref().unwrap_or_default(), MAX_LOGGED_AGENT_BYTES).into(),
            login: door.answers.audit().and_then(|_| audit::login(parts)).unwrap_or_default().into(),
            caller: Caller::Anyone,
            endpoint: Endpoint::Bad,
            request: None,
            journey: None,
            rule: None,
            hot: false,
            status: 0,
            reason: None,
            size_bytes: 0,
            end: End::Left,
            duration: Duration::ZERO,
        };
        door.metrics.in_flight.inc();
        Self { record: door.records.place(record), started, door: Arc::clone(door) }
    }

    /// The record, to be added to.
    pub(crate) fn record(&mut self) -> &mut Record {
        Arc::get_mut(&mut self.record).expect("it is shared only once it is dropped")
    }

    /// Notes the status and that a body of so many bytes follows.
    pub(crate) fn answered(&mut self, status: u16, body_follows: bool) {
        let record = self.record();
        record.status = status;
        if !body_follows {
            record.end = End::Whole;
        }
    }

    /// Notes that `count` bytes were handed over, and whether they were the last.
    pub(crate) fn sent(&mut self, count: usize, last: bool) {
        let record = self.record();
        record.size_bytes += count as u64;
        if last {
            record.end = End::Whole;
        }
    }

    /// Notes that we break the body off.
    pub(crate) fn cut(&mut self, why: &io::Error) {
        self.record().end = End::Cut(why.to_string());
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        self.record().duration = duration;
        self.door.metrics.finished(&self.record);
        if let Some(audit) = self.door.answers.audit() {
            audit::note(audit, &self.record);
        }
        self.door.records.keep(Arc::clone(&self.record));
        if self.door.log.push(Arc::clone(&self.record)).is_err() {
            self.door.metrics.log_lines_dropped.inc();
        }
    }
}

fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The last finished requests, bounded in number and in trace events.
pub(crate) struct Records {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    records: VecDeque<(Arc<Record>, usize)>,
    events: usize,
    /// Forgotten records that nobody holds, to be written over: a new one would be made by one thread and freed by another.
    spare: Vec<Arc<Record>>,
}

impl Records {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// `record`, in the place of a forgotten one if there is one.
    fn place(&self, record: Record) -> Arc<Record> {
        let spare = self.kept.lock().unwrap_or_else(PoisonError::into_inner).spare.pop();
        let Some(mut spare) = spare else { return Arc::new(record) };
        match Arc::get_mut(&mut spare) {
            Some(place) => *place = record,
            None => return Arc::new(record),
        }
        spare
    }

    fn keep(&self, record: Arc<Record>) {
        let events = record.journey.as_ref().map_or(0, |journey| journey.trace().events.len());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.events += events;
        kept.records.push_back((record, events));
        let mut dropped = Vec::new();
        while kept.records.len() > self.most || kept.events > MAX_KEPT_EVENTS {
            let Some((record, events)) = kept.records.pop_front() else { break };
            kept.events -= events;
            // Those of the hot path: they hold next to nothing.
            if record.hot && Arc::strong_count(&record) == 1 && kept.spare.len() < MAX_SPARE_RECORDS {
                kept.spare.push(record);
            } else {
                dropped.push(record);
            }
        }
        // What is dropped may be large; nobody should wait for that.
        drop(kept);
        drop(dropped);
    }

    /// The record whose id prints as `id`.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Record>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (length, wanted) = (id.len(), id.as_bytes());
        let same = |record: &Record| {
            let (text, used) = record.id.text();
            used == length && text[..used] == *wanted
        };
        kept.records.iter().rev().find(|(record, _)| same(record)).map(|(record, _)| Arc::clone(record))
    }
}

//! What was seen on the wire, as it happens. Bodies are counted and not kept.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use super::limits;

/// Takes down what happens, with times since its beginning. Shared by all doors.
pub(super) struct Recorder {
    began: Instant,
    /// The same moment by the wall clock: git's own log has no other.
    pub(super) began_at: SystemTime,
    seen: Mutex<Seen>,
}

/// Everything that was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// In the order in which they began.
    pub exchanges: Vec<Exchange>,
    /// In the order in which they began.
    pub tunnels: Vec<Tunnel>,
    /// Totals by host and port, those of what was not kept included.
    pub hosts: BTreeMap<String, Totals>,
    /// How many were counted but not kept.
    pub not_kept: usize,
}

/// One request and its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Where it was asked: an entry of GOPROXY, GOSUMDB's own URL, or elsewhere over plain http.
    pub asked: Asked,
    /// Why it was sent.
    pub because: Because,
    /// The method.
    pub method: String,
    /// The URL without credentials.
    pub url: String,
    /// Host and port, as in a URL.
    pub host: String,
    /// The path below the entry's base, as the GOPROXY protocol has it; empty for what is not below one.
    pub path: String,
    /// When it began, from the beginning of the trace.
    pub began: Duration,
    /// The parts of its time.
    pub phases: Phases,
    /// When its last byte came, or it was given up; none if the command ended before.
    pub ended: Option<Duration>,
    /// The answer's status.
    pub status: Option<u16>,
    /// The words of the status line behind the number.
    pub reason: String,
    /// Why there was no answer, or no whole one, in Go's words.
    pub failure: Option<String>,
    /// True if another request followed in its place: its answer led elsewhere, or was not taken for an answer yet.
    pub is_superseded: bool,
    /// Bytes of the request's body.
    pub sent_bytes: u64,
    /// Bytes of the answer's body, as they came over the wire.
    pub received_bytes: u64,
    /// The beginning of an error's body, if it is text.
    pub error_body: String,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub protocol: String,
    /// Who answered; behind a forward proxy only that knows it.
    pub peer: Option<SocketAddr>,
    /// The forward proxy on the way.
    pub through: Option<String>,
    /// Header fields of the request; secrets are not in them.
    pub sent_fields: Vec<(String, String)>,
    /// Header fields of the answer; secrets are not in them.
    pub received_fields: Vec<(String, String)>,
}

/// Where something was asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Asked {
    /// The entry of GOPROXY with this index.
    Entry(usize),
    /// The URL in GOSUMDB.
    Sumdb,
    /// Somewhere else, over plain http, by the go command.
    Elsewhere,
    /// Somewhere else, over plain http, by a process that it started: git as a rule.
    Child,
}

/// Why a request was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Because {
    /// The command asked.
    Asked,
    /// The answer before led here.
    Redirected,
    /// Over https the go command asks again after any 4xx, for the case that GOAUTH knows a login by then.
    Repeated,
}

/// The parts of an exchange's time. What did not happen, because the connection was there, is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Phases {
    /// Looking up the name.
    pub dns: Option<Duration>,
    /// TCP, and the forward proxy's tunnel.
    pub connect: Option<Duration>,
    /// TLS.
    pub tls: Option<Duration>,
    /// Until the head of the answer was there, from the beginning.
    pub head: Option<Duration>,
}

impl Phases {
    /// All that it took to get a connection.
    pub fn dialled(&self) -> Duration {
        [self.dns, self.connect, self.tls].into_iter().flatten().sum()
    }
}

/// One connection that we only see from outside: TLS is not broken into.
#[derive(Clone, Debug)]
pub struct Tunnel {
    /// Who asked for it.
    pub by: Who,
    /// Host and port.
    pub host: String,
    /// When it began.
    pub began: Duration,
    /// The parts of its beginning.
    pub phases: Phases,
    /// When the last byte went through: connections are kept open for what may come.
    pub last: Duration,
    /// When it ended; none if the command ended before.
    pub ended: Option<Duration>,
    /// Why it did not come about, in Go's words.
    pub failure: Option<String>,
    /// Bytes from us.
    pub sent_bytes: u64,
    /// Bytes to us.
    pub received_bytes: u64,
    /// The forward proxy on the way.
    pub through: Option<String>,
    /// Who is at the other end.
    pub peer: Option<SocketAddr>,
}

/// Who uses a forward proxy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Who {
    /// The go command, or another program that looks at variables in capitals first.
    Go,
    /// What it starts: git, and all that uses curl's variables.
    Child,
}

/// What one host had to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Totals {
    /// Requests.
    pub requests: u64,
    /// Connections seen from outside.
    pub tunnels: u64,
    /// Answers other than 200, and no answers.
    pub not_ok: u64,
    /// Bytes of bodies and tunnels from us.
    pub sent_bytes: u64,
    /// Bytes of bodies and tunnels to us.
    pub received_bytes: u64,
    /// The time of all requests and tunnels, one after the other.
    pub time: Duration,
}

/// An entry that is under way; none if there is no room for it.
pub(super) type Place = Option<usize>;

impl Recorder {
    /// Begins now.
    pub(super) fn begin() -> Self {
        Self { began: Instant::now(), began_at: SystemTime::now(), seen: Mutex::default() }
    }

    /// The time since the beginning.
    pub(super) fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Takes down an exchange that begins.
    pub(super) fn exchange(&self, exchange: &Exchange) -> Place {
        let mut seen = self.seen();
        seen.host(&exchange.host).requests += 1;
        seen.room().then(|| {
            seen.exchanges.push(exchange.clone());
            seen.exchanges.len() - 1
        })
    }

    /// Takes down a tunnel that begins.
    pub(super) fn tunnel(&self, tunnel: &Tunnel) -> Place {
        let mut seen = self.seen();
        seen.host(&tunnel.host).tunnels += 1;
        seen.room().then(|| {
            seen.tunnels.push(tunnel.clone());
            seen.tunnels.len() - 1
        })
    }

    /// Takes down how far an exchange has come.
    pub(super) fn exchanged(&self, place: Place, exchange: &Exchange) {
        let mut seen = self.seen();
        if let Some(kept) = place.and_then(|place| seen.exchanges.get_mut(place)) {
            kept.clone_from(exchange);
        }
        if let Some(ended) = exchange.ended {
            let not_ok = exchange.failure.is_some() || exchange.status != Some(200);
            seen.host(&exchange.host).add(ended - exchange.began, not_ok, exchange.sent_bytes, exchange.received_bytes);
        }
    }

    /// Takes down how far a tunnel has come.
    pub(super) fn tunnelled(&self, place: Place, tunnel: &Tunnel) {
        let mut seen = self.seen();
        if let Some(kept) = place.and_then(|place| seen.tunnels.get_mut(place)) {
            kept.clone_from(tunnel);
        }
        if tunnel.ended.is_some() {
            let host = seen.host(&tunnel.host);
            host.add(tunnel.took(), tunnel.failure.is_some(), tunnel.sent_bytes, tunnel.received_bytes);
        }
    }

    /// True if nothing that is kept is under way.
    pub(super) fn is_quiet(&self) -> bool {
        let seen = self.seen();
        seen.exchanges.iter().all(|exchange| exchange.ended.is_some()) && seen.tunnels.iter().all(|tunnel| tunnel.ended.is_some())
    }

    /// All that was seen until now.
    pub(super) fn take(&self) -> Seen {
        self.seen().clone()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// The totals of `host`.
    fn host(&mut self, host: &str) -> &mut Totals {
        let known = self.hosts.contains_key(host) || self.hosts.len() < limits::MAX_HOSTS;
        self.hosts.entry(if known { host } else { "…" }.to_owned()).or_default()
    }

    /// Whether one more can be kept; if not, it is counted.
    fn room(&mut self) -> bool {
        let room = self.exchanges.len() + self.tunnels.len() < limits::MAX_KEPT;
        self.not_kept += usize::from(!room);
        room
    }
}

impl Totals {
    fn add(&mut self, time: Duration, not_ok: bool, sent_bytes: u64, received_bytes: u64) {
        self.time += time;
        self.not_ok += u64::from(not_ok);
        self.sent_bytes += sent_bytes;
        self.received_bytes += received_bytes;
    }
}

impl Exchange {
    /// True if it is a good answer: 200, whole.
    pub fn is_good(&self) -> bool {
        self.status == Some(200) && self.failure.is_none()
    }

    /// True if it says that the thing does not exist: 404 or 410, which a comma forgives.
    pub fn says_not_exist(&self) -> bool {
        matches!(self.status, Some(404 | 410)) && self.failure.is_none()
    }

    /// From its beginning to its end, or to `until` if it has none.
    pub fn took(&self, until: Duration) -> Duration {
        self.ended.unwrap_or(until).saturating_sub(self.began)
    }
}

impl Tunnel {
    /// From its beginning to its last byte, or to the failure to open it.
    pub fn took(&self) -> Duration {
        let open = self.phases.head.unwrap_or_default();
        self.last.saturating_sub(self.began).max(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_is_counted_and_not_kept() {
        let recorder = Recorder::begin();
        let tunnel = Tunnel {
            by: Who::Go,
            host: String::new(),
            began: Duration::ZERO,
            phases: Phases::default(),
            last: Duration::ZERO,
            ended: None,
            failure: None,
            sent_bytes: 0,
            received_bytes: 0,
            through: None,
            peer: None,
        };
        for number in 0..limits::MAX_KEPT + 7 {
            let mut tunnel = Tunnel { host: format!("h{}.test:443", number % (limits::MAX_HOSTS + 3)), ..tunnel.clone() };
            let place = recorder.tunnel(&tunnel);
            (tunnel.ended, tunnel.received_bytes) = (Some(Duration::from_millis(1)), 1);
            recorder.tunnelled(place, &tunnel);
        }
        let seen = recorder.take();
        assert_eq!((seen.tunnels.len(), seen.not_kept), (limits::MAX_KEPT, 7));
        assert_eq!((seen.hosts.len(), seen.hosts["…"].tunnels > 0), (limits::MAX_HOSTS + 1, true));
        assert_eq!(seen.hosts.values().map(|host| host.received_bytes).sum::<u64>(), (limits::MAX_KEPT + 7) as u64);
        assert!(recorder.is_quiet());
    }
}

//! One JSON line per request, written by a thread of its own so that no request ever waits for the log.

use std::{
    fmt,
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::SystemTime,
};

use jiff::Timestamp;
use plan::{Event, Reason};

use super::{
    limits::{LOG_PAUSE, MAX_WAITING_LINES},
    records::{End, Record},
    why,
};

/// The request log.
pub struct Log(Option<Arc<Shared>>);

struct Shared {
    queue: Mutex<Queue>,
    /// The writer waits here for lines, `flush` for the writer.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Arc<Record>>,
    /// The writer is at work, or was told that there is some.
    busy: bool,
    closed: bool,
}

impl Log {
    /// No log.
    pub fn off() -> Self {
        Self(None)
    }

    /// A log that writes to `sink`, unbuffered: lines are gathered here. A sink that fails loses lines; the server goes on.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn to(sink: Box<dyn Write + Send>) -> io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new() });
        let writer = Arc::clone(&shared);
        thread::Builder::new().name("request-log".to_owned()).spawn(move || write_all(&writer, sink))?;
        Ok(Self(Some(shared)))
    }

    /// Queues the line of `record`; fails if too many wait.
    pub(crate) fn push(&self, record: Arc<Record>) -> Result<(), Full> {
        let Some(shared) = &self.0 else { return Ok(()) };
        let mut queue = shared.lock();
        if queue.waiting.len() >= MAX_WAITING_LINES {
            return Err(Full);
        }
        queue.waiting.push(record);
        let wake = !mem::replace(&mut queue.busy, true);
        drop(queue);
        if wake {
            shared.changed.notify_all();
        }
        Ok(())
    }

    /// Waits until nothing is left to be written.
    pub(crate) fn flush(&self) {
        if let Some(shared) = &self.0 {
            let queue = shared.lock();
            drop(shared.changed.wait_while(queue, |queue| queue.busy).unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Too many lines wait; this one is lost.
#[derive(Debug)]
pub(crate) struct Full;

impl Drop for Log {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.lock().closed = true;
            shared.changed.notify_all();
            self.flush();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes until the log is closed. Lines are gathered for a moment first, so that many requests cost one write and one wake-up.
fn write_all(shared: &Shared, mut sink: Box<dyn Write + Send>) {
    let (mut records, mut lines, mut seconds) = (Vec::new(), Vec::new(), Seconds::default());
    loop {
        let queue = shared
            .changed
            .wait_while(shared.lock(), |queue| !queue.busy && !queue.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if queue.closed && !queue.busy {
            return;
        }
        // `closed` ends the moment early; spurious wake-ups only make it shorter.
        let waited =
            shared.changed.wait_timeout_while(queue, LOG_PAUSE, |queue| !queue.closed).unwrap_or_else(PoisonError::into_inner);
        mem::swap(&mut records, &mut { waited.0 }.waiting);
        for record in records.drain(..) {
            line(&record, &mut seconds, &mut lines);
        }
        // A log that cannot be written has no place to say so; the server goes on.
        let _ = sink.write_all(&lines).and_then(|()| sink.flush());
        lines.clear();
        let mut queue = shared.lock();
        queue.busy = !queue.waiting.is_empty();
        if !queue.busy {
            drop(queue);
            shared.changed.notify_all();
        }
    }
}

/// One line of `record`; absent fields are left out.
///
/// Written by hand because it is written for every request: no text is made that is not part of the line.
fn line(record: &Record, seconds: &mut Seconds, lines: &mut Vec<u8>) {
    let (text, used) = record.id.text();
    let mut fields = Fields { lines };
    fields.lines.extend_from_slice(b"{\"time\":\"");
    seconds.write(record.at, fields.lines);
    fields.lines.push(b'"');
    fields.text("level", level(record)).text("message", "request").bytes("request.id", &text[..used]);
    fields.display("client.address", &record.client).text("method", record.method.as_str()).text("path", &record.path);
    fields.text("endpoint", record.endpoint.name()).number("status", record.status);
    if let Some(reason) = &record.reason {
        fields.text("reason", reason.code()).text("reason.text", &reason.to_string());
    }
    let micros = u64::try_from(record.duration.as_micros()).unwrap_or(u64::MAX);
    fields.text("end", why::end(&record.end)).thousandths("duration_ms", micros).number("size_bytes", record.size_bytes);
    let (module, version) = why::names(record);
    fields.maybe("module.path", module).maybe("module.version", version);
    way(record, &mut fields);
    fields.text("user_agent", &record.agent);
    lines.extend_from_slice(b"}\n");
}

/// The store's first word, and the last upstream's.
fn way(record: &Record, fields: &mut Fields<'_>) {
    fields.maybe("store.look", record.hot.then_some("memory"));
    let Some(journey) = record.journey.as_ref().filter(|_| !record.hot) else { return };
    let events = journey.trace().events;
    let look =
        events.iter().find_map(|(_, event)| if let Event::Looked(look) = event { Some(why::look_name(*look)) } else { None });
    fields.maybe("store.look", look);
    let asked = events.iter().rev().find(|(_, event)| matches!(event, Event::Asked { .. }));
    if let Some((_, Event::Asked { upstream, attempts, end, millis, .. })) = asked {
        fields.text("upstream.url", upstream).text("upstream.end", why::ask_end(end));
        fields.number("upstream.attempts", *attempts).number("upstream.duration_ms", *millis);
    }
}

/// The fields of one line.
struct Fields<'a> {
    lines: &'a mut Vec<u8>,
}

impl Fields<'_> {
    fn name(&mut self, name: &str) {
        self.lines.extend_from_slice(b",\"");
        self.lines.extend_from_slice(name.as_bytes());
        self.lines.extend_from_slice(b"\":");
    }

    fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.name(name);
        serde_json::to_writer(&mut *self.lines, text).expect("text always serializes");
        self
    }

    fn maybe(&mut self, name: &str, text: Option<&str>) -> &mut Self {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    /// Letters and digits only.
    fn bytes(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        self.name(name);
        self.lines.push(b'"');
        self.lines.extend_from_slice(bytes);
        self.lines.push(b'"');
        self
    }

    /// What prints without anything to escape.
    fn display(&mut self, name: &str, value: &dyn fmt::Display) -> &mut Self {
        self.name(name);
        write!(self.lines, "\"{value}\"").expect("memory takes everything");
        self
    }

    fn number(&mut self, name: &str, number: impl Into<u64>) -> &mut Self {
        self.name(name);
        write!(self.lines, "{}", number.into()).expect("memory takes everything");
        self
    }

    fn thousandths(&mut self, name: &str, number: u64) -> &mut Self {
        self.name(name);
        write!(self.lines, "{}.{:03}", number / 1000, number % 1000).expect("memory takes everything");
        self
    }
}

/// Prints times; remembers the last second, which most lines share.
#[derive(Default)]
struct Seconds {
    second: u64,
    text: String,
}

impl Seconds {
    fn write(&mut self, at: SystemTime, lines: &mut Vec<u8>) {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        if self.text.is_empty() || self.second != since.as_secs() {
            let second = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
            self.text = format!("{:.0}", Timestamp::from_second(second).unwrap_or_default());
            self.text.truncate(self.text.len() - "Z".len());
            self.second = since.as_secs();
        }
        write!(lines, "{}.{:03}Z", self.text, since.subsec_millis()).expect("memory takes everything");
    }
}

/// `error` if someone must act, `warn` if the client got less than it asked for without being at fault.
fn level(record: &Record) -> &'static str {
    match (&record.reason, &record.end) {
        (Some(Reason::Mismatch(_) | Reason::SumdbLied(_) | Reason::StoreFull | Reason::Store(_) | Reason::Internal(_)), _) => {
            "error"
        }
        (
            Some(
                Reason::Upstream { .. }
                | Reason::Unproven(_)
                | Reason::BadContent(_)
                | Reason::Busy(_)
                | Reason::Unwitnessed(_)
                | Reason::Unaudited,
            ),
            _,
        )
        | (_, End::Cut(_)) => "warn",
        (
            None
            | Some(
                Reason::BadPath(_)
                | Reason::BadMethod
                | Reason::NotExist(_)
                | Reason::Off
                | Reason::NotServed(_)
                | Reason::NoVersion(_)
                | Reason::NoRoute(_)
                | Reason::Private(_)
                | Reason::NotRecorded(_)
                | Reason::AuditorsOnly(_)
                | Reason::KeyRetired(_)
                | Reason::Stopping,
            ),
            _,
        ) => "info",
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::{
        super::{ids::Ids, records::Endpoint},
        *,
    };

    fn record(path: &str) -> Arc<Record> {
        Arc::new(Record {
            id: Ids::new().next(),
            at: SystemTime::UNIX_EPOCH,
            client: [127, 0, 0, 1].into(),
            method: hyper::Method::GET,
            path: path.into(),
            agent: "".into(),
            login: "".into(),
            caller: plan::Caller::Anyone,
            endpoint: Endpoint::List,
            request: None,
            journey: None,
            rule: None,
            hot: true,
            status: 200,
            reason: None,
            size_bytes: 7,
            end: End::Whole,
            duration: Duration::from_micros(1500),
        })
    }

    /// A sink that takes nothing until it is let go, and then counts lines.
    struct Stalled(mpsc::Receiver<()>, mpsc::SyncSender<usize>);

    impl Write for Stalled {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error means that it was let go for good.
            let _ = self.0.recv();
            self.1.send(bytes.iter().filter(|byte| **byte == b'\n').count()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_sink_that_stalls_costs_lines_and_nothing_else() {
        let ((let_go, gate), (counts, counted)) = (mpsc::sync_channel(0), mpsc::sync_channel(100));
        let (log, one) = (Log::to(Box::new(Stalled(gate, counts))).unwrap(), record("/x"));
        let tries = 3 * MAX_WAITING_LINES;
        let taken = (0..tries).filter(|_| log.push(Arc::clone(&one)).is_ok()).count();
        assert!((MAX_WAITING_LINES..=2 * MAX_WAITING_LINES).contains(&taken), "{taken} were taken");
        drop(let_go);
        log.flush();
        drop(log);
        assert_eq!(counted.iter().sum::<usize>(), taken, "what was taken is written");
    }

    #[test]
    fn a_line_reads_like_this() {
        let (mut lines, record) = (Vec::new(), record("/a\"\\\u{1b}"));
        line(&record, &mut Seconds::default(), &mut lines);
        let expected = format!(
            r#"{{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"request","request.id":"{}","client.address":"127.0.0.1","method":"GET","path":"/a\"\\\u001b","endpoint":"list","status":200,"end":"whole","duration_ms":1.500,"size_bytes":7,"store.look":"memory","user_agent":""}}"#,
            record.id
        );
        assert_eq!(String::from_utf8(lines).unwrap(), expected + "\n");
    }
}

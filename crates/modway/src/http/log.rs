//! One JSON line per request, written by a thread of its own so that no request ever waits for the log.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

use jiff::Timestamp;
use plan::{Event, Reason};
use serde::Serialize;

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
    let (mut records, mut lines) = (Vec::new(), Vec::new());
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
            line(&record, &mut lines);
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

/// The fields of a line, in their order; absent ones are left out.
#[derive(Serialize)]
struct Line<'a> {
    time: String,
    level: &'static str,
    message: &'static str,
    #[serde(rename = "request.id")]
    id: String,
    #[serde(rename = "client.address")]
    client: std::net::IpAddr,
    method: &'a str,
    path: &'a str,
    endpoint: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(rename = "reason.text", skip_serializing_if = "Option::is_none")]
    reason_text: Option<String>,
    end: &'static str,
    duration_ms: f64,
    size_bytes: u64,
    #[serde(rename = "module.path", skip_serializing_if = "Option::is_none")]
    module: Option<String>,
    #[serde(rename = "module.version", skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(rename = "store.look", skip_serializing_if = "Option::is_none")]
    look: Option<&'static str>,
    #[serde(rename = "upstream.url", skip_serializing_if = "Option::is_none")]
    upstream: Option<String>,
    #[serde(rename = "upstream.end", skip_serializing_if = "Option::is_none")]
    upstream_end: Option<&'static str>,
    #[serde(rename = "upstream.attempts", skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(rename = "upstream.duration_ms", skip_serializing_if = "Option::is_none")]
    upstream_ms: Option<u32>,
    user_agent: &'a str,
}

fn line(record: &Record, lines: &mut Vec<u8>) {
    let (module, version) = why::names(record);
    let mut line = Line {
        time: format!("{:.3}", Timestamp::try_from(record.at).unwrap_or_default()),
        level: level(record),
        message: "request",
        id: record.id.to_string(),
        client: record.client,
        method: record.method.as_str(),
        path: &record.path,
        endpoint: record.endpoint.name(),
        status: record.status,
        reason: record.reason.as_ref().map(Reason::code),
        reason_text: record.reason.as_ref().map(Reason::to_string),
        end: why::end(&record.end),
        duration_ms: (record.duration.as_secs_f64() * 1e6).round() / 1e3,
        size_bytes: record.size_bytes,
        module,
        version,
        look: record.hot.then_some("memory"),
        upstream: None,
        upstream_end: None,
        attempts: None,
        upstream_ms: None,
        user_agent: &record.agent,
    };
    for (_, event) in record.journey.iter().flat_map(|journey| journey.trace().events) {
        line.note(event);
    }
    serde_json::to_writer(&mut *lines, &line).expect("strings and numbers always serialize");
    lines.push(b'\n');
}

impl Line<'_> {
    /// Takes the store's first word, and the last upstream's.
    fn note(&mut self, event: Event) {
        match event {
            Event::Looked(look) if self.look.is_none() => self.look = Some(why::look_name(look)),
            Event::Asked { upstream, attempts, end, millis, .. } => {
                (self.upstream, self.attempts, self.upstream_ms) = (Some(upstream), Some(attempts), Some(millis));
                self.upstream_end = Some(why::ask_end(&end));
            }
            _ => {}
        }
    }
}

/// `error` if someone must act, `warn` if the client got less than it asked for without being at fault.
fn level(record: &Record) -> &'static str {
    match (&record.reason, &record.end) {
        (Some(Reason::Mismatch(_) | Reason::SumdbLied(_) | Reason::StoreFull | Reason::Store(_) | Reason::Internal(_)), _) => {
            "error"
        }
        (Some(Reason::Upstream { .. } | Reason::Unproven(_) | Reason::BadContent(_) | Reason::Busy(_)), _) | (_, End::Cut(_)) => {
            "warn"
        }
        (
            None
            | Some(
                Reason::BadPath(_)
                | Reason::BadMethod
                | Reason::NotExist(_)
                | Reason::Off
                | Reason::NotServed(_)
                | Reason::NoRoute(_)
                | Reason::Private(_)
                | Reason::NotBuilt(_)
                | Reason::Stopping,
            ),
            _,
        ) => "info",
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc,
        time::{Duration, SystemTime},
    };

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
            endpoint: Endpoint::List,
            request: None,
            journey: None,
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
        line(&record, &mut lines);
        let expected = format!(
            r#"{{"time":"1970-01-01T00:00:00.000Z","level":"info","message":"request","request.id":"{}","client.address":"127.0.0.1","method":"GET","path":"/a\"\\\u001b","endpoint":"list","status":200,"end":"whole","duration_ms":1.5,"size_bytes":7,"store.look":"memory","user_agent":""}}"#,
            record.id
        );
        assert_eq!(String::from_utf8(lines).unwrap(), expected + "\n");
    }
}

//! Prometheus metrics. Labels come from closed sets only; never a module's name.

use std::{
    array,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use super::records::{Endpoint, Record};

/// What [`Metrics::text`] is.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds: from an answer out of memory to a large zip over a slow link.
const BUCKETS: [f64; 12] = [0.0001, 0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0];

/// The metrics of the whole process; the door's own are fields, others register theirs.
pub struct Metrics {
    registry: Mutex<Registry>,
    requests: [[Counter; 5]; 8],
    durations: [Histogram; 8],
    sent_bytes: Counter,
    hot_hits: Counter,
    pub(crate) in_flight: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
    pub(crate) accept_failures: Counter,
    pub(crate) log_lines_dropped: Counter,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct Labels {
    endpoint: &'static str,
    status: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct EndpointLabel {
    endpoint: &'static str,
}

/// `none` is a request whose client left before there was an answer.
const STATUS: [&str; 5] = ["none", "2xx", "3xx", "4xx", "5xx"];

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// The door's metrics, all at 0, in a registry of their own.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("modway");
        let requests = Family::<Labels, Counter>::default();
        let durations = Family::<EndpointLabel, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let (sent_bytes, hot_hits, in_flight, connections) =
            (Counter::default(), Counter::default(), Gauge::default(), Gauge::default());
        let (connections_refused, accept_failures, log_lines_dropped) =
            (Counter::default(), Counter::default(), Counter::default());
        registry.register("http_requests", "Requests answered, by what was asked for and class of status", requests.clone());
        registry.register("http_request_seconds", "From a request's header to the end of its body", durations.clone());
        registry.register("http_sent_bytes", "Bytes of bodies sent", sent_bytes.clone());
        registry.register("http_hot_hits", "Answers out of the memory in front of the proxy", hot_hits.clone());
        registry.register("http_in_flight", "Requests being answered", in_flight.clone());
        registry.register("http_connections", "Open connections", connections.clone());
        registry.register("http_connections_refused", "Connections over the limit of one client", connections_refused.clone());
        registry.register("http_accept_failures", "Connections that could not be accepted", accept_failures.clone());
        registry.register("log_lines_dropped", "Request log lines lost because the log's sink stalls", log_lines_dropped.clone());
        let endpoint = |index: usize| Endpoint::ALL[index].name();
        Self {
            requests: array::from_fn(|i| {
                array::from_fn(|j| requests.get_or_create(&Labels { endpoint: endpoint(i), status: STATUS[j] }).clone())
            }),
            durations: array::from_fn(|i| durations.get_or_create(&EndpointLabel { endpoint: endpoint(i) }).clone()),
            registry: Mutex::new(registry),
            sent_bytes,
            hot_hits,
            in_flight,
            connections,
            connections_refused,
            accept_failures,
            log_lines_dropped,
        }
    }

    /// Lets others add their metrics. Every name gets the prefix `modway_`.
    pub fn register(&self, add: impl FnOnce(&mut Registry)) {
        add(&mut self.registry.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All metrics, as OpenMetrics text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry.lock().unwrap_or_else(PoisonError::into_inner))
            .expect("writing to a string does not fail");
        text
    }

    /// Counts a request that is over.
    pub(crate) fn finished(&self, record: &Record) {
        let endpoint = record.endpoint as usize;
        self.requests[endpoint][class(record.status)].inc();
        self.durations[endpoint].observe(record.duration.as_secs_f64());
        self.sent_bytes.inc_by(record.size_bytes);
        self.in_flight.dec();
        if record.hot {
            self.hot_hits.inc();
        }
    }
}

/// The index in [`STATUS`].
const fn class(status: u16) -> usize {
    match status {
        0..200 => 0,
        200..300 => 1,
        300..400 => 2,
        400..500 => 3,
        500.. => 4,
    }
}

//! What the proxy counts. Labels come from closed sets: never a module path.

use plan::trace::Look;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

/// The proxy's counters. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    looks: Family<LookLabel, Counter>,
    fetches: Family<EndLabel, Counter>,
    kept_bytes: Counter,
    drifts: Counter,
    children: Family<ToolLabel, Counter>,
    audit_lines: Family<AuditLabel, Counter>,
    audit_waiting: Gauge,
    log_heads: Family<LogLabel, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LookLabel {
    look: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabel {
    kind: &'static str,
    end: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToolLabel {
    tool: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AuditLabel {
    end: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LogLabel {
    log: &'static str,
}

impl Metrics {
    /// Counters that `registry` shows.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("store_looks", "Looks into the store, by what was there", metrics.looks.clone());
        registry.register("fetches", "Fetches from upstream, by kind and end", metrics.fetches.clone());
        registry.register("kept_bytes", "Bytes kept in the store", metrics.kept_bytes.clone());
        registry.register(
            "drifts",
            "Versions whose origin now has other bytes than those kept first, or whose tag moved or is gone",
            metrics.drifts.clone(),
        );
        registry.register("children", "Processes started, by tool", metrics.children.clone());
        registry.register("audit_lines", "Lines of the audit log, by what became of them", metrics.audit_lines.clone());
        let waiting = "Requests that wait to become lines of the audit log";
        registry.register("audit_waiting", waiting, metrics.audit_waiting.clone());
        let heads = "Tree heads that were signed, each for a batch of records, by log of ours";
        registry.register("log_heads", heads, metrics.log_heads.clone());
        metrics
    }

    /// The store was looked at.
    pub fn looked(&self, look: Look) {
        let look = match look {
            Look::Hit => "hit",
            Look::Old => "old",
            Look::Miss => "miss",
        };
        self.looks.get_or_create(&LookLabel { look }).inc();
    }

    /// A fetch ended: its kind, and `found` or the reason's code.
    pub fn fetched(&self, kind: &'static str, end: &'static str) {
        self.fetches.get_or_create(&EndLabel { kind, end }).inc();
    }

    /// Bytes were kept.
    pub fn kept(&self, size_bytes: u64) {
        self.kept_bytes.inc_by(size_bytes);
    }

    /// A process was started: `git`, `hg`, `svn`, `fossil`, `helper`.
    pub fn child(&self, tool: &'static str) {
        self.children.get_or_create(&ToolLabel { tool }).inc();
    }

    /// Lines of the audit log were `recorded`, `lost`, or are `unsure`.
    pub fn audited(&self, end: &'static str, count: u64) {
        if count > 0 {
            self.audit_lines.get_or_create(&AuditLabel { end }).inc_by(count);
        }
    }

    /// So many requests wait to become lines of the audit log.
    pub fn audit_waits(&self, count: u64) {
        self.audit_waiting.set(count.try_into().unwrap_or(i64::MAX));
    }

    /// A tree head of this log was signed.
    pub fn signed(&self, log: &'static str) {
        self.log_heads.get_or_create(&LogLabel { log }).inc();
    }

    /// An origin drifted.
    pub fn drifted(&self) {
        self.drifts.inc();
    }
}

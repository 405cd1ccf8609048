//! What happened to one request, in the words of the decisions that made it happen.

use std::sync::Arc;

use crate::{Reason, Rule, Trouble};

/// One request's journey. The log line, `why`, the error body and the metrics are renderings of it.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// In order of time; milliseconds since the request came in. Bounded by whoever fills it.
    pub events: Vec<(u32, Event)>,
}

/// One step of a journey.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The rule that the request falls under: the route and its pattern, or the checksum database.
    Ruled(Arc<Rule>),
    /// The store was looked at.
    Looked(Look),
    /// Another request was already fetching the same; this one waited for it.
    Joined,
    /// An upstream was asked.
    Asked {
        /// Its name, or its redacted URL.
        upstream: String,
        /// What was asked, as a path below the upstream, redacted.
        what: String,
        /// How often, retries included.
        attempts: u32,
        /// How it ended.
        end: AskEnd,
        /// How long it took, in milliseconds.
        millis: u32,
    },
    /// The walk went on to the next entry although this failure stops at a comma: the operator's `step_down` rule.
    SteppedDown {
        /// The upstream whose failure gives way.
        upstream: String,
        /// The rule that matched, such as `5xx`.
        rule: String,
    },
    /// The bytes were proven, or their proof waived: by whom.
    Vouched(String),
    /// The bytes were kept.
    Kept {
        /// How many.
        size_bytes: u64,
    },
    /// The bytes could not be kept and are passed through.
    NotKept(String),
    /// A stored answer is served although it is no longer fresh.
    Stale(Reason),
    /// The origin's bytes differ from those kept first; the first stay.
    Drifted(String),
    /// The request was refused.
    Refused(Reason),
}

/// What the store had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// The answer, immutable or still fresh.
    Hit,
    /// An answer that should be asked for again.
    Old,
    /// Nothing.
    Miss,
}

/// How asking an upstream ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AskEnd {
    /// An answer of so many bytes.
    Found(u64),
    /// What we have is still right (304).
    NotModified,
    /// It says that it does not exist (404, 410, a missing file).
    NotExist,
    /// Trouble.
    Failed(Trouble),
}

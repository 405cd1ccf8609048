//! What origins changed, told: in a request's journey, and as a list of its own.

use jiff::Timestamp;
use proxy::drift::sentence;
use serde_json::{Value, json};
use store::{Drift, DriftRecord, Kind, What};

/// A page of the ledger as one JSON document of shape version 1; `next` is the `after` of the page behind it, if there is one. `is_withheld` says of which modules
/// the name is not told to who asks: module and origin are null there.
pub(super) fn page(records: &[DriftRecord], limit: usize, is_withheld: impl Fn(&str) -> bool) -> String {
    let next = records.last().filter(|_| records.len() == limit).map(|last| last.number);
    let drifts: Vec<Value> = records.iter().map(|drift| record(drift, is_withheld(&drift.module))).collect();
    let mut text = json!({ "version": 1, "drifts": drifts, "next": next }).to_string();
    text.push('\n');
    text
}

fn record(record: &DriftRecord, is_withheld: bool) -> Value {
    let mut value = one(&record.drift);
    value["number"] = json!(record.number);
    value["module"] = json!(record.module);
    value["version"] = json!(record.version);
    if is_withheld {
        (value["module"], value["origin"]) = (Value::Null, Value::Null);
    }
    value
}

/// One drift of a version that is named elsewhere.
pub(super) fn one(drift: &Drift) -> Value {
    let file = match drift.kind {
        Kind::Info => "info",
        Kind::Mod => "mod",
        Kind::Zip => "zip",
    };
    let what = match drift.what() {
        What::BytesDiffer => "bytes-differ",
        What::TagMoved => "tag-moved",
        What::TagGone => "tag-gone",
    };
    json!({
        "what": what,
        "file": file,
        "kept": { "sha256": drift.kept.to_string(), "h1": drift.kept_h1, "commit": drift.kept_commit },
        "seen": { "sha256": drift.seen.map(|seen| seen.to_string()), "h1": drift.seen_h1, "commit": drift.seen_commit },
        "origin": drift.origin,
        "time": time(drift),
    })
}

/// One line for a reader.
pub(super) fn line(drift: &Drift) -> String {
    format!("drift, seen at {}: {}; what was kept first stays", time(drift), sentence(drift))
}

fn time(drift: &Drift) -> String {
    format!("{:.0}", Timestamp::from_second(drift.seen_at).unwrap_or_default())
}

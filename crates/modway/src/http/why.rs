//! A request's journey, told: as text for a reader, as JSON for a program.

use std::fmt::Write as _;

use jiff::Timestamp;
use plan::{
    Event, Reason, Request, Rule, SumdbAsk,
    trace::{AskEnd, Look},
};
use serde_json::{Map, Value, json};
use store::Drift;

use super::{
    drifts,
    records::{End, Record},
};

/// The journey in lines, one per step; `drifts` are those of the version that was asked for.
pub(crate) fn text(record: &Record, drifts: &[Drift]) -> String {
    let mut text = format!("request {}: {} {}\n", record.id, record.method, record.path);
    let at = Timestamp::try_from(record.at).unwrap_or_default();
    let _ = writeln!(text, "{}, {} bytes in {} ms, at {at:.3}", outcome(record), record.size_bytes, record.duration.as_millis());
    if let Some(reason) = &record.reason {
        let _ = writeln!(text, "{}: {}\nfix: {}", reason.code(), line(&reason.to_string()), reason.fix());
    }
    for drift in drifts {
        let _ = writeln!(text, "{}", line(&drifts::line(drift)));
    }
    if record.hot {
        text.push_str("        0 ms  answered from memory, without asking the store\n");
    }
    for (millis, event) in record.journey.iter().flat_map(|journey| journey.trace().events) {
        let _ = writeln!(text, "{millis:>9} ms  {}", line(&sentence(&event)));
    }
    text
}

fn outcome(record: &Record) -> String {
    match (&record.end, record.status) {
        (End::Whole, status) => format!("answered {status}"),
        (End::Left, 0) => "the client left before there was an answer".to_owned(),
        (End::Left, status) => format!("answered {status}, but the client left before the end"),
        (End::Cut(why), status) => format!("answered {status}, then broken off: {}", line(why)),
    }
}

/// One line of `text`, without control characters.
fn line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

fn sentence(event: &Event) -> String {
    match event {
        Event::Ruled(rule) => match &**rule {
            Rule::Route { route, pattern } => format!("route {route} serves it (pattern {pattern})"),
            Rule::Database(name) => format!("it is about the checksum database {name}"),
        },
        Event::Looked(Look::Hit) => "the store has it".to_owned(),
        Event::Looked(Look::Old) => "the store has it, but it is no longer fresh".to_owned(),
        Event::Looked(Look::Miss) => "the store does not have it".to_owned(),
        Event::Joined => "joined a request that was fetching the same".to_owned(),
        Event::Asked { upstream, what, attempts, end, millis } => {
            format!(
                "asked {upstream} for {what}: {} ({attempts} {}, {millis} ms)",
                asked(end),
                if *attempts == 1 { "attempt" } else { "attempts" }
            )
        }
        Event::SteppedDown { upstream, rule } => format!("went on past {upstream}: its rule {rule} lets this failure give way"),
        Event::Vouched(by) => format!("proven: {by}"),
        Event::Kept { size_bytes } => format!("kept {size_bytes} bytes"),
        Event::NotKept(why) => format!("not kept: {why}"),
        Event::Stale(reason) => format!("a stored answer is served although it is old: {reason}"),
        Event::Drifted(what) => format!("the origin changed; the first bytes stay: {what}"),
        Event::Refused(reason) => format!("refused: {reason}"),
    }
}

fn asked(end: &AskEnd) -> String {
    match end {
        AskEnd::Found(bytes) => format!("found, {bytes} bytes"),
        AskEnd::NotModified => "what we have is still right".to_owned(),
        AskEnd::NotExist => "it does not exist".to_owned(),
        AskEnd::Failed(trouble) => format!("failed: {trouble}"),
    }
}

/// The journey as one JSON document of shape version 1.
pub(crate) fn json(record: &Record, drifts: &[Drift]) -> String {
    let (module, version) = names(record);
    let events: Vec<Value> =
        record.journey.iter().flat_map(|journey| journey.trace().events).map(|(millis, event)| step(millis, &event)).collect();
    let mut text = json!({
        "version": 1,
        "request": {
            "id": record.id.to_string(),
            "method": record.method.as_str(),
            "path": *record.path,
            "endpoint": record.endpoint.name(),
            "module": module,
            "version": version,
            "time": format!("{:.3}", Timestamp::try_from(record.at).unwrap_or_default()),
        },
        "answer": {
            "status": record.status,
            "reason": record.reason.as_ref().map(told),
            "size_bytes": record.size_bytes,
            "duration_ms": u64::try_from(record.duration.as_millis()).unwrap_or(u64::MAX),
            "end": end(&record.end),
            "from_memory": record.hot,
        },
        "drifts": drifts.iter().map(drifts::one).collect::<Vec<_>>(),
        "events": events,
    })
    .to_string();
    text.push('\n');
    text
}

/// The stable name of how the sending ended.
pub(crate) const fn end(end: &End) -> &'static str {
    match end {
        End::Whole => "whole",
        End::Left => "client-left",
        End::Cut(_) => "cut",
    }
}

/// The module path and version asked about, if any.
pub(crate) fn names(record: &Record) -> (Option<&str>, Option<&str>) {
    use plan::Ask;
    match record.request.as_deref() {
        Some(Request::Module(module, ask, _)) => {
            let version = match ask {
                Ask::List | Ask::Latest => None,
                Ask::Info(rev) => Some(rev.as_str()),
                Ask::Mod(version) | Ask::Zip(version) => Some(version.as_str()),
            };
            (Some(module.as_str()), version)
        }
        Some(Request::Sumdb(_, SumdbAsk::Lookup(module, version), _)) => (Some(module.as_str()), Some(version.as_str())),
        Some(Request::Sumdb(..)) | None => (None, None),
    }
}

fn told(reason: &Reason) -> Value {
    json!({ "code": reason.code(), "text": reason.to_string(), "fix": reason.fix(), "may_pass": reason.may_pass() })
}

fn step(millis: u32, event: &Event) -> Value {
    let (name, fields) = fields(event);
    let mut step = Map::from_iter([("at_ms".to_owned(), json!(millis)), ("event".to_owned(), json!(name))]);
    if let Value::Object(fields) = fields {
        step.extend(fields);
    }
    Value::Object(step)
}

fn fields(event: &Event) -> (&'static str, Value) {
    match event {
        Event::Ruled(rule) => match &**rule {
            Rule::Route { route, pattern } => ("routed", json!({ "route": route, "pattern": pattern })),
            Rule::Database(name) => ("database", json!({ "database": name })),
        },
        Event::Looked(look) => ("looked", json!({ "look": look_name(*look) })),
        Event::Joined => ("joined", Value::Null),
        Event::Asked { upstream, what, attempts, end, millis } => {
            let mut fields =
                json!({ "upstream": upstream, "what": what, "attempts": attempts, "duration_ms": millis, "end": ask_end(end) });
            match end {
                AskEnd::Found(bytes) => fields["size_bytes"] = json!(bytes),
                AskEnd::Failed(trouble) => {
                    fields["trouble"] = json!(trouble.to_string());
                    fields["status"] = json!(trouble.status());
                }
                AskEnd::NotModified | AskEnd::NotExist => {}
            }
            ("asked", fields)
        }
        Event::SteppedDown { upstream, rule } => ("stepped-down", json!({ "upstream": upstream, "rule": rule })),
        Event::Vouched(by) => ("vouched", json!({ "by": by })),
        Event::Kept { size_bytes } => ("kept", json!({ "size_bytes": size_bytes })),
        Event::NotKept(why) => ("not-kept", json!({ "why": why })),
        Event::Stale(reason) => ("stale", json!({ "reason": told(reason) })),
        Event::Drifted(what) => ("drifted", json!({ "what": what })),
        Event::Refused(reason) => ("refused", json!({ "reason": told(reason) })),
    }
}

/// The stable name of what the store had.
pub(crate) const fn look_name(look: Look) -> &'static str {
    match look {
        Look::Hit => "hit",
        Look::Old => "old",
        Look::Miss => "miss",
    }
}

/// The stable name of how asking an upstream ended.
pub(crate) const fn ask_end(end: &AskEnd) -> &'static str {
    match end {
        AskEnd::Found(_) => "found",
        AskEnd::NotModified => "not-modified",
        AskEnd::NotExist => "not-exist",
        AskEnd::Failed(trouble) => trouble.code(),
    }
}

//! What the audit log is told of a request.

use std::{borrow::Cow, time::SystemTime};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use hyper::{header, http::request::Parts};
use plan::{Caller, Request, Rule, SumdbAsk};
use proxy::{
    audit::{Asked, Audit},
    journey::Journey,
};

use super::{
    answer::decision,
    records::{Endpoint, Record},
    why,
};

/// Brings the line of a request to the audit log; nothing for pages of our own, which give nobody a module.
pub(super) fn note(audit: &Audit, record: &Record) {
    if record.endpoint == Endpoint::Own {
        return;
    }
    let (module, version) = why::names(record);
    let of_journey = if record.rule.is_none() { record.journey.as_ref().and_then(Journey::rule) } else { None };
    let (rule, pattern) = record.rule.as_ref().or(of_journey.as_ref()).map(|rule| told(rule)).unwrap_or_default();
    let since = record.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (id, used) = record.id.text();
    audit.note(&Asked {
        time_ms: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        request: std::str::from_utf8(&id[..used]).unwrap_or_default().into(),
        client: record.client.to_string().into(),
        login: (&*record.login).into(),
        auditor: if let Caller::Auditor(name) = &record.caller { name.into() } else { Cow::default() },
        what: what(record).into(),
        module: module.unwrap_or_default().into(),
        version: version.unwrap_or_default().into(),
        decision: decision(record.status),
        status: record.status,
        reason: record.reason.as_ref().map_or("", plan::Reason::code).into(),
        rule,
        pattern,
    });
}

/// What was asked for. Whoever reads records of ours learns names, so that is told from all else that is asked of a database.
fn what(record: &Record) -> &'static str {
    let Some(Request::Sumdb(_, ask, _)) = record.request.as_deref() else { return record.endpoint.name() };
    match ask {
        SumdbAsk::Supported => "sumdb/supported",
        SumdbAsk::Latest => "sumdb/latest",
        SumdbAsk::Checkpoint => "sumdb/checkpoint",
        SumdbAsk::Lookup(..) => "sumdb/lookup",
        SumdbAsk::Tile(_) | SumdbAsk::Tlog(_) if ask.tells_records() => "sumdb/records",
        SumdbAsk::Tile(_) | SumdbAsk::Tlog(_) => "sumdb/tile",
    }
}

/// The rule's name, and the pattern of it that matched.
fn told(rule: &Rule) -> (Cow<'_, str>, Cow<'_, str>) {
    match rule {
        Rule::Route { route, pattern } => (format!("route/{route}").into(), pattern.into()),
        Rule::Database(name) => (format!("sumdb/{name}").into(), Cow::default()),
    }
}

/// The name that a request gives with its password. Nobody has checked it.
pub(super) fn login(parts: &Parts) -> Option<String> {
    let (scheme, coded) = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| BASE64_STANDARD.decode(coded.trim()).ok())??;
    let text = String::from_utf8(decoded).ok()?;
    Some(text.split_once(':')?.0.to_owned())
}

//! A trace as JSON, version 1. Times are in milliseconds from the beginning; what is not known is null.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Again, Asked, Because, Exchange, Note, Phases, Process, Said, Step, Story, Traced, Tunnel, Who, say};
use crate::{lang::Lang, run::Ended};

/// The whole trace, with a newline at the end.
pub fn json(traced: &Traced, lang: Lang) -> String {
    let story = Story::of(traced);
    let ended = match traced.ended {
        Ended::Code(code) => json!({ "code": code }),
        Ended::Signal(signal) => json!({ "signal": signal }),
    };
    let entries = traced
        .entries
        .iter()
        .map(|entry| json!({ "entry": entry.shown, "separator": entry.separator, "recorded": entry.recorded }));
    let hosts = traced.seen.hosts.iter().map(|(host, totals)| {
        json!({
            "host": host,
            "requests": totals.requests,
            "tunnels": totals.tunnels,
            "not_ok": totals.not_ok,
            "sent_bytes": totals.sent_bytes,
            "received_bytes": totals.received_bytes,
            "time_ms": ms(totals.time),
        })
    });
    let whole = json!({
        "version": 1,
        "command": traced.words,
        "began": Timestamp::try_from(traced.began_at).map(|time| time.to_string()).unwrap_or_default(),
        "took_ms": ms(traced.took),
        "on_the_wire_ms": ms(story.on_the_wire),
        "ended": ended,
        "goproxy": entries.collect::<Vec<_>>(),
        "requests": traced.seen.exchanges.iter().map(request).collect::<Vec<_>>(),
        "tunnels": traced.seen.tunnels.iter().map(tunnel).collect::<Vec<_>>(),
        "processes": traced.processes.iter().map(process).collect::<Vec<_>>(),
        "hosts": hosts.collect::<Vec<_>>(),
        "gave_way": story.gave_way.iter().map(|step| self::step(traced, step)).collect::<Vec<_>>(),
        "stopped": story.stopped.iter().map(|step| self::step(traced, step)).collect::<Vec<_>>(),
        "again": story.again.iter().map(|again| self::again(traced, again)).collect::<Vec<_>>(),
        "slow": story.slow,
        "notes": traced.notes.iter().map(|note| json!({ "note": name(note), "text": say::note(note, lang) })).collect::<Vec<_>>(),
        "not_kept": traced.seen.not_kept,
    });
    // Numbers and texts: nothing in it can fail.
    serde_json::to_string_pretty(&whole).unwrap_or_default() + "\n"
}

fn request(exchange: &Exchange) -> Value {
    let (asked, entry) = match exchange.asked {
        Asked::Entry(entry) => ("goproxy", Some(entry)),
        Asked::Sumdb => ("gosumdb", None),
        Asked::Elsewhere => ("elsewhere", None),
        Asked::Child => ("child", None),
    };
    let because = match exchange.because {
        Because::Asked => "asked",
        Because::Redirected => "redirected",
        Because::Repeated => "repeated",
    };
    json!({
        "asked": asked,
        "entry": entry,
        "because": because,
        "superseded": exchange.is_superseded,
        "method": exchange.method,
        "url": exchange.url,
        "host": exchange.host,
        "path": exchange.path,
        "began_ms": ms(exchange.began),
        "ended_ms": exchange.ended.map(ms),
        "phases": phases(&exchange.phases),
        "protocol": exchange.protocol,
        "status": exchange.status,
        "reason": exchange.reason,
        "failure": exchange.failure,
        "sent_bytes": exchange.sent_bytes,
        "received_bytes": exchange.received_bytes,
        "error_body": exchange.error_body,
        "peer": exchange.peer.map(|peer| peer.to_string()),
        "through": exchange.through,
    })
}

fn tunnel(tunnel: &Tunnel) -> Value {
    json!({
        "by": match tunnel.by { Who::Go => "go", Who::Child => "child" },
        "host": tunnel.host,
        "began_ms": ms(tunnel.began),
        "last_byte_ms": ms(tunnel.last),
        "ended_ms": tunnel.ended.map(ms),
        "phases": phases(&tunnel.phases),
        "failure": tunnel.failure,
        "sent_bytes": tunnel.sent_bytes,
        "received_bytes": tunnel.received_bytes,
        "peer": tunnel.peer.map(|peer| peer.to_string()),
        "through": tunnel.through,
    })
}

fn process(process: &Process) -> Value {
    json!({
        "words": process.words,
        "began_ms": ms(process.began),
        "ended_ms": process.ended.map(ms),
        "code": process.code,
        "ssh": process.is_ssh,
    })
}

fn phases(phases: &Phases) -> Value {
    json!({
        "dns_ms": phases.dns.map(ms),
        "connect_ms": phases.connect.map(ms),
        "tls_ms": phases.tls.map(ms),
        "first_byte_ms": phases.head.map(ms),
    })
}

fn step(traced: &Traced, step: &Step) -> Value {
    let (status, said) = match &step.said {
        Said::NotExist(status) => (Some(*status), "not-exist"),
        Said::Status(status, _) => (Some(*status), "status"),
        Said::Nothing(_) => (None, "no-answer"),
    };
    let words = match &step.said {
        Said::Nothing(words) | Said::Status(_, words) => words.as_str(),
        Said::NotExist(_) => "",
    };
    let next = traced.entries.get(step.entry + 1).map(|entry| &entry.shown);
    json!({ "entry": step.entry, "next": next, "said": said, "status": status, "words": words, "count": step.count, "example": step.example })
}

fn again(traced: &Traced, again: &Again) -> Value {
    match again {
        Again::Repeated { host, count } => json!({ "why": "4xx-over-https", "host": host, "count": count }),
        Again::Prefixes { module, shorter, count } => {
            json!({ "why": "path-prefixes", "module": module, "others": shorter, "count": count })
        }
        Again::Forgotten { entry, module, count } => {
            let shown = traced.entries.get(*entry).map(|entry| &entry.shown);
            json!({ "why": "each-file-from-the-front", "entry": entry, "url": shown, "module": module, "count": count })
        }
        Again::Same { url, count } => json!({ "why": "same", "url": url, "count": count }),
    }
}

const fn name(note: &Note) -> &'static str {
    match note {
        Note::BadGoProxy { .. } => "bad-goproxy",
        Note::InsecureCredentials { .. } => "insecure-credentials",
        Note::File { .. } => "file",
        Note::GoAuth => "goauth",
        Note::GitTrace => "git-trace",
        Note::Ssh => "ssh",
        Note::NotKept { .. } => "not-kept",
    }
}

fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

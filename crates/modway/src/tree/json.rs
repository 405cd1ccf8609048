//! The tree for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Because, Branch, Chain, Hop, Kind, Patience, Then, Tree, When, Whose};

/// The tree as a versioned document. Durations are milliseconds; indexes count from 0.
pub(super) fn write(tree: &Tree) -> Value {
    let whose = match tree.whose {
        Whose::Go => "go",
        Whose::Server => "server",
    };
    json!({ "version": 1, "of": whose, "chains": tree.chains.iter().map(chain).collect::<Vec<_>>() })
}

fn chain(chain: &Chain) -> Value {
    let (small, zip) = chain.longest();
    json!({
        "name": chain.name,
        "match": chain.matches.as_ref().map_or("*", |patterns| patterns.as_str()),
        "list": chain.list,
        "proven": chain.proven,
        "longest_ms": small.map(millis),
        "longest_zip_ms": zip.map(millis),
        "hops": chain.hops.iter().map(hop).collect::<Vec<_>>(),
    })
}

fn hop(hop: &Hop) -> Value {
    let kind = match hop.kind {
        Kind::Proxy => "proxy",
        Kind::File => "file",
        Kind::Direct => "direct",
        Kind::Off => "off",
    };
    let branches: Vec<Value> = hop.branches.iter().map(branch).collect();
    json!({ "name": hop.name, "url": hop.url, "kind": kind, "patience": hop.patience.as_ref().map(patience), "branches": branches })
}

fn patience(patience: &Patience) -> Value {
    json!({
        "connect_ms": patience.connect.map(millis),
        "tls_ms": patience.tls.map(millis),
        "first_byte_ms": patience.first_byte.map(millis),
        "idle_ms": patience.idle.map(millis),
        "total_ms": patience.total.map(millis),
        "total_zip_ms": patience.total_zip.map(millis),
        "retries": patience.retries,
        "breaker": patience.breaker.map(|(failures, pause)| json!({ "failures": failures, "pause_ms": millis(pause) })),
        "step_down": patience.step_down,
    })
}

fn branch(branch: &Branch) -> Value {
    let (then, next, because) = match branch.then {
        Then::Use => ("use", None, None),
        Then::Ask(index, Because::Absent) => ("ask", Some(index), Some("absent")),
        Then::Ask(index, Because::Bar) => ("ask", Some(index), Some("bar")),
        Then::Ask(index, Because::StepDown) => ("ask", Some(index), Some("step_down")),
        Then::Absent => ("absent", None, None),
        Then::AbsentUnlessTrouble => ("absent-unless-trouble", None, None),
        Then::Trouble => ("trouble", None, None),
        Then::Off => ("off", None, None),
        Then::OffUnlessTrouble => ("off-unless-trouble", None, None),
        Then::Waits => ("waits", None, None),
    };
    json!({ "when": branch.when.iter().map(|when| name(*when)).collect::<Vec<_>>(), "then": then, "next": next, "because": because })
}

/// Stable names; those of trouble are the codes of `step_down`.
fn name(when: When) -> String {
    match when {
        When::Found => "found",
        When::Absent => "absent",
        When::Skipped => "skipped",
        When::Dns => "dns",
        When::Connect => "connect",
        When::Tls => "tls",
        When::ForwardProxy => "forward-proxy",
        When::Timeout => "timeout",
        When::Broken => "broken",
        When::ServerErrors => "5xx",
        When::Status(status) => return status.to_string(),
        When::OtherStatus => "status",
        When::Body => "body",
        When::Tool => "vcs",
        When::Unproven => "unproven",
        When::Silence => "silence",
    }
    .to_owned()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

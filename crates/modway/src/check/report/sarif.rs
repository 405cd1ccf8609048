//! SARIF 2.1.0.
//!
//! Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>; for what GitHub wants besides,
//! <https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>.

use serde_json::{Value, json};

use super::{Report, message};
use crate::check::{Finding, RULES, baseline::Known};

pub(super) fn print(report: &Report) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": plain(rule.wants(report.lang)) },
                "help": { "text": plain(&rule.page(report.lang)) },
                "defaultConfiguration": { "level": rule.severity.name() },
            })
        })
        .collect();
    let notes: Vec<Value> = report
        .unknown
        .iter()
        .map(|unknown| json!({ "level": "warning", "message": { "text": plain(&format!("{}: {}", unknown.rules.join(", "), unknown.why)) } }))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "modway check", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "invocations": [{ "executionSuccessful": notes.is_empty(), "toolExecutionNotifications": notes }],
            "columnKind": "unicodeCodePoints",
            "results": report.findings.iter().map(|finding| one(report, finding)).collect::<Vec<_>>(),
        }],
    })
}

fn one(report: &Report, finding: &Finding) -> Value {
    let (file, line) = report.place(finding);
    let known = Known::of(finding);
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": RULES.iter().position(|rule| rule == finding.rule),
        "level": finding.severity.name(),
        "message": { "text": plain(&message(finding, report.lang)) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(file) },
                "region": { "startLine": line },
            },
        }],
        "partialFingerprints": {
            "modwayCheck/v1": format!("{} {} {}", known.rule, known.file.unwrap_or_default(), known.subject),
        },
    })
}

/// Text in which nothing is a link or a place-holder.
///
/// Source: SARIF 2.1.0, 3.11.5 (place-holders) and 3.11.6 (embedded links).
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '[' | ']' => out.extend(['\\', c]),
            '{' | '}' => out.extend([c, c]),
            _ => out.push(c),
        }
    }
    out
}

/// A path as a relative reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

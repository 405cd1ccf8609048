//! For programs.

use serde_json::{Value, json};

use super::Report;
use crate::check::{Edit, Finding, Severity};

pub(super) fn print(report: &Report) -> Value {
    let unknown =
        report.unknown.iter().map(|unknown| json!({ "rules": unknown.rules, "why": unknown.why, "wanted": unknown.is_wanted }));
    json!({
        "version": 1,
        "good": !report.fails(),
        "fail_on": report.fail_on.name(),
        "counts": {
            "error": report.count(Severity::Error),
            "warning": report.count(Severity::Warning),
            "note": report.count(Severity::Note),
            "known": report.known,
        },
        "findings": report.findings.iter().map(|finding| one(report, finding)).collect::<Vec<_>>(),
        "gone": report.gone,
        "unknown": unknown.collect::<Vec<_>>(),
    })
}

fn one(report: &Report, finding: &Finding) -> Value {
    json!({
        "rule": finding.rule.id,
        "severity": finding.severity.name(),
        "file": finding.place.as_ref().map(|place| &place.file),
        "line": finding.place.as_ref().and_then(|place| place.line),
        "origin": finding.origin,
        "subject": finding.subject,
        "why": finding.why,
        "fix": finding.fix,
        "fixable": finding.edit.as_ref().is_some_and(Edit::is_inside),
        "page": finding.page(report.lang),
    })
}

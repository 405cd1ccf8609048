//! JUnit's XML: a test case for each rule, a failure for each finding.
//!
//! Source: the format has no standard; these are the elements that Jenkins and GitLab read.

use std::fmt::Write as _;

use super::{Report, message};
use crate::check::{Finding, RULES, Rule};

pub(super) fn print(report: &Report) -> String {
    let skipped: Vec<&str> = report.unknown.iter().flat_map(|unknown| unknown.rules.iter().copied()).collect();
    let fails = |rule: &Rule| of(report, rule).any(|finding| finding.severity >= report.fail_on);
    let failures = RULES.iter().filter(|rule| fails(rule)).count();
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"modway check\" tests=\"{}\" failures=\"{failures}\" skipped=\"{}\">\n",
        RULES.len(),
        skipped.len()
    );
    for rule in RULES {
        case(&mut text, report, rule, skipped.contains(&rule.id));
    }
    text + "  </testsuite>\n</testsuites>\n"
}

fn of<'r>(report: &'r Report, rule: &Rule) -> impl Iterator<Item = &'r Finding> {
    report.findings.iter().filter(move |finding| finding.rule.id == rule.id)
}

fn case(text: &mut String, report: &Report, rule: &Rule, skipped: bool) {
    let name = format!("{}: {}", rule.id, rule.wants(report.lang));
    // Writing to a String cannot fail.
    let _ = write!(text, "    <testcase classname=\"modway.check\" name=\"{}\"", escaped(&name));
    if of(report, rule).next().is_none() && !skipped {
        text.push_str("/>\n");
        return;
    }
    text.push_str(">\n");
    if skipped {
        text.push_str("      <skipped/>\n");
    }
    for finding in of(report, rule) {
        let place = finding.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
        let words = escaped(&format!("{place}{}", message(finding, report.lang)));
        let _ = match finding.severity >= report.fail_on {
            true => writeln!(
                text,
                "      <failure type=\"{}\" message=\"{}\">{words}</failure>",
                finding.severity.name(),
                escaped(&format!("{place}{}", finding.subject))
            ),
            false => writeln!(text, "      <system-out>{words}</system-out>"),
        };
    }
    text.push_str("    </testcase>\n");
}

/// Source: XML 1.0, 2.2 and 2.4; characters that no XML may have are replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

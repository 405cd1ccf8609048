//! Annotations of GitHub Actions.
//!
//! Source: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>, and `escapeData` and `escapeProperty` of
//! the toolkit's `command.ts`.

use super::{Report, message};
use crate::check::Severity;

pub(super) fn print(report: &Report) -> String {
    let lines = report.findings.iter().map(|finding| {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let (file, line) = report.place(finding);
        let title = format!("{}: {}", finding.rule.id, finding.rule.wants(report.lang));
        format!(
            "::{command} file={},line={line},title={}::{}\n",
            property(file),
            property(&title),
            data(&message(finding, report.lang))
        )
    });
    lines.collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

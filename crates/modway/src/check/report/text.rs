//! For people.

use std::fmt::Write as _;

use super::Report;
use crate::{
    check::{Edit, Finding, Severity},
    lang::Lang,
    render::terminal::{Style, Terminal},
};

pub(super) fn print(report: &Report, terminal: Terminal) -> String {
    let mut text = String::new();
    for finding in &report.findings {
        one(&mut text, report, finding, terminal);
    }
    for gone in &report.gone {
        let file = gone.file.as_deref().map(|file| format!("{file}: ")).unwrap_or_default();
        let words = report.lang.pick("gone, take it out of the baseline", "已消失，请从 baseline 中删除");
        let _ =
            writeln!(text, "{}", terminal.paint(Style::Good, &safe(&format!("{file}{} {}: {words}", gone.rule, gone.subject))));
    }
    if !report.gone.is_empty() {
        text.push('\n');
    }
    for unknown in &report.unknown {
        let words = report.lang.pick("not checked", "未检查");
        let colon = report.lang.pick(": ", "：");
        let line = format!("{words}{colon}{}{colon}{}", named(&unknown.rules, report.lang), unknown.why);
        paragraph(&mut text, terminal, Style::Dim, "", &line);
    }
    text + &terminal.paint(style(report), &summary(report)) + "\n"
}

fn one(text: &mut String, report: &Report, finding: &Finding, terminal: Terminal) {
    let style = match finding.severity {
        Severity::Error => Style::Bad,
        Severity::Warning => Style::Warn,
        Severity::Note => Style::Dim,
    };
    let place = finding.place.as_ref().map(ToString::to_string).or_else(|| finding.origin.clone());
    let place = place.map(|place| format!("{place}: ")).unwrap_or_default();
    let head = format!("{} {}", finding.severity.word(report.lang), finding.rule.id);
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{}{}  {}",
        safe(&place),
        terminal.paint(style, &head),
        terminal.paint(Style::Title, &safe(&finding.subject))
    );
    paragraph(text, terminal, Style::Title, "    ", &finding.why);
    let (fix, mended, see) = report.lang.pick(("fix: ", "--fix does this", "see: "), ("修复：", "--fix 可自动完成", "参见："));
    for line in &finding.fix {
        let note = if finding.edit.as_ref().is_some_and(Edit::is_inside) { format!("    ({mended})") } else { String::new() };
        let _ = writeln!(text, "    {fix}{}{note}", terminal.paint(Style::Command, line));
    }
    let _ = writeln!(text, "    {see}{}\n", finding.page(report.lang));
}

/// The first few rules by their names, the others by their number.
fn named(rules: &[&str], lang: Lang) -> String {
    let first = rules.get(..crate::limits::MAX_RULES_NAMED).unwrap_or(rules).join(", ");
    match (rules.len().saturating_sub(crate::limits::MAX_RULES_NAMED), lang) {
        (0, _) => first,
        (more, Lang::En) => format!("{first} and {more} more"),
        (more, Lang::Zh) => format!("{first} 等另外 {more} 条规则"),
    }
}

/// Lines that fit. None begins with `::`, which GitHub's runner takes for a command wherever it stands alone.
fn paragraph(text: &mut String, terminal: Terminal, style: Style, indent: &str, words: &str) {
    for line in terminal.wrap(words, indent.len()) {
        let line = safe(&line);
        let line = if style == Style::Title { line } else { terminal.paint(style, &line) };
        let _ = writeln!(text, "{indent}{line}");
    }
}

fn safe(line: &str) -> String {
    if line.trim_start().starts_with("::") { format!("\\{line}") } else { line.to_owned() }
}

fn style(report: &Report) -> Style {
    match (report.fails(), report.findings.is_empty()) {
        (true, _) => Style::Bad,
        (false, true) => Style::Good,
        (false, false) => Style::Warn,
    }
}

fn summary(report: &Report) -> String {
    let [errors, warnings, notes] = [Severity::Error, Severity::Warning, Severity::Note].map(|severity| report.count(severity));
    let plural = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let known = match (report.known, report.lang) {
        (0, _) => String::new(),
        (known, Lang::En) => format!("; {known} known from the baseline"),
        (known, Lang::Zh) => format!("；另有 {known} 项已在 baseline 中"),
    };
    let counts = match report.lang {
        _ if errors + warnings + notes == 0 => report.lang.pick("nothing found", "未发现问题").to_owned(),
        Lang::En => format!("{}, {}, {}", plural(errors, "error"), plural(warnings, "warning"), plural(notes, "note")),
        Lang::Zh => format!("{errors} 个错误，{warnings} 个警告，{notes} 个提示"),
    };
    format!("{counts}{known}")
}

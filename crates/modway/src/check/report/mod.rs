//! A report and its forms.

mod github;
mod json;
mod junit;
mod sarif;
mod text;

use super::{Finding, Severity, baseline::Known};
use crate::{lang::Lang, render::terminal::Terminal};

/// What a check has found, and what it could not find out.
#[derive(Debug)]
pub struct Report {
    /// The language of its texts.
    pub lang: Lang,
    /// The findings that no baseline knows.
    pub findings: Vec<Finding>,
    /// How many a baseline knows.
    pub known: usize,
    /// What a baseline knows, and what is there no more.
    pub gone: Vec<Known>,
    /// What was not looked at, and why.
    pub unknown: Vec<Unknown>,
    /// Findings of this severity or worse fail the check.
    pub fail_on: Severity,
    /// Where findings are shown that are in no file of the project, by formats that want a file.
    pub front: String,
}

/// Rules that could not be judged.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// Their ids.
    pub rules: Vec<&'static str>,
    /// Why not.
    pub why: String,
    /// Whether that was asked for.
    pub is_wanted: bool,
}

/// A form of a report.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs, version 1.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit's XML, which every CI shows.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
}

impl Report {
    /// How many findings are of this severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Whether a finding fails the check.
    pub fn fails(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity >= self.fail_on)
    }

    /// The report in a form; colours and width are for text.
    pub fn print(&self, format: Format, terminal: Terminal) -> String {
        match format {
            Format::Text => text::print(self, terminal),
            Format::Json => format!("{:#}\n", json::print(self)),
            Format::Sarif => format!("{:#}\n", sarif::print(self)),
            Format::Junit => junit::print(self),
            Format::Github => github::print(self),
        }
    }

    /// The file and line of a finding for forms that know only files of the project.
    fn place<'r>(&'r self, finding: &'r Finding) -> (&'r str, usize) {
        match finding.place.as_ref().filter(|place| place.is_ours) {
            Some(place) => (&place.file, place.line.unwrap_or(1)),
            None => (&self.front, 1),
        }
    }
}

/// Why and how, in one paragraph, for forms that have room for no more.
fn message(finding: &Finding, lang: Lang) -> String {
    let Finding { subject, why, fix, .. } = finding;
    let page = finding.page(lang);
    match lang {
        Lang::En => {
            let fixes: String = fix.iter().map(|line| format!(" Fix: {line}.")).collect();
            format!("{subject}: {why}.{fixes} See {page}")
        }
        Lang::Zh => {
            let fixes: String = fix.iter().map(|line| format!("修复：{line}。")).collect();
            format!("{subject}：{why}。{fixes}参见 {page}")
        }
    }
}

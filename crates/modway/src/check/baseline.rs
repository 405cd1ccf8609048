//! What is known already: findings that a team has decided to live with for now.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Finding, Scope};

/// The findings that are known. Lines do not count, so that a change elsewhere in the file brings nothing back.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The shape of the file: 1.
    version: u8,
    /// The findings.
    known: BTreeSet<Known>,
}

/// A known finding.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The rule's id.
    pub rule: String,
    /// The file of the project; none for a setting of the machine, which lies elsewhere on each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What it is about.
    pub subject: String,
}

/// A baseline that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum InvalidBaseline {
    /// Not what `--write-baseline` writes.
    #[error("{0}: not a baseline: line {1}")]
    Text(String, usize),
    /// Written by another modway.
    #[error("{0}: version {1} of baselines is not known here; this modway reads version 1")]
    Version(String, u8),
}

impl Known {
    /// What is remembered of a finding.
    pub fn of(finding: &Finding) -> Self {
        let file = finding.place.as_ref().filter(|_| finding.rule.scope != Scope::Machine).map(|place| place.file.clone());
        Self { rule: finding.rule.id.to_owned(), file, subject: finding.subject.clone() }
    }
}

impl Baseline {
    /// The baseline that knows these.
    pub fn of(findings: &[Finding]) -> Self {
        Self { version: 1, known: findings.iter().map(Known::of).collect() }
    }

    /// Reads one; `name` is for messages.
    ///
    /// # Errors
    /// [`InvalidBaseline`].
    pub fn parse(name: &str, text: &str) -> Result<Self, InvalidBaseline> {
        let read: Self = serde_json::from_str(text).map_err(|error| InvalidBaseline::Text(name.to_owned(), error.line()))?;
        if read.version == 1 { Ok(read) } else { Err(InvalidBaseline::Version(name.to_owned(), read.version)) }
    }

    /// The file.
    pub fn to_text(&self) -> String {
        format!("{}\n", serde_json::to_string_pretty(self).expect("texts and numbers can be written as JSON"))
    }

    /// Parts findings into those that are new, and how many are known; and tells which known ones are gone.
    pub fn part(&self, findings: Vec<Finding>) -> (Vec<Finding>, usize, Vec<Known>) {
        let all: BTreeSet<Known> = findings.iter().map(Known::of).collect();
        let before = findings.len();
        let new: Vec<Finding> = findings.into_iter().filter(|finding| !self.known.contains(&Known::of(finding))).collect();
        let known = before - new.len();
        (new, known, self.known.difference(&all).cloned().collect())
    }
}

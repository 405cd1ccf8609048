//! What was found in a log, for people and for programs.

use serde_json::{Value, json};

use super::{
    blocks::Block,
    catalogue::{By, Question, Whose},
    finding::Finding,
    limits::MAX_FINDINGS,
};
use crate::lang::Lang;

/// What was found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Each different error once, in order of appearance.
    pub findings: Vec<Finding>,
    /// Different errors that were found after [`MAX_FINDINGS`] others, and are not kept.
    pub more: u64,
    /// Lines that were read.
    pub lines: u64,
    /// True if the log goes on after what was read.
    pub is_cut: bool,
}

impl Report {
    pub(super) fn add(&mut self, block: &Block) {
        let Some(finding) = Finding::of(block) else { return };
        if finding.code() == "no-secure-protocol" && self.findings.iter().any(|known| known.code() == "git-missing") {
            // The go command says both; the first is why the second.
            return;
        }
        let known = self.findings.iter().position(|known| known.row == finding.row && known.text == finding.text);
        match known {
            Some(at) => self.findings[at].times += 1,
            None if self.findings.len() < MAX_FINDINGS => self.findings.push(finding),
            None => self.more += 1,
        }
    }

    /// For programs; its shape is version 1.
    pub fn to_json(&self, lang: Lang) -> Value {
        let findings: Vec<Value> = self.findings.iter().map(|finding| one(finding, lang)).collect();
        json!({ "version": 1, "lines": self.lines, "cut": self.is_cut, "more": self.more, "errors": findings })
    }
}

const fn short(by: By) -> &'static str {
    match by {
        By::Proxy => "proxy",
        By::Database => "database",
        By::Discovery => "discovery",
        By::Repository => "repository",
        By::Module => "module",
        By::Go => "go",
        By::Unclear => "unclear",
    }
}

const fn mover(whose: Whose) -> &'static str {
    match whose {
        Whose::Client => "client",
        Whose::Proxy => "proxy",
        Whose::Database => "database",
        Whose::Host => "host",
        Whose::Author => "author",
        Whose::Network => "network",
    }
}

fn one(finding: &Finding, lang: Lang) -> Value {
    let subject = &finding.subject;
    let mut value = json!({
        "code": finding.code(),
        "line": finding.line,
        "times": finding.times,
        "text": finding.text,
        "module": subject.module,
        "query": subject.version,
        "url": subject.url,
        "host": subject.host,
        "reason": finding.reason,
    });
    if let Some(row) = finding.row {
        let fixes = row.fixes.iter().map(|fix| json!({ "say": fix.say.of(lang), "command": subject.fill(fix.command) }));
        value["by"] = short(row.by).into();
        value["whose_move"] = mover(row.whose).into();
        value["cause"] = row.cause.of(lang).into();
        value["settings"] = row.settings.into();
        value["fixes"] = fixes.collect();
        value["question"] = row.question.map_or(Value::Null, |question| asked(&question, finding, lang));
        value["docs"] = row.docs(lang).into();
    }
    value
}

fn asked(question: &Question, finding: &Finding, lang: Lang) -> Value {
    let answers: Vec<Value> = question
        .answers
        .iter()
        .map(|(answer, meaning)| json!({ "answer": answer.of(lang), "meaning": meaning.of(lang) }))
        .collect();
    json!({ "ask": question.ask.of(lang), "command": finding.subject.fill(question.command), "answers": answers })
}

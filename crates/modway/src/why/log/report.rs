//! What was found in a log, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    blocks::Block,
    catalogue::{By, Question, Row, Whose},
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

    /// For people.
    pub fn to_text(&self, lang: Lang) -> String {
        let mut text = self.summary(lang);
        for (number, finding) in self.findings.iter().enumerate() {
            write_finding(&mut text, number + 1, finding, lang);
        }
        text
    }

    fn summary(&self, lang: Lang) -> String {
        let (found, lines) = (self.findings.len(), self.lines);
        let unknown = self.findings.iter().filter(|finding| finding.row.is_none()).count();
        let mut text = match (found, lang) {
            (0, Lang::En) => format!("No error of the go command in {lines} lines.\n"),
            (0, Lang::Zh) => format!("{lines} 行日志中没有 go 命令的错误。\n"),
            (1, Lang::En) => format!("1 error of the go command in {lines} lines.\n"),
            (_, Lang::En) => format!("{found} different errors of the go command in {lines} lines.\n"),
            (_, Lang::Zh) => format!("{lines} 行日志中有 {found} 个不同的 go 命令错误。\n"),
        };
        for (count, en, zh) in [
            (unknown as u64, "of these are not in the catalogue; their text is all there is", "个不在目录中，只能给出原文"),
            (self.more, "more are not shown", "个未显示"),
            (u64::from(self.is_cut), "part of the log was read only: it is too long", "部分日志未读：日志过长"),
        ] {
            if count > 0 {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{count} {}.", lang.pick(en, zh));
            }
        }
        text
    }
}

fn write_finding(text: &mut String, number: usize, finding: &Finding, lang: Lang) {
    let again = match (finding.times, lang) {
        (1, _) => String::new(),
        (times, Lang::En) => format!(", {times} times"),
        (times, Lang::Zh) => format!("，共 {times} 次"),
    };
    let place = lang.pick("line", "行");
    let _ = writeln!(text, "\n{number}. {}  ({place} {}{again})", finding.code(), finding.line);
    for line in finding.text.lines() {
        let _ = writeln!(text, "   | {line}");
    }
    if !finding.reason.is_empty() {
        let said = lang.pick("modway's own reason", "modway 给出的原因");
        let _ = writeln!(text, "   {said}: {}  docs/reasons.md#{}", finding.reason, finding.reason);
    }
    match finding.row {
        Some(row) => write_row(text, row, finding, lang),
        None => {
            let _ = writeln!(text, "   {}", lang.pick("Not in the catalogue: no cause is guessed.", "不在目录中：不作猜测。"));
        }
    }
}

fn write_row(text: &mut String, row: &Row, finding: &Finding, lang: Lang) {
    let mut field = |en: &'static str, zh: &'static str, value: &str| {
        let _ = writeln!(text, "   {}{value}", lang.pick(en, zh));
    };
    field("cause:      ", "原因：", row.cause.of(lang));
    field("who said it: ", "谁说的：", &speaker(row.by, finding, lang));
    if !row.settings.is_empty() {
        field("settings:   ", "相关设置：", &row.settings.join(", "));
    }
    field("whose move: ", "该谁处理：", whose(row.whose, lang));
    for fix in row.fixes {
        field("fix:        ", "修复：", fix.say.of(lang));
        if !fix.command.is_empty() {
            field("            ", "      ", &finding.subject.fill(fix.command));
        }
    }
    if let Some(question) = &row.question {
        write_question(text, question, finding, lang);
    }
    let _ = writeln!(text, "   {}{}", lang.pick("more:       ", "详见："), anchor(row, lang));
}

fn write_question(text: &mut String, question: &Question, finding: &Finding, lang: Lang) {
    let _ = writeln!(text, "   {}{}", lang.pick("to decide:  ", "如何判断："), question.ask.of(lang));
    let _ = writeln!(text, "      {}", finding.subject.fill(question.command));
    for (answer, meaning) in question.answers {
        let _ = writeln!(text, "      - {}{}{}", answer.of(lang), lang.pick(": ", "："), meaning.of(lang));
    }
}

/// Where the documents say more.
fn anchor(row: &Row, lang: Lang) -> String {
    format!("{}#{}", lang.pick("docs/errors.md", "docs/errors.zh-CN.md"), row.code)
}

fn speaker(by: By, finding: &Finding, lang: Lang) -> String {
    let host = &finding.subject.host;
    let named =
        if host.is_empty() || matches!(by, By::Go | By::Module | By::Unclear) { String::new() } else { format!(" ({host})") };
    format!("{}{named}", by_whom(by, lang))
}

pub(super) const fn by_whom(by: By, lang: Lang) -> &'static str {
    match by {
        By::Proxy => lang.pick("the module proxy", "模块代理"),
        By::Database => lang.pick("the checksum database, or the proxy before it", "校验和数据库，或它前面的代理"),
        By::Discovery => lang.pick("the module's own host", "模块自己的主机"),
        By::Repository => lang.pick("git (or hg, svn, fossil) and the repository's host", "git（或 hg、svn、fossil）及仓库主机"),
        By::Module => lang.pick("the go command, about what the module holds", "go 命令，针对模块的内容"),
        By::Go => lang.pick("the go command itself", "go 命令自身"),
        By::Unclear => lang.pick("the log does not show", "日志中看不出"),
    }
}

pub(super) const fn whose(whose: Whose, lang: Lang) -> &'static str {
    match whose {
        Whose::Client => lang.pick("yours: whoever runs the go command", "你：运行 go 命令的人"),
        Whose::Proxy => lang.pick("whoever runs the module proxy", "模块代理的运维者"),
        Whose::Database => lang.pick("whoever runs the checksum database", "校验和数据库的运维者"),
        Whose::Host => lang.pick("whoever runs the module's host", "模块主机的运维者"),
        Whose::Author => lang.pick("the module's author", "模块作者"),
        Whose::Network => lang.pick("whoever runs the network in between", "网络管理员"),
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
        value["docs"] = anchor(row, lang).into();
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

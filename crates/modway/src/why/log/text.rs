//! What was found in a log, for people.

use super::{
    catalogue::{By, Question, Row, Whose},
    finding::Finding,
    report::Report,
};
use crate::{
    lang::Lang,
    render::terminal::{Style, Terminal, pad},
};

impl Report {
    /// For people: each error with its cause, whose move it is, and the commands that mend it.
    pub fn to_text(&self, lang: Lang, terminal: Terminal) -> String {
        let mut page = Page { text: String::new(), lang, terminal };
        page.summary(self);
        for (number, finding) in self.findings.iter().enumerate() {
            page.finding(number + 1, finding);
        }
        page.text
    }
}

/// Columns before what a label is about.
const INDENT: usize = 14;

struct Page {
    text: String,
    lang: Lang,
    terminal: Terminal,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn summary(&mut self, report: &Report) {
        let (found, lines, lang) = (report.findings.len(), report.lines, self.lang);
        let title = match (found, lang) {
            (0, Lang::En) => format!("No error of the go command in {lines} lines."),
            (0, Lang::Zh) => format!("{lines} 行日志中没有 go 命令的错误。"),
            (1, Lang::En) => format!("1 error of the go command in {lines} lines."),
            (_, Lang::En) => format!("{found} different errors of the go command in {lines} lines."),
            (_, Lang::Zh) => format!("{lines} 行日志中有 {found} 个不同的 go 命令错误。"),
        };
        let style = if found == 0 { Style::Good } else { Style::Title };
        self.line(&self.terminal.paint(style, &title));
        let unknown = report.findings.iter().filter(|finding| finding.row.is_none()).count() as u64;
        let notes = [
            (
                unknown,
                format!("{unknown} not in the catalogue: no cause is guessed."),
                format!("{unknown} 个不在目录中：不作猜测。"),
            ),
            (report.more, format!("{} more are not shown.", report.more), format!("另有 {} 个未显示。", report.more)),
            (u64::from(report.is_cut), "The end of the log was not read: it is too long.".into(), "日志过长，末尾未读。".into()),
        ];
        for (_, en, zh) in notes.iter().filter(|(count, ..)| *count > 0) {
            self.line(lang.pick(en.as_str(), zh.as_str()));
        }
    }

    fn finding(&mut self, number: usize, finding: &Finding) {
        let place = match (finding.times, self.lang) {
            (1, Lang::En) => format!("line {}", finding.line),
            (1, Lang::Zh) => format!("第 {} 行", finding.line),
            (times, Lang::En) => format!("line {}, {times} times", finding.line),
            (times, Lang::Zh) => format!("第 {} 行，共 {times} 次", finding.line),
        };
        let style = if finding.row.is_some() { Style::Bad } else { Style::Warn };
        let (code, place) = (self.terminal.paint(style, finding.code()), self.terminal.paint(Style::Dim, &place));
        self.line("");
        self.line(&format!("{number}. {code}  {place}"));
        for line in finding.text.lines() {
            for piece in self.terminal.wrap(line, 5) {
                let piece = self.terminal.paint(Style::Dim, &piece);
                self.line(&format!("   │ {piece}"));
            }
        }
        if !finding.reason.is_empty() {
            let page = format!("{}  docs/reasons.md#{}", finding.reason, finding.reason);
            self.field(self.lang.pick("modway says", "modway 的原因"), &page);
        }
        if let Some(row) = finding.row {
            self.row(row, finding);
        }
    }

    fn row(&mut self, row: &Row, finding: &Finding) {
        let lang = self.lang;
        self.field(lang.pick("cause", "原因"), row.cause.of(lang));
        self.field(lang.pick("said by", "谁说的"), &speaker(row.by, finding, lang));
        self.field(lang.pick("whose move", "该谁处理"), whose(row.whose, lang));
        if !row.settings.is_empty() {
            self.field(lang.pick("settings", "相关设置"), &row.settings.join(", "));
        }
        for fix in row.fixes {
            self.field(lang.pick("fix", "修复"), fix.say.of(lang));
            self.command(&finding.subject.fill(fix.command));
        }
        if let Some(question) = &row.question {
            self.question(question, finding);
        }
        self.field(lang.pick("more", "详见"), &row.docs(lang));
    }

    fn question(&mut self, question: &Question, finding: &Finding) {
        let lang = self.lang;
        self.field(lang.pick("to decide", "如何判断"), question.ask.of(lang));
        self.command(&finding.subject.fill(question.command));
        for (answer, meaning) in question.answers {
            let line = format!("→ {}{}{}", answer.of(lang), lang.pick(": ", "："), meaning.of(lang));
            self.paragraph("", &line, INDENT + 2);
        }
    }

    /// Commands are never broken: they are copied.
    fn command(&mut self, command: &str) {
        if !command.is_empty() {
            let command = self.terminal.paint(Style::Command, command);
            self.line(&format!("{}{command}", " ".repeat(INDENT + 2)));
        }
    }

    fn field(&mut self, label: &str, text: &str) {
        self.paragraph(label, text, INDENT);
    }

    fn paragraph(&mut self, label: &str, text: &str, indent: usize) {
        for (at, piece) in self.terminal.wrap(text, indent).iter().enumerate() {
            let before = if at == 0 { pad(&format!("   {label}"), indent) } else { " ".repeat(indent) };
            self.line(&format!("{before}{piece}"));
        }
    }
}

fn speaker(by: By, finding: &Finding, lang: Lang) -> String {
    let host = &finding.subject.host;
    let is_server = !matches!(by, By::Go | By::Module | By::Unclear);
    let named = if host.is_empty() || !is_server { String::new() } else { format!(" ({host})") };
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
        Whose::Client => lang.pick("yours: whoever runs the go command", "你（运行 go 命令的人）"),
        Whose::Proxy => lang.pick("whoever runs the module proxy", "模块代理的运维者"),
        Whose::Database => lang.pick("whoever runs the checksum database", "校验和数据库的运维者"),
        Whose::Host => lang.pick("whoever runs the module's host", "模块主机的运维者"),
        Whose::Author => lang.pick("the module's author", "模块作者"),
        Whose::Network => lang.pick("whoever runs the network in between", "网络管理员"),
    }
}

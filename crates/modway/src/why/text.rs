//! A report as text for a terminal.

mod way;

use gomod::client::End;

use super::{
    explain,
    fix::{Fix, Promise},
    report::{Candidate, Report},
    verdict::{Verdict, verdict},
    words,
};
use crate::{
    lang::Lang,
    limits,
    machine::{Layer, masked},
    render::terminal::{Style, Terminal, harmless, pad, width},
};

/// The columns of the labels.
const LABEL: usize = 12;

/// Writes a report.
pub(super) struct Writer<'w> {
    out: String,
    report: &'w Report,
    lang: Lang,
    terminal: Terminal,
}

impl Report {
    /// The report for people.
    pub fn text(&self, lang: Lang, terminal: Terminal) -> String {
        let mut writer = Writer { out: String::new(), report: self, lang, terminal };
        let verdict = verdict(self);
        writer.head(&verdict);
        writer.settings();
        writer.paths();
        writer.way();
        writer.checksums();
        writer.leaks();
        writer.end(&verdict);
        writer.fixes();
        writer.out
    }
}

impl Writer<'_> {
    fn pick<'t>(&self, en: &'t str, zh: &'t str) -> &'t str {
        self.lang.pick(en, zh)
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn title(&mut self, en: &str, zh: &str) {
        let title = self.terminal.paint(Style::Title, self.pick(en, zh));
        self.out.push('\n');
        self.line(&title);
    }

    /// A label and a text that is broken behind it.
    fn told(&mut self, indent: usize, label: &str, text: &str, style: Option<Style>) {
        let left = format!("{}{}", " ".repeat(indent), pad(label, if label.is_empty() { 0 } else { LABEL }));
        let left = if label.is_empty() || left.ends_with(' ') { left } else { left + " " };
        let columns = width(&left);
        for (number, piece) in self.terminal.wrap(text, columns).iter().enumerate() {
            let piece = style.map_or_else(|| piece.clone(), |style| self.terminal.paint(style, piece));
            let line = if number == 0 { format!("{left}{piece}") } else { format!("{}{piece}", " ".repeat(columns)) };
            self.line(&line);
        }
    }

    fn mark(&self) -> (&'static str, Style) {
        match self.report.outcome.end {
            End::Done { .. } => ("✓", Style::Good),
            End::Broken(_) => ("✗", Style::Bad),
            End::Unknown(_) => ("?", Style::Warn),
        }
    }

    fn head(&mut self, verdict: &Verdict) {
        let command = self.terminal.paint(Style::Command, &self.report.command.to_string());
        self.line(&command);
        let (mark, style) = self.mark();
        self.told(0, "", &format!("{mark} {}", verdict.headline.get(self.lang)), Some(style));
        if let Some(name) = &self.report.told_by {
            let text = match self.lang {
                Lang::En => format!("The settings are those that {name} tells; what is asked is asked from this machine."),
                Lang::Zh => format!("设置取自 {name}；探测则从本机发出。"),
            };
            self.told(0, "", &text, Some(Style::Dim));
        }
        if self.report.is_partly_told {
            let text = words::partly_told().get(self.lang).to_owned();
            self.told(0, "", &text, Some(Style::Dim));
        }
        for note in self.report.notes.clone() {
            let text = words::note(&note).get(self.lang).to_owned();
            self.told(0, "", &text, Some(Style::Warn));
        }
    }

    fn settings(&mut self) {
        self.title("Settings", "设置");
        let columns = self.report.settings.iter().map(|setting| width(&setting.variable)).max().unwrap_or(LABEL);
        for setting in self.report.settings.clone() {
            let value = match setting.variable.as_str() {
                "GOAUTH" => words::goauth(&setting.value),
                _ => masked(&setting.value),
            };
            let value = if value.is_empty() { self.pick("(empty)", "（空）").to_owned() } else { harmless(&value) };
            let layer = match (&setting.layer, setting.value.is_empty()) {
                (Layer::Default, true) => String::new(),
                (layer, _) => words::layer(layer).get(self.lang).to_owned(),
            };
            let layer = self.terminal.paint(Style::Dim, &layer);
            let line = format!("  {} {}  {layer}", pad(&setting.variable, columns), value);
            self.line(&line);
        }
    }

    fn paths(&mut self) {
        self.title("Paths that Go tries, and the patterns that match", "Go 会尝试的路径，以及匹配的模式");
        let columns = self.report.paths.iter().map(|candidate| width(&candidate.path)).max().unwrap_or(0);
        for candidate in self.report.paths.clone() {
            let label = format!("  {}  ", pad(&candidate.path, columns));
            let told = self.of_candidate(&candidate);
            let line = format!("{label}{}", told.first().cloned().unwrap_or_default());
            self.line(&line);
            for more in told.iter().skip(1) {
                let line = format!("{}{more}", " ".repeat(width(&label)));
                self.line(&line);
            }
            // What just misses is told of the path that was typed; for shorter ones it is the same again.
            if candidate.path == self.report.command.path() {
                self.near(&candidate);
            }
        }
    }

    fn of_candidate(&self, candidate: &Candidate) -> Vec<String> {
        let nothing = || self.terminal.paint(Style::Dim, self.pick("no pattern is set", "没有设置任何模式"));
        let told: Vec<String> = candidate
            .hits
            .iter()
            .map(|hit| match &hit.pattern {
                Some(pattern) => {
                    format!("{} {}", hit.variable, self.terminal.paint(Style::Good, &format!("✓ {}", harmless(pattern))))
                }
                None => format!("{} {}", hit.variable, self.terminal.paint(Style::Dim, self.pick("– no match", "– 不匹配"))),
            })
            .collect();
        if told.is_empty() { vec![nothing()] } else { told }
    }

    fn near(&mut self, candidate: &Candidate) {
        for hit in &candidate.hits {
            for near in &hit.near {
                let why: Vec<String> = near.why.iter().map(|miss| words::miss(*miss).get(self.lang).to_owned()).collect();
                let why = why.join(self.pick("; ", "；"));
                let text = match self.lang {
                    Lang::En => {
                        format!("! {} just misses with {:?}: {why}. {:?} would match.", hit.variable, near.pattern, near.meant)
                    }
                    Lang::Zh => {
                        format!("! {} 的 {:?} 差一点匹配：{why}。写成 {:?} 就能匹配。", hit.variable, near.pattern, near.meant)
                    }
                };
                self.told(4, "", &harmless(&text), Some(Style::Warn));
            }
        }
    }

    fn leaks(&mut self) {
        if self.report.leaks.is_empty() {
            return;
        }
        self.title("Who hears the names", "谁会看到模块名");
        for leak in self.report.leaks.clone() {
            let public = if leak.is_public { self.pick(" (public)", "（公共）") } else { "" };
            let names: Vec<String> = leak.names.iter().take(limits::MAX_NAMES_TOLD).map(|name| harmless(name)).collect();
            let more = if leak.names.len() > limits::MAX_NAMES_TOLD { ", …" } else { "" };
            let would = if leak.was_asked { "" } else { self.pick("would hear ", "将会看到 ") };
            let text = format!("{}{public}: {would}{}{more}", leak.who, names.join(", "));
            self.told(2, "", &text, None);
        }
    }

    fn end(&mut self, verdict: &Verdict) {
        self.title("What happens", "结果");
        let (mark, style) = self.mark();
        self.told(2, "", &format!("{mark} {}", verdict.headline.get(self.lang)), Some(style));
        for detail in &verdict.details {
            let text = detail.get(self.lang).to_owned();
            self.told(4, "", &text, None);
        }
        if !verdict.go_prints.is_empty() {
            let label = self.pick("Go prints", "Go 会打印").to_owned();
            self.told(4, &label, &verdict.go_prints.replace("\n\t", " "), Some(Style::Dim));
        }
        if !verdict.mover.is_empty() {
            let label = self.pick("Whose move", "该谁处理").to_owned();
            let text = verdict.mover.get(self.lang).to_owned();
            self.told(4, &label, &text, None);
        }
        if let Some(row) = verdict.row {
            let label = self.pick("More", "详见").to_owned();
            self.told(4, &label, &row.docs(self.lang), None);
        }
        for guess in explain::guesses(self.report) {
            let text = words::guess(guess).get(self.lang).to_owned();
            self.told(4, "", &format!("({text})"), Some(Style::Dim));
        }
    }

    fn fixes(&mut self) {
        if self.report.fixes.is_empty() {
            return;
        }
        self.title("What to do, the best first", "怎么办（由好到差）");
        for (number, fix) in self.report.fixes.clone().iter().enumerate() {
            self.fix(number + 1, fix);
        }
    }

    fn fix(&mut self, number: usize, fix: &Fix) {
        let what = fix.what.get(self.lang).to_owned();
        self.told(1, "", &format!("{number}. {what}"), None);
        for step in &fix.steps {
            let line = self.terminal.paint(Style::Command, &harmless(&step.line()));
            let place = match step {
                super::fix::StepToTake::Line { file, .. } => {
                    format!("  {}", self.terminal.paint(Style::Dim, &format!("# {}", words::into_file(file).get(self.lang))))
                }
                super::fix::StepToTake::Run(_) | super::fix::StepToTake::Shell(_) => String::new(),
            };
            // A command stays on one line, so that it can be copied.
            let line = format!("      {line}{place}");
            self.line(&line);
        }
        if fix.changes.iter().any(super::fix::Change::is_of_environment) {
            let text = self
                .pick(
                    "the environment sets it, over which go env -w has no say: for good, change it there",
                    "由环境变量决定，go env -w 不起作用；要长期生效，请在设置它的地方修改",
                )
                .to_owned();
            self.told(6, "", &text, Some(Style::Dim));
        }
        if !fix.price.is_empty() {
            let label = self.pick("price", "代价").to_owned();
            let price = fix.price.get(self.lang).to_owned();
            self.told(6, &label, &price, None);
        }
        let (promise, style) = match &fix.promise {
            Promise::Works => {
                (self.pick("it works then, as far as was looked", "就能成功（就检查到的范围而言）").to_owned(), Style::Good)
            }
            Promise::BreaksAt(class) => match self.lang {
                Lang::En => (format!("gets further, then: {}", words::class(*class).get(self.lang)), Style::Warn),
                Lang::Zh => (format!("能再进一步，然后：{}", words::class(*class).get(self.lang)), Style::Warn),
            },
            Promise::Further | Promise::NotTried | Promise::NoSetting => return,
        };
        let label = self.pick("then", "之后").to_owned();
        self.told(6, &label, &promise, Some(style));
    }
}

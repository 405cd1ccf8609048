//! A report as text for a terminal.

use gomod::{
    client::{Checksums, End, File, PageWay, Question, RepoPart, SumdbPart, Through},
    goproxy::Separator,
};

use super::{
    explain,
    fix::{Fix, Promise},
    probe::{Evidence, Guess, Probed, git::Trust, web_words},
    report::{Asked, Candidate, Hop, Kind, Report, State},
    verdict::{self, Verdict, verdict},
    words,
};
use crate::{
    lang::Lang,
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

    fn way(&mut self) {
        self.title("The way", "途径");
        if self.report.hops.is_empty() {
            let text = self.pick("none: GOPROXY cannot be read", "无：GOPROXY 无法解析").to_owned();
            self.told(2, "", &text, None);
        }
        for (number, hop) in self.report.hops.clone().iter().enumerate() {
            self.hop(number + 1, hop);
        }
    }

    fn hop(&mut self, number: usize, hop: &Hop) {
        let (mark, style) = match hop.state {
            State::Served => ("✓", Style::Good),
            State::GaveWay => ("→", Style::Warn),
            State::Broke => ("✗", Style::Bad),
            State::Unknown => ("?", Style::Warn),
            State::NotReached | State::Passed => ("·", Style::Dim),
        };
        let kind = words::kind(hop).get(self.lang).to_owned();
        let line = format!(
            "{number:>3} {} {}  {}",
            self.terminal.paint(style, mark),
            harmless(&hop.name),
            self.terminal.paint(Style::Dim, &kind)
        );
        self.line(&line);
        let state = words::state(hop, self.report.is_dry).get(self.lang).to_owned();
        if !state.is_empty() {
            self.told(6, "", &state, Some(Style::Dim));
        }
        for (line, style) in self.asked(&hop.asked, hop) {
            self.told(6, "", &line, style);
        }
        let inside = self.inside(hop);
        for (number, line) in inside.iter().enumerate() {
            if number == 0 {
                let text = self.pick("this is a modway server; it says:", "这是 modway 服务器，它说：").to_owned();
                self.told(6, "", &text, None);
            }
            self.told(8, "", line, Some(Style::Dim));
        }
        if hop.kind == Kind::Direct && !matches!(hop.state, State::NotReached | State::Passed) {
            self.two_trusts();
        }
        let is_last = hop.index.map(|index| index + 1) == Some(self.report.hops.iter().filter(|hop| hop.index.is_some()).count());
        if hop.index.is_some() && !is_last && hop.state != State::Passed {
            let rule =
                match hop.separator {
                    Separator::Comma => Some(self.pick(
                        ", only “does not exist” (404, 410) goes on to the next",
                        ", 只有“不存在”（404、410）才会转到下一项",
                    )),
                    Separator::Bar => Some(self.pick("| any failure goes on to the next", "| 任何失败都会转到下一项")),
                    Separator::End => None,
                };
            if let Some(rule) = rule.map(str::to_owned) {
                self.told(4, "", &rule, Some(Style::Dim));
            }
        }
    }

    /// What was asked, alike answers in one line.
    fn asked(&self, asked: &[Asked], _: &Hop) -> Vec<(String, Option<Style>)> {
        let mut lines: Vec<(String, Option<Style>, usize, String)> = Vec::new();
        for one in asked {
            let (what, key) = self.what(one);
            let (said, style) = self.said(one);
            let times = one.probed.as_ref().map(|probed| self.times(probed)).unwrap_or_default();
            match lines.iter_mut().find(|(_, _, _, known)| *known == format!("{key}{said}")) {
                Some((_, _, count, _)) => *count += 1,
                None => lines.push((format!("{what} {said}{times}"), style, 1, format!("{key}{said}"))),
            }
        }
        let more = |count: usize| match (count, self.lang) {
            (1, _) => String::new(),
            (count, Lang::En) => format!("  (and {} more alike)", count - 1),
            (count, Lang::Zh) => format!("（另有 {} 个相同）", count - 1),
        };
        lines.into_iter().map(|(line, style, count, _)| (format!("{line}{}", more(count)), style)).collect()
    }

    /// What is asked, and what makes it alike to others.
    fn what(&self, asked: &Asked) -> (String, String) {
        let url = harmless(&masked(&asked.ask.url));
        match &asked.ask.question {
            Question::Proxy { module, file, .. } => {
                let name = match file {
                    File::List(_) => "@v/list".to_owned(),
                    File::Latest => "@latest".to_owned(),
                    File::Info(rev) => format!("@v/{rev}.info"),
                    File::Mod(version) => format!("@v/{version}.mod"),
                    File::Zip(version) => format!("@v/{version}.zip"),
                };
                (format!("{module}/{name}"), name)
            }
            Question::Page { way, .. } => {
                let how = match way {
                    PageWay::Verified => "",
                    PageWay::Unverified => self.pick(" (certificate not checked: GOINSECURE)", "（不检查证书：GOINSECURE）"),
                    PageWay::Plain => self.pick(" (over http: GOINSECURE)", "（走 http：GOINSECURE）"),
                };
                (format!("{url}{how}"), format!("page {way:?}"))
            }
            Question::Ping { .. } | Question::Repo { part: RepoPart::Refs, .. } => {
                (format!("git ls-remote {url}"), format!("refs {url}"))
            }
            Question::Repo { part: RepoPart::Commit { rev, .. }, .. } => {
                (format!("git fetch {url} {rev}"), format!("commit {url} {rev}"))
            }
            Question::Sumdb { through, part } => {
                let name = match part {
                    SumdbPart::Supported => "supported".to_owned(),
                    SumdbPart::Lookup { module, version } => format!("lookup/{module}@{version}"),
                    SumdbPart::Tiles { .. } => self.pick("tiles (the proof)", "tile（证明）").to_owned(),
                };
                (if *through == Through::Itself { url } else { format!("…/{name}") }, format!("{part:?}"))
            }
        }
    }

    fn said(&self, asked: &Asked) -> (String, Option<Style>) {
        let Some(probed) = &asked.probed else { return (String::new(), Some(Style::Dim)) };
        let (text, is_good) = match &probed.evidence {
            Evidence::Guessed(guess) => return (format!("→ {}", words::guess(*guess).get(self.lang)), Some(Style::Dim)),
            Evidence::Web(_) => match (verdict::status(probed), verdict::last(probed)) {
                (Some(200), _) => (words::content(&probed.answer).get(self.lang).to_owned(), words::is_good(&probed.answer)),
                (Some(status), _) => (web_words(status), words::is_good(&probed.answer)),
                (None, Some(exchange)) => (words::trouble(exchange).get(self.lang).to_owned(), false),
                (None, None) => (self.pick("no URL that can be asked", "URL 无法访问").to_owned(), false),
            },
            Evidence::Git(_) | Evidence::File => {
                (words::content(&probed.answer).get(self.lang).to_owned(), words::is_good(&probed.answer))
            }
        };
        let style = if is_good { None } else { Some(Style::Warn) };
        (format!("→ {text}"), style)
    }

    /// How long it took, by steps if they are worth it.
    fn times(&self, probed: &Probed) -> String {
        if matches!(probed.evidence, Evidence::Guessed(_)) {
            return String::new();
        }
        let millis = |duration: std::time::Duration| duration.as_millis();
        let steps: Vec<String> = match verdict::last(probed) {
            Some(exchange) => {
                exchange.steps.iter().map(|(step, took)| format!("{} {}", words::step(*step), millis(*took))).collect()
            }
            None => Vec::new(),
        };
        if steps.len() > 1 {
            format!("  ({} ms: {})", millis(probed.took), steps.join(", "))
        } else {
            format!("  ({} ms)", millis(probed.took))
        }
    }

    /// What a modway server says of its part: of the request that broke the journey, else of the first one.
    fn inside(&self, hop: &Hop) -> Vec<String> {
        let broke = match &self.report.outcome.end {
            End::Broken(broken) => broken.at.as_ref(),
            End::Done { .. } | End::Unknown(_) => None,
        };
        let told = || hop.asked.iter().filter(|asked| asked.probed.as_ref().is_some_and(|probed| !probed.inside.is_empty()));
        let chosen = told().find(|asked| Some(&asked.ask.question) == broke).or_else(|| told().next());
        chosen.and_then(|asked| asked.probed.as_ref()).map(|probed| probed.inside.clone()).unwrap_or_default()
    }

    fn two_trusts(&mut self) {
        let trust = self.report.trust.clone();
        let go = match (&trust.go_insecure, &trust.go) {
            (Some(pattern), _) => match self.lang {
                Lang::En => format!("not checked: GOINSECURE matches ({pattern})"),
                Lang::Zh => format!("不检查：GOINSECURE 匹配（{pattern}）"),
            },
            (None, Some(bundle)) => {
                let by = bundle.variable.map(|name| format!(" ({name})")).unwrap_or_default();
                match self.lang {
                    Lang::En => format!("checked with {}{by}", bundle.path.display()),
                    Lang::Zh => format!("用 {} 检查{by}", bundle.path.display()),
                }
            }
            (None, None) => self.pick("checked with the system's certificates", "用系统证书检查").to_owned(),
        };
        let label = self.pick("Go's TLS", "Go 的 TLS").to_owned();
        self.told(6, &label, &go, None);
        let Some((_, git)) = &trust.git else { return };
        let git = match (git, self.lang) {
            (Trust::None, Lang::En) => "none: the repository is not reached over https".to_owned(),
            (Trust::None, Lang::Zh) => "无：仓库不走 https".to_owned(),
            (Trust::System, Lang::En) => "checked with the system's certificates; GOINSECURE does not reach it".to_owned(),
            (Trust::System, Lang::Zh) => "用系统证书检查；GOINSECURE 对它无效".to_owned(),
            (Trust::Bundle(path, by), Lang::En) => format!("checked with {} ({by})", path.display()),
            (Trust::Bundle(path, by), Lang::Zh) => format!("用 {} 检查（{}）", path.display(), by.replace(" in ", "，")),
            (Trust::Anyone(by), Lang::En) => format!("not checked ({by})"),
            (Trust::Anyone(by), Lang::Zh) => format!("不检查（{}）", by.replace(" in ", "，")),
        };
        let label = self.pick("git's TLS", "git 的 TLS").to_owned();
        self.told(6, &label, &git, None);
    }

    fn checksums(&mut self) {
        self.title("Checksums", "校验和");
        let sums = self.report.sums.clone();
        let database = if sums.database.is_empty() { "GOSUMDB".to_owned() } else { sums.database.clone() };
        let through = sums.asked.iter().find_map(|asked| match &asked.ask.question {
            Question::Sumdb { through, part: SumdbPart::Lookup { .. } } => Some(*through),
            _ => None,
        });
        let text = match (&sums.checksums, self.lang) {
            (Checksums::Off, Lang::En) => "not checked: GOSUMDB=off; go.sum alone notices a change".to_owned(),
            (Checksums::Off, Lang::Zh) => "不检查：GOSUMDB=off；只剩 go.sum 能发现改动".to_owned(),
            (Checksums::Private { variable, pattern }, Lang::En) => {
                format!("not asked for: {variable} matches ({pattern}); go.sum alone notices a change")
            }
            (Checksums::Private { variable, pattern }, Lang::Zh) => {
                format!("不查询：{variable} 匹配（{pattern}）；只剩 go.sum 能发现改动")
            }
            (Checksums::NotReached, Lang::En) => format!("{database} would be asked, if it came to that"),
            (Checksums::NotReached, Lang::Zh) => format!("走到那一步时会查询 {database}"),
            (Checksums::Consulted, lang) => match (through, lang) {
                (Some(Through::Entry(index)), Lang::En) => format!("{database}, through {}", self.entry(index)),
                (Some(Through::Entry(index)), Lang::Zh) => format!("{database}，经由 {}", self.entry(index)),
                (_, Lang::En) => format!("{database}, asked directly"),
                (_, Lang::Zh) => format!("{database}，直接查询"),
            },
        };
        self.told(2, "", &text, None);
        let hop = self.report.hops.first().cloned();
        if let Some(hop) = hop {
            for (line, style) in self.asked(&sums.asked, &hop) {
                self.told(4, "", &line, style);
            }
        }
    }

    fn entry(&self, index: usize) -> String {
        self.report.hops.iter().find(|hop| hop.index == Some(index)).map(|hop| hop.name.clone()).unwrap_or_default()
    }

    fn leaks(&mut self) {
        if self.report.leaks.is_empty() {
            return;
        }
        self.title("Who hears the names", "谁会看到模块名");
        for leak in self.report.leaks.clone() {
            let public = if leak.is_public { self.pick(" (public)", "（公共）") } else { "" };
            let names: Vec<String> = leak.names.iter().take(4).map(|name| harmless(name)).collect();
            let more = if leak.names.len() > 4 { ", …" } else { "" };
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
        let guesses = explain::guesses(self.report);
        for guess in guesses.into_iter().filter(|guess| *guess != Guess::Dry) {
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

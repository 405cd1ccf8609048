//! The way hop by hop, and the checksums: what was asked, what was answered, how long it took.

use gomod::{
    client::{Checksums, End, File, PageWay, Question, RepoPart, SumdbPart, Through},
    goproxy::Separator,
};

use super::{
    super::{
        probe::{Evidence, Probed, git::Trust, web_words},
        report::{Asked, Hop, Kind, State},
        verdict, words,
    },
    Writer,
};
use crate::{
    lang::Lang,
    machine::masked,
    render::terminal::{Style, harmless},
};

impl Writer<'_> {
    pub(super) fn way(&mut self) {
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
        for (line, style) in self.asked(&hop.asked) {
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
    fn asked(&self, asked: &[Asked]) -> Vec<(String, Option<Style>)> {
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

    pub(super) fn checksums(&mut self) {
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
        for (line, style) in self.asked(&sums.asked) {
            self.told(4, "", &line, style);
        }
    }

    fn entry(&self, index: usize) -> String {
        self.report.hops.iter().find(|hop| hop.index == Some(index)).map(|hop| hop.name.clone()).unwrap_or_default()
    }
}

//! Where it breaks, in words: what happened, what Go prints of it, and whose move it is.

mod details;
mod headline;
mod prints;

use gomod::{
    client::{Answer, Break, End, Failure, Question, Server, Through},
    goproxy::Separator,
};
use proxy::client::look::{Exchange, Step};

use self::{
    details::{cause, details},
    headline::{Case, headline, mover},
    prints::Printing,
};
use super::{
    log::catalogue::{Row, classes::row_of},
    probe::{Evidence, Probed},
    report::{Report, Text},
};
use crate::render::terminal::harmless;

/// The first break, or that there is none.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// One sentence.
    pub headline: Text,
    /// What the go command prints; empty if it prints nothing, or if that is not known to the letter.
    pub go_prints: String,
    /// What else is known about it.
    pub details: Vec<Text>,
    /// Whose move it is; empty if it is nobody's.
    pub mover: Text,
    /// What the catalogue of errors says of it; none where nothing breaks.
    pub row: Option<&'static Row>,
}

/// Says how a journey ended.
pub fn verdict(report: &Report) -> Verdict {
    match &report.outcome.end {
        End::Done { module, version } => done(report, module, version),
        End::Unknown(question) => unknown(report, question),
        End::Broken(broken) => break_in_words(report, broken),
    }
}

fn done(report: &Report, module: &str, version: &str) -> Verdict {
    let at = if version.is_empty() { String::new() } else { format!("@{version}") };
    let hop = report.hops.iter().rfind(|hop| hop.state == super::report::State::Served).map(|hop| hop.name.clone());
    let (from, from_zh) = hop.map(|name| (format!(", from {name}"), format!("，来自 {name}"))).unwrap_or_default();
    Verdict {
        headline: Text::new(
            format!("it works as far as was looked: {module}{at}{from}"),
            format!("就检查到的范围而言可以成功：{module}{at}{from_zh}"),
        ),
        go_prints: String::new(),
        details: Vec::new(),
        mover: Text::default(),
        row: None,
    }
}

fn unknown(report: &Report, question: &Question) -> Verdict {
    let url = url_of(report, question);
    let headline = if report.is_dry {
        Text::new(
            format!("not known without asking: what {url} answers; run it without --dry"),
            format!("不联网无法得知 {url} 会如何回答；去掉 --dry 再运行"),
        )
    } else {
        Text::new(format!("not found out: what {url} answers"), format!("没能查明：{url} 会如何回答"))
    };
    let details = report.probed(question).map(details).unwrap_or_default();
    Verdict { headline, go_prints: String::new(), details, mover: Text::default(), row: None }
}

fn break_in_words(report: &Report, broken: &Break) -> Verdict {
    let probed = broken.at.as_ref().and_then(|question| report.probed(question));
    let url = broken.at.as_ref().map(|question| url_of(report, question)).unwrap_or_default();
    let who = host(&url).unwrap_or_else(|| url.clone());
    let words = match probed.map(|probed| (&probed.answer, &probed.evidence)) {
        Some((Answer::Failed(Failure::Unreadable(words)), _)) if broken.words.is_empty() => harmless(words),
        Some((_, Evidence::Git(seen))) if broken.words.is_empty() => first_line(&seen.words).to_owned(),
        _ => harmless(&broken.words),
    };
    let case = Case { broken, who, words, status: probed.and_then(status), cause: probed.and_then(cause) };
    let go_prints = Printing { report, broken, probed, url: &url }.line().unwrap_or_default();
    Verdict {
        headline: headline(&case),
        row: row_of(broken.class, &go_prints),
        go_prints,
        details: [probed.map(details).unwrap_or_default(), of_the_list(report, broken), of_the_path(report)].concat(),
        mover: mover(&case),
    }
}

/// What is too much in the path that was typed.
fn of_the_path(report: &Report) -> Vec<Text> {
    let hint = |bare: String| {
        Text::new(
            format!("a module path has no scheme and no port: leave out https:// and the port; try {bare}"),
            format!("模块路径不含协议和端口：去掉 https:// 和端口，试试 {bare}"),
        )
    };
    bare_path(report.command.path()).map(hint).into_iter().collect()
}

/// The path without the scheme and the port that do not belong there; `None` if it has neither.
pub fn bare_path(typed: &str) -> Option<String> {
    let (rest, has_scheme) = match typed.split_once(":/") {
        Some((scheme, rest)) if scheme.chars().all(|c| c.is_ascii_alphanumeric()) => (rest.trim_start_matches('/'), true),
        _ => (typed, false),
    };
    let (host, below) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let port = host.split_once(':').filter(|(_, port)| !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()));
    let bare = format!("{}{}", port.map_or(host, |(host, _)| host), below.trim_end_matches(".git"));
    (has_scheme || port.is_some()).then_some(bare)
}

/// Why nobody after this entry of GOPROXY is asked.
fn of_the_list(report: &Report, broken: &Break) -> Vec<Text> {
    let Some(Question::Proxy { server: Server::Entry(index), .. }) = &broken.at else { return Vec::new() };
    let here = report.hops.iter().find(|hop| hop.index == Some(*index));
    let next = report.hops.iter().find(|hop| hop.index == Some(index + 1));
    let told = match (here.map(|hop| hop.separator), next) {
        (_, None) => Text::new("it is the last entry of GOPROXY: nobody else is asked", "它是 GOPROXY 的最后一项：不会再问别处"),
        (Some(Separator::Comma), Some(next)) if !broken.is_absence => Text::new(
            format!("the comma behind it lets only “does not exist” pass (404, 410): {} is not asked", next.name),
            format!("它后面的逗号只放过“不存在”（404、410）：不会再问 {}", next.name),
        ),
        _ => return Vec::new(),
    };
    vec![told]
}

/// The last exchange of some evidence.
pub fn last(probed: &Probed) -> Option<&Exchange> {
    match &probed.evidence {
        Evidence::Web(exchanges) => exchanges.last(),
        Evidence::Git(_) | Evidence::File | Evidence::Guessed(_) => None,
    }
}

/// The status that was answered.
pub fn status(probed: &Probed) -> Option<u16> {
    last(probed)?.end.as_ref().ok().map(|told| told.status)
}

/// The step at which an exchange failed.
pub fn failed_at(exchange: &Exchange) -> Option<Step> {
    exchange.end.as_ref().err().and(exchange.steps.last()).map(|(step, _)| *step)
}

/// Where a question is asked, without login.
pub fn url_of(report: &Report, question: &Question) -> String {
    let all = report.hops.iter().flat_map(|hop| &hop.asked).chain(&report.sums.asked);
    let found = all.map(|asked| &asked.ask).find(|ask| ask.question == *question);
    match (found, question) {
        (Some(ask), _) => crate::machine::masked(&ask.url),
        (None, Question::Sumdb { through: Through::Itself, .. }) => report.sums.database.clone(),
        (None, question) => question.names().unwrap_or_default().to_owned(),
    }
}

/// The host, and its port if it has one, of a URL.
pub fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://")?.1;
    let place = rest.split('/').next().unwrap_or_default();
    (!place.is_empty()).then(|| place.to_owned())
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

//! Where it breaks, in words: what happened, what Go prints of it, and whose move it is.

mod details;
mod headline;

use gomod::{
    client::{Answer, Break, End, ErrorClass, Failure, Question, Server, Through},
    goproxy::Separator,
};
use plan::{Trouble, trouble::Deadline};
use proxy::client::look::{Exchange, Step};

use self::{
    details::{cause, details},
    headline::{Case, headline, mover},
};
use super::{
    log::catalogue::{Row, classes::row_of},
    probe::{Evidence, Probed, web_words},
    report::{Report, Text},
};
use crate::render::terminal::harmless;

/// The first break, or that there is none.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// One sentence.
    pub headline: Text,
    /// What the go command prints, as near as can be said; empty if it prints nothing of its own.
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
    let go_prints = go_prints(report, broken, probed, &url);
    Verdict {
        headline: headline(&case),
        row: row_of(broken.class, &go_prints),
        go_prints,
        details: [probed.map(details).unwrap_or_default(), of_the_list(report, broken)].concat(),
        mover: mover(&case),
    }
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

/// Source: the shapes of `cmd/go/internal/modfetch`, `web` and `vcs` in Go 1.27; §9 of Go's own messages.
fn go_prints(report: &Report, broken: &Break, probed: Option<&Probed>, url: &str) -> String {
    let end = probed.and_then(last).map(|exchange| &exchange.end);
    let said = match (probed.map(|probed| &probed.evidence), end) {
        (Some(Evidence::Git(seen)), _) if !seen.words.is_empty() => format!("git ls-remote … {url}: {}", first_line(&seen.words)),
        (_, Some(Ok(told))) if told.status != 200 => {
            let detail = super::probe::detail_of(told);
            let detail =
                if detail.is_empty() { String::new() } else { format!("\n\tserver response: {}", harmless(first_line(&detail))) };
            format!("reading {url}: {}{detail}", web_words(told.status))
        }
        (_, Some(Ok(_))) if broken.class == ErrorClass::InvalidResponse => match probed.map(|probed| &probed.answer) {
            Some(Answer::Failed(Failure::Unreadable(words))) => {
                format!("invalid response from proxy {:?}: {}", origin(url), harmless(words))
            }
            _ => harmless(&broken.words),
        },
        (_, Some(Err(trouble))) => match in_gos_words(trouble) {
            Some(words) => format!("Get {url:?}: {words}"),
            None => return String::new(),
        },
        _ => harmless(&broken.words),
    };
    if said.is_empty() {
        return said;
    }
    let module = &broken.module;
    let command = report.command.path();
    match &broken.at {
        Some(Question::Page { .. }) => format!("go: module {command}: unrecognized import path {module:?}: https fetch: {said}"),
        Some(Question::Sumdb { part: gomod::client::SumdbPart::Lookup { version, .. }, .. }) => {
            format!("go: {module}@{version}: verifying go.mod: {module}@{version}/go.mod: {said}")
        }
        _ => format!("go: module {module}: {said}"),
    }
}

/// What Go says for it; `None` where Go would just wait.
fn in_gos_words(trouble: &Trouble) -> Option<String> {
    let strip = |text: &str| super::words::of_tls(text).to_owned();
    Some(match trouble {
        Trouble::Dns(text) => format!("dial tcp: lookup {}: no such host", text.split(':').next().unwrap_or_default()),
        Trouble::Connect(text) if text.contains("refused") => {
            format!("dial tcp {}: connect: connection refused", text.split(": ").next().unwrap_or_default())
        }
        Trouble::Connect(text) => format!("dial tcp {text}"),
        Trouble::Tls(text) if text.contains("x509:") => format!("tls: failed to verify certificate: {}", strip(text)),
        Trouble::Tls(text) => format!("tls: {text}"),
        Trouble::ForwardProxy(text) => format!("proxyconnect tcp: {text}"),
        Trouble::Broken(_) => "EOF".to_owned(),
        Trouble::Deadline(Deadline::Connect, _) => "dial tcp: i/o timeout".to_owned(),
        Trouble::Deadline(Deadline::Tls, _) => "net/http: TLS handshake timeout".to_owned(),
        Trouble::Deadline(..) => return None,
        other => other.to_string(),
    })
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

/// Scheme and place of a URL.
fn origin(url: &str) -> String {
    let end = url.find("://").and_then(|at| url[at + 3..].find('/').map(|slash| at + 3 + slash));
    url[..end.unwrap_or(url.len())].to_owned()
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

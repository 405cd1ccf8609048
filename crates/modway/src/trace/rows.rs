//! The lines of a waterfall: requests, tunnels and git's processes in the order in which they began. All renderings draw these.

use std::time::Duration;

use super::{Asked, Because, Exchange, Process, Traced, Tunnel, Who, say};
use crate::lang::Lang;

/// One line.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it is.
    pub kind: Kind,
    /// How it came out.
    pub look: Look,
    /// In at most four letters: `200`, `404`, `!`, `TLS`, `git`.
    pub status: String,
    /// With whom: host and port; empty for a process.
    pub host: String,
    /// What.
    pub what: String,
    /// From the beginning of the trace.
    pub began: Duration,
    /// Getting a connection.
    pub dialled: Duration,
    /// Waiting for the first byte.
    pub waited: Duration,
    /// Everything.
    pub took: Duration,
    /// True if it had not ended when the command did.
    pub is_open: bool,
    /// Bytes received.
    pub bytes: u64,
    /// More about it, one fact each.
    pub facts: Vec<String>,
}

/// What a line stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A request.
    Request,
    /// A connection seen from outside.
    Tunnel,
    /// A process of git.
    Process,
}

/// How something came out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// As it should.
    Good,
    /// It does not exist there: another one may have it.
    NotExist,
    /// A step on the way: a redirect, a request that is repeated.
    Step,
    /// It failed.
    Bad,
}

/// All lines of a trace.
pub fn rows(traced: &Traced, lang: Lang) -> Vec<Row> {
    let end = traced.took;
    let exchanges = traced.seen.exchanges.iter().map(|exchange| request(exchange, end, lang));
    let tunnels = traced.seen.tunnels.iter().map(|tunnel| self::tunnel(tunnel, lang));
    let processes = traced.processes.iter().map(|process| self::process(process, end, lang));
    let mut all: Vec<Row> = exchanges.chain(tunnels).chain(processes).collect();
    all.sort_by_key(|row| row.began);
    all
}

fn request(exchange: &Exchange, end: Duration, lang: Lang) -> Row {
    let took = exchange.took(end);
    let dialled = exchange.phases.dialled().min(took);
    let look = match exchange.status {
        _ if exchange.is_superseded => Look::Step,
        _ if exchange.is_good() => Look::Good,
        _ if exchange.says_not_exist() => Look::NotExist,
        Some(200..300 | 401) if exchange.asked == Asked::Child && exchange.failure.is_none() => Look::Good,
        _ => Look::Bad,
    };
    let path = if exchange.path.is_empty() { path_of(&exchange.url) } else { exchange.path.trim_start_matches('/').to_owned() };
    let what = match exchange.because {
        Because::Asked => path,
        Because::Redirected => format!("→ {}", path_of(&exchange.url)),
        Because::Repeated => format!("↻ {path}"),
    };
    Row {
        kind: Kind::Request,
        look,
        status: exchange
            .status
            .filter(|_| exchange.failure.is_none())
            .map_or_else(|| "!".to_owned(), |status| status.to_string()),
        host: exchange.host.clone(),
        what,
        began: exchange.began,
        dialled,
        waited: exchange.phases.head.unwrap_or(took).min(took).saturating_sub(dialled),
        took,
        is_open: exchange.ended.is_none(),
        bytes: exchange.received_bytes,
        facts: facts(exchange, lang),
    }
}

fn facts(exchange: &Exchange, lang: Lang) -> Vec<String> {
    let mut facts = vec![format!("{} {}", exchange.method, exchange.url)];
    let status = exchange.status.map(|status| format!("{} {status} {}", exchange.protocol, exchange.reason).trim().to_owned());
    facts.extend(status);
    facts.extend(exchange.failure.as_ref().map(|failure| format!("{}: {failure}", lang.pick("failed", "失败"))));
    match exchange.because {
        Because::Asked => {}
        Because::Redirected => facts.push(lang.pick("the answer before led here", "上一个应答重定向到这里").to_owned()),
        Because::Repeated => {
            facts
                .push(lang.pick("asked again after a 4xx over https (GOAUTH)", "https 收到 4xx 后再问一次（GOAUTH）").to_owned());
        }
    }
    facts.push(phases(exchange.phases.dns, exchange.phases.connect, exchange.phases.tls, exchange.phases.head, lang));
    facts.extend(
        exchange.through.as_ref().map(|through| format!("{} {through}", lang.pick("through the forward proxy", "经由正向代理"))),
    );
    let body = exchange.error_body.lines().take(super::limits::MAX_BODY_LINES).map(|line| format!("> {line}"));
    facts.extend(body);
    facts.retain(|fact| !fact.is_empty());
    facts
}

fn tunnel(tunnel: &Tunnel, lang: Lang) -> Row {
    let took = tunnel.took();
    let phases = &tunnel.phases;
    let dialled = phases.head.unwrap_or(took).min(took);
    let by = match tunnel.by {
        Who::Go => lang.pick("by go", "go 命令"),
        Who::Child => lang.pick("by git", "git"),
    };
    let counts = format!("↑{} ↓{}", say::bytes(tunnel.sent_bytes), say::bytes(tunnel.received_bytes));
    let mut facts = vec![
        format!("CONNECT {} ({by})", tunnel.host),
        counts.clone(),
        self::phases(phases.dns, phases.connect, phases.tls, None, lang),
        lang.pick("TLS is not broken into: what is said in it is not seen", "不拆开 TLS，看不到里面的内容").to_owned(),
    ];
    facts.extend(tunnel.failure.as_ref().map(|failure| format!("{}: {failure}", lang.pick("failed", "失败"))));
    facts.extend(
        tunnel.through.as_ref().map(|through| format!("{} {through}", lang.pick("through the forward proxy", "经由正向代理"))),
    );
    facts.retain(|fact| !fact.is_empty());
    let what = match &tunnel.failure {
        Some(failure) => format!("{}: {failure}", lang.pick("tunnel", "隧道")),
        None => format!("{}, {by}, {counts}", lang.pick("tunnel", "隧道")),
    };
    Row {
        kind: Kind::Tunnel,
        look: if tunnel.failure.is_some() { Look::Bad } else { Look::Good },
        status: if tunnel.failure.is_some() { "!" } else { "TLS" }.to_owned(),
        host: tunnel.host.trim_end_matches(":443").to_owned(),
        what,
        began: tunnel.began,
        dialled,
        waited: Duration::ZERO,
        took,
        is_open: false,
        bytes: tunnel.received_bytes,
        facts,
    }
}

fn process(process: &Process, end: Duration, lang: Lang) -> Row {
    let took = process.ended.unwrap_or(end).saturating_sub(process.began);
    let (what, whole) = (label(&process.words), process.words.join(" "));
    let ended = process.code.map(|code| format!("{} {code}", lang.pick("exit", "退出码")));
    let failed = process.code.is_some_and(|code| code != 0);
    // Of others, such as `git config`, the code is an answer.
    let talks = process.is_ssh || process.words.iter().any(|word| matches!(word.as_str(), "ls-remote" | "fetch" | "clone"));
    Row {
        kind: Kind::Process,
        look: if failed && talks { Look::Bad } else { Look::Good },
        status: if process.is_ssh { "ssh" } else { "git" }.to_owned(),
        host: String::new(),
        what: if failed { format!("{what} ({})", ended.clone().unwrap_or_default()) } else { what },
        began: process.began,
        dialled: Duration::ZERO,
        waited: Duration::ZERO,
        took,
        is_open: process.ended.is_none(),
        bytes: 0,
        facts: [Some(whole), ended].into_iter().flatten().collect(),
    }
}

/// A command line without what is the same in all of them: settings, quietness, separators.
fn label(words: &[String]) -> String {
    let mut short = Vec::new();
    let mut words = words.iter().map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            "-c" => drop(words.next()),
            "-q" | "-f" | "--" | "--end-of-options" | "--no-decorate" => {}
            _ if word.starts_with("--format=") => {}
            _ => short.push(word),
        }
    }
    short.join(" ")
}

/// What the parts of a time were.
fn phases(dns: Option<Duration>, connect: Option<Duration>, tls: Option<Duration>, head: Option<Duration>, lang: Lang) -> String {
    let parts = [("DNS", dns), ("TCP", connect), ("TLS", tls), (lang.pick("first byte", "首字节"), head)];
    let parts = parts.iter().filter_map(|(name, part)| part.map(|part| format!("{name} {}", say::time(part))));
    parts.collect::<Vec<_>>().join(" · ")
}

/// What stands behind the host of a URL.
fn path_of(url: &str) -> String {
    url.split_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("/", |(_, path)| path).to_owned()
}

//! What a tree says, in both languages.

use std::time::Duration;

use gomod::goproxy::{GoProxyList, Separator};

use super::{Because, Branch, Chain, Hop, Kind, Patience, Then, When, Whose};
use crate::{config::Period, lang::Lang};

/// A list as it is written, passwords hidden.
pub(super) fn list(list: &GoProxyList) -> String {
    let mut text = String::new();
    for entry in list.entries() {
        text.push_str(&entry.name.clone().unwrap_or_else(|| entry.to_string()));
        text.push_str(match entry.separator {
            Separator::Comma => ",",
            Separator::Bar => "|",
            Separator::End => "",
        });
    }
    text.trim_end_matches([',', '|']).to_owned()
}

/// Which module paths a chain serves.
pub(super) fn matches(chain: &Chain, first: bool, lang: Lang) -> String {
    match (&chain.matches, first) {
        (Some(patterns), _) => patterns.iter().collect::<Vec<_>>().join(lang.pick(", ", "、")),
        (None, true) => lang.pick("every module", "所有 module").to_owned(),
        (None, false) => lang.pick("every other module", "其余所有 module").to_owned(),
    }
}

/// What can come of asking `hop`.
pub(super) fn when(when: When, hop: &Hop, lang: Lang) -> String {
    let within = |of: fn(&Patience) -> Option<Duration>| hop.patience.as_ref().and_then(of).map(period);
    match when {
        When::Found => match hop.kind {
            Kind::Proxy => "200".to_owned(),
            Kind::File | Kind::Direct | Kind::Off => lang.pick("found", "找到").to_owned(),
        },
        When::Absent => match hop.kind {
            Kind::Proxy => lang.pick("404, 410", "404、410").to_owned(),
            Kind::File => lang.pick("no such file", "没有这个文件").to_owned(),
            Kind::Direct => lang.pick("no such repository or version", "没有这个仓库或版本").to_owned(),
            Kind::Off => lang.pick("always", "总是").to_owned(),
        },
        When::Connect => match within(|patience| patience.connect) {
            Some(time) => both(lang, format!("no connection within {time}"), format!("{time} 内连不上")),
            None => lang.pick("no connection", "连不上").to_owned(),
        },
        When::Tls => match within(|patience| patience.tls) {
            Some(time) => both(lang, format!("TLS fails or takes over {time}"), format!("TLS 失败或超过 {time}")),
            None => lang.pick("TLS fails", "TLS 失败").to_owned(),
        },
        When::Timeout => match (within(|patience| patience.first_byte), within(|patience| patience.total)) {
            (Some(first), Some(total)) if first != total => both(
                lang,
                format!("no first byte within {first}, or not done within {total}"),
                format!("{first} 内没有首字节，或 {total} 内没完成"),
            ),
            (_, Some(total)) => both(lang, format!("not done within {total}"), format!("{total} 内没完成")),
            (_, None) => lang.pick("a deadline passed", "超时").to_owned(),
        },
        When::Status(status) => status.to_string(),
        When::ServerErrors => "5xx".to_owned(),
        When::OtherStatus => lang.pick("any other status (401, 403, …)", "其他状态码（401、403 等）").to_owned(),
        When::Dns => lang.pick("no such host", "域名解析失败").to_owned(),
        When::ForwardProxy => lang.pick("the forward proxy fails", "正向代理出错").to_owned(),
        When::Broken => lang.pick("the connection breaks", "连接中断").to_owned(),
        When::Body => lang.pick("a wrong document (a login page), but no zip", "内容不对（例如登录页），zip 除外").to_owned(),
        When::Tool => lang.pick("version control fails (TLS, login, network)", "版本控制工具失败（TLS、登录、网络）").to_owned(),
        When::Unproven => lang.pick("the checksum of go.mod is wrong", "go.mod 的校验和不符").to_owned(),
        When::Skipped => lang.pick("skipped (it kept failing)", "跳过期间（连续失败后）").to_owned(),
        When::Silence => lang.pick("it never answers", "一直不回答").to_owned(),
    }
}

/// All that lead the way of `branch`, in one line. Trouble that is all, or all the rest, says so first.
pub(super) fn whens(branch: &Branch, hop: &Hop, lang: Lang) -> String {
    let all = branch.when.iter().map(|one| when(*one, hop, lang)).collect::<Vec<_>>().join(lang.pick(", ", "、"));
    match whole(branch, hop, lang) {
        Some(name) => format!("{name}{}{all}", lang.pick(": ", "：")),
        None => all,
    }
}

/// The same where there is little room: trouble that is all, or all the rest, by that name alone.
pub(super) fn short(branch: &Branch, hop: &Hop, lang: Lang) -> String {
    whole(branch, hop, lang).map_or_else(|| whens(branch, hop, lang), str::to_owned)
}

/// A name for all trouble, or for all that has no branch of its own; `None` for single answers.
fn whole(branch: &Branch, hop: &Hop, lang: Lang) -> Option<&'static str> {
    let troubled = |other: &&Branch| !matches!(other.when.as_slice(), [When::Found | When::Absent | When::Silence]);
    match (branch.when.len() > 3, hop.branches.iter().filter(troubled).count()) {
        (true, 1) => Some(lang.pick("any trouble", "任何故障")),
        (true, _) => Some(lang.pick("any other trouble", "其他任何故障")),
        (false, _) => None,
    }
}

/// Where the chain comes from.
pub(super) fn origin(chain: &Chain, whose: &Whose, lang: Lang) -> String {
    match whose {
        Whose::Go => chain.name.clone(),
        Whose::Server => format!("{} {}", lang.pick("route", "路由"), chain.name),
    }
}

/// What follows.
pub(super) fn then(then: Then, chain: &Chain, whose: &Whose, lang: Lang) -> String {
    let next = |index: usize| format!("{} {}", index + 1, chain.hops.get(index).map_or("", |hop| hop.name.as_str()));
    match then {
        Then::Use if chain.proven => lang.pick("used, once its checksum is proven", "采用（校验和通过后）").to_owned(),
        Then::Use => lang.pick("used; no checksum database is asked", "采用（不查校验和数据库）").to_owned(),
        Then::Ask(index, because) => {
            let why = match because {
                Because::Absent => "",
                Because::Bar => lang.pick(" (`|` follows)", "（后面是 `|`）"),
                Because::StepDown => lang.pick(" (step_down)", "（step_down）"),
            };
            both(lang, format!("asks {}{why}", next(index)), format!("改问 {}{why}", next(index)))
        }
        Then::Absent => lang.pick("stops: does not exist", "停止：不存在").to_owned(),
        Then::AbsentUnlessTrouble => {
            let en = "stops: does not exist, or the error of an entry before, if one failed";
            lang.pick(en, "停止：不存在；前面若有条目出错，则报那个错").to_owned()
        }
        Then::Trouble => lang.pick("stops with this error", "停止，报这个错").to_owned(),
        Then::Off | Then::OffUnlessTrouble => {
            let off = match whose {
                Whose::Go => lang.pick("stops: disabled by GOPROXY=off", "停止：被 GOPROXY=off 禁止"),
                Whose::Server => lang.pick("stops: refused by `off`", "停止：被 `off` 拒绝"),
            };
            let unless = lang.pick(", or the error of an entry before, if one failed", "；前面若有条目出错，则报那个错");
            format!("{off}{}", if then == Then::OffUnlessTrouble { unless } else { "" })
        }
        Then::Waits => lang.pick("waits without end: go has no deadline here", "无限期等待：go 在这里没有时限").to_owned(),
    }
}

/// How long somebody is waited for, how often he is asked, when he is left alone: a line each.
pub(super) fn patience(patience: &Patience, kind: Kind, whose: &Whose, lang: Lang) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let said = |time: Option<Duration>, en: &str, zh: &str| {
        time.map(|time| both(lang, format!("{} {en}", period(time)), format!("{zh} {}", period(time))))
    };
    let waits = [
        said(patience.connect, "to connect", "连接"),
        said(patience.tls, "for TLS", "TLS"),
        said(patience.first_byte, "to the first byte", "首字节"),
        said(patience.idle, "between bytes", "字节间隔"),
    ];
    let waits: Vec<String> = waits.into_iter().flatten().collect();
    if !waits.is_empty() {
        lines.push(both(lang, format!("waits {}", waits.join(", ")), format!("等待：{}", waits.join("，"))));
    }
    if let (Some(total), Some(zip)) = (patience.total, patience.total_zip) {
        let (total, zip) = (period(total), period(zip));
        let whole = lang.pick(
            if kind == Kind::Direct { "a repository" } else { "a zip" },
            if kind == Kind::Direct { "取仓库" } else { "zip" },
        );
        lines.push(both(lang, format!("{total} in all, {whole} {zip}"), format!("总共 {total}，{whole} {zip}")));
    }
    lines.extend(tries(patience, kind, whose, lang));
    if let Some((failures, pause)) = patience.breaker {
        let pause = period(pause);
        lines.push(both(
            lang,
            format!("skipped for {pause} after {failures} failures in a row"),
            format!("连续失败 {failures} 次后跳过 {pause}"),
        ));
    }
    lines
}

fn tries(patience: &Patience, kind: Kind, whose: &Whose, lang: Lang) -> Option<String> {
    match (patience.retries, kind, whose) {
        (_, Kind::File | Kind::Off, _) => None,
        (_, Kind::Direct, Whose::Go) => {
            Some(lang.pick("no retry; its tools' own deadlines", "不重试；时限由工具自己决定").to_owned())
        }
        (0, ..) => Some(lang.pick("no retry", "不重试").to_owned()),
        (1, ..) => Some(lang.pick("1 retry after trouble that may pass", "可能暂时的故障重试 1 次").to_owned()),
        (more, ..) => {
            Some(both(lang, format!("{more} retries after trouble that may pass"), format!("可能暂时的故障重试 {more} 次")))
        }
    }
}

/// How long the whole chain may take.
pub(super) fn longest(chain: &Chain, lang: Lang) -> Option<String> {
    match chain.longest() {
        _ if chain.hops.iter().all(|hop| hop.patience.is_none()) => None,
        (Some(small), Some(zip)) => {
            let (small, zip) = (period(small), period(zip));
            Some(both(
                lang,
                format!("at the longest {small} for a small document, {zip} for a zip"),
                format!("最长：小文件 {small}，zip {zip}"),
            ))
        }
        (None, _) | (_, None) => Some(
            lang.pick(
                "no bound: an entry that never answers is waited for without end",
                "没有上限：一直不回答的条目会无限期等下去",
            )
            .to_owned(),
        ),
    }
}

pub(super) fn period(time: Duration) -> String {
    Period(time).to_string()
}

fn both(lang: Lang, en: String, zh: String) -> String {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

//! What else the evidence of a break shows: certificates, what servers and git say, what was not run.

use plan::{Trouble, trouble::Deadline};
use proxy::client::look::Exchange;

use super::{
    super::{
        probe::{
            Evidence, Probed,
            certificate::Certificate,
            detail_of,
            git::{NotRun, Seen},
        },
        report::Text,
        words::of_tls,
    },
    first_line, last,
};
use crate::render::terminal::harmless;

/// What went wrong below HTTP, in both languages.
pub(super) fn cause(probed: &Probed) -> Option<Text> {
    let Err(trouble) = &last(probed)?.end else { return None };
    let told = |text: &str| harmless(of_tls(text));
    Some(match trouble {
        Trouble::Dns(text) => {
            let host = text.split(':').next().unwrap_or_default();
            Text::new(format!("no address for the name {host}"), format!("域名 {host} 无法解析"))
        }
        Trouble::Connect(text) if text.contains("refused") => Text::new("connection refused", "连接被拒绝"),
        Trouble::Connect(text) => Text::new(told(text), format!("连接失败（{}）", told(text))),
        Trouble::Tls(text) => Text::new(told(text), told(text)),
        Trouble::ForwardProxy(text) => Text::new(told(text), told(text)),
        Trouble::Broken(text) => {
            Text::new(format!("the connection ended early ({})", told(text)), format!("连接提前断开（{}）", told(text)))
        }
        Trouble::Deadline(which, millis) => {
            let what = match which {
                Deadline::Connect => "没有连上",
                Deadline::Tls => "TLS 握手没有完成",
                Deadline::FirstByte | Deadline::Idle | Deadline::Total => "没有收到回答",
            };
            Text::new(format!("{which} within {} s", millis / 1000), format!("{} 秒内{what}", millis / 1000))
        }
        other => Text::new(told(&other.to_string()), told(&other.to_string())),
    })
}

/// What else the evidence shows.
pub(super) fn details(probed: &Probed) -> Vec<Text> {
    match &probed.evidence {
        Evidence::Web(exchanges) => exchanges.last().map(web_details).unwrap_or_default(),
        Evidence::Git(seen) => git_details(seen),
        Evidence::File | Evidence::Guessed(_) => Vec::new(),
    }
}

fn web_details(exchange: &Exchange) -> Vec<Text> {
    let mut details = Vec::new();
    if let Some(shown) = exchange.certificates.as_ref().filter(|shown| shown.verdict.is_err()) {
        let leaf = shown.chain.first().map(|der| Certificate::read(der)).unwrap_or_default();
        details.push(of_certificate(&leaf, &shown.host));
    }
    match &exchange.end {
        Ok(told) if told.status != 200 || told.content_type.contains("html") => {
            let body = detail_of(told);
            if !body.is_empty() {
                let line = harmless(first_line(&body));
                details.push(Text::new(format!("the server says: {line}"), format!("服务器说：{line}")));
            } else if told.content_type.contains("html") {
                details.push(Text::new(
                    "the answer is a web page, as a login page or a captive portal is; Go does not show it",
                    "返回的是网页，多半是登录页或认证门户；Go 不会显示它",
                ));
            }
        }
        Err(Trouble::Deadline(Deadline::FirstByte, millis)) => details.push(Text::new(
            format!("we stopped waiting after {} s; Go itself waits for ever and prints nothing", millis / 1000),
            format!("这里等了 {} 秒就放弃；Go 自己会一直等下去，不打印任何内容", millis / 1000),
        )),
        _ => {}
    }
    if let Some(via) = &exchange.via {
        details.push(Text::new(
            format!("through the forward proxy {via} (HTTPS_PROXY)"),
            format!("经由转发代理 {via}（HTTPS_PROXY）"),
        ));
    }
    details
}

fn of_certificate(leaf: &Certificate, host: &str) -> Text {
    let names = if leaf.names.is_empty() { "—".to_owned() } else { leaf.names[..leaf.names.len().min(4)].join(", ") };
    if leaf.is_self_signed {
        return Text::new(
            format!("the certificate of {host} is self-signed; it is for {names}, until {}", leaf.ends),
            format!("{host} 的证书是自签名的；适用于 {names}，有效期至 {}", leaf.ends),
        );
    }
    Text::new(
        format!("the certificate of {host} is for {names}, until {}; signed by “{}”", leaf.ends, leaf.issuer),
        format!("{host} 的证书适用于 {names}，有效期至 {}；签发者为“{}”", leaf.ends, leaf.issuer),
    )
}

fn git_details(seen: &Seen) -> Vec<Text> {
    let mut details: Vec<Text> =
        seen.words.lines().map(|line| Text::new(format!("git: {line}"), format!("git：{line}"))).collect();
    if let Some(to) = &seen.instead {
        details.push(Text::new(
            format!("git's configuration sends it to {to} (insteadOf)"),
            format!("git 配置把它改到 {to}（insteadOf）"),
        ));
    }
    for (program, place) in &seen.left_out {
        details.push(Text::new(
            format!("not run: {program} in {place}; --helpers lets it run"),
            format!("未运行：{place} 中的 {program}；加 --helpers 可允许运行"),
        ));
    }
    match seen.not_run {
        None => {}
        Some(NotRun::Ssh) => details.push(Text::new(
            format!("ssh is not run, for it runs what your configuration names; try: git ls-remote {}", seen.url),
            format!("没有运行 ssh，因为它会执行你配置中的程序；请自行尝试：git ls-remote {}", seen.url),
        )),
        Some(NotRun::Elsewhere) => details.push(Text::new(
            "git is not run: its configuration sends it to the file system or to another program",
            "没有运行 git：它的配置把地址改到了文件系统或其他程序",
        )),
        Some(NotRun::TooOld) => details.push(Text::new(
            "git is not run: it is older than 2.32 and would run what its configuration names",
            "没有运行 git：版本低于 2.32，会执行其配置中的程序",
        )),
    }
    details
}

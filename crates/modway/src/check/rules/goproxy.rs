//! GOPROXY: what it leads to, and past what.

use gomod::goproxy::{Entry, GoProxyList, Separator, Source};
use proxy::client::loopback;

use super::Court;
use crate::machine::{Setting, masked};

pub(super) fn judge(court: &mut Court<'_>) {
    let setting = court.setting("GOPROXY");
    match GoProxyList::parse(&setting.value) {
        Err(error) => invalid(court, &setting, &error.to_string()),
        Ok(list) => {
            unlisted(court, &setting, &list);
            bypass(court, &setting, &list);
            bar(court, &setting, &list);
            urls(court, &setting, &list);
            end(court, &setting, &list);
        }
    }
}

fn subject(setting: &Setting) -> String {
    format!("GOPROXY={}", masked(&setting.value))
}

fn invalid(court: &mut Court<'_>, setting: &Setting, error: &str) {
    let why = court.say(
        format!("with this list every look-up fails, that of private modules too: {error}"),
        format!("列表无法解析，所有查询都会失败，私有模块也不例外：{error}"),
    );
    let fix = court.change(setting, wanted(court).as_deref());
    court.add_setting("goproxy-invalid", setting, &subject(setting), &why, &fix);
}

/// Whether an entry is one of these, written in whichever way.
fn is_one_of(entry: &Entry, allowed: &[String]) -> bool {
    allowed.iter().any(|one| match &entry.source {
        Source::Direct => one == "direct",
        Source::Off => one == "off",
        Source::Proxy(_) | Source::File(_) => {
            let plain = |text: &str| text.trim_end_matches('/').to_owned();
            GoProxyList::parse(one)
                .is_ok_and(|list| list.entries().iter().any(|one| plain(&one.to_string()) == plain(&bare(entry))))
        }
    })
}

/// The entry without its login.
fn bare(entry: &Entry) -> String {
    let text = entry.to_string();
    let at = text.split_once("://").and_then(|(scheme, rest)| {
        let host = rest.split('/').next().unwrap_or_default();
        host.rsplit_once('@').map(|(login, _)| (scheme.len() + 3, login.len() + 1))
    });
    at.map_or(text.clone(), |(start, length)| format!("{}{}", &text[..start], &text[start + length..]))
}

fn unlisted(court: &mut Court<'_>, setting: &Setting, list: &GoProxyList) {
    let Some(allowed) = &court.policy.proxy.allow else { return };
    let known: Vec<String> = allowed.iter().chain(&court.policy.proxy.policy).cloned().collect();
    for entry in list.entries().iter().filter(|entry| !is_one_of(entry, &known)) {
        let entry = bare(entry);
        let why = court.say(
            format!("{entry} is not among the entries that are allowed: {}", known.join(" ")),
            format!("{entry} 不在允许的条目之列：{}", known.join(" ")),
        );
        let fix = wanted(court).map_or_else(Vec::new, |list| court.change(setting, Some(&list)));
        court.add_setting("goproxy-unlisted", setting, &format!("GOPROXY {entry}"), &why, &fix);
    }
}

/// A proxy that decides must be asked first, and its no must be the end: whatever else is in the list is a way past it.
fn bypass(court: &mut Court<'_>, setting: &Setting, list: &GoProxyList) {
    let policy = &court.policy.proxy.policy;
    if policy.is_empty() {
        return;
    }
    let fix = wanted(court).map_or_else(Vec::new, |list| court.change(setting, Some(&list)));
    let mut ways: Vec<(String, String, String)> = Vec::new();
    for entry in list.entries() {
        let name = bare(entry);
        let decides = is_one_of(entry, policy);
        if !decides && entry.source != Source::Off {
            ways.push((
                name.clone(),
                format!(
                    "{name} is another way than the proxies that decide ({}): what they refuse or lack is taken from there",
                    policy.join(" ")
                ),
                format!("除了策略代理（{}）之外还有 {name}：策略代理拒绝或没有的内容会从那里获取", policy.join(" ")),
            ));
        } else if decides && entry.separator == Separator::Bar {
            ways.push((
                format!("{name}|"),
                format!("`|` behind {name} passes over every failure of it, its refusals (403) among them; with `,` only \"does not exist\" leads on"),
                format!("{name} 后面的 `|` 会跳过它的任何失败，包括它的拒绝（403）；用 `,` 时只有“不存在”才会继续"),
            ));
        }
    }
    for (way, en, zh) in ways {
        let why = court.say(en, zh);
        court.add_setting("goproxy-bypass", setting, &format!("GOPROXY {way}"), &why, &fix);
    }
}

fn bar(court: &mut Court<'_>, setting: &Setting, list: &GoProxyList) {
    let policy = &court.policy.proxy.policy;
    let first = list.entries().iter().find(|entry| entry.separator == Separator::Bar && !is_one_of(entry, policy));
    let Some(name) = first.map(bare) else { return };
    let why = court.say(
        format!("behind {name} stands `|`: every failure of it leads on to the next entry, a refusal, a bad certificate and a timeout too"),
        format!("{name} 后面是 `|`：它的任何失败都会转到下一个条目，包括拒绝、证书错误和超时"),
    );
    let fix = mended(court, setting, list);
    court.add_setting("goproxy-bar", setting, &subject(setting), &why, &fix);
}

/// What stands behind `direct` or `off` is not even read.
fn end(court: &mut Court<'_>, setting: &Setting, list: &GoProxyList) {
    let read = list.entries().len();
    let written: Vec<&str> = setting.value.split([',', '|']).map(str::trim).filter(|text| !text.is_empty()).collect();
    let Some(unread) = written.get(read..).filter(|unread| !unread.is_empty()) else { return };
    let (unread, last) = (masked(&unread.join(",")), list.entries().last().map(ToString::to_string).unwrap_or_default());
    let why = court.say(
        format!("Go stops reading at {last}: {unread} is never asked"),
        format!("Go 读到 {last} 就停止：{unread} 永远不会被访问"),
    );
    let fix = mended(court, setting, list);
    court.add_setting("goproxy-end", setting, &subject(setting), &why, &fix);
}

fn urls(court: &mut Court<'_>, setting: &Setting, list: &GoProxyList) {
    for entry in list.entries() {
        let Source::Proxy(url) = &entry.source else { continue };
        let name = bare(entry);
        if url.scheme() == "http" && !loopback(url.host()) {
            let why = court.say(
                format!("{name} is asked in the clear: whoever is on the way reads which modules are used, and can answer in its place"),
                format!("对 {name} 的访问是明文的：途中任何人都能看到用了哪些模块，也能冒充它回答"),
            );
            let fix = mended(court, setting, list);
            court.add_setting("goproxy-plain", setting, &format!("GOPROXY {name}"), &why, &fix);
        }
        if name != entry.to_string() {
            let why = court.say(
                format!("the login for {name} stands in a setting that `go env`, CI logs and child processes show; a netrc file is read by Go alone"),
                format!("{name} 的登录信息写在设置里，`go env`、CI 日志和子进程都能看到；netrc 文件只有 Go 会读"),
            );
            let host = url.host();
            let fix = vec![format!("echo 'machine {host} login USER password PASSWORD' >> ~/.netrc && chmod 600 ~/.netrc")];
            court.add_setting("goproxy-login", setting, &format!("GOPROXY {name}"), &why, &fix);
        }
    }
}

/// The commands that set the list as the rules want it: the policy's own, else this one without what they object to. None if it holds a
/// login, which is not printed, and without which it would be another list.
fn mended(court: &Court<'_>, setting: &Setting, list: &GoProxyList) -> Vec<String> {
    let entry = |entry: &Entry| match &entry.source {
        Source::Proxy(url) if !loopback(url.host()) => entry.to_string().replacen("http://", "https://", 1),
        _ => entry.to_string(),
    };
    let own = || list.entries().iter().map(entry).collect::<Vec<_>>().join(",");
    let list = wanted(court).unwrap_or_else(own);
    if masked(&list) == list { court.change(setting, Some(&list)) } else { Vec::new() }
}

/// The list that the policy asks for: its proxies in order, and nothing else.
fn wanted(court: &Court<'_>) -> Option<String> {
    let policy = &court.policy.proxy.policy;
    (!policy.is_empty()).then(|| policy.join(","))
}

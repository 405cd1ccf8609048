//! What is private, what may be insecure, and what no checksum is asked for.

use gomod::{
    goenv::SumdbSetting,
    module,
    pattern::{Impossible, Patterns},
};

use super::Court;
use crate::{
    lang::Lang,
    machine::{Setting, masked},
    why::miss,
};

pub(super) fn judge(court: &mut Court<'_>) {
    hosts(court);
    for variable in ["GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE"] {
        let setting = court.setting(variable);
        patterns(court, &setting);
    }
    insecure(court);
    sumdb(court);
    wide(court);
}

/// Without a policy proxy a private module must come from its host and no database must hear of it; with one, the proxy may bring it.
fn hosts(court: &mut Court<'_>) {
    let policy = court.policy;
    let goprivate = court.setting("GOPRIVATE");
    let (nosumdb, _) = court.project.machine.gonosumdb();
    let (noproxy, _) = court.project.machine.gonoproxy();
    for host in &policy.organisation.hosts {
        let (by_proxy, checked) = (noproxy.find(host).is_none() && policy.proxy.policy.is_empty(), nosumdb.find(host).is_none());
        if !by_proxy && !checked {
            continue;
        }
        let near = Patterns::parse(&goprivate.value);
        let near = near.near_misses(host).first().map(|miss| (miss.pattern.to_owned(), miss.meant.clone()));
        let why = match near {
            Some((pattern, meant)) => court.say(
                format!("names of private modules leak: GOPRIVATE has `{pattern}`, which does not match {host}; `{meant}` does"),
                format!("私有模块的名字会泄露到外部：GOPRIVATE 里的 `{pattern}` 匹配不到 {host}，应写成 `{meant}`"),
            ),
            None => court.say(
                format!(
                    "names of private modules leak: {}",
                    match (by_proxy, checked) {
                        (true, true) => format!("those of {host} are asked of proxies and of the checksum database"),
                        (true, false) => format!("those of {host} are asked of proxies"),
                        (false, _) => format!("those of {host} are asked of the checksum database"),
                    }
                ),
                format!(
                    "私有模块的名字会泄露到外部：{}",
                    match (by_proxy, checked) {
                        (true, true) => format!("{host} 的模块会向代理和校验和数据库查询"),
                        (true, false) => format!("{host} 的模块会向代理查询"),
                        (false, _) => format!("{host} 的模块会向校验和数据库查询"),
                    }
                ),
            ),
        };
        let value = if goprivate.value.is_empty() { host.clone() } else { format!("{},{host}", goprivate.value) };
        let fix = court.change(&goprivate, Some(&value));
        court.add_setting("private-hosts", &goprivate, host, &why, &fix);
    }
}

/// Patterns that cannot match any module path: almost always somebody meant something else.
fn patterns(court: &mut Court<'_>, setting: &Setting) {
    let patterns = Patterns::parse(&setting.value);
    let impossible = patterns.impossible();
    // Those that can match stay as they are.
    let value: Option<Vec<&str>> = setting
        .value
        .split(',')
        .map(|pattern| match impossible.iter().find(|one| one.pattern == pattern) {
            Some(one) => one.meant.as_deref(),
            None => Some(pattern),
        })
        .collect();
    let value = value.map(|patterns| patterns.into_iter().filter(|pattern| !pattern.is_empty()).collect::<Vec<_>>().join(","));
    let fix = value.map(|value| court.change(setting, Some(&value))).unwrap_or_default();
    for Impossible { pattern, why, .. } in &impossible {
        let why = miss(*why);
        let why = court.say(
            format!("`{pattern}` matches no module path: {}", why.get(Lang::En)),
            format!("`{pattern}` 匹配不到任何模块路径：{}", why.get(Lang::Zh)),
        );
        court.add_setting("private-pattern", setting, &format!("{} {pattern}", setting.variable), &why, &fix);
    }
}

fn insecure(court: &mut Court<'_>) {
    let setting = court.setting("GOINSECURE");
    let allowed = court.policy.insecure.allow.as_deref().unwrap_or_default();
    let patterns = Patterns::parse(&setting.value);
    let kept: Vec<&str> =
        patterns.iter().filter(|pattern| allowed.iter().any(|one| one.trim_end_matches('/') == *pattern)).collect();
    let kept = kept.join(",");
    for pattern in patterns.iter().filter(|pattern| !allowed.iter().any(|one| one.trim_end_matches('/') == *pattern)) {
        let why = court.say(
            format!("modules under `{pattern}` are looked up without verified TLS, and over http: whoever is on the way says where their code comes from"),
            format!("`{pattern}` 下的模块在查找时不校验 TLS，甚至使用 http：途中的任何人都能决定代码从哪里来"),
        );
        let fix = court.change(&setting, Some(kept.as_str()).filter(|kept| !kept.is_empty()));
        court.add_setting("goinsecure", &setting, &format!("GOINSECURE {pattern}"), &why, &fix);
    }
}

fn sumdb(court: &mut Court<'_>) {
    let setting = court.setting("GOSUMDB");
    let subject = format!("GOSUMDB={}", masked(&setting.value));
    let fix = court.change(&setting, court.policy.sumdb.allow.as_ref().and_then(|allowed| allowed.first()).map(String::as_str));
    match SumdbSetting::parse(&setting.value) {
        Ok(SumdbSetting::Off) => {
            let why = court.say(
                "nothing proves that a version new to go.sum is what everybody else gets".to_owned(),
                "go.sum 里没有的新版本无从证明与别人拿到的一致".to_owned(),
            );
            court.add_setting("gosumdb-off", &setting, &subject, &why, &fix);
        }
        Err(error) => {
            let why = court.say(
                format!("every module that is new to go.sum is refused: {error}"),
                format!("go.sum 里没有的模块都会被拒绝：{error}"),
            );
            court.add_setting("gosumdb-invalid", &setting, &subject, &why, &fix);
        }
        Ok(SumdbSetting::Database { name, .. }) => {
            let Some(allowed) = &court.policy.sumdb.allow else { return };
            if allowed.iter().any(|one| *one == name || *one == setting.value) {
                return;
            }
            let why = court.say(
                format!("{name} is not among the databases that are allowed: {}", allowed.join(" ")),
                format!("{name} 不在允许的数据库之列：{}", allowed.join(" ")),
            );
            court.add_setting("gosumdb-unlisted", &setting, &subject, &why, &fix);
        }
    }
}

/// Every pattern of GONOSUMDB must be one of GOPRIVATE, or lie within one.
fn wide(court: &mut Court<'_>) {
    let setting = court.setting("GONOSUMDB");
    let (private, _) = court.project.machine.goprivate();
    let within =
        |pattern: &str| private.iter().any(|one| one == pattern) || (is_plain(pattern) && private.find(pattern).is_some());
    let patterns = Patterns::parse(&setting.value);
    // A name that no module can have, such as `none`, lets nothing through.
    let matters = |pattern: &str| !is_plain(pattern) || module::check_path(pattern).is_ok() && pattern.contains('.');
    for pattern in patterns.iter().filter(|pattern| matters(pattern) && !within(pattern)) {
        let why = court.say(
            format!(
                "no checksum is asked for `{pattern}`, which GOPRIVATE does not have: a public module could be exchanged unseen"
            ),
            format!("`{pattern}` 不查校验和，却不在 GOPRIVATE 里：公共模块可能被悄悄替换"),
        );
        let fix = court.change(&setting, None);
        court.add_setting("gonosumdb-wide", &setting, &format!("GONOSUMDB {pattern}"), &why, &fix);
    }
}

fn is_plain(pattern: &str) -> bool {
    !pattern.contains(['*', '?', '[', '\\'])
}

//! Fixes for everything that is neither a way nor a certificate: logins, tools, versions, the way out.

use gomod::{
    client::{Command, Found},
    goenv::{GoAuth, defaults, goflags},
    goproxy::{Entry, GoProxyList, Source},
};
use proxy::client::loopback;

use super::{Case, Fix, Promise, StepToTake, retyped};
use crate::why::{
    probe::{Evidence, git::NotRun},
    report::Text,
    verdict,
};

/// A server is not reached.
pub(super) fn way_out(case: &Case<'_>) -> Vec<Fix> {
    let environment = case.machine.environment();
    let exchange = case.broken.at.as_ref().and_then(|question| case.report.probed(question)).and_then(verdict::last);
    // Who showed a certificate was reached, and this machine is reached by itself.
    let is_near = loopback(&case.host);
    if is_near || exchange.is_some_and(|exchange| exchange.certificates.is_some()) {
        return Vec::new();
    }
    let price = Text::new("counts for this shell, and for git and curl as well", "只对当前 shell 有效，git 和 curl 也会遵循");
    let named = ["HTTPS_PROXY", "https_proxy"].into_iter().any(|name| environment.get(name).is_some());
    if named && exchange.is_none_or(|exchange| exchange.via.is_some()) {
        let what = Text::new(
            format!("if {} is reached without the forward proxy: say so", case.host),
            format!("如果访问 {} 不需要转发代理：声明出来", case.host),
        );
        return vec![case.setting("no-proxy", 55, vec![("NO_PROXY", no_proxy(case))], what, price)];
    }
    if named {
        return Vec::new();
    }
    let what =
        Text::new("if this machine only gets out through a forward proxy: name it", "如果本机只能经由转发代理上网：指明它");
    let step = StepToTake::Shell("export HTTPS_PROXY=http://PROXY:PORT".to_owned());
    vec![case.elsewhere("way-out", 85, vec![step], what, price)]
}

fn no_proxy(case: &Case<'_>) -> String {
    let environment = case.machine.environment();
    let old = environment.get("NO_PROXY").or_else(|| environment.get("no_proxy")).unwrap_or_default();
    let host = case.host.split(':').next().unwrap_or_default();
    if old.is_empty() { host.to_owned() } else { format!("{old},{host}") }
}

/// A login in an http URL: over https, or without it.
pub(super) fn https_login(case: &Case<'_>) -> Vec<Fix> {
    let written = case.machine.setting("GOPROXY").value;
    let (https, without) = (unlogged(&written, "https://"), unlogged(&written, "http://"));
    let what = Text::new("use https, and keep the login in the netrc file", "改用 https，并把登录信息放进 netrc 文件");
    let price = Text::new("the server must speak https", "服务器必须支持 https");
    let mut secure = case.setting("https-login", 10, vec![("GOPROXY", https)], what, price);
    if let Some(place) = place_with_login(&written) {
        secure.steps.push(netrc_line(case, &place));
    }
    let what = Text::new("ask without the login", "不带登录信息访问");
    let price = Text::new("the proxy does not know who asks, and may refuse", "proxy 不知道是谁在访问，可能会拒绝");
    vec![secure, case.setting("no-login", 20, vec![("GOPROXY", without)], what, price)]
}

/// The list with `scheme` and no login in place of every http URL with one.
fn unlogged(list: &str, scheme: &str) -> String {
    let mut out = String::new();
    let mut rest = list;
    while let Some(at) = rest.find("http://") {
        let (before, from) = rest.split_at(at);
        let url = &from["http://".len()..];
        let place = &url[..url.find(['/', ',', '|']).unwrap_or(url.len())];
        out.push_str(before);
        match place.rsplit_once('@') {
            Some((login, _)) => {
                out.push_str(scheme);
                rest = &url[login.len() + 1..];
            }
            None => {
                out.push_str("http://");
                rest = url;
            }
        }
    }
    out + rest
}

/// Host and port of the first http URL with a login.
fn place_with_login(list: &str) -> Option<String> {
    let list = GoProxyList::parse(list).ok()?;
    let place = |entry: &Entry| match &entry.source {
        Source::Proxy(url) if url.scheme() == "http" && url.credentials().is_some() => Some(url.host().to_owned()),
        _ => None,
    };
    list.entries().iter().find_map(place)
}

/// Nothing that could be set on this machine mends it.
pub(super) fn no_setting(case: &Case<'_>, weight: u8) -> Fix {
    let host = &case.host;
    let what = Text::new(
        format!("no setting of this machine mends it: check the path, then turn to whoever runs {host}"),
        format!("本机的任何设置都解决不了：先检查路径，再联系 {host} 的管理员"),
    );
    Fix { promise: Promise::NoSetting, ..case.elsewhere("no-setting", weight, Vec::new(), what, Text::default()) }
}

/// A host wants to know who asks: a netrc line serves Go and git both.
pub(super) fn login(case: &Case<'_>) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let seen =
        case.broken.at.as_ref().and_then(|question| case.report.probed(question)).and_then(|probed| match &probed.evidence {
            Evidence::Git(seen) => Some(seen),
            Evidence::Web(_) | Evidence::File | Evidence::Guessed(_) => None,
        });
    if seen.is_some_and(|seen| !seen.left_out.is_empty()) {
        let what = Text::new(
            "your git has a credential helper, which was not run: ask again with it",
            "你的 git 配置了凭据助手，这里没有运行它：允许后再查一次",
        );
        fixes.push(with_helpers(case.report.command.path(), what));
    }
    if case.is_at_proxy() && (case.status != Some(401) || case.url.starts_with("http://")) {
        // Go sends logins over https only, and a 403 is a no to somebody who is known, or to everybody.
        return fixes;
    }
    if let Some(program) = program_of_goauth(case) {
        let what = Text::new(
            format!("GOAUTH names a program ({program}), which was not run: look at what it says with go get -x"),
            format!("GOAUTH 指定了程序（{program}），这里没有运行它：用 go get -x 查看它的输出"),
        );
        let step = StepToTake::Shell(format!("go get -x {}", case.report.command.path()));
        fixes.push(case.elsewhere("goauth", 8, vec![step], what, Text::new("runs that program", "会运行该程序")));
    }
    let what = if case.is_at_proxy() {
        Text::new(
            format!("give Go a login for {}: a line in the netrc file", case.host),
            format!("给 Go 提供 {} 的登录：在 netrc 文件中加一行", case.host),
        )
    } else {
        Text::new(
            format!("give Go and git a login for {}: a line in the netrc file", case.host),
            format!("给 Go 和 git 提供 {} 的登录：在 netrc 文件中加一行", case.host),
        )
    };
    let price = Text::new(
        "the password rests in a file: make it 0600, and use a token that may only read",
        "密码以明文存放：请把文件权限设为 0600，并使用只读令牌",
    );
    fixes.push(case.elsewhere("netrc", 15, vec![netrc(case)], what, price));
    if !seen.is_some_and(|seen| seen.not_run == Some(NotRun::Ssh)) && !case.is_at_proxy() {
        let host = case.host.split(':').next().unwrap_or_default();
        let words = ["git", "config", "--global", &format!("url.ssh://git@{host}/.insteadOf"), &format!("https://{host}/")];
        let what =
            Text::new(format!("or fetch from {host} over ssh with your key"), format!("或者用你的密钥通过 ssh 访问 {host}"));
        let price = Text::new(
            format!("all https URLs of {host} become ssh for git; Go's own questions stay https"),
            format!("git 访问 {host} 的所有 https URL 都改走 ssh；Go 自己的查询仍用 https"),
        );
        fixes.push(case.elsewhere("ssh", 25, vec![StepToTake::Run(words.map(str::to_owned).to_vec())], what, price));
    }
    fixes
}

/// How a repository that is reached by ssh answers is known only by running ssh.
pub fn with_ssh(path: &str) -> Fix {
    let what = Text::new(
        "the repository is reached by ssh, which was not run: ask again with it",
        "该仓库通过 ssh 访问，这里没有运行 ssh：允许后再查一次",
    );
    with_helpers(path, what)
}

fn with_helpers(path: &str, what: Text) -> Fix {
    let steps = vec![StepToTake::Shell(format!("modway why --helpers {path}"))];
    let price = Text::new("runs the programs that git's configuration names", "会运行 git 配置中指定的程序");
    Fix { code: "ask-with-helpers", what, steps, price, weight: 5, ..Fix::default() }
}

/// The first program that GOAUTH has run for logins.
fn program_of_goauth(case: &Case<'_>) -> Option<String> {
    GoAuth::parse(&case.machine.setting("GOAUTH").value).ok()?.program().map(str::to_owned)
}

fn netrc(case: &Case<'_>) -> StepToTake {
    netrc_line(case, &case.host)
}

fn netrc_line(case: &Case<'_>, place: &str) -> StepToTake {
    let path = case.machine.netrc_path().map_or_else(|| "~/.netrc".to_owned(), |path| path.display().to_string());
    // Go compares the port, too; git's curl does not.
    StepToTake::Line { file: path, line: format!("machine {place} login USER password TOKEN") }
}

/// GOVCS forbids a tool.
pub(super) fn govcs(case: &Case<'_>) -> Vec<Fix> {
    let tool = ["git", "hg", "svn", "fossil"]
        .into_iter()
        .find(|tool| case.broken.words.contains(&format!("using {tool} ")))
        .unwrap_or("git");
    let written = case.machine.setting("GOVCS").value;
    let pattern = case.pattern();
    let rule = format!("{pattern}:{tool}");
    let value = if written.is_empty() || case.broken.class == gomod::client::ErrorClass::InvalidGovcs {
        rule
    } else {
        format!("{rule},{written}")
    };
    let what = Text::new(format!("allow {tool} for {pattern}"), format!("允许 {pattern} 使用 {tool}"));
    let price = Text::new(
        format!("{tool} runs on what {pattern} sends; it was forbidden because fewer people look for holes in it"),
        format!("{tool} 会处理 {pattern} 发来的数据；默认禁止是因为它受到的安全审查较少"),
    );
    vec![case.setting("govcs", 10, vec![("GOVCS", value)], what, price)]
}

/// A tool is missing.
pub(super) fn install(case: &Case<'_>) -> Vec<Fix> {
    let what = Text::new("install git, or stay with a proxy that has the module", "安装 git，或者只用有该模块的 proxy");
    let price = Text::new("none", "没有");
    vec![case.elsewhere("install", 10, vec![StepToTake::Shell("sudo apt-get install git".to_owned())], what, price)]
}

/// Another place to ask the same database.
pub(super) fn other_sumdb(case: &Case<'_>) -> Vec<Fix> {
    if case.report.sums.database != defaults::GOSUMDB || case.report.sums.url.is_some() {
        return Vec::new();
    }
    let what = Text::new(
        format!("ask the same database at its other address, {}", defaults::GOSUMDB_ALIAS),
        format!("从另一个地址 {} 查询同一个校验和数据库", defaults::GOSUMDB_ALIAS),
    );
    let price = Text::new("none: the same signed tree, the same key", "没有：同一棵签名树，同一把密钥");
    vec![case.setting("sumdb-alias", 10, vec![("GOSUMDB", defaults::GOSUMDB_ALIAS.to_owned())], what, price)]
}

/// The setting back at Go's default.
pub(super) fn default_of(variable: &'static str, case: &Case<'_>) -> Vec<Fix> {
    let setting = case.machine.setting(variable);
    let value = match (variable, case.broken.class) {
        ("GOFLAGS", gomod::client::ErrorClass::VendorMode) => without_flag(&setting.value, "-mod"),
        ("GOFLAGS", gomod::client::ErrorClass::InsecureFlag) => without_flag(&setting.value, "-insecure"),
        ("GOSUMDB", _) => defaults::GOSUMDB.to_owned(),
        _ => String::new(),
    };
    let what = match variable {
        "GOFLAGS" => Text::new("take the flag out of GOFLAGS", "从 GOFLAGS 中去掉这个标志"),
        _ => Text::new(format!("set {variable} back to Go's default"), format!("把 {variable} 恢复为 Go 的默认值")),
    };
    let price = match variable {
        "GO111MODULE" => {
            Text::new("projects that still live in GOPATH mode need it elsewhere", "仍使用 GOPATH 模式的项目会受影响")
        }
        _ => Text::new("none", "没有"),
    };
    vec![case.setting("default", 10, vec![(variable, value)], what, price)]
}

fn without_flag(flags: &str, name: &str) -> String {
    let is_other = |flag: &&str| flag.trim_start_matches('-').split('=').next() != Some(name.trim_start_matches('-'));
    let words = goflags::split(flags).unwrap_or_default();
    goflags::join(words.iter().map(String::as_str).filter(is_other)).unwrap_or_default()
}

/// No setting helps: another version, another spelling.
pub(super) fn another_version(case: &Case<'_>) -> Vec<Fix> {
    let versions = versions(case);
    let steps = match versions.last() {
        Some(newest) => vec![StepToTake::Shell(retyped(&case.report.command, newest).to_string())],
        None => Vec::new(),
    };
    let what = match versions.last() {
        Some(newest) => Text::new(
            format!("take a version that is there; the newest of {} is {newest}", versions.len()),
            format!("选用存在的版本；共 {} 个，最新的是 {newest}", versions.len()),
        ),
        None => Text::new(
            "no setting of this machine mends it: check path and version, or tell the module's author",
            "本机的任何设置都解决不了：请检查路径和版本，或联系模块作者",
        ),
    };
    let mut fix = case.elsewhere("another-version", 80, steps, what, Text::default());
    fix.promise = Promise::NoSetting;
    vec![fix]
}

/// Checksums disagree: nothing is switched off before somebody has looked.
pub(super) fn compare(case: &Case<'_>) -> Vec<Fix> {
    let Command::Get { path, .. } = &case.report.command else { return another_version(case) };
    let line = format!(
        "GOPROXY=direct GOFLAGS=-modcacherw GOMODCACHE=$(mktemp -d) go mod download -json {path}@{}",
        case.broken.version
    );
    let what = Text::new(
        "compare with the origin before anything else; a changed module must not be built",
        "先与源头比对；内容被改动的模块绝不能构建",
    );
    let mut fix =
        case.elsewhere("compare", 10, vec![StepToTake::Shell(line)], what, Text::new("none: it only looks", "没有：只是查看"));
    fix.promise = Promise::NoSetting;
    vec![fix]
}

/// The versions that some list had, lowest first.
fn versions(case: &Case<'_>) -> Vec<String> {
    let all = case.report.hops.iter().flat_map(|hop| &hop.asked).filter_map(|asked| asked.probed.as_ref());
    let lists = all.filter_map(|probed| match &probed.answer {
        gomod::client::Answer::Found(Found::List(list)) => Some(list.versions()),
        gomod::client::Answer::Found(Found::Refs(refs)) => {
            let mut versions: Vec<String> = refs.tags.iter().filter(|tag| gomod::semver::is_valid(tag)).cloned().collect();
            gomod::semver::sort(&mut versions);
            Some(versions)
        }
        _ => None,
    });
    lists.max_by_key(Vec::len).unwrap_or_default()
}

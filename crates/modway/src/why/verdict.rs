//! Where it breaks, in words: what happened, what Go prints of it, and whose move it is.

use gomod::{
    client::{Answer, Break, End, ErrorClass, Failure, Question, Server, Through},
    goproxy::Separator,
};
use plan::{Trouble, trouble::Deadline};
use proxy::client::look::{Exchange, Step};

use super::{
    probe::{Evidence, Probed, certificate::Certificate, web_words},
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
    Verdict { headline, go_prints: String::new(), details, mover: Text::default() }
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
    Verdict {
        headline: headline(&case),
        go_prints: go_prints(report, broken, probed, &url),
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

struct Case<'c> {
    broken: &'c Break,
    who: String,
    words: String,
    status: Option<u16>,
    /// What went wrong below HTTP.
    cause: Option<Text>,
}

fn headline(case: &Case<'_>) -> Text {
    use ErrorClass as E;
    let (who, module, words) = (&case.who, &case.broken.module, &case.words);
    let version = if case.broken.version.is_empty() { String::new() } else { format!("@{}", case.broken.version) };
    let status = case.status.map(web_words).unwrap_or_default();
    let cause = case.cause.clone().unwrap_or_default();
    let (en, zh) = (cause.get(crate::lang::Lang::En), cause.get(crate::lang::Lang::Zh));
    match case.broken.class {
        E::Absent => Text::new(
            format!("{who} says that {module}{version} does not exist ({status})"),
            format!("{who} 说 {module}{version} 不存在（{status}）"),
        ),
        E::Status => {
            Text::new(format!("{who} refuses {module}{version}: {status}"), format!("{who} 拒绝了 {module}{version}：{status}"))
        }
        E::InvalidResponse => Text::new(
            format!("{who} answers 200, but what comes is no module data: {words}"),
            format!("{who} 返回 200，但内容不是模块数据：{words}"),
        ),
        E::OtherVersion => Text::new(
            format!("{who} speaks of another version than was asked for: {words}"),
            format!("{who} 返回的不是所请求的版本：{words}"),
        ),
        E::NoMatchingVersion => {
            Text::new(format!("{module} has no version for {version}"), format!("{module} 没有与 {version} 匹配的版本"))
        }
        E::Retracted => Text::new(
            format!("the author of {module} has retracted {version}: {words}"),
            format!("{module} 的作者已撤回 {version}：{words}"),
        ),
        E::Unreachable => Text::new(format!("{who} cannot be reached: {en}"), format!("无法访问 {who}：{zh}")),
        E::SumdbUnreachable => Text::new(
            format!("the checksum database cannot be asked at {who}: {en}"),
            format!("无法在 {who} 查询校验和数据库：{zh}"),
        ),
        E::Certificate => {
            Text::new(format!("Go does not believe the certificate of {who}: {en}"), format!("Go 不信任 {who} 的证书：{zh}"))
        }
        E::Handshake => Text::new(format!("no TLS connection with {who}: {en}"), format!("无法与 {who} 建立 TLS 连接：{zh}")),
        E::Redirect => Text::new(
            format!("{who} redirects where Go does not follow: {en}"),
            format!("{who} 重定向到 Go 不会跟随的地址：{zh}"),
        ),
        E::ForwardProxy => Text::new(
            format!("the forward proxy fails on the way to {who}: {en}"),
            format!("通往 {who} 的转发代理（HTTPS_PROXY）出错：{zh}"),
        ),
        E::InsecureLogin => Text::new(
            "GOPROXY has a login in a http URL, which Go refuses to send",
            "GOPROXY 的 http URL 中带有用户名和密码，Go 拒绝发送",
        ),
        E::ProxyOff => Text::new(
            format!("GOPROXY ends in off, and {module} is not in the module cache"),
            format!("GOPROXY 走到了 off，而模块缓存里没有 {module}"),
        ),
        E::InvalidGoproxy => Text::new(format!("GOPROXY cannot be read: {words}"), format!("GOPROXY 无法解析：{words}")),
        E::DisallowedVersion => {
            Text::new(format!("a proxy cannot be asked for {version}: {words}"), format!("无法向 proxy 请求 {version}：{words}"))
        }
        E::BadZip => Text::new(
            format!("the zip of {module}{version} from {who} is no good: {words}"),
            format!("{who} 提供的 {module}{version} 的 zip 不合规：{words}"),
        ),
        E::PageUnreachable if is_certificate(en) => {
            Text::new(format!("Go does not believe the certificate of {who}: {en}"), format!("Go 不信任 {who} 的证书：{zh}"))
        }
        E::PageUnreachable => Text::new(
            format!("the page that says where {module} lives does not come from {who}: {en}"),
            format!("无法从 {who} 取得说明 {module} 仓库位置的页面（?go-get=1）：{zh}"),
        ),
        E::PageStatus => Text::new(
            format!("{who} answers {status} when asked where {module} lives, without a go-import tag"),
            format!("向 {who} 查询 {module} 的仓库位置（?go-get=1）时返回 {status}，且没有 go-import 标签"),
        ),
        E::PageUseless => Text::new(
            format!("the page of {who} does not say where {module} lives: {words}"),
            format!("{who} 的页面没有说明 {module} 的仓库位置：{words}"),
        ),
        E::NoProtocol => Text::new(
            format!("git finds no repository at {who} over any secure protocol"),
            format!("git 用任何安全协议都没能在 {who} 找到仓库"),
        ),
        E::BadImportPath | E::InvalidPath => Text::new(
            format!("{module} is no path that Go can fetch: {words}"),
            format!("{module} 不是 Go 能下载的路径：{words}"),
        ),
        E::GovcsDisallows => Text::new(format!("GOVCS forbids it: {words}"), format!("被 GOVCS 禁止：{words}")),
        E::InvalidGovcs => Text::new(format!("GOVCS cannot be read: {words}"), format!("GOVCS 无法解析：{words}")),
        E::ToolMissing => {
            Text::new("the version control tool is not installed on this machine", "本机没有安装所需的版本控制工具")
        }
        E::NoRepository => Text::new(
            format!("there is no repository at {who} for {module}, or it hides from whoever has no login"),
            format!("{who} 上没有 {module} 的仓库，或者没有登录就看不到"),
        ),
        E::RepositoryLogin => Text::new(
            format!("{who} wants a login from git, and git has none"),
            format!("{who} 要求 git 登录，而 git 没有可用的凭据"),
        ),
        E::RepositoryCertificate => Text::new(
            format!("git does not believe the certificate of {who}; that is git's own check, and GOINSECURE does not reach it"),
            format!("git 不信任 {who} 的证书；这是 git 自己的检查，GOINSECURE 管不到"),
        ),
        E::RepositoryUnreachable => Text::new(format!("git cannot reach {who}"), format!("git 无法访问 {who}")),
        E::RepositoryFailed => Text::new(format!("git fails at {who}: {words}"), format!("git 在 {who} 出错：{words}")),
        E::UnknownRevision => Text::new(
            format!("the repository of {module} has no such version: {words}"),
            format!("{module} 的仓库里没有这个版本：{words}"),
        ),
        E::ModuleMisfit => Text::new(
            format!("the repository of {module} has {version}, but not as this module: {words}"),
            format!("{module} 的仓库里有 {version}，但它不是这个模块：{words}"),
        ),
        E::InvalidVersion => Text::new(
            format!("{version} cannot be a version of {module}: {words}"),
            format!("{version} 不可能是 {module} 的版本：{words}"),
        ),
        E::BadGoMod => Text::new(
            format!("the go.mod of {module}{version} cannot be read: {words}"),
            format!("{module}{version} 的 go.mod 无法解析：{words}"),
        ),
        E::OtherPath => Text::new(
            format!("the go.mod of {module}{version} has another module path: {words}"),
            format!("{module}{version} 的 go.mod 声明了另一个模块路径：{words}"),
        ),
        E::NoPackage => Text::new(
            format!("{module}{version} is there, but has no such package: {words}"),
            format!("找到了 {module}{version}，但其中没有这个包：{words}"),
        ),
        E::ChecksumMismatch => Text::new(
            format!("the checksum of {module}{version} is not the one that {who} knows"),
            format!("{module}{version} 的校验和与 {who} 记录的不一致"),
        ),
        E::ChecksumMissing => Text::new(
            format!("{who} has a record of {module}{version} without its checksum"),
            format!("{who} 有 {module}{version} 的记录，但缺少校验和"),
        ),
        E::SumdbAbsent => Text::new(
            format!("the checksum database does not know {module}{version} ({status}): it is private, or does not exist"),
            format!("校验和数据库不认识 {module}{version}（{status}）：它是私有模块，或者不存在"),
        ),
        E::SumdbStatus => Text::new(
            format!("{who} refuses to pass on the checksum database: {status}"),
            format!("{who} 拒绝转发校验和数据库的请求：{status}"),
        ),
        E::InvalidGosumdb => Text::new(format!("GOSUMDB cannot be read: {words}"), format!("GOSUMDB 无法解析：{words}")),
        E::SumdbDishonest => Text::new(
            format!("what {who} says for the checksum database is not signed by it: {words}"),
            format!("{who} 给出的校验和数据库内容没有正确签名：{words}"),
        ),
        E::ModulesOff => Text::new("GO111MODULE=off: the go command does not know modules", "GO111MODULE=off：go 命令不使用模块"),
        E::VendorMode => Text::new("-mod=vendor in GOFLAGS: nothing is fetched", "GOFLAGS 中有 -mod=vendor：不会下载任何模块"),
        E::InsecureFlag => Text::new("GOFLAGS has -insecure, which Go no longer knows", "GOFLAGS 中有 -insecure，Go 已不再支持"),
        E::InvalidGoflags => Text::new(format!("GOFLAGS cannot be read: {words}"), format!("GOFLAGS 无法解析：{words}")),
        E::NoPatchBase => Text::new(
            format!("patch needs a version of {module} that is required already"),
            format!("patch 查询要求已经依赖 {module} 的某个版本"),
        ),
    }
}

fn mover(case: &Case<'_>) -> Text {
    use ErrorClass as E;
    let who = &case.who;
    let yours = || Text::new("yours: a setting of this machine", "你：修改本机的设置");
    let theirs = || {
        Text::new(
            format!("that of whoever runs {who}; what you can do meanwhile is below"),
            format!("{who} 的管理员；在此之前你能做的见下文"),
        )
    };
    let either = || {
        Text::new(
            format!("yours, if this is not the way you meant; else that of whoever runs {who}"),
            format!("如果本不该走这条路，由你修改设置；否则由 {who} 的管理员处理"),
        )
    };
    match case.broken.class {
        E::Certificate => trust(case),
        E::PageUnreachable if case.cause.as_ref().is_some_and(|cause| is_certificate(cause.get(crate::lang::Lang::En))) => {
            trust(case)
        }
        E::Absent
        | E::SumdbAbsent
        | E::PageStatus
        | E::NoRepository
        | E::PageUnreachable
        | E::Unreachable
        | E::SumdbUnreachable => either(),
        E::Status if matches!(case.status, Some(401 | 407)) => yours(),
        E::Status | E::SumdbStatus => either(),
        E::InvalidResponse | E::OtherVersion | E::Redirect | E::BadZip | E::PageUseless | E::Handshake => theirs(),
        E::SumdbDishonest | E::ChecksumMismatch | E::ChecksumMissing => Text::new(
            format!(
                "nobody's yet: compare the sources first, and do not switch checksums off; {who} may be wrong, or the module was changed"
            ),
            format!("先比对来源，不要关闭校验和：可能是 {who} 有问题，也可能模块被改动过"),
        ),
        E::NoMatchingVersion
        | E::Retracted
        | E::UnknownRevision
        | E::ModuleMisfit
        | E::BadGoMod
        | E::OtherPath
        | E::NoPackage => Text::new(
            "yours, if path or version is mistyped; else the module's author's",
            "若路径或版本写错，由你改正；否则由模块作者处理",
        ),
        E::ForwardProxy
        | E::InsecureLogin
        | E::ProxyOff
        | E::InvalidGoproxy
        | E::DisallowedVersion
        | E::NoProtocol
        | E::BadImportPath
        | E::InvalidPath
        | E::GovcsDisallows
        | E::InvalidGovcs
        | E::ToolMissing
        | E::RepositoryLogin
        | E::RepositoryCertificate
        | E::RepositoryUnreachable
        | E::RepositoryFailed
        | E::InvalidVersion
        | E::InvalidGosumdb
        | E::ModulesOff
        | E::VendorMode
        | E::InsecureFlag
        | E::InvalidGoflags
        | E::NoPatchBase => yours(),
    }
}

/// An unknown authority can be made known here; a wrong name or an old certificate cannot.
fn trust(case: &Case<'_>) -> Text {
    let who = &case.who;
    if case.cause.as_ref().is_some_and(|cause| cause.get(crate::lang::Lang::En).contains("unknown authority")) {
        return Text::new(
            format!("yours: this machine does not know the authority of {who}"),
            format!("你：本机不认识 {who} 的 CA"),
        );
    }
    Text::new(format!("that of whoever runs {who}: it needs another certificate"), format!("{who} 的管理员：需要更换证书"))
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

/// What went wrong below HTTP, in both languages.
fn cause(probed: &Probed) -> Option<Text> {
    let Err(trouble) = &last(probed)?.end else { return None };
    let told = |text: &str| harmless(super::words::of_tls(text));
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

fn is_certificate(cause: &str) -> bool {
    cause.starts_with("x509:")
}

/// What else the evidence shows.
fn details(probed: &Probed) -> Vec<Text> {
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
            let body = super::probe::detail_of(told);
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

fn git_details(seen: &super::probe::git::Seen) -> Vec<Text> {
    use super::probe::git::NotRun;
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

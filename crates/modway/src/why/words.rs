//! The words of reports, in both languages.

use gomod::{
    client::{Answer, ErrorClass, Failure, Found, TlsFailure, ToolFailure},
    goenv::{GoAuth, Method},
    pattern::Miss,
};
use plan::{Trouble, trouble::Deadline};
use proxy::client::look::{Exchange, Step};

use super::{
    probe::Guess,
    report::{Hop, Kind, State, Text},
};
use crate::{
    machine::{Layer, Machine, Note},
    render::terminal::harmless,
};

/// Where a value comes from, beside its name.
pub(super) fn layer(layer: &Layer) -> Text {
    match layer {
        Layer::Environment => Text::new("environment", "环境变量"),
        Layer::Told(name) => Text::new(name, name),
        Layer::UserFile(path) => Text::new(format!("go env -w, {}", path.display()), format!("go env -w，{}", path.display())),
        Layer::GoRootFile(path) => Text::new(path.display().to_string(), path.display().to_string()),
        Layer::Default => Text::new("Go's default", "Go 默认值"),
    }
}

/// GOAUTH, its command lines without their words, which may hold secrets.
pub(super) fn goauth(value: &str) -> String {
    let shown = |method: &Method| match method {
        Method::Off => "off".to_owned(),
        Method::Netrc => "netrc".to_owned(),
        Method::Git(folder) => format!("git {folder}"),
        Method::Command(words) => format!("{} … (not run)", words.first().map_or("", String::as_str)),
    };
    match GoAuth::parse(value) {
        Ok(goauth) => goauth.methods().iter().map(shown).collect::<Vec<_>>().join("; "),
        Err(why) => why.to_string(),
    }
}

/// What is to be known of settings that somebody told: what they leave open, and what is odd in them.
pub fn hearsay(machine: &Machine) -> Vec<Text> {
    let is_partly_told = machine.teller().is_some_and(|teller| !teller.is_effective);
    is_partly_told.then(partly_told).into_iter().chain(machine.notes().iter().map(note)).collect()
}

pub(super) fn partly_told() -> Text {
    Text::new(
        "It is an environment only: what that machine's go env -w file and its go.env say is not known, and taken to be Go's default.",
        "它只是环境变量：那台机器的 go env -w 文件和 go.env 的内容无从得知，这里按 Go 默认值处理。",
    )
}

pub(super) fn note(note: &Note) -> Text {
    match note {
        Note::Quoted(name) => Text::new(
            format!("! {name} stands in quotes: a container keeps them as part of the value"),
            format!("! {name} 的值带有引号：容器会把引号当作值的一部分"),
        ),
        Note::Inherited(name) => Text::new(
            format!("! {name} stands alone: its value is that of whoever starts the container, and is not known here"),
            format!("! {name} 没有写值：取自启动容器的环境，这里无从得知"),
        ),
    }
}

pub(crate) fn miss(miss: Miss) -> Text {
    match miss {
        Miss::Space => Text::new("Go does not trim the space around a pattern", "Go 不会去掉模式两边的空格"),
        Miss::Quotes => Text::new("the quotes are part of the pattern", "引号会被当作模式的一部分"),
        Miss::Separator => Text::new("patterns are separated by commas only", "模式之间只能用逗号分隔"),
        Miss::Scheme => Text::new("a module path has no scheme", "模块路径没有 https:// 这样的前缀"),
        Miss::Port => Text::new("a module path has no port", "模块路径没有端口号"),
        Miss::Regex => Text::new("patterns are globs, not regular expressions", "模式是通配符，不是正则表达式"),
        Miss::Dots => Text::new(
            "/... is for packages; a pattern covers everything below it anyway",
            "/... 只用于包；模式本来就覆盖其下的一切",
        ),
        Miss::Slashes => Text::new("there is a slash too many", "多了一个斜杠"),
        Miss::LetterCase => Text::new("capital and small letters differ", "区分大小写"),
        Miss::Subdomain => Text::new("a domain does not stand for what is below it", "写域名并不包含它的子域名"),
        Miss::BareDomain => Text::new("*. does not stand for the domain itself", "*. 不包含域名本身"),
        Miss::CutShort => Text::new("the host name is cut short", "主机名不完整"),
        Miss::VcsSuffix => Text::new("the .git at the end is part of the path", "结尾的 .git 是路径的一部分"),
        Miss::WholeElements => Text::new("path elements are compared whole", "路径按整段比较"),
        Miss::TooDeep => Text::new(
            "the pattern has more elements than this path, which Go asks about too",
            "模式比这个路径的段数多，而 Go 也会查询这个较短的路径",
        ),
        Miss::Spelling => Text::new("the spelling differs a little", "拼写略有不同"),
        Miss::NotAscii => Text::new("a module path is ASCII", "模块路径只能是 ASCII 字符"),
    }
}

pub(super) fn kind(hop: &Hop) -> Text {
    match (hop.kind, hop.index) {
        (Kind::Proxy, _) => Text::new("module proxy", "模块 proxy"),
        (Kind::File, _) => Text::new("folder as module proxy", "作为 proxy 的目录"),
        (Kind::Direct, None) => Text::new("version control, before the list: GONOPROXY", "版本控制，先于列表：GONOPROXY"),
        (Kind::Direct, Some(_)) => Text::new("version control", "版本控制"),
        (Kind::Off, _) => Text::new("the end: nothing is fetched", "到此为止：不再下载"),
    }
}

pub(super) fn state(hop: &Hop, is_dry: bool) -> Text {
    match hop.state {
        State::Passed if hop.kind == Kind::Direct => Text::new("the same again", "同上，再来一次"),
        State::Passed => Text::new("not asked: the module is private (GONOPROXY)", "不询问：模块是私有的（GONOPROXY）"),
        State::NotReached if is_dry && !hop.asked.is_empty() && hop.index.is_none_or(|index| index == 0) => {
            Text::new("would be asked:", "会询问：")
        }
        State::NotReached if is_dry && !hop.asked.is_empty() => {
            Text::new("what it would be asked, if it comes to that:", "走到这里时会询问：")
        }
        State::NotReached if is_dry => Text::default(),
        State::NotReached => Text::new("Go does not come here", "Go 不会走到这里"),
        State::Unknown if is_dry => Text::new("would be asked for:", "会询问："),
        State::Served | State::GaveWay | State::Broke | State::Unknown => Text::default(),
    }
}

pub(super) fn guess(guess: Guess) -> Text {
    match guess {
        Guess::Commit => Text::new(
            "the commit was not fetched: its go.mod and files are taken to be good",
            "没有下载该提交：假定其 go.mod 和文件没有问题",
        ),
        Guess::Tiles => {
            Text::new("the proof was not recomputed; the record's signature was checked", "没有重新计算证明；只检查了记录的签名")
        }
        Guess::Version => Text::new("the version is known only after fetching the commit", "下载该提交之后才能知道版本"),
        Guess::Tool => Text::new("hg, svn and fossil are not run", "不运行 hg、svn、fossil"),
    }
}

pub(super) fn into_file(file: &str) -> Text {
    Text::new(format!("a line of {file}"), format!("写入 {file}"))
}

pub(super) const fn step(step: Step) -> &'static str {
    match step {
        Step::Dns => "dns",
        Step::Connect => "tcp",
        Step::Tunnel => "tunnel",
        Step::Tls => "tls",
        Step::Http => "http",
    }
}

/// True for an answer that brings what was asked for.
pub(super) fn is_good(answer: &Answer) -> bool {
    matches!(answer, Answer::Found(_))
}

/// What came.
pub(super) fn content(answer: &Answer) -> Text {
    match answer {
        Answer::Found(found) => match found {
            Found::List(list) => match list.versions().as_slice() {
                [] => Text::new("200, an empty list", "200，空列表"),
                [one] => Text::new(format!("one version, {one}"), format!("一个版本，{one}")),
                [.., last] => {
                    let count = list.versions().len();
                    Text::new(format!("{count} versions, up to {last}"), format!("{count} 个版本，最高 {last}"))
                }
            },
            Found::Info(info) => Text::new(&info.version, &info.version),
            Found::GoMod(facts) => match &facts.fault {
                Some(fault) => Text::new(harmless(fault), harmless(fault)),
                None => Text::new("there", "有"),
            },
            Found::Zip(_) => Text::new("there (not downloaded)", "有（未下载）"),
            Found::Page(page) => match page.tags() {
                [] => {
                    let fault = harmless(page.fault().unwrap_or_default());
                    if fault.is_empty() {
                        Text::new("no go-import tag", "没有 go-import 标签")
                    } else {
                        Text::new(&fault, &fault)
                    }
                }
                [tag, ..] => {
                    let told = harmless(&crate::machine::masked(&format!("{} {} {}", tag.prefix, tag.vcs, tag.repo_root)));
                    Text::new(&told, &told)
                }
            },
            Found::Refs(refs) => {
                let tags = refs.tags.len();
                let noun = if tags == 1 { "tag" } else { "tags" };
                Text::new(format!("reachable, {tags} {noun}"), format!("可以访问，{tags} 个标签"))
            }
            Found::Commit(commit) => Text::new(&commit.info.version, &commit.info.version),
            Found::Record(record) if record.is_missing => Text::new("a record without this version", "记录中没有该版本"),
            Found::Record(_) => Text::new("has it, signed", "有记录，签名正确"),
            Found::Yes => Text::new("yes", "可以"),
        },
        Answer::Failed(failure) => failed(failure),
        Answer::Unknown => Text::new("not known", "未知"),
    }
}

fn failed(failure: &Failure) -> Text {
    match failure {
        Failure::Status(status) => Text::new(super::probe::web_words(*status), super::probe::web_words(*status)),
        Failure::NoFile => Text::new("no such file", "没有这个文件"),
        Failure::NoAddress => Text::new("no such host", "域名无法解析"),
        Failure::NoConnection => Text::new("no connection", "无法连接"),
        Failure::Cut => Text::new("the connection ended early", "连接提前断开"),
        Failure::TimedOut => Text::new("no answer in time", "没有及时回答"),
        Failure::Tls(TlsFailure::UnknownAuthority) => {
            Text::new("certificate signed by an unknown authority", "证书由未知 CA 签发")
        }
        Failure::Tls(TlsFailure::WrongName) => Text::new("certificate of another name", "证书的域名不符"),
        Failure::Tls(TlsFailure::Expired) => Text::new("certificate expired, or not valid yet", "证书已过期或尚未生效"),
        Failure::Tls(TlsFailure::Handshake) => Text::new("no TLS", "TLS 握手失败"),
        Failure::Redirect => Text::new("a redirect that Go does not follow", "Go 不会跟随的重定向"),
        Failure::LoginInTheClear => Text::new("a login that would go over http", "登录信息会走明文 http"),
        Failure::Gateway => Text::new("the forward proxy failed", "转发代理出错"),
        Failure::Unreadable(words) | Failure::NoRevision(words) | Failure::Misfit(words) | Failure::Dishonest(words) => {
            Text::new(harmless(words), harmless(words))
        }
        Failure::Tool(ToolFailure::Missing) => Text::new("the tool is not installed", "没有安装该工具"),
        Failure::Tool(ToolFailure::NoRepository) => Text::new("no such repository", "没有这个仓库"),
        Failure::Tool(ToolFailure::Login) => Text::new("wants a login", "需要登录"),
        Failure::Tool(ToolFailure::Certificate) => Text::new("git does not believe the certificate", "git 不信任证书"),
        Failure::Tool(ToolFailure::Unreachable) => Text::new("git cannot reach it", "git 无法访问"),
        Failure::Tool(ToolFailure::Forbidden) => Text::new("git may not use this scheme", "git 不允许使用该协议"),
        Failure::Tool(ToolFailure::Other) => Text::new("git failed", "git 出错"),
    }
}

/// What went wrong below HTTP, briefly.
pub(super) fn trouble(exchange: &Exchange) -> Text {
    let Err(trouble) = &exchange.end else { return Text::default() };
    let cut = |text: &str| harmless(of_tls(text));
    match trouble {
        Trouble::Dns(_) => Text::new("no such host", "域名无法解析"),
        Trouble::Connect(text) if text.contains("refused") => Text::new("connection refused", "连接被拒绝"),
        Trouble::Connect(text) => Text::new(cut(text), cut(text)),
        Trouble::Tls(text) => Text::new(cut(text), cut(text)),
        Trouble::ForwardProxy(text) => Text::new(format!("forward proxy {}", cut(text)), format!("转发代理 {}", cut(text))),
        Trouble::Broken(_) => Text::new("the connection ended early", "连接提前断开"),
        Trouble::Deadline(Deadline::Connect, _) => Text::new("no connection in time", "连接超时"),
        Trouble::Deadline(Deadline::Tls, _) => Text::new("TLS not finished in time", "TLS 握手超时"),
        Trouble::Deadline(..) => Text::new("no answer in time", "没有及时回答"),
        other => Text::new(cut(&other.to_string()), cut(&other.to_string())),
    }
}

/// What the client says of TLS, without its advice and without the host, which is named beside it.
pub(super) fn of_tls(text: &str) -> &str {
    let text = text.split("; name its CA file").next().unwrap_or_default();
    if text.contains("unknown authority") { text.split(" (").next().unwrap_or_default() } else { text }
}

/// A class of errors in a few words.
pub(super) fn class(class: ErrorClass) -> Text {
    use ErrorClass as E;
    let (en, zh) = match class {
        E::Absent => ("the proxy says that it does not exist", "proxy 说它不存在"),
        E::Status => ("the proxy refuses", "proxy 拒绝"),
        E::InvalidResponse => ("the proxy answers with no module data", "proxy 返回的不是模块数据"),
        E::OtherVersion => ("the proxy answers with another version", "proxy 返回了另一个版本"),
        E::NoMatchingVersion => ("no version matches", "没有匹配的版本"),
        E::Retracted => ("its author has retracted the version", "作者已撤回这个版本"),
        E::Unreachable => ("the proxy is not reached", "无法访问 proxy"),
        E::Certificate => ("Go does not believe a certificate", "Go 不信任证书"),
        E::Handshake => ("no TLS", "TLS 握手失败"),
        E::Redirect => ("a redirect that Go does not follow", "Go 不会跟随的重定向"),
        E::ForwardProxy => ("the forward proxy fails", "转发代理出错"),
        E::InsecureLogin => ("a login would go over http", "登录信息会走 http"),
        E::ProxyOff => ("GOPROXY=off", "GOPROXY=off"),
        E::InvalidGoproxy => ("GOPROXY cannot be read", "GOPROXY 无法解析"),
        E::DisallowedVersion => ("a proxy cannot be asked for this version", "无法向 proxy 请求这个版本"),
        E::BadZip => ("the zip is no good", "zip 不合规"),
        E::PageUnreachable => ("the host's ?go-get=1 page does not come", "无法取得主机的 ?go-get=1 页面"),
        E::PageStatus => ("the host answers without a go-import tag", "主机的回答中没有 go-import 标签"),
        E::PageUseless => ("the host's page has no usable go-import tag", "主机的页面没有可用的 go-import 标签"),
        E::NoProtocol => ("git finds no repository there", "git 在那里找不到仓库"),
        E::BadImportPath | E::InvalidPath => ("the path cannot be fetched", "该路径无法下载"),
        E::GovcsDisallows => ("GOVCS forbids it", "被 GOVCS 禁止"),
        E::InvalidGovcs => ("GOVCS cannot be read", "GOVCS 无法解析"),
        E::ToolMissing => ("the version control tool is missing", "缺少版本控制工具"),
        E::NoRepository => ("there is no such repository", "没有这个仓库"),
        E::RepositoryLogin => ("git needs a login", "git 需要登录"),
        E::RepositoryCertificate => ("git does not believe the certificate", "git 不信任证书"),
        E::RepositoryUnreachable => ("git cannot reach the host", "git 无法访问主机"),
        E::RepositoryFailed => ("git fails", "git 出错"),
        E::UnknownRevision => ("the repository has no such version", "仓库里没有这个版本"),
        E::ModuleMisfit => ("the revision is there, but is not this module", "有这个提交，但它不是这个模块"),
        E::InvalidVersion => ("this cannot be a version of it", "不可能是它的版本"),
        E::BadGoMod => ("its go.mod cannot be read", "go.mod 无法解析"),
        E::OtherPath => ("its go.mod has another path", "go.mod 声明了另一个路径"),
        E::NoPackage => ("the module has no such package", "模块中没有这个包"),
        E::ChecksumMismatch => ("the checksum differs", "校验和不一致"),
        E::ChecksumMissing => ("the database has no checksum for it", "校验和数据库缺少它的校验和"),
        E::SumdbAbsent => ("the checksum database does not know it", "校验和数据库不认识它"),
        E::SumdbStatus => ("the checksum database is refused", "校验和数据库的请求被拒绝"),
        E::SumdbUnreachable => ("the checksum database is not reached", "无法访问校验和数据库"),
        E::InvalidGosumdb => ("GOSUMDB cannot be read", "GOSUMDB 无法解析"),
        E::SumdbDishonest => ("the checksum database contradicts itself", "校验和数据库自相矛盾"),
        E::ModulesOff => ("modules are switched off", "模块功能被关闭"),
        E::VendorMode => ("-mod=vendor", "-mod=vendor"),
        E::InsecureFlag => ("-insecure is no longer known", "不再支持 -insecure"),
        E::InvalidGoflags => ("GOFLAGS cannot be read", "GOFLAGS 无法解析"),
        E::NoPatchBase => ("patch needs a version that is required already", "patch 需要已依赖的版本"),
    };
    Text::new(en, zh)
}

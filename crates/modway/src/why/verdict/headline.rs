//! What happened in one sentence, and whose move it is. One table over the classes of errors.

use gomod::client::{Break, ErrorClass};

use super::super::{probe::web_words, report::Text};

/// A break with what is known of it.
pub(super) struct Case<'c> {
    pub(super) broken: &'c Break,
    pub(super) who: String,
    pub(super) words: String,
    pub(super) status: Option<u16>,
    /// What went wrong below HTTP.
    pub(super) cause: Option<Text>,
}

pub(super) fn headline(case: &Case<'_>) -> Text {
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

/// Whose move it is.
pub(super) fn mover(case: &Case<'_>) -> Text {
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
        | E::GovcsDisallows
        | E::InvalidGovcs
        | E::ToolMissing
        | E::RepositoryLogin
        | E::RepositoryCertificate
        | E::RepositoryUnreachable
        | E::RepositoryFailed
        | E::InvalidGosumdb
        | E::ModulesOff
        | E::VendorMode
        | E::InsecureFlag
        | E::InvalidGoflags => yours(),
        E::BadImportPath | E::InvalidPath | E::InvalidVersion | E::NoPatchBase => {
            Text::new("yours: what was typed", "你：改正输入的内容")
        }
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

fn is_certificate(cause: &str) -> bool {
    cause.starts_with("x509:")
}

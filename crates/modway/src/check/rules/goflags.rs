//! GO111MODULE and GOFLAGS: settings that change what every go command does.

use gomod::goenv::goflags;

use super::Court;

pub(super) fn judge(court: &mut Court<'_>) {
    modules(court);
    let setting = court.setting("GOFLAGS");
    // With a quote that does not end every go command stops and says so.
    let flags = goflags::split(&setting.value).unwrap_or_default();
    // One command for all of them: two that each leave the other's flag would undo each other.
    let good = goflags::join(flags.iter().map(String::as_str).filter(|flag| judged(flag).is_none())).unwrap_or_default();
    let fix = court.change(&setting, Some(good.as_str()).filter(|good| !good.is_empty()));
    for flag in &flags {
        let Some((id, en, zh)) = judged(flag) else { continue };
        let why = court.say(en.to_owned(), zh.to_owned());
        court.add_setting(id, &setting, &format!("GOFLAGS {flag}"), &why, &fix);
    }
}

/// The rule that a flag is against, and why it is there.
fn judged(flag: &str) -> Option<(&'static str, &'static str, &'static str)> {
    let name = flag.trim_start_matches('-').split('=').next().unwrap_or_default();
    let value = flag.split_once('=').map_or("", |(_, value)| value);
    Some(match (name, value) {
        ("mod", "mod") => (
            "goflags-mod",
            "with -mod=mod every build may change go.mod and go.sum, so that what was reviewed is not what is built",
            "-mod=mod 让每次构建都可能改动 go.mod 和 go.sum，审查过的内容就不再是构建的内容",
        ),
        ("insecure", _) => (
            "goflags-insecure",
            "Go knows -insecure no more: `go get` refuses it, other commands pass it over; GOINSECURE names the few hosts that need it",
            "Go 已不再支持 -insecure：`go get` 会直接报错，其他命令则忽略它；确有需要的主机请写进 GOINSECURE",
        ),
        ("toolexec" | "exec", _) => (
            "goflags-toolexec",
            "builds and tests run this program in place of Go's own tools, with all that they may do",
            "构建和测试会用这个程序代替 Go 自己的工具运行，并拥有它们的全部权限",
        ),
        ("modfile" | "overlay", _) => (
            "goflags-files",
            "builds read other files than those that lie in the repository and were reviewed",
            "构建读取的不是仓库里经过审查的文件",
        ),
        ("modcacherw", value) if value != "false" => (
            "goflags-modcacherw",
            "any program can change modules in the cache after they were verified; `go clean -modcache` removes a read-only cache as well",
            "模块校验之后，任何程序都能改动缓存里的内容；只读的缓存用 `go clean -modcache` 同样可以清除",
        ),
        _ => return None,
    })
}

fn modules(court: &mut Court<'_>) {
    let setting = court.setting("GO111MODULE");
    if !matches!(setting.value.as_str(), "off" | "auto") {
        return;
    }
    let why = court.say(
        "without modules there is no go.mod, no go.sum and no checksum: whatever lies in GOPATH is built".to_owned(),
        "没有模块模式就没有 go.mod、go.sum 和校验和：GOPATH 里有什么就构建什么".to_owned(),
    );
    let fix = court.change(&setting, None);
    court.add_setting("go111module", &setting, &format!("GO111MODULE={}", setting.value), &why, &fix);
}

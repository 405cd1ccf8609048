//! Errors of choosing and fetching a Go toolchain.

use super::{By, Question, Row, Whose, both, fix};

pub(super) const ROWS: &[Row] = &[
    Row {
        code: "toolchain-not-available",
        by: By::Go,
        whose: Whose::Client,
        phrases: &["toolchain not available"],
        answer: &[],
        settings: &["GOTOOLCHAIN", "GOPROXY", "go.mod: go, toolchain"],
        cause: both(
            "The toolchain could not be fetched. The words are the same for three things: no such release for this platform, a proxy that does not have it, \
             and a GOPROXY list that came to `off` or to a `direct` that failed (no network, TLS).",
            "无法获取工具链。三种情况会打印同样的话：该平台没有这个发行版；代理上没有；GOPROXY 走到了 `off`，或走到了 `direct` 但失败了（没有网络、TLS 出错）。",
        ),
        fixes: &[
            fix(
                "Use the Go that is installed; go.mod must allow it.",
                "使用已安装的 Go；前提是 go.mod 允许。",
                "GOTOOLCHAIN=local go version",
            ),
            fix(
                "Or name a proxy that has toolchains.",
                "或使用提供工具链的代理。",
                "go env -w GOPROXY=https://proxy.golang.org,direct",
            ),
        ],
        question: Some(Question {
            ask: both(
                "What do the entries of GOPROXY say to the toolchain's own file?",
                "GOPROXY 中的各项对工具链文件本身返回什么？",
            ),
            command: "curl -sSIL \"$(go env GOPROXY | cut -d, -f1 | cut -d'|' -f1)/golang.org/toolchain/@v/v0.0.1-{go}.$(go env GOHOSTOS)-$(go env GOHOSTARCH).zip\"",
            answers: &[
                (
                    both("200", "200"),
                    both(
                        "the first entry has it: a later error hides it, look at GOSUMDB and at the network",
                        "第一项有这个文件：请检查 GOSUMDB 和网络",
                    ),
                ),
                (
                    both("404 or 410", "404 或 410"),
                    both(
                        "no such release, or the proxy has no toolchains: compare with https://go.dev/dl/",
                        "没有这个发行版，或该代理不提供工具链：请对照 https://go.dev/dl/",
                    ),
                ),
                (
                    both("no answer, or the entry is `direct` or `off`", "没有应答，或该项是 `direct`、`off`"),
                    both("it is the network or the list, not the release", "问题在网络或 GOPROXY 列表，与发行版无关"),
                ),
            ],
        }),
    },
    Row {
        code: "toolchain-not-in-path",
        by: By::Go,
        whose: Whose::Client,
        phrases: &["cannot find \"go1{} in PATH", "cannot find {} in PATH"],
        answer: &[],
        settings: &["GOTOOLCHAIN", "PATH", "go.mod: go, toolchain"],
        cause: both(
            "GOTOOLCHAIN asks for a release by `path` or `NAME+path`: it is looked for as a program of that name in PATH, and never fetched.",
            "GOTOOLCHAIN 使用 `path` 或 `NAME+path`：只在 PATH 中查找同名程序，不会下载。",
        ),
        fixes: &[
            fix("Let it be fetched.", "允许下载。", "go env -w GOTOOLCHAIN=auto"),
            fix("Or install it.", "或自行安装。", "go install golang.org/dl/{go}@latest"),
        ],
        question: None,
    },
    Row {
        code: "toolchain-not-a-release",
        by: By::Go,
        whose: Whose::Client,
        phrases: &["is a language version but not a toolchain version"],
        answer: &[],
        settings: &["GOTOOLCHAIN", "go.mod: toolchain"],
        cause: both(
            "`go1.99` names a language version; a toolchain's name has a third number, `go1.99.0`.",
            "`go1.99` 是语言版本；工具链的名字要有第三段，例如 `go1.99.0`。",
        ),
        fixes: &[fix("Write the release in full.", "写出完整的发行版号。", "go mod edit -toolchain=go1.N.0")],
        question: None,
    },
    Row {
        code: "gotoolchain-invalid",
        by: By::Go,
        whose: Whose::Client,
        phrases: &["invalid GOTOOLCHAIN", "invalid toolchain", "invalid minimum toolchain"],
        answer: &[],
        settings: &["GOTOOLCHAIN"],
        cause: both(
            "GOTOOLCHAIN is none of `local`, `auto`, `path`, `NAME`, `NAME+auto`, `NAME+path`.",
            "GOTOOLCHAIN 不是 `local`、`auto`、`path`、`NAME`、`NAME+auto`、`NAME+path` 之一。",
        ),
        fixes: &[fix("Go back to the default.", "恢复默认值。", "go env -w GOTOOLCHAIN=auto")],
        question: None,
    },
    Row {
        code: "toolchain-unverified",
        by: By::Go,
        whose: Whose::Client,
        phrases: &["checksum database disabled by GOSUMDB=off"],
        answer: &[],
        settings: &["GOSUMDB", "GOTOOLCHAIN", "GOPROXY"],
        cause: both(
            "Toolchains are always proven by the checksum database, and GOSUMDB=off. GOPRIVATE and GONOSUMDB do not change that.",
            "工具链必须由校验和数据库验证，而 GOSUMDB=off。GOPRIVATE 和 GONOSUMDB 对此无效。",
        ),
        fixes: &[
            fix("Turn the database on.", "启用校验和数据库。", "go env -w GOSUMDB=sum.golang.org"),
            fix("Or use the Go that is installed.", "或使用已安装的 Go。", "go env -w GOTOOLCHAIN=local"),
        ],
        question: None,
    },
    Row {
        code: "go-too-old",
        by: By::Go,
        whose: Whose::Client,
        phrases: &[
            "requires go >= {} (running go",
            "switching to go >=",
            "cannot switch to",
            "module requires Go",
            "note: module requires Go",
            "requires newer Go version",
            "go.mod requires go >=",
        ],
        answer: &[],
        settings: &["GOTOOLCHAIN", "go.mod: go, toolchain"],
        cause: both(
            "A go.mod wants a newer Go than the one that runs, and this one may not fetch another (GOTOOLCHAIN=local, or a name without +auto).",
            "某个 go.mod 要求比当前更新的 Go，而设置不允许下载其他版本（GOTOOLCHAIN=local，或名称后没有 +auto）。",
        ),
        fixes: &[
            fix("Allow newer toolchains to be fetched.", "允许下载更新的工具链。", "go env -w GOTOOLCHAIN=auto"),
            fix(
                "Or install a newer Go in the image, or use an older version of the module.",
                "或在镜像中安装更新的 Go，或改用该模块的旧版本。",
                "go list -m -versions {module}",
            ),
        ],
        question: None,
    },
];

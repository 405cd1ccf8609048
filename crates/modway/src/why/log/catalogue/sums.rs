//! Errors of go.sum and of the checksum database.

use super::{By, Question, Row, Whose, both, fix};

pub(super) const ROWS: &[Row] = &[
    Row {
        code: "sumdb-fork",
        by: By::Database,
        whose: Whose::Database,
        phrases: &["go.sum database server misbehavior detected"],
        answer: &[],
        settings: &["GOSUMDB", "GOPROXY"],
        cause: both(
            "The database shows a history that contradicts the one seen before: another database under the same key, a stale state in GOPATH/pkg/sumdb, or an attack.",
            "校验和数据库给出的历史与之前见过的相矛盾：同一密钥下换了数据库、GOPATH/pkg/sumdb 中的状态过期，或遭到攻击。",
        ),
        fixes: &[fix(
            "Stop, keep this text, and ask whoever runs the database.",
            "停下来，保留这段输出，联系数据库的运维者。",
            "",
        )],
        question: Some(Question {
            ask: both("Do you run that database yourself, and was it set up anew?", "这个数据库是自建的，并且重新初始化过吗？"),
            command: "ls -l \"$(go env GOPATH)/pkg/sumdb\"",
            answers: &[
                (
                    both("yes", "是"),
                    both("forget its old state: remove the folder of its name there", "删除该目录下同名的文件夹，丢弃旧状态"),
                ),
                (both("no", "否"), both("treat it as an attack until it is explained", "在查明原因之前按攻击处理")),
            ],
        }),
    },
    Row {
        code: "go-sum-mismatch",
        by: By::Go,
        whose: Whose::Client,
        phrases: &["checksum mismatch downloaded: {} go.sum:", "checksum mismatch … go.sum: h1:"],
        answer: &[],
        settings: &["GOPROXY", "GOSUMDB", "GONOSUMDB"],
        cause: both(
            "The bytes that came are not those that go.sum knows: the author moved the tag, a proxy serves something else, or somebody changed it on the way.",
            "下载的内容与 go.sum 记录的不一致：作者移动了 tag、代理给了别的内容，或传输途中被改动。",
        ),
        fixes: &[
            fix(
                "Compare with the public database before you believe either.",
                "先与公共校验和数据库比对，再决定相信哪一边。",
                "curl -sS https://sum.golang.org/lookup/{module}@{version}",
            ),
            fix(
                "If only the cache is wrong, fetch again. Never just delete go.sum.",
                "如果只是缓存有问题，重新下载。不要直接删除 go.sum。",
                "go clean -modcache",
            ),
        ],
        question: Some(Question {
            ask: both(
                "Whom does the public database agree with: `downloaded` or `go.sum`?",
                "公共数据库与哪一个一致：`downloaded` 还是 `go.sum`？",
            ),
            command: "curl -sS https://sum.golang.org/lookup/{module}@{version}",
            answers: &[
                (
                    both("go.sum", "go.sum"),
                    both(
                        "what you were served is wrong: another proxy, or tell the one you use",
                        "你拿到的内容不对：换一个代理，或通知该代理的运维者",
                    ),
                ),
                (
                    both("downloaded", "downloaded"),
                    both(
                        "go.sum was written from something else: correct it with `go mod tidy` after asking its author",
                        "go.sum 来自别的内容：向提交者确认后用 `go mod tidy` 更正",
                    ),
                ),
                (
                    both("404", "404"),
                    both("a private module: ask its author whether the tag was moved", "是私有模块：问作者是否移动过 tag"),
                ),
            ],
        }),
    },
    Row {
        code: "sumdb-mismatch",
        by: By::Database,
        whose: Whose::Proxy,
        phrases: &["checksum mismatch"],
        answer: &[],
        settings: &["GOPROXY", "GOSUMDB", "GOPRIVATE"],
        cause: both(
            "The bytes that came are not those that the checksum database recorded for this version: the tag was moved after it was first seen, or the proxy changed them.",
            "下载的内容与校验和数据库的记录不一致：tag 在首次收录后被移动，或代理改动了内容。",
        ),
        fixes: &[
            fix(
                "Fetch it by another way and compare.",
                "换一条路获取并比较。",
                "GOPROXY=https://proxy.golang.org GOFLAGS=-modcacherw GOMODCACHE=$(mktemp -d) go mod download {module}@{version}",
            ),
            fix(
                "If the author moved the tag, use another version.",
                "如果作者移动过 tag，请使用其他版本。",
                "go list -m -versions {module}",
            ),
        ],
        question: None,
    },
    Row {
        code: "sumdb-lacks-line",
        by: By::Database,
        whose: Whose::Database,
        phrases: &["checksum missing from sumdb response"],
        answer: &[],
        settings: &["GOSUMDB", "GOPROXY"],
        cause: both(
            "The database, or the proxy in front of it, answered with a record that lacks the asked line.",
            "校验和数据库（或它前面的代理）返回的记录里没有所需的那一行。",
        ),
        fixes: &[fix(
            "Ask the database itself.",
            "直接访问数据库。",
            "go env -w GOSUMDB=\"sum.golang.org https://sum.golang.org\"",
        )],
        question: None,
    },
    Row {
        code: "sumdb-supported",
        by: By::Database,
        whose: Whose::Proxy,
        phrases: &["/supported: "],
        answer: &[],
        settings: &["GOPROXY", "GOSUMDB"],
        cause: both(
            "The proxy answered the question whether it proxies the checksum database with neither 200 nor 404 or 410. The go command then asks nobody else.",
            "询问代理是否转发校验和数据库时，它返回的既不是 200 也不是 404/410，go 便不再询问其他服务器。",
        ),
        fixes: &[
            fix("The proxy must answer 200 or 404 there.", "代理在此处必须返回 200 或 404。", ""),
            fix(
                "Until then ask the database without it.",
                "在此之前绕过代理直接访问数据库。",
                "go env -w GOSUMDB=\"sum.golang.org https://sum.golang.org\"",
            ),
        ],
        question: None,
    },
    Row {
        code: "sumdb-absent",
        by: By::Database,
        whose: Whose::Client,
        phrases: &["reading {}: 404 ", "reading {}: 410 "],
        answer: &[],
        settings: &["GOPRIVATE", "GONOSUMDB", "GOSUMDB"],
        cause: both(
            "The checksum database does not know this version: it is private, or its tag was never public. Its name has been sent to the database all the same.",
            "校验和数据库里没有这个版本：它是私有模块，或从未公开发布。注意模块名已经发送给了数据库。",
        ),
        fixes: &[
            fix(
                "Private: no proxy and no database for these modules.",
                "私有模块：这些模块不走代理，也不查校验和数据库。",
                "go env -w GOPRIVATE=\"$(go env GOPRIVATE),{owner}\"",
            ),
            fix(
                "Private, but a proxy of yours has it: only the database is left out.",
                "私有但由自己的代理提供：只跳过校验和数据库。",
                "go env -w GONOSUMDB=\"$(go env GONOSUMDB),{owner}\"",
            ),
        ],
        question: Some(Question {
            ask: both(
                "Can the public database fetch it, that is, is it public?",
                "公共数据库能获取到它吗，也就是说它是公开的吗？",
            ),
            command: "curl -sS https://sum.golang.org/lookup/{module}@{version}",
            answers: &[
                (
                    both(
                        "404, with words of git about a user name or `not found`",
                        "404，并带有 git 关于用户名或 not found 的话",
                    ),
                    both("private, or misspelt", "私有模块，或路径拼写有误"),
                ),
                (
                    both("200", "200"),
                    both(
                        "the database in front of you lags or is another one: look at GOSUMDB",
                        "你使用的数据库滞后，或不是同一个：检查 GOSUMDB",
                    ),
                ),
            ],
        }),
    },
    Row {
        code: "sumdb-bad-answer",
        by: By::Database,
        whose: Whose::Database,
        phrases: &[
            "malformed record data",
            "downloaded inconsistent tile",
            "cannot authenticate record data",
            "cannot validate record",
            "TileReader returned bad result",
            "invalid signature for key",
            "no verifiable signatures",
            "malformed note",
            "malformed tree note",
            "reading tree note",
            "note has invalid signature",
        ],
        answer: &[],
        settings: &["GOSUMDB", "GOPROXY", "HTTPS_PROXY"],
        cause: both(
            "What came in place of a proof is none: a login page with status 200, another database than the key says, a cache that mixed two states, or a forgery.",
            "返回的内容不能作为证明：状态 200 的登录页、与密钥不符的数据库、缓存混杂了两个状态，或是伪造。",
        ),
        fixes: &[fix(
            "Ask the database itself and compare.",
            "直接访问数据库并比较。",
            "go env -w GOSUMDB=\"sum.golang.org https://sum.golang.org\"",
        )],
        question: None,
    },
    Row {
        code: "gosumdb-malformed",
        by: By::Go,
        whose: Whose::Client,
        phrases: &[
            "invalid GOSUMDB",
            "missing GOSUMDB",
            "malformed verifier id",
            "invalid verifier hash",
            "unknown verifier key algorithm",
        ],
        answer: &[],
        settings: &["GOSUMDB"],
        cause: both(
            "GOSUMDB is malformed: it is `off`, `sum.golang.org`, a whole key NAME+HASH+KEY, or a key and a URL.",
            "GOSUMDB 格式有误：应为 `off`、`sum.golang.org`、完整密钥 NAME+HASH+KEY，或 密钥加 URL。",
        ),
        fixes: &[fix("Go back to the default.", "恢复默认值。", "go env -w GOSUMDB=sum.golang.org")],
        question: None,
    },
    Row {
        code: "sumdb-tls-authority",
        by: By::Database,
        whose: Whose::Client,
        phrases: &[
            "certificate signed by unknown authority",
            "certificate is not trusted",
            "certificate is not standards compliant",
        ],
        answer: &[],
        settings: &["SSL_CERT_FILE", "SSL_CERT_DIR", "GOSUMDB", "HTTPS_PROXY"],
        cause: both(
            "The certificate of the checksum database, or of whoever opens TLS on the way to it, is signed by an authority that this machine does not know.",
            "校验和数据库（或途中拆解 TLS 的设备）的证书由本机不认识的 CA 签发。",
        ),
        fixes: &[fix(
            "Install the authority's certificate for Go.",
            "为 Go 安装该 CA 证书。",
            "export SSL_CERT_FILE=/path/to/ca.pem",
        )],
        question: None,
    },
    Row {
        code: "sumdb-unreachable",
        by: By::Database,
        whose: Whose::Network,
        phrases: &[
            "dial tcp",
            "no such host",
            "connection refused",
            "connection reset",
            ": EOF",
            "unexpected EOF",
            "i/o timeout",
            "TLS handshake timeout",
            "server gave HTTP response to HTTPS client",
            "x509: ",
            "tls: ",
            "proxyconnect tcp",
            "socks connect tcp",
            "Get {} Bad Gateway",
            "Get {} Forbidden",
            "Get {} Proxy Authentication Required",
            "Get {} Service Unavailable",
            "Get {} Bad Request",
            "network is unreachable",
            "context deadline exceeded",
        ],
        answer: &[],
        settings: &["GOSUMDB", "GOPROXY", "HTTPS_PROXY", "GONOSUMDB"],
        cause: both(
            "The checksum database cannot be reached. It is asked directly when no proxy of the list says that it proxies it; GOPROXY=off does not prevent that.",
            "无法连接校验和数据库。当列表中没有代理声明转发它时，go 会直接访问；GOPROXY=off 也不能阻止。",
        ),
        fixes: &[
            fix(
                "Use a proxy that passes the database on, or name one that can be reached.",
                "使用能转发数据库的代理，或指定可访问的数据库。",
                "go env -w GOSUMDB=\"sum.golang.google.cn\"",
            ),
            fix("Last resort: no proof for anything new.", "最后手段：新模块一律不验证。", "go env -w GOSUMDB=off"),
        ],
        question: None,
    },
    Row {
        code: "sumdb-trouble",
        by: By::Database,
        whose: Whose::Database,
        phrases: &["reading {}: ", "Get {} ", "sumdb"],
        answer: &[],
        settings: &["GOSUMDB", "GOPROXY"],
        cause: both(
            "The checksum database, or the proxy in front of it, answered with trouble.",
            "校验和数据库（或它前面的代理）返回了错误。",
        ),
        fixes: &[fix(
            "Try again later, or ask it without the proxy.",
            "稍后重试，或绕过代理直接访问。",
            "go env -w GOSUMDB=\"sum.golang.org https://sum.golang.org\"",
        )],
        question: None,
    },
];

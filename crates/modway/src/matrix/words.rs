//! What the matrix says, in both languages.

use gomod::client::{Checksums, End, ErrorClass, Question};

use super::{Change, Ear, Imagined, Matrix, Prediction, ProxySays, Row, Stop, Tls};
use crate::lang::Lang;

/// What is seen first: which command, in which world.
pub(super) fn title(matrix: &Matrix, lang: Lang) -> String {
    let (command, rows) = (matrix.subject.command(), matrix.rows.len());
    match lang {
        Lang::En => format!("{command} under {rows} combinations of settings"),
        Lang::Zh => format!("{command}：{rows} 种设置组合的结果"),
    }
}

/// The world, in a sentence.
pub(super) fn world(matrix: &Matrix, lang: Lang) -> String {
    let host = &matrix.subject.host;
    let Imagined { go_trusts, git_trusts, .. } = matrix.imagined;
    let certificate = match (go_trusts, git_trusts) {
        (false, false) => lang.pick("a certificate that neither Go nor git believes", "的证书 Go 和 git 都不信任"),
        (true, false) => lang.pick("a certificate that Go believes and git does not", "的证书 Go 信任、git 不信任"),
        (false, true) => lang.pick("a certificate that git believes and Go does not", "的证书 git 信任、Go 不信任"),
        (true, true) => lang.pick("a certificate that both believe", "的证书 Go 和 git 都信任"),
    };
    let says = proxy_says(matrix.imagined, lang);
    match lang {
        Lang::En => format!(
            "The world: {host} has the module, and shows {certificate}; the proxy does not know it ({says}), nor does the checksum database (404)."
        ),
        Lang::Zh => {
            format!("设想的环境：{host} 上有这个 module，它{certificate}；代理不认识它（{says}），校验和数据库也不认识（404）。")
        }
    }
}

fn proxy_says(imagined: Imagined, lang: Lang) -> &'static str {
    match imagined.proxy_says {
        ProxySays::NotFound => "404",
        ProxySays::Forbidden => "403",
        ProxySays::Error => "500",
        ProxySays::Nothing => lang.pick("no answer", "不回答"),
    }
}

pub(super) fn route(prediction: &Prediction, lang: Lang) -> String {
    let stops = prediction.route.iter().map(|stop| match stop {
        Stop::Proxy => lang.pick("proxy", "代理"),
        Stop::Direct => "direct",
    });
    let stops: Vec<&str> = stops.collect();
    if stops.is_empty() { NONE.to_owned() } else { stops.join(" → ") }
}

pub(super) fn tls(tls: Tls, lang: Lang) -> &'static str {
    match tls {
        Tls::NotAsked => NONE,
        Tls::Believed => lang.pick("believed", "通过"),
        Tls::Refused => lang.pick("refused", "失败"),
        Tls::Skipped => lang.pick("skipped", "跳过"),
    }
}

/// Whether the checksum database is asked; in brackets whether it is once the code comes.
pub(super) fn checksums(row: &Row, lang: Lang) -> &'static str {
    match row.beyond.outcome.checksums {
        Checksums::NotReached => NONE,
        Checksums::Off => "off",
        Checksums::Private { .. } => lang.pick("no", "不查"),
        Checksums::Consulted if row.prediction.checksums_asked() => lang.pick("yes", "查"),
        Checksums::Consulted => lang.pick("(yes)", "（查）"),
    }
}

/// Who hears the name; in brackets who will once the code comes.
pub(super) fn leaks(row: &Row, lang: Lang) -> String {
    let name = |ear: &Ear| match ear {
        Ear::Proxy => lang.pick("proxy", "代理"),
        Ear::Database => "sumdb",
    };
    let now = row.prediction.leaks.iter().map(|ear| name(ear).to_owned());
    let later = row.beyond.leaks.iter().filter(|ear| !row.prediction.leaks.contains(ear));
    let ears: Vec<String> = now.chain(later.map(|ear| format!("({})", name(ear)))).collect();
    if ears.is_empty() { NONE.to_owned() } else { ears.join(" ") }
}

/// What brackets in the column of names mean; `None` if there are none.
pub(super) fn brackets(matrix: &Matrix, lang: Lang) -> Option<&'static str> {
    let any = matrix.rows.iter().any(|row| leaks(row, lang).contains('('));
    any.then(|| {
        lang.pick(
            "(yes), (sumdb): the database is asked, and hears the name, once the host's certificate is believed",
            "（查）、(sumdb)：主机证书一旦被信任，就会查询校验和数据库，名字也就告诉了它",
        )
    })
}

/// The outcome in few words, with a mark.
pub(super) fn outcome(prediction: &Prediction, imagined: Imagined, lang: Lang) -> String {
    match (prediction.class(), prediction.succeeds()) {
        (_, true) => lang.pick("✓ succeeds", "✓ 成功").to_owned(),
        (Some(class), false) => format!("✗ {}", failure(class, by_proxy(prediction), imagined, lang)),
        (None, false) => "?".to_owned(),
    }
}

fn by_proxy(prediction: &Prediction) -> bool {
    match &prediction.outcome.end {
        End::Broken(broken) => matches!(broken.at, Some(Question::Proxy { .. })),
        End::Done { .. } | End::Unknown(_) => false,
    }
}

fn failure(class: ErrorClass, by_proxy: bool, imagined: Imagined, lang: Lang) -> String {
    let says = proxy_says(imagined, lang);
    match class {
        ErrorClass::Absent | ErrorClass::Status | ErrorClass::Unreachable if by_proxy => match lang {
            Lang::En => format!("proxy: {says}"),
            Lang::Zh => format!("代理：{says}"),
        },
        ErrorClass::PageUnreachable | ErrorClass::Certificate => lang.pick("Go: x509", "Go：x509").to_owned(),
        ErrorClass::RepositoryCertificate => lang.pick("git: certificate", "git：证书").to_owned(),
        ErrorClass::NoProtocol => "no secure protocol".to_owned(),
        ErrorClass::ProxyOff => "GOPROXY=off".to_owned(),
        ErrorClass::SumdbAbsent => lang.pick("sumdb: 404", "sumdb：404").to_owned(),
        ErrorClass::SumdbStatus | ErrorClass::SumdbUnreachable => lang.pick("sumdb not reached", "sumdb 连不上").to_owned(),
        other => other.code(),
    }
}

/// Why it fails, in a sentence; empty if it does not.
pub(super) fn cause(prediction: &Prediction, imagined: Imagined, lang: Lang) -> String {
    let Some(class) = prediction.class() else { return String::new() };
    let says = proxy_says(imagined, lang);
    match class {
        ErrorClass::Absent if by_proxy(prediction) => lang
            .pick(
                "The proxy does not know the module, and nobody is asked after it. It has heard the name.",
                "代理不认识这个 module，它后面又没有别的条目；名字已经告诉了代理。",
            )
            .to_owned(),
        ErrorClass::Status | ErrorClass::Unreachable if by_proxy(prediction) => match lang {
            Lang::En => format!("The proxy is in trouble ({says}). Only 404 and 410 pass a comma; direct is not tried."),
            Lang::Zh => format!("代理出错（{says}）。逗号只放过 404 和 410，所以不会再试 direct。"),
        },
        ErrorClass::PageUnreachable | ErrorClass::Certificate => lang
            .pick(
                "Go asks the host for its ?go-get=1 page and does not believe its certificate.",
                "Go 向主机请求 ?go-get=1 页面时不信任它的证书。",
            )
            .to_owned(),
        ErrorClass::RepositoryCertificate => lang
            .pick(
                "git does not believe the host's certificate. GOINSECURE is for Go alone; git has a switch of its own.",
                "git 不信任主机的证书。GOINSECURE 只管 Go 自己，git 有自己的开关。",
            )
            .to_owned(),
        ErrorClass::NoProtocol => lang
            .pick(
                "Go tried https and ssh with git, and hides why they failed: the certificate, for git.",
                "Go 让 git 试了 https 和 ssh，并隐藏了失败原因：git 不信任证书。",
            )
            .to_owned(),
        ErrorClass::ProxyOff => lang
            .pick(
                "GOPROXY=off forbids the module, which no GOPRIVATE exempts.",
                "GOPROXY=off 禁止下载，而 GOPRIVATE 没有豁免这个 module。",
            )
            .to_owned(),
        ErrorClass::SumdbAbsent => lang
            .pick(
                "The code came, but the public checksum database does not know it. It has heard the name.",
                "代码已经取到，但公共校验和数据库不认识它；名字已经告诉了数据库。",
            )
            .to_owned(),
        ErrorClass::SumdbStatus | ErrorClass::SumdbUnreachable => match lang {
            Lang::En => format!(
                "The code came, but the proxy says {says} to /sumdb/…/supported, so that the checksum database is not reached."
            ),
            Lang::Zh => format!("代码已经取到，但代理对 /sumdb/…/supported 回答 {says}，所以查不了校验和数据库。"),
        },
        other => other.code(),
    }
}

/// What a change costs besides its effort; empty if nothing.
pub(super) fn price(change: Change, lang: Lang) -> &'static str {
    match change {
        Change::Private => lang.pick(
            "its modules come from their host, past every proxy, and no checksum database vouches for them",
            "它的 module 不经代理直接从主机下载，也不再由校验和数据库担保",
        ),
        Change::Insecure => lang.pick("whoever is on the way can answer in the host's place", "链路上的任何人都可以冒充该主机"),
        Change::Authority => {
            lang.pick("Debian's way; every program believes this authority then", "Debian 的做法；此后所有程序都信任这个 CA")
        }
        Change::GitTrust | Change::NoProxyBack | Change::NoSumdbBack | Change::GoProxy(_) => "",
    }
}

/// `2, 3, 9–12`.
pub(super) fn rows(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let runs = runs.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}–{last}"),
    });
    runs.collect::<Vec<_>>().join(", ")
}

/// `rows 2, 3, 9–12`.
pub(super) fn of_rows(numbers: &[usize], lang: Lang) -> String {
    match lang {
        Lang::En => format!("{} {}", if numbers.len() == 1 { "row" } else { "rows" }, rows(numbers)),
        Lang::Zh => format!("第 {} 行", rows(numbers)),
    }
}

/// A cause, and the rows that it is the cause of.
pub(super) struct Cause {
    /// As in the column of outcomes.
    pub(super) outcome: String,
    /// A sentence.
    pub(super) why: String,
    /// The rows that end so.
    rows: Vec<usize>,
    /// The rows that end so once git trusts the host.
    later: Vec<usize>,
}

/// The causes, in the order of their first row.
pub(super) fn causes(matrix: &Matrix, lang: Lang) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for row in &matrix.rows {
        let later = row.if_git_trusts.as_ref().filter(|later| later.outcome != row.prediction.outcome);
        for (prediction, is_later) in std::iter::once((&row.prediction, false)).chain(later.map(|later| (later, true))) {
            if prediction.succeeds() {
                continue;
            }
            let outcome = outcome(prediction, matrix.imagined, lang);
            let known = causes.iter().position(|cause| cause.outcome == outcome).unwrap_or_else(|| {
                let why = cause(prediction, matrix.imagined, lang);
                causes.push(Cause { outcome, why, rows: Vec::new(), later: Vec::new() });
                causes.len() - 1
            });
            let cause = &mut causes[known];
            if is_later { cause.later.push(row.number) } else { cause.rows.push(row.number) }
        }
    }
    causes
}

impl Cause {
    /// Its rows in words.
    pub(super) fn rows(&self, lang: Lang) -> String {
        let said = |rows: &[usize], en: &str, zh: &str| match (rows, lang) {
            ([], _) => None,
            (_, Lang::En) => Some(format!("{}{en}", of_rows(rows, lang))),
            (_, Lang::Zh) => Some(format!("{}{zh}", of_rows(rows, lang))),
        };
        let parts = [said(&self.rows, "", ""), said(&self.later, " once git trusts the host", "（git 信任主机之后）")];
        parts.into_iter().flatten().collect::<Vec<_>>().join(lang.pick("; ", "；"))
    }
}

/// The rows that the same changes mend, in the order of the first.
pub(super) fn mends(matrix: &Matrix) -> Vec<(Vec<Change>, Vec<usize>)> {
    let mut mends: Vec<(Vec<Change>, Vec<usize>)> = Vec::new();
    for (row, mend) in matrix.rows.iter().filter_map(|row| Some((row, row.mend.as_ref()?))) {
        match mends.iter_mut().find(|(changes, _)| *changes == mend.changes) {
            Some((_, numbers)) => numbers.push(row.number),
            None => mends.push((mend.changes.clone(), vec![row.number])),
        }
    }
    mends
}

/// Rows that nothing helps.
pub(super) fn helpless(matrix: &Matrix) -> Vec<usize> {
    matrix.rows.iter().filter(|row| row.mend.is_none() && !row.prediction.succeeds()).map(|row| row.number).collect()
}

/// What there is to say of the present settings.
pub(super) fn present(matrix: &Matrix, lang: Lang) -> Option<String> {
    let present = matrix.present.as_ref()?;
    let row = matrix.rows.iter().find(|row| row.is_present).map(|row| row.number);
    Some(match (row, lang) {
        (Some(row), Lang::En) => format!("► row {row}: your present settings (GOPROXY={})", present.goproxy),
        (Some(row), Lang::Zh) => format!("► 第 {row} 行：你当前的设置（GOPROXY={}）", present.goproxy),
        (None, Lang::En) => format!("your present GOPROXY={} is none of these; modway why tells its way", present.goproxy),
        (None, Lang::Zh) => format!("你当前的 GOPROXY={} 不在此表中；请用 modway why 查看", present.goproxy),
    })
}

/// An empty cell.
pub(super) const NONE: &str = "–";

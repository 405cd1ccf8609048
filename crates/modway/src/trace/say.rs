//! What a trace tells, in sentences, in English and Chinese. All renderings use these.

use std::time::Duration;

use super::{Again, Exchange, Note, Said, Step, Story, Traced};
use crate::{lang::Lang, run::Ended};

/// What a sentence is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum About {
    /// The walk along GOPROXY ended in a failure here.
    Stopped,
    /// An entry gave way to the next.
    GaveWay,
    /// A walk along GOPROXY ended in a failure, and the command could do without.
    Harmless,
    /// Something was asked more than once.
    Again,
    /// Something took long.
    Slow,
    /// Something was not seen.
    NotSeen,
}

impl About {
    /// The heading above such sentences.
    pub const fn heading(self, lang: Lang) -> &'static str {
        match self {
            Self::Stopped => lang.pick("Where it stopped", "在哪里停下"),
            Self::GaveWay => lang.pick("What fell back, and why", "哪些请求回退了，为什么"),
            Self::Harmless => lang.pick("Failed, and did no harm", "失败了，但不影响结果"),
            Self::Again => lang.pick("Asked more than once", "重复的请求"),
            Self::Slow => lang.pick("Slowest", "最慢的请求"),
            Self::NotSeen => lang.pick("Not seen here", "没有记录到的"),
        }
    }
}

/// All sentences, the most important first.
pub fn sentences(traced: &Traced, story: &Story, lang: Lang) -> Vec<(About, String)> {
    // Of paths that lie around the module's the go command can do without an answer.
    let about = if traced.ended.is_good() { About::Harmless } else { About::Stopped };
    let stopped = story.stopped.iter().map(|step| (about, stop(traced, step, lang)));
    let gave_way = story.gave_way.iter().map(|step| (About::GaveWay, gave_way(traced, step, lang)));
    let again = story.again.iter().map(|again| (About::Again, self::again(traced, again, lang)));
    let slow = story.slow.iter().filter_map(|at| traced.seen.exchanges.get(*at));
    let slow = slow.map(|exchange| (About::Slow, self::slow(exchange, traced.took, lang)));
    let notes = traced.notes.iter().map(|note| (About::NotSeen, self::note(note, lang)));
    let mut all: Vec<(About, String)> = stopped.chain(gave_way).chain(again).chain(slow).chain(notes).collect();
    all.sort_by_key(|(about, _)| *about);
    all
}

/// The first line: how it ended, how long it took, how much was on the wire.
pub fn headline(traced: &Traced, story: &Story, lang: Lang) -> String {
    let total = |of: fn(&super::Totals) -> u64| traced.seen.hosts.values().map(of).sum::<u64>();
    let (requests, tunnels) = (total(|host| host.requests), total(|host| host.tunnels));
    let (received, processes) = (total(|host| host.received_bytes), traced.processes.len());
    let ended = match traced.ended {
        Ended::Code(code) => lang.pick("exit ", "退出码 ").to_owned() + &code.to_string(),
        Ended::Signal(signal) => lang.pick("signal ", "信号 ").to_owned() + &signal.to_string(),
    };
    let (took, wire, size) = (time(traced.took), time(story.on_the_wire), bytes(received));
    let mut parts = vec![ended];
    match lang {
        Lang::En => {
            parts.push(format!("{took}, {wire} of it on the wire"));
            parts.extend((requests > 0).then(|| counted(requests, "request", "requests")));
            parts.extend((tunnels > 0).then(|| counted(tunnels, "tunnel", "tunnels")));
            parts.extend((processes > 0).then(|| counted(processes as u64, "git process", "git processes")));
            parts.extend((received > 0).then(|| format!("{size} received")));
        }
        Lang::Zh => {
            parts.push(format!("用时 {took}，其中网络 {wire}"));
            parts.extend((requests > 0).then(|| format!("{requests} 个请求")));
            parts.extend((tunnels > 0).then(|| format!("{tunnels} 条隧道")));
            parts.extend((processes > 0).then(|| format!("{processes} 个 git 进程")));
            parts.extend((received > 0).then(|| format!("接收 {size}")));
        }
    }
    parts.join(" · ")
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn entry(traced: &Traced, index: usize) -> String {
    traced.entries.get(index).map(|entry| entry.shown.clone()).unwrap_or_default()
}

fn said(said: &Said, lang: Lang) -> String {
    match said {
        Said::NotExist(status) => match lang {
            Lang::En => format!("does not have it ({status})"),
            Lang::Zh => format!("没有这个模块（{status}）"),
        },
        Said::Status(status, reason) => format!("{} {status} {reason}", lang.pick("answered", "返回")).trim().to_owned(),
        Said::Nothing(words) => format!("{}{words}", lang.pick("gave no answer: ", "没有应答：")),
    }
}

fn example(step: &Step, lang: Lang) -> String {
    let path = step.example.trim_start_matches('/');
    match (step.count, lang) {
        (1, _) => path.to_owned(),
        (count, Lang::En) => format!("{count} requests, first {path}"),
        (count, Lang::Zh) => format!("{count} 个请求，第一个是 {path}"),
    }
}

fn gave_way(traced: &Traced, step: &Step, lang: Lang) -> String {
    let (from, to) = (entry(traced, step.entry), entry(traced, step.entry + 1));
    let separator = traced.entries.get(step.entry).map_or("", |entry| entry.separator);
    let (said, example) = (said(&step.said, lang), example(step, lang));
    let why = match (separator, lang) {
        (",", Lang::En) => "a comma forgives 404 and 410, and nothing else",
        (",", Lang::Zh) => "逗号只放过 404 和 410",
        (_, Lang::En) => "a | forgives any failure",
        (_, Lang::Zh) => "竖线放过任何失败",
    };
    match lang {
        Lang::En => format!("{from} {said}; {to} was next, for {why}: {example}"),
        Lang::Zh => format!("{from} {said}，于是轮到 {to}（{why}）：{example}"),
    }
}

fn stop(traced: &Traced, step: &Step, lang: Lang) -> String {
    let (from, next) = (entry(traced, step.entry), traced.entries.get(step.entry + 1));
    let (said, example) = (said(&step.said, lang), example(step, lang));
    match (next, lang) {
        (Some(next), Lang::En) => {
            format!("{from} {said}; {} was not asked, because a comma forgives 404 and 410 only: {example}", next.shown)
        }
        (Some(next), Lang::Zh) => format!("{from} {said}；逗号只放过 404 和 410，所以没有再问 {}：{example}", next.shown),
        (None, Lang::En) => format!("{from} {said}; it is the last entry of GOPROXY: {example}"),
        (None, Lang::Zh) => format!("{from} {said}；它是 GOPROXY 的最后一项：{example}"),
    }
}

fn again(traced: &Traced, again: &Again, lang: Lang) -> String {
    match (again, lang) {
        (Again::Repeated { host, count }, Lang::En) => format!(
            "{} of {host} came twice: over https the go command asks again after any 4xx, in case GOAUTH has a login by then",
            counted(*count as u64, "request", "requests")
        ),
        (Again::Repeated { host, count }, Lang::Zh) => {
            format!(
                "{host} 有 {count} 个请求发了两次：走 https 时，go 命令收到任何 4xx 都会再问一次，以防这时 GOAUTH 有了登录信息"
            )
        }
        (Again::Prefixes { module, shorter, count }, Lang::En) => format!(
            "{} for paths around {module} ({}): the go command cannot know where in a path the module ends, and asks for all at once",
            counted(*count as u64, "request", "requests"),
            shorter.join(", ")
        ),
        (Again::Prefixes { module, shorter, count }, Lang::Zh) => format!(
            "{count} 个请求问的是 {module} 上下的路径（{}）：go 命令不知道模块在路径的哪一段结束，所以一起问",
            shorter.join("、")
        ),
        (Again::Forgotten { entry, module, count }, Lang::En) => format!(
            "{} was asked for {count} files of {module} in vain: the go command starts at the front of GOPROXY for each file",
            self::entry(traced, *entry)
        ),
        (Again::Forgotten { entry, module, count }, Lang::Zh) => format!(
            "向 {} 白问了 {module} 的 {count} 个文件：go 命令取每个文件都从 GOPROXY 的第一项问起",
            self::entry(traced, *entry)
        ),
        (Again::Same { url, count }, Lang::En) => format!("{count} times {url}"),
        (Again::Same { url, count }, Lang::Zh) => format!("{count} 次 {url}"),
    }
}

fn slow(exchange: &Exchange, end: Duration, lang: Lang) -> String {
    let took = exchange.took(end);
    let dialled = exchange.phases.dialled();
    let head = exchange.phases.head.unwrap_or(took);
    let parts = [
        (lang.pick("connecting", "建立连接"), dialled),
        (lang.pick("waiting for the answer", "等待应答"), head.saturating_sub(dialled)),
        (lang.pick("receiving", "接收数据"), took.saturating_sub(head)),
    ];
    let (what, most) = parts.into_iter().max_by_key(|(_, part)| *part).unwrap_or_default();
    let url = &exchange.url;
    // What is nearly all of it needs no number of its own.
    let nearly_all = most.as_secs_f64() > 0.95 * took.as_secs_f64();
    match (lang, nearly_all) {
        (Lang::En, true) => format!("{} {url}: all of it {what}", time(took)),
        (Lang::En, false) => format!("{} {url}: {} of it {what}", time(took), time(most)),
        (Lang::Zh, true) => format!("{} {url}：几乎都在{what}", time(took)),
        (Lang::Zh, false) => format!("{} {url}：其中{what} {}", time(took), time(most)),
    }
}

/// A note in words.
pub fn note(note: &Note, lang: Lang) -> String {
    match (note, lang) {
        (Note::BadGoProxy { why }, Lang::En) => format!("the go command refuses this GOPROXY and asks nobody: {why}"),
        (Note::BadGoProxy { why }, Lang::Zh) => format!("go 命令不接受这个 GOPROXY，谁也不会问：{why}"),
        (Note::InsecureCredentials { entry }, Lang::En) => {
            format!("the go command sends no password over plain http, so it never connects to {entry}")
        }
        (Note::InsecureCredentials { entry }, Lang::Zh) => format!("go 命令不会用明文 http 发送密码，所以不会连接 {entry}"),
        (Note::File { entry }, Lang::En) => {
            format!("{entry} is a folder that the go command reads itself; nothing of it is on the wire")
        }
        (Note::File { entry }, Lang::Zh) => format!("{entry} 是 go 命令直接读取的目录，不经过网络"),
        (Note::GoAuth, Lang::En) => {
            "GOAUTH runs a command for logins, so the requests over https are the go command's own; they are seen as tunnels"
                .to_owned()
        }
        (Note::GoAuth, Lang::Zh) => "GOAUTH 用命令取得登录信息，所以 https 请求由 go 命令自己发出，这里只看得到隧道".to_owned(),
        (Note::GitTrace, Lang::En) => {
            "GIT_TRACE2_EVENT is yours and was left alone, so git's processes are not listed".to_owned()
        }
        (Note::GitTrace, Lang::Zh) => "GIT_TRACE2_EVENT 是您自己设置的，没有改动，所以没有列出 git 的进程".to_owned(),
        (Note::Ssh, Lang::En) => "an ssh remote goes through no forward proxy: only its processes are seen".to_owned(),
        (Note::Ssh, Lang::Zh) => "ssh 远程仓库不走正向代理，这里只看得到它的进程".to_owned(),
        (Note::NotKept { count }, Lang::En) => format!("{count} more requests and tunnels are only in the totals"),
        (Note::NotKept { count }, Lang::Zh) => format!("另有 {count} 个请求和隧道只计入了合计"),
    }
}

/// A duration as people read it: three digits are enough.
pub fn time(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1000.0;
    match millis {
        ms if ms < 9.95 => format!("{ms:.1} ms"),
        ms if ms < 999.5 => format!("{ms:.0} ms"),
        ms if ms < 9_995.0 => format!("{:.2} s", ms / 1000.0),
        ms if ms < 99_950.0 => format!("{:.1} s", ms / 1000.0),
        ms => format!("{:.0} s", ms / 1000.0),
    }
}

/// A number of bytes as people read it.
pub fn bytes(count: u64) -> String {
    let value = count as f64;
    match count {
        0..1000 => format!("{count} B"),
        1000..1_000_000 => format!("{:.1} kB", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.2} GB", value / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_are_read() {
        let times = [0.000_04, 0.0042, 0.042, 0.999, 1.234, 12.34, 123.4].map(|seconds| time(Duration::from_secs_f64(seconds)));
        assert_eq!(times, ["0.0 ms", "4.2 ms", "42 ms", "999 ms", "1.23 s", "12.3 s", "123 s"]);
        assert_eq!([999, 1000, 1_234_567, 3_000_000_000].map(bytes), ["999 B", "1.0 kB", "1.2 MB", "3.00 GB"]);
    }
}

//! The waterfall in a terminal.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Story, Traced,
    rows::{Kind, Look, Row, rows},
    say::{self, headline, sentences},
};
use crate::{
    lang::Lang,
    render::terminal::{Style, Terminal, cut, harmless, pad, width},
};

/// Whether all lines are drawn, or the most telling ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rows {
    /// All.
    All,
    /// Failures first, then what took longest; in the order of time.
    Telling,
}

/// Draws `traced`.
pub fn draw(traced: &Traced, which: Rows, terminal: Terminal, lang: Lang) -> String {
    let (story, rows) = (Story::of(traced), rows(traced, lang));
    let mut out = String::new();
    let mut line = |text: &str| {
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&terminal.paint(Style::Title, &cut(&harmless(&traced.words.join(" ")), terminal.width)));
    for text in terminal.wrap(&headline(traced, &story, lang), 2) {
        line(&format!("  {text}"));
    }
    if !traced.entries.is_empty() {
        let list: String = traced.entries.iter().map(|entry| format!("{}{}", entry.shown, entry.separator)).collect();
        for (at, text) in terminal.wrap(&format!("GOPROXY {}", harmless(&spaced(&list))), 4).into_iter().enumerate() {
            line(&format!("  {}{}", if at == 0 { "" } else { "  " }, terminal.paint(Style::Dim, &text)));
        }
    }
    if !rows.is_empty() {
        line("");
        lines(&rows, traced.took, which, terminal, lang).iter().for_each(|text| line(text));
        line("");
        hosts(traced, terminal, lang).iter().for_each(|text| line(text));
    }
    told(traced, &story, terminal, lang).iter().for_each(|text| line(text));
    out
}

/// A GOPROXY that can be broken into lines behind its separators.
fn spaced(list: &str) -> String {
    list.replace(',', ", ").replace('|', "| ")
}

/// Which columns there are, by the room there is.
struct Columns {
    host: usize,
    what: usize,
    bar: usize,
}

impl Columns {
    /// Status 4, time 8, and a space between two; half of the rest is for the bars.
    fn of(rows: &[Row], terminal: Terminal) -> Self {
        let room = terminal.width.saturating_sub(4 + 1 + 8 + 3);
        let widest = |of: fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or_default();
        let hosts: BTreeSet<&str> = rows.iter().map(|row| row.host.as_str()).filter(|host| !host.is_empty()).collect();
        let host = if hosts.len() > 1 { widest(|row| width(&row.host)).min(room / 4) } else { 0 };
        let bar = (room / 3).clamp(12, 48);
        let what = widest(|row| width(&row.what)).min(room.saturating_sub(host + bar + usize::from(host > 0)));
        let bar = room.saturating_sub(host + what + usize::from(host > 0)).min(60);
        Self { host, what, bar }
    }
}

fn lines(rows: &[Row], end: Duration, which: Rows, terminal: Terminal, lang: Lang) -> Vec<String> {
    let columns = Columns::of(rows, terminal);
    let end = rows.iter().map(|row| row.began + row.took).max().unwrap_or_default().max(end);
    let kept = if which == Rows::All { (0..rows.len()).collect() } else { telling(rows) };
    let mut out = vec![axis(&columns, end, terminal)];
    let mut skipped = 0;
    for (at, row) in rows.iter().enumerate() {
        if kept.contains(&at) {
            out.extend(gap(&mut skipped, terminal, lang));
            out.push(drawn(row, &columns, end, terminal));
        } else {
            skipped += 1;
        }
    }
    out.extend(gap(&mut skipped, terminal, lang));
    let legend = lang.pick("░ connecting  ▒ waiting  █ receiving", "░ 建立连接  ▒ 等待应答  █ 接收数据");
    out.push(terminal.paint(Style::Dim, legend));
    out
}

/// A line for those that are left out.
fn gap(skipped: &mut usize, terminal: Terminal, lang: Lang) -> Option<String> {
    let count = std::mem::take(skipped);
    let text = match lang {
        Lang::En => format!("     … {count} more, good and quick (--all shows them)"),
        Lang::Zh => format!("     … 另有 {count} 个正常且很快的请求（--all 显示全部）"),
    };
    (count > 0).then(|| terminal.paint(Style::Dim, &text))
}

/// The most telling ones: what failed, then what took longest.
fn telling(rows: &[Row]) -> BTreeSet<usize> {
    let mut all: Vec<usize> = (0..rows.len()).collect();
    let rank = |look: Look| match look {
        Look::Bad => 0,
        Look::NotExist => 1,
        Look::Step | Look::Good => 2,
    };
    all.sort_by_key(|at| (rank(rows[*at].look), std::cmp::Reverse(rows[*at].took)));
    all.into_iter().take(super::limits::MAX_ROWS).collect()
}

fn axis(columns: &Columns, end: Duration, terminal: Terminal) -> String {
    let left = 4 + 1 + columns.host + usize::from(columns.host > 0) + columns.what + 1;
    let (half, whole) = (say::time(end / 2), say::time(end));
    let middle = (columns.bar / 2).saturating_sub(1);
    let mut text = pad("0", middle);
    if columns.bar > 30 {
        text.push_str(&half);
    }
    let text = pad(&text, columns.bar.saturating_sub(width(&whole))) + &whole;
    format!("{}{}", " ".repeat(left), terminal.paint(Style::Dim, &text))
}

fn drawn(row: &Row, columns: &Columns, end: Duration, terminal: Terminal) -> String {
    let style = match row.look {
        Look::Good => Style::Good,
        Look::NotExist | Look::Step => Style::Warn,
        Look::Bad => Style::Bad,
    };
    let status = terminal.paint(style, &pad(&cut(&row.status, 4), 4));
    let host = match columns.host {
        0 => String::new(),
        room => terminal.paint(Style::Dim, &pad(&middle(&harmless(&row.host), room), room)) + " ",
    };
    let what = pad(&middle(&harmless(&row.what), columns.what), columns.what);
    let bar = terminal.paint(if row.kind == Kind::Process { Style::Dim } else { style }, &bar(row, columns.bar, end));
    let took = say::time(row.took) + if row.is_open { "…" } else { "" };
    format!("{status} {host}{what} {bar} {took:>8}")
}

/// One cell for each part of the time, at least one in all.
fn bar(row: &Row, cells: usize, end: Duration) -> String {
    let cell = |at: Duration| {
        let part = at.as_secs_f64() / end.as_secs_f64().max(f64::MIN_POSITIVE);
        ((part * cells as f64).round() as usize).min(cells)
    };
    let begin = cell(row.began).min(cells.saturating_sub(1));
    let over = cell(row.began + row.took).max(begin + 1);
    let dialled = cell(row.began + row.dialled).clamp(begin, over);
    let waited = cell(row.began + row.dialled + row.waited).clamp(dialled, over);
    // What is too short for a cell has the look of its longest part.
    let longest = [('░', row.dialled), ('▒', row.waited), ('█', row.took.saturating_sub(row.dialled + row.waited))];
    let longest = longest.into_iter().max_by_key(|(_, part)| *part).map_or('█', |(letter, _)| letter);
    let mut text = " ".repeat(begin);
    if over - begin == 1 {
        text.push(if row.kind == Kind::Process { '▪' } else { longest });
    } else if row.kind == Kind::Process {
        text.push_str(&"─".repeat(over - begin));
    } else {
        text.push_str(&"░".repeat(dialled - begin));
        text.push_str(&"▒".repeat(waited - dialled));
        text.push_str(&"█".repeat(over - waited));
    }
    pad(&text, cells)
}

/// `text` cut in its middle: of a path both ends tell.
fn middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let front = columns.saturating_sub(1) / 3;
    let back = columns.saturating_sub(1) - front;
    let letters: Vec<char> = text.chars().collect();
    let tail: String = letters[letters.len().saturating_sub(back)..].iter().collect();
    let head: String = letters.iter().take(front).collect();
    cut(&format!("{head}…{tail}"), columns)
}

fn hosts(traced: &Traced, terminal: Terminal, lang: Lang) -> Vec<String> {
    let names: Vec<(String, &super::Totals)> = traced.seen.hosts.iter().map(|(host, totals)| (harmless(host), totals)).collect();
    let widest = names.iter().map(|(host, _)| width(host)).max().unwrap_or_default().min(terminal.width / 2);
    let mut lines = vec![terminal.paint(Style::Title, lang.pick("By host", "按主机合计"))];
    for (host, totals) in names {
        let mut parts = Vec::new();
        let count = |count: u64, en: &str, zh: &str| match lang {
            Lang::En => format!("{count} {en}{}", if count == 1 { "" } else { "s" }),
            Lang::Zh => format!("{count} {zh}"),
        };
        parts.extend((totals.requests > 0).then(|| count(totals.requests, "request", "个请求")));
        parts.extend((totals.tunnels > 0).then(|| count(totals.tunnels, "tunnel", "条隧道")));
        parts.extend((totals.not_ok > 0).then(|| match lang {
            Lang::En => format!("{} not 200", totals.not_ok),
            Lang::Zh => format!("{} 个不是 200", totals.not_ok),
        }));
        parts.push(format!("↓{}", say::bytes(totals.received_bytes)));
        parts.push(say::time(totals.time));
        lines.push(format!("  {} {}", pad(&cut(&host, widest), widest), terminal.paint(Style::Dim, &parts.join(" · "))));
    }
    lines
}

fn told(traced: &Traced, story: &Story, terminal: Terminal, lang: Lang) -> Vec<String> {
    let mut lines = Vec::new();
    let mut above = None;
    for (about, text) in sentences(traced, story, lang) {
        if above != Some(about) {
            lines.push(terminal.paint(Style::Title, about.heading(lang)));
            above = Some(about);
        }
        for (at, part) in terminal.wrap(&harmless(&text), 4).into_iter().enumerate() {
            lines.push(format!("{}{part}", if at == 0 { "  - " } else { "    " }));
        }
    }
    lines
}

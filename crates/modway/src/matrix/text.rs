//! The matrix for a terminal: the table, why its rows fail, what mends them.

use super::{
    Matrix,
    columns::{self, Room},
    words,
};
use crate::{
    lang::Lang,
    render::terminal::{Style, Terminal, harmless, pad, width},
};

/// The matrix as lines.
pub(super) fn write(matrix: &Matrix, lang: Lang, terminal: Terminal) -> String {
    let mut lines = vec![terminal.paint(Style::Title, &harmless(&words::title(matrix, lang)))];
    lines.extend(terminal.wrap(&words::world(matrix, lang), 0));
    lines.extend(words::present(matrix, lang).map(|text| harmless(&text)));
    lines.push(String::new());
    lines.extend(table(matrix, lang, terminal));
    lines.extend(words::brackets(matrix, lang).map(|text| terminal.paint(Style::Dim, text)));
    lines.push(String::new());
    for cause in words::causes(matrix, lang) {
        let rows = terminal.paint(Style::Dim, &cause.rows(lang));
        lines.push(format!("{}  {rows}", terminal.paint(Style::Bad, &cause.outcome)));
        lines.extend(terminal.wrap(&cause.why, 4).into_iter().map(|line| format!("    {line}")));
    }
    lines.push(String::new());
    lines.extend(mend_lines(matrix, lang, terminal));
    lines.extend(said(matrix, lang, terminal));
    lines.join("\n") + "\n"
}

/// The table; where it is too wide, settings are named by letters, which are told below it.
fn table(matrix: &Matrix, lang: Lang, terminal: Terminal) -> Vec<String> {
    let lines = lines(matrix, lang, terminal, Room::Much);
    if lines.iter().all(|line| width(line) <= terminal.width) {
        return lines;
    }
    let letters = terminal.paint(Style::Dim, &harmless(&columns::letters(matrix, lang)));
    self::lines(matrix, lang, terminal, Room::Little).into_iter().chain([letters]).collect()
}

fn lines(matrix: &Matrix, lang: Lang, terminal: Terminal, room: Room) -> Vec<String> {
    let header: Vec<String> = columns::header(matrix, lang, room).into_iter().map(str::to_owned).collect();
    let rows: Vec<Vec<String>> = matrix.rows.iter().map(|row| columns::cells(row, matrix, lang)).collect();
    let all = || std::iter::once(&header).chain(&rows);
    let widest = |at: usize| all().filter_map(|row| row.get(at)).map(|cell| width(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(widest).collect();
    let line = |cells: &[String], style: fn(&str) -> Option<Style>| {
        let cells = cells.iter().zip(&widths).map(|(cell, width)| {
            let padded = pad(cell, *width);
            style(cell).map_or(padded.clone(), |style| terminal.paint(style, &padded))
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(&header, |_| Some(Style::Dim))];
    lines.extend(rows.iter().map(|cells| line(cells, style)));
    lines
}

fn style(cell: &str) -> Option<Style> {
    match cell.chars().next() {
        Some('✓') => Some(Style::Good),
        Some('✗' | '≠') => Some(Style::Bad),
        Some('►') => Some(Style::Title),
        _ => None,
    }
}

/// What mends which rows; what mends the present settings first.
fn mend_lines(matrix: &Matrix, lang: Lang, terminal: Terminal) -> Vec<String> {
    let present = matrix.rows.iter().find(|row| row.is_present).map(|row| row.number);
    let is_present = |rows: &[usize]| present.is_some_and(|present| rows.contains(&present));
    let mut mends = words::mends(matrix);
    mends.sort_by_key(|(_, rows)| !is_present(rows));
    let mut lines = Vec::new();
    for (changes, rows) in mends {
        let (mark, mend) = (if is_present(&rows) { "► " } else { "" }, lang.pick("To mend", "修复"));
        let title = format!("{mark}{mend} {}{}", words::of_rows(&rows, lang), lang.pick(":", "："));
        lines.push(terminal.paint(Style::Title, &title));
        for change in changes {
            lines.push(format!("    {}", terminal.paint(Style::Command, &change.command(&matrix.subject))));
            let price = terminal.wrap(words::price(change, lang), 8).into_iter().filter(|line| !line.is_empty());
            lines.extend(price.map(|line| format!("        {}", terminal.paint(Style::Dim, &line))));
        }
    }
    let helpless = words::helpless(matrix);
    if !helpless.is_empty() {
        let text = lang.pick("No setting on this machine mends", "本机没有任何设置能修复");
        lines.push(format!("{text} {}", words::of_rows(&helpless, lang)));
    }
    lines
}

/// What the real go command said, where it was asked: each message once.
fn said(matrix: &Matrix, lang: Lang, terminal: Terminal) -> Vec<String> {
    let mut messages: Vec<(String, Vec<usize>)> = Vec::new();
    for row in &matrix.rows {
        for observation in [&row.observed, &row.observed_if_git_trusts].into_iter().flatten().filter(|seen| !seen.said.is_empty())
        {
            match messages.iter_mut().find(|(message, _)| *message == observation.said) {
                Some((_, rows)) if rows.last() == Some(&row.number) => (),
                Some((_, rows)) => rows.push(row.number),
                None => messages.push((observation.said.clone(), vec![row.number])),
            }
        }
    }
    let mut lines = Vec::new();
    if !messages.is_empty() {
        lines.extend([
            String::new(),
            terminal.paint(Style::Title, lang.pick("What the real go command said", "真实 go 命令的输出")),
        ]);
    }
    for (message, rows) in messages {
        lines.push(format!("  {}", terminal.paint(Style::Dim, &words::of_rows(&rows, lang))));
        lines.extend(terminal.wrap(&harmless(&message), 4).into_iter().map(|line| format!("    {line}")));
    }
    lines
}

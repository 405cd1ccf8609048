//! The matrix for a page.

use super::{Matrix, columns, words};
use crate::lang::Lang;

/// The table, the causes and the fixes, in Markdown.
pub(super) fn write(matrix: &Matrix, lang: Lang) -> String {
    let mut out = format!("{}\n\n", escape(&words::world(matrix, lang)));
    out.extend(words::present(matrix, lang).map(|text| format!("{}\n\n", escape(&text))));
    let header = columns::header(matrix, lang, columns::Room::Much);
    out.push_str(&line(header.iter().map(|name| (*name).to_owned())));
    out.push_str(&line(header.iter().map(|_| "---".to_owned())));
    for row in &matrix.rows {
        out.push_str(&line(columns::cells(row, matrix, lang).iter().map(|cell| escape(cell))));
    }
    out.push('\n');
    out.extend(words::brackets(matrix, lang).map(|text| format!("{text}\n\n")));
    for cause in words::causes(matrix, lang) {
        out.push_str(&format!("* **{}** ({}): {}\n", escape(&cause.outcome), cause.rows(lang), escape(&cause.why)));
    }
    for (changes, rows) in words::mends(matrix) {
        let title = match lang {
            Lang::En => format!("To mend rows {}:", words::rows(&rows)),
            Lang::Zh => format!("修复第 {} 行：", words::rows(&rows)),
        };
        let commands: Vec<String> = changes.iter().map(|change| change.command(&matrix.subject)).collect();
        out.push_str(&format!("\n{title}\n\n```sh\n{}\n```\n", commands.join("\n")));
    }
    out
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

/// Text in a cell: nothing ends it, and nothing in it is markup.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '[' | ']' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

//! The matrix for tables: RFC 4180, one line for each row.

use super::{Matrix, columns, words};
use crate::lang::Lang;

/// Header and rows.
pub(super) fn write(matrix: &Matrix, lang: Lang) -> String {
    let mut header: Vec<String> = columns::header(matrix, lang, columns::Room::Much).into_iter().map(str::to_owned).collect();
    header.extend([lang.pick("present", "当前设置"), lang.pick("cause", "原因"), lang.pick("fix", "修复")].map(str::to_owned));
    let rows = matrix.rows.iter().map(|row| {
        let mut cells = columns::cells(row, matrix, lang);
        cells[0] = row.number.to_string();
        cells.push(if row.is_present { lang.pick("yes", "是") } else { "" }.to_owned());
        cells.push(words::cause(&row.prediction, matrix.imagined, lang));
        let commands = row.mend.iter().flat_map(|mend| mend.changes.iter().map(|change| change.command(&matrix.subject)));
        cells.push(commands.collect::<Vec<_>>().join("; "));
        line(&cells)
    });
    std::iter::once(line(&header)).chain(rows).collect()
}

fn line(cells: &[String]) -> String {
    cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\r\n"
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell.to_owned() }
}

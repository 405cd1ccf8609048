//! The columns of the table: their names, and the cells of a row.

use super::{
    Matrix, Prediction, Row,
    words::{NONE, checksums, leaks, outcome, route, tls},
};
use crate::lang::Lang;

/// The names of the columns; those of settings as one letter where there is little room.
pub(super) fn header(matrix: &Matrix, lang: Lang, room: Room) -> Vec<&'static str> {
    let short = |long, letter| if room == Room::Little { letter } else { long };
    let mut names = vec!["#", short("GOPRIVATE", "P"), short("GOINSECURE", "I"), "GOPROXY"];
    if has_nones(matrix) {
        names.extend([short("GONOPROXY", "NP"), short("GONOSUMDB", "NS")]);
    }
    if matrix.full {
        names.push(short(lang.pick("git told", "git 信任"), "G"));
    }
    names.extend([
        lang.pick("route", "路径"),
        lang.pick("Go TLS", "Go TLS"),
        lang.pick("git TLS", "git TLS"),
        lang.pick("sumdb", "校验和"),
        lang.pick("named to", "名字泄露给"),
        lang.pick("outcome", "结果"),
    ]);
    if !matrix.full {
        names.push(lang.pick("if git trusts", "若 git 信任"));
    }
    if matrix.rows.iter().any(|row| row.observed.is_some()) {
        names.push(lang.pick("real go", "真实 go"));
    }
    names
}

/// How much room a table has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Room {
    Much,
    Little,
}

/// What the letters mean that stand for settings where there is little room.
pub(super) fn letters(matrix: &Matrix, lang: Lang) -> String {
    let pattern = &matrix.subject.pattern;
    let mut letters = match lang {
        Lang::En => format!("P: GOPRIVATE={pattern}   I: GOINSECURE={pattern}"),
        Lang::Zh => format!("P：GOPRIVATE={pattern}   I：GOINSECURE={pattern}"),
    };
    if has_nones(matrix) {
        letters.push_str(lang.pick("   NP: GONOPROXY   NS: GONOSUMDB", "   NP：GONOPROXY   NS：GONOSUMDB"));
    }
    if matrix.full {
        letters.push_str(lang.pick("   G: git was told to trust the host", "   G：已让 git 信任该主机"));
    }
    letters
}

fn has_nones(matrix: &Matrix) -> bool {
    matrix.rows.iter().any(|row| row.combination.gonoproxy_none || row.combination.gonosumdb_none)
}

/// The cells of a row, under [`header`].
pub(super) fn cells(row: &Row, matrix: &Matrix, lang: Lang) -> Vec<String> {
    let (combination, prediction) = (&row.combination, &row.prediction);
    let yes = |is: bool| if is { lang.pick("yes", "是") } else { NONE }.to_owned();
    let none = |is: bool| if is { "none" } else { NONE }.to_owned();
    let mut cells = vec![
        format!("{}{}", if row.is_present { "► " } else { "" }, row.number),
        yes(combination.private),
        yes(combination.insecure),
        combination.goproxy.value("proxy"),
    ];
    if has_nones(matrix) {
        cells.extend([none(combination.gonoproxy_none), none(combination.gonosumdb_none)]);
    }
    if matrix.full {
        cells.push(yes(combination.git_trusts));
    }
    cells.extend([
        route(prediction, lang),
        tls(prediction.go_tls, lang).to_owned(),
        tls(prediction.git_tls, lang).to_owned(),
        checksums(row, lang).to_owned(),
        leaks(row, lang),
        outcome(prediction, matrix.imagined, lang),
    ]);
    cells.extend(row.if_git_trusts.as_ref().map(|trusted| if_trusted(prediction, trusted, matrix, lang)));
    let observed: Vec<_> = [&row.observed, &row.observed_if_git_trusts].into_iter().flatten().collect();
    if !observed.is_empty() {
        let differs: Vec<&str> = observed.iter().flat_map(|observation| observation.differs.iter().map(String::as_str)).collect();
        cells.push(if differs.is_empty() {
            lang.pick("agrees", "一致").to_owned()
        } else {
            format!("≠ {}", differs.join(", "))
        });
    }
    cells
}

pub(super) fn if_trusted(prediction: &Prediction, trusted: &Prediction, matrix: &Matrix, lang: Lang) -> String {
    if prediction.outcome == trusted.outcome {
        lang.pick("same", "不变").to_owned()
    } else {
        outcome(trusted, matrix.imagined, lang)
    }
}

//! The matrix as a picture: a column for each GOPROXY, a line for each combination of the other settings.

use super::{Combination, GoProxy, Matrix, Row, columns, words};
use crate::{
    lang::Lang,
    render::svg::{Face, Letters, Paint, Rect, Svg, Tone, fit, wrap},
};

const MARGIN: f64 = 24.0;
/// The width of what names a line.
const SIDE: f64 = 150.0;
/// The width of a cell, and what lies between two.
const CELL: f64 = 236.0;
const GAP: f64 = 8.0;
/// From one fact of a cell to the next.
const LINE: f64 = 17.5;

/// What a line of cells has in common.
type Side = (bool, bool, bool, bool, bool);

/// The matrix as SVG.
pub(super) fn write(matrix: &Matrix, lang: Lang) -> String {
    let mut svg = Svg::new(&words::title(matrix, lang), &words::world(matrix, lang), lang);
    let columns = columns(matrix);
    let width = 2.0 * MARGIN + SIDE + columns.len() as f64 * (CELL + GAP);
    let mut y = head(&mut svg, matrix, width, lang);
    for (at, goproxy) in columns.iter().enumerate() {
        let name = format!("GOPROXY={}", goproxy.value("proxy"));
        svg.text((x(at) + 2.0, y), &name, Letters::CODE.bold());
    }
    y += 12.0;
    for line in lines(matrix) {
        side(&mut svg, line, y, lang);
        for row in matrix.rows.iter().filter(|row| side_of(&row.combination) == line) {
            if let Some(at) = columns.iter().position(|column| *column == row.combination.goproxy) {
                cell(&mut svg, row, matrix, (x(at), y), lang);
            }
        }
        y += height(matrix) + GAP;
    }
    if let Some(brackets) = words::brackets(matrix, lang) {
        y += 14.0;
        svg.text((x(0), y), brackets, Letters::PLAIN.size(12.0).tone(Tone::Faint));
    }
    svg.finish(width, y + MARGIN - GAP)
}

/// The height of a cell: of its outcome, and of its facts.
fn height(matrix: &Matrix) -> f64 {
    let facts = if matrix.full { 4.0 } else { 5.0 };
    42.0 + facts * LINE
}

fn head(svg: &mut Svg, matrix: &Matrix, width: f64, lang: Lang) -> f64 {
    let mut y = MARGIN + 14.0;
    svg.text((MARGIN, y), &words::title(matrix, lang), Letters::PLAIN.size(17.0).bold());
    for line in wrap(&words::world(matrix, lang), width - 2.0 * MARGIN, 13.0, Face::Sans) {
        y += 20.0;
        svg.text((MARGIN, y), &line, Letters::PLAIN.tone(Tone::Faint));
    }
    if let Some(present) = words::present(matrix, lang) {
        y += 20.0;
        svg.text((MARGIN, y), &present, Letters::PLAIN.tone(Tone::Blue));
    }
    y + 32.0
}

fn x(column: usize) -> f64 {
    MARGIN + SIDE + column as f64 * (CELL + GAP)
}

fn columns(matrix: &Matrix) -> Vec<GoProxy> {
    let mut columns = Vec::new();
    for row in &matrix.rows {
        if !columns.contains(&row.combination.goproxy) {
            columns.push(row.combination.goproxy);
        }
    }
    columns
}

fn lines(matrix: &Matrix) -> Vec<Side> {
    let mut lines = Vec::new();
    for row in &matrix.rows {
        let side = side_of(&row.combination);
        if !lines.contains(&side) {
            lines.push(side);
        }
    }
    lines
}

fn side_of(combination: &Combination) -> Side {
    let Combination { private, insecure, gonoproxy_none, gonosumdb_none, git_trusts, goproxy: _ } = combination;
    (*private, *insecure, *gonoproxy_none, *gonosumdb_none, *git_trusts)
}

fn side(svg: &mut Svg, (private, insecure, noproxy, nosumdb, trusts): Side, y: f64, lang: Lang) {
    let said = [
        Some(("GOPRIVATE", private)),
        Some(("GOINSECURE", insecure)),
        noproxy.then_some(("GONOPROXY=none", true)),
        nosumdb.then_some(("GONOSUMDB=none", true)),
        trusts.then_some((lang.pick("git trusts host", "git 信任主机"), true)),
    ];
    for (at, (name, set)) in said.into_iter().flatten().enumerate() {
        let line = y + 20.0 + 19.0 * at as f64;
        let mark = if set { "✓" } else { "–" };
        let letters = if set { Letters::CODE.bold() } else { Letters::CODE.tone(Tone::Faint) };
        svg.text((MARGIN, line), mark, letters);
        svg.text((MARGIN + 18.0, line), name, letters);
    }
}

fn cell(svg: &mut Svg, row: &Row, matrix: &Matrix, (x, y): (f64, f64), lang: Lang) {
    let (prediction, room) = (&row.prediction, CELL - 24.0);
    let helped = row.if_git_trusts.as_ref().is_some_and(|trusted| trusted.succeeds());
    let tone = match (prediction.succeeds(), helped) {
        (true, _) => Tone::Green,
        (false, true) => Tone::Amber,
        (false, false) => Tone::Red,
    };
    svg.rect(Rect { x, y, width: CELL, height: height(matrix), radius: 8.0 }, Paint::Box(tone));
    if row.is_present {
        svg.rect(
            Rect { x: x - 3.0, y: y - 3.0, width: CELL + 6.0, height: height(matrix) + 6.0, radius: 10.0 },
            Paint::Outline(Tone::Blue),
        );
    }
    let number = format!("{}{}", if row.is_present { "► " } else { "" }, row.number);
    svg.text(
        (x + CELL - 10.0, y + 21.0),
        &number,
        Letters { anchor: crate::render::svg::Anchor::End, ..Letters::PLAIN.size(12.0).tone(Tone::Faint) },
    );
    let outcome = fit(&words::outcome(prediction, matrix.imagined, lang), room - 34.0, 14.0, Face::Sans);
    svg.text((x + 12.0, y + 22.0), &outcome, Letters::PLAIN.size(14.0).bold().tone(tone));
    for (at, line) in facts(row, matrix, lang).iter().enumerate() {
        svg.text((x + 12.0, y + 43.0 + LINE * at as f64), &fit(line, room, 12.0, Face::Sans), Letters::PLAIN.size(12.0));
    }
}

fn facts(row: &Row, matrix: &Matrix, lang: Lang) -> Vec<String> {
    let prediction = &row.prediction;
    let tls = format!("TLS: Go {}, git {}", words::tls(prediction.go_tls, lang), words::tls(prediction.git_tls, lang));
    let mut facts = vec![
        format!("{}: {}", lang.pick("route", "路径"), words::route(prediction, lang)),
        tls,
        format!("{}: {}", lang.pick("checksum database asked", "查校验和数据库"), words::checksums(row, lang)),
        format!("{}: {}", lang.pick("named to", "名字泄露给"), words::leaks(row, lang)),
    ];
    facts.extend(row.if_git_trusts.as_ref().map(|trusted| {
        format!("{}: {}", lang.pick("if git trusts it", "若 git 信任"), columns::if_trusted(prediction, trusted, matrix, lang))
    }));
    facts
}

//! The waterfall as a picture.

use std::time::Duration;

use super::{
    Story, Traced,
    rows::{Kind, Look, Row, rows},
    say::{self, headline, sentences},
};
use crate::{
    lang::Lang,
    render::svg::{Anchor, Face, Letters, Paint, Rect, Svg, Tone, fit, wrap},
};

const WIDTH: f64 = 960.0;
const MARGIN: f64 = 24.0;
const LINE: f64 = 22.0;
/// Where the bars are; before it stands what was asked, after it how long it took.
const BARS: (f64, f64) = (460.0, 860.0);
const STATUS: f64 = 36.0;

/// The picture of `traced`.
pub fn svg(traced: &Traced, lang: Lang) -> String {
    let (story, rows) = (Story::of(traced), rows(traced, lang));
    let title = traced.words.join(" ");
    let about = headline(traced, &story, lang);
    let mut svg = Svg::new(&title, &about, lang);
    let mut y = MARGIN + 16.0;
    svg.text((MARGIN, y), &fit(&title, WIDTH - 2.0 * MARGIN, 17.0, Face::Mono), Letters::CODE.bold().size(17.0));
    y += 24.0;
    svg.text((MARGIN, y), &about, Letters::PLAIN.tone(Tone::Faint));
    y += 14.0;
    if !rows.is_empty() {
        y = waterfall(&mut svg, &rows, traced.took, y, lang);
    }
    let mut above = None;
    for (about, text) in sentences(traced, &story, lang) {
        if above != Some(about) {
            y += 26.0;
            svg.text((MARGIN, y), about.heading(lang), Letters::PLAIN.bold());
            above = Some(about);
        }
        for (at, line) in wrap(&text, WIDTH - 2.0 * MARGIN - 14.0, 12.5, Face::Sans).iter().enumerate() {
            y += 19.0;
            if at == 0 {
                svg.text((MARGIN, y), "•", Letters::PLAIN.tone(Tone::Faint));
            }
            svg.text((MARGIN + 14.0, y), line, Letters::PLAIN.size(12.5));
        }
    }
    svg.finish(WIDTH, y + MARGIN)
}

/// Draws the lines below `y`; answers where they end.
fn waterfall(svg: &mut Svg, rows: &[Row], end: Duration, y: f64, lang: Lang) -> f64 {
    let end = rows.iter().map(|row| row.began + row.took).max().unwrap_or_default().max(end);
    let shown = &rows[..rows.len().min(super::limits::MAX_PICTURE_ROWS)];
    let top = y + 24.0;
    let bottom = top + shown.len() as f64 * LINE;
    for quarter in 0..=4 {
        let x = BARS.0 + (BARS.1 - BARS.0) * f64::from(quarter) / 4.0;
        let text = if quarter == 0 { "0".to_owned() } else { say::time(end * quarter / 4) };
        let anchor = if quarter == 0 { Anchor::Start } else { Anchor::Middle };
        svg.text((x, top - 6.0), &text, Letters::PLAIN.size(10.5).tone(Tone::Faint).anchor(anchor));
        svg.rect(Rect { x, y: top, width: 1.0, height: bottom - top, radius: 0.0 }, Paint::Solid(Tone::Faint));
    }
    for (at, row) in shown.iter().enumerate() {
        let place = top + at as f64 * LINE;
        let hint = [std::slice::from_ref(&row.what), &row.facts].concat().join("\n");
        svg.hinted(&hint, |svg| line(svg, row, place, end));
    }
    let mut y = bottom + 18.0;
    if rows.len() > super::limits::MAX_PICTURE_ROWS {
        let more = lang
            .pick("… and {} more", "…… 另有 {} 个")
            .replace("{}", &(rows.len() - super::limits::MAX_PICTURE_ROWS).to_string());
        svg.text((MARGIN, y), &more, Letters::PLAIN.tone(Tone::Faint));
        y += 18.0;
    }
    legend(svg, y, lang);
    y + 6.0
}

fn line(svg: &mut Svg, row: &Row, y: f64, end: Duration) {
    let base = y + 15.0;
    let tone = tone(row.look);
    svg.text((MARGIN, base), &row.status, Letters::CODE.size(11.5).bold().tone(tone));
    let left = MARGIN + STATUS;
    let room = BARS.0 - left - 12.0;
    let host = if row.host.is_empty() { String::new() } else { fit(&row.host, room * 0.36, 11.5, Face::Mono) };
    let used = if host.is_empty() { 0.0 } else { crate::render::svg::width(&host, 11.5, Face::Mono) + 8.0 };
    svg.text((left, base), &host, Letters::CODE.size(11.5).tone(Tone::Faint));
    // Of a command its beginning tells most, of a path its end.
    let what = match row.kind {
        Kind::Process => fit(&row.what, room - used, 11.5, Face::Mono),
        Kind::Request | Kind::Tunnel => fit_end(&row.what, room - used),
    };
    svg.text((left + used, base), &what, Letters::CODE.size(11.5));
    bar(svg, row, y, end);
    let took = say::time(row.took) + if row.is_open { "…" } else { "" };
    svg.text((WIDTH - MARGIN, base), &took, Letters::PLAIN.size(11.5).tone(Tone::Faint).anchor(Anchor::End));
}

/// The end of what fits.
fn fit_end(text: &str, room: f64) -> String {
    if crate::render::svg::width(text, 11.5, Face::Mono) <= room {
        return text.to_owned();
    }
    let mut letters: Vec<char> = text.chars().collect();
    while !letters.is_empty() {
        letters.remove(0);
        let short: String = std::iter::once('…').chain(letters.iter().copied()).collect();
        if crate::render::svg::width(&short, 11.5, Face::Mono) <= room {
            return short;
        }
    }
    String::new()
}

fn bar(svg: &mut Svg, row: &Row, y: f64, end: Duration) {
    let scale = |duration: Duration| (BARS.1 - BARS.0) * duration.as_secs_f64() / end.as_secs_f64().max(f64::MIN_POSITIVE);
    let (x, all) = (BARS.0 + scale(row.began), scale(row.took).max(2.0));
    let part = |x: f64, width: f64, height: f64| Rect { x, y: y + (LINE - height) / 2.0, width, height, radius: 1.5 };
    if row.kind == Kind::Process {
        return svg.rect(part(x, all, 4.0), Paint::Solid(if row.look == Look::Bad { Tone::Red } else { Tone::Plain }));
    }
    let dialled = scale(row.dialled).min(all);
    let waited = scale(row.waited).min(all - dialled);
    let tone = if row.kind == Kind::Tunnel && row.look == Look::Good { Tone::Violet } else { tone(row.look) };
    if dialled >= 1.0 {
        svg.rect(part(x, dialled, 6.0), Paint::Solid(Tone::Faint));
    }
    svg.rect(part(x + dialled, (all - dialled).max(2.0), 12.0), Paint::Box(tone));
    let received = all - dialled - waited;
    if received >= 0.5 {
        svg.rect(part(x + dialled + waited, received.max(1.5), 12.0), Paint::Solid(tone));
    }
}

fn legend(svg: &mut Svg, y: f64, lang: Lang) {
    let parts = [
        (Paint::Solid(Tone::Faint), lang.pick("connecting", "建立连接")),
        (Paint::Box(Tone::Green), lang.pick("waiting", "等待应答")),
        (Paint::Solid(Tone::Green), lang.pick("receiving", "接收数据")),
        (Paint::Solid(Tone::Violet), lang.pick("tunnel", "隧道")),
        (Paint::Solid(Tone::Plain), lang.pick("git", "git")),
    ];
    let mut x = BARS.0;
    for (paint, text) in parts {
        svg.rect(Rect { x, y: y - 8.0, width: 12.0, height: 8.0, radius: 1.5 }, paint);
        svg.text((x + 17.0, y), text, Letters::PLAIN.size(10.5).tone(Tone::Faint));
        x += 17.0 + crate::render::svg::width(text, 10.5, Face::Sans) + 16.0;
    }
}

/// The colour of an outcome.
pub(super) const fn tone(look: Look) -> Tone {
    match look {
        Look::Good => Tone::Green,
        Look::NotExist => Tone::Amber,
        Look::Step => Tone::Blue,
        Look::Bad => Tone::Red,
    }
}

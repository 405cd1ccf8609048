//! The tree as a picture: the entries one below the other, what ends the walk at their right.

use super::{Branch, Chain, Hop, Then, Tree, words};
use crate::{
    lang::Lang,
    render::svg::{Face, Letters, Paint, Rect, Stroke, Svg, Tone, fit, wrap},
};

/// From the edge to what is drawn.
const MARGIN: f64 = 24.0;
/// The width of an entry.
const HOP: f64 = 340.0;
/// Between an entry and what ends there; arrows lie in it.
const GAP: f64 = 44.0;
/// The width of an end.
const END: f64 = 430.0;
/// Heavy letters are so much wider.
const BOLD: f64 = 1.13;
const LINE: f64 = 18.0;
const PAD: f64 = 12.0;

/// The tree as SVG.
pub(super) fn write(tree: &Tree, lang: Lang) -> String {
    let title = lang.pick("Where each answer leads", "每种回答通向哪里");
    let about = lang.pick(
        "The entries of each GOPROXY list, how long each is waited for, and what follows from its answers",
        "每个 GOPROXY 列表的条目、等待时限，以及各种回答的后果",
    );
    let mut svg = Svg::new(title, about, lang);
    let mut y = MARGIN;
    for (at, chain) in tree.chains.iter().enumerate() {
        y = draw(&mut svg, at, chain, tree, lang, y) + 2.0 * LINE;
    }
    svg.finish(2.0 * MARGIN + HOP + GAP + END, y - 2.0 * LINE + MARGIN)
}

/// Draws a chain from `y` on; answers where it ends.
fn draw(svg: &mut Svg, at: usize, chain: &Chain, tree: &Tree, lang: Lang, top: f64) -> f64 {
    let mut y = top + 14.0;
    let title = fit(&words::matches(chain, at == 0, lang), HOP + GAP + END, 16.0, Face::Sans);
    svg.text((MARGIN, y), &title, Letters::PLAIN.size(16.0).bold());
    y += LINE + 2.0;
    let list = fit(&format!("{}  ({})", chain.list, words::origin(chain, &tree.whose, lang)), HOP + GAP + END, 12.5, Face::Mono);
    svg.text((MARGIN, y), &list, Letters::CODE.tone(Tone::Faint));
    y += LINE;
    for (index, hop) in chain.hops.iter().enumerate() {
        y = entry(svg, index, hop, chain, tree, lang, y);
    }
    if let Some(longest) = words::longest(chain, lang) {
        svg.text((MARGIN, y + LINE), &longest, Letters::PLAIN.tone(Tone::Faint));
        y += LINE + 4.0;
    }
    y
}

/// Draws an entry, its ends beside it and the arrow to the next below it; answers where the next begins.
fn entry(svg: &mut Svg, index: usize, hop: &Hop, chain: &Chain, tree: &Tree, lang: Lang, y: f64) -> f64 {
    let patience: Vec<String> =
        hop.patience.iter().flat_map(|patience| words::patience(patience, hop.kind, &tree.whose, lang)).collect();
    let said: Vec<String> = patience.iter().flat_map(|line| wrap(line, HOP - 2.0 * PAD, 12.5, Face::Sans)).collect();
    let (onward, ends): (Vec<&Branch>, Vec<&Branch>) =
        hop.branches.iter().partition(|branch| matches!(branch.then, Then::Ask(..)));
    let ends: Vec<(Tone, Vec<String>, Vec<String>)> =
        ends.into_iter().map(|branch| end(branch, hop, chain, tree, lang)).collect();

    let box_height = 2.0 * PAD + LINE * (1.0 + f64::from(u8::from(hop.url.is_some())) + said.len() as f64);
    let heights: Vec<f64> = ends.iter().map(|(_, when, then)| 2.0 * 8.0 + LINE * (when.len() + then.len()) as f64).collect();
    let ends_height = heights.iter().sum::<f64>() + 10.0 * heights.len().saturating_sub(1) as f64;
    let height = box_height.max(ends_height);

    svg.rect(Rect { x: MARGIN, y, width: HOP, height, radius: 8.0 }, Paint::Box(Tone::Blue));
    let mut line = y + PAD + 13.0;
    let name = fit(&format!("{} {}", index + 1, hop.name), HOP - 2.0 * PAD, 15.0, Face::Sans);
    svg.text((MARGIN + PAD, line), &name, Letters::PLAIN.size(15.0).bold());
    if let Some(url) = &hop.url {
        line += LINE;
        svg.text((MARGIN + PAD, line), &fit(url, HOP - 2.0 * PAD, 12.0, Face::Mono), Letters::CODE.size(12.0).tone(Tone::Blue));
    }
    for text in &said {
        line += LINE;
        svg.text((MARGIN + PAD, line), text, Letters::PLAIN.size(12.5).tone(Tone::Faint));
    }
    let mut top = y;
    for ((tone, when, then), height) in ends.iter().zip(&heights) {
        beside(svg, *tone, when, then, (top, *height));
        top += height + 10.0;
    }
    let bottom = y + height;
    if onward.is_empty() { bottom + 10.0 } else { below(svg, &onward, hop, chain, tree, lang, bottom) }
}

fn end(branch: &Branch, hop: &Hop, chain: &Chain, tree: &Tree, lang: Lang) -> (Tone, Vec<String>, Vec<String>) {
    let tone = match branch.then {
        Then::Use => Tone::Green,
        Then::Absent | Then::AbsentUnlessTrouble => Tone::Amber,
        Then::Ask(..) | Then::Trouble | Then::Off | Then::OffUnlessTrouble | Then::Waits => Tone::Red,
    };
    let room = END - 2.0 * PAD;
    let then = wrap(&words::then(branch.then, chain, &tree.whose, lang), room, 13.0 * BOLD, Face::Sans);
    (tone, wrap(&words::whens(branch, hop, lang), room, 12.5, Face::Sans), then)
}

fn beside(svg: &mut Svg, tone: Tone, when: &[String], then: &[String], (y, height): (f64, f64)) {
    let x = MARGIN + HOP + GAP;
    let middle = y + height / 2.0;
    svg.line(&[(MARGIN + HOP, middle), (x - 2.0, middle)], Stroke::Arrow, tone);
    svg.rect(Rect { x, y, width: END, height, radius: 8.0 }, Paint::Box(tone));
    let mut line = y + 8.0 - 4.5;
    for text in when {
        line += LINE;
        svg.text((x + PAD, line), text, Letters::PLAIN.size(12.5));
    }
    for text in then {
        line += LINE;
        svg.text((x + PAD, line), text, Letters::PLAIN.bold().tone(tone));
    }
}

/// What leads to the next entry, beside the arrow to it.
fn below(svg: &mut Svg, onward: &[&Branch], hop: &Hop, chain: &Chain, tree: &Tree, lang: Lang, y: f64) -> f64 {
    let x = MARGIN + 40.0;
    let room = HOP + GAP + END - 60.0;
    let lines: Vec<String> = onward
        .iter()
        .flat_map(|branch| {
            let then = words::then(branch.then, chain, &tree.whose, lang);
            wrap(&format!("{} → {then}", words::whens(branch, hop, lang)), room, 12.5, Face::Sans)
        })
        .collect();
    let height = LINE * lines.len() as f64 + 14.0;
    svg.line(&[(x, y), (x, y + height - 2.0)], Stroke::Arrow, Tone::Amber);
    for (row, text) in lines.iter().enumerate() {
        svg.text((x + 14.0, y + 18.0 + LINE * row as f64), text, Letters::PLAIN.size(12.5).tone(Tone::Amber));
    }
    y + height
}

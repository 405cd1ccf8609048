//! The tree for a terminal.

use super::{Branch, Chain, Hop, Then, Tree, words};
use crate::{
    lang::Lang,
    render::terminal::{Style, Terminal, harmless, pad, width},
};

/// The tree as lines.
pub(super) fn write(tree: &Tree, lang: Lang, terminal: Terminal) -> String {
    let chains = tree.chains.iter().enumerate().map(|(at, chain)| {
        let mut lines = vec![head(at, chain, tree, (lang, terminal)), String::new()];
        for (at, entry) in chain.hops.iter().enumerate() {
            lines.extend(hop(at, entry, tree, chain, (lang, terminal)));
        }
        lines.extend(words::longest(chain, lang).map(|text| terminal.paint(Style::Dim, &text)));
        lines.join("\n") + "\n"
    });
    chains.collect::<Vec<_>>().join("\n")
}

fn head(at: usize, chain: &Chain, tree: &Tree, (lang, terminal): (Lang, Terminal)) -> String {
    let (matches, name) = (harmless(&words::matches(chain, at == 0, lang)), harmless(&words::origin(chain, &tree.whose, lang)));
    let title = terminal.paint(Style::Title, &matches);
    format!("{title}: {}  {}", harmless(&chain.list), terminal.paint(Style::Dim, &format!("({name})")))
}

fn hop(at: usize, hop: &Hop, tree: &Tree, chain: &Chain, (lang, terminal): (Lang, Terminal)) -> Vec<String> {
    let name = terminal.paint(Style::Title, &format!("{} {}", at + 1, harmless(&hop.name)));
    let url = hop.url.as_deref().map(|url| format!("  {}", harmless(url))).unwrap_or_default();
    let mut lines = vec![format!("{name}{url}")];
    for said in hop.patience.iter().flat_map(|patience| words::patience(patience, hop.kind, &tree.whose, lang)) {
        lines.push(format!("│    {}", terminal.paint(Style::Dim, &said)));
    }
    let last = hop.branches.len().saturating_sub(1);
    for (index, branch) in hop.branches.iter().enumerate() {
        let (fork, below) = if index == last { ("└─", "  ") } else { ("├─", "│ ") };
        lines.extend(leaf(branch, hop, tree, chain, (lang, terminal)).iter().enumerate().map(|(row, text)| {
            let stem = if row == 0 { fork } else { below };
            format!("{stem} {text}")
        }));
    }
    lines.push(String::new());
    lines
}

/// Answers at the left, what follows at the right; many answers stand below.
fn leaf(branch: &Branch, hop: &Hop, tree: &Tree, chain: &Chain, (lang, terminal): (Lang, Terminal)) -> Vec<String> {
    let then = words::then(branch.then, chain, &tree.whose, lang);
    let style = match branch.then {
        Then::Use => Style::Good,
        Then::Ask(..) => Style::Warn,
        Then::Absent | Then::AbsentUnlessTrouble | Then::Trouble | Then::Off | Then::OffUnlessTrouble | Then::Waits => Style::Bad,
    };
    let end = terminal.paint(style, &harmless(&then));
    let answers = words::whens(branch, hop, lang);
    let column = 32;
    if width(&answers) < column {
        return vec![format!("{} → {end}", pad(&answers, column))];
    }
    let mut lines = terminal.wrap(&answers, 3);
    lines.push(format!("{} → {end}", " ".repeat(column)));
    lines
}

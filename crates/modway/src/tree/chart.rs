//! The tree as a flow chart that forges draw.

use super::{Branch, Chain, Then, Tree, words};
use crate::{
    lang::Lang,
    render::mermaid::{Edge, Flow, Look, Node, Shape},
};

/// The tree as Mermaid.
pub(super) fn write(tree: &Tree, lang: Lang) -> String {
    let mut flow = Flow::default();
    let mut before: Option<Node> = None;
    for (at, chain) in tree.chains.iter().enumerate() {
        let shape = if chain.matches.is_some() { Shape::Diamond } else { Shape::Round };
        let title = format!("{}\n{}", words::matches(chain, at == 0, lang), chain.list);
        let head = flow.node(shape, &title, Look::Plain);
        if let Some(before) = before {
            flow.edge(before, head, lang.pick("no", "否"), Edge::Dotted);
        }
        grow(&mut flow, head, tree, chain, lang);
        before = Some(head);
    }
    flow.finish()
}

fn grow(flow: &mut Flow, head: Node, tree: &Tree, chain: &Chain, lang: Lang) {
    let hops: Vec<Node> = chain
        .hops
        .iter()
        .enumerate()
        .map(|(at, hop)| {
            let mut lines = vec![format!("{} {}", at + 1, hop.name)];
            lines.extend(hop.url.clone());
            lines.extend(hop.patience.iter().flat_map(|patience| words::patience(patience, hop.kind, &tree.whose, lang)));
            flow.node(Shape::Box, &lines.join("\n"), Look::Plain)
        })
        .collect();
    if let Some(first) = hops.first() {
        flow.edge(head, *first, if chain.matches.is_some() { lang.pick("yes", "是") } else { "" }, Edge::Solid);
    }
    let used = flow.node(Shape::Round, &words::then(Then::Use, chain, &tree.whose, lang), Look::Good);
    for (hop, node) in chain.hops.iter().zip(&hops) {
        for branch in &hop.branches {
            let label = words::short(branch, hop, lang);
            let (to, edge) = target(flow, branch, &hops, used, |then| words::then(then, chain, &tree.whose, lang));
            flow.edge(*node, to, &label, edge);
        }
    }
}

fn target(flow: &mut Flow, branch: &Branch, hops: &[Node], used: Node, say: impl Fn(Then) -> String) -> (Node, Edge) {
    match branch.then {
        Then::Use => (used, Edge::Solid),
        Then::Ask(index, _) => (hops.get(index).copied().unwrap_or(used), Edge::Dotted),
        Then::Absent | Then::AbsentUnlessTrouble => (flow.node(Shape::Round, &say(branch.then), Look::Look), Edge::Solid),
        Then::Trouble | Then::Off | Then::OffUnlessTrouble | Then::Waits => {
            (flow.node(Shape::Round, &say(branch.then), Look::Bad), Edge::Solid)
        }
    }
}

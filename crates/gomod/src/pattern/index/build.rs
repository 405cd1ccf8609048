//! From a list to its index.

use std::collections::HashMap;

use super::{
    Edge, NONE, Node, PatternIndex, ROOT, Span, anchor,
    table::{Inners, Kind, Slot, Table},
};
use crate::pattern::Patterns;

const NEW: Node =
    Node { terminal: NONE, lowest: NONE, star: ROOT, loose: NONE, heads: 0, tails: 0, has_literals: false, has_inners: false };

/// Compiles a list of up to `limit` bytes. A longer one has an index without spans, which means: scan it.
pub(super) fn build(list: Patterns, limit: usize) -> PatternIndex {
    let mut builder = Builder { nodes: vec![NEW], edges: Vec::new(), children: HashMap::new(), filed: HashMap::new() };
    let (mut spans, mut odd) = (Vec::new(), Vec::new());
    let short = list.text.len() <= limit;
    for (start, pattern) in list.spans().filter(|_| short) {
        let number = spans.len() as u32;
        spans.push(span(start, pattern));
        if is_odd(pattern) { odd.push(number) } else { builder.add(number, start, pattern) }
    }
    let slots: Vec<Slot> = builder.filed.into_iter().map(|(key, filed)| filed.slot(key.node, key.kind)).collect();
    let (table, inners) = (Table::new(list.text.as_bytes(), &slots), Inners::new(list.text.as_bytes(), &slots));
    PatternIndex { spans, nodes: builder.nodes, edges: builder.edges, table, inners, odd, list }
}

/// Whether a slash stands in brackets or behind a backslash, so that elements of the pattern are not those of the path.
fn is_odd(pattern: &str) -> bool {
    let (mut in_brackets, mut escaped) = (false, false);
    pattern.bytes().any(|byte| {
        let plain = !std::mem::take(&mut escaped);
        match byte {
            b'/' => return in_brackets || !plain,
            b'\\' if plain => escaped = true,
            b'[' if plain => in_brackets = true,
            b']' if plain => in_brackets = false,
            _ => {}
        }
        false
    })
}

/// Assumes: the list is no longer than a `u32` can say.
fn span(start: usize, text: &str) -> Span {
    Span { start: start as u32, length: text.len() as u32 }
}

struct Builder<'l> {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    /// By node and element, so that patterns that begin alike share what they share.
    children: HashMap<(u32, &'l str), u32>,
    filed: HashMap<Key<'l>, Filed>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key<'l> {
    node: u32,
    kind: Kind,
    text: &'l str,
}

struct Filed {
    text: Span,
    value: u32,
    /// How many edges are filed here.
    edges: u32,
}

impl Filed {
    fn slot(&self, node: u32, kind: Kind) -> Slot {
        Slot { node, kind, text: self.text, value: self.value }
    }
}

impl<'l> Builder<'l> {
    fn add(&mut self, number: u32, start: usize, pattern: &'l str) {
        let (mut node, mut at) = (ROOT, start);
        self.reach(node, number);
        for element in pattern.split('/') {
            node = self.child(node, at, element);
            self.reach(node, number);
            at += element.len() + 1;
        }
        let terminal = &mut self.nodes[node as usize].terminal;
        *terminal = number.min(*terminal);
    }

    fn reach(&mut self, node: u32, number: u32) {
        let lowest = &mut self.nodes[node as usize].lowest;
        *lowest = number.min(*lowest);
    }

    fn child(&mut self, node: u32, at: usize, element: &'l str) -> u32 {
        if let Some(child) = self.children.get(&(node, element)) {
            return *child;
        }
        let child = self.nodes.len() as u32;
        self.nodes.push(NEW);
        self.children.insert((node, element), child);
        let parent = &mut self.nodes[node as usize];
        if !element.contains(['*', '?', '[', '\\']) {
            parent.has_literals = true;
            let filed = Filed { text: span(at, element), value: child, edges: 0 };
            self.filed.insert(Key { node, kind: Kind::Literal, text: element }, filed);
        } else if element == "*" {
            parent.star = child;
        } else {
            self.file(node, child, at, element);
        }
        child
    }

    /// Files an edge with a wildcard under the piece of its text that has the fewest others.
    fn file(&mut self, node: u32, child: u32, at: usize, element: &'l str) {
        let ends = [(Kind::Head, anchor::head(element)), (Kind::Tail, anchor::tail(element))];
        let mut choices: Vec<(Kind, &'l str, u16)> =
            ends.into_iter().filter_map(|(kind, end)| end.map(|(text, length)| (kind, text, length))).collect();
        if choices.is_empty() {
            choices.extend(anchor::inners(element).map(|text| (Kind::Inner, text, 0)));
        }
        let crowd = |kind, text: &'l str| self.filed.get(&Key { node, kind, text }).map_or(0, |filed| filed.edges);
        let best = choices.into_iter().min_by_key(|(kind, text, _)| (crowd(*kind, text), std::cmp::Reverse(text.len())));
        let parent = &mut self.nodes[node as usize];
        let edge = self.edges.len() as u32;
        let next = match best {
            None => std::mem::replace(&mut parent.loose, edge),
            Some((kind, text, length)) => {
                match kind {
                    Kind::Head => parent.heads |= length,
                    Kind::Tail => parent.tails |= length,
                    Kind::Literal | Kind::Inner => parent.has_inners = true,
                }
                let start = at + (text.as_ptr() as usize - element.as_ptr() as usize);
                let key = Key { node, kind, text };
                let filed = self.filed.entry(key).or_insert(Filed { text: span(start, text), value: NONE, edges: 0 });
                filed.edges += 1;
                std::mem::replace(&mut filed.value, edge)
            }
        };
        self.edges.push(Edge { text: span(at, element), child, next });
    }
}

//! Long lists of patterns, compiled: the answer of the linear scan, at a cost that hardly grows with the list.
//!
//! The patterns become a tree over path elements. An element without wildcards is found by its hash; one with wildcards is filed
//! under a piece of literal text that every match has (its head, its tail, or four bytes within), and what is found there is
//! tried by the same matcher that the linear scan uses. So the index decides only what need *not* be tried.

mod anchor;
mod build;
mod table;

use super::{Patterns, glob, matches_prefix};
use table::{Inners, Kind, Table};

/// A list of patterns that is asked often.
///
/// Shape: as [`Patterns`], and [`find`](PatternIndex::find) gives exactly the answer of [`Patterns::find`].
///
/// Units and ranges: memory is proportional to the text of the list, and compiling it takes time proportional to that. A look-up
/// visits each node of the tree at most once; in lists as people write them, two or three.
#[derive(Clone, Debug)]
pub struct PatternIndex {
    list: Patterns,
    /// Where each pattern stands in the text; none if the text is too long for an index, and is scanned.
    spans: Vec<Span>,
    /// The first is the root.
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    table: Table,
    /// Which pieces within elements are filed anywhere.
    inners: Inners,
    /// Patterns that cannot be taken apart at their slashes, tried one after the other.
    odd: Vec<u32>,
}

/// A piece of the list's text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Span {
    start: u32,
    length: u32,
}

/// Where the first so many elements of a pattern lead.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The first pattern that ends here, or [`NONE`].
    terminal: u32,
    /// The first pattern that ends here or below.
    lowest: u32,
    /// Where a `*` leads; the root, which is nobody's child, if nowhere.
    star: u32,
    /// The first edge with a wildcard and without any literal text to file it under, or [`NONE`].
    loose: u32,
    /// Which of [`anchor::LENGTHS`] the heads of edges from here have.
    heads: u16,
    /// Likewise the tails.
    tails: u16,
    has_literals: bool,
    has_inners: bool,
}

/// An element with wildcards, and where it leads.
#[derive(Clone, Copy, Debug)]
struct Edge {
    text: Span,
    child: u32,
    /// The next edge filed at the same place, or [`NONE`].
    next: u32,
}

const ROOT: u32 = 0;
const NONE: u32 = u32::MAX;

impl PatternIndex {
    /// Compiles a list. Every list can be.
    pub fn new(list: Patterns) -> Self {
        build::build(list, NONE as usize)
    }

    /// The list that was compiled.
    pub fn patterns(&self) -> &Patterns {
        &self.list
    }

    /// The first pattern that matches a prefix of `path`, as it was written but for one trailing slash.
    pub fn find(&self, path: &str) -> Option<&str> {
        if self.spans.is_empty() {
            return self.list.find(path);
        }
        let first = self.odd.iter().copied().find(|&odd| matches_prefix(self.pattern(odd), path)).unwrap_or(NONE);
        let mut walk = Walk { index: self, aside: [(ROOT, 0); 8], waiting: 1, more: Vec::new(), first };
        while let Some((node, at)) = walk.next() {
            walk.visit(node, at, path);
        }
        (walk.first != NONE).then(|| self.pattern(walk.first))
    }

    fn pattern(&self, number: u32) -> &str {
        self.spans.get(number as usize).map_or("", |span| self.text(*span))
    }

    fn text(&self, span: Span) -> &str {
        self.list.text.get(span.range()).unwrap_or_default()
    }
}

impl Span {
    fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.start as usize + self.length as usize
    }
}

/// One look-up on its way.
struct Walk<'i> {
    index: &'i PatternIndex,
    /// The nodes to go on from, and where in the path the next element of each begins; beyond the end if there is none.
    aside: [(u32, usize); 8],
    /// How many there are.
    waiting: usize,
    /// Those that there is no room for, which takes an odd list.
    more: Vec<(u32, usize)>,
    /// The first pattern found so far.
    first: u32,
}

impl Walk<'_> {
    fn next(&mut self) -> Option<(u32, usize)> {
        if let Some(last) = self.waiting.checked_sub(1) {
            self.waiting = last;
            return self.aside.get(last).copied();
        }
        self.more.pop()
    }

    fn visit(&mut self, number: u32, at: usize, path: &str) {
        let index = self.index;
        let Some(node) = index.nodes.get(number as usize) else { return };
        self.first = self.first.min(node.terminal);
        let Some(rest) = path.as_bytes().get(at..).filter(|_| node.lowest < self.first) else { return };
        let length = rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        let (element, next) = (rest.get(..length).unwrap_or_default(), at + length + 1);
        let text = index.list.text.as_bytes();
        if node.has_literals
            && let Some(child) = index.table.find(text, number, Kind::Literal, element)
        {
            self.go(child, next);
        }
        if node.star != ROOT {
            self.go(node.star, next);
        }
        for (kind, lengths) in [(Kind::Head, node.heads), (Kind::Tail, node.tails)] {
            for affix in anchor::affixes(kind, lengths, element) {
                self.try_filed(index.table.find(text, number, kind, affix), element, next);
            }
        }
        if node.has_inners {
            for inner in element.windows(anchor::INNER).filter(|inner| index.inners.may_have(inner)) {
                self.try_filed(index.table.find(text, number, Kind::Inner, inner), element, next);
            }
        }
        if node.loose != NONE {
            self.try_filed(Some(node.loose), element, next);
        }
    }

    /// Tries the edges that are filed at one place.
    fn try_filed(&mut self, first: Option<u32>, element: &[u8], next: usize) {
        let mut filed = first;
        while let Some(edge) = filed.and_then(|number| self.index.edges.get(number as usize)) {
            if self.is_wanted(edge.child) && glob::matches_bytes(self.index.text(edge.text).as_bytes(), element) {
                self.go(edge.child, next);
            }
            filed = Some(edge.next);
        }
    }

    fn go(&mut self, child: u32, next: usize) {
        if !self.is_wanted(child) {
            return;
        }
        match self.aside.get_mut(self.waiting) {
            Some(place) => {
                *place = (child, next);
                self.waiting += 1;
            }
            None => self.more.push((child, next)),
        }
    }

    /// Whether anything that comes before what was found ends at this node or below.
    fn is_wanted(&self, node: u32) -> bool {
        self.index.nodes.get(node as usize).is_some_and(|node| node.lowest < self.first)
    }
}

#[cfg(test)]
mod tests;

//! A hash table from a node and a piece of literal text to what is filed there. It is made once and never grows.

use super::{NONE, Span};

/// What a piece of text is to its element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// All of it.
    Literal,
    /// Its beginning.
    Head,
    /// Its end.
    Tail,
    /// Something within.
    Inner,
}

/// One thing filed: below which node, under which text, and what: a node for a literal, else the first of some edges.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) node: u32,
    pub(super) kind: Kind,
    pub(super) text: Span,
    pub(super) value: u32,
}

/// Open addressing, never more than half full.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// A byte of each hash, so that most misses end without looking at the slot; 0 where there is none.
    marks: Vec<u8>,
    slots: Vec<Slot>,
}

const EMPTY: Slot = Slot { node: 0, kind: Kind::Literal, text: Span { start: 0, length: 0 }, value: NONE };

impl Table {
    /// Files everything. No two have the same node, kind and text.
    pub(super) fn new(text: &[u8], filed: &[Slot]) -> Self {
        let size = (filed.len() * 2 + 1).next_power_of_two();
        let mut table = Self { marks: vec![0; size], slots: vec![EMPTY; size] };
        for slot in filed {
            let (mark, mut at) = table.place(slot.node, slot.kind, text.get(slot.text.range()).unwrap_or_default());
            while table.marks[at] != 0 {
                at = (at + 1) % size;
            }
            (table.marks[at], table.slots[at]) = (mark, *slot);
        }
        table
    }

    /// What is filed below `node` as `kind` under `bytes`. `text` is the list's.
    #[inline]
    pub(super) fn find(&self, text: &[u8], node: u32, kind: Kind, bytes: &[u8]) -> Option<u32> {
        let (mark, mut at) = self.place(node, kind, bytes);
        loop {
            let found = *self.marks.get(at)?;
            if found == 0 {
                return None;
            }
            if found == mark {
                let slot = self.slots.get(at)?;
                if slot.node == node && slot.kind == kind && text.get(slot.text.range()) == Some(bytes) {
                    return Some(slot.value);
                }
            }
            at = (at + 1) & (self.marks.len() - 1);
        }
    }

    /// The memory that it takes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.marks) + size_of_val(&*self.slots)
    }

    /// The mark, which is never 0, and the first place to look.
    fn place(&self, node: u32, kind: Kind, bytes: &[u8]) -> (u8, usize) {
        let hash = hash(bytes, u64::from(node) << 2 | kind as u64);
        ((hash >> 56) as u8 | 1, hash as usize & (self.marks.len() - 1))
    }
}

/// A filter over the pieces within elements, for which every place of an element is asked: a few bits a piece that say "surely not".
#[derive(Clone, Debug)]
pub(super) struct Inners {
    bits: Vec<u64>,
}

impl Inners {
    pub(super) fn new(text: &[u8], filed: &[Slot]) -> Self {
        let pieces = || filed.iter().filter(|slot| slot.kind == Kind::Inner);
        let mut inners = Self { bits: vec![0; (pieces().count() / 2 + 16).next_power_of_two()] };
        for slot in pieces() {
            let (word, bit) = inners.place(text.get(slot.text.range()).unwrap_or_default());
            inners.bits[word] |= bit;
        }
        inners
    }

    pub(super) fn may_have(&self, piece: &[u8]) -> bool {
        let (word, bit) = self.place(piece);
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }

    fn place(&self, piece: &[u8]) -> (usize, u64) {
        let piece = piece.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let hash = u64::from(piece).wrapping_mul(SECOND) >> 32;
        ((hash >> 6) as usize & (self.bits.len() - 1), 1 << (hash & 63))
    }
}

/// Multiplies and folds, eight bytes at a time; the last eight may be some that were there before. Nobody gains by collisions: what is
/// filed is the operator's, and a path that meets one costs a comparison.
fn hash(bytes: &[u8], seed: u64) -> u64 {
    let mut state = fold(seed ^ FIRST, SECOND ^ bytes.len() as u64);
    let four = |bytes: Option<&[u8; 4]>| bytes.map_or(0, |bytes| u64::from(u32::from_le_bytes(*bytes)));
    let last = match (bytes, bytes.last_chunk::<8>()) {
        (_, Some(last)) => {
            for word in bytes[..bytes.len() - 1].as_chunks::<8>().0 {
                state = fold(state ^ u64::from_le_bytes(*word), SECOND);
            }
            u64::from_le_bytes(*last)
        }
        ([first, .., last], None) if bytes.len() < 4 => {
            u64::from(*first) | u64::from(bytes[bytes.len() / 2]) << 8 | u64::from(*last) << 16
        }
        ([only], None) => u64::from(*only),
        (_, None) => four(bytes.first_chunk()) | four(bytes.last_chunk()) << 32,
    };
    fold(state ^ last, FIRST)
}

/// Odd numbers with about as many ones as zeros: the first digits of pi, and of the golden ratio.
const FIRST: u64 = 0x243F_6A88_85A3_08D3;
const SECOND: u64 = 0x9E37_79B9_7F4A_7C15;

fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    (product >> 64) as u64 ^ product as u64
}

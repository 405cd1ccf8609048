//! Literal text that every match of a pattern's element has: its head, its tail, or four bytes within.

use super::table::Kind;

/// The lengths of heads and tails; longer ones are cut. Few lengths mean few look-ups.
pub(super) const LENGTHS: [usize; 10] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];

/// How many bytes within an element are looked up together.
pub(super) const INNER: usize = 4;

/// The heads, or tails, of `element` of those lengths that have their bit in `lengths`.
pub(super) fn affixes(kind: Kind, lengths: u16, element: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut left = lengths;
    let wanted = std::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        LENGTHS.get(bit as usize).copied()
    });
    wanted.map_while(move |length| match kind {
        Kind::Tail => element.len().checked_sub(length).and_then(|start| element.get(start..)),
        Kind::Head | Kind::Literal | Kind::Inner => element.get(..length),
    })
}

/// The literal head of an element with wildcards, cut to one of [`LENGTHS`], and that length's bit.
pub(super) fn head(element: &str) -> Option<(&str, u16)> {
    let head = element.len() - element.trim_start_matches(|c| !"*?[\\".contains(c)).len();
    // A character may begin within the length, and end beyond it.
    LENGTHS.iter().enumerate().rev().find_map(|(bit, &length)| {
        let cut = element.get(..length).filter(|_| length <= head)?;
        Some((cut, 1 << bit))
    })
}

/// Likewise the tail. What stands behind the last `]` or backslash is literal too, if the pattern is well-formed at all.
pub(super) fn tail(element: &str) -> Option<(&str, u16)> {
    let tail = element.len() - element.trim_end_matches(|c| !"*?[]\\".contains(c)).len();
    LENGTHS.iter().enumerate().rev().find_map(|(bit, &length)| {
        let cut = element.get(element.len().checked_sub(length)?..).filter(|_| length <= tail)?;
        Some((cut, 1 << bit))
    })
}

/// The pieces of [`INNER`] bytes that every match of an element with wildcards has. Elements with classes or backslashes have none
/// here: what is literal in them is not seen at a glance.
pub(super) fn inners(element: &str) -> impl Iterator<Item = &str> {
    let plain = if element.contains(['[', '\\']) { "" } else { element };
    let runs = plain.split(['*', '?']);
    runs.flat_map(|run| (0..run.len()).filter_map(move |at| run.get(at..at + INNER)))
}

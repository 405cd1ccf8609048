//! What is counted and told while a store is proven.

use super::{Fault, Finding, Tally, Told};

/// Counts, and hands on.
pub(super) struct Teller<'a> {
    pub(super) tally: Tally,
    tell: &'a mut (dyn FnMut(Told<'_>) + Send),
}

impl<'a> Teller<'a> {
    pub(super) fn new(tell: &'a mut (dyn FnMut(Told<'_>) + Send)) -> Self {
        Self { tally: Tally::default(), tell }
    }

    pub(super) fn found(&mut self, path: &str, fault: Fault, aside: bool) {
        self.tally.found += 1;
        self.tally.unreadable += u64::from(matches!(fault, Fault::Unreadable(_)));
        (self.tell)(Told::Found(&Finding { path: path.to_owned(), fault, aside }));
    }

    pub(super) fn unsigned(&mut self, path: &str) {
        (self.tell)(Told::Unsigned(path));
    }

    pub(super) fn read(&mut self) {
        (self.tell)(Told::Read(&self.tally));
    }
}

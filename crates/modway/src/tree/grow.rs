//! Where the answers of one entry lead: found by leading the walk of [`gomod::goproxy`] there, as the go command and the server do.

use gomod::goproxy::{GoProxyList, Outcome, Place, Privacy, Verdict, Walk};

use super::{Because, Branch, Then, When, Whose};

/// One entry, and what may come of asking it.
pub(super) struct Sprout<'a> {
    pub(super) list: &'a GoProxyList,
    pub(super) index: usize,
    pub(super) whose: &'a Whose,
    /// What may come, and whether the entry's `step_down` covers it.
    pub(super) answers: Vec<(When, bool)>,
    /// True if an entry before can fail and yet give way.
    pub(super) after_trouble: bool,
}

impl Sprout<'_> {
    /// The answers, those with the same end put together: what is good first, then what goes on, then what ends.
    pub(super) fn branches(&self) -> Vec<Branch> {
        let mut branches: Vec<Branch> = Vec::new();
        for (when, covered) in &self.answers {
            let then = self.then(*when, *covered);
            match branches.iter_mut().find(|branch| branch.then == then) {
                Some(branch) => branch.when.push(*when),
                None => branches.push(Branch { when: vec![*when], then }),
            }
        }
        branches.sort_by_key(|branch| order(branch.then));
        branches
    }

    fn then(&self, when: When, covered: bool) -> Then {
        match when {
            When::Silence => return Then::Waits,
            When::Found => return Then::Use,
            _ => (),
        }
        let outcome = if when == When::Absent { Outcome::NotExist } else { Outcome::Failed };
        let calm = self.after(Outcome::NotExist, outcome, covered);
        match (calm.place(), outcome) {
            (Some(Place::Entry(next)), Outcome::NotExist) => Then::Ask(next, Because::Absent),
            // The next entry is asked: by the list, unless only our own rule can have done it.
            (Some(Place::Entry(next)), _) if self.after(Outcome::NotExist, outcome, false).place().is_some() => {
                Then::Ask(next, Because::Bar)
            }
            (Some(Place::Entry(next)), _) => Then::Ask(next, Because::StepDown),
            (Some(Place::NoProxy) | None, _) => self.end(&calm, outcome, covered),
        }
    }

    fn end(&self, calm: &Walk<'_>, outcome: Outcome, covered: bool) -> Then {
        let absent = |walk: &Walk<'_>| match self.whose {
            Whose::Go => matches!(walk.shown(), Some((_, Outcome::NotExist))),
            Whose::Server => matches!(walk.verdict(), Verdict::NotExist(_)),
        };
        let stormy = self.after(Outcome::Failed, outcome, covered);
        match (absent(calm), absent(&stormy) || !self.after_trouble) {
            (false, _) => Then::Trouble,
            (true, true) => Then::Absent,
            (true, false) => Then::AbsentUnlessTrouble,
        }
    }

    /// The walk after every entry before answered `before`, and this one `outcome`.
    fn after(&self, before: Outcome, outcome: Outcome, covered: bool) -> Walk<'_> {
        let mut walk = self.list.walk(Privacy::Public);
        for _ in 0..self.index {
            match before {
                Outcome::Failed => walk.step_down(),
                Outcome::Found | Outcome::NotExist => walk.answer(before),
            }
        }
        if covered {
            walk.step_down()
        } else {
            walk.answer(outcome)
        }
        walk
    }
}

const fn order(then: Then) -> u8 {
    match then {
        Then::Use => 0,
        Then::Ask(_, Because::Absent) => 1,
        Then::Ask(_, Because::Bar | Because::StepDown) => 2,
        Then::Absent | Then::AbsentUnlessTrouble | Then::Off | Then::OffUnlessTrouble => 3,
        Then::Trouble => 4,
        Then::Waits => 5,
    }
}

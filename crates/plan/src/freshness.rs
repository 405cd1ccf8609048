//! May a stored answer still be served?

use std::time::Duration;

/// How long changing answers live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Freshness {
    /// `list`, `@latest` and branch queries are fresh so long.
    pub fresh: Duration,
    /// After that they are served while they are asked for again, so long.
    pub revalidate: Duration,
    /// When upstreams are in trouble they are served so long, counted from the last confirmation.
    pub stale: Duration,
    /// "Does not exist" is kept so long.
    pub absent: Duration,
}

/// How old a stored answer is, in the words of what may be done with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Age {
    /// Serve it.
    Fresh,
    /// Serve it, and ask again meanwhile.
    Revalidate,
    /// Ask first; serve it if that ends in trouble.
    Stale,
    /// Ask; it is too old to be served.
    Gone,
}

impl Freshness {
    /// How old an answer is that was confirmed at `checked_at`; both in seconds since the epoch.
    ///
    /// A clock that went back makes every answer `Stale` at best: it is asked for again, and nothing is lost.
    pub fn age(&self, checked_at: i64, now: i64) -> Age {
        let Ok(seconds) = u64::try_from(now.saturating_sub(checked_at)) else { return Age::Stale };
        let age = Duration::from_secs(seconds);
        match () {
            () if age < self.fresh => Age::Fresh,
            () if age < self.fresh.saturating_add(self.revalidate) => Age::Revalidate,
            () if age < self.stale => Age::Stale,
            () => Age::Gone,
        }
    }

    /// How old a "does not exist" is: only ever fresh or gone, for trouble must never look like absence.
    pub fn age_of_absence(&self, checked_at: i64, now: i64) -> Age {
        let fresh = u64::try_from(now.saturating_sub(checked_at)).is_ok_and(|seconds| Duration::from_secs(seconds) < self.absent);
        if fresh { Age::Fresh } else { Age::Gone }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: Freshness = Freshness {
        fresh: Duration::from_secs(10),
        revalidate: Duration::from_secs(20),
        stale: Duration::from_secs(100),
        absent: Duration::from_secs(5),
    };

    #[test]
    fn an_answer_grows_from_fresh_to_gone() {
        for (age, expected) in [(0, Age::Fresh), (9, Age::Fresh), (10, Age::Revalidate), (29, Age::Revalidate), (30, Age::Stale)]
        {
            assert_eq!(RULE.age(1000, 1000 + age), expected, "{age}s");
        }
        assert_eq!(RULE.age(1000, 1099), Age::Stale);
        assert_eq!(RULE.age(1000, 1100), Age::Gone);
    }

    #[test]
    fn a_clock_that_went_back_makes_us_ask_again() {
        assert_eq!(RULE.age(1000, 999), Age::Stale);
        assert_eq!(RULE.age_of_absence(1000, 999), Age::Gone);
        assert_eq!(RULE.age(i64::MAX, i64::MIN), Age::Stale);
    }

    #[test]
    fn absence_is_believed_briefly_and_never_stale() {
        assert_eq!(RULE.age_of_absence(1000, 1004), Age::Fresh);
        assert_eq!(RULE.age_of_absence(1000, 1005), Age::Gone);
    }
}

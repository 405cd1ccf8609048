//! Who may write a log, decided in one place for every backend.

use crate::limits::LONGEST_LEASE;

/// The newest lease on one log.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lease {
    /// Who has it; empty before the first one.
    pub holder: String,
    /// Its fencing token; 0 before the first one.
    pub fence: u64,
    /// The first second at which it is over, since the Unix epoch.
    pub until: i64,
}

impl Lease {
    /// What this lease becomes when `holder` asks at `now` for `seconds`; `None` while it is another one's.
    ///
    /// A lease that ends later than any could that was given now was given by a clock that was wrong, and counts as over: else one wrong year
    /// would lock a log for ever. Nothing is risked by it, since the fencing token and not the time keeps two writers apart.
    pub fn next(&self, holder: &str, now: i64, seconds: u32) -> Option<Self> {
        let longest = u32::try_from(LONGEST_LEASE.as_secs()).unwrap_or(u32::MAX);
        let until = now.saturating_add(i64::from(seconds.min(longest)));
        let is_possible = self.until <= now.saturating_add(i64::from(longest));
        if self.fence > 0 && self.holder == holder {
            return Some(Self { until, ..self.clone() });
        }
        if self.until > now && is_possible {
            return None;
        }
        Some(Self { holder: holder.to_owned(), fence: self.fence + 1, until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(holder: &str, now: i64, seconds: u32, expected: Option<(u64, i64)>) {
        let lease = Lease { holder: "a".to_owned(), fence: 7, until: 1000 };
        assert_eq!(lease.next(holder, now, seconds).map(|next| (next.fence, next.until)), expected);
    }

    #[test]
    fn a_lease_is_its_holders_until_it_is_over() {
        check("a", 900, 60, Some((7, 960)));
        check("b", 900, 60, None);
        check("b", 999, 60, None);
        check("b", 1000, 60, Some((8, 1060)));
        check("a", 2000, 60, Some((7, 2060)));
    }

    #[test]
    fn no_seconds_end_it_and_too_many_are_cut() {
        check("a", 900, 0, Some((7, 900)));
        check("a", 900, u32::MAX, Some((7, 900 + 3600)));
    }

    #[test]
    fn a_lease_of_a_wrong_clock_locks_nobody_out() {
        check("b", 1000 - 3600, 60, None);
        check("b", 1000 - 3601, 60, Some((8, 1000 - 3601 + 60)));
    }

    #[test]
    fn the_first_lease_is_one() {
        let next = Lease::default().next("a", 5, 10).unwrap();
        assert_eq!(next, Lease { holder: "a".to_owned(), fence: 1, until: 15 });
    }
}

//! A moment as Go's `time.Time` has it, without a clock: `.info` times and the time stamps of pseudo-versions.

mod rfc3339;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

pub use rfc3339::InvalidTime;

/// A moment and the offset from UTC at which it was written down.
///
/// Shape: Displays as RFC 3339, `2006-01-02T15:04:05Z` or `2006-01-02T15:04:05.5+08:00`. Moments are compared and hashed
/// without their offset.
///
/// Units and ranges: Years 0 to 9999 can be written and read; the default is Go's zero time, the start of year 1.
///
/// Source: Go `time.Time`, `time.RFC3339Nano`.
#[derive(Clone, Copy, Debug)]
pub struct Time {
    unix_seconds: i64,
    nanoseconds: u32,
    offset_seconds: i32,
}

/// Year, month 1 to 12, day 1 to 31, hour, minute and second of a moment, as a clock at some offset shows them.
///
/// Shape: Any numbers can be written down here; [`Time::from_civil`] refuses those that are no date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it, with the ranges above")]
pub struct Civil {
    pub year: i64,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
}

const SECONDS_PER_DAY: i64 = 86_400;
/// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const WRITABLE: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

impl Time {
    /// The start of year 1 in UTC, which is what Go has where no time was given.
    pub const ZERO: Time = Time { unix_seconds: -62_135_596_800, nanoseconds: 0, offset_seconds: 0 };

    /// Makes a moment in UTC from the seconds since 1970.
    ///
    /// Errors: None if it lies outside of the years 0 to 9999.
    pub fn from_unix_seconds(unix_seconds: i64) -> Option<Time> {
        WRITABLE.contains(&unix_seconds).then_some(Time { unix_seconds, nanoseconds: 0, offset_seconds: 0 })
    }

    /// Makes a moment in UTC from what a clock in UTC shows.
    ///
    /// Errors: None if there is no such date or time of day, a leap second included, or the year is not in 0 to 9999.
    pub fn from_civil(civil: Civil) -> Option<Time> {
        let Civil { year, month, day, hour, minute, second } = civil;
        let good = (0..=9999).contains(&year) && hour < 24 && minute < 60 && second < 60;
        if !good || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        let second_of_day = hour * 3600 + minute * 60 + second;
        Time::from_unix_seconds(days_from_civil(year, month, day) * SECONDS_PER_DAY + i64::from(second_of_day))
    }

    /// Reads the 14 digits of a pseudo-version, `20060102150405`, which are UTC.
    ///
    /// Errors: None if it is not 14 digits or there is no such moment.
    ///
    /// Source: `module.PseudoVersionTimestampFormat` in x/mod.
    pub fn parse_timestamp(timestamp: &str) -> Option<Time> {
        if timestamp.len() != 14 || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let number = |from: usize, to: usize| timestamp.get(from..to)?.parse::<u32>().ok();
        Time::from_civil(Civil {
            year: i64::from(number(0, 4)?),
            month: number(4, 6)?,
            day: number(6, 8)?,
            hour: number(8, 10)?,
            minute: number(10, 12)?,
            second: number(12, 14)?,
        })
    }

    /// Writes the moment in UTC as the 14 digits of a pseudo-version.
    pub fn timestamp(&self) -> String {
        let Civil { year, month, day, hour, minute, second } = self.civil_at(0);
        format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }

    /// Seconds since 1970 in UTC; negative before.
    pub fn unix_seconds(&self) -> i64 {
        self.unix_seconds
    }

    /// Nanoseconds into the second, 0 to 999 999 999.
    pub fn nanoseconds(&self) -> u32 {
        self.nanoseconds
    }

    /// The same moment, written in UTC.
    pub fn in_utc(self) -> Time {
        Time { offset_seconds: 0, ..self }
    }

    fn civil_at(&self, offset_seconds: i32) -> Civil {
        let local = self.unix_seconds + i64::from(offset_seconds);
        let (year, month, day) = civil_from_days(local.div_euclid(SECONDS_PER_DAY));
        let second_of_day = u32::try_from(local.rem_euclid(SECONDS_PER_DAY)).unwrap_or(0);
        Civil { year, month, day, hour: second_of_day / 3600, minute: second_of_day / 60 % 60, second: second_of_day % 60 }
    }

    fn moment(&self) -> (i64, u32) {
        (self.unix_seconds, self.nanoseconds)
    }
}

impl Default for Time {
    fn default() -> Self {
        Time::ZERO
    }
}

impl PartialEq for Time {
    fn eq(&self, other: &Self) -> bool {
        self.moment() == other.moment()
    }
}

impl Eq for Time {}

impl Hash for Time {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.moment().hash(state);
    }
}

impl Ord for Time {
    fn cmp(&self, other: &Self) -> Ordering {
        self.moment().cmp(&other.moment())
    }
}

impl PartialOrd for Time {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339::write(self, out)
    }
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March, so that the leap day is the last.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1))
}

#[cfg(test)]
mod tests;

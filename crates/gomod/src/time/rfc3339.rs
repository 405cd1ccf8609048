//! RFC 3339 as Go's `time.Parse` takes it, with its leniences and its words, and as `time.RFC3339Nano` writes it.
//!
//! Go 1.27 takes a one-digit hour, a comma before the fraction and offsets up to `24:60`, and so do we: a time that a
//! proxy has served to go commands must not become unreadable here.

use std::fmt;

use super::{Civil, SECONDS_PER_DAY, Time, days_from_civil, days_in_month};

const LAYOUT: &str = "2006-01-02T15:04:05Z07:00";

/// Text that is no time to Go.
///
/// Shape: Displays as Go's `time.ParseError`, `parsing time "2026-13-01T00:00:00Z": month out of range`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("parsing time {}{why}", quoted(.text))]
pub struct InvalidTime {
    text: String,
    why: String,
}

impl Time {
    /// Reads a time in RFC 3339, for instance `2006-01-02T15:04:05.5+08:00`.
    ///
    /// Units and ranges: Years 0 to 9999; digits of the fraction after the ninth are dropped.
    ///
    /// Errors: [`InvalidTime`] in Go's words.
    ///
    /// Source: Go `time.Parse(time.RFC3339, …)`, 1.27.
    pub fn parse_rfc3339(text: &str) -> Result<Time, InvalidTime> {
        Reader { rest: text }.time().map_err(|why| InvalidTime { text: text.into(), why })
    }
}

pub(super) fn write(time: &Time, out: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Civil { year, month, day, hour, minute, second } = time.civil_at(time.offset_seconds);
    write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
    if time.nanoseconds != 0 {
        write!(out, ".{}", format!("{:09}", time.nanoseconds).trim_end_matches('0'))?;
    }
    let minutes = time.offset_seconds / 60;
    match minutes {
        0 => out.write_str("Z"),
        _ => write!(out, "{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60),
    }
}

/// Text that is read from the front; a failure is the second half of the message.
struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn time(&mut self) -> Result<Time, String> {
        let year = self.year()?;
        self.literal("-")?;
        let month = self.number("01", "month", 1..=12)?;
        self.literal("-")?;
        let day = self.number("02", "day", 0..=99)?;
        self.literal("T")?;
        let hour = self.hour()?;
        self.literal(":")?;
        let minute = self.number("04", "minute", 0..=59)?;
        self.literal(":")?;
        let second = self.number("05", "second", 0..=59)?;
        let nanoseconds = self.fraction();
        let offset_seconds = self.offset()?;
        self.end()?;
        if day == 0 || day > days_in_month(year, month) {
            return Err(out_of_range("day"));
        }
        let seconds = i64::from(hour * 3600 + minute * 60 + second) - i64::from(offset_seconds);
        Ok(Time { unix_seconds: days_from_civil(year, month, day) * SECONDS_PER_DAY + seconds, nanoseconds, offset_seconds })
    }

    fn year(&mut self) -> Result<i64, String> {
        let year = self.rest.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()));
        let year = year.and_then(|year| year.parse().ok()).ok_or_else(|| cannot_parse(self.rest, "2006"))?;
        self.skip(4);
        Ok(year)
    }

    /// Reads two digits.
    fn number(&mut self, element: &str, name: &str, range: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
        let number = two_digits(self.rest).ok_or_else(|| cannot_parse(self.rest, element))?;
        self.skip(2);
        if range.contains(&number) { Ok(number) } else { Err(out_of_range(name)) }
    }

    /// Reads one digit or two, as Go does for the hour alone.
    fn hour(&mut self) -> Result<u32, String> {
        if two_digits(self.rest).is_some() {
            return self.number("15", "hour", 0..=23);
        }
        let hour = self.rest.chars().next().and_then(|digit| digit.to_digit(10));
        let hour = hour.ok_or_else(|| cannot_parse(self.rest, "15"))?;
        self.skip(1);
        Ok(hour)
    }

    fn fraction(&mut self) -> u32 {
        let Some(rest) = self.rest.strip_prefix(['.', ',']) else { return 0 };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return 0;
        }
        let nanoseconds = rest.bytes().take(digits).chain(std::iter::repeat(b'0')).take(9);
        self.skip(1 + digits);
        nanoseconds.fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0'))
    }

    fn offset(&mut self) -> Result<i32, String> {
        if let Some(rest) = self.rest.strip_prefix('Z') {
            self.rest = rest;
            return Ok(0);
        }
        let bad = || cannot_parse(self.rest, "Z07:00");
        let zone = self.rest.as_bytes().get(..6).filter(|zone| zone.get(3) == Some(&b':')).ok_or_else(bad)?;
        let hours = self.rest.get(1..).and_then(two_digits);
        let minutes = hours.and_then(|_| self.rest.get(4..)).and_then(two_digits);
        // Go looks at the ranges first, and at the shape of what is in range afterwards.
        if hours.is_some_and(|hours| hours > 24) {
            return Err(out_of_range("time zone offset hour"));
        }
        if minutes.is_some_and(|minutes| minutes > 60) {
            return Err(out_of_range("time zone offset minute"));
        }
        let seconds = hours.zip(minutes).and_then(|(hours, minutes)| i32::try_from((hours * 60 + minutes) * 60).ok());
        let seconds = seconds.ok_or_else(bad)?;
        let sign = match zone.first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(bad()),
        };
        self.skip(6);
        Ok(sign * seconds)
    }

    fn literal(&mut self, literal: &str) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(literal).ok_or_else(|| cannot_parse(self.rest, literal))?;
        Ok(())
    }

    fn end(&self) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!(": extra text: {}", quoted(self.rest))) }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }
}

fn two_digits(text: &str) -> Option<u32> {
    text.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

fn out_of_range(name: &str) -> String {
    format!(": {name} out of range")
}

fn cannot_parse(rest: &str, element: &str) -> String {
    format!(" as {}: cannot parse {} as {}", quoted(LAYOUT), quoted(rest), quoted(element))
}

/// Quotes as Go's package time does, which is simpler than `%q`: every byte that is not printable ASCII becomes `\xff`.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b' '..=0x7f => quoted.push(char::from(byte)),
            _ => quoted.push_str(&format!("\\x{byte:02x}")),
        }
    }
    quoted.push('"');
    quoted
}

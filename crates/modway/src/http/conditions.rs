//! Conditional and range requests (RFC 9110 §13, §14), as a pure function of the request's headers and what is to be sent.

use std::ops::Range;

use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE},
};
use jiff::fmt::rfc2822::DateTimeParser;

/// What a client is to get of a representation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// All of it.
    Whole,
    /// Nothing: it has this one, or no tag was compared.
    NotModified(Option<HeaderValue>),
    /// Nothing: it wants another one.
    Failed,
    /// These bytes.
    Part(Range<u64>),
    /// It asked for bytes beyond the end.
    NoSuchRange,
}

/// The validators of what is to be sent.
pub(crate) struct Validators<'a> {
    /// The tag of the bytes as they are, and of their compressed form.
    pub(crate) tags: [Option<&'a HeaderValue>; 2],
    /// As printed, and in seconds since the epoch.
    pub(crate) modified: (&'a HeaderValue, i64),
    /// All of it, in bytes.
    pub(crate) size_bytes: u64,
}

/// Decides what the client gets. Ranges count only where `ranges` says so: for GET.
pub(crate) fn decide(headers: &HeaderMap, have: &Validators<'_>, ranges: bool) -> Verdict {
    if !still_wanted(headers, have) {
        return Verdict::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if let Some(tag) = none_match(headers, have) {
            return Verdict::NotModified(tag);
        }
    } else if headers.get(IF_MODIFIED_SINCE).is_some_and(|since| unmodified_since(since, have)) {
        return Verdict::NotModified(None);
    }
    let wanted = headers.get(RANGE).filter(|_| ranges && only_one(headers, &RANGE));
    match wanted.filter(|_| if_range_holds(headers, have)) {
        Some(range) => part(range.as_bytes(), have.size_bytes),
        None => Verdict::Whole,
    }
}

/// Whether `If-Match` names what we have (strong comparison, §13.1.1); without it, whether `If-Unmodified-Since` holds.
fn still_wanted(headers: &HeaderMap, have: &Validators<'_>) -> bool {
    if headers.contains_key(IF_MATCH) {
        let ours = |tag: &[u8]| have.tags.iter().flatten().any(|ours| ours.as_bytes() == tag);
        let named = |value: &HeaderValue| {
            value.as_bytes().trim_ascii() == b"*" || Tags(value.as_bytes()).any(|(weak, tag)| !weak && ours(tag))
        };
        return headers.get_all(IF_MATCH).iter().any(named);
    }
    headers.get(IF_UNMODIFIED_SINCE).and_then(seconds).is_none_or(|since| have.modified.1 <= since)
}

/// A date of HTTP, in seconds since the epoch; `None` if it is none.
fn seconds(date: &HeaderValue) -> Option<i64> {
    DateTimeParser::new().parse_timestamp(date.as_bytes()).ok().map(|date| date.as_second())
}

/// Whether `If-None-Match` names what we have (weak comparison, §13.1.2): which tag, if one was named.
fn none_match(headers: &HeaderMap, have: &Validators<'_>) -> Option<Option<HeaderValue>> {
    for value in headers.get_all(IF_NONE_MATCH) {
        if value.as_bytes().trim_ascii() == b"*" {
            return Some(None);
        }
        for (_, tag) in Tags(value.as_bytes()) {
            if let Some(same) = have.tags.iter().flatten().find(|ours| ours.as_bytes() == tag) {
                return Some(Some((*same).clone()));
            }
        }
    }
    None
}

/// The opaque tags of a list such as `W/"a", "b,c"`: whether each is weak, and the tag with its quotes. Ends at the first mistake.
struct Tags<'a>(&'a [u8]);

impl<'a> Iterator for Tags<'a> {
    type Item = (bool, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let separator = |byte: &u8| matches!(byte, b' ' | b'\t' | b',');
        let start = self.0.iter().position(|byte| !separator(byte))?;
        let weak = self.0[start..].strip_prefix(b"W/");
        let tag = weak.unwrap_or(&self.0[start..]);
        let inner = tag.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| *byte == b'"')?;
        self.0 = &inner[end + 1..];
        Some((weak.is_some(), &tag[..end + 2]))
    }
}

fn unmodified_since(since: &HeaderValue, have: &Validators<'_>) -> bool {
    let (printed, modified_at) = have.modified;
    since == printed || seconds(since).is_some_and(|since| modified_at <= since)
}

/// `If-Range` holds if it is absent, is our strong tag, or is exactly our date (§13.1.5).
fn if_range_holds(headers: &HeaderMap, have: &Validators<'_>) -> bool {
    let Some(condition) = headers.get(IF_RANGE) else { return true };
    only_one(headers, &IF_RANGE) && (have.tags[0] == Some(condition) || condition == have.modified.0)
}

fn only_one(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().count() == 1
}

/// Reads a `Range` (§14.2). Other units, several ranges and mistakes are ignored: the client gets the whole.
fn part(range: &[u8], size: u64) -> Verdict {
    let Some(bounds) = std::str::from_utf8(range).ok().and_then(|range| range.split_once('=')) else { return Verdict::Whole };
    let (unit, bounds) = bounds;
    let Some((first, last)) = bounds.trim().split_once('-').filter(|_| unit.eq_ignore_ascii_case("bytes")) else {
        return Verdict::Whole;
    };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.is_empty() => first..size,
        (None, Some(length)) if first.is_empty() => size.saturating_sub(length)..size,
        _ => return Verdict::Whole,
    };
    if range.is_empty() { Verdict::NoSuchRange } else { Verdict::Part(range) }
}

/// A decimal number; one that is too large for any body is the largest.
fn number(digits: &str) -> Option<u64> {
    let well_formed = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    well_formed.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[track_caller]
    fn check(headers: &[(HeaderName, &str)], expected: &str) {
        let (tag, zipped, date) =
            (HeaderValue::from_static("\"a\""), HeaderValue::from_static("\"a-gzip\""), HeaderValue::from_static(DATE));
        let have = Validators { tags: [Some(&tag), Some(&zipped)], modified: (&date, 784_111_777), size_bytes: 10 };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_str(value).expect("a header value"));
        }
        let verdict = match decide(&map, &have, true) {
            Verdict::Whole => "whole".to_owned(),
            Verdict::NotModified(tag) => format!("304 {}", tag.as_ref().map_or("", |tag| tag.to_str().expect("ours"))),
            Verdict::Part(range) => format!("{range:?}"),
            Verdict::NoSuchRange => "416".to_owned(),
            Verdict::Failed => "412".to_owned(),
        };
        assert_eq!(verdict, expected, "{headers:?}");
    }

    #[test]
    fn tags_are_compared_weakly_and_in_lists() {
        for list in ["\"a\"", "W/\"a\"", "\"x\", \"a\"", " \"x,\" ,, W/\"a\" ", "\"a\" junk"] {
            check(&[(IF_NONE_MATCH, list)], "304 \"a\"");
        }
        check(&[(IF_NONE_MATCH, "\"x\""), (IF_NONE_MATCH, "\"a-gzip\"")], "304 \"a-gzip\"");
        check(&[(IF_NONE_MATCH, "*")], "304 ");
        for list in ["\"x\"", "a", "\"a", "w/\"a\"", "\"x\" \"", "", "\"A\""] {
            check(&[(IF_NONE_MATCH, list)], "whole");
        }
    }

    #[test]
    fn a_date_counts_only_without_a_tag() {
        check(&[(IF_MODIFIED_SINCE, DATE)], "304 ");
        check(&[(IF_MODIFIED_SINCE, "Mon, 07 Nov 1994 00:00:00 GMT")], "304 ");
        check(&[(IF_MODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT")], "whole");
        check(&[(IF_MODIFIED_SINCE, "yesterday")], "whole");
        check(&[(IF_MODIFIED_SINCE, DATE), (IF_NONE_MATCH, "\"x\"")], "whole");
    }

    #[test]
    fn what_is_no_longer_there_fails() {
        ["\"a\"", "\"x\", \"a-gzip\"", "*"].iter().for_each(|list| check(&[(IF_MATCH, list)], "whole"));
        ["\"x\"", "W/\"a\"", "a", ""].iter().for_each(|list| check(&[(IF_MATCH, list)], "412"));
        check(&[(IF_UNMODIFIED_SINCE, DATE)], "whole");
        check(&[(IF_UNMODIFIED_SINCE, "yesterday")], "whole");
        check(&[(IF_UNMODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT")], "412");
        check(&[(IF_UNMODIFIED_SINCE, "Sun, 06 Nov 1994 08:49:36 GMT"), (IF_MATCH, "\"a\"")], "whole");
    }

    #[test]
    fn one_range_is_exact() {
        let lines = [
            ("0-0", "0..1"),
            ("0-9", "0..10"),
            ("3-", "3..10"),
            ("-3", "7..10"),
            ("-99", "0..10"),
            ("5-99999999999999999999999", "5..10"),
        ];
        lines.iter().for_each(|(range, expected)| check(&[(RANGE, &format!("bytes={range}"))], expected));
        ["10-", "10-11", "-0", "99999999999999999999999-"]
            .iter()
            .for_each(|range| check(&[(RANGE, &format!("bytes={range}"))], "416"));
        check(&[(RANGE, "Bytes=1-2")], "1..3");
    }

    #[test]
    fn several_ranges_other_units_and_mistakes_get_the_whole() {
        ["bytes=0-1,3-4", "lines=0-1", "bytes=", "bytes=-", "bytes=2-1", "bytes=a-b", "bytes=+1-2", "bytes", "bytes=1-2-3"]
            .iter()
            .for_each(|range| check(&[(RANGE, range)], "whole"));
        check(&[(RANGE, "bytes=0-1"), (RANGE, "bytes=2-3")], "whole");
    }

    #[test]
    fn if_range_compares_strongly() {
        let range = (RANGE, "bytes=1-2");
        check(&[range.clone(), (IF_RANGE, "\"a\"")], "1..3");
        check(&[range.clone(), (IF_RANGE, DATE)], "1..3");
        ["W/\"a\"", "\"x\"", "\"a-gzip\"", "Mon, 07 Nov 1994 00:00:00 GMT"]
            .iter()
            .for_each(|condition| check(&[range.clone(), (IF_RANGE, condition)], "whole"));
    }
}

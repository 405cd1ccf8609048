//! How durations and sizes are written in the configuration.

use std::{borrow::Cow, fmt, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A positive duration, written as Go writes durations (`300ms`, `3s`, `1m30s`), with `d` for days besides.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Period(pub(crate) Duration);

/// A size in bytes, written `512MiB`: B, KiB, MiB, GiB or TiB.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Size(pub(crate) u64);

const PERIODS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZES: [(&str, u64); 5] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

impl Period {
    /// So many milliseconds.
    pub(crate) const fn millis(millis: u64) -> Self {
        Self(Duration::from_millis(millis))
    }

    /// So many seconds.
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// Parses `text`; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let millis = sum(text, &PERIODS).ok_or_else(|| format!("`{text}` is not a duration"))?;
        if millis == 0 { Err(format!("`{text}`: a duration must be longer than nothing")) } else { Ok(Self::millis(millis)) }
    }
}

impl Size {
    /// Parses `text`; the error says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text == "0" {
            return Ok(Self(0));
        }
        sum(text, &SIZES).map(Self).ok_or_else(|| format!("`{text}` is not a size"))
    }
}

/// The sum of the amounts in `text`, each a number and a unit; `None` if it is written in any other way or does not fit.
fn sum(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| c.is_ascii_alphabetic())?);
        let (unit, after) = after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
        sum = sum.checked_add(amount(number, *scale)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(sum)
}

/// `number`, which may have a fraction, times `scale`, exactly.
fn amount(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 9 || number.ends_with('.') {
        return None;
    }
    let part = fraction.parse::<u64>().unwrap_or(0) as u128 * u128::from(scale) / 10_u128.pow(fraction.len() as u32);
    whole.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(u64::try_from(part).ok()?)
}

/// `value` in the largest units that hold it exactly.
fn spell(f: &mut fmt::Formatter<'_>, value: u64, units: &[(&str, u64)]) -> fmt::Result {
    let (name, scale) =
        units.iter().rev().find(|(_, scale)| value >= *scale && value.is_multiple_of(*scale)).unwrap_or(&units[0]);
    write!(f, "{}{name}", value / scale)
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        spell(f, u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX), &PERIODS)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        spell(f, self.0, &SIZES)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "period", "pattern": "^([0-9]+([.][0-9]+)?(ms|s|m|h|d))+$" })
    }

    fn inline_schema() -> bool {
        true
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "size", "pattern": "^(0|([0-9]+([.][0-9]+)?(B|KiB|MiB|GiB|TiB))+)$" })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, printed: Option<&str>) {
        assert_eq!(Period::parse(text).ok().map(|period| period.to_string()).as_deref(), printed, "{text:?}");
    }

    #[track_caller]
    fn check_size(text: &str, bytes: Option<u64>) {
        assert_eq!(Size::parse(text).ok().map(|size| size.0), bytes, "{text:?}");
    }

    #[test]
    fn a_duration_is_written_as_go_writes_it() {
        check("300ms", Some("300ms"));
        check("3s", Some("3s"));
        check("1.5s", Some("1500ms"));
        check("1m30s", Some("90s"));
        check("7d", Some("7d"));
        check("60s", Some("1m"));
    }

    #[test]
    fn a_duration_is_never_nothing_negative_bare_or_endless() {
        for text in
            ["", "0s", "3", "-3s", "3 s", "s", "3sec", "3.s", ".5s", "1e3s", "99999999999999999999s", "999999999999999d", "1_0s"]
        {
            check(text, None);
        }
    }

    #[test]
    fn a_size_is_written_in_powers_of_two() {
        check_size("0", Some(0));
        check_size("512MiB", Some(512 << 20));
        check_size("1.5GiB", Some(3 << 29));
        check_size("100", None);
        check_size("1GB", None);
        check_size("16777216TiB", None);
    }
}

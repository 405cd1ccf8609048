//! The record of one module version: its two lines of go.sum. Written here and checked here, and nowhere else.

use std::fmt;

use super::lookup::LookupError;
use super::tlog::{TextError, format_record};
use crate::dirhash::H1;
use crate::module::{ModulePath, Version, check};

/// The longest record, in bytes: what the length of an entry of a C2SP bundle can say.
pub const MAX_RECORD_BYTES: usize = u16::MAX as usize;

/// What a checksum database says of one version. Prints as exactly two lines:
///
/// ```text
/// example.com/m v1.0.0 h1:…
/// example.com/m v1.0.0/go.mod h1:…
/// ```
///
/// Invariants: the version fits the module path; the text is a record that [`check_text`] lets pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    module: ModulePath,
    version: Version,
    zip_h1: H1,
    mod_h1: H1,
}

/// Why a text is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Control characters, a blank line, no newline at the end, or not UTF-8: it would end or change what stands around it.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Longer than [`MAX_RECORD_BYTES`].
    #[error("record of {0} bytes, more than {MAX_RECORD_BYTES}")]
    Long(usize),
    /// Not the two lines of one version.
    #[error("not the two go.sum lines of one version")]
    Lines,
}

impl Record {
    /// The record of `module` at `version`, whose zip and go.mod have these sums.
    ///
    /// Errors: [`RecordError::Lines`] if the version does not fit the path; [`RecordError::Long`].
    pub fn new(module: ModulePath, version: Version, zip_h1: H1, mod_h1: H1) -> Result<Self, RecordError> {
        check(module.as_str(), version.as_str()).map_err(|_| RecordError::Lines)?;
        let record = Self { module, version, zip_h1, mod_h1 };
        check_text(record.to_string().as_bytes())?;
        Ok(record)
    }

    /// Reads a record back. It is one exactly if it prints to the same bytes.
    ///
    /// Errors: [`RecordError`]. Stricter than a lookup, which passes over the further lines that another database may have.
    pub fn parse(text: &[u8]) -> Result<Self, RecordError> {
        let text = check_text(text)?;
        let mut fields = text.split([' ', '\n']);
        let (Some(module), Some(version)) = (fields.next(), fields.next()) else { return Err(RecordError::Lines) };
        let (module, version) = match (ModulePath::parse(module), Version::parse(version)) {
            (Ok(module), Ok(version)) => (module, version),
            _ => return Err(RecordError::Lines),
        };
        let h1 = |what: &str| checksum(text, what).map_err(|_| RecordError::Lines);
        let zip_h1 = h1(&format!("{module} {version}"))?;
        let mod_h1 = h1(&format!("{module} {version}/go.mod"))?;
        let record = Self::new(module, version, zip_h1, mod_h1)?;
        if record.to_string() == text { Ok(record) } else { Err(RecordError::Lines) }
    }

    /// The module.
    pub fn module(&self) -> &ModulePath {
        &self.module
    }

    /// Its version.
    pub fn version(&self) -> &Version {
        &self.version
    }

    /// The h1 of the version's zip.
    pub fn zip_h1(&self) -> H1 {
        self.zip_h1
    }

    /// The h1 of the version's go.mod.
    pub fn mod_h1(&self) -> H1 {
        self.mod_h1
    }

    /// What a log knows this record by: one version has one record for ever. `example.com/m@v1.0.0`, as a lookup asks for it.
    pub fn key(&self) -> String {
        format!("{}@{}", self.module, self.version)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { module, version, zip_h1, mod_h1 } = self;
        write!(f, "{module} {version} {zip_h1}\n{module} {version}/go.mod {mod_h1}\n")
    }
}

/// Checks that a text, of whatever log, can stand in a tile, a bundle and an answer without changing what stands around it.
///
/// Errors: [`RecordError::Text`]; [`RecordError::Long`].
/// Source: `tlog.FormatRecord`; <https://c2sp.org/tlog-tiles> for the length. Departs from the former: DEL and the controls of C1 are refused.
pub fn check_text(text: &[u8]) -> Result<&str, RecordError> {
    if text.len() > MAX_RECORD_BYTES {
        return Err(RecordError::Long(text.len()));
    }
    let is_plain = is_plain_line(text);
    let text = std::str::from_utf8(text).map_err(|_| TextError::Record)?;
    if is_plain {
        return Ok(text);
    }
    if text.chars().any(|c| c.is_control() && c != '\n') || text.starts_with('\n') {
        return Err(TextError::Record.into());
    }
    format_record(0, text)?;
    Ok(text)
}

/// One line of printable ASCII, as most records of an audit log are: seen in one pass, where the rules one by one take several.
fn is_plain_line(text: &[u8]) -> bool {
    let Some((b'\n', line)) = text.split_last() else { return false };
    // No early end: so the compiler compares many bytes at once.
    !line.is_empty() && line.iter().fold(true, |plain, byte| plain & (b' '..=b'~').contains(byte))
}

/// The h1 on the line `WHAT h1:…`, `what` being `M V` or `M V/go.mod`. Other lines, and other algorithms, are passed over.
///
/// The text must have been proven before it comes here.
///
/// Errors: [`LookupError::Missing`] without such a line; [`LookupError::Malformed`] if it is not an h1 or two lines disagree.
/// Source: `modfetch.checkSumDB`, which takes the first line that fits.
pub(super) fn checksum(record: &str, what: &str) -> Result<H1, LookupError> {
    let mut found = None;
    for line in record.split('\n') {
        let Some(h1) = line.strip_prefix(what).and_then(|rest| rest.strip_prefix(' ')).filter(|h1| h1.starts_with("h1:")) else {
            continue;
        };
        let h1 = H1::parse(h1).ok().filter(|h1| found.is_none_or(|earlier| earlier == *h1));
        found = Some(h1.ok_or_else(|| LookupError::Malformed { line: what.to_owned() })?);
    }
    found.ok_or_else(|| LookupError::Missing { line: what.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sumdb::testlog;

    fn record(module: &str, version: &str) -> Result<Record, RecordError> {
        let h1 = |byte: u8| crate::dirhash::go_mod_h1(&[byte]);
        Record::new(ModulePath::parse(module).unwrap(), Version::parse(version).unwrap(), h1(1), h1(2))
    }

    #[test]
    fn a_record_is_two_lines_and_reads_back() {
        for (module, version) in [
            ("example.com/m", "v1.0.0"),
            ("example.com/UPPER/m/v2", "v2.0.0-pre.1"),
            ("example.com/m", "v2.0.0+incompatible"),
            ("gopkg.in/yaml.v3", "v3.0.1"),
        ] {
            let record = record(module, version).unwrap();
            let text = record.to_string();
            assert_eq!(text.lines().count(), 2, "{text}");
            assert_eq!(Record::parse(text.as_bytes()), Ok(record));
        }
        assert_eq!(record("example.com/m", "v2.0.0"), Err(RecordError::Lines));
        assert!(matches!(
            record(&format!("example.com/{}", "m".repeat(MAX_RECORD_BYTES / 2)), "v1.0.0"),
            Err(RecordError::Long(_))
        ));
    }

    #[test]
    fn nothing_but_the_two_lines_of_one_version_is_a_record() {
        let good = testlog::record("example.com/m", "v1.0.0", "");
        assert!(Record::parse(good.as_bytes()).is_ok());
        let lines: Vec<&str> = good.lines().collect();
        let bad = [
            String::new(),
            "\n".into(),
            format!("{}\n", lines[0]),
            format!("{}\n{}\n", lines[1], lines[0]),
            format!("{good}{}\n", lines[0]),
            format!("{good}example.com/x v1.0.0 h1:AAAA\n"),
            good.trim_end().to_owned(),
            format!("{good}\n"),
            format!("\n{good}"),
            good.replacen("v1.0.0", "v1.0", 1),
            good.replacen("example.com/m", "example.com/n", 1),
            good.replacen(' ', "  ", 1),
            good.replace('\n', "\r\n"),
            good.replacen("h1:", "h2:", 1),
            good.replacen('=', "", 1),
            good.replacen("example.com/m", "example.com/\u{85}m", 2),
        ];
        for text in bad {
            assert!(Record::parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_text_that_would_change_what_stands_around_it_is_refused() {
        for good in ["x\n", "two\nlines\n", "é世\n", "{\"a\":1}\n"] {
            assert_eq!(check_text(good.as_bytes()), Ok(good));
        }
        for bad in ["", "\n", "x", "\nx\n", "x\n\n", "x\n\ny\n", "x\ty\n", "x\0\n", "x\r\n", "x\u{7f}\n", "x\u{9b}1m\n"] {
            assert_eq!(check_text(bad.as_bytes()), Err(TextError::Record.into()), "{bad:?}");
        }
        assert_eq!(check_text(b"\xff\n"), Err(TextError::Record.into()));
        let long = "x".repeat(MAX_RECORD_BYTES) + "\n";
        assert_eq!(check_text(long.as_bytes()), Err(RecordError::Long(MAX_RECORD_BYTES + 1)));
        assert!(check_text(&long.as_bytes()[1..]).is_ok());
    }
}

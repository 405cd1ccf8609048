//! The checksums in a record's text, which must be proven before it comes here.

use super::LookupError;
use crate::dirhash::H1;

/// The h1 on the line `WHAT h1:…`, `what` being `M V` or `M V/go.mod`. Other lines, and other algorithms, are passed over.
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

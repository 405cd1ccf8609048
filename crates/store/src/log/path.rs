//! Which names and paths a log's files may have, so that they are the same on every disk and lead nowhere else.

use std::io;

use crate::{
    StoreError,
    limits::{LOG_NAME_BYTES, LOG_PATH_BYTES},
};

/// Checks that `path` is one of a log's file, such as `tile/8/0/x001/067.p/5`: parts with `/` between, each of ASCII letters, digits and `.-_+=`,
/// none empty and none with a dot in front; up to [`LOG_PATH_BYTES`] bytes.
///
/// Assumes: no two paths of a log differ in case only, and none is the folder of another.
pub fn check_path(path: &str) -> Result<(), StoreError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_+=".contains(&byte);
    let is_good = |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_plain);
    if path.len() <= LOG_PATH_BYTES && path.split('/').all(is_good) { Ok(()) } else { refused("no path of a log's file", path) }
}

/// Checks that `log` may name a log.
pub(crate) fn check_name(log: &str) -> Result<(), StoreError> {
    if (1..=LOG_NAME_BYTES).contains(&log.len()) { Ok(()) } else { refused("no name of a log", log) }
}

fn refused(what: &str, text: &str) -> Result<(), StoreError> {
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{what}: {text:?}")).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, is_good: bool) {
        assert_eq!(check_path(path).is_ok(), is_good, "{path:?}");
    }

    #[test]
    fn a_path_leads_to_one_file_of_its_log_and_nowhere_else() {
        check("tile/8/0/x001/067.p/5", true);
        check("staging/1024-Zm9v_-+=", true);
        for path in ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.b", "a b", "a\\b", "a\0", "é", "a%2f", "a:b", "a\n"] {
            check(path, false);
        }
        check(&"a".repeat(LOG_PATH_BYTES), true);
        check(&"a".repeat(LOG_PATH_BYTES + 1), false);
    }
}

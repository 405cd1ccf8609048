//! The escaped form: `!` and the small letter for each capital letter, so that names stay apart where case does not count.

use super::check::check_element;
use super::check_path;
use super::error::{InvalidEscape, InvalidPath, InvalidVersion, PathKind, VersionFault};

/// Checks a module path and escapes it: `github.com/Acme` becomes `github.com/!acme`.
///
/// Errors: [`InvalidPath`], as of [`check_path`].
///
/// Source: `module.EscapePath`.
pub fn escape_path(path: &str) -> Result<String, InvalidPath> {
    check_path(path).map(|()| banged(path))
}

/// Checks a version, which may be any revision name of one path element, and escapes it.
///
/// Errors: [`InvalidVersion`], `disallowed version string`; letters outside of ASCII are refused in other words, as in Go.
///
/// Source: `module.EscapeVersion`.
pub fn escape_version(v: &str) -> Result<String, InvalidVersion> {
    let refused = |why| InvalidVersion { version: v.into(), pseudo: false, why };
    if check_element(v, PathKind::File).is_err() || v.contains('!') {
        return Err(refused(VersionFault::Disallowed));
    }
    if v.is_ascii() { Ok(banged(v)) } else { Err(refused(VersionFault::NotAscii)) }
}

/// Reads an escaped module path and checks it.
///
/// Errors: [`InvalidEscape`]; there is exactly one escaped form of each path.
///
/// Source: `module.UnescapePath`.
pub fn unescape_path(escaped: &str) -> Result<String, InvalidEscape> {
    let path = unbanged(escaped).ok_or_else(|| InvalidEscape::Path { escaped: escaped.into() })?;
    match check_path(&path) {
        Ok(()) => Ok(path),
        Err(cause) => Err(InvalidEscape::NoPath { escaped: escaped.into(), cause }),
    }
}

/// Reads an escaped version, which may be any revision name, and checks it.
///
/// Errors: [`InvalidEscape`]; there is exactly one escaped form of each version.
///
/// Source: `module.UnescapeVersion`.
pub fn unescape_version(escaped: &str) -> Result<String, InvalidEscape> {
    let unescaped = unbanged(escaped).ok_or_else(|| InvalidEscape::Version { escaped: escaped.into() })?;
    match check_element(&unescaped, PathKind::File) {
        Ok(()) => Ok(unescaped),
        Err(cause) => Err(InvalidEscape::NoVersion { unescaped, cause }),
    }
}

pub(super) fn banged(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if character.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(character.to_ascii_lowercase());
    }
    escaped
}

fn unbanged(escaped: &str) -> Option<String> {
    let mut characters = escaped.chars();
    let mut unescaped = String::with_capacity(escaped.len());
    while let Some(character) = characters.next() {
        unescaped.push(match character {
            '!' => characters.next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase(),
            _ if character.is_ascii_uppercase() || !character.is_ascii() => return None,
            _ => character,
        });
    }
    Some(unescaped)
}

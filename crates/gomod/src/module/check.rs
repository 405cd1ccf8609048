use super::error::{InvalidPair, InvalidPath, InvalidVersion, PathFault, PathKind, VersionFault};
use super::{check_path_major, split_path_version};
use crate::semver;
use crate::text;

/// Checks that a module path is good, that a version is a semantic version, and that the two belong together.
///
/// Errors: [`InvalidPair`], with the words of x/mod.
///
/// Source: `module.Check`.
pub fn check(path: &str, version: &str) -> Result<(), InvalidPair> {
    check_path(path)?;
    let refused = |cause| InvalidPair::Version { path: path.into(), cause };
    if !semver::is_valid(version) {
        return Err(refused(InvalidVersion { version: version.into(), pseudo: false, why: VersionFault::NotSemver }));
    }
    let path_major = split_path_version(path).map(|(_, path_major)| path_major).unwrap_or_default();
    check_path_major(version, path_major).map_err(refused)
}

/// Checks a module path.
///
/// Shape: `example.com/m/v2`. Its first element is a lower-case host name with a dot; no element begins with a dot; a
/// last element `vN` has N from 2 up.
///
/// Errors: [`InvalidPath`], `malformed module path "x": missing dot in first path element`.
///
/// Source: `module.CheckPath`.
pub fn check_path(path: &str) -> Result<(), InvalidPath> {
    check_elements(path, PathKind::Module)
        .and_then(|()| check_first_element(path))
        .and_then(|()| split_path_version(path).map(|_| ()).ok_or(PathFault::InvalidVersion))
        .map_err(|why| InvalidPath::new(PathKind::Module, path.as_bytes(), why))
}

/// Checks the path of a package.
///
/// Shape: elements of ASCII letters, digits and `-._~+`, joined by slashes.
///
/// Errors: [`InvalidPath`], `malformed import path …`.
///
/// Source: `module.CheckImportPath`.
pub fn check_import_path(path: &str) -> Result<(), InvalidPath> {
    check_elements(path, PathKind::Import).map_err(|why| InvalidPath::new(PathKind::Import, path.as_bytes(), why))
}

/// Checks the path of a file in a module.
///
/// Shape: elements of Unicode letters, ASCII digits, space and ``!#$%&()+,-.=@[]^_{}~``, joined by slashes.
///
/// Errors: [`InvalidPath`], `malformed file path …`.
///
/// Source: `module.CheckFilePath`.
pub fn check_file_path(path: &str) -> Result<(), InvalidPath> {
    check_elements(path, PathKind::File).map_err(|why| InvalidPath::new(PathKind::File, path.as_bytes(), why))
}

/// Checks the path of a file as [`check_file_path`] does, where it may not even be UTF-8, as in a zip.
///
/// Shape: returns the path as text.
pub fn check_file_path_bytes(path: &[u8]) -> Result<&str, InvalidPath> {
    let text = str::from_utf8(path).map_err(|_| InvalidPath::new(PathKind::File, path, PathFault::InvalidUtf8))?;
    check_file_path(text).map(|()| text)
}

fn check_first_element(path: &str) -> Result<(), PathFault> {
    let first = path.split('/').next().unwrap_or_default();
    if !first.contains('.') {
        return Err(PathFault::MissingDot);
    }
    match first.chars().find(|&character| !is_host_char(character)) {
        Some(character) => Err(PathFault::InvalidFirstChar(character)),
        None => Ok(()),
    }
}

fn check_elements(path: &str, kind: PathKind) -> Result<(), PathFault> {
    if path.is_empty() {
        return Err(PathFault::Empty);
    }
    if path.starts_with('-') && kind != PathKind::File {
        return Err(PathFault::LeadingDash);
    }
    if path.contains("//") {
        return Err(PathFault::DoubleSlash);
    }
    if path.ends_with('/') {
        return Err(PathFault::TrailingSlash);
    }
    path.split('/').try_for_each(|element| check_element(element, kind))
}

/// Checks one path element. The order of the checks decides which fault is told.
pub(super) fn check_element(element: &str, kind: PathKind) -> Result<(), PathFault> {
    if element.is_empty() {
        return Err(PathFault::EmptyElement);
    }
    if element.bytes().all(|byte| byte == b'.') {
        return Err(PathFault::OnlyDots(element.into()));
    }
    if element.starts_with('.') && kind == PathKind::Module {
        return Err(PathFault::LeadingDot);
    }
    if element.ends_with('.') {
        return Err(PathFault::TrailingDot);
    }
    if let Some(character) = element.chars().find(|&character| !is_allowed(character, kind)) {
        return Err(PathFault::InvalidChar(character));
    }
    let short = element.split('.').next().unwrap_or_default();
    if WINDOWS_NAMES.iter().any(|name| name.eq_ignore_ascii_case(short)) {
        return Err(PathFault::WindowsName(short.into()));
    }
    if kind != PathKind::File && is_windows_short_name(short) {
        return Err(PathFault::TildeDigits);
    }
    Ok(())
}

/// File names that Windows keeps for its devices, whatever extension follows.
const WINDOWS_NAMES: [&str; 22] = [
    "CON", "PRN", "AUX", "NUL", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "LPT1", "LPT2", "LPT3",
    "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9",
];

/// Windows makes names such as `PROGRA~1` for long ones; two paths could then mean one file.
fn is_windows_short_name(short: &str) -> bool {
    short.rsplit_once('~').is_some_and(|(_, digits)| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_host_char(character: char) -> bool {
    matches!(character, '-' | '.' | '0'..='9' | 'a'..='z')
}

fn is_allowed(character: char, kind: PathKind) -> bool {
    let in_module = character.is_ascii_alphanumeric() || "-._~".contains(character);
    match kind {
        PathKind::Module => in_module,
        PathKind::Import => in_module || character == '+',
        PathKind::File if character.is_ascii() => {
            character.is_ascii_alphanumeric() || "!#$%&()+,-.=@[]^_{}~ ".contains(character)
        }
        PathKind::File => text::is_letter(character),
    }
}

//! The rules for the files of a module that checking and creating a zip share.
//!
//! Source: `golang.org/x/mod/zip` as vendored in Go 1.27.3, and its words.

use std::collections::HashMap;
use std::fmt;

use sha2::{Digest as _, Sha256};

use super::fold;
use crate::module::InvalidPath;
use crate::text::quote;

/// The most bytes a module zip may have, and the most its files together: 500 MiB.
pub const MAX_ZIP_BYTES: u64 = 500 << 20;

/// The most bytes the go.mod in the module's root may have: 16 MiB.
pub const MAX_GO_MOD_BYTES: u64 = 16 << 20;

/// The most bytes the LICENSE in the module's root may have: 16 MiB.
pub const MAX_LICENSE_BYTES: u64 = 16 << 20;

/// The most files and directories a module may have. Ours; Go bounds only the size of the zip.
pub const MAX_PATHS: usize = 400_000;

/// A file that was left out or that makes the zip invalid, and why. Prints `PATH: WHY`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The file's path: in a zip the whole entry name, in a source tree the path from the module's root.
    pub path: String,
    /// Why.
    pub why: FileFault,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.why)
    }
}

/// Why a file is left out of a module zip, or may not be in one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Invalid: the entry is outside the module.
    #[error("path does not have prefix {}", quote(.0))]
    Prefix(String),
    /// Invalid: the path has `.`, `..` or empty elements.
    #[error("file path is not clean")]
    NotClean,
    /// Invalid: the path begins with a slash.
    #[error("file path is not relative")]
    NotRelative,
    /// Invalid: some file system could not hold a file of this name.
    #[error(transparent)]
    Path(#[from] InvalidPath),
    /// Invalid: a go.mod with capitals in the root.
    #[error("go.mod files must have lowercase names")]
    GoModCase,
    /// Invalid: a go.mod anywhere else in the zip.
    #[error("go.mod file not in module root directory")]
    GoModPlace,
    /// Invalid: a go.mod above [`MAX_GO_MOD_BYTES`].
    #[error("go.mod file too large (max size is {MAX_GO_MOD_BYTES} bytes)")]
    GoModSize,
    /// Invalid: a LICENSE above [`MAX_LICENSE_BYTES`].
    #[error("LICENSE file too large (max size is {MAX_LICENSE_BYTES} bytes)")]
    LicenseSize,
    /// Invalid: some file system would take these two names for one.
    #[error("case-insensitive file name collision: {} and {}", quote(.0), quote(.1))]
    Collision(String, String),
    /// Invalid: a file where another path needs a directory.
    #[error("entry {} is both a file and a directory", quote(.0))]
    FileAndDirectory(String),
    /// Invalid: the same name twice.
    #[error("multiple entries for file {}", quote(.0))]
    Duplicate(String),
    /// Invalid: there are already [`MAX_PATHS`] files and directories. Ours.
    #[error("too many files and directories (max number is {MAX_PATHS})")]
    TooMany,
    /// Omitted: in a vendor directory.
    #[error("file is in vendor directory")]
    Vendored,
    /// Omitted: below another go.mod.
    #[error("file is in another module")]
    OtherModule,
    /// Omitted: `.hg_archival.txt` in the root.
    #[error("file is inserted by 'hg archive' and is always omitted")]
    HgArchival,
    /// Omitted.
    #[error("file is a symbolic link")]
    Symlink,
    /// Omitted: a directory, device or the like.
    #[error("not a regular file")]
    NotRegular,
}

/// Why a module is too large, whatever its single files are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeError {
    /// The zip itself is.
    #[error("module zip file is too large ({bytes} bytes; limit is {MAX_ZIP_BYTES} bytes)")]
    Zip {
        /// Its length.
        bytes: u64,
    },
    /// What is in the zip is.
    #[error("total uncompressed size of module contents too large (max size is {MAX_ZIP_BYTES} bytes)")]
    Contents,
    /// What would come into the zip is.
    #[error("module source tree too large (max size is {MAX_ZIP_BYTES} bytes)")]
    Source,
}

/// Finds names that differ in case only, and names that are both a file's and a directory's.
///
/// Memory: some 50 bytes for each path and each directory above it, at most [`MAX_PATHS`] of them, however long they are.
pub(super) struct Collisions<'a> {
    max_paths: usize,
    /// By the hash of the folded path; hashes stand for paths so that deep nesting costs no more than its length.
    seen: HashMap<[u8; 16], (&'a str, bool)>,
}

impl Default for Collisions<'_> {
    fn default() -> Self {
        Self { max_paths: MAX_PATHS, seen: HashMap::new() }
    }
}

impl<'a> Collisions<'a> {
    /// Adds a path and the directories above it, the path itself first.
    ///
    /// Source: `collisionChecker.check`. A directory may come any number of times.
    pub(super) fn check(&mut self, path: &'a str, is_dir: bool) -> Result<(), FileFault> {
        let mut hash = Sha256::new();
        let mut prefixes = Vec::new();
        for at in path.match_indices('/').map(|(at, _)| at).chain([path.len()]) {
            let start = prefixes.last().map_or(0, |(prefix, _): &(&str, _)| prefix.len());
            hash.update(fold::fold(&path[start..at]));
            let sum: [u8; 32] = hash.clone().finalize().into();
            prefixes.push((&path[..at], sum.first_chunk().copied().unwrap_or_default()));
        }
        let mut is_dir = is_dir;
        for (prefix, hash) in prefixes.into_iter().rev().filter(|(prefix, _)| !prefix.is_empty()) {
            self.check_one(prefix, hash, is_dir)?;
            is_dir = true;
        }
        Ok(())
    }

    fn check_one(&mut self, path: &'a str, hash: [u8; 16], is_dir: bool) -> Result<(), FileFault> {
        match self.seen.get(&hash) {
            None if self.seen.len() >= self.max_paths => Err(FileFault::TooMany),
            None => {
                self.seen.insert(hash, (path, is_dir));
                Ok(())
            }
            Some((other, _)) if *other != path => Err(FileFault::Collision((*other).to_owned(), path.to_owned())),
            Some((_, was_dir)) if *was_dir != is_dir => Err(FileFault::FileAndDirectory(path.to_owned())),
            Some(_) if is_dir => Ok(()),
            Some(_) => Err(FileFault::Duplicate(path.to_owned())),
        }
    }
}

/// Whether Go's `path.Clean` would leave a path as it is.
pub(super) fn is_clean(path: &[u8]) -> bool {
    let relative = path.strip_prefix(b"/");
    let elements = relative.unwrap_or(path);
    match (path, relative) {
        (b".", _) | (b"/", _) => true,
        _ => {
            let mut may_climb = relative.is_none();
            elements.split(|byte| *byte == b'/').all(|element| {
                may_climb &= element == b"..";
                !element.is_empty() && element != b"." && (element != b".." || may_climb)
            })
        }
    }
}

/// The fault of a go.mod or LICENSE in the root that is too large.
pub(super) fn check_size(path: &str, bytes: u64) -> Result<(), FileFault> {
    match path {
        "go.mod" if bytes > MAX_GO_MOD_BYTES => Err(FileFault::GoModSize),
        "LICENSE" if bytes > MAX_LICENSE_BYTES => Err(FileFault::LicenseSize),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_path_clean_keeps_is_clean() {
        for path in ["a", "a/b", ".", "/", "/a", "..", "../a", "../../a", "a..", ".a", "...", "a/..b"] {
            assert!(is_clean(path.as_bytes()), "{path}");
        }
        for path in ["", "a/", "a//b", "./a", "a/.", "a/..", "a/../b", "../a/..", "//a", "/..", "/../a", "/./a", "//"] {
            assert!(!is_clean(path.as_bytes()), "{path}");
        }
    }

    /// Adds paths, directories with a slash at the end, and says what was said about the last.
    #[track_caller]
    fn check(paths: &[&str], want: &str) {
        let mut collisions = Collisions::default();
        let mut said = Ok(());
        for path in paths {
            assert_eq!(said, Ok(()), "{path}");
            let dir = path.strip_suffix('/');
            said = collisions.check(dir.unwrap_or(path), dir.is_some());
        }
        assert_eq!(said.map_err(|fault| fault.to_string()).err().unwrap_or_default(), want);
    }

    #[test]
    fn names_that_one_file_system_would_take_for_one_collide() {
        check(&["a/b", "a/c", "b/a"], "");
        check(&["a/b", "A/c"], r#"case-insensitive file name collision: "a" and "A""#);
        check(&["a/b", "a/B"], r#"case-insensitive file name collision: "a/b" and "a/B""#);
        check(&["é", "É"], r#"case-insensitive file name collision: "é" and "É""#);
        check(&["a", "a/b"], r#"entry "a" is both a file and a directory"#);
        check(&["a/b", "a"], r#"entry "a" is both a file and a directory"#);
        check(&["a", "a"], r#"multiple entries for file "a""#);
        check(&["a/", "a/", "a/b/", "a/b/c"], "");
    }

    #[test]
    fn nesting_without_end_ends() {
        let deep = "a/".repeat(10) + "a";
        let mut collisions = Collisions { max_paths: 10, ..Collisions::default() };
        assert_eq!(collisions.check(&deep, false), Err(FileFault::TooMany));
        assert_eq!(collisions.check("b", false), Err(FileFault::TooMany));
    }
}

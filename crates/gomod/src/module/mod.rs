//! Module paths and versions: what they may look like, how they are escaped in URLs and file names, how they belong together.
//!
//! Inside modway only [`ModulePath`], [`Version`] and [`Rev`] travel; the free functions are x/mod's, under its names, for
//! text that is not checked yet.
//!
//! Source: `golang.org/x/mod/module`, as vendored in Go 1.27; error texts are the same to the letter.

mod path;
mod version;

mod check;
mod error;
mod escape;
mod major;
mod order;

pub use check::{check, check_file_path, check_file_path_bytes, check_import_path, check_path};
pub use error::{InvalidEscape, InvalidPair, InvalidPath, InvalidVersion, PathFault, PathKind, VersionFault};
pub use escape::{escape_path, escape_version, unescape_path, unescape_version};
pub use major::{check_path_major, match_path_major, path_major_prefix, split_gopkg_in, split_path_version};
pub use order::{compare, sort};
pub use path::{ModulePath, prefixes};
pub use version::{Rev, Version, canonical_version};

#[cfg(test)]
mod tests;

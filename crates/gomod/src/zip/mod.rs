//! Module zips: what may be in one, how one is read without being fooled, and how one is made.

pub mod check;

pub mod create;

pub mod read;

mod files;

mod fold;

pub use files::{FileError, FileFault, MAX_GO_MOD_BYTES, MAX_LICENSE_BYTES, MAX_PATHS, MAX_ZIP_BYTES, SizeError};
pub use fold::fold;

#[cfg(test)]
mod testzip;

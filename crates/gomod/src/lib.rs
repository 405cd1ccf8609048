//! What Go says.
//!
//! Everything that modway must know about Go's modules, as pure functions and values: this crate opens nothing, reads no
//! clock, spawns nothing, and does not panic, whatever it is given. Facts and error texts are those of Go 1.27.
//!
//! In reading order:

pub mod module;
pub mod semver;

pub mod pseudo;

pub mod pattern;

pub mod goproxy;

pub mod goenv;

pub mod modfile;

pub mod time;

pub mod text;

pub mod dirhash;

pub mod info;
pub mod sumdb;
pub mod zip;

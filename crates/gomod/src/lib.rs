//! What Go says.
//!
//! Everything that modway must know of Go's modules, as pure functions and values: this crate opens nothing, reads no clock,
//! spawns nothing, and does not panic, whatever it is given. Facts and error texts are those of Go 1.27.
//!
//! | You have | You want | Look at |
//! |---|---|---|
//! | text that should be a module path, version or revision | a checked one, or Go's complaint | [`module`] |
//! | two versions | which is higher | [`semver`], or [`module::Version`], which orders itself |
//! | a commit time and a tag | the pseudo-version, and back | [`pseudo`] |
//! | GOPRIVATE and a module path | the pattern that matches | [`pattern`] |
//! | GOPROXY | its entries, and a walk along them | [`goproxy`] |
//! | an environment and Go's files | each setting, and the layer it comes from | [`goenv`] |
//! | settings and a command | what the go command asks of whom, and how it ends | [`client`] |
//! | a module path, and the pages it leads to | its repository | [`goimport`] |
//! | go.mod | name, deprecation, requirements, retractions | [`modfile`] |
//! | go.sum | its lines, and those that Go refuses | [`gosum`] |
//! | `.info` or `@v/list` | what they say | [`info`], [`list`] |
//! | bytes of a module, or a zip | their h1; whether the zip follows the rules; a new zip | [`dirhash`], [`zip`] |
//! | what a checksum database says | a proof, or the name of the lie | [`sumdb`] |
//!
//! Underneath lie [`time`], moments without a clock, and [`text`], Go's quoting and classes of characters.

pub mod module;
pub mod semver;

pub mod pseudo;

pub mod pattern;

pub mod goimport;
pub mod goproxy;

pub mod goenv;

pub mod client;

pub mod modfile;

pub mod gosum;

pub mod info;

pub mod list;

pub mod dirhash;

pub mod zip;

pub mod sumdb;

pub mod time;

pub mod text;

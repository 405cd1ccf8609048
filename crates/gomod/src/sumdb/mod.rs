//! The checksum database: a lookup proved without IO, and what it is made of: tree heads, signed notes, trees and tiles.

pub mod lookup;

pub mod client;

pub mod note;

pub mod tlog;

pub mod tile;

#[cfg(test)]
mod testlog;

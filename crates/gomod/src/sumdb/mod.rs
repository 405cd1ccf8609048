//! The checksum database: a lookup proved without IO, and what it is made of: tree heads, signed notes, trees and tiles; and what it takes to
//! be one: records, a tree that grows, checkpoints and cosignatures.

pub mod lookup;

pub mod client;

pub mod note;

pub mod tlog;

pub mod tile;

pub mod record;

pub mod grow;

pub mod peaks;

pub mod checkpoint;

pub mod inclusion;

pub mod cosign;

#[cfg(test)]
mod testlog;

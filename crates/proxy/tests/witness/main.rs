//! Witnesses: what a witness cosigns and what it never does; and how a log asks for cosignatures, over HTTP on loopback.

mod asks;
mod gauges;
mod hunt;
mod serves;
mod site;
mod tree;

/// How often something drawn is done: `quick` in each run, `long` with MODWAY_LONG=1.
fn rounds(quick: u64, long: u64) -> u64 {
    if std::env::var_os("MODWAY_LONG").is_some() { long } else { quick }
}

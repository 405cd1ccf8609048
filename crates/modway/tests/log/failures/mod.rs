//! The failures: every message of the catalogue that can be made on loopback.

mod contents;
mod hosts;
mod local;
mod proxies;
mod sums;

use super::{case::Case, worlds::Worlds};

/// All of them.
pub(crate) async fn all(worlds: &Worlds) -> Vec<Case> {
    let mut cases = proxies::slow(worlds).await;
    cases.extend(proxies::all(worlds).await);
    cases.extend(sums::all(worlds).await);
    cases.extend(hosts::all(worlds).await);
    cases.extend(contents::all(worlds));
    cases.extend(local::all(worlds));
    cases
}

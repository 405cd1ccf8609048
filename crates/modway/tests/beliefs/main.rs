//! One test for each belief of docs/beliefs.md: the real go command does what the page says, on loopback.

mod gopher;
mod pages;

mod caching;
mod checksums;
mod insecure;
mod lists;
mod private;
mod proxies;
mod settings;

//! The real go command with and without `modway trace`, over many worlds: what it does is the same to the byte, what the servers are asked is the
//! same, what is recorded is what they were asked, and no secret is in any picture of it.

mod direct;
mod forms;
mod interrupted;
mod proxies;
mod secrets;
mod stage;
mod sums;

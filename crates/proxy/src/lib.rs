//! Doing it: asks upstreams, proves what they say, keeps it, and hands it out.

pub mod answer;
pub mod client;
pub mod journey;
pub mod limits;
pub mod settings;
pub mod spool;
pub mod upstream;

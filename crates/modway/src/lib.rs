//! The doors of modway, as a library so that tests can open them in their own process.

pub mod http;

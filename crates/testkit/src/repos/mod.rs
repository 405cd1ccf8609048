//! Real repositories for tests, and real servers of them on loopback.

mod server;
pub use server::GitServer;

mod git;
pub use git::{Format, Repository};

mod tools;
pub use tools::{HgServer, InetServer, Tool, Workshop, is_installed};

mod cgi;

#[cfg(test)]
mod tests;

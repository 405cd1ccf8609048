//! Real repositories for tests, and real servers of them on loopback.

mod server;
pub use server::GitServer;

mod git;
pub use git::{Format, Repository};

mod tools;
pub use tools::{HgServer, InetServer, Tool, Workshop};

mod ssh;
pub use ssh::SshServer;

mod apache;
pub use apache::ApacheServer;

mod cgi;

#[cfg(test)]
mod tests;

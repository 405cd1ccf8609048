//! For tests: scripted upstreams and certificates, file systems whose power can be cut, processes that are paused and killed, the real go command, Go's own code as an oracle.

pub mod world;
mod world_h2;

pub mod faults;

pub mod modules;

pub mod random;

pub mod mount;

pub mod lives;

pub mod sumdb;

pub mod repos;

pub mod tls;

pub mod go;

pub mod oracle;

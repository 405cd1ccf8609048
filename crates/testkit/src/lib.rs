//! For tests: the real go command, Go's own code as an oracle.

pub mod go;
pub mod oracle;

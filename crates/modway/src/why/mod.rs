//! Why a module does not come: on this machine, and in a log that somebody sent.

pub mod log;

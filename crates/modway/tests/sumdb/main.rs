//! Our own checksum database: its commands, its doors, and the real go command that believes it.

mod audit;
mod audit_log;
mod commands;
mod go;
mod middle;
mod refusal;
mod secret;
mod site;
mod stocktake;

//! `modway sumdb`: a checksum database of our own, and the checking of any.

mod audit;
mod env;
mod export_audit;
mod init;
mod prove_audit;
mod trouble;
mod whole;

use clap::Subcommand;

use crate::{cli::End, config::Environment};

/// What can be done about checksum databases.
#[derive(Debug, Subcommand)]
pub enum SumdbCommand {
    /// Make the name and the key of a checksum database of your own
    Init(init::Init),
    /// Print what a client of it sets
    Env(env::Env),
    /// Read any checksum database whole: prove each tile and record, find second records of a version
    Audit(audit::Audit),
    /// Write the audit log out as JSON lines that prove themselves
    ExportAudit(export_audit::ExportAudit),
    /// Prove that an exported audit log is what was signed: no line changed, missing or moved
    ProveAudit(prove_audit::ProveAudit),
}

pub(super) fn run(command: &SumdbCommand, environment: &Environment) -> anyhow::Result<End> {
    match command {
        SumdbCommand::Init(asked) => init::run(asked),
        SumdbCommand::Env(asked) => env::run(asked, environment),
        SumdbCommand::Audit(asked) => audit::run(asked, environment),
        SumdbCommand::ExportAudit(asked) => export_audit::run(asked, environment),
        SumdbCommand::ProveAudit(asked) => prove_audit::run(asked),
    }
}

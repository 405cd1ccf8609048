//! The commands, each in its file.

mod auth;
pub mod check;
mod config;
pub mod matrix;
mod serve;
pub mod store;
pub mod sumdb;
pub mod trace;
pub mod tree;
pub mod why;

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::{
    cli::{Cli, Command, End, Given},
    config::{Disk, Environment, Files as _, Source},
};

/// Does what the command line asks.
///
/// # Errors
/// What kept the command from finding out, or from going on; its cause is in the chain.
pub fn run(cli: &Cli, environment: &Environment) -> anyhow::Result<End> {
    match &cli.command {
        Command::Serve(serve) => serve::run(serve, environment),
        Command::Config(command) => config::run(command, environment),
        Command::Check(check) => check::run(check, environment),
        Command::Why(why) => why::run(why, environment),
        Command::Matrix(asked) => matrix::run(asked, environment),
        Command::Trace(asked) => trace::run(asked, environment),
        Command::Store(command) => store::run(command, environment),
        Command::Sumdb(command) => sumdb::run(command, environment),
    }
}

/// What the flags, and $MODWAY_CONFIG in place of `--config`, configure.
fn source(given: &Given, environment: &Environment) -> anyhow::Result<Source> {
    let named = given.config.clone().or_else(|| environment.get("MODWAY_CONFIG").map(PathBuf::from));
    Ok(given.source(named.as_deref().map(read).transpose()?))
}

fn read(path: &Path) -> anyhow::Result<(String, String)> {
    let content = Disk.read(path).with_context(|| format!("reading {}", path.display()))?;
    let text = String::from_utf8(content).with_context(|| format!("reading {}", path.display()))?;
    Ok((path.display().to_string(), text))
}

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

use std::{
    io,
    path::{Path, PathBuf},
};

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
    let content = Disk.read(path).map_err(|error| unread(path, &error))?;
    let text = String::from_utf8(content).map_err(|error| unread(path, &io::Error::new(io::ErrorKind::InvalidData, error)))?;
    Ok((path.display().to_string(), text))
}

/// A file that was named and cannot be read, and what to do: that move is always the user's.
fn unread(path: &Path, error: &io::Error) -> anyhow::Error {
    use io::ErrorKind::{InvalidData, IsADirectory, NotFound, PermissionDenied};
    let (said, todo) = match error.kind() {
        NotFound => ("no such file".to_owned(), "name a file that is there"),
        IsADirectory => ("it is a folder".to_owned(), "name a file in it"),
        PermissionDenied => ("permission denied".to_owned(), "let modway's user read it"),
        InvalidData => ("it is no text".to_owned(), "name a text file"),
        _ => (error.to_string(), "name a file that can be read"),
    };
    anyhow::anyhow!("reading {}: {said}; yours: {todo}", path.display())
}

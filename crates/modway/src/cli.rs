//! The command line: what can be asked of modway, and how its ends are counted.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::Source;

/// A Go module proxy that shows its way.
#[derive(Debug, Parser)]
#[command(name = "modway", version, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What modway can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve Go modules to the go command
    Serve(Serve),
    /// Check, show and explain the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Check a project, and the machine it is built on, against rules
    Check(crate::cmd::check::Check),
    /// Say why a module does not come, and what mends it
    Why(crate::cmd::why::Why),
    /// Show all combinations of the settings for private modules, and where each leads
    Matrix(crate::cmd::matrix::MatrixArgs),
    /// Run a go command and show what it does on the wire
    Trace(crate::cmd::trace::Trace),
    /// Prove again what is stored
    #[command(subcommand)]
    Store(crate::cmd::store::StoreCommand),
    /// Have a checksum database of your own, and check any
    #[command(subcommand)]
    Sumdb(crate::cmd::sumdb::SumdbCommand),
}

/// Flags of `modway serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// What configures it.
    #[command(flatten)]
    pub given: Given,
}

/// What is asked of the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Report all mistakes at once, each with its line and the fix
    Check {
        /// The configuration file [default: $MODWAY_CONFIG, else none]
        file: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Ask the hosts of this module: which login is used, and what they say to it
        #[arg(long, value_name = "MODULE")]
        auth: Option<String>,
    },
    /// Print the effective configuration, each value with the layer it comes from
    Show {
        /// What configures it.
        #[command(flatten)]
        given: Given,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON Schema of the configuration file
    Schema,
    /// Print an example configuration, every key explained
    Example,
    /// Print the page that explains every key, in Markdown
    Reference,
}

/// What configures a server from the command line.
#[derive(Clone, Debug, Default, Args)]
pub struct Given {
    /// The configuration file [default: $MODWAY_CONFIG, else none]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// An address to listen on, in place of the configured ones; may be repeated
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<String>,
    /// The folder of the store
    #[arg(long, value_name = "DIR")]
    pub store: Option<String>,
}

impl Given {
    /// The source of a configuration with this file.
    pub fn source(&self, file: Option<(String, String)>) -> Source {
        Source { file, listen: self.listen.clone(), store: self.store.clone() }
    }
}

/// How a command ends; the numbers are promised to scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// All is well.
    Good,
    /// What was looked for was found: mistakes.
    Found,
    /// It was used wrongly: flags, or a configuration with mistakes.
    Misused,
    /// It could not find out, or could not go on.
    Unable,
    /// As the command that it ran.
    Ran(u8),
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Good => 0,
            End::Found => 1,
            End::Misused => 2,
            End::Unable => 3,
            End::Ran(code) => code,
        })
    }
}

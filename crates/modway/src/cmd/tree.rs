//! `modway why --tree`: the decision tree of a chain.

use std::path::PathBuf;

use clap::Args;

use super::why::Asked;
use crate::{
    cli::{End, Given},
    config::{Config, Disk, Environment},
    lang::Lang,
    render::terminal::Terminal,
    tree::{Format, Tree},
    why::hearsay,
};

/// Flags of `modway why --tree`.
#[derive(Debug, Args)]
pub struct Drawn {
    /// Show where each answer leads: along the go command's present settings, or along a server's configuration
    #[arg(long)]
    pub(super) tree: bool,
    /// With `--tree`: the configuration of that server
    #[arg(long, value_name = "FILE", requires = "tree", conflicts_with_all = JOURNEYS)]
    config: Option<PathBuf>,
    /// With `--tree`: how to draw it
    #[arg(long, value_enum, value_name = "FORMAT", requires = "tree", conflicts_with = "json", conflicts_with_all = JOURNEYS)]
    format: Option<Format>,
}

/// Flags of a journey, of which there is none in a tree.
const JOURNEYS: [&str; 6] = ["journey", "dry", "helpers", "apply", "fix", "yes"];

/// Draws the tree, or the part of it that serves the module that is asked about.
pub(super) fn run(drawn: &Drawn, asked: &Asked, json: bool, lang: Lang, environment: &Environment) -> anyhow::Result<End> {
    let tree = match &drawn.config {
        Some(file) => {
            let given = Given { config: Some(file.clone()), ..Given::default() };
            match Config::load(&super::source(&given, environment)?, environment, &Disk) {
                Ok(config) => Tree::of_server(&config.proxy),
                Err(mistakes) => return Ok(super::config::misused(&mistakes)),
            }
        }
        None => {
            let machine = asked.machine(environment)?;
            hearsay(&machine).iter().for_each(|text| eprintln!("modway: {}", text.get(lang)));
            match Tree::of_go(&machine, lang) {
                Ok(tree) => tree,
                Err(no) => {
                    eprintln!("modway: {no}");
                    return Ok(End::Found);
                }
            }
        }
    };
    let path = asked.module.as_deref().map(|module| module.split_once('@').map_or(module, |(path, _)| path));
    let tree = path.map_or(tree.clone(), |path| tree.serving(path));
    let format = if json { Format::Json } else { drawn.format.unwrap_or(Format::Text) };
    super::config::print(&tree.write(format, lang, Terminal::of_stdout(environment)))
}

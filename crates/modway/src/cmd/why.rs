//! `modway why`: why a module does not come.

mod module;
mod typed;

use std::{
    fs::File,
    io::{self, BufReader},
    path::{Path, PathBuf},
};

use clap::{ArgGroup, Args};

pub(super) use self::module::Asked;
use super::{config::print, tree};
use crate::{
    cli::End,
    config::Environment,
    lang::Lang,
    render::terminal::Terminal,
    why::log::{self, Report, page::page},
};

/// Flags of `modway why`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
#[command(group = ArgGroup::new("subject").args(["module", "log", "tree", "catalogue"]).required(true).multiple(true))]
pub struct Why {
    /// What is asked about a module.
    #[command(flatten)]
    asked: Asked,
    /// Read the output of a failed go command from a file, or from standard input with `-`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["module", "tree", "config", "format"])]
    log: Option<PathBuf>,
    /// Print all errors that `--log` knows, in Markdown
    #[arg(long, conflicts_with_all = ["module", "log", "tree", "config", "format", "json"])]
    catalogue: bool,
    /// What is drawn.
    #[command(flatten)]
    drawn: tree::Drawn,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The language of explanations [default: the locale's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

pub(super) fn run(why: &Why, environment: &Environment) -> anyhow::Result<End> {
    let lang = Lang::of(why.lang, environment);
    if why.catalogue {
        return print(&page(lang));
    }
    if why.drawn.tree {
        return tree::run(&why.drawn, &why.asked, why.json, lang, environment);
    }
    if let Some(module) = &why.asked.module {
        return module::run(&why.asked, module, lang, why.json, environment);
    }
    why.log.as_deref().map_or(Ok(End::Misused), |file| read(file, why.json, lang, environment))
}

fn read(file: &Path, json: bool, lang: Lang, environment: &Environment) -> anyhow::Result<End> {
    let report = if file == Path::new("-") {
        log::read(io::stdin().lock())
    } else {
        File::open(file).and_then(|file| log::read(BufReader::new(file)))
    };
    let report = report.map_err(|error| super::unread(file, &error))?;
    if json {
        print(&format!("{:#}\n", report.to_json(lang)))?;
    } else {
        print(&report.to_text(lang, Terminal::of_stdout(environment)))?;
    }
    Ok(end(&report))
}

/// Errors of which none is known are nothing that could be found out.
fn end(report: &Report) -> End {
    match (report.findings.is_empty(), report.findings.iter().any(|finding| finding.row.is_some())) {
        (true, _) => End::Good,
        (false, true) => End::Found,
        (false, false) => End::Unable,
    }
}

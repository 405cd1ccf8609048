//! `modway trace -- go …`: runs a go command, and shows what it did on the wire.

use std::{ffi::OsString, fs::File, io::Write as _, path::PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::{
    cli::End,
    config::Environment,
    lang::Lang,
    render::terminal::Terminal,
    trace::{
        Traced, archive, json, page, picture, sequence, trace,
        waterfall::{Rows, draw},
    },
};

/// Flags of `modway trace`.
#[derive(Debug, Args)]
pub struct Trace {
    /// Write the waterfall as a picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write everything as a page that needs nothing else
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write the requests as an HTTP Archive, for other tools; logins are not in it
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// Write the requests as a sequence diagram
    #[arg(long, value_name = "FILE")]
    mermaid: Option<PathBuf>,
    /// Write everything as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Show all lines of the waterfall, and not only the most telling ones
    #[arg(long)]
    all: bool,
    /// Show nothing besides what the command itself shows
    #[arg(long, short)]
    quiet: bool,
    /// The language [default: that of the locale]
    #[arg(long)]
    lang: Option<Lang>,
    /// The command, such as: go mod download
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Writes a trace in one form.
type Form = fn(&Traced, Lang) -> String;

pub(super) fn run(asked: &Trace, environment: &Environment) -> anyhow::Result<End> {
    let lang = Lang::of(asked.lang, environment);
    // Opened first: a trace that cannot be kept is better not begun.
    let mut files = open(asked)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("starting the runtime")?;
    let traced = runtime.block_on(trace(&asked.command, environment))?;
    runtime.shutdown_background();
    for (path, file, form) in &mut files {
        file.write_all(form(&traced, lang).as_bytes()).with_context(|| format!("writing {}", path.display()))?;
    }
    if !asked.quiet {
        let which = if asked.all { Rows::All } else { Rows::Telling };
        let drawn = draw(&traced, which, Terminal::of_stderr(environment), lang);
        // Whoever closed it does not want to see it.
        let _ = write!(std::io::stderr(), "\n{drawn}");
    }
    Ok(End::Ran(traced.ended.code()))
}

fn open(asked: &Trace) -> anyhow::Result<Vec<(PathBuf, File, Form)>> {
    let forms: [(&Option<PathBuf>, Form); 5] = [
        (&asked.svg, picture::svg),
        (&asked.html, page::html),
        (&asked.har, archive::har),
        (&asked.mermaid, sequence::mermaid),
        (&asked.json, json::json),
    ];
    let named = forms.into_iter().filter_map(|(path, form)| path.as_ref().map(|path| (path.clone(), form)));
    named
        .map(|(path, form)| {
            let file = File::create(&path).with_context(|| format!("writing {}", path.display()))?;
            Ok((path, file, form))
        })
        .collect()
}

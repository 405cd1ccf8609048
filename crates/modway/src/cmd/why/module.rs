//! `modway why MODULE[@QUERY]`: the journey of a go command under the settings of a machine.

use std::{
    io::{self, BufRead as _, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, anyhow};
use clap::{Args, ValueEnum};
use gomod::client::{Command, End as JourneyEnd};

use super::{super::config::print, typed};
use crate::{
    cli::End,
    cmd,
    config::{Disk, Environment, Files as _},
    lang::Lang,
    limits,
    machine::{Machine, goroot},
    render::terminal::Terminal,
    run::Run,
    why::{
        ask::{Inquiry, inquire},
        fix::{Fix, StepToTake},
        probe::git::Helpers,
        report::Report,
    },
};

/// What is asked about a module.
#[derive(Debug, Args)]
pub(in crate::cmd) struct Asked {
    /// The module or package, as it would be given to go get: MODULE[@QUERY]
    #[arg(value_name = "MODULE[@QUERY]")]
    pub(in crate::cmd) module: Option<String>,
    /// Which go command it is about
    #[arg(long = "as", value_enum, default_value = "get", value_name = "COMMAND", requires = "module", conflicts_with_all = OTHERS)]
    journey: Journey,
    /// Somebody else's settings: the output of go env -json, or a container's KEY=VALUE file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["log", "catalogue", "config"])]
    env: Option<PathBuf>,
    /// Ask nobody: open no connection, and say what is not known
    #[arg(long, requires = "module", conflicts_with_all = OTHERS)]
    dry: bool,
    /// Let git and its credential helpers run as they are configured
    #[arg(long, requires = "module", conflicts_with = "dry", conflicts_with_all = OTHERS)]
    helpers: bool,
    /// Run the first fix that can be run, after asking, and look again
    #[arg(long, requires = "module", conflicts_with_all = ["dry", "env"], conflicts_with_all = OTHERS)]
    apply: bool,
    /// Which fix to run, by its number
    #[arg(long, value_name = "N", requires = "apply", conflicts_with_all = ["dry", "env"], conflicts_with_all = OTHERS)]
    fix: Option<usize>,
    /// Do not ask before running a fix
    #[arg(long, requires = "apply", conflicts_with_all = ["dry", "env"], conflicts_with_all = OTHERS)]
    yes: bool,
}

/// What else `modway why` tells of; flags of a journey say nothing there.
///
/// They are named one by one: a flag that another one requires is no longer required as soon as a third one excludes it.
const OTHERS: [&str; 3] = ["log", "catalogue", "tree"];

/// The go commands whose journeys are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Journey {
    /// go get MODULE@QUERY
    Get,
    /// go mod download MODULE@QUERY
    Download,
    /// go list -m MODULE@QUERY
    List,
    /// go list -m -versions MODULE
    Versions,
}

/// Finds out and tells.
pub(super) fn run(asked: &Asked, module: &str, lang: Lang, json: bool, environment: &Environment) -> anyhow::Result<End> {
    let command = match typed::command(asked.journey, module, goroot(environment), lang) {
        Ok(command) => command,
        Err(words) => {
            eprintln!("modway: {words}");
            return Ok(End::Misused);
        }
    };
    // Fails only if a provider is installed already, which then is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    let terminal = Terminal::of_stdout(environment);
    let mut report = runtime.block_on(look(asked, &command, environment))?;
    if asked.apply {
        if !json {
            print(&report.text(lang, terminal))?;
        }
        if runtime.block_on(apply(asked, &report, lang, environment))? {
            report = runtime.block_on(look(asked, &command, environment))?;
        } else {
            return Ok(end(&report));
        }
    }
    if json {
        print(&format!("{:#}\n", report.json(lang)))?;
    } else {
        print(&report.text(lang, terminal))?;
    }
    Ok(end(&report))
}

async fn look(asked: &Asked, command: &Command, environment: &Environment) -> anyhow::Result<Report> {
    let machine = asked.machine(environment)?;
    let helpers = if asked.helpers { Helpers::Run } else { Helpers::Leave };
    let inquiry = Inquiry {
        command: command.clone(),
        machine: &machine,
        here: environment,
        files: &Disk,
        is_dry: asked.dry,
        helpers,
        patience: limits::PROBE,
    };
    inquire(&inquiry).await.map_err(|words| anyhow!(words))
}

/// Runs a fix; false if there is none, or if it is not wanted.
async fn apply(asked: &Asked, report: &Report, lang: Lang, environment: &Environment) -> anyhow::Result<bool> {
    let chosen = match asked.fix {
        Some(number) => report.fixes.get(number.wrapping_sub(1)).filter(|fix| fix.can_be_applied()),
        None => report.fixes.iter().find(|fix| fix.can_be_applied()),
    };
    let Some(fix) = chosen else {
        eprintln!("{}", lang.pick("modway: there is no fix that modway can run here", "modway：没有可以由 modway 执行的修复"));
        return Ok(false);
    };
    for step in &fix.steps {
        eprintln!("$ {}", step.line());
    }
    if !asked.yes && !confirmed(fix, lang)? {
        return Ok(false);
    }
    for step in &fix.steps {
        let StepToTake::Run(words) = step else { continue };
        take(words, environment).await?;
    }
    Ok(true)
}

fn confirmed(fix: &Fix, lang: Lang) -> anyhow::Result<bool> {
    eprintln!("{} {}", lang.pick("price:", "代价："), fix.price.get(lang));
    eprint!("{}", lang.pick("Run it? [y/N] ", "执行吗？[y/N] "));
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(["y", "yes", "是"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Runs `go env -w …` or `git config …`, with nothing in the environment that would make them do more than that.
async fn take(words: &[String], environment: &Environment) -> anyhow::Result<()> {
    let Some((program, rest)) = words.split_first() else { return Ok(()) };
    let run = Run::find(program.as_ref(), environment)?.words(rest.to_vec()).unset("GOFLAGS").set("GOTOOLCHAIN", "local");
    let captured = run.captured(limits::APPLYING).await?;
    if captured.ended.is_good() {
        return Ok(());
    }
    let said = crate::machine::masked(&String::from_utf8_lossy(&captured.stderr));
    Err(anyhow!("{} ended with code {}: {}", words.join(" "), captured.ended.code(), said.trim()))
}

/// Found, if it breaks; unable, if that could not be found out.
fn end(report: &Report) -> End {
    match report.outcome.end {
        JourneyEnd::Done { .. } => End::Good,
        JourneyEnd::Broken(_) => End::Found,
        JourneyEnd::Unknown(_) if report.is_dry => End::Good,
        JourneyEnd::Unknown(_) => End::Unable,
    }
}

impl Asked {
    /// The machine that it is about: this one, or the one that a file tells of.
    pub(in crate::cmd) fn machine(&self, environment: &Environment) -> anyhow::Result<Machine> {
        let Some(file) = &self.env else { return Ok(Machine::here(environment, &Disk, goroot(environment))) };
        let text = Disk.read(file).map_err(|error| cmd::unread(file, &error))?;
        Ok(Machine::told(&file.display().to_string(), &String::from_utf8_lossy(&text))?)
    }
}

//! `modway store`: what can be done about a store by hand.

mod bar;
mod told;

use std::{io::IsTerminal as _, sync::Arc, time::Instant};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use proxy::stocktake::{Finding, Stocktake, Tally, Told};
use store::stock::Stock;

use self::{
    bar::Bar,
    told::{Done, Report},
};
use crate::{
    app::AUDIT,
    cli::{End, Given},
    config::{Config, Disk, Environment},
    lang::Lang,
};

/// What can be done about a store.
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Prove again all that is stored: every digest, every h1, against the records and the checksum databases
    Check(Check),
}

/// Flags of `modway store check`.
#[derive(Debug, Args)]
pub struct Check {
    /// What configures the server.
    #[command(flatten)]
    given: Given,
    /// Change nothing: tell what is wrong, and leave it where it is
    #[arg(long)]
    dry: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The language of explanations [default: the locale's]
    #[arg(long, value_name = "LANG")]
    lang: Option<Lang>,
}

/// What stands before an error of the index, which ends the check: without it nobody knows what is stored.
const UNREAD: &str =
    "the check ended early, as the index could not be used (if it is damaged, restore index.sqlite from a backup)";

/// So many findings are listed in JSON; the rest is counted. Text has them all, since it is printed as they are found.
const LISTED: usize = 10_000;

pub(super) fn run(command: &StoreCommand, environment: &Environment) -> anyhow::Result<End> {
    match command {
        StoreCommand::Check(asked) => check(asked, environment),
    }
}

fn check(asked: &Check, environment: &Environment) -> anyhow::Result<End> {
    let config = match Config::load(&super::source(&asked.given, environment)?, environment, &Disk) {
        Ok(config) => config,
        Err(mistakes) => return Ok(super::config::misused(&mistakes)),
    };
    let stock = Arc::new(Stock::open(&config.store_path, !asked.dry)?);
    let mut stocktake = Stocktake::new(Arc::clone(&stock), &config.proxy.sums)?;
    if let Some(audit) = &config.audit {
        stocktake = stocktake.with_audit(AUDIT, audit.key.clone());
    }
    let (_, file_bytes) = stock.index().total().context(UNREAD)?;
    let total_bytes = file_bytes + stock.log_bytes().context(UNREAD)?;
    let lang = Lang::of(asked.lang, environment);
    let mut teller = Teller {
        json: asked.json,
        lang,
        bar: std::io::stderr().is_terminal().then(|| Bar::new(total_bytes)),
        findings: Vec::new(),
        unsigned: Vec::new(),
        done: Done::default(),
    };
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().context("starting the runtime")?;
    let tally = runtime.block_on(stocktake.run(&mut |told| teller.tell(&told)));
    teller.clear();
    let tally = tally.context(UNREAD)?;
    let report = Report {
        lang,
        tally,
        hold: stock.hold(),
        elapsed: started.elapsed(),
        findings: teller.findings,
        unsigned: teller.unsigned,
        done: teller.done,
    };
    super::config::print(&if asked.json { report.json() } else { report.text() })?;
    Ok(end(&tally))
}

const fn end(tally: &Tally) -> End {
    if tally.found > tally.unreadable {
        End::Found
    } else if tally.unreadable > 0 {
        End::Unable
    } else {
        End::Good
    }
}

/// Tells what is found as it is found, and how far it is.
struct Teller {
    json: bool,
    lang: Lang,
    /// On a terminal only.
    bar: Option<Bar>,
    findings: Vec<Finding>,
    unsigned: Vec<String>,
    done: Done,
}

impl Teller {
    fn tell(&mut self, told: &Told<'_>) {
        match told {
            Told::Read(tally) => {
                if let Some(bar) = &mut self.bar {
                    bar.move_to(tally.bytes + tally.log_bytes);
                }
            }
            Told::Unsigned(path) => {
                if !self.json {
                    self.clear();
                    let _ = super::config::print(&told::unsigned(path, self.lang));
                }
                self.unsigned.push((*path).to_owned());
            }
            Told::Found(finding) if self.json => {
                self.done.count(finding);
                if self.findings.len() < LISTED {
                    self.findings.push((*finding).clone());
                }
            }
            Told::Found(finding) => {
                self.done.count(finding);
                self.clear();
                // Whoever closed standard output still gets the exit code.
                let _ = super::config::print(&told::line(finding, self.lang));
            }
        }
    }

    fn clear(&mut self) {
        if let Some(bar) = &mut self.bar {
            bar.clear();
        }
    }
}

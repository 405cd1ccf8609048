//! `modway sumdb export-audit`: the audit log as JSON lines.

use std::{
    io::{self, BufWriter, Write},
    path::PathBuf,
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use proxy::{
    audit::export,
    clock::Clock,
    tlog::{Log, LogSettings},
};
use store::stock::Stock;

use crate::{
    app::AUDIT,
    cli::{End, Given},
    cmd::{config, sumdb::whole},
    config::{AuditLog, Config, Disk, Environment},
};

/// Flags of `modway sumdb export-audit`.
#[derive(Debug, Args)]
pub struct ExportAudit {
    /// What configures the server.
    #[command(flatten)]
    given: Given,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// May run beside the server: it reads what was last published, and changes nothing.
pub(super) fn run(asked: &ExportAudit, environment: &Environment) -> anyhow::Result<End> {
    let config = match Config::load(&crate::cmd::source(&asked.given, environment)?, environment, &Disk) {
        Ok(config) => config,
        Err(mistakes) => return Ok(config::misused(&mistakes)),
    };
    let Some(audit) = &config.audit else {
        eprintln!("modway: no audit log is configured: set key_file in [audit]");
        return Ok(End::Misused);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?;
    let log = runtime.block_on(open(&config, audit))?;
    let mut write = |out: &mut (dyn Write + Send)| {
        runtime.block_on(export(&log, out))?;
        out.flush().context("writing the export")
    };
    match &asked.output {
        Some(path) => whole::write(path, &mut write)?,
        None => write(&mut BufWriter::new(io::stdout()))?,
    }
    Ok(End::Good)
}

async fn open(config: &Config, audit: &AuditLog) -> anyhow::Result<Log> {
    let stock = Stock::open(&config.store_path, false).context("opening the store")?;
    let settings = LogSettings {
        log: AUDIT.to_owned(),
        signers: vec![audit.key.clone()],
        holder: String::new(),
        may_forget: true,
        signed: Arc::new(|_| ()),
    };
    Log::reader(settings, stock.logs(), Clock::system()).await.context("opening the audit log")
}

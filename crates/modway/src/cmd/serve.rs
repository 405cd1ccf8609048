//! `modway serve`: from the flags to a running server.

use std::io::Write as _;

use anyhow::Context as _;

use crate::{
    app::{App, Signals},
    cli::{End, Serve},
    config::{Config, Disk, Environment, Mistakes},
};

pub(super) fn run(serve: &Serve, environment: &Environment) -> anyhow::Result<End> {
    let config = match load(serve, environment)? {
        Ok(config) => config,
        Err(mistakes) => return Ok(super::config::misused(&mistakes)),
    };
    for note in &config.notes {
        eprintln!("{note}");
    }
    small_pages();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    runtime.block_on(until_stopped(serve, environment, config))?;
    // What still reads or writes for nobody does not keep a stopped server.
    runtime.shutdown_background();
    Ok(End::Good)
}

/// Asks the kernel for pages of 4 KiB.
///
/// It zeroes a page whole for the first byte of it that is touched. Zeroing pages of 2 MiB was three quarters of all that the threads did that
/// make a zip from a repository. A kernel without such pages refuses, and need not be asked.
fn small_pages() {
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

async fn until_stopped(serve: &Serve, environment: &Environment, config: Config) -> anyhow::Result<()> {
    let signals = Signals::listen().context("listening for signals")?;
    let app = App::open(config).await?;
    // The one line to set, alone on standard output; whoever closed that can still be served.
    let _ = writeln!(std::io::stdout(), "{}", app.export());
    app.serve(signals, || load(serve, environment)).await;
    Ok(())
}

fn load(serve: &Serve, environment: &Environment) -> anyhow::Result<Result<Config, Mistakes>> {
    Ok(Config::load(&super::source(&serve.given, environment)?, environment, &Disk))
}

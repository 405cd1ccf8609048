//! `modway matrix`: all combinations of settings, and where each leads.

use std::io::{self, IsTerminal as _};

use clap::Args;

use crate::{
    cli::End,
    config::{Disk, Environment},
    lang::Lang,
    machine::{Machine, goroot},
    matrix::{Format, Imagined, Matrix, Present, ProxySays, Subject, observe},
    render::terminal::Terminal,
};

/// Flags of `modway matrix`.
#[derive(Debug, Args)]
pub struct MatrixArgs {
    /// A host, or a module path on it
    #[arg(value_name = "HOST|MODULE", default_value = "git.corp.test")]
    pub subject: String,
    /// Also `|`, GONOPROXY=none, GONOSUMDB=none, and git told to trust the host
    #[arg(long)]
    pub full: bool,
    /// What the proxy says to a module that it does not have
    #[arg(long, value_enum, default_value = "404", value_name = "ANSWER")]
    pub proxy_says: ProxySays,
    /// Who believes the host's certificate
    #[arg(long, value_enum, default_value = "nobody", value_name = "WHO")]
    pub trusted_by: TrustedBy,
    /// Run the real go command for each row, in this world on loopback, and compare
    #[arg(long)]
    pub observe: bool,
    /// How to write it
    #[arg(long, value_enum, default_value = "text", conflicts_with = "json")]
    pub format: Format,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// The language [default: that of the locale]
    #[arg(long, value_enum)]
    pub lang: Option<Lang>,
}

/// Who believes the host's certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum TrustedBy {
    /// Neither.
    Nobody,
    /// Go alone.
    Go,
    /// git alone.
    Git,
    /// Both: a certificate that is good, or an authority in the system's store.
    Both,
}

pub(super) fn run(asked: &MatrixArgs, environment: &Environment) -> anyhow::Result<End> {
    let lang = Lang::of(asked.lang, environment);
    let subject = match Subject::parse(&asked.subject) {
        Ok(subject) => subject,
        Err(unusable) => {
            eprintln!("modway: {unusable}");
            return Ok(End::Misused);
        }
    };
    let imagined = Imagined {
        proxy_says: asked.proxy_says,
        go_trusts: matches!(asked.trusted_by, TrustedBy::Go | TrustedBy::Both),
        git_trusts: matches!(asked.trusted_by, TrustedBy::Git | TrustedBy::Both),
    };
    let present = Present::of(&Machine::here(environment, &Disk, goroot(environment)), &subject);
    let mut matrix = Matrix::new(subject, imagined, asked.full, Some(present));
    if asked.observe {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(observed(&mut matrix, environment))?;
    }
    let format = if asked.json { Format::Json } else { asked.format };
    super::config::print(&matrix.write(format, lang, Terminal::of_stdout(environment)))?;
    Ok(if matrix.agrees() { End::Good } else { End::Found })
}

/// Runs the real go command for each row. Whoever interrupts it leaves no process and no file behind.
async fn observed(matrix: &mut Matrix, environment: &Environment) -> anyhow::Result<()> {
    let progress = |done: usize, all: usize| {
        if io::stderr().is_terminal() {
            eprint!("\r{done}/{all}{}", if done == all { "\r\x1b[K" } else { "" });
        }
    };
    tokio::select! {
        observed = observe::all(matrix, environment, &progress) => observed,
        interrupted = tokio::signal::ctrl_c() => {
            interrupted?;
            anyhow::bail!("interrupted")
        }
    }
}

//! The command line's front door.

use std::process::ExitCode;

use clap::Parser as _;
use modway::{
    cli::{Cli, End},
    cmd,
    config::Environment,
};

/// Many short-lived buffers on many threads; glibc's allocator keeps an arena per thread and gives little back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cmd::run(&Cli::parse(), &Environment::of_process()) {
        Ok(end) => end.into(),
        Err(error) => {
            eprintln!("modway: {error:#}");
            End::Unable.into()
        }
    }
}

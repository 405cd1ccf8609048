//! `modway config`: check, show, schema, example, reference.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use serde_json::{Value, json};

use crate::{
    cli::{ConfigCommand, End, Given},
    config::{self, Config, Disk, Environment, Mistake, Mistakes},
};

pub(super) fn run(command: &ConfigCommand, environment: &Environment) -> anyhow::Result<End> {
    match command {
        ConfigCommand::Check { file, json, auth } => check(file.clone(), *json, auth.as_deref(), environment),
        ConfigCommand::Show { given, json } => show(given, *json, environment),
        ConfigCommand::Schema => print(&pretty(&config::schema())),
        ConfigCommand::Example => print(config::EXAMPLE),
        ConfigCommand::Reference => print(&config::reference()),
    }
}

fn check(file: Option<PathBuf>, json: bool, auth: Option<&str>, environment: &Environment) -> anyhow::Result<End> {
    let given = Given { config: file, ..Given::default() };
    match (Config::load(&super::source(&given, environment)?, environment, &Disk), auth) {
        (Ok(config), Some(module)) => {
            let (printed, end) = super::auth::check(module, &config, json)?;
            print(&printed)?;
            Ok(end)
        }
        (Ok(config), None) => {
            let notes: Vec<String> = config.notes.iter().map(|note| format!("{note}\n")).collect();
            print(&if json { report(&config.notes) } else { format!("{}the configuration is good\n", notes.concat()) })
        }
        (Err(mistakes), _) => {
            print(&if json { report(&mistakes.0) } else { format!("{mistakes}\n") })?;
            Ok(End::Found)
        }
    }
}

fn show(given: &Given, json: bool, environment: &Environment) -> anyhow::Result<End> {
    match Config::load(&super::source(given, environment)?, environment, &Disk) {
        Ok(config) => print(&if json { pretty(&config.show_json()) } else { config.show() }),
        Err(mistakes) => Ok(misused(&mistakes)),
    }
}

/// Says on standard error why a configuration cannot be used.
pub(super) fn misused(mistakes: &Mistakes) -> End {
    eprintln!("{mistakes}");
    End::Misused
}

/// The mistakes as a versioned JSON document.
fn report(mistakes: &[Mistake]) -> String {
    let good = !mistakes.iter().any(|mistake| mistake.fatal);
    pretty(&json!({ "version": 1, "good": good, "mistakes": mistakes.iter().map(Mistake::to_json).collect::<Vec<_>>() }))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Prints to standard output. A reader that left early, such as `head`, is no failure.
pub(super) fn print(text: &str) -> anyhow::Result<End> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(End::Good),
    }
}

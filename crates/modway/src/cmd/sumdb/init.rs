//! `modway sumdb init`: name and key of a checksum database.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use gomod::sumdb::note::{SignerKey, VerifierKey};
use serde_json::json;

use crate::{cli::End, cmd::config, config::check_name};

/// Flags of `modway sumdb init`.
#[derive(Debug, Args)]
pub struct Init {
    /// The database's name, a host with or without a path: sumdb.corp.example, corp.example/sumdb
    #[arg(value_name = "NAME")]
    name: String,
    /// The file for the key; it must not be there yet
    #[arg(long, value_name = "FILE", default_value = "sumdb.key")]
    key: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(asked: &Init) -> anyhow::Result<End> {
    if let Err(why) = check_name(&asked.name) {
        eprintln!("modway: `{}` cannot be the name of a checksum database: {why}", asked.name);
        return Ok(End::Misused);
    }
    let key = make(&asked.name)?;
    match keep(&asked.key, &key) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            eprintln!(
                "modway: {} is there already, and is not overwritten: who lost the key has lost the database",
                asked.key.display()
            );
            return Ok(End::Misused);
        }
        kept => kept.with_context(|| format!("writing {}", asked.key.display()))?,
    }
    let path = std::path::absolute(&asked.key).unwrap_or_else(|_| asked.key.clone());
    config::print(&if asked.json { as_json(&path, &key.verifier()) } else { text(&path, &key.verifier()) })
}

/// A key nobody can guess, of the system's own randomness.
fn make(name: &str) -> anyhow::Result<SignerKey> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("reading the system's randomness")?;
    Ok(SignerKey::from_seed(name, &seed)?)
}

/// Writes the key so that only the owner can ever read it, and so that it is still there after a power cut.
fn keep(path: &Path, key: &SignerKey) -> io::Result<()> {
    // Never over a file that is there, never through a link: O_EXCL follows none.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(format!("{}\n", key.reveal()).as_bytes())?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn text(path: &Path, key: &VerifierKey) -> String {
    format!(
        "{key}\n\n\
         This is the key that clients verify with: GOSUMDB. The key that signs is in {path}, which only you can read. Keep a copy in a safe\n\
         place: whoever has it can write another history, and without it the database ends.\n\n\
         In the configuration of modway:\n\n\
         [sumdb]\n\
         gonosumdb = \"corp.example\"   # the private modules\n\n\
         [sumdb.private]\n\
         key_file = {quoted}\n\
         records = \"all\"              # or \"private\"\n\n\
         Then `modway sumdb env` prints what clients set.\n",
        path = path.display(),
        quoted = json!(path.display().to_string()),
    )
}

fn as_json(path: &Path, key: &VerifierKey) -> String {
    let document =
        json!({ "version": 1, "name": key.name(), "verifier_key": key.to_string(), "key_file": path.display().to_string() });
    format!("{document:#}\n")
}

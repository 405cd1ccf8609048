//! `modway sumdb init`: name and key of a checksum database.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use gomod::sumdb::{cosign::Cosigner, note::SignerKey};
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
    /// Make the key of a witness instead, which cosigns the logs of others
    #[arg(long)]
    witness: bool,
    /// Make the key of an audit log instead
    #[arg(long, conflicts_with = "witness")]
    audit: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is to be written, and what is to be told.
struct Made {
    private: String,
    public: String,
}

pub(super) fn run(asked: &Init) -> anyhow::Result<End> {
    if let Err(why) = check_name(&asked.name) {
        eprintln!("modway: `{}` cannot be the name of a checksum database: {why}", asked.name);
        return Ok(End::Misused);
    }
    let made = make(asked)?;
    match keep(&asked.key, &made.private) {
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
    config::print(&match asked {
        Init { json: true, .. } => as_json(&path, &asked.name, &made.public),
        Init { witness: true, .. } => text_of_witness(&path, &made.public),
        Init { audit: true, .. } => text_of_audit(&path, &made.public),
        Init { .. } => text(&path, &made.public),
    })
}

/// A key nobody can guess, of the system's own randomness.
fn make(asked: &Init) -> anyhow::Result<Made> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).context("reading the system's randomness")?;
    if asked.witness {
        let key = Cosigner::from_seed(&asked.name, &seed)?;
        return Ok(Made { private: key.reveal(), public: key.verifier().to_string() });
    }
    let key = SignerKey::from_seed(&asked.name, &seed)?;
    Ok(Made { private: key.reveal(), public: key.verifier().to_string() })
}

/// Writes the key so that only the owner can ever read it, and so that it is still there after a power cut.
fn keep(path: &Path, key: &str) -> io::Result<()> {
    // Never over a file that is there, never through a link: O_EXCL follows none.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(format!("{key}\n").as_bytes())?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

fn text(path: &Path, key: &str) -> String {
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

fn text_of_witness(path: &Path, key: &str) -> String {
    format!(
        "{key}\n\n\
         This is the key of the witness, for the operators of the logs that it cosigns. The key that cosigns is in {path}, which only you can read.\n\n\
         In the configuration of modway:\n\n\
         [witness]\n\
         listen = \"0.0.0.0:8091\"\n\
         key_file = {quoted}\n\
         logs = [\"…\"]   # the keys of the logs, as `modway sumdb env` prints them there\n\n\
         The witness remembers in the store. If that is lost or goes back, make a new key: a witness that forgot can be shown another history.\n",
        path = path.display(),
        quoted = json!(path.display().to_string()),
    )
}

fn text_of_audit(path: &Path, key: &str) -> String {
    format!(
        "{key}\n\n\
         This is the key that verifies the audit log: give it to auditors. The key that signs is in {path}, which only you can read. Keep a copy in a\n\
         safe place: whoever has it can write another history.\n\n\
         In the configuration of modway:\n\n\
         [audit]\n\
         key_file = {quoted}\n\n\
         Then `modway sumdb export-audit` writes the log out, and `modway sumdb prove-audit --key {key}` proves it.\n",
        path = path.display(),
        quoted = json!(path.display().to_string()),
    )
}

fn as_json(path: &Path, name: &str, key: &str) -> String {
    let document = json!({ "version": 1, "name": name, "verifier_key": key, "key_file": path.display().to_string() });
    format!("{document:#}\n")
}

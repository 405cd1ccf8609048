//! `modway sumdb prove-audit`: is an exported audit log what was signed?

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use gomod::sumdb::note::VerifierKey;
use proxy::audit::{Proven, Unproven, prove};
use serde_json::{Value, json};

use crate::{cli::End, cmd::config};

/// Flags of `modway sumdb prove-audit`.
#[derive(Debug, Args)]
pub struct ProveAudit {
    /// The file that `modway sumdb export-audit` wrote, or `-` for standard input
    #[arg(value_name = "FILE")]
    export: PathBuf,
    /// The key that verifies the log, NAME+HASH+KEY, as `modway sumdb init` printed it
    #[arg(long, value_name = "KEY")]
    key: String,
    /// An export of before, or its last line: the log must have grown out of it; may be repeated
    #[arg(long, value_name = "FILE")]
    earlier: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(asked: &ProveAudit) -> anyhow::Result<End> {
    let Ok(key) = VerifierKey::parse(&asked.key) else {
        eprintln!("modway: `{}` is no key that verifies: it has the form NAME+HASH+KEY", asked.key);
        return Ok(End::Misused);
    };
    let mut earlier = Vec::new();
    for file in &asked.earlier {
        let Some(head) = head_of(file).with_context(|| format!("reading {}", file.display()))? else {
            eprintln!("modway: {} ends in no head: name an export, or its last line", file.display());
            return Ok(End::Misused);
        };
        earlier.push(head);
    }
    let export: Box<dyn BufRead> = if asked.export == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(&asked.export).with_context(|| format!("reading {}", asked.export.display()))?))
    };
    let (end, told) = match prove(export, &key, &earlier) {
        Err(Unproven::Read(error)) => return Err(error).with_context(|| format!("reading {}", asked.export.display())),
        Ok(proven) => (End::Good, told(asked.json, &key, Ok(proven))),
        Err(unproven) => (End::Found, told(asked.json, &key, Err(&unproven))),
    };
    config::print(&told)?;
    Ok(end)
}

/// The signed head in the last line of a file.
fn head_of(file: &Path) -> io::Result<Option<String>> {
    let text = fs::read_to_string(file)?;
    let last: Option<Value> = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    Ok(last.and_then(|last| last["head"].as_str().map(str::to_owned)))
}

fn told(json: bool, key: &VerifierKey, end: Result<Proven, &Unproven>) -> String {
    let name = key.name();
    match (end, json) {
        (Ok(Proven { from, tree }), true) => {
            let document = json!({ "version": 1, "proven": true, "log": name, "from": from, "size": tree.size, "root": tree.hash.to_string() });
            format!("{document:#}\n")
        }
        (Err(unproven), true) => {
            format!("{:#}\n", json!({ "version": 1, "proven": false, "log": name, "why": unproven.to_string() }))
        }
        (Ok(Proven { from, tree }), false) => {
            let forgotten = if from > 0 {
                format!("; those before {from} were forgotten, and their hashes are right")
            } else {
                String::new()
            };
            format!(
                "proven: records {from} to {} are those that {name} signed, all of them, in order{forgotten}\n",
                tree.size.max(1) - 1
            )
        }
        (Err(unproven), false) => format!("not proven: {unproven}\n"),
    }
}

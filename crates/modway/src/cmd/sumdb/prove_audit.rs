//! `modway sumdb prove-audit`: is an exported audit log what was signed? And one line of it, by itself?

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use gomod::sumdb::{
    inclusion::{InclusionError, InclusionProof},
    note::VerifierKey,
    record::check_text,
};
use proxy::audit::{Line, Proven, Unproven, Wanted, first_difference, prove, prove_line};
use serde_json::{Value, json};

use crate::{cli::End, cmd::config};

/// How long the proof of one line can be: a record and 63 hashes, several times over.
const MAX_PROOF_BYTES: u64 = 1 << 16;

/// Flags of `modway sumdb prove-audit`.
#[derive(Debug, Args)]
pub struct ProveAudit {
    /// The file that `modway sumdb export-audit` wrote, or that --line printed, or `-` for standard input
    #[arg(value_name = "FILE")]
    export: PathBuf,
    /// The key that verifies the log, NAME+HASH+KEY, as `modway sumdb init` printed it
    #[arg(long, value_name = "KEY")]
    key: String,
    /// An export of before, or its last line: the log must have grown out of it; may be repeated
    #[arg(long, value_name = "FILE")]
    earlier: Vec<PathBuf>,
    /// Print the proof of the record with this number, which needs nothing else but the key
    #[arg(long, value_name = "NUMBER", conflicts_with = "request")]
    line: Option<u64>,
    /// Print the proof of the record of this request, by its X-Request-Id
    #[arg(long, value_name = "ID")]
    request: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What is told, and how it ends.
type Told = (End, String);

pub(super) fn run(asked: &ProveAudit) -> anyhow::Result<End> {
    let Ok(key) = VerifierKey::parse(&asked.key) else {
        eprintln!("modway: `{}` is no key that verifies: it has the form NAME+HASH+KEY", asked.key);
        return Ok(End::Misused);
    };
    let reading = || format!("reading {}", asked.export.display());
    let mut file = opened(&asked.export).with_context(reading)?;
    let is_proof = file.fill_buf().with_context(reading)?.starts_with(b"c2sp.org/");
    let (end, told) = if is_proof {
        let mut text = String::new();
        file.take(MAX_PROOF_BYTES).read_to_string(&mut text).with_context(reading)?;
        one_line(asked, &key, &text)
    } else {
        match whole(asked, &key, file)? {
            Some(told) => told,
            None => return Ok(End::Misused),
        }
    };
    config::print(&told)?;
    Ok(end)
}

fn opened(file: &Path) -> io::Result<Box<dyn BufRead>> {
    Ok(if file == Path::new("-") { Box::new(io::stdin().lock()) } else { Box::new(BufReader::new(File::open(file)?)) })
}

/// Proves an export; `None` if it was asked for in a way that cannot be.
fn whole(asked: &ProveAudit, key: &VerifierKey, export: Box<dyn BufRead>) -> anyhow::Result<Option<Told>> {
    let mut earlier = Vec::new();
    for file in &asked.earlier {
        let Some(head) = head_of(file).with_context(|| format!("reading {}", file.display()))? else {
            eprintln!("modway: {} ends in no head: name an export, or its last line", file.display());
            return Ok(None);
        };
        earlier.push(head);
    }
    let wanted = asked.line.map(Wanted::Number).or_else(|| asked.request.clone().map(Wanted::Request));
    let end = match &wanted {
        None => prove(export, key, &earlier).map(|proven| (proven, None)),
        Some(wanted) => prove_line(export, key, &earlier, wanted).map(|(proven, proof)| (proven, Some(proof))),
    };
    let (json, name) = (asked.json, key.name());
    Ok(Some(match end {
        Err(Unproven::Read(error)) => return Err(error).with_context(|| format!("reading {}", asked.export.display())),
        Err(unproven) => (End::Found, unproven_text(json, name, &format!("{unproven}{}", difference(asked, &unproven)))),
        Ok((proven, proof)) if json => (End::Good, as_json(name, &proven, proof.as_ref())),
        Ok((proven, None)) => (End::Good, as_text(name, &proven)),
        Ok((_, Some(proof))) => (End::Good, proof.to_string()),
    }))
}

/// The record where an earlier export begins to differ, in words, if what is wrong is that the log was changed and signed again.
fn difference(asked: &ProveAudit, unproven: &Unproven) -> String {
    if !matches!(unproven, Unproven::Earlier { .. } | Unproven::Root { .. } | Unproven::Beyond { .. })
        || asked.export == Path::new("-")
    {
        return String::new();
    }
    let differs = |earlier: &PathBuf| {
        let number = first_difference(opened(earlier).ok()?, opened(&asked.export).ok()?).ok()??;
        Some(format!("; the first record that differs from {} is {number}", earlier.display()))
    };
    asked.earlier.iter().find_map(differs).unwrap_or_default()
}

/// Proves one line by the proof that was made of it.
fn one_line(asked: &ProveAudit, key: &VerifierKey, text: &str) -> Told {
    let (json, name) = (asked.json, key.name());
    let unproven = |why: &str| (End::Found, unproven_text(json, name, why));
    let Ok(proof) = InclusionProof::parse(text) else { return unproven("this is no proof of a line") };
    let record = std::str::from_utf8(&proof.extra).ok().filter(|record| check_text(record.as_bytes()).is_ok());
    let Some(record) = record else { return unproven("the proof has no line in it") };
    let is_wanted = asked.line.is_none_or(|number| number == proof.index)
        && asked.request.as_ref().is_none_or(|id| matches!(Line::parse(record), Some(Line::Asked(line)) if line.request == *id));
    match proof.check(record.as_bytes(), key) {
        Err(InclusionError::Signature) => unproven(&format!("the head is not signed by {name}")),
        Err(InclusionError::NotIncluded) => unproven(&format!(
            "this is not record {} that {name} signed: the line, its number or the proof was changed",
            proof.index
        )),
        Ok(_) if !is_wanted => unproven(&format!("it is the proof of another line: record {}", proof.index)),
        Ok(tree) if json => {
            let proven = Proven { from: proof.index, tree };
            (End::Good, as_json(name, &proven, Some(&proof)))
        }
        Ok(tree) => {
            (End::Good, format!("proven: this is record {} of the {} that {name} signed\n{record}", proof.index, tree.size))
        }
    }
}

/// The signed head in the last line of a file.
fn head_of(file: &Path) -> io::Result<Option<String>> {
    let text = fs::read_to_string(file)?;
    let last: Option<Value> = text.lines().last().and_then(|line| serde_json::from_str(line).ok());
    Ok(last.and_then(|last| last["head"].as_str().map(str::to_owned)))
}

fn unproven_text(json: bool, name: &str, why: &str) -> String {
    if json {
        return format!("{:#}\n", json!({ "version": 1, "proven": false, "log": name, "why": why }));
    }
    format!("not proven: {why}\n")
}

fn as_json(name: &str, Proven { from, tree }: &Proven, proof: Option<&InclusionProof>) -> String {
    let line = proof.map(|proof| {
        let record: Option<Value> = serde_json::from_slice(&proof.extra).ok();
        json!({ "number": proof.index, "record": record, "proof": proof.to_string() })
    });
    let root = tree.hash.to_string();
    let mut document = json!({ "version": 1, "proven": true, "log": name, "size": tree.size, "root": root });
    match line {
        Some(line) => document["line"] = line,
        None => document["from"] = json!(from),
    }
    format!("{document:#}\n")
}

fn as_text(name: &str, Proven { from, tree }: &Proven) -> String {
    let forgotten =
        if *from > 0 { format!("; those before {from} were forgotten, and their hashes are right") } else { String::new() };
    format!("proven: records {from} to {} are those that {name} signed, all of them, in order{forgotten}\n", tree.size.max(1) - 1)
}

//! `modway sumdb audit`: a checksum database read whole and proven.

use std::{
    io::IsTerminal as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, bail};
use clap::Args;
use gomod::{
    goenv::SumdbSetting,
    sumdb::{
        client::Head,
        note::{SignerKey, VerifierKey},
    },
};
use proxy::{
    Journey,
    assemble::database_files,
    replay::{Remote, Replayed, Sample, Stored, replay},
    settings::{Secret, Sums},
};
use serde_json::{Value, json};
use store::fs::FsBlobs;

use crate::{
    app::SUMDB_LOG,
    cli::{End, Given},
    cmd::{
        config,
        sumdb::{
            trouble::{Watched, told},
            whole,
        },
    },
    config::{Config, Disk, Environment},
};

/// Flags of `modway sumdb audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// A name of the configuration or of Go, the URL of a database, or the folder of a store
    #[arg(value_name = "NAME|URL|DIR")]
    target: String,
    /// The key that signs, NAME+HASH+KEY [default: that of the configuration]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A file with the newest tree head that was believed: the database must continue it; then its head is written there
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// The file with an auditor's token, for records that not everybody may read
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// How many records, chosen at random, are looked up too, and read in the forms of C2SP where the database has them; `all` of them
    #[arg(long, value_name = "N|all", default_value = "100", value_parser = sample)]
    lookups: Sample,
    /// What configures the server whose databases are named
    #[command(flatten)]
    given: Given,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where the database is read.
enum Place {
    Url(String),
    Folder(PathBuf),
}

pub(super) fn run(asked: &Audit, environment: &Environment) -> anyhow::Result<End> {
    let config = match Config::load(&crate::cmd::source(&asked.given, environment)?, environment, &Disk) {
        Ok(config) => config,
        Err(mistakes) => return Ok(config::misused(&mistakes)),
    };
    let own = own(&config.proxy.sums);
    let (place, key) = match meant(asked, &config, &own) {
        Ok(meant) => meant,
        Err(why) => {
            eprintln!("modway: {why}");
            return Ok(End::Misused);
        }
    };
    let known = asked.head.as_deref().map(|path| known(path, &key, &own)).transpose()?.flatten();
    // Fails only if a provider is installed already, which then is as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("starting the runtime")?;
    let replayed = runtime.block_on(read(asked, &place, &key, known, &config));
    runtime.shutdown_background();
    let replayed = replayed?;
    let is_good = replayed.findings.is_empty();
    if let (true, Some(path), Some(head)) = (is_good, &asked.head, &replayed.head) {
        whole::write(path, &mut |file| Ok(file.write_all(head.note().as_bytes())?))?;
    }
    config::print(&if asked.json { as_json(&key, &replayed) } else { text(&key, &replayed) })?;
    Ok(if is_good { End::Good } else { End::Found })
}

/// Which database is meant, where it is read, and whose signatures are believed.
fn meant(asked: &Audit, config: &Config, own: &[VerifierKey]) -> Result<(Place, VerifierKey), String> {
    let (target, sums) = (&asked.target, &config.proxy.sums);
    let given = asked.key.as_deref().map(VerifierKey::parse).transpose().map_err(|error| format!("--key: {error}"))?;
    let of_own = |name: &str| own.iter().find(|key| key.name() == name).cloned();
    let needed = "say --key NAME+HASH+KEY: it is not configured whose signatures are to be believed";
    if target.contains("://") {
        let name = target.trim_end_matches('/').rsplit_once("/sumdb/").map_or("", |(_, name)| name);
        let key = given.or_else(|| of_own(name)).or_else(|| database(sums, name).map(|(key, _)| key));
        return Ok((Place::Url(target.clone()), key.ok_or(needed)?));
    }
    if Path::new(target).is_dir() {
        return Ok((Place::Folder(target.into()), given.or_else(|| own.first().cloned()).ok_or(needed)?));
    }
    // While a key is exchanged there are two names, and whoever knows the old one only is shown that all heads still bear its signature.
    if let Some(key) = of_own(target) {
        return Ok((Place::Folder(config.store_path.clone()), given.unwrap_or(key)));
    }
    match database(sums, target) {
        Some((key, url)) => Ok((Place::Url(url), given.unwrap_or(key))),
        None => Err(format!("{target} is no folder, no URL, and no checksum database of the configuration")),
    }
}

/// The keys of our own database: the newest, then the old one while it still signs.
fn own(sums: &Sums) -> Vec<VerifierKey> {
    let own = sums.own.as_ref();
    own.map(|own| std::iter::once(&own.key).chain(&own.old_key).map(SignerKey::verifier).collect()).unwrap_or_default()
}

/// Key and URL of the database of others with this name, as the configuration or Go has them.
fn database(sums: &Sums, name: &str) -> Option<(VerifierKey, String)> {
    let of_go = SumdbSetting::parse(name).ok();
    let all = std::iter::once(&sums.database).chain(&sums.proxied).chain(&of_go);
    all.filter_map(|setting| match setting {
        SumdbSetting::Database { name: its, key, url } if its == name => {
            let url = url.as_ref().map_or_else(|| format!("https://{its}"), |url| url.as_str().to_owned());
            Some((VerifierKey::parse(key).ok()?, url))
        }
        SumdbSetting::Database { .. } | SumdbSetting::Off => None,
    })
    .next()
}

async fn read(asked: &Audit, place: &Place, key: &VerifierKey, known: Option<Head>, config: &Config) -> anyhow::Result<Replayed> {
    let is_watched = std::io::stderr().is_terminal();
    let progress = |done: u64, all: u64| {
        if is_watched {
            eprint!("\r{done}/{all} records{}", if done == all { "\r\x1b[K" } else { "" });
        }
    };
    let replayed = match place {
        Place::Url(url) => {
            let token = asked.token_file.as_deref().map(token).transpose()?;
            let files = Watched::new(database_files(url.trim_end_matches('/'), token, &config.proxy.sums, &config.roots)?);
            let shelf = Remote { files: &files, prefix: String::new(), journey: Journey::new(Instant::now()) };
            let replayed = replay(&shelf, key, known, asked.lookups, &progress).await;
            replayed.map_err(|text| match files.trouble() {
                Some(trouble) => told(&trouble, text, asked.token_file.is_some()),
                None => text,
            })
        }
        Place::Folder(path) => {
            let logs = FsBlobs::open_to_read(path).context("opening the store")?.logs();
            // Lookups and other forms are the server's to give.
            replay(&Stored { files: &logs, log: SUMDB_LOG }, key, known, Sample::Some(0), &progress).await
        }
    };
    replayed.map_err(anyhow::Error::msg)
}

fn sample(text: &str) -> Result<Sample, String> {
    match text {
        "all" => Ok(Sample::All),
        _ => text.parse().map(Sample::Some).map_err(|_| "write a number, or all".to_owned()),
    }
}

fn token(path: &Path) -> anyhow::Result<Secret> {
    let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The head of before; `None` if this is the first audit. One of our own database may be signed by the other key of a rotation: it is the same log.
fn known(path: &Path, key: &VerifierKey, own: &[VerifierKey]) -> anyhow::Result<Option<Head>> {
    let others = if own.contains(key) { own } else { &[] };
    match std::fs::read(path) {
        Ok(note) => match Head::open(key, &note) {
            Ok(head) => Ok(Some(head)),
            Err(error) => match others.iter().find_map(|other| Head::open(other, &note).ok()) {
                Some(head) => Ok(Some(head)),
                None => bail!("{} holds no head of {}: {error}", path.display(), key.name()),
            },
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
    }
}

fn text(key: &VerifierKey, replayed: &Replayed) -> String {
    let mut text: String = replayed
        .findings
        .iter()
        .map(|finding| {
            let place = if finding.place.is_empty() { "head" } else { &finding.place };
            format!("{place}: {}: {}\n", finding.code, finding.text.replace('\n', "\n  "))
        })
        .collect();
    if replayed.more > 0 {
        text.push_str(&format!("and {} more\n", replayed.more));
    }
    let size = replayed.head.as_ref().map_or(0, |head| head.tree().size);
    let (records, tiles) = (replayed.records, replayed.tiles);
    let verdict = match replayed.findings.len() as u64 + replayed.more {
        0 => "all of it is as it must be".to_owned(),
        1 => "1 thing is not as it must be".to_owned(),
        count => format!("{count} things are not as they must be"),
    };
    let lookups = if replayed.lookups > 0 { format!(", {} looked up", replayed.lookups) } else { String::new() };
    text.push_str(&format!(
        "{}: {size} records signed, {records} read and proven, {tiles} tiles{lookups}: {verdict}\n",
        key.name()
    ));
    text
}

fn as_json(key: &VerifierKey, replayed: &Replayed) -> String {
    let findings: Vec<Value> = replayed
        .findings
        .iter()
        .map(|finding| json!({ "code": finding.code, "place": finding.place, "message": finding.text }))
        .collect();
    let head = replayed
        .head
        .as_ref()
        .map(|head| json!({ "size": head.tree().size, "hash": head.tree().hash.to_string(), "note": head.note() }));
    let document = json!({
        "version": 1,
        "name": key.name(),
        "verifier_key": key.to_string(),
        "good": replayed.findings.is_empty(),
        "head": head,
        "records": replayed.records,
        "tiles": replayed.tiles,
        "lookups": replayed.lookups,
        "findings": findings,
        "more": replayed.more,
    });
    format!("{document:#}\n")
}

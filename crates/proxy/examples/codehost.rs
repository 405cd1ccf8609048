//! Asks repositories what no door tells: the section `codehost` of coderepo-expectations.json, row by row.
//!
//!     codehost EXPECTATIONS BASE-URL FOLDER
//!
//! BASE-URL is the server of the Go tree's own repositories, which `conformance/direct` starts; FOLDER is empty and ours. Prints a line for
//! each row that comes out otherwise, and the counts; ends with 1 if there is one.

#[path = "../tests/direct/settings.rs"]
mod settings;

use std::{path::Path, process::ExitCode, sync::Arc};

use anyhow::{Context as _, Result, bail, ensure};
use gomod::goimport::Vcs;
use proxy::{
    client::Roots,
    clock::Clock,
    egress::Egress,
    metrics::Metrics,
    upstream::direct::{
        repo::{Repo, RepoError},
        repos::Repos,
    },
};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [expectations, base, folder] = &arguments[..] else { bail!("usage: codehost EXPECTATIONS BASE-URL FOLDER") };
    let expectations: Value = serde_json::from_slice(&std::fs::read(expectations)?)?;
    let asked = Asked { repos: repos(base, Path::new(folder))?, base: base.clone() };
    let (mut passed, mut failed) = (0, 0);
    for (name, row) in rows(&expectations["codehost"])? {
        match asked.row(&name, &row).await {
            Ok(()) => passed += 1,
            Err(wrong) => {
                failed += 1;
                println!("FAIL codehost {name} {row}: {wrong:#}");
            }
        }
    }
    println!("codehost: {passed} rows passed, {failed} failed");
    Ok(ExitCode::from(u8::from(failed > 0 || passed == 0)))
}

/// Every row with the name of its table. A table that nobody asks for is an error, and not left out.
fn rows(section: &Value) -> Result<Vec<(String, Value)>> {
    let mut rows = Vec::new();
    for (table, of_table) in section.as_object().context("no section codehost")? {
        match of_table {
            Value::Array(list) => rows.extend(list.iter().map(|row| (table.clone(), row.clone()))),
            Value::Object(pairs) => {
                rows.extend(pairs.iter().map(|(git, hg)| (table.clone(), serde_json::json!({ "git": git, "hg": hg }))));
            }
            other => bail!("{table} is {other}"),
        }
    }
    Ok(rows)
}

struct Asked {
    repos: Repos,
    base: String,
}

impl Asked {
    async fn row(&self, table: &str, row: &Value) -> Result<()> {
        let repo = self.repo(row["repo"].as_str().unwrap_or("hg/hgrepo1")).await?;
        match table {
            "tags" => tags(&*repo, row).await,
            "latest" => latest(&*repo, row).await,
            "stat" => stat(&*repo, row).await,
            "hg_hash_of_git" => {
                let hash = text(&row["hg"]);
                let commit = told(repo.stat(hash).await)?;
                same("name", &*commit.name, hash)
            }
            "read_file" => read_file(&*repo, row).await,
            "archive_sizes" => archive_sizes(&*repo, row).await,
            other => bail!("nobody asks for {other}"),
        }
    }

    async fn repo(&self, name: &str) -> Result<Arc<dyn Repo>> {
        let vcs = match name.split_once('/') {
            Some(("git", _)) => Vcs::Git,
            Some(("hg", _)) => Vcs::Hg,
            _ => bail!("of which system is {name}"),
        };
        told(self.repos.get(vcs, &format!("{}/{name}", self.base)).await.map_err(RepoError::from))
    }
}

async fn tags(repo: &dyn Repo, row: &Value) -> Result<()> {
    let got = told(repo.tags(text(&row["prefix"])).await)?.list;
    if let Some(names) = row["tag_names_only"].as_array() {
        let names: Vec<_> = names.iter().map(text).collect();
        return same("names", got.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), names);
    }
    let want = row["tags"].as_object().context("no tags")?;
    let want: Vec<_> = want.iter().map(|(name, hash)| (name.clone(), text(hash).to_owned())).collect();
    same("tags", got, want)
}

async fn latest(repo: &dyn Repo, row: &Value) -> Result<()> {
    let commit = told(repo.latest().await)?;
    same("hash", &*commit.name, text(&row["hash"]))?;
    same("time", commit.time.to_string(), text(&row["time"]).to_owned())
}

async fn stat(repo: &dyn Repo, row: &Value) -> Result<()> {
    let answer = repo.stat(text(&row["rev"])).await;
    if let Some(words) = row["err_contains"].as_str() {
        return refused(answer, words);
    }
    let commit = told(answer)?;
    let tags: Vec<_> = row["tags"].as_array().map(|tags| tags.iter().map(text).collect()).unwrap_or_default();
    same("name", &*commit.name, text(&row["name"]))?;
    same("version", &*commit.version, text(&row["version"]))?;
    same("time", commit.time.to_string(), text(&row["time"]).to_owned())?;
    same("tags", commit.tags.iter().map(|tag| &**tag).collect::<Vec<_>>(), tags)
}

async fn read_file(repo: &dyn Repo, row: &Value) -> Result<()> {
    let commit = match text(&row["rev"]) {
        "latest" => repo.latest().await,
        rev => repo.stat(rev).await,
    };
    let content = told(repo.read_file(&told(commit)?.name, text(&row["file"]), 1 << 20).await)?;
    let want = row["data"].as_str().map(str::as_bytes);
    ensure!(want.is_some() || row["err_contains"] == "file does not exist", "the row tells neither content nor absence");
    same("content", content.as_deref(), want)
}

/// Sizes by path, with the directory that was asked for in front, as in the table; `null` is a file of any size.
async fn archive_sizes(repo: &dyn Repo, row: &Value) -> Result<()> {
    let subdir = row["subdir"].as_str().unwrap_or_default();
    let commit = told(repo.stat(text(&row["rev"])).await)?;
    let tree = told(repo.archive(&commit.name, subdir).await)?;
    let want = row["files"].as_object().context("no files")?;
    let mut got = serde_json::Map::new();
    for file in tree.files.iter().filter(|file| file.kind == gomod::zip::create::FileKind::Regular) {
        let path = String::from_utf8_lossy(&file.path);
        let path = if subdir.is_empty() { path.into_owned() } else { format!("{subdir}/{path}") };
        let size = if want.get(&path) == Some(&Value::Null) { Value::Null } else { file.size_bytes.into() };
        got.insert(path, size);
    }
    same("files", &got, want)
}

fn refused<T: std::fmt::Debug>(answer: Result<T, RepoError>, words: &str) -> Result<()> {
    match answer {
        Ok(value) => bail!("got {value:?}, want an error with {words:?}"),
        Err(RepoError::NotExist(text)) if text.contains(words) => Ok(()),
        Err(error) => bail!("got {error:?}, want an error with {words:?}"),
    }
}

fn told<T>(answer: Result<T, RepoError>) -> Result<T> {
    answer.map_err(|error| anyhow::anyhow!("{error:?}"))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: T, want: T) -> Result<()> {
    ensure!(got == want, "{what}: got {got:?}, want {want:?}");
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn repos(base: &str, folder: &Path) -> Result<Repos> {
    let place = base.strip_prefix("http://").context("the server of the repositories speaks plain http")?;
    let direct = settings::direct(vec![settings::here(place)], folder);
    let egress = Egress::new(&direct, &Roots::Files(Vec::new())).map_err(|trouble| anyhow::anyhow!("{trouble}"))?;
    let started = std::time::Instant::now();
    let clock = Clock::new(move || i64::try_from(started.elapsed().as_secs()).unwrap_or(i64::MAX));
    Ok(Repos::new(&direct, Arc::new(egress), clock, Metrics::default())?)
}

//! Reads a project: its files, the settings of the machine, and what `go list` says.
//!
//! Of the project nothing is run. `go list -m` builds nothing and runs no tool of the project; what it can do is download, and ask
//! repositories by git. So it gets GOFLAGS of our own (no -mod=mod, which would write go.mod and go.sum, no -modfile, no -overlay), may
//! change to no other toolchain (GOTOOLCHAIN=local), and with [`Upstream::Offline`] can reach nobody.

use std::{
    fs::File,
    io::Read as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use gomod::{gosum::GoSum, modfile};

use super::{
    project::{GoMod, Listed, Project, SumFile, Work},
    rules::is_outside,
};
use crate::{
    config::{Disk, Environment},
    limits,
    machine::{Machine, NotTold, goroot},
    run::Run,
};

/// What to read.
#[derive(Debug)]
pub struct Source<'a> {
    /// The folder to look in; go.mod is there or above.
    pub folder: &'a Path,
    /// A file that tells of the machine, in place of this one.
    pub go_env: Option<&'a Path>,
    /// Who says what is in the build list.
    pub upstream: Upstream<'a>,
    /// The environment of this process.
    pub environment: &'a Environment,
}

/// Who says what is in the build list, and whether it is retracted.
#[derive(Clone, Copy, Debug)]
pub enum Upstream<'a> {
    /// A file with the output of `go list -m -u -json all`.
    File(&'a Path),
    /// The go command, which asks proxies and repositories.
    Online,
    /// The go command, which reads the module cache and reaches nobody.
    Offline,
}

/// Why a project cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum NotRead {
    /// A file is there and cannot be read.
    #[error("reading {}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// The file that tells of the machine does not.
    #[error(transparent)]
    NotTold(#[from] NotTold),
    /// The file is not what `go list -m -json` prints.
    #[error("{}: not the output of `go list -m -json all`: line {line}", file.display())]
    NotListed {
        /// The file.
        file: PathBuf,
        /// Where reading stopped, from 1.
        line: usize,
    },
}

/// Reads all that is to be judged.
///
/// # Errors
/// [`NotRead`]. That `go list` fails is no error here: the project says so.
pub fn gather(source: &Source<'_>) -> Result<Project, NotRead> {
    let machine = match source.go_env {
        Some(file) => Machine::told(&file.display().to_string(), &text(file)?.ok_or_else(|| missing(file))?)?,
        None => Machine::here(source.environment, &Disk, goroot(source.environment)),
    };
    let settings_files = [source.go_env, machine.user_file()].into_iter().flatten();
    let settings_files = settings_files.filter_map(|file| Some((file.display().to_string(), text(file).ok()??))).collect();
    let mut modules: Vec<GoMod> = Vec::new();
    let work = match workspace(source) {
        Some(name) => Some(read_work(source.folder, &name)?),
        None => None,
    };
    if let Some(Work { read: Ok((read, _)), file, .. }) = &work {
        let folder = file.strip_suffix("go.work").unwrap_or_default();
        for used in read.uses.iter().filter(|used| !is_outside(used)).take(limits::MAX_WORK_MODULES) {
            let used = used.trim_start_matches("./").trim_end_matches('/');
            let prefix = if matches!(used, "" | ".") { folder.to_owned() } else { format!("{folder}{used}/") };
            modules.extend(read_module(source.folder, &prefix)?);
        }
    }
    if let Some(prefix) = above(source.folder, "go.mod")
        && modules.iter().all(|go_mod| go_mod.file != format!("{prefix}go.mod"))
    {
        modules.extend(read_module(source.folder, &prefix)?);
    }
    let listed = listed(source, !modules.is_empty())?;
    let asked_upstream = !matches!(source.upstream, Upstream::Offline) && listed.is_ok();
    Ok(Project { machine, settings_files, modules, work, listed, asked_upstream })
}

/// The way up from `folder` to the first folder that has a file of this name: ``, `../`, `../../`.
fn above(folder: &Path, name: &str) -> Option<String> {
    let whole = std::path::absolute(folder).ok()?;
    let up = whole.ancestors().position(|folder| folder.join(name).is_file())?;
    Some("../".repeat(up))
}

/// The go.work that counts.
///
/// Source: <https://go.dev/ref/mod#workspaces>: $GOWORK, `off` or a file, else the next go.work above.
fn workspace(source: &Source<'_>) -> Option<String> {
    match source.environment.get("GOWORK") {
        Some("off") => None,
        Some(file) => Some(file.to_owned()),
        None => above(source.folder, "go.work").map(|prefix| format!("{prefix}go.work")),
    }
}

fn read_work(folder: &Path, name: &str) -> Result<Work, NotRead> {
    let content = bytes(&folder.join(name))?.unwrap_or_default();
    let sum = read_sum(&folder.join(format!("{name}.sum")))?;
    Ok(Work { file: name.to_owned(), read: modfile::parse_work(name, &content), sum })
}

fn read_module(folder: &Path, prefix: &str) -> Result<Option<GoMod>, NotRead> {
    let (file, sum_file) = (format!("{prefix}go.mod"), format!("{prefix}go.sum"));
    let Some(content) = bytes(&folder.join(&file))? else { return Ok(None) };
    let sum = read_sum(&folder.join(&sum_file))?;
    let text = String::from_utf8_lossy(&content).into_owned();
    Ok(Some(GoMod { read: modfile::parse_with_lines(&file, &content), file, text, sum, sum_file }))
}

fn read_sum(file: &Path) -> Result<Option<SumFile>, NotRead> {
    let content = bytes(file)?;
    Ok(content.map(|content| SumFile { text: String::from_utf8_lossy(&content).into_owned(), read: GoSum::parse(&content) }))
}

fn text(file: &Path) -> Result<Option<String>, NotRead> {
    Ok(bytes(file)?.map(|content| String::from_utf8_lossy(&content).into_owned()))
}

fn missing(file: &Path) -> NotRead {
    NotRead::File { file: file.to_owned(), cause: std::io::ErrorKind::NotFound.into() }
}

/// The content of a file; `None` if there is none.
fn bytes(file: &Path) -> Result<Option<Vec<u8>>, NotRead> {
    let failed = |cause| NotRead::File { file: file.to_owned(), cause };
    // Opening a pipe in the place of a file would wait for whoever writes to it.
    let nonblocking = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let opened = match File::options().read(true).custom_flags(nonblocking).open(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(failed)?,
    };
    let kind = opened.metadata().map_err(failed)?;
    if kind.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    if !kind.is_file() {
        return Err(failed(std::io::Error::other("not a file")));
    }
    let mut content = Vec::new();
    opened.take(limits::MAX_PROJECT_FILE_BYTES + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > limits::MAX_PROJECT_FILE_BYTES {
        return Err(failed(std::io::Error::other(format!("larger than {} MiB", limits::MAX_PROJECT_FILE_BYTES >> 20))));
    }
    Ok(Some(content))
}

fn listed(source: &Source<'_>, has_module: bool) -> Result<Result<Vec<Listed>, String>, NotRead> {
    let offline = match source.upstream {
        Upstream::File(file) => {
            let content = bytes(file)?.ok_or_else(|| missing(file))?;
            let not_listed = |error: serde_json::Error| NotRead::NotListed { file: file.to_owned(), line: error.line() };
            return parse(&content).map(Ok).map_err(not_listed);
        }
        Upstream::Online => false,
        Upstream::Offline => true,
    };
    if !has_module {
        return Ok(Ok(Vec::new()));
    }
    Ok(ask_go(source, offline))
}

/// Asks the go command for the build list.
fn ask_go(source: &Source<'_>, offline: bool) -> Result<Vec<Listed>, String> {
    let words: &[&str] =
        if offline { &["list", "-m", "-json", "all"] } else { &["list", "-m", "-u", "-retracted", "-json", "all"] };
    let run = Run::find("go".as_ref(), source.environment).map_err(|lost| lost.to_string())?;
    let mut run = run.words(words).folder(source.folder);
    let guards: &[(&str, &str)] = &[("GOFLAGS", "-mod=readonly"), ("GOTOOLCHAIN", "local"), ("GIT_TERMINAL_PROMPT", "0")];
    // GOPROXY=off alone does not stop modules of GONOPROXY from being fetched from their repositories.
    let walls: &[(&str, &str)] =
        &[("GOPROXY", "off"), ("GONOPROXY", "none"), ("GOVCS", "*:off"), ("GOSUMDB", "off"), ("GOAUTH", "off")];
    for (name, value) in guards.iter().chain(walls.iter().filter(|_| offline)) {
        run = run.set(name, value);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let captured = runtime.block_on(run.captured(limits::GO_LIST)).map_err(|lost| lost.to_string())?;
    if !captured.ended.is_good() {
        return Err(String::from_utf8_lossy(&captured.stderr).trim().to_owned());
    }
    parse(&captured.stdout).map_err(|error| error.to_string())
}

/// Source: `go help list`: one JSON object after the other.
fn parse(content: &[u8]) -> Result<Vec<Listed>, serde_json::Error> {
    serde_json::Deserializer::from_slice(content).into_iter().collect()
}

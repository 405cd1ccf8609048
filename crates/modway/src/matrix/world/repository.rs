//! The host's repository: made by the user's git, served as plain files, which git can read too.

use std::{
    ffi::OsStr,
    fs,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use crate::{config::Environment, limits, matrix::imagined::Subject, run::Run};

/// Makes the repository below `folder`; answers where its `.git` is.
pub(super) async fn make(folder: &Path, subject: &Subject, environment: &Environment) -> anyhow::Result<PathBuf> {
    let work = folder.join("repository");
    let module = work.join(subject.folder());
    fs::create_dir_all(&module).context("making a folder")?;
    fs::write(module.join("go.mod"), format!("module {}\n", subject.module)).context("writing go.mod")?;
    fs::write(module.join("x.go"), "package x\n").context("writing a file")?;
    let tag = subject.tag();
    let author = ["-c", "user.name=modway", "-c", "user.email=modway@localhost"];
    let commit = [&author[..], &["commit", "--quiet", "--message=the module"]].concat();
    let steps: [&[&str]; 5] =
        [&["init", "--quiet", "--template="], &["add", "--all"], &commit, &["tag", &tag], &["update-server-info"]];
    for words in steps {
        git(&work, words, environment).await?;
    }
    Ok(work.join(".git"))
}

async fn git(folder: &Path, words: &[&str], environment: &Environment) -> anyhow::Result<()> {
    let path = environment.get("PATH").unwrap_or_default();
    let home = folder.display().to_string();
    let alone = [("PATH", path), ("HOME", &home), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")];
    let run = Run::find(OsStr::new("git"), &Environment::of(&alone))?.words(words.iter().copied()).folder(folder);
    let captured = run.captured(limits::GIT_COMMIT).await?;
    let said = String::from_utf8_lossy(&captured.stderr).trim().to_owned();
    ensure!(captured.ended.is_good(), "git {}: {said}", words.join(" "));
    Ok(())
}

/// The file of the repository that a path of the host is; `None` if it is none.
pub(super) fn file(repository: &Path, subject: &Subject, path: &str) -> Option<Vec<u8>> {
    let (_, root) = subject.repository.split_once("://")?.1.split_once('/')?;
    let below = Path::new(path.trim_start_matches('/')).strip_prefix(root).ok()?;
    let plain = below.components().all(|part| matches!(part, Component::Normal(_)));
    fs::read(repository.join(below)).ok().filter(|_| plain)
}

//! The files of a tree as `git archive` converts them.

use std::{fs::File, sync::Arc};

use gomod::zip::create::FileKind;
use plan::Trouble;

use super::{GitRepo, blocking, hash::Hash, tar, words, workdir::disk};
use crate::{
    limits,
    upstream::{
        child::{SubDir, Word},
        direct::repo::{Content, RepoError, Tree, TreeFile},
    },
};

/// All files below `subdir` at `hash`. The archive is the pack: contents are read where they lie in it.
///
/// Source: `gitRepo.ReadZip` in Go's `codehost/git.go`, 1.27.
pub(super) async fn archive(repo: &GitRepo, hash: Hash, subdir: &str) -> Result<Tree, RepoError> {
    let pack = match written(repo, hash, subdir).await? {
        Written::Yes(pack) => pack,
        Written::No(_) => {
            repo.heal(hash).await?;
            match written(repo, hash, subdir).await? {
                Written::Yes(pack) => pack,
                Written::No(trouble) => return Err(trouble.into()),
            }
        }
    };
    let subdir = subdir.to_owned();
    let tree = blocking(move || {
        let entries = tar::entries(&pack, limits::MAX_TREE_FILES)?;
        let files = entries.into_iter().filter_map(|entry| below(entry, subdir.as_bytes())).collect();
        Ok(Tree { files, pack: Some(Arc::new(pack)), folder: None })
    });
    tree.await.map_err(|error: std::io::Error| disk(&error).into())
}

enum Written {
    Yes(File),
    /// The commit is here and its tree cannot be read: something of it is damaged.
    No(Trouble),
}

async fn written(repo: &GitRepo, hash: Hash, subdir: &str) -> Result<Written, RepoError> {
    let pack = repo.scratch().await?;
    let stdout = pack.try_clone().map_err(|error| disk(&error))?;
    let command = repo.work().stdout(stdout).flags(&["archive", "--format=tar"]).then("--end-of-options");
    let mut command = command.data(Word::new(hash.to_string())?);
    if !subdir.is_empty() {
        command = command.data(SubDir::parse(subdir)?);
    }
    let output = repo.asked_at_home(command).await?;
    match output.code {
        Some(0) => Ok(Written::Yes(pack)),
        _ if output.stderr.contains("did not match any files") => {
            Err(RepoError::NotExist(format!("no directory {subdir} at revision {hash}")))
        }
        _ => Ok(Written::No(words::of_local(&output))),
    }
}

/// The entry with its path relative to `subdir`; none for directories, and for the way down to `subdir`.
fn below(entry: tar::Entry, subdir: &[u8]) -> Option<TreeFile> {
    let kind = match entry.kind {
        tar::Kind::Regular => FileKind::Regular,
        tar::Kind::Link => FileKind::Symlink,
        tar::Kind::Directory => return None,
    };
    let path = match subdir {
        b"" => entry.path,
        _ => entry.path.strip_prefix(subdir)?.strip_prefix(b"/")?.to_vec(),
    };
    let content = if kind == FileKind::Regular { Content::Packed(entry.offset) } else { Content::None };
    Some(TreeFile { path, kind, size_bytes: entry.size_bytes, content })
}

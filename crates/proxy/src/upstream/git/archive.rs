//! The files of a tree as `git archive` converts them.

use std::{
    fs::File,
    io::{self, ErrorKind},
    os::fd::OwnedFd,
};

use plan::Trouble;

use super::{GitRepo, blocking, hash::Hash, unpack::unpack, words, workdir::disk};
use crate::upstream::{
    child::{SubDir, Word},
    direct::repo::{RepoError, Tree},
};

/// All files below `subdir` at `hash`, taken apart while git writes them.
///
/// Source: `gitRepo.ReadZip` in Go's `codehost/git.go`, 1.27.
pub(super) async fn archive(repo: &GitRepo, hash: Hash, subdir: &str) -> Result<Tree, RepoError> {
    let written = match written(repo, hash, subdir).await? {
        Written::No(_) => {
            repo.heal(hash).await?;
            self::written(repo, hash, subdir).await?
        }
        yes @ Written::Yes(_) => yes,
    };
    match written {
        Written::Yes(tree) => Ok(tree),
        Written::No(trouble) => Err(trouble.into()),
    }
}

enum Written {
    Yes(Tree),
    /// The commit is here and its tree cannot be read: something of it is damaged.
    No(Trouble),
}

async fn written(repo: &GitRepo, hash: Hash, subdir: &str) -> Result<Written, RepoError> {
    let pack = repo.scratch().await?;
    let (archive, stdout) = io::pipe().map_err(|error| disk(&error))?;
    let command = repo.work().stdout(File::from(OwnedFd::from(stdout)));
    let command = command.flags(&["archive", "--format=tar"]).then("--end-of-options");
    let mut command = command.data(Word::new(hash.to_string())?);
    if !subdir.is_empty() {
        command = command.data(SubDir::parse(subdir)?);
    }
    let (most_bytes, subdir_bytes, remembered) =
        (repo.tool.repository_bytes, subdir.as_bytes().to_vec(), repo.tool.remembered.clone());
    // It ends when git does, which closes the other end of the pipe: when it is done, and when it is ended.
    let unpacking = blocking(move || unpack(archive, &subdir_bytes, most_bytes, pack, &remembered));
    let (output, tree) = tokio::join!(repo.asked_at_home(command), unpacking);
    match (output, tree) {
        // git hears that nobody listens any more, and is not to blame.
        (_, Err(error)) if error.kind() == ErrorKind::FileTooLarge => Err(Trouble::TooLarge(most_bytes).into()),
        (Err(error), _) => Err(error),
        (Ok(output), Ok(tree)) if output.code == Some(0) => Ok(Written::Yes(tree)),
        (Ok(output), Err(error)) if output.code == Some(0) || error.kind() != ErrorKind::UnexpectedEof => {
            Err(disk(&error).into())
        }
        (Ok(output), _) if output.stderr.contains("did not match any files") => {
            Err(RepoError::NotExist(format!("no directory {subdir} at revision {hash}")))
        }
        (Ok(output), _) => Ok(Written::No(words::of_local(&output))),
    }
}

//! What only history tells: the tags behind a commit.

use std::sync::Arc;

use gomod::semver;

use super::{GitRepo, hash::Hash, refs::Refs, words};
use crate::upstream::{
    child::{Command, Output, Word},
    direct::repo::RepoError,
};

/// The highest allowed tag in `hash` or its ancestors.
///
/// Source: `gitRepo.RecentTag` in Go's `codehost/git.go`, 1.27. In an empty work directory Go has fetched a tip without its history, and a tag
/// on the tip itself is then good enough for it.
pub(super) async fn recent_tag(
    repo: &GitRepo,
    hash: Hash,
    prefix: &str,
    allowed: &(dyn for<'n> Fn(&'n str) -> bool + Sync),
) -> Result<Option<String>, RepoError> {
    let refs = repo.refs().await?;
    if refs.tags(&format!("{prefix}v")).next().is_none() {
        return Ok(None);
    }
    let is_tip = |refs: &Refs| refs.iter().any(|(_, other)| other == hash);
    if is_tip(&refs) {
        let own = refs.tags_of(hash);
        if let Some(tag) = highest(own.iter().map(String::as_str), prefix, allowed) {
            return Ok(Some(tag));
        }
    }
    repo.whole(&refs).await?;
    repo.need(hash).await?;
    let commit = Word::new(hash.to_string())?;
    let question = || {
        let command = repo.local().flags(&["for-each-ref", "--format=%(refname)"]).value("--merged=", &commit);
        command.then("--end-of-options").fixed("refs/tags/").into()
    };
    let output = answered(repo, &refs, hash, &question, 0).await?;
    let merged = String::from_utf8_lossy(&output.stdout);
    let tags = merged.lines().filter_map(|line| line.strip_prefix("refs/tags/"));
    Ok(highest(tags, prefix, allowed))
}

/// True if the tag's commit is `hash` or an ancestor of it.
///
/// Source: `gitRepo.DescendsFrom` in Go's `codehost/git.go`, 1.27.
pub(super) async fn descends_from(repo: &GitRepo, hash: Hash, tag: &str) -> Result<bool, RepoError> {
    let refs = repo.refs().await?;
    let Some(ancestor) = refs.find(&format!("refs/tags/{tag}")) else { return Ok(false) };
    if ancestor == hash {
        return Ok(true);
    }
    repo.whole(&refs).await?;
    repo.need(hash).await?;
    let (ancestor, commit) = (Word::new(ancestor.to_string())?, Word::new(hash.to_string())?);
    let question = || repo.local().flags(&["merge-base", "--is-ancestor"]).then("--").data(&ancestor).data(&commit).into();
    Ok(answered(repo, &refs, hash, &question, 1).await?.code == Some(0))
}

/// What git says to `question`, with an exit code of at most `most`. If it cannot say anything, the repository is made anew once.
async fn answered(
    repo: &GitRepo,
    refs: &Arc<Refs>,
    hash: Hash,
    question: &(dyn Fn() -> Command + Sync),
    most: i32,
) -> Result<Output, RepoError> {
    let good = |output: &Output| output.code.is_some_and(|code| code <= most);
    let output = repo.asked_at_home(question()).await?;
    if good(&output) {
        return Ok(output);
    }
    repo.heal(hash).await?;
    repo.whole(refs).await?;
    let output = repo.asked_at_home(question()).await?;
    if good(&output) { Ok(output) } else { Err(words::of_local(&output).into()) }
}

fn highest<'t>(
    tags: impl Iterator<Item = &'t str>,
    prefix: &str,
    allowed: &(dyn for<'n> Fn(&'n str) -> bool + Sync),
) -> Option<String> {
    let mut highest: Option<&str> = None;
    // The whole name is judged, as in Go: `sub/v1.0.0`.
    for tag in tags.filter(|tag| allowed(tag)).filter_map(|tag| tag.strip_prefix(prefix)) {
        if semver::compare(tag, highest.unwrap_or_default()).is_gt() {
            highest = Some(tag);
        }
    }
    highest.map(|tag| format!("{prefix}{tag}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tags: &str, prefix: &str, expected: Option<&str>) {
        assert_eq!(highest(tags.split(' '), prefix, &|tag| tag != "v9.0.0").as_deref(), expected, "{tags}");
    }

    #[test]
    fn the_highest_allowed_tag_with_the_prefix_is_found() {
        check("v1.0.0 v1.10.0 v1.9.0", "", Some("v1.10.0"));
        check("sub/v1.0.0 v2.0.0 sub/x", "sub/", Some("sub/v1.0.0"));
        check("v9.0.0 v1.0.0-pre x", "", Some("v1.0.0-pre"));
        check("v9.0.0 x", "", None);
    }
}

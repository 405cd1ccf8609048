use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use crate::text::quote;
use crate::{pseudo, semver};

/// The sum over tags for [`Origin::tag_sum`](super::Origin::tag_sum).
///
/// Shape: `t1:` and base64. `prefix` is what the listed tags begin with, `sub/` or `sub/v1`; only its directory counts, and tags below it
/// that cannot matter to the go command are left out.
///
/// Units and ranges: `tags` are whole names with the commits they lead to, those with the prefix only, in byte order of the names.
///
/// Source: `gitRepo.Tags` and `isOriginTag` in Go's `cmd/go/internal/modfetch/codehost`, 1.27.
pub fn tag_sum<'t>(prefix: &str, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> String {
    let directory = prefix.rfind('/').map_or("", |slash| &prefix[..=slash]);
    let counted = tags.into_iter().filter(|(name, _)| matters(name.strip_prefix(directory).unwrap_or(name)));
    format!("t1:{}", sum(counted))
}

/// The sum over all that a repository has for [`Origin::repo_sum`](super::Origin::repo_sum).
///
/// Shape: `r1:` and base64.
///
/// Units and ranges: `refs` are `HEAD`, branches and tags by their full names (`refs/heads/main`) with the commits they lead to, in byte order of the names.
///
/// Source: `gitRepo.repoSum` in Go's `cmd/go/internal/modfetch/codehost/git.go`, 1.27.
pub fn repo_sum<'r>(refs: impl IntoIterator<Item = (&'r str, &'r str)>) -> String {
    format!("r1:{}", sum(refs.into_iter()))
}

/// Tags that are no versions, or look like pseudo-versions, never change an answer; those with something behind a version can.
fn matters(tag: &str) -> bool {
    let canonical = semver::canonical(tag);
    !canonical.is_empty() && tag.starts_with(&canonical) && !pseudo::is_pseudo_version(tag)
}

fn sum<'l>(lines: impl Iterator<Item = (&'l str, &'l str)>) -> String {
    let mut hash = Sha256::new();
    lines.for_each(|(name, commit)| hash.update(format!("{} {commit}\n", quote(name))));
    BASE64_STANDARD.encode(hash.finalize())
}

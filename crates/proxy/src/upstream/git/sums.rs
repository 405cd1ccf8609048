//! The sum over tags, by which Go knows whether a list is still right.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use gomod::{pseudo, semver};
use sha2::{Digest as _, Sha256};

/// `t1:` and base64, over the tags with `prefix` that can be versions or the base of one.
///
/// Source: `gitRepo.Tags` and `isOriginTag` in Go's `cmd/go/internal/modfetch/codehost`, 1.27.
pub(super) fn tag_sum<'t>(prefix: &str, tags: impl Iterator<Item = (&'t str, &'t str)>) -> String {
    let directory = prefix.rfind('/').map_or("", |slash| &prefix[..=slash]);
    let mut hash = Sha256::new();
    for (name, commit) in tags {
        let tag = name.strip_prefix(directory).unwrap_or(name);
        let canonical = semver::canonical(tag);
        if !canonical.is_empty() && tag.starts_with(&canonical) && !pseudo::is_pseudo_version(tag) {
            hash.update(format!("{name:?} {commit}\n"));
        }
    }
    format!("t1:{}", BASE64_STANDARD.encode(hash.finalize()))
}

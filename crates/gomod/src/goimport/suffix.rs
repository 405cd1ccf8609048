use super::hosts::is_word;
use super::{NoRoot, RepoRoot, Source, Vcs};

/// A path with a version control suffix, taken apart.
///
/// Shape: `host.tld/path.git/sub` gives git, the root `host.tld/path.git`, and the repository `host.tld/path`.
///
/// Invariants: the path it was found in begins with `root`, which is `repo`, a dot and the name of `vcs`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suffix {
    /// The system that the suffix names.
    pub vcs: Vcs,
    /// The import path of the repository's root, suffix included.
    pub root: String,
    /// The repository's URL without its scheme, suffix excluded.
    pub repo: String,
}

impl Suffix {
    /// The repository under one of [`Vcs::schemes`].
    pub fn at(&self, scheme: &str) -> RepoRoot {
        RepoRoot {
            root: self.root.clone(),
            source: Source::Vcs(self.vcs),
            url: format!("{scheme}://{}", self.repo),
            subdir: String::new(),
        }
    }
}

/// Finds a suffix by Go's general rule: `host.tld[:port]/path.VCS[/sub]`.
///
/// Go's expression is not bound to the beginning of the path. What is before a host and is no good element of a path is passed over; the
/// root found so is not the path's, which Go says only after it has connected to that host.
pub(super) fn find(path: &str) -> Result<Option<Suffix>, NoRoot> {
    let elements: Vec<(usize, &str)> = path.split('/').map(|element| (offset(path, element), element)).collect();
    // A host can stand only in the last element that is not fit for the middle of a path, or behind it.
    let first = elements.iter().rposition(|(_, element)| !is_element(element)).unwrap_or(0);
    for (number, (at, element)) in elements.iter().enumerate().skip(first) {
        let Some(host) = host_in(element) else { continue };
        let below = elements.get(number + 1..).unwrap_or_default();
        // Go's expression looks lazy but takes whole elements first, so that of several suffixes the last one counts.
        let Some((end, vcs)) = below.iter().rev().find_map(|(at, element)| Some((at + element.len(), vcs_of_element(element)?)))
        else {
            break;
        };
        let root = path.get(at + host..end).unwrap_or_default();
        if at + host != 0 {
            return Err(NoRoot::Path(format!("mismatched repo: found {root} for {path}")));
        }
        let repo = root.get(..root.len() - 1 - vcs.name().len()).unwrap_or_default();
        return Ok(Some(Suffix { vcs, root: root.into(), repo: repo.into() }));
    }
    Ok(None)
}

/// The system whose suffix ends a text.
pub(super) fn vcs_of(text: &str) -> Option<Vcs> {
    text.rsplit_once('.').and_then(|(_, name)| Vcs::named(name))
}

/// The system whose suffix ends an element that has something before it, a tilde not counted.
fn vcs_of_element(element: &str) -> Option<Vcs> {
    let vcs = vcs_of(element)?;
    let name = element.strip_prefix('~').unwrap_or(element);
    (name.len() > 1 + vcs.name().len()).then_some(vcs)
}

/// `~?[\w.\-]+` of Go's expression.
fn is_element(element: &str) -> bool {
    is_word(element.strip_prefix('~').unwrap_or(element))
}

/// Where in an element a host begins that reaches to its end: small letters, digits, `-` and dots, one of them inside; perhaps a port.
fn host_in(element: &str) -> Option<usize> {
    let name = match element.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => element,
    };
    let fits = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(byte);
    let length = name.bytes().rev().take_while(fits).count();
    let start = name.len() - length;
    let inside = name.get(start + 1..name.len().checked_sub(1)?)?;
    inside.contains('.').then_some(start)
}

/// Where a piece of `path` begins in it.
fn offset(path: &str, piece: &str) -> usize {
    piece.as_ptr().addr() - path.as_ptr().addr()
}

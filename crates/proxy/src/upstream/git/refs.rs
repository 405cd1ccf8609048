//! What a remote has: `HEAD`, branches and tags, with the commits they lead to.

use std::{
    io::{self, BufRead},
    ops::Range,
};

use plan::Trouble;
use sha2::{Digest as _, Sha256};

use super::hash::{self, Hash};
use crate::{limits, upstream::child::Ref};

/// The references of a remote at one moment. A million of them take about 80 MiB.
///
/// Invariants: in byte order of names, no name twice; every name is one that git takes.
#[derive(Debug, Default)]
pub(super) struct Refs {
    names: String,
    list: Vec<Entry>,
    /// A sum over names and hashes: equal if nothing changed.
    pub(super) sum: [u8; 32],
    /// Seconds since 1970, when the remote was asked.
    pub(super) asked: i64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    length: u16,
    hash: Hash,
}

/// What a revision leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// A tag: its whole reference and commit.
    Tag(String, Hash),
    /// A branch, `HEAD`, or a reference whose commit begins with the revision: its whole reference and commit.
    Tip(String, Hash),
    /// A beginning of a hash, or a whole one, that no reference has.
    Bare(String),
    /// It begins the commits of several references.
    Ambiguous,
    /// Nothing.
    Unknown,
}

impl Refs {
    /// Reads what `git ls-remote` prints. `HEAD`, branches and tags are kept; a tag's `^{}` line, which names what an annotated tag leads
    /// to, stands for the tag.
    ///
    /// # Errors
    /// [`Trouble::TooLarge`] beyond [`limits::MAX_REFS`]; what the disk says.
    ///
    /// Source: `loadRefs` in Go's `codehost/git.go`, 1.27. It departs from Go for names that git itself does not take, and that no fetch could
    /// bring: they are passed over.
    pub(super) fn read(mut from: impl BufRead, asked: i64) -> Result<Self, Trouble> {
        let (mut names, mut list, mut line) = (String::new(), Vec::new(), Vec::new());
        while next_line(&mut from, &mut line).map_err(|error| Trouble::Vcs(format!("cannot read references: {error}")))? {
            let Some((hash, name)) = std::str::from_utf8(&line).ok().and_then(parts) else { continue };
            if list.len() == limits::MAX_REFS {
                return Err(Trouble::TooLarge(limits::MAX_REFS as u64));
            }
            let (Ok(start), Ok(length)) = (u32::try_from(names.len()), u16::try_from(name.len())) else { continue };
            names.push_str(name);
            list.push(Entry { start, length, hash });
        }
        Ok(Self::ordered(names, list, asked))
    }

    /// Puts the names in order, and peeled values in the place of their tags: `x^{}` sorts right behind `x` but for names in between that
    /// git does not take anyway.
    fn ordered(names: String, mut list: Vec<Entry>, asked: i64) -> Self {
        let name = |entry: &Entry| &names[entry.range()];
        // Stable: of a name that comes twice the later value stands, as in Go's map.
        list.sort_by(|x, y| bare(name(x)).cmp(bare(name(y))).then_with(|| is_peeled(name(x)).cmp(&is_peeled(name(y)))));
        let mut kept: Vec<Entry> = Vec::with_capacity(list.len());
        for entry in list {
            match kept.last_mut().filter(|last| bare(name(last)) == bare(name(&entry))) {
                Some(last) => last.hash = entry.hash,
                None => kept.push(entry),
            }
        }
        for entry in &mut kept {
            entry.length = u16::try_from(bare(&names[entry.range()]).len()).unwrap_or(u16::MAX);
        }
        kept.retain(|entry| Ref::parse(&names[entry.range()]).is_ok());
        let mut sum = Sha256::new();
        for entry in &kept {
            sum.update(&names[entry.range()]);
            sum.update([0]);
            sum.update(entry.hash.bytes());
        }
        Self { sum: sum.finalize().into(), list: kept, names, asked }
    }

    /// The commit of the reference with this whole name.
    pub(super) fn find(&self, name: &str) -> Option<Hash> {
        let at = self.list.binary_search_by(|entry| self.names[entry.range()].cmp(name)).ok()?;
        Some(self.list[at].hash)
    }

    /// True if there is none at all.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// All, in byte order of names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Hash)> {
        self.list.iter().map(|entry| (&self.names[entry.range()], entry.hash))
    }

    /// The tags that begin with `prefix`, by their short names.
    pub(super) fn tags<'r>(&'r self, prefix: &str) -> impl Iterator<Item = (&'r str, Hash)> {
        let whole = format!("refs/tags/{prefix}");
        let from = self.list.partition_point(|entry| self.names[entry.range()] < *whole);
        self.list[from..]
            .iter()
            .map(|entry| (&self.names[entry.range()], entry.hash))
            .take_while(move |(name, _)| name.starts_with(&whole))
            .map(|(name, hash)| (&name["refs/tags/".len()..], hash))
    }

    /// The tags that lead to `hash`, by their short names, in byte order.
    pub(super) fn tags_of(&self, hash: Hash) -> Vec<String> {
        self.tags("").filter(|(_, other)| *other == hash).map(|(name, _)| name.to_owned()).collect()
    }

    /// What `rev` leads to: a tag, then a branch, then `HEAD`, then the hash that it begins.
    ///
    /// Source: `gitRepo.stat` in Go's `codehost/git.go`, 1.27, with an empty work directory: what is here already changes no answer.
    pub(super) fn target(&self, rev: &str) -> Target {
        for kind in ["refs/tags/", "refs/heads/"] {
            let whole = format!("{kind}{rev}");
            match self.find(&whole) {
                Some(hash) if kind == "refs/tags/" => return Target::Tag(whole, hash),
                Some(hash) => return Target::Tip(whole, hash),
                None => (),
            }
        }
        match self.find("HEAD") {
            Some(hash) if rev == "HEAD" => Target::Tip(rev.to_owned(), hash),
            _ if hash::may_begin_a_hash(rev) => self.begun_by(rev),
            _ => Target::Unknown,
        }
    }

    /// A reference for `HEAD`, which is detached or has a branch with the same commit, that can be fetched by name.
    pub(super) fn branch_at(&self, hash: Hash) -> Option<&str> {
        self.iter().find(|(name, other)| *other == hash && name.starts_with("refs/")).map(|(name, _)| name)
    }

    fn begun_by(&self, prefix: &str) -> Target {
        let mut found: Option<(&str, Hash)> = None;
        for (name, hash) in self.iter().filter(|(_, hash)| hash.begins_with(prefix)) {
            match found {
                Some((_, other)) if other != hash => return Target::Ambiguous,
                // The first in byte order stands, as in Go.
                Some(_) => (),
                None => found = Some((name, hash)),
            }
        }
        found.map_or_else(|| Target::Bare(prefix.to_owned()), |(name, hash)| Target::Tip(name.to_owned(), hash))
    }
}

impl Entry {
    fn range(&self) -> Range<usize> {
        let start = self.start as usize;
        start..start + usize::from(self.length)
    }
}

/// The next line without its end; false at the end. A line that is longer than any reference is passed over.
fn next_line(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let read = io::Read::take(&mut *from, limits::MAX_REF_LINE_BYTES).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(read > 0)
}

/// The hash and the name of a line that Go keeps.
fn parts(line: &str) -> Option<(Hash, &str)> {
    let mut fields = line.split_whitespace();
    let (hash, name) = (Hash::parse(fields.next()?)?, fields.next()?);
    let kept = name == "HEAD" || name.starts_with("refs/heads/") || name.starts_with("refs/tags/");
    (kept && fields.next().is_none()).then_some((hash, name))
}

fn bare(name: &str) -> &str {
    name.strip_suffix("^{}").unwrap_or(name)
}

fn is_peeled(name: &str) -> bool {
    name.ends_with("^{}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "1111111222222222222222222222222222222222";

    fn refs(lines: &str) -> Refs {
        Refs::read(lines.replace("A ", &format!("{A}\t")).replace("B ", &format!("{B}\t")).as_bytes(), 0).unwrap()
    }

    #[track_caller]
    fn check(lines: &str, rev: &str, expected: &str) {
        let got = match refs(lines).target(rev) {
            Target::Tag(name, hash) => format!("tag {name} {}", if hash.to_string() == A { "A" } else { "B" }),
            Target::Tip(name, hash) => format!("tip {name} {}", if hash.to_string() == A { "A" } else { "B" }),
            other => format!("{other:?}"),
        };
        assert_eq!(got, expected, "{lines:?} {rev}");
    }

    #[test]
    fn a_tag_goes_before_a_branch_and_a_branch_before_a_hash() {
        check("A refs/heads/x\nB refs/tags/x\n", "x", "tag refs/tags/x B");
        check("A refs/heads/x\nB refs/tags/y\n", "x", "tip refs/heads/x A");
        check("A HEAD\nB refs/heads/1111111\n", "1111111", "tip refs/heads/1111111 B");
        check("A HEAD\n", "HEAD", "tip HEAD A");
        check("A HEAD\n", "nope", "Unknown");
    }

    #[test]
    fn an_annotated_tag_leads_to_what_it_names() {
        check("A refs/tags/v1\nB refs/tags/v1^{}\n", "v1", "tag refs/tags/v1 B");
        check("A refs/tags/v1\nA refs/tags/v1.0\nB refs/tags/v1^{}\n", "v1", "tag refs/tags/v1 B");
    }

    #[test]
    fn a_hash_is_known_by_its_first_seven_digits_if_they_are_its_alone() {
        check("A HEAD\nA refs/heads/m\n", "11111111", "tip HEAD A");
        check("A HEAD\nB refs/heads/m\n", "1111111", "Ambiguous");
        check("A HEAD\nB refs/heads/m\n", "11111112", "tip refs/heads/m B");
        check("A HEAD\n", "111111", "Unknown");
        check("A HEAD\n", "3333333", "Bare(\"3333333\")");
    }

    #[test]
    fn only_heads_branches_and_tags_are_kept() {
        let refs = refs(
            "A HEAD\nA refs/pull/1/head\nA refs/heads/a..b\nA refs/heads/ok\nA refs/tags/-x\nwarning: x\nA refs/tags/v1 x\n",
        );
        let names: Vec<_> = refs.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["HEAD", "refs/heads/ok", "refs/tags/-x"]);
    }

    #[test]
    fn tags_are_found_by_their_beginning() {
        let refs = refs("A refs/tags/sub/v1\nB refs/tags/v2\nA refs/tags/v1\nA refs/heads/v3\n");
        assert_eq!(refs.tags("v").map(|(name, _)| name).collect::<Vec<_>>(), ["v1", "v2"]);
        assert_eq!(refs.tags("sub/").map(|(name, _)| name).collect::<Vec<_>>(), ["sub/v1"]);
        assert_eq!(refs.tags_of(Hash::parse(A).unwrap()), ["sub/v1", "v1"]);
    }

    #[test]
    fn the_sum_changes_with_any_name_or_commit() {
        assert_eq!(refs("A HEAD\nB refs/tags/x\n").sum, refs("B refs/tags/x\nA HEAD\n").sum);
        assert_ne!(refs("A HEAD\n").sum, refs("B HEAD\n").sum);
        assert_ne!(refs("A refs/tags/x\n").sum, refs("A refs/tags/y\n").sum);
    }
}

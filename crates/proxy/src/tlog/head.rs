//! A head in its two lives: decided in the lock, without a signature; then signed and published.

use std::fmt;

use bytes::Bytes;
use gomod::sumdb::{
    checkpoint::Checkpoint,
    note::{self, NoteError, SignerKey, VerifierKey},
    tlog::{Hash, Tree},
};
use serde::{Deserialize, Serialize};

use super::Refusal;

/// What the lock holds: the tree that counts, which tree it grew from, and when it was decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decided {
    /// The size of the tree before it.
    pub(super) old: u64,
    pub(super) tree: Tree,
    /// Unix seconds. No later head is decided before.
    pub(super) time: i64,
}

#[derive(Serialize, Deserialize)]
struct DecidedText {
    old: u64,
    size: u64,
    root: String,
    time: i64,
}

impl Decided {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let text: DecidedText = serde_json::from_slice(bytes).map_err(|_| Refusal::Lock)?;
        let hash = Hash::parse(&text.root).map_err(|_| Refusal::Lock)?;
        Ok(Self { old: text.old, tree: Tree { size: text.size, hash }, time: text.time })
    }

    pub(super) fn print(&self) -> Bytes {
        let text = DecidedText { old: self.old, size: self.tree.size, root: self.tree.hash.to_string(), time: self.time };
        serde_json::to_vec(&text).expect("numbers and a text are JSON").into()
    }

    /// Where the tiles are staged that make this tree of the one before: named by content, so two sequencers never touch each other's.
    pub(super) fn bundle_path(&self) -> String {
        format!("staging/{}-{}-{}", self.old, self.tree.size, hex::encode(self.tree.hash.0))
    }
}

/// A tree head under the signatures of all the log's keys, in Go's form and in that of auditors.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedHead {
    tree: Tree,
    time: i64,
    note: String,
    checkpoints: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct SignedText {
    time: i64,
    note: String,
    checkpoints: Vec<String>,
}

impl SignedHead {
    /// Signs a tree. Nothing but the settling of a decided head may call it.
    pub(super) fn sign(tree: Tree, time: i64, signers: &[SignerKey]) -> Result<Self, Refusal> {
        let all: Vec<&SignerKey> = signers.iter().collect();
        let bad_key = |_| Refusal::Key { key: signers.first().map(SignerKey::name).unwrap_or_default().to_owned() };
        let note = note::sign(&tree.to_string(), &[], &all).map_err(bad_key)?;
        let checkpoint = |signer: &SignerKey| {
            let text = Checkpoint::new(signer.name(), tree).map_err(|_| NoteError::Malformed)?;
            note::sign(&text.to_string(), &[], &[signer])
        };
        let checkpoints = signers.iter().map(checkpoint).collect::<Result<_, _>>().map_err(bad_key)?;
        Ok(Self { tree, time, note, checkpoints })
    }

    /// Reads a published head back, and believes it if one of the keys has signed it.
    pub(super) fn read(bytes: &[u8], signers: &[SignerKey]) -> Result<Self, Refusal> {
        let damaged = |why: &dyn fmt::Display| Refusal::Damaged { path: format!("the published head ({why})") };
        let text: SignedText = serde_json::from_slice(bytes).map_err(|_| damaged(&"it cannot be read"))?;
        let verifiers: Vec<VerifierKey> = signers.iter().map(SignerKey::verifier).collect();
        let key = verifiers.first();
        let opened = note::open(text.note.as_bytes(), &verifiers.iter().collect::<Vec<_>>());
        let note = opened.map_err(|error| match error {
            // Only this is not told from the head of another log.
            NoteError::Unverified => {
                Refusal::Key { key: key.map(|key| format!("{}+{:08x}", key.name(), key.hash())).unwrap_or_default() }
            }
            other => damaged(&other),
        })?;
        let tree = Tree::parse(note.text()).map_err(|error| damaged(&error))?;
        Ok(Self { tree, time: text.time, note: text.note, checkpoints: text.checkpoints })
    }

    pub(super) fn print(&self) -> Bytes {
        let text = SignedText { time: self.time, note: self.note.clone(), checkpoints: self.checkpoints.clone() };
        serde_json::to_vec(&text).expect("numbers and texts are JSON").into()
    }

    /// Whether it is the head that these keys would sign now.
    pub(super) fn is_signed_by(&self, signers: &[SignerKey]) -> bool {
        Self::sign(self.tree, self.time, signers).is_ok_and(|now| now == *self)
    }

    /// Size and root.
    pub fn tree(&self) -> Tree {
        self.tree
    }

    /// When it was signed, in Unix seconds.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// The signed note in Go's form, as `/latest` serves it and a lookup ends in it.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The signed checkpoint of the log `origin`, which is one of its names; `None` for other names.
    pub fn checkpoint(&self, origin: &str) -> Option<&str> {
        let is_of = |note: &&String| note.split_once('\n').is_some_and(|(first, _)| first == origin);
        self.checkpoints.iter().find(is_of).map(String::as_str)
    }
}

/// The note in a published head, for whoever proves it: nothing is believed yet. `None` if it is no published head.
pub fn published_note(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice(bytes).ok().map(|text: SignedText| text.note)
}

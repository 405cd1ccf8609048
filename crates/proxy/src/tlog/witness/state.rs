//! What a witness remembers of a log: the head it cosigned last. It stands in the store's lock, which moves by compare-and-swap; the cosigned
//! checkpoint itself lies among the files, to be read by monitors.

use bytes::Bytes;
use gomod::sumdb::{
    checkpoint::Checkpoint,
    note,
    tlog::{Hash, Tree},
};
use serde::{Deserialize, Serialize};
use store::{LogFiles, StoreError};

use crate::limits;

/// The newest head of a log that was cosigned, or is about to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Seen {
    pub(super) tree: Tree,
    /// When, in Unix seconds. No cosignature bears an earlier time than the one before.
    pub(super) time: i64,
}

#[derive(Serialize, Deserialize)]
struct SeenText {
    size: u64,
    root: String,
    time: i64,
}

impl Seen {
    /// `None` if the bytes are nothing that [`Seen::print`] printed.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let text: SeenText = serde_json::from_slice(bytes).ok()?;
        let hash = Hash::parse(&text.root).ok()?;
        Some(Self { tree: Tree { size: text.size, hash }, time: text.time })
    }

    pub(super) fn print(&self) -> Bytes {
        let text = SeenText { size: self.tree.size, root: self.tree.hash.to_string(), time: self.time };
        serde_json::to_vec(&text).expect("numbers and a text are JSON").into()
    }
}

/// The tree of a checkpoint that this witness has cosigned, which is kept as it was told; `None` if the bytes are none.
///
/// The keys that signed it may be known no more, and nothing is believed that the lock does not say.
pub(super) fn tree_of(kept: &[u8]) -> Option<Tree> {
    Checkpoint::parse(note::text(kept).ok()?).ok().map(|checkpoint| checkpoint.tree())
}

/// Publishes a cosigned checkpoint under the name `log`, unless one of a larger tree is there: two processes of one site may come here in any
/// order.
pub(super) async fn publish(files: &dyn LogFiles, log: &str, note: &str) -> Result<(), StoreError> {
    let size = |note: &[u8]| tree_of(note).map(|tree| tree.size);
    for _ in 0..limits::LOG_ATTEMPTS {
        let old = files.published(log).await?;
        let is_outgrown = old.as_deref().and_then(size) > size(note.as_bytes());
        if is_outgrown || files.publish(log, old, note.to_owned().into()).await? {
            break;
        }
    }
    // Whoever was faster every time has published what is newer, or does so next.
    Ok(())
}

#[cfg(test)]
mod tests {
    use gomod::sumdb::note::SignerKey;
    use store::log::memory::MemoryLogFiles;

    use super::*;

    #[tokio::test]
    async fn a_cosigned_head_is_published_over_smaller_ones_only() {
        let (files, key) = (MemoryLogFiles::default(), SignerKey::from_seed("log.test", &[1; 32]).expect("a key"));
        let other = SignerKey::from_seed("other.test", &[2; 32]).expect("a key");
        let note = |size: u64, signers: &[&SignerKey]| {
            let text = Checkpoint::new("log.test", Tree { size, hash: Tree::empty().hash }).expect("a line").to_string();
            note::sign(&text, &[], signers).expect("a note")
        };
        let [one, two, three] = [1, 2, 3].map(|size| note(size, &[&key]));
        let again = note(2, &[&key, &other]);
        for (new, stands) in [(&two, &two), (&one, &two), (&again, &again), (&three, &three)] {
            publish(&files, "log", new).await.unwrap();
            assert_eq!(files.published("log").await.unwrap().as_deref(), Some(stands.as_bytes()));
        }
    }
}

//! What a witness remembers of a log: the head it cosigned last. It stands in the store's lock, which moves by compare-and-swap; the cosigned
//! checkpoint itself lies among the files, to be read by monitors.

use bytes::Bytes;
use gomod::sumdb::tlog::{Hash, Tree};
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

/// A cosigned checkpoint as it is kept for monitors.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    size: u64,
    root: String,
    /// The checkpoint with the log's signatures and the witness's.
    pub(super) note: String,
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

impl Kept {
    pub(super) fn new(tree: Tree, note: String) -> Self {
        Self { size: tree.size, root: tree.hash.to_string(), note }
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    pub(super) fn print(&self) -> Bytes {
        serde_json::to_vec(self).expect("numbers and texts are JSON").into()
    }

    /// Publishes it under the name `log`, unless a larger one is there: two processes of one site may come here in any order.
    pub(super) async fn publish(&self, files: &dyn LogFiles, log: &str) -> Result<(), StoreError> {
        for _ in 0..limits::LOG_ATTEMPTS {
            let old = files.published(log).await?;
            let is_outgrown = old.as_deref().and_then(Self::read).is_some_and(|kept| kept.size > self.size);
            if is_outgrown || files.publish(log, old, self.print()).await? {
                break;
            }
        }
        // Whoever was faster every time has published what is newer, or does so next.
        Ok(())
    }

    /// The tree it is of.
    pub(super) fn tree(&self) -> Option<Tree> {
        Some(Tree { size: self.size, hash: Hash::parse(&self.root).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use store::log::memory::MemoryLogFiles;

    use super::*;

    #[tokio::test]
    async fn a_cosigned_head_is_published_over_smaller_ones_only() {
        let files = MemoryLogFiles::default();
        for (size, note, stands) in [(2, "two", "two"), (1, "one", "two"), (2, "two again", "two again"), (3, "three", "three")] {
            let tree = Tree { size, hash: Tree::empty().hash };
            Kept::new(tree, note.to_owned()).publish(&files, "log").await.unwrap();
            let kept = Kept::read(&files.published("log").await.unwrap().unwrap()).unwrap();
            assert_eq!(kept.note, stands, "{size}");
        }
    }
}

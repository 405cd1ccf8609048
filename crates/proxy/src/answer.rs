//! What the proxy answers. The door renders it; it knows nothing of status codes.

use std::{fs::File, sync::Arc, time::Duration};

use bytes::Bytes;
use store::Digest;

use crate::spool::SpoolReader;

/// A good answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The bytes.
    pub body: Body,
    /// Their SHA-256, the strong ETag; `None` only while a zip still arrives.
    pub digest: Option<Digest>,
    /// When these bytes were first kept: seconds since the epoch, for `Last-Modified`.
    pub modified_at: i64,
    /// What they are.
    pub media: Media,
    /// How long others may keep them.
    pub caching: Caching,
    /// For how long the door may give the very same answer again without asking; zero is not at all.
    pub hot_for: Duration,
}

/// The bytes of an answer.
#[derive(Clone, Debug)]
pub enum Body {
    /// All of them.
    Memory(Bytes),
    /// A file that never changes.
    File(Arc<File>, u64),
    /// A zip that still arrives, of this whole length. It must not leave whole before it is proven: the last
    /// [`crate::limits::HELD_BACK_BYTES`] wait for [`crate::spool::Settled::Proven`]; on another end the connection is cut.
    Growing(SpoolReader, u64),
}

impl Body {
    /// The whole length in bytes.
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, size) | Self::Growing(_, size) => *size,
        }
    }
}

/// What the bytes are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Media {
    /// `.info`, `@latest`.
    Json,
    /// `list`, `.mod`, notes and lookups.
    Text,
    /// A module zip.
    Zip,
    /// Tiles.
    Binary,
}

/// How long others may keep an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Caching {
    /// For ever: the same URL never has other bytes.
    Immutable,
    /// Ask again each time, with the validators.
    Revalidate,
    /// The client alone, and it asks again each time: it has the name of a private module.
    Private,
    /// Not at all.
    Never,
}

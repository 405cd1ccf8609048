//! Where bytes rest.
//!
//! Two traits: [`Blobs`] keeps immutable bytes under their SHA-256, [`Index`] keeps the records that name them. Whoever keeps something
//! puts the blob first and the record second, so a record never names a blob that is not there and durable.

pub mod blobs;
pub mod digest;
pub mod index;

pub use blobs::{Blob, Blobs, Content, Stage};
pub use digest::Digest;
pub use index::{Answer, AnswerBody, Index, Kept, Kind, Part, StoreError, VersionRecord};

//! Where bytes rest.
//!
//! Two traits: [`Blobs`] keeps immutable bytes under their SHA-256, [`Index`] keeps the records that name them. Whoever keeps something
//! puts the blob first and the record second, so a record never names a blob that is not there and durable.
//!
//! Two more keep append-only logs: [`LogFiles`] their files, [`LogLock`] the head that counts.

pub mod blobs;
pub mod digest;
pub mod index;
pub mod log;

pub mod embedded;
pub mod fs;
pub mod sqlite;
pub mod stock;
pub mod sweep;

pub mod conformance;
pub mod memory;

pub mod limits;

mod blocking;
mod file_at;
mod lock;

pub use blobs::{Blob, Blobs, Content, Stage};
pub use digest::Digest;
pub use embedded::{OpenError, Store};
pub use file_at::FileAt;
pub use index::{
    Answer, AnswerBody, Drift, DriftRecord, Gone, Index, Kept, Kind, Part, Reference, StoreError, VersionRecord, What,
};
pub use log::{Extended, LogFiles, LogLock, Logs};

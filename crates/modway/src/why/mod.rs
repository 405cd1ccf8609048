//! Why a module does not come: on this machine, and in a log that somebody sent.

pub mod ask;

pub mod fix;
pub mod report;
pub mod verdict;

pub mod explain;
pub mod probe;

mod json;
mod text;
mod words;

pub mod log;

pub use words::hearsay;
pub(crate) use words::miss;

//! What modway would do with a request, and why.
//!
//! Pure and synchronous: no clock, no socket, no disk. The server is a loop around [`decide::decide`]; explanations run the same loop.

pub mod decide;
pub mod freshness;
pub mod hitch;
pub mod privacy;
pub mod reason;
pub mod request;
pub mod trace;
pub mod trouble;

pub use decide::{Decision, Facts, Fetched, Rule, Rules, Step, Stored, decide};
pub use freshness::Freshness;
pub use hitch::Hitch;
pub use privacy::{Privacy, privacy};
pub use reason::{Mover, Reason};
pub use request::{Ask, Caller, Request, SumdbAsk, Way};
pub use trace::{Event, Trace};
pub use trouble::Trouble;

//! Witnesses: somebody else who remembers the newest head of a log, and signs a head only if it continues that one.
//!
//! A log alone can show one history to one client and another to the next. A witness cosigns one history only; two sites that witness each other
//! keep each other to theirs. [`Witness`] cosigns for others, [`Witnesses`] asks others for our own logs.
//!
//! Source: <https://c2sp.org/tlog-witness> for the questions and answers, <https://c2sp.org/tlog-cosignature> for what is signed.
//!
//! Gap: cosignatures are of Ed25519; the form with ML-DSA-44 and `sign-subtree`, which is optional, are not spoken.

mod ask;
mod form;
mod serve;
mod silence;
mod state;

pub use ask::{Asked, Cosigned, Site, Witnesses};
pub use form::Submission;
pub use serve::{SIZE_TYPE, TEXT_TYPE, Unwitnessed, Witness, WitnessSettings, origin_hash};
pub use silence::Silence;

//! The go command's journey: what it asks of whom, in which order and why, and what each answer makes it do.
//!
//! [`Journey`] is that journey as a value. Whoever asks the world, or imagines it, tells it the answers:
//!
//! * [`Journey::step`] says what is asked now (several [`Ask`]s where the go command asks side by side), or how it all ends;
//! * [`Journey::answer`] takes an answer;
//! * [`walk`] does both until the end, and gives the [`Story`].
//!
//! An [`Ask`] says whom ([`Question`]), where (its URL), what for ([`Purpose`]) and why ([`Reason`]: the entry of GOPROXY, the pattern). An
//! [`Answer`] is summarised: what a list has, what `.info` says, whether go.mod fits. [`Outcome`] says how it ended: where it broke, with which
//! [`ErrorClass`] and exit code, and whether a checksum database was asked.
//!
//! What is not told: what a full module cache or go.sum spares, requirements of the module that is fetched, workspaces, toolchains.
//!
//! Source: `cmd/go/internal/{modget,modcmd,modload,modfetch,vcs}` in Go 1.27. That it is told as it happens is proven by running the go command
//! in drawn worlds beside it, in `crates/modway/tests/agreement`.

mod journey;

mod setup;

mod ask;

mod answer;

mod outcome;

mod commands;

mod query;

mod fetch;

mod direct;

mod checksum;

mod process;

mod flags;

pub use answer::{Answer, Commit, Failure, Found, GoModFacts, InfoFacts, Record, Refs, TlsFailure, ToolFailure, ZipFacts};
pub use ask::{Ask, File, Lane, PageWay, Purpose, Question, Reason, RepoPart, Server, SumdbPart, Through, Visit};
pub use journey::{Journey, Step, Story, Turn, walk};
pub use outcome::{Break, Checksums, End, ErrorClass, Outcome};
pub use setup::{Command, Setup};

#[cfg(test)]
mod tests;

//! `modway check`: does a project, and the machine it is built on, keep the rules?
//!
//! A [`Project`] is what was read: settings by layer, go.mod, go.sum, go.work, what `go list` says. A [`Policy`] is what the
//! organisation wants. [`judge`] is pure: the same project and policy give the same findings, in the same order.

mod rules;

mod finding;
mod policy;
mod project;

pub mod gather;

pub mod baseline;
pub mod mend;
pub mod report;

pub(crate) use self::finding::shown;
pub use self::{
    finding::{Edit, Finding, Place, Severity},
    policy::{InvalidPolicy, Policy, schema},
    project::{GoMod, Listed, Project},
    rules::{RULES, Rule, Scope, judge},
};

//! Keeps the house as it was designed: reads the manifests and the sources, and fails where a rule of ARCHITECTURE.md or STYLE.md is broken.
//!
//! Every rule is a function from a text to its findings, so that each is shown to fail on a bad text right below the good ones.

mod house;
mod manifests;
mod map;
mod reasons;
mod rules;
mod source;

//! The doors of modway, as a library so that tests can open them in their own process.

pub mod cli;
pub mod cmd;
pub mod config;
pub mod lang;
pub mod machine;
pub mod matrix;
pub mod render;
pub mod tree;

pub mod check;
pub mod run;
pub mod trace;
pub mod why;

pub mod app;
pub mod http;

mod limits;

//! The decision trees of `modway why --tree`: what they say, and that the server does so.

mod agreement;
mod commands;
#[path = "../matrix/kept.rs"]
mod kept;
mod specimen;
#[path = "../matrix/typed.rs"]
mod typed;

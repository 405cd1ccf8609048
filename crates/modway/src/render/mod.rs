//! How what is found out is drawn.

pub mod terminal;

//! How what is found out is drawn. Its text may be of strangers.

pub mod terminal;

pub mod svg;

pub mod mermaid;

pub mod html;

pub mod har;

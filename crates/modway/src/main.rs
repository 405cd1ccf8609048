//! The doors of modway.

fn main() {}

//! Whole journeys through the `modway` binary: on real modules, and under rough treatment.

mod live;
mod rough;

mod server;

//! The configuration, loaded from texts, environments and files that the tests write.

mod example;
mod first_run;
mod hops;
mod layers;
mod lists;
mod mistakes;
mod world;

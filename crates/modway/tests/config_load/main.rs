//! The configuration, loaded from texts, environments and files that the tests write; and the real binary, started with it.

mod audit;
mod direct;
mod example;
mod first_run;
mod hops;
mod layers;
mod lists;
mod mistakes;
mod own;
mod private;
mod serve;
mod tls;
mod witness;
mod world;
